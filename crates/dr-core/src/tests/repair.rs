//! Debts found as tags: what is made of each, and what is not touched.

use dr_plan::SiteName;

use crate::{
    Asked, ClusterId, Entry, Fate, HostStatus, OwedKey, OwedTag, Read, Verdict, epoch_seen, found_debts, judge_flip,
    opening, repair,
};

use super::world::{NOW, World, ago};

fn tag(name: &str, kind: &str, id: &str, original: &str) -> OwedTag {
    let description =
        format!(r#"{{"v":1,"plan":"erp","epoch":41,"kind":"{kind}","id":"{id}","name":"{id}","original":{original}}}"#);
    OwedTag::new(format!("ovirt-dr.owed.{name}"), description)
}

fn world(tags: Vec<OwedTag>) -> World {
    let mut world = World::read("calm\nsite a: a1 up\nsite b: b1 maintenance\n");
    world.observed.owed_tags = Read::Seen(tags);
    world.memory.accepted = Some("a".to_owned());
    world
}

fn site(name: &str) -> SiteName {
    SiteName(name.to_owned())
}

fn found(world: &World) -> Result<Vec<crate::Found>, String> {
    found_debts(&world.plan, &world.observed, &world.memory)
}

#[test]
fn each_debt_has_its_fate() {
    let pm = |id: &str| tag(&format!("pm.{id}"), "power_management", id, r#"{"enabled":"true"}"#);
    let off = world(vec![pm("a1"), pm("gone")]);
    let fates: Vec<Fate> = found(&off).expect("tags").iter().map(|debt| debt.fate).collect();
    assert_eq!(fates, [Fate::GivenBack, Fate::Gone]);
    let mut on = world(vec![pm("a1")]);
    if let Read::Seen(hosts) = &mut on.observed.hosts {
        hosts.iter_mut().for_each(|host| host.power_management = true);
    }
    assert_eq!(found(&on).expect("a tag")[0].fate, Fate::OnAlready);
}

#[test]
fn a_tag_that_is_none_of_ours_is_named_and_nothing_is_done() {
    let pm = |id: &str, original: &str| tag(&format!("pm.{id}"), "power_management", id, original);
    let swapped = OwedTag::new("ovirt-dr.owed.pm.b1".to_owned(), pm("a1", r#"{"enabled":"true"}"#).description);
    let empty = OwedTag::new(pm("a1", "{}").name, String::new());
    for (bad, why) in [
        (swapped, "its name belongs to another object"),
        (empty, "cannot be read"),
        (pm("a1", "{}"), "it holds no original"),
        (tag("xx.a1", "coffee", "a1", r#"{"enabled":"true"}"#), "unknown kind coffee"),
    ] {
        let said = found(&world(vec![bad])).expect_err("refused");
        assert!(said.contains(why) && said.contains("by hand"), "{said}");
    }
}

#[test]
fn nothing_is_given_back_to_a_host_that_would_be_fenced_for_it() {
    let mut silent = world(vec![tag("pm.a1", "power_management", "a1", r#"{"enabled":"true"}"#)]);
    if let Read::Seen(hosts) = &mut silent.observed.hosts {
        hosts.iter_mut().for_each(|host| host.status = crate::HostStatus::NonResponsive);
    }
    let said = found(&silent).expect_err("refused");
    assert!(said.starts_with("a1 is non_responsive") && said.contains("ovirt-dr repair"), "{said}");
}

#[test]
fn nothing_is_given_back_while_the_list_may_hide_a_host_that_would_be_fenced_for_it() {
    let mut short = world(vec![tag("fp.main", "fencing", "main", r#"{"enabled":"true"}"#)]);
    if let Read::Seen(clusters) = &mut short.observed.clusters {
        clusters.iter_mut().for_each(|cluster| cluster.fencing = false);
    }
    short.observed.left_out.insert("a2".to_owned(), ago(30));
    let said = found(&short).expect_err("refused");
    assert!(said.starts_with("a2 is not in the engine's list of hosts") && said.contains("10 min"), "{said}");
    short.observed.left_out.insert("a2".to_owned(), ago(600));
    assert_eq!(found(&short).expect("it was removed").len(), 1);
}

#[test]
fn what_is_adopted_is_given_back_and_nothing_else_is_done() {
    let mut world = world(vec![tag("pm.a1", "power_management", "a1", r#"{"enabled":"true"}"#)]);
    let found = found(&world).expect("a tag");
    let entries =
        repair(&world.plan, ("", &site("a")), &found, &world.memory, "ana", "disk lost").expect("a site is active");
    for entry in &entries {
        world.memory.apply(NOW, entry);
    }
    let transition = world.memory.transition.as_ref().expect("open until it is paid");
    assert!(transition.cancelled && transition.epoch == 42, "above every tag's epoch: {}", transition.epoch);
    assert_eq!((world.memory.accepted.as_deref(), world.memory.last_flip), (Some("a"), None), "no flip");
    let steps: Vec<String> = world.decide().steps.iter().map(ToString::to_string).collect();
    assert_eq!(steps, ["power management of a1 back on"]);
    world.memory.apply(NOW, &Entry::GivenBack { what: found[0].what.clone() });
    world.observed.owed_tags = Read::Seen(Vec::new());
    assert_eq!(world.decide().closing, Some(Vec::new()));
}

#[test]
fn without_an_accepted_site_a_person_says_first_which_one_is_active() {
    let mut world = world(vec![tag("pm.a1", "power_management", "a1", r#"{"enabled":"true"}"#)]);
    world.memory.accepted = None;
    let found = found(&world).expect("a tag");
    let said = repair(&world.plan, ("", &site("a")), &found, &world.memory, "ana", "disk lost").expect_err("refused");
    assert!(said.contains("ovirt-dr accept-world"), "{said}");
}

/// The journal ends with failover 40; the engine's tags tell of failover 41, which switched off cluster main's fencing.
fn older() -> World {
    let mut world = world(vec![tag("fp.main", "fencing", "main", r#"{"enabled":"true","new":"true"}"#)]);
    world.memory.epoch = 40;
    world.memory.seen = Some("a".to_owned());
    if let Read::Seen(clusters) = &mut world.observed.clusters {
        clusters.iter_mut().for_each(|cluster| cluster.fencing = false);
    }
    world
}

/// The same journal in the middle of failover 40 from b to a, which had switched off the same fencing.
fn older_and_open() -> World {
    let mut world = older();
    let mut opening = opening(&world.plan, String::new(), &world.observed, &world.memory, "b", "ana", "fire");
    (opening.epoch, opening.to) = (40, "a".to_owned());
    world.memory.apply(NOW, &Entry::Opened(Box::new(opening)));
    let what = OwedKey::Fencing(ClusterId::from("main"));
    let original = r#"{"enabled":"true"}"#.to_owned();
    world.memory.apply(NOW, &Entry::Owed { what, name: "main".to_owned(), original, port: 0, anew: false });
    world
}

#[test]
fn a_journal_that_is_older_than_the_tags_is_named_and_holds_every_flip() {
    for world in [older(), older_and_open()] {
        let decision = world.decide();
        assert_eq!(decision.steps, []);
        let said: Vec<String> = decision.refusals.iter().map(ToString::to_string).collect();
        let named = "failover 41 of this plan left them and the journal knows none after failover 40";
        assert!(said.iter().any(|line| line.contains(named) && line.contains("older than the engine")), "{said:?}");
        let verdict = judge_flip(&world.plan, &[], &Asked::ByFile, Some(&world.observed), &world.memory, NOW);
        let Verdict::Hold { reason } = verdict else { panic!("{verdict:?}") };
        assert!(reason.contains("b may be active already") && reason.contains("ovirt-dr repair erp"), "{reason}");
    }
}

#[test]
fn a_debt_that_an_older_journal_knows_is_taken_from_its_tag_and_its_open_failover_is_over() {
    let mut world = older_and_open();
    let found = found(&world).expect("a tag");
    let entries =
        repair(&world.plan, ("", &site("b")), &found, &world.memory, "ana", "restored").expect("a site is active");
    for entry in &entries {
        world.memory.apply(NOW, entry);
    }
    let owed = world.memory.owed.values().next().expect("owed");
    assert!(owed.original.contains("new"), "what failover 41 found, not what failover 40 did: {}", owed.original);
    let transition = world.memory.transition.as_ref().expect("open until it is paid");
    assert!(transition.cancelled && transition.epoch == 42, "{transition:?}");
    let held = world.memory.held.as_ref().expect("which site is active is for a person to say");
    assert!(held.to == "b" && held.reason.contains("ovirt-dr accept-world erp"), "{}", held.reason);
    let steps: Vec<String> = world.decide().steps.iter().map(ToString::to_string).collect();
    assert_eq!(steps, ["fencing of cluster main back as it was"]);
}

#[test]
fn an_older_journal_gives_nothing_back_to_hosts_that_would_be_fenced_for_it() {
    let mut world = older_and_open();
    if let Read::Seen(hosts) = &mut world.observed.hosts {
        hosts.iter_mut().for_each(|host| host.status = HostStatus::NonResponsive);
    }
    assert!(found(&world).expect_err("refused").contains("is non_responsive"));
}

#[test]
fn the_next_failover_is_numbered_above_every_tag_that_was_seen() {
    let mut world = older();
    let seen = epoch_seen(&world.plan, &world.observed, &world.memory).expect("a later one");
    world.memory.apply(NOW, &seen);
    assert_eq!(epoch_seen(&world.plan, &world.observed, &world.memory), None, "journalled once");
    world.observed.owed_tags = Read::Seen(Vec::new());
    let next = opening(&world.plan, String::new(), &world.observed, &world.memory, "a", "ana", "fire");
    assert_eq!(next.epoch, 42);
    world.memory.apply(NOW, &Entry::Opened(Box::new(next)));
    assert_eq!(world.memory.epoch, 42);
}

#[test]
fn the_tags_of_a_renamed_plan_say_its_old_name() {
    let mut world = older();
    world.plan.name = "erp2".to_owned();
    let said: Vec<String> = world.decide().refusals.iter().map(|refusal| refusal.said("erp2")).collect();
    assert!(said[0].contains("plan erp left them") && said[0].contains("rename it back to erp.yaml"), "{said:?}");
    assert!(said[0].contains("ovirt-dr repair erp2"), "{said:?}");
}
