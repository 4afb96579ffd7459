//! The losing site proven down: the engine's word, a person's word, and what the plan needs.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site b: b1 maintenance, b2 maintenance
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn lasting_silence_and_the_engines_word_are_a_proof() {
    check(
        "
        site a: a1 non_responsive spm, a2 non_responsive
        nfs data1
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   2 of 2 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_parked_and_a_powered_off_host_need_not_have_been_seen() {
    check(
        "
        site a: a1 non_responsive spm, a2 maintenance, a3 down
        probe a2 never
        probe a3 never
        nfs data1
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 3 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_host_that_the_engine_sees_alive_refuses() {
    check(
        "
        site a: a1 non_responsive spm, a2 up
        probe a2 answers
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  the engine sees a2 up. a is not lost, nothing was changed. Power it off out of band, or cut it from the storage
            refused  a2 answers on a2:54321. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a2's: ovirt-dr confirm erp a2 --ignore a2:54321 --reason "..."
        "#]],
    );
}

#[test]
fn an_unknown_status_word_is_alive() {
    check(
        "
        site a: a1 non_responsive spm, a2 levitating
        nfs data1
        probe a2 answers
        ",
        expect![[r#"
            phase    proving
            refused  the engine sees a2 levitating. a is not lost, nothing was changed. Power it off out of band, or cut it from the storage
            refused  a2 answers on a2:54321. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a2's: ovirt-dr confirm erp a2 --ignore a2:54321 --reason "..."
        "#]],
    );
}

#[test]
fn a_person_vouches_for_hosts_never_seen_answering() {
    check(
        "
        site a: a1 non_responsive spm, a2 non_responsive
        probe a2 never
        vouched
        nfs data1
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   2 of 2 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers, a person vouches for it
        "#]],
    );
}

#[test]
fn the_plan_may_ask_a_person_to_vouch() {
    check(
        "
        site a: a1 non_responsive spm pm
        plan require=attestation
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            ready    power management of a1 off
            refused  the plan asks a person to vouch that a is down: ovirt-dr confirm erp site-down --reason "..."
        "#]],
    );
}

#[test]
fn once_vouched_it_goes_on() {
    check(
        "
        site a: a1 non_responsive spm
        plan require=attestation
        vouched
        nfs data1
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers, a person vouches for it
        "#]],
    );
}

#[test]
fn a_host_that_is_connecting_is_waited_for() {
    check(
        "
        site a: a1 non_responsive spm, a2 connecting
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    a2 is connecting
        "#]],
    );
}

#[test]
fn a_reboot_of_twenty_minutes_is_no_passing_state() {
    check(
        "
        site a: a1 non_responsive spm, a2 reboot for=1200
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  the engine sees a2 reboot. a is not lost, nothing was changed. Power it off out of band, or cut it from the storage
        "#]],
    );
}

#[test]
fn a_host_of_the_plan_that_the_engine_does_not_know_refuses() {
    check(
        "
        site a: a1 non_responsive spm, a2 gone
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  the engine has no host a2; correct the plan
        "#]],
    );
}

#[test]
fn a_host_without_a_data_center_refuses() {
    check(
        "
        site a: a1 non_responsive spm, a2 non_responsive cluster=lost dc=none
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  the engine shows no data center for a2: put its cluster into the data center, or take the host out of the plan
        "#]],
    );
}

#[test]
fn a_site_without_hosts_needs_a_persons_word() {
    check(
        "
        site a:
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  the plan asks a person to vouch that a is down: ovirt-dr confirm erp site-down --reason "..."
        "#]],
    );
}

#[test]
fn a_plan_that_lost_a_site_says_so() {
    check(
        "
        from z to b
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  the plan in force has no site z, which the open transition needs; put it back into the plan
        "#]],
    );
}
