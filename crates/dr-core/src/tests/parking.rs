//! Lost hosts parked, so that they do not rejoin by themselves.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site b: b1 up spm for=5
    cluster main fencing=off
    proven
    nfs data1 at=b
    done repoint data1/0 40
    done activate b1 35
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn a_host_is_parked_when_its_confirmation_is_seen() {
    check(
        "
        site a: a1 non_responsive, a2 non_responsive vms=1
        done confirm a1 3
        done confirm a2 3
        ",
        expect![[r#"
            phase    activating
            ready    park a1 in maintenance
            waits    a2 is confirmed, but the engine still shows 1 VM on it
            waits    data center dc1 is problematic: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
            reached  Confirmed("a1")
        "#]],
    );
}

#[test]
fn a_powered_off_host_is_parked_without_a_confirmation() {
    check(
        "
        site a: a1 down
        ",
        expect![[r#"
            phase    activating
            ready    park a1 in maintenance
            waits    data center dc1 is problematic: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
        "#]],
    );
}

#[test]
fn a_powered_off_host_is_not_parked_before_the_proof() {
    check(
        "
        opened 5
        site a: a1 down, a2 non_responsive
        probe a2 silent 20
        nfs data2 at=a
        ",
        expect![[r#"
            phase    proving
            waits    a2 silent for 20 s, counts after 1 min
            waits    standby host b1 is up and is parked before the storage changes
        "#]],
    );
}

#[test]
fn a_parked_host_is_done() {
    check(
        "
        site a: a1 maintenance
        done confirm a1 30
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is problematic: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn parking_that_was_refused_is_tried_again() {
    check(
        "
        site a: a1 non_responsive
        done confirm a1 30
        tried park a1 state 4 1
        ",
        expect![[r#"
            phase    activating
            waits    park a1 in maintenance: tried 4 times, last answer: wrong status
            waits    data center dc1 is problematic: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
            reached  Confirmed("a1")
        "#]],
    );
}

#[test]
fn a_confirmed_host_that_reconnects_is_waited_for() {
    check(
        "
        site a: a1 connecting
        done confirm a1 30
        ",
        expect![[r#"
            phase    activating
            waits    a1 is connecting
            waits    data center dc1 is problematic: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
        "#]],
    );
}

#[test]
fn a_confirmed_host_that_is_up_again_refuses() {
    check(
        "
        site a: a1 up
        done confirm a1 30
        reached confirmed a1 25
        vm web1 down
        dc dc1 up
        ",
        expect![[r#"
            phase    starting
            waits    storage domain data1 is unknown
            waits    0 of 1 VMs up; missing: web1
            refused  a1 was given up as lost and is up again: no VM is started. Put it in maintenance, or power it off
            reached  DataCenterUp("dc1")
        "#]],
    );
}

#[test]
fn a_parked_host_that_somebody_woke_refuses_too() {
    check(
        "
        site a: a1 up
        reached parked a1 25
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is problematic: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
            refused  a1 was given up as lost and is up again: no VM is started. Put it in maintenance, or power it off
        "#]],
    );
}

#[test]
fn parking_that_the_engine_took_but_does_not_show_is_not_repeated_at_once() {
    check(
        "
        site a: a1 non_responsive, a2 non_responsive
        done confirm a1 40
        done confirm a2 40
        done park a1 3
        done park a2 11
        ",
        expect![[r#"
            phase    activating
            ready    park a2 in maintenance
            waits    park a1 in maintenance: tried 1 time, last answer: the engine took it, and does not show it yet
            waits    data center dc1 is problematic: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
            reached  Confirmed("a1")
            reached  Confirmed("a2")
        "#]],
    );
}
