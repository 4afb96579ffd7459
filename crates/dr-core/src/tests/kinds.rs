//! Kinds of storage, and several data centers.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    cluster main fencing=off
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn fibre_channel_has_no_rows_and_is_proven_first() {
    check(
        "
        site a: a1 non_responsive spm
        site b: b1 maintenance
        fcp vault
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn and_then_wakes_its_hosts() {
    check(
        "
        site a: a1 non_responsive spm
        site b: b1 maintenance
        fcp vault
        proven 1
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn fibre_channel_with_a_hook() {
    check(
        "
        site a: a1 non_responsive spm
        site b: b1 maintenance
        plan promote=hook
        fcp vault
        ",
        expect![[r#"
            phase    promoting
            ready    promote the replica at b
            waits    the replica at b is being promoted
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_fibre_channel_host_that_returns_after_others_were_woken_refuses() {
    check(
        "
        site a: a1 up spm
        site b: b1 unassigned
        fcp vault
        proven
        done activate b1 5
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
            refused  a1 was given up as lost and is up again: no VM is started. Put it in maintenance, or power it off
        "#]],
    );
}

#[test]
fn a_fibre_channel_host_that_returns_before_anything_was_done_is_alive() {
    check(
        "
        site a: a1 up spm
        site b: b1 maintenance
        fcp vault
        proven
        ",
        expect![[r#"
            phase    proving
            refused  the engine sees a1 up. a is not lost, nothing was changed. Power it off out of band, or cut it from the storage
        "#]],
    );
}

#[test]
fn a_standby_host_that_is_up_need_not_be_parked_when_no_storage_changes() {
    check(
        "
        site a: a1 non_responsive spm
        site b: b1 up
        fcp vault
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a1 has been rebooted
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_posix_file_system_is_repointed_like_nfs() {
    check(
        "
        site a: a1 non_responsive spm
        site b: b1 maintenance
        posixfs images
        ",
        expect![[r#"
            phase    repointing
            ready    connection images to nas-b:/images (now nas-a:/images)
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn two_data_centers_of_which_one_is_done() {
    check(
        "
        site a: a1 maintenance, a2 non_responsive dc=dc2 spm
        site b: b1 up spm for=90, b2 maintenance dc=dc2
        cluster main-dc2 dc=dc2 fencing=off
        dc dc1 up for=60
        nfs data1 at=b domain=active
        nfs data2 at=b dc=dc2
        proven
        done repoint data2/0 5
        done activate b1 90
        done confirm a1 80
        vm web1 down
        vm db1 unknown on=a2 cluster=main-dc2
        reached up b1
        reached dc dc1
        ",
        expect![[r#"
            phase    activating
            ready    activate b2
            ready    start web1
            waits    data center dc2 is problematic: no host of the new site is up yet
            waits    0 of 2 VMs up; missing: web1, db1
            reached  Repointed("data1/0")
            reached  Repointed("data2/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn a_shared_domain_alone_moves_no_other_data_center() {
    check(
        "
        site a: a1 non_responsive spm
        site b: b1 maintenance
        nfs data1
        nfs scratch same dc=dc9
        host x1 up dc=dc9
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_replicated_domain_of_a_third_data_center_does() {
    check(
        "
        site a: a1 non_responsive spm
        site b: b1 maintenance
        nfs data1
        nfs data2 dc=dc9
        host x1 up dc=dc9
        ",
        expect![[r#"
            phase    proving
            refused  x1 is up in data center dc9 and not in the plan: it still writes to the old copy. Put it in maintenance or power it off
        "#]],
    );
}
