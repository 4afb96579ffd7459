//! Virtual machines started at the new site.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site a: a1 maintenance
    site b: b1 up for=60 spm
    dc dc1 up for=60
    cluster main fencing=off
    proven
    reached up b1
    nfs data1 at=b domain=active
    reached dc dc1 50
    reached repointed data1/0
    reached parked a1
    done repoint data1/0 100
    done activate b1 90
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn what_is_down_is_started_highly_available_ones_first() {
    check(
        "
        vm web1 down prio=90
        vm db1 down ha prio=1
        vm db2 down ha prio=50
        ",
        expect![[r#"
            phase    starting
            ready    start db2
            ready    start db1
            ready    start web1
            waits    0 of 3 VMs up; missing: web1, db1, db2
        "#]],
    );
}

#[test]
fn as_many_side_by_side_as_the_plan_allows() {
    check(
        "
        plan parallel=3
        vm web1 down
        vm web2 down
        vm web3 down
        vm web4 down
        flying start web1 1
        ",
        expect![[r#"
            phase    starting
            ready    start web2
            ready    start web3
            waits    0 of 4 VMs up; missing: web1, web2, web3, web4
        "#]],
    );
}

#[test]
fn what_is_starting_or_unknown_is_waited_for() {
    check(
        "
        vm web1 powering_up
        vm web2 unknown
        vm web3 paused
        vm web4 up
        ",
        expect![[r#"
            phase    starting
            waits    1 of 4 VMs up; missing: web1, web2, web3
            reached  VmUp("web4")
        "#]],
    );
}

#[test]
fn what_is_up_is_reached() {
    check(
        "
        vm web1 up on=b1
        vm web2 up on=b1
        reached vm web2
        ",
        expect![[r#"
            phase    settling
            reached  VmUp("web1")
            closes
        "#]],
    );
}

#[test]
fn what_was_up_once_is_not_started_again() {
    check(
        "
        vm web1 down
        reached vm web1
        ",
        expect![[r#"
            phase    settling
            closes
        "#]],
    );
}

#[test]
fn what_runs_on_a_lost_host_has_not_arrived() {
    check(
        "
        vm web1 up on=a1
        ",
        expect![[r#"
            phase    starting
            waits    0 of 1 VMs up; missing: web1
        "#]],
    );
}

#[test]
fn what_the_transition_did_not_choose_is_left_alone() {
    check(
        "
        vm web1 down unlisted
        ",
        expect![[r#"
            phase    settling
            closes
        "#]],
    );
}

#[test]
fn nothing_is_started_while_a_domain_is_inactive() {
    check(
        "
        vm web1 down
        nfs data2 at=b domain=inactive
        ",
        expect![[r#"
            phase    starting
            waits    storage domain data2 is inactive
            waits    0 of 1 VMs up; missing: web1
            reached  Repointed("data2/0")
        "#]],
    );
}

#[test]
fn nothing_is_started_while_the_data_center_is_not_up() {
    check(
        "
        vm web1 down
        dc dc1 contend
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is contend: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
            waits    0 of 1 VMs up; missing: web1
        "#]],
    );
}

#[test]
fn nothing_is_started_while_a_lost_host_is_alive() {
    check(
        "
        vm web1 down
        site a: a1 up
        ",
        expect![[r#"
            phase    starting
            waits    0 of 1 VMs up; missing: web1
            refused  a1 was given up as lost and is up again: no VM is started. Put it in maintenance, or power it off
        "#]],
    );
}

#[test]
fn a_start_that_was_just_taken_is_not_repeated() {
    check(
        "
        vm web1 down
        done start web1 19
        ",
        expect![[r#"
            phase    starting
            waits    0 of 1 VMs up; missing: web1
        "#]],
    );
}

#[test]
fn a_start_that_led_to_nothing_is_repeated() {
    check(
        "
        vm web1 down
        done start web1 20
        ",
        expect![[r#"
            phase    starting
            ready    start web1
            waits    0 of 1 VMs up; missing: web1
        "#]],
    );
}

#[test]
fn a_refused_start_is_tried_again_with_growing_pauses() {
    check(
        "
        vm web1 down
        vm web2 down
        tried start web1 refused 4 10
        tried start web2 refused 4 17
        ",
        expect![[r#"
            phase    starting
            ready    start web2
            waits    0 of 2 VMs up; missing: web1, web2
            waits    start web1: tried 4 times, last answer: no
            waits    start web2: tried 4 times, last answer: no
        "#]],
    );
}

#[test]
fn a_vm_that_had_its_time_is_given_up() {
    check(
        "
        opened 2000
        vm web1 down
        tried start web1 refused 20 90
        reached dc dc1 901
        ",
        expect![[r#"
            phase    starting
            waits    0 of 1 VMs up; missing: web1
            closes   except VM web1 is down: no
        "#]],
    );
}

#[test]
fn time_in_which_no_daemon_watched_is_not_time_that_it_had() {
    check(
        "
        opened 2000
        vm web1 down
        reached dc dc1 901
        watched-again 30
        ",
        expect![[r#"
            phase    starting
            ready    start web1
            waits    0 of 1 VMs up; missing: web1
        "#]],
    );
    check(
        "
        opened 2000
        vm web1 down
        reached dc dc1 1900
        watched-again 901
        ",
        expect![[r#"
            phase    starting
            waits    0 of 1 VMs up; missing: web1
            closes   except VM web1 is down
        "#]],
    );
}

#[test]
fn a_vm_of_an_untouched_data_center_is_not_started_there() {
    check(
        "
        vm web1 down cluster=away
        cluster away dc=dc9
        dc dc9 up
        ",
        expect![[r#"
            phase    starting
            waits    0 of 1 VMs up; missing: web1
        "#]],
    );
}

#[test]
fn a_vm_that_does_not_exist_any_more_is_an_exception() {
    check(
        "
        deleted vm web9
        ",
        expect![[r#"
            phase    starting
            waits    0 of 1 VMs up; missing: web9
            closes   except VM web9 does not exist any more
        "#]],
    );
}
