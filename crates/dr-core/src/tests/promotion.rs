//! The replica made writable: by a hook, a person, or by nobody.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site a: a1 non_responsive spm
    site b: b1 maintenance
    nfs data1
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn nothing_to_promote_goes_straight_to_the_rows() {
    check(
        "
        opened 5
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_hook_is_run_before_anything_is_repointed() {
    check(
        "
        plan promote=hook
        ",
        expect![[r#"
            phase    promoting
            ready    suspend fencing of cluster main
            ready    promote the replica at b
            waits    the replica at b is being promoted
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_hook_that_runs_is_waited_for() {
    check(
        "
        plan promote=hook
        flying promote b 4
        ",
        expect![[r#"
            phase    promoting
            ready    suspend fencing of cluster main
            waits    the replica at b is being promoted
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_hook_that_has_not_finished_is_asked_again() {
    check(
        "
        plan promote=hook
        tried promote b state 2 1
        ",
        expect![[r#"
            phase    promoting
            ready    suspend fencing of cluster main
            waits    the replica at b is being promoted: wrong status
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_hook_that_failed_is_a_refusal_and_is_run_again() {
    check(
        "
        plan promote=hook
        tried promote b failed 1 9
        ",
        expect![[r#"
            phase    promoting
            ready    suspend fencing of cluster main
            ready    promote the replica at b
            refused  the promotion hook of b failed: exit code 1. It is run again; or promote by hand, then: ovirt-dr confirm erp promoted --reason "..."
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn after_the_hook_rows_are_repointed() {
    check(
        "
        plan promote=hook
        done promote b 1
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            waits    1 connection is not repointed yet
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_person_may_have_promoted_by_hand_what_the_hook_could_not() {
    check(
        "
        plan promote=hook
        tried promote b failed 1 9
        promoted
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            waits    1 connection is not repointed yet
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_person_is_asked_to_promote() {
    check(
        "
        plan promote=confirm
        ",
        expect![[r#"
            phase    promoting
            ready    suspend fencing of cluster main
            refused  make the replica at b writable, then: ovirt-dr confirm erp promoted --reason "..."
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn after_the_persons_word_rows_are_repointed() {
    check(
        "
        plan promote=confirm
        promoted
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            waits    1 connection is not repointed yet
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn nobody_is_asked_before_the_proof() {
    check(
        "
        plan promote=confirm
        probe a1 silent 20
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    a1 silent for 20 s, counts after 1 min
        "#]],
    );
}

#[test]
fn nothing_is_promoted_while_another_host_holds_the_storage() {
    check(
        "
        plan promote=hook
        host x1 up
        ",
        expect![[r#"
            phase    proving
            refused  x1 is up in data center dc1 and not in the plan: it still writes to the old copy. Put it in maintenance or power it off
        "#]],
    );
}

#[test]
fn a_standby_host_that_is_up_is_parked_before_the_promotion() {
    check(
        "
        plan promote=hook
        site b: b1 up
        ",
        expect![[r#"
            phase    promoting
            ready    suspend fencing of cluster main
            ready    park b1 in maintenance
            waits    standby host b1 is up and is parked before the storage changes
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_standby_host_is_not_parked_before_the_proof() {
    check(
        "
        plan promote=hook
        site b: b1 up
        probe a1 silent 20
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    a1 silent for 20 s, counts after 1 min
            waits    standby host b1 is up and is parked before the storage changes
        "#]],
    );
}

#[test]
fn a_standby_host_on_its_way_to_maintenance_is_waited_for() {
    check(
        "
        plan promote=hook
        site b: b1 preparing_for_maintenance
        ",
        expect![[r#"
            phase    promoting
            ready    suspend fencing of cluster main
            waits    standby host b1 is preparing_for_maintenance and is parked before the storage changes
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_standby_host_between_two_states_is_waited_for() {
    check(
        "
        plan promote=hook
        site b: b1 connecting
        ",
        expect![[r#"
            phase    promoting
            ready    suspend fencing of cluster main
            waits    b1 is connecting
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_promotion_survives_a_jump_of_the_clock() {
    check(
        "
        plan promote=confirm
        promoted
        clock-jumped 10
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            waits    a1 silent for 10 s, counts after 1 min
            waits    1 connection is not repointed yet
        "#]],
    );
}

#[test]
fn a_lost_host_that_returns_after_the_promotion_stops_the_rows() {
    check(
        "
        plan promote=hook
        proven
        done promote b 1
        site a: a1 up spm
        ",
        expect![[r#"
            phase    repointing
            waits    1 connection is not repointed yet
            refused  a1 was given up as lost and is up again: no VM is started. Put it in maintenance, or power it off
        "#]],
    );
}

#[test]
fn nothing_is_repointed_while_an_older_promotion_still_runs() {
    check(
        "
        flying promote a 90
        ",
        expect![[r#"
            phase    promoting
            ready    suspend fencing of cluster main
            waits    the replica at a is being promoted
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}
