//! Lost hosts confirmed as rebooted: evidence for each at each try, and the effect verified.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site b: b1 unassigned
    cluster main fencing=off
    proven
    nfs data1 at=b
    done repoint data1/0 40
    done activate b1 35
    reached repointed data1/0
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn hosts_are_confirmed_side_by_side_once_activation_is_accepted() {
    check(
        "
        site a: a1 non_responsive spm vms=2, a2 non_responsive vms=1
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a1 has been rebooted
            ready    confirm that a2 has been rebooted
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn not_before_the_engine_has_taken_an_activation() {
    check(
        "
        site a: a1 non_responsive vms=2
        site b: b2 maintenance
        flying activate b2
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn not_before_the_rows_of_its_data_center() {
    check(
        "
        site a: a1 non_responsive vms=2
        nfs data2 at=a
        flying repoint data2/0 1
        ",
        expect![[r#"
            phase    repointing
            waits    b1 is unassigned
            waits    1 connection is not repointed yet
            refused  connection data2 was changed to nas-a:/data2 after b1 came up. Changing it back under a living host is not safe: decide by hand
        "#]],
    );
}

#[test]
fn a_row_held_by_a_direct_lun_behind_a_domain_comes_after_the_confirmation() {
    check(
        "
        site a: a1 non_responsive vms=2
        site b: b1 maintenance
        iscsi san1
        tried repoint san1/0 lun 2 1
        ",
        expect![[r#"
            phase    repointing
            ready    confirm that a1 has been rebooted
            waits    connection san1 to b-portal-1:3260, target iqn.b:san1 (now a-portal-1:3260, target iqn.a:san1): tried 2 times, last answer: a virtual machine runs from it
        "#]],
    );
}

#[test]
fn a_host_whose_data_center_has_no_standby_host_waits_for_none() {
    check(
        "
        site a: a1 non_responsive vms=2 dc=dc2
        ",
        expect![[r#"
            phase    activating
            ready    suspend fencing of cluster main-dc2
            ready    confirm that a1 has been rebooted
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
            waits    data center dc2 is problematic: no host of b belongs to it
        "#]],
    );
}

#[test]
fn the_spm_host_only_while_its_data_center_does_not_answer() {
    check(
        "
        site a: a1 non_responsive spm, a2 non_responsive
        dc dc1 contend
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a2 has been rebooted
            waits    b1 is unassigned
            waits    a1 is SPM and may be confirmed only when its data center does not answer; dc1 is contend
            waits    data center dc1 is contend: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn a_data_center_that_died_with_a_starting_engine_will_do() {
    check(
        "
        site a: a1 non_responsive spm
        dc dc1 not_operational
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a1 has been rebooted
            waits    b1 is unassigned
            waits    data center dc1 is not_operational: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn never_while_connecting() {
    check(
        "
        site a: a1 connecting vms=2
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    a1 is connecting
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn never_a_host_that_answers() {
    check(
        "
        site a: a1 non_responsive vms=2, a2 non_responsive vms=1
        probe a1:22 answers
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a2 has been rebooted
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
            refused  a1 answers on a1:22. a is not proven down. Power it off or cut it from the storage; if you know that this answer is not a1's: ovirt-dr confirm erp a1 --ignore a1:22 --reason "..."
        "#]],
    );
}

#[test]
fn an_answer_that_a_person_lifted_is_not_probed_before_the_request_either() {
    check(
        "
        site a: a1 non_responsive vms=2
        probe a1:22 answers
        ignore a1 tcp:22
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a1 has been rebooted
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn a_silence_that_began_anew_is_waited_for() {
    check(
        "
        site a: a1 non_responsive vms=2
        probe a1 silent 30
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    a1 silent for 30 s, counts after 1 min
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn an_unreadable_probe_is_waited_for() {
    check(
        "
        site a: a1 non_responsive vms=2
        probe a1:22 unreadable
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    probe a1:22 says nothing: no route to host
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn a_host_never_seen_answering_needs_a_persons_word() {
    check(
        "
        site a: a1 non_responsive vms=2
        probe a1 never
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
            refused  no probe of a1 was ever seen answering, so silence proves nothing. If you know that a is down: ovirt-dr confirm erp site-down --reason "..."
        "#]],
    );
}

#[test]
fn with_a_persons_word_it_is_confirmed() {
    check(
        "
        site a: a1 non_responsive vms=2
        probe a1 never
        vouched
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a1 has been rebooted
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn a_confirmation_in_flight_is_not_repeated() {
    check(
        "
        site a: a1 non_responsive vms=2
        flying confirm a1 12
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn a_lock_held_by_the_engines_own_treatment_is_tried_every_five_seconds() {
    check(
        "
        site a: a1 non_responsive vms=2, a2 non_responsive vms=2
        tried confirm a1 locked 14 4
        tried confirm a2 locked 14 5
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a2 has been rebooted
            waits    b1 is unassigned
            waits    confirm that a1 has been rebooted: tried 14 times, last answer: another power management action is in progress
            waits    confirm that a2 has been rebooted: tried 14 times, last answer: another power management action is in progress
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn its_effect_is_looked_for_before_it_counts() {
    check(
        "
        site a: a1 non_responsive spm vms=2
        done confirm a1 3
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    a1 is confirmed, but the engine still shows its SPM role
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn virtual_machines_still_placed_on_it_count_too() {
    check(
        "
        site a: a1 non_responsive
        vm web1 unknown on=a1
        vm web2 unknown on=a1
        done confirm a1 3
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    a1 is confirmed, but the engine still shows 2 VMs on it
            waits    data center dc1 is problematic: no host of the new site is up yet
            waits    0 of 2 VMs up; missing: web1, web2
        "#]],
    );
}

#[test]
fn a_confirmation_whose_effect_is_not_seen_is_repeated() {
    check(
        "
        opened 50
        proven 45
        site a: a1 non_responsive vms=2
        done confirm a1 13
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a1 has been rebooted
            waits    b1 is unassigned
            waits    a1 is confirmed, but the engine still shows 2 VMs on it
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn and_repeated_ever_more_slowly() {
    check(
        "
        opened 1000
        site a: a1 non_responsive vms=2, a2 non_responsive vms=2
        done confirm a1 59
        done confirm a2 61
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a2 has been rebooted
            waits    b1 is unassigned
            waits    a1 is confirmed, but the engine still shows 2 VMs on it
            waits    a2 is confirmed, but the engine still shows 2 VMs on it
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn a_confirmation_newer_than_what_was_read_is_not_judged_yet() {
    check(
        "
        read 5
        site a: a1 non_responsive vms=2
        done confirm a1 4
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    a1 is confirmed, but the engine still shows 2 VMs on it
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn a_powered_off_spm_host_frees_its_role() {
    check(
        "
        site a: a1 down spm
        probe a1 never
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a1 has been rebooted
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn a_lost_host_that_returns_stops_everything() {
    check(
        "
        site a: a1 up, a2 non_responsive vms=2
        probe a1 answers
        vm web1 down
        dc dc1 up for=60
        ",
        expect![[r#"
            phase    starting
            waits    b1 is unassigned
            waits    data center dc1 is up: no host of the new site is up yet
            waits    storage domain data1 is unknown
            waits    0 of 1 VMs up; missing: web1
            refused  a1 was given up as lost and is up again: no VM is started. Put it in maintenance, or power it off
        "#]],
    );
}

#[test]
fn the_spm_host_goes_first() {
    check(
        "
        site a: a1 non_responsive, a2 non_responsive, a3 non_responsive spm
        ",
        expect![[r#"
            phase    activating
            ready    confirm that a3 has been rebooted
            ready    confirm that a1 has been rebooted
            ready    confirm that a2 has been rebooted
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}
