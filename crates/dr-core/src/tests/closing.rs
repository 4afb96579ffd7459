//! When a transition is over, and what keeps it open.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site a: a1 maintenance
    site b: b1 up for=60 spm
    dc dc1 up for=60
    cluster main fencing=off
    opened 1000
    proven 990
    nfs data1 at=b domain=active
    reached repointed data1/0 900
    reached parked a1 900
    done activate b1 900
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn everything_has_arrived() {
    check(
        "
        vm web1 up on=b1
        reached dc dc1
        reached up b1
        reached vm web1
        ",
        expect![[r#"
            phase    settling
            closes
        "#]],
    );
}

#[test]
fn a_debt_keeps_it_open() {
    check(
        "
        reached dc dc1
        reached up b1
        owed fencing main
        ",
        expect![[r#"
            phase    settling
            ready    fencing of cluster main back as it was
        "#]],
    );
}

#[test]
fn a_step_in_flight_keeps_it_open() {
    check(
        "
        reached dc dc1
        reached up b1
        flying restore main
        ",
        expect![[r#"
            phase    settling
        "#]],
    );
}

#[test]
fn a_lost_host_that_is_not_parked_keeps_it_open() {
    check(
        "
        site a: a1 non_responsive
        flying park a1 2
        reached dc dc1 700
        reached up b1
        ",
        expect![[r#"
            phase    settling
        "#]],
    );
}

#[test]
fn what_has_just_come_up_is_watched() {
    check(
        "
        site b: b1 up for=5 spm
        dc dc1 up for=5
        ",
        expect![[r#"
            phase    settling
            waits    data center dc1, b1 are up, watched for a moment
        "#]],
    );
}

#[test]
fn a_host_that_never_came_up_is_an_exception_after_ten_minutes() {
    check(
        "
        site b: b1 up for=60 spm, b2 non_operational for=20 (network_unreachable)
        done activate b2 20
        reached up b1
        reached dc dc1 601
        ",
        expect![[r#"
            phase    settling
            waits    b2 is non_operational (network_unreachable)
            closes   except host b2 is non_operational (network_unreachable)
        "#]],
    );
}

#[test]
fn and_waited_for_until_then() {
    check(
        "
        site b: b1 up for=60 spm, b2 non_operational for=20 (network_unreachable)
        done activate b2 20
        reached up b1
        reached dc dc1 599
        ",
        expect![[r#"
            phase    settling
            waits    b2 is non_operational (network_unreachable)
        "#]],
    );
}

#[test]
fn a_domain_that_never_became_active_is_an_exception() {
    check(
        "
        nfs data2 at=b domain=inactive
        reached repointed data2/0
        reached up b1
        reached dc dc1 601
        ",
        expect![[r#"
            phase    settling
            waits    storage domain data2 is inactive
            closes   except storage domain data2 is inactive
        "#]],
    );
}

#[test]
fn a_row_that_was_never_repointed_is_an_exception() {
    check(
        "
        iscsi lun1 domain=none
        tried repoint lun1/0 lun 40 2
        reached up b1
        reached dc dc1 601
        ",
        expect![[r#"
            phase    settling
            waits    connection lun1 to b-portal-1:3260, target iqn.b:lun1 (now a-portal-1:3260, target iqn.a:lun1): tried 40 times, last answer: a virtual machine runs from it
            closes   except connection lun1 is not repointed
        "#]],
    );
}

#[test]
fn a_vm_that_never_came_up_is_an_exception_and_says_its_last_words() {
    check(
        "
        vm web1 unknown
        vm web2 down
        tried start web2 refused 9 3
        reached up b1
        reached dc dc1 901
        ",
        expect![[r#"
            phase    starting
            waits    0 of 2 VMs up; missing: web1, web2
            closes   except VM web1 is unknown; VM web2 is down: no
        "#]],
    );
}

#[test]
fn a_data_center_without_a_host_of_the_new_site_is_an_exception() {
    check(
        "
        site a: a1 maintenance, a2 maintenance dc=dc2
        dc dc2 problematic
        reached parked a2
        reached up b1
        reached dc dc1
        ",
        expect![[r#"
            phase    activating
            waits    data center dc2 is problematic: no host of b belongs to it
            closes   except data center dc2 has no host of b
        "#]],
    );
}

#[test]
fn hosts_that_are_gone_from_the_engine_are_exceptions() {
    check(
        "
        site a: a1 maintenance, a2 gone
        site b: b1 up for=60 spm, b2 gone
        reached up b1
        reached dc dc1
        ",
        expect![[r#"
            phase    settling
            closes   except host b2 does not exist in the engine; host a2 does not exist in the engine
        "#]],
    );
}

#[test]
fn a_data_center_that_went_down_again_keeps_it_open() {
    check(
        "
        dc dc1 contend
        reached up b1
        reached dc dc1
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is contend: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
        "#]],
    );
}

#[test]
fn a_cancelled_transition_gives_back_and_stays_open_until_then() {
    check(
        "
        cancelled 5
        site a: a1 non_responsive pm
        owed fencing main
        owed pm a1
        ",
        expect![[r#"
            phase    turning back
            ready    fencing of cluster main back as it was
            ready    power management of a1 back on
        "#]],
    );
}

#[test]
fn a_cancelled_transition_closes_when_nothing_is_owed() {
    check(
        "
        cancelled 5
        site a: a1 non_responsive
        ",
        expect![[r#"
            phase    turning back
            closes
        "#]],
    );
}

#[test]
fn a_cancelled_transition_waits_for_what_is_in_flight() {
    check(
        "
        cancelled 5
        site a: a1 non_responsive
        flying suspend main 1
        owed fencing main
        ",
        expect![[r#"
            phase    turning back
        "#]],
    );
}
