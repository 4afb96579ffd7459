//! Calm times: drift is reported and never corrected.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    calm
    from a to a
    dc dc1 up
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn nothing_differs() {
    check(
        "
        site a: a1 up spm
        site b: b1 maintenance
        nfs data1 domain=active
        nfs scratch same domain=active
        fcp vault domain=active
        ",
        expect![[r#"
            phase    calm
        "#]],
    );
}

#[test]
fn hosts_and_rows_that_differ_are_reported() {
    check(
        "
        site a: a1 maintenance, a2 gone
        site b: b1 up, b2 levitating, b3 non_responsive
        nfs data1 at=b
        nfs data2 at=elsewhere
        ",
        expect![[r#"
            phase    calm
            drift    host a1 of a is maintenance, the plan wants it up
            drift    host a2 does not exist in the engine
            drift    standby host b1 of b is up, the plan wants it in maintenance
            drift    standby host b2 of b is levitating, the plan wants it in maintenance
            drift    connection data2: no storage connection of the engine is nas-a:/data2 or nas-b:/data2; correct the plan
            drift    connection data1 is nas-b:/data1, the plan wants nas-a:/data1
            drift    storage domain data2 has no replica in the plan: it would refuse a failover
        "#]],
    );
}

#[test]
fn what_would_refuse_a_failover_is_said_beforehand() {
    check(
        "
        site a: a1 up spm
        site b: b1 maintenance
        nfs data1 domain=active
        host x1 up
        domain extra active
        dc dc1 contend
        ",
        expect![[r#"
            phase    calm
            drift    host x1 is up and not in the plan: it would refuse a failover
            drift    storage domain extra has no replica in the plan: it would refuse a failover
            drift    data center dc1 is contend
        "#]],
    );
}

#[test]
fn a_failed_read_is_a_wait_and_no_drift() {
    check(
        "
        site a: a1 gone
        unreadable hosts
        ",
        expect![[r#"
            phase    calm
            waits    the engine's hosts could not be read: 500 Internal Server Error
        "#]],
    );
}

#[test]
fn a_foreign_debt_and_another_engine_are_refusals() {
    check(
        "
        site a: a1 up spm
        tag ovirt-dr.owed.fp.somebody
        engine other
        ",
        expect![[r#"
            phase    calm
            refused  the engine carries debts that this daemon's journal does not know (ovirt-dr.owed.fp.somebody): another daemon, or an older state database. Only observing. ovirt-dr repair erp shows what they are, and gives them back
            refused  another engine answers (instance two, known is one). If this is the one engine alive: ovirt-dr confirm erp engine --reason "..."
        "#]],
    );
}

#[test]
fn a_standby_site_of_which_no_host_may_become_spm_is_said_beforehand() {
    check(
        "
        site a: a1 up spm, a2 up never_spm
        site b: b1 maintenance never_spm, b2 maintenance never_spm
        site c: c1 maintenance never_spm, c2 maintenance
        nfs data1 domain=active
        ",
        expect![[r#"
            phase    calm
            drift    no host of b may become SPM of data center dc1, which cannot come up without: the SPM priority of b1, b2 is -1 (never). Give one of them another (Edit Host, SPM)
        "#]],
    );
}
