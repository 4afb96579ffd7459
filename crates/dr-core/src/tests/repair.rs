//! Debts found as tags: what is made of each, and what is not touched.

use crate::{Entry, Fate, OwedTag, Read, found_debts, repair};

use super::world::{NOW, World};

fn tag(name: &str, kind: &str, id: &str, original: &str) -> OwedTag {
    let description =
        format!(r#"{{"v":1,"plan":"erp","epoch":41,"kind":"{kind}","id":"{id}","name":"{id}","original":{original}}}"#);
    OwedTag { name: format!("ovirt-dr.owed.{name}"), description }
}

fn world(tags: Vec<OwedTag>) -> World {
    let mut world = World::read("calm\nsite a: a1 up\nsite b: b1 maintenance\n");
    world.observed.owed_tags = Read::Seen(tags);
    world.memory.accepted = Some("a".to_owned());
    world
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
    let swapped = OwedTag { name: "ovirt-dr.owed.pm.b1".to_owned(), ..pm("a1", r#"{"enabled":"true"}"#) };
    let empty = OwedTag { description: String::new(), ..pm("a1", "{}") };
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
fn what_is_adopted_is_given_back_and_nothing_else_is_done() {
    let mut world = world(vec![tag("pm.a1", "power_management", "a1", r#"{"enabled":"true"}"#)]);
    let found = found(&world).expect("a tag");
    let entries = repair(&world.plan, "", &found, &world.memory, "ana", "disk lost").expect("a site is active");
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
    let said = repair(&world.plan, "", &found, &world.memory, "ana", "disk lost").expect_err("refused");
    assert!(said.contains("ovirt-dr accept-world"), "{said}");
}
