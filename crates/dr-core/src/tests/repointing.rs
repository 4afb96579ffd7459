//! Storage connections pointed at the new site.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site a: a1 non_responsive spm
    site b: b1 maintenance
    cluster main fencing=off
    proven
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn rows_of_different_domains_go_side_by_side() {
    check(
        "
        nfs data1
        nfs data2
        posixfs data3
        iscsi san1
        iscsi san2
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            ready    connection data2 to nas-b:/data2 (now nas-a:/data2)
            ready    connection data3 to nas-b:/data3 (now nas-a:/data3)
            ready    connection san1 to b-portal-1:3260, target iqn.b:san1 (now a-portal-1:3260, target iqn.a:san1)
            ready    connection san2 to b-portal-1:3260, target iqn.b:san2 (now a-portal-1:3260, target iqn.a:san2)
        "#]],
    );
}

#[test]
fn portals_of_one_domain_go_one_after_another() {
    check(
        "
        iscsi san1 portals=3
        ",
        expect![[r#"
            phase    repointing
            ready    connection san1 portal 1 to b-portal-1:3260, target iqn.b:san1 (now a-portal-1:3260, target iqn.a:san1)
        "#]],
    );
}

#[test]
fn the_next_portal_follows_when_the_first_has_arrived() {
    check(
        "
        iscsi san1 portals=3 at=b,a,a
        ",
        expect![[r#"
            phase    repointing
            ready    connection san1 portal 2 to b-portal-2:3260, target iqn.b:san1 (now a-portal-2:3260, target iqn.a:san1)
            reached  Repointed("san1/0")
        "#]],
    );
}

#[test]
fn a_portal_in_flight_holds_its_domain_but_not_the_others() {
    check(
        "
        iscsi san1 portals=2
        iscsi san2 portals=2
        flying repoint san1/0 1
        ",
        expect![[r#"
            phase    repointing
            ready    connection san2 portal 1 to b-portal-1:3260, target iqn.b:san2 (now a-portal-1:3260, target iqn.a:san2)
            waits    4 connections are not repointed yet
        "#]],
    );
}

#[test]
fn a_row_in_flight_is_not_repeated() {
    check(
        "
        nfs data1
        flying repoint data1/0 1
        ",
        expect![[r#"
            phase    repointing
            waits    1 connection is not repointed yet
        "#]],
    );
}

#[test]
fn a_row_refused_by_a_lock_is_tried_again_after_a_pause() {
    check(
        "
        nfs data1
        nfs data2
        tried repoint data1/0 locked 1 1
        tried repoint data2/0 locked 1 6
        ",
        expect![[r#"
            phase    repointing
            ready    connection data2 to nas-b:/data2 (now nas-a:/data2)
            waits    connection data1 to nas-b:/data1 (now nas-a:/data1): tried 1 time, last answer: another power management action is in progress
            waits    connection data2 to nas-b:/data2 (now nas-a:/data2): tried 1 time, last answer: another power management action is in progress
            waits    2 connections are not repointed yet
        "#]],
    );
}

#[test]
fn a_missing_right_is_a_refusal() {
    check(
        "
        nfs data1
        tried repoint data1/0 denied 1 1
        ",
        expect![[r#"
            phase    repointing
            waits    1 connection is not repointed yet
            refused  connection data1 to nas-b:/data1 (now nas-a:/data1): the account lacks a right (user is not authorized). Give the daemon's account the role SuperUser
        "#]],
    );
}

#[test]
fn a_shared_row_is_never_repointed() {
    check(
        "
        nfs data1
        nfs scratch same
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
        "#]],
    );
}

#[test]
fn a_row_that_somebody_else_changed_refuses() {
    check(
        "
        nfs data1 at=elsewhere
        nfs data2
        ",
        expect![[r#"
            phase    repointing
            ready    connection data2 to nas-b:/data2 (now nas-a:/data2)
            refused  connection data1 is nas-elsewhere:/data1, which is none of the plan's values: somebody changed it. Put it right by hand, or let us write nas-b:/data1: ovirt-dr confirm erp connection:data1 --reason "..."
        "#]],
    );
}

#[test]
fn a_foreign_row_that_a_person_gave_free_is_written() {
    check(
        "
        nfs data1 at=elsewhere
        allowed data1
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-elsewhere:/data1)
        "#]],
    );
}

#[test]
fn a_foreign_portal_has_its_own_name() {
    check(
        "
        iscsi san1 portals=2 at=elsewhere,a
        allowed san1 portal 1
        ",
        expect![[r#"
            phase    repointing
            ready    connection san1 portal 1 to b-portal-1:3260, target iqn.b:san1 (now elsewhere-portal-1:3260, target iqn.elsewhere:san1)
        "#]],
    );
}

#[test]
fn a_row_that_went_astray_under_a_living_host_is_left_to_a_person() {
    check(
        "
        nfs data1 at=a
        site b: b1 up
        done activate b1
        ",
        expect![[r#"
            phase    repointing
            refused  connection data1 was changed to nas-a:/data1 after b1 came up. Changing it back under a living host is not safe: decide by hand
        "#]],
    );
}

#[test]
fn a_row_that_went_astray_while_a_host_is_being_activated_too() {
    check(
        "
        nfs data1 at=a
        site b: b1 maintenance
        flying activate b1
        ",
        expect![[r#"
            phase    repointing
            refused  connection data1 was changed to nas-a:/data1 after b1 came up. Changing it back under a living host is not safe: decide by hand
        "#]],
    );
}

#[test]
fn a_row_that_went_astray_before_the_host_was_connected_is_written_again() {
    check(
        "
        nfs data1 at=a
        site b: b1 maintenance
        done activate b1
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
        "#]],
    );
}

#[test]
fn a_row_behind_no_domain_waits_for_nothing_but_the_promotion() {
    check(
        "
        nfs data1 at=b
        iscsi lun1 domain=none
        site b: b1 up
        done activate b1
        ",
        expect![[r#"
            phase    activating
            ready    connection lun1 to b-portal-1:3260, target iqn.b:lun1 (now a-portal-1:3260, target iqn.a:lun1)
            ready    confirm that a1 has been rebooted
            waits    data center dc1 is problematic: its SPM a1 is not confirmed yet
            reached  Repointed("data1/0")
        "#]],
    );
}

#[test]
fn a_row_held_by_a_direct_lun_is_tried_again() {
    check(
        "
        nfs data1 at=b
        iscsi lun1 domain=none
        tried repoint lun1/0 lun 3 4
        ",
        expect![[r#"
            phase    activating
            ready    connection lun1 to b-portal-1:3260, target iqn.b:lun1 (now a-portal-1:3260, target iqn.a:lun1)
            ready    activate b1
            waits    connection lun1 to b-portal-1:3260, target iqn.b:lun1 (now a-portal-1:3260, target iqn.a:lun1): tried 3 times, last answer: a virtual machine runs from it
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
        "#]],
    );
}

#[test]
fn nothing_is_repointed_while_a_standby_host_is_up_on_its_own() {
    check(
        "
        nfs data1
        site b: b1 up
        ",
        expect![[r#"
            phase    repointing
            ready    park b1 in maintenance
            waits    standby host b1 is up and is parked before the storage changes
        "#]],
    );
}

#[test]
fn nothing_is_repointed_after_the_witness_went_silent() {
    check(
        "
        nfs data1
        nfs data2 at=b
        done repoint data2/0 4
        probe witness:53 silent 10
        ",
        expect![[r#"
            phase    repointing
            waits    1 connection is not repointed yet
            refused  silence does not count: the witness witness:53 does not answer either; it may be this machine that is cut off
            reached  Repointed("data2/0")
        "#]],
    );
}

#[test]
fn a_row_that_went_astray_under_a_host_that_came_up_by_itself_is_left_to_a_person_too() {
    check(
        "
        nfs data1 at=a
        site b: b1 up
        reached up b1
        ",
        expect![[r#"
            phase    repointing
            refused  connection data1 was changed to nas-a:/data1 after b1 came up. Changing it back under a living host is not safe: decide by hand
        "#]],
    );
}

#[test]
fn a_late_row_too_waits_until_no_other_host_is_alive() {
    check(
        "
        nfs data1 at=b
        done repoint data1/0 30
        site b: b1 up
        done activate b1
        iscsi lun1 domain=none
        site c: c1 up
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a1 has been rebooted
            waits    data center dc1 is problematic: its SPM a1 is not confirmed yet
            refused  c1 of another site is up in data center dc1: it still writes to the old copy. Put it in maintenance or power it off
            reached  Repointed("data1/0")
        "#]],
    );
}
