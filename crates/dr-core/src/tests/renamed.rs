//! Hosts that somebody renames in the engine while a failover is open: they are followed by their ids.

use expect_test::{Expect, expect};

use super::world::World;

/// What the plan calls a1 is called `other` now.
const USUAL: &str = "
    known a1
    site a: a1 gone, a2 maintenance
    cluster main fencing=off
    owed pm a1
    probe a1 silent 300
";

/// All that is done once storage is at b.
const AT_B: &str = "
    proven
    site b: b1 up for=60
    nfs data1 at=b
    done repoint data1/0 60
    done activate b1 60
";

fn check(more: &str, expected: Expect) {
    let text = format!("{USUAL}{more}");
    super::check(&text, expected);
    let mut world = World::read(&text);
    let decision = world.decide();
    world.journal(&decision);
    for step in &decision.steps {
        assert_eq!(world.judged(step), Ok(()), "{step}");
    }
}

#[test]
fn a_lost_host_that_is_renamed_is_confirmed_all_the_same() {
    check(
        &format!("{AT_B} host other non_responsive spm id=a1 address=a1"),
        expect![[r#"
        phase    activating
        ready    confirm that other has been rebooted
        waits    data center dc1 is problematic: its SPM other is not confirmed yet
        waits    power management of a1 is owed until other is parked
        reached  Repointed("data1/0")
        reached  Parked("a2")
    "#]],
    );
}

#[test]
fn parked_under_its_new_name_it_gets_its_power_management_back() {
    check(
        &format!("{AT_B} host other maintenance id=a1 address=a1"),
        expect![[r#"
        phase    activating
        ready    power management of a1 back on
        waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
        reached  Repointed("data1/0")
        reached  Parked("a1")
        reached  Parked("a2")
    "#]],
    );
}

#[test]
fn a_lost_host_that_returns_under_another_name_is_no_stranger() {
    check(
        &format!("{AT_B} host other up id=a1 address=a1 \n done confirm a1 60"),
        expect![[r#"
        phase    activating
        ready    power management of a1 back on
        waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
        refused  other was given up as lost and is up again: no VM is started. Put it in maintenance, or power it off
        reached  Repointed("data1/0")
        reached  Parked("a2")
    "#]],
    );
}

#[test]
fn one_that_gets_the_name_of_a_renamed_host_is_not_taken_for_it() {
    let text = USUAL.replace("a1 gone", "a1 non_responsive id=new");
    super::check(
        &format!("{text}{AT_B} host other non_responsive id=a1 address=a1"),
        expect![[r#"
        phase    activating
        ready    confirm that other has been rebooted
        waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
        waits    power management of a1 is owed until other is parked
        reached  Repointed("data1/0")
        reached  Parked("a2")
    "#]],
    );
}

#[test]
fn one_that_was_removed_and_added_again_is_found_by_its_name() {
    let text = USUAL.replace("a1 gone", "a1 non_responsive id=new").replace("owed pm a1", "");
    super::check(
        &format!("{text}{AT_B}"),
        expect![[r#"
        phase    activating
        ready    confirm that a1 has been rebooted
        waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
        reached  Repointed("data1/0")
        reached  Parked("a2")
    "#]],
    );
}

#[test]
fn a_standby_host_that_is_renamed_is_activated_all_the_same() {
    super::check(
        "
        known b1
        site a: a1 maintenance
        site b: b1 gone
        host other maintenance id=b1 address=b1
        cluster main fencing=off
        proven
        nfs data1 at=b
        done repoint data1/0 60
        ",
        expect![[r#"
            phase    activating
            ready    activate other
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}
