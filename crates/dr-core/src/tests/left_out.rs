//! Lost hosts that the engine's list leaves out: what is owed for them stays owed until they are seen again or were missing for long.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use crate::{Read, Time, left_out};

use super::world::{World, ago};

/// The new site has arrived, one lost host is parked, the other one is as `more` says.
const ARRIVED: &str = "
    dc dc1 up for=300
    site b: b1 up spm for=300
    nfs data1 at=b domain=active
    cluster main fencing=off
    opened 1000
    proven
    promoted
    done activate b1 290
    reached up b1 290
    reached dc dc1 280
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{ARRIVED}{more}"), expected);
}

#[test]
fn what_is_owed_stays_owed_while_a_lost_host_is_left_out() {
    check(
        "
        site a: a1 maintenance, a2 gone for=30
        owed fencing main
        owed pm a2
        ",
        expect![[r#"
            phase    settling
            waits    fencing of cluster main is owed until a2 is listed and parked
            waits    power management of a2 is owed until a2 is listed and parked
            waits    a2 is not in the engine's list of hosts: it counts as there and not parked until it is listed in maintenance or has been missing for 10 min
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn it_stays_owed_when_all_of_them_are_left_out() {
    check(
        "
        site a: a1 gone for=30, a2 gone for=30
        owed fencing main
        owed pm a1
        owed pm a2
        ",
        expect![[r#"
            phase    settling
            waits    fencing of cluster main is owed until a1 is listed and parked
            waits    power management of a1 is owed until a1 is listed and parked
            waits    power management of a2 is owed until a2 is listed and parked
            waits    a1 is not in the engine's list of hosts: it counts as there and not parked until it is listed in maintenance or has been missing for 10 min
            waits    a2 is not in the engine's list of hosts: it counts as there and not parked until it is listed in maintenance or has been missing for 10 min
        "#]],
    );
}

#[test]
fn one_that_is_listed_again_is_confirmed_before_anything_is_given_back() {
    check(
        "
        site a: a1 maintenance, a2 non_responsive
        owed fencing main
        owed pm a2
        ",
        expect![[r#"
            phase    settling
            ready    confirm that a2 has been rebooted
            waits    fencing of cluster main is owed until a2 is parked
            waits    power management of a2 is owed until a2 is parked
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn one_that_was_missing_for_ten_minutes_was_removed() {
    check(
        "
        site a: a1 maintenance, a2 gone for=600
        owed fencing main
        owed pm a2
        ",
        expect![[r#"
            phase    settling
            ready    fencing of cluster main back as it was
            ready    power management of a2 back on
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn nothing_is_closed_while_one_is_left_out_although_nothing_is_owed() {
    check(
        "
        site a: a1 maintenance, a2 gone for=30
        ",
        expect![[r#"
            phase    settling
            waits    a2 is not in the engine's list of hosts: it counts as there and not parked until it is listed in maintenance or has been missing for 10 min
            reached  Parked("a1")
        "#]],
    );
    check(
        "
        site a: a1 maintenance, a2 gone for=600
        ",
        expect![[r#"
            phase    settling
            reached  Parked("a1")
            closes   except host a2 does not exist in the engine
        "#]],
    );
}

#[test]
fn a_lost_host_under_another_name_is_the_same_host() {
    let mut world = World::read(&format!("{ARRIVED}site a: a1 maintenance, a2 non_responsive\nowed pm a2"));
    if let Read::Seen(hosts) = &mut world.observed.hosts {
        hosts.iter_mut().filter(|host| host.name == "a2").for_each(|host| host.name = "other".to_owned());
    }
    let decision = world.decide();
    assert!(decision.steps.iter().all(|step| !step.to_string().contains("back on")), "{:?}", decision.steps);
    let waits: Vec<String> = decision.waits.iter().map(ToString::to_string).collect();
    assert!(waits.contains(&"power management of a2 is owed until other is parked".to_owned()), "{waits:?}");
}

#[test]
fn a_host_of_a_third_site_which_an_earlier_failover_lost_is_not_waited_for() {
    check(
        "
        site a: a1 maintenance
        site c: c1 non_responsive
        owed pm c1
        ",
        expect![[r#"
            phase    settling
            ready    power management of c1 back on
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn turning_back_gives_back_whatever_the_list_says() {
    check(
        "
        site a: a1 maintenance, a2 gone for=30
        owed fencing main
        owed pm a2
        cancelled
        ",
        expect![[r#"
            phase    turning back
            ready    fencing of cluster main back as it was
            ready    power management of a2 back on
        "#]],
    );
}

#[test]
fn the_time_counts_from_the_first_complete_answer_without_a_break() {
    let world = World::read("site a: a1 maintenance, a2 gone\nsite b: b1 maintenance\nowed pm a2\nowed pm old");
    let look = |world: &World, before: &[(&str, Time)]| {
        let before: BTreeMap<String, Time> = before.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect();
        let seen = left_out(&world.plan, &world.observed, &world.memory, &before);
        seen.into_iter().collect::<Vec<_>>()
    };
    let now = world.observed.at;
    let named = |at: Time| vec![("a2".to_owned(), at), ("old".to_owned(), now)];
    assert_eq!(look(&world, &[]), named(now), "hosts of the plan, and those that something is owed for");
    assert_eq!(look(&world, &[("a2", ago(500)), ("a1", ago(500))]), named(ago(500)), "a1 is listed again");
    let mut incomplete = world.clone();
    incomplete.observed.clusters = Read::Unreadable("500".to_owned());
    assert_eq!(look(&incomplete, &[("a2", ago(500))]), [], "an answer that is not complete breaks it");
}
