//! Automatic fencing and power management: suspended, owed, given back object by object.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site b: b1 maintenance
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn fencing_is_suspended_early_while_hosts_are_still_connecting() {
    check(
        "
        site a: a1 connecting spm pm, a2 non_responsive pm
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            ready    power management of a1 off
            ready    power management of a2 off
            waits    a1 is connecting
        "#]],
    );
}

#[test]
fn nothing_is_suspended_while_a_host_is_alive() {
    check(
        "
        site a: a1 up spm pm, a2 non_responsive pm
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  the engine sees a1 up. a is not lost, nothing was changed. Power it off out of band, or cut it from the storage
        "#]],
    );
}

#[test]
fn nothing_is_suspended_while_a_host_has_merely_not_been_noticed() {
    check(
        "
        site a: a1 up spm pm, a2 non_responsive pm
        probe a1 silent 20
        nfs data1
        ",
        expect![[r#"
            phase    proving
            waits    the engine still shows a1 up although nothing answers there; it notices within 90 s
            waits    a1 silent for 20 s, counts after 1 min
        "#]],
    );
}

#[test]
fn nothing_is_suspended_while_anything_contradicts() {
    check(
        "
        site a: a1 non_responsive spm pm
        probe a1:22 answers
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  a1 answers on a1:22. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a1's: ovirt-dr confirm erp a1 --ignore a1:22 --reason "..."
        "#]],
    );
}

#[test]
fn a_plan_may_keep_fencing_as_it_is() {
    check(
        "
        site a: a1 non_responsive spm pm
        plan fencing=keep
        nfs data1
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn what_is_off_already_is_left_alone() {
    check(
        "
        site a: a1 non_responsive spm
        cluster main fencing=off
        nfs data1
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_cluster_without_lost_hosts_keeps_its_fencing() {
    check(
        "
        site a: a1 non_responsive spm cluster=north
        cluster south
        nfs data1
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster north
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_suspension_in_flight_is_not_repeated() {
    check(
        "
        site a: a1 non_responsive spm
        nfs data1
        owed fencing main
        flying suspend main 1
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            waits    fencing of cluster main is owed until a1 is parked
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_crash_between_the_debt_and_the_request_suspends_again() {
    check(
        "
        site a: a1 non_responsive spm pm
        nfs data1
        owed fencing main
        owed pm a1
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    power management of a1 off
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            waits    fencing of cluster main is owed until a1 is parked
            waits    power management of a1 is owed until a1 is parked
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn what_is_owed_waits_for_its_own_reason() {
    check(
        "
        site a: a1 non_responsive spm, a2 non_responsive cluster=other, a3 maintenance
        cluster main fencing=off
        cluster other fencing=off
        nfs data1 at=b
        promoted
        proven
        done activate b1
        flying confirm a1 3
        flying confirm a2 3
        owed fencing main
        owed fencing other
        owed pm a1
        owed pm a3
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            ready    power management of a3 back on
            waits    data center dc1 is problematic: no host of the new site is up yet
            waits    fencing of cluster main is owed until a1 is parked
            waits    fencing of cluster other is owed until a2 is parked
            waits    power management of a1 is owed until a1 is parked
            reached  Repointed("data1/0")
            reached  Parked("a3")
        "#]],
    );
}

#[test]
fn a_cluster_waits_for_all_of_its_hosts() {
    check(
        "
        site a: a1 non_responsive spm, a2 non_responsive
        cluster main fencing=off
        nfs data1 at=b
        proven
        done activate b1
        flying confirm a1 3
        flying confirm a2 3
        owed fencing main
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            waits    data center dc1 is problematic: no host of the new site is up yet
            waits    fencing of cluster main is owed until 2 hosts are parked
            reached  Repointed("data1/0")
        "#]],
    );
}

#[test]
fn power_management_is_given_back_to_a_host_that_came_back() {
    check(
        "
        site a: a1 up spm
        cluster main fencing=off
        nfs data1
        probe a1 answers
        owed fencing main
        owed pm a1
        ",
        expect![[r#"
            phase    proving
            ready    fencing of cluster main back as it was
            ready    power management of a1 back on
            refused  the engine sees a1 up. a is not lost, nothing was changed. Power it off out of band, or cut it from the storage
            refused  a1 answers on a1:54321. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a1's: ovirt-dr confirm erp a1 --ignore a1:54321 --reason "..."
        "#]],
    );
}

#[test]
fn what_is_owed_for_a_host_that_is_gone_is_given_back() {
    check(
        "
        site a: a1 maintenance
        host a9 gone
        nfs data1 at=b
        proven
        done activate b1
        owed pm a9
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            ready    power management of a9 back on
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn what_is_owed_for_a_host_of_the_new_site_is_not_held_back() {
    check(
        "
        site a: a1 maintenance
        nfs data1 at=b
        proven
        done activate b1
        owed pm b1
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            ready    power management of b1 back on
            waits    data center dc1 is problematic: no host of the new site is up yet
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn a_give_back_that_failed_is_tried_again_and_says_why() {
    check(
        "
        site a: a1 maintenance
        cluster main fencing=off
        nfs data1 at=b
        proven
        done activate b1
        owed fencing main
        tried restore main lost 2 1
        ",
        expect![[r#"
            phase    activating
            ready    activate b1
            waits    data center dc1 is problematic: no host of the new site is up yet
            waits    fencing of cluster main back as it was: tried 2 times, last answer: the answer was lost
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}
