//! Data centers: what each waits for, and when its being up counts.

use expect_test::{Expect, expect};

/// What stands in every world of this file.
const USUAL: &str = "
    site b: b1 up for=10
    cluster main fencing=off
    proven
    nfs data1 at=b
    done repoint data1/0 400
    done activate b1 380
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}"), expected);
}

#[test]
fn it_waits_for_a_host() {
    check(
        "
        site a: a1 maintenance
        site b: b1 unassigned
        ",
        expect![[r#"
            phase    activating
            waits    b1 is unassigned
            waits    data center dc1 is problematic: no host of the new site is up yet
        "#]],
    );
}

#[test]
fn it_waits_for_the_confirmation_of_its_spm() {
    check(
        "
        site a: a1 non_responsive spm
        flying confirm a1 4
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is problematic: its SPM a1 is not confirmed yet
        "#]],
    );
}

#[test]
fn it_waits_for_the_lease_of_the_dead_spm() {
    check(
        "
        site a: a1 maintenance
        site b: b1 up contending for=10
        dc dc1 contend
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is contend: b1 takes the SPM role; the storage lease of the dead SPM may have to run out
        "#]],
    );
}

#[test]
fn it_may_have_died_with_a_starting_engine() {
    check(
        "
        site a: a1 maintenance
        dc dc1 not_operational
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is not_operational: its SPM died while the engine was starting; confirming that host moves it on
        "#]],
    );
}

#[test]
fn it_may_be_in_maintenance() {
    check(
        "
        site a: a1 maintenance
        dc dc1 maintenance
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is maintenance: its master domain is in maintenance: activate that domain
        "#]],
    );
}

#[test]
fn an_spm_that_is_not_ours_is_named() {
    check(
        "
        site a: a1 maintenance
        host x1 non_responsive spm
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is problematic: its SPM x1 is non_responsive and not one of a: once it is known to be off, confirm by hand in the engine that it has been rebooted
        "#]],
    );
}

#[test]
fn after_five_minutes_without_a_move_the_ways_out_are_named() {
    check(
        "
        opened 900
        site a: a1 maintenance
        site b: b1 up for=700
        reached confirmed a1 310
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
            refused  data center dc1 has not moved for 5 min 10 s: storage still names a dead SPM. Ways out: wait for its lease to run out, bring that host back without network to its virtual machines, or remove the dead host from the engine (DELETE /hosts/ID)
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn a_host_confirmed_since_is_a_move() {
    check(
        "
        opened 900
        site a: a1 maintenance
        site b: b1 up for=700
        reached confirmed a1 290
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn up_counts_when_it_lasts() {
    check(
        "
        site a: a1 maintenance
        site b: b1 up for=60 spm
        dc dc1 up for=9
        ",
        expect![[r#"
            phase    settling
            waits    storage domain data1 is unknown
            waits    data center dc1, b1 are up, watched for a moment
            reached  HostUp("b1")
        "#]],
    );
}

#[test]
fn up_without_a_host_of_the_new_site_does_not_count() {
    check(
        "
        site a: a1 maintenance
        site b: b1 unassigned
        dc dc1 up for=60
        ",
        expect![[r#"
            phase    settling
            waits    b1 is unassigned
            waits    data center dc1 is up: no host of the new site is up yet
            waits    storage domain data1 is unknown
        "#]],
    );
}

#[test]
fn a_domain_that_is_not_active_is_waited_for() {
    check(
        "
        site a: a1 maintenance
        site b: b1 up for=60 spm
        dc dc1 up for=60
        nfs data2 at=b domain=inactive
        domain old maintenance
        iso images inactive
        ",
        expect![[r#"
            phase    settling
            waits    storage domain data1 is unknown
            waits    storage domain data2 is inactive
            waits    data center dc1, b1 are up, watched for a moment
            reached  Repointed("data2/0")
            reached  HostUp("b1")
            reached  DataCenterUp("dc1")
        "#]],
    );
}

/// Found by storm 1132: a person parked the one standby host just after it had arrived, and nothing was said for two hours.
#[test]
fn up_without_its_only_host_is_said_also_when_that_host_had_arrived() {
    check(
        "
        site a: a1 maintenance
        site b: b1 maintenance for=300
        dc dc1 up
        reached up b1
        ",
        expect![[r#"
            phase    settling
            waits    data center dc1 is up: no host of the new site is up yet
            waits    storage domain data1 is unknown
        "#]],
    );
}

#[test]
fn it_says_when_no_host_of_the_new_site_may_become_spm() {
    check(
        "
        opened 900
        site a: a1 maintenance
        site b: b1 up never_spm for=700, b2 non_operational never_spm for=5
        ",
        expect![[r#"
            phase    activating
            waits    b2 is non_operational
            waits    data center dc1 is problematic: no host of b may become SPM
            refused  no host of b may become SPM of data center dc1, which cannot come up without: the SPM priority of b1, b2 is -1 (never). Give one of them another (Edit Host, SPM)
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn it_says_when_the_one_host_that_may_become_spm_is_not_up() {
    check(
        "
        opened 900
        site a: a1 maintenance
        site b: b1 up never_spm for=700, b2 non_operational for=5
        ",
        expect![[r#"
            phase    activating
            waits    b2 is non_operational
            waits    data center dc1 is problematic: of b only b2 may become SPM and is not up
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn a_host_of_another_site_that_is_up_may_become_spm() {
    check(
        "
        site a: a1 maintenance
        site b: b1 up never_spm
        site c: c1 up
        ",
        expect![[r#"
            phase    proving
            waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
            refused  c1 of another site is up in data center dc1: it still writes to the old copy. Put it in maintenance or power it off
        "#]],
    );
}

#[test]
fn a_host_that_may_become_spm_since_is_a_move() {
    check(
        "
        opened 900
        site a: a1 maintenance
        site b: b1 up for=700 spm_for=20
        ",
        expect![[r#"
            phase    activating
            waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
            reached  Parked("a1")
        "#]],
    );
}

#[test]
fn that_no_host_may_become_spm_is_said_before_anything_is_proven() {
    super::check(
        "
        site a: a1 non_responsive spm
        site b: b1 maintenance never_spm
        nfs data1
        probe a1 silent 10 rounds=1
        ",
        expect![[r#"
            phase    proving
            ready    suspend fencing of cluster main
            waits    a1 silent for 10 s, counts after 1 min
            refused  no host of b may become SPM of data center dc1, which cannot come up without: the SPM priority of b1 is -1 (never). Give one of them another (Edit Host, SPM)
        "#]],
    );
}
