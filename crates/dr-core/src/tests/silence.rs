//! What probes and witnesses say: silence, for how long, and what contradicts it.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site b: b1 maintenance, b2 maintenance
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn an_answer_refuses_whatever_else_is_silent() {
    check(
        "
        site a: a1 non_responsive spm, a2 non_responsive
        probe a2:22 answers
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  a2 answers on a2:22. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a2's: ovirt-dr confirm erp a2 --ignore a2:22 --reason "..."
        "#]],
    );
}

#[test]
fn a_refused_connection_is_an_answer() {
    check(
        "
        site a: a1 non_responsive spm
        probe a1:22 refused
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  a1 answers on a1:22. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a1's: ovirt-dr confirm erp a1 --ignore a1:22 --reason "..."
        "#]],
    );
}

#[test]
fn an_answer_refuses_even_when_a_person_vouches() {
    check(
        "
        site a: a1 non_responsive spm
        probe a1:22 answers
        vouched
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  a1 answers on a1:22. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a1's: ovirt-dr confirm erp a1 --ignore a1:22 --reason "..."
        "#]],
    );
}

#[test]
fn an_answer_that_a_person_lifted_is_passed_over() {
    check(
        "
        site a: a1 non_responsive spm
        probe a1:22 answers
        ignore a1 tcp:22
        nfs data1
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn an_answer_lifted_for_one_host_still_counts_for_another() {
    check(
        "
        site a: a1 non_responsive spm, a2 non_responsive
        probe a1:22 answers
        probe a2:22 answers
        ignore a1 a1:22
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  a2 answers on a2:22. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a2's: ovirt-dr confirm erp a2 --ignore a2:22 --reason "..."
        "#]],
    );
}

#[test]
fn an_answer_of_a_parked_host_contradicts_too() {
    check(
        "
        site a: a1 non_responsive spm, a2 maintenance
        probe a2 answers
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  a2 answers on a2:54321. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a2's: ovirt-dr confirm erp a2 --ignore a2:54321 --reason "..."
        "#]],
    );
}

#[test]
fn a_silent_witness_makes_all_silence_worthless() {
    check(
        "
        site a: a1 non_responsive spm
        probe witness:53 silent 300
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  silence does not count: the witness witness:53 does not answer either; it may be this machine that is cut off
        "#]],
    );
}

#[test]
fn a_witness_that_was_not_probed_is_waited_for() {
    check(
        "
        site a: a1 non_responsive spm
        probe witness:53 absent
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    probe witness:53 says nothing: not probed in the last 10 s
        "#]],
    );
}

#[test]
fn a_short_silence_is_waited_for() {
    check(
        "
        site a: a1 non_responsive spm
        probe a1 silent 42
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    a1 silent for 42 s, counts after 1 min
        "#]],
    );
}

#[test]
fn two_rounds_of_silence_are_not_three() {
    check(
        "
        site a: a1 non_responsive spm
        probe a1 silent 300 rounds=2
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    a1 silent for 5 min, counts after 1 min
        "#]],
    );
}

#[test]
fn a_stale_silence_says_nothing() {
    check(
        "
        site a: a1 non_responsive spm
        probe a1 stale
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    probe a1:54321 says nothing: not probed in the last 10 s
        "#]],
    );
}

#[test]
fn an_unreadable_probe_says_nothing() {
    check(
        "
        site a: a1 non_responsive spm
        probe a1:22 unreadable
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    probe a1:22 says nothing: no route to host
        "#]],
    );
}

#[test]
fn a_host_never_seen_answering_proves_nothing() {
    check(
        "
        site a: a1 non_responsive spm, a2 non_responsive
        probe a2 never
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            refused  no probe of a2 was ever seen answering, so silence proves nothing. If you know that a is down: ovirt-dr confirm erp site-down --reason "..."
        "#]],
    );
}

#[test]
fn a_port_never_seen_answering_does_not_count_beside_one_that_was() {
    check(
        "
        site a: a1 non_responsive spm
        probe a1:22 never
        nfs data1
        ",
        expect![[r#"
            phase    repointing
            ready    suspend fencing of cluster main
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            proven   1 of 1 hosts non_responsive, no answer on 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn a_silence_from_before_a_clock_jump_is_void() {
    check(
        "
        site a: a1 non_responsive spm
        nfs data1
        clock-jumped 20
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    a1 silent for 20 s, counts after 1 min
        "#]],
    );
}

#[test]
fn further_addresses_of_the_site_must_be_silent_too() {
    check(
        "
        site a: a1 non_responsive spm
        plan also=gateway:443,filer:2049
        probe filer:2049 answers
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  filer:2049 answers. a is not proven down. Cut the site off, or take the address out of its evidence
        "#]],
    );
}

#[test]
fn a_further_address_silent_for_a_short_time_is_waited_for() {
    check(
        "
        site a: a1 non_responsive spm
        plan also=gateway:443
        probe gateway:443 silent 10
        nfs data1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    gateway:443 silent for 10 s, counts after 1 min
        "#]],
    );
}

#[test]
fn a_further_address_never_seen_answering_leaves_it_to_the_hosts() {
    check(
        "
        site a: a1 non_responsive spm
        plan also=gateway:443
        probe gateway:443 never
        nfs data1
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
fn a_silent_host_that_the_engine_still_shows_up_has_not_been_noticed() {
    check(
        "
        site a: a1 up spm
        probe a1 silent 30
        nfs data1
        ",
        expect![[r#"
            phase    proving
            waits    the engine still shows a1 up although nothing answers there; it notices within 90 s
            waits    a1 silent for 30 s, counts after 1 min
        "#]],
    );
}

#[test]
fn after_five_minutes_a_silent_host_that_the_engine_sees_up_is_alive() {
    check(
        "
        site a: a1 up spm
        probe a1 silent 400
        nfs data1
        ",
        expect![[r#"
            phase    proving
            refused  the engine sees a1 up. a is not lost, nothing was changed. Power it off out of band, or cut it from the storage
        "#]],
    );
}
