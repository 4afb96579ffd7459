//! When nothing is done, whatever may be done: paused, observing, unreadable, another engine, somebody else's debts.

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
fn a_paused_plan_looks_and_explains() {
    check(
        "
        paused
        ",
        expect![[r#"
            phase    repointing
            waits    paused by operator: test; would now: suspend fencing of cluster main, connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn an_observing_plan_too() {
    check(
        "
        plan mode=observe
        ",
        expect![[r#"
            phase    repointing
            waits    the plan's mode is observe; would now: suspend fencing of cluster main, connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_paused_plan_does_not_even_give_back() {
    check(
        "
        paused
        cancelled
        owed fencing main
        ",
        expect![[r#"
            phase    turning back
            waits    paused by operator: test; would now: fencing of cluster main back as it was
        "#]],
    );
}

#[test]
fn another_engine_answers() {
    check(
        "
        engine other
        ",
        expect![[r#"
            phase    proving
            refused  another engine answers (instance two, known is one). If this is the one engine alive: ovirt-dr confirm erp engine --reason "..."
        "#]],
    );
}

#[test]
fn the_engines_history_went_back() {
    check(
        "
        engine back
        ",
        expect![[r#"
            phase    proving
            refused  the engine's history went back (event 10, known is 1000): restored from a backup? If this is the one engine alive: ovirt-dr confirm erp engine --reason "..."
        "#]],
    );
}

#[test]
fn an_engine_that_a_person_vouched_for_is_the_one() {
    check(
        "
        engine back
        engine-confirmed one 10
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
fn debts_that_the_journal_does_not_know() {
    check(
        "
        tag ovirt-dr.owed.fp.somebody
        ",
        expect![[r#"
            phase    repointing
            refused  the engine carries debts that this daemon's journal does not know (ovirt-dr.owed.fp.somebody): another daemon, or an older state database. Only observing. ovirt-dr repair erp shows what they are, and gives them back
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn debts_that_it_knows() {
    check(
        "
        owed fencing main
        cluster main fencing=off
        tag ovirt-dr.owed.fp.main
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
fn unreadable_identity() {
    check(
        "
        unreadable identity
        ",
        expect![[r#"
            phase    proving
            waits    the engine's identity could not be read: 500 Internal Server Error
        "#]],
    );
}

#[test]
fn unreadable_hosts() {
    check(
        "
        unreadable hosts
        ",
        expect![[r#"
            phase    proving
            waits    the engine's hosts could not be read: 500 Internal Server Error
        "#]],
    );
}

#[test]
fn unreadable_clusters() {
    check(
        "
        unreadable clusters
        ",
        expect![[r#"
            phase    proving
            waits    the engine's clusters could not be read: 500 Internal Server Error
        "#]],
    );
}

#[test]
fn unreadable_data_centers() {
    check(
        "
        unreadable data centers
        ",
        expect![[r#"
            phase    proving
            waits    the engine's data centers could not be read: 500 Internal Server Error
        "#]],
    );
}

#[test]
fn unreadable_domains() {
    check(
        "
        unreadable domains
        ",
        expect![[r#"
            phase    proving
            waits    the engine's storage domains could not be read: 500 Internal Server Error
        "#]],
    );
}

#[test]
fn unreadable_connections() {
    check(
        "
        unreadable connections
        ",
        expect![[r#"
            phase    proving
            waits    the engine's storage connections could not be read: 500 Internal Server Error
        "#]],
    );
}

#[test]
fn unreadable_virtual_machines() {
    check(
        "
        unreadable vms
        ",
        expect![[r#"
            phase    proving
            waits    the engine's virtual machines could not be read: 500 Internal Server Error
        "#]],
    );
}

#[test]
fn unreadable_tags() {
    check(
        "
        unreadable tags
        ",
        expect![[r#"
            phase    proving
            waits    the engine's tags could not be read: 500 Internal Server Error
        "#]],
    );
}

#[test]
fn a_pass_that_sees_nothing_remembers_where_it_stood() {
    check(
        "
        unreadable hosts
        proven
        reached repointed data1/0
        reached up b1
        ",
        expect![[r#"
            phase    activating
            waits    the engine's hosts could not be read: 500 Internal Server Error
        "#]],
    );
}
