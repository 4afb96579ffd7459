//! Standby hosts activated.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site a: a1 maintenance
    cluster main fencing=off
    proven
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn hosts_are_activated_all_at_once_when_their_rows_have_arrived() {
    check(
        "
        site b: b1 maintenance, b2 maintenance, b3 down, b4 install_failed
        nfs data1 at=b
        done repoint data1/0 2
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            ready    activate b2
            ready    activate b3
            ready    activate b4
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn a_missing_row_behind_a_data_domain_keeps_them_parked() {
    check(
        "
        site b: b1 maintenance
        nfs data1 at=b
        nfs data2 at=a
        flying repoint data2/0 1
        ",
        expect![[r#"
            phase    repointing
            waits    1 connection is not repointed yet
            reached  Repointed("data1/0")
        "#]],
    );
}

#[test]
fn a_row_behind_no_domain_does_not() {
    check(
        "
        site b: b1 maintenance
        nfs data1 at=b
        done repoint data1/0 2
        iscsi lun1 domain=none
        tried repoint lun1/0 lun 3 1
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            waits    connection lun1 to b-portal-1:3260, target iqn.b:lun1 (now a-portal-1:3260, target iqn.a:lun1): tried 3 times, last answer: a virtual machine runs from it
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn each_data_center_has_its_own_gate() {
    check(
        "
        site b: b1 maintenance, b2 maintenance dc=dc2
        nfs data1 at=b
        nfs data2 at=a dc=dc2
        done repoint data1/0 2
        flying repoint data2/0 1
        ",
        expect![[r#"
            phase    repointing
            ready    activate b1
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
        "#]],
    );
}

#[test]
fn a_host_being_activated_is_waited_for() {
    check(
        "
        site b: b1 unassigned
        nfs data1 at=b
        done repoint data1/0 9
        done activate b1 3
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn a_refused_activation_is_tried_again() {
    check(
        "
        site b: b1 maintenance
        nfs data1 at=b
        done repoint data1/0 9
        tried activate b1 refused 3 2
        ",
        expect![[r#"
            phase    activating
            waits    activate b1: tried 3 times, last answer: no
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn up_counts_when_it_lasts_and_the_host_is_of_use_or_has_had_the_time_to_fail() {
    check(
        "
        site b: b1 up for=20 spm, b2 up for=119, b3 up for=120
        dc dc1 up for=12
        nfs data1 at=b domain=active
        done repoint data1/0 30
        done activate b1
        done activate b2
        done activate b3
        ",
        expect![[r#"
            phase    settling
            waits    data center dc1, b1, b2, b3 are up, watched for a moment
            reached  Repointed("data1/0")
            reached  HostUp("b1")
            reached  HostUp("b3")
            reached  Parked("a1")
            reached  DataCenterUp("dc1")
        "#]],
    );
}

#[test]
fn up_does_not_count_while_the_data_center_is_not() {
    check(
        "
        site b: b1 up for=20
        nfs data1 at=b
        done repoint data1/0 30
        done activate b1
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn non_operational_is_shown_with_its_reason() {
    check(
        "
        site b: b1 non_operational for=10 (storage_domain_unreachable)
        nfs data1 at=b
        done repoint data1/0 30
        done activate b1
        ",
        expect![[r#"
            phase    activating
            waits    b1 is non_operational (storage_domain_unreachable)
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn non_operational_is_activated_again_after_half_a_minute() {
    check(
        "
        opened 60
        site b: b1 non_operational for=31 (storage_domain_unreachable)
        nfs data1 at=b
        done repoint data1/0 50
        done activate b1 40
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            waits    b1 is non_operational (storage_domain_unreachable)
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn the_pauses_grow() {
    check(
        "
        opened 600
        site b: b1 non_operational for=140 (storage_domain_unreachable), b2 non_operational for=151
        nfs data1 at=b
        done repoint data1/0 590
        done activate b1 580
        done activate b2 580
        ",
        expect![[r#"
            phase    activating
            ready    activate b2
            waits    b1 is non_operational (storage_domain_unreachable)
            waits    b2 is non_operational
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn a_silent_standby_host_is_waited_for() {
    check(
        "
        site b: b1 non_responsive
        nfs data1 at=b
        done repoint data1/0 9
        ",
        expect![[r#"
            phase    activating
            waits    b1 is non_responsive
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn an_unknown_word_is_waited_for_and_never_acted_on() {
    check(
        "
        site b: b1 levitating
        nfs data1 at=b
        done repoint data1/0 9
        done activate b1 3
        ",
        expect![[r#"
            phase    activating
            waits    b1 is levitating
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn a_host_that_arrived_is_not_acted_on_again() {
    check(
        "
        site b: b1 maintenance, b2 up for=100 spm
        dc dc1 up for=60
        nfs data1 at=b domain=active
        done repoint data1/0 90
        done activate b1
        done activate b2
        reached up b1
        reached up b2
        reached dc dc1
        ",
        expect![[r#"
            phase    settling
            reached  Repointed("data1/0")
            reached  Parked("a1")
            closes
        "#]],
    );
}

#[test]
fn without_rows_to_change_the_proof_must_still_hold() {
    check(
        "
        site a: a1 non_responsive
        probe a1:22 answers
        site b: b1 maintenance
        fcp vault
        ",
        expect![[r#"
            phase    proving
            refused  a1 answers on a1:22. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a1's: ovirt-dr confirm erp a1 --ignore a1:22 --reason "..."
        "#]],
    );
}

#[test]
fn without_rows_to_change_an_unfinished_silence_wakes_nobody() {
    check(
        "
        site a: a1 non_responsive
        probe a1 silent 20
        site b: b1 maintenance
        fcp vault
        ",
        expect![[r#"
            phase    proving
            waits    a1 silent for 20 s, counts after 1 min
        "#]],
    );
}

#[test]
fn a_host_that_somebody_parked_again_is_not_woken_in_a_hurry() {
    check(
        "
        site b: b1 maintenance, b2 maintenance
        nfs data1 at=b
        done repoint data1/0 30
        done activate b1 4
        done activate b2 14
        ",
        expect![[r#"
            phase    activating
            ready    activate b2
            waits    activate b1: tried 1 time, last answer: the engine took it, and does not show it yet
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn one_that_was_parked_a_moment_ago_may_still_hold_the_old_copy() {
    check(
        "
        site b: b1 maintenance for=20
        nfs data1 at=a
        ",
        expect![[r#"
            phase    repointing
            waits    b1 is only just in maintenance and may still hold its storage
        "#]],
    );
}

#[test]
fn one_that_has_been_in_maintenance_for_a_while_holds_nothing() {
    check(
        "
        site b: b1 maintenance for=40
        nfs data1 at=a
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
        "#]],
    );
}
