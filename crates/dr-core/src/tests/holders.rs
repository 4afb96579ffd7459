//! Whoever else holds the storage, and what the plan does not cover: both refuse before anything is changed.

use expect_test::{Expect, expect};

use super::world::World;
use crate::{HostStatus, Read, StepKind};

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
fn a_host_that_the_plan_does_not_name_refuses_while_it_is_up() {
    check(
        "
        host x1 up
        ",
        expect![[r#"
            phase    proving
            refused  x1 is up in data center dc1 and not in the plan: it still writes to the old copy. Put it in maintenance or power it off
        "#]],
    );
}

#[test]
fn a_host_that_the_plan_does_not_name_is_no_matter_when_it_is_parked() {
    check(
        "
        host x1 maintenance
        host x2 non_responsive
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
fn a_host_that_the_plan_does_not_name_is_waited_for_while_it_is_between_two_states() {
    check(
        "
        host x1 connecting
        ",
        expect![[r#"
            phase    proving
            waits    x1 is connecting
        "#]],
    );
}

#[test]
fn a_host_of_a_third_site_refuses_while_it_is_up() {
    check(
        "
        site c: c1 up
        ",
        expect![[r#"
            phase    proving
            refused  c1 of another site is up in data center dc1: it still writes to the old copy. Put it in maintenance or power it off
        "#]],
    );
}

#[test]
fn a_host_of_another_data_center_is_no_matter() {
    check(
        "
        host x1 up dc=dc9
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
fn a_host_whose_cluster_was_not_read_may_be_anywhere() {
    check(
        "
        host x1 up cluster=unlisted
        ",
        expect![[r#"
            phase    proving
            refused  x1 is up in data center (unknown) and not in the plan: it still writes to the old copy. Put it in maintenance or power it off
        "#]],
    );
}

#[test]
fn a_domain_without_a_replica_refuses() {
    check(
        "
        domain extra unknown
        ",
        expect![[r#"
            phase    proving
            refused  storage domain extra of data center dc1 is not in the plan: hosts would fail on its old copy. Put it in maintenance, or add it to the plan
        "#]],
    );
}

#[test]
fn a_domain_in_maintenance_an_iso_domain_and_one_elsewhere_do_not() {
    check(
        "
        domain parked maintenance
        iso images active
        domain elsewhere active dc=dc9
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
fn an_entry_without_a_value_at_the_new_site_refuses() {
    check(
        "
        nfs data2 only=a
        ",
        expect![[r#"
            phase    proving
            refused  connection data2 has no value at b; add it to the plan
        "#]],
    );
}

#[test]
fn a_row_that_the_engine_does_not_have_refuses() {
    check(
        "
        nfs data2 at=nowhere domain=none
        ",
        expect![[r#"
            phase    proving
            refused  connection data2: no storage connection of the engine is nas-a:/data2 or nas-b:/data2; correct the plan
        "#]],
    );
}

#[test]
fn a_row_of_another_type_refuses() {
    check(
        "
        nfs data2 type=glusterfs
        ",
        expect![[r#"
            phase    proving
            refused  connection data2: the engine's row is of type glusterfs; correct `type:` in the plan
        "#]],
    );
}

/// The engine keeps names unique, so whoever edits its database by hand may still break this.
#[test]
fn a_second_host_of_the_same_name_holds_the_storage_too() {
    for name in ["a1", "b1"] {
        for first in [true, false] {
            let mut world = World::read(USUAL);
            assert!(world.decide().steps.iter().any(|step| step.key().kind == StepKind::Repoint));
            let Read::Seen(hosts) = &mut world.observed.hosts else { panic!("no hosts") };
            let mut second = hosts.iter().find(|host| host.name == name).unwrap().clone();
            second.id = "another".into();
            second.status = HostStatus::Up;
            hosts.insert(if first { 0 } else { hosts.len() }, second);
            let decision = world.decide();
            let harmless = [StepKind::SuspendFencing, StepKind::SuspendPowerManagement, StepKind::Park];
            let is_harmless = decision.steps.iter().all(|step| harmless.contains(&step.key().kind));
            assert!(is_harmless, "{name} twice: {}", super::shown(&decision));
        }
    }
}
