//! Each rule of the world's own watch can be broken, and is noticed.

use super::*;

fn lab(seed: u64) -> Lab {
    let mut spec = WorldSpec::two_sites(["madrid", "seville"], 2, 4, seed);
    spec.options.dead_lease = 5_000;
    spec.options.dead_vm_lease = 5_000;
    let mut lab = Lab::of(&spec);
    lab.fencing(false);
    lab.pass(20.0);
    lab
}

/// A site that is only cut off, taken for dead, and recovered all the same.
fn split(lab: &mut Lab) {
    lab.world.partition_site("madrid").unwrap();
    lab.until_non_responsive("madrid");
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    lab.repoint("seville");
    for host in lab.hosts_of("seville") {
        lab.ok(lab.activate(&host));
    }
    for host in lab.hosts_of("madrid") {
        lab.ok(lab.confirm(&host));
    }
    lab.pass(120.0);
}

#[test]
fn a_partition_taken_for_a_loss_breaks_nearly_every_rule() {
    let mut lab = lab(1);
    split(&mut lab);
    let kinds = lab.kinds();
    for kind in [
        ViolationKind::LivingHostConfirmed,
        ViolationKind::PromotedUnderLivingHost,
        ViolationKind::ConnectionWrittenUnderLivingHost,
        ViolationKind::VmOnTwoHosts,
        ViolationKind::TwoSpms,
        ViolationKind::TwoCopiesWritten,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} in {:?}", lab.world.violations());
    }
    let first = &lab.world.violations()[0];
    assert!(first.text.contains("madrid"), "{first:?}");
    assert!(first.at > SimTime(0));
}

#[test]
fn a_confirmation_of_a_living_host_is_noticed_by_itself() {
    let mut lab = lab(2);
    let host = lab.host("madrid-h2");
    lab.world.set_host_link(host, Link::Silent);
    assert!(lab.wait(120.0, |world| world.host_named("madrid-h2").unwrap().status == HostStatus::NonResponsive));
    lab.ok(lab.confirm("madrid-h2"));
    assert_eq!(lab.kinds(), [ViolationKind::LivingHostConfirmed]);
}

#[test]
fn a_row_written_while_an_up_host_holds_it_is_noticed() {
    let mut lab = lab(3);
    let command = lab.repointing("seville").remove(0);
    lab.ok(command);
    assert_eq!(lab.kinds(), [ViolationKind::ConnectionWrittenUnderLivingHost]);
}

#[test]
fn a_row_whose_request_left_before_the_host_came_to_life_is_nobodys_fault() {
    let mut lab = lab(3);
    let command = lab.repointing("seville").remove(0);
    lab.world.asked_at = Some(lab.world.now);
    for host in lab.hosts_of("madrid") {
        let id = lab.host(&host);
        lab.world.hosts.get_mut(&id).unwrap().outside.alive_since = lab.world.now.plus(1);
    }
    lab.ok(command);
    assert_eq!(lab.kinds(), []);
}

#[test]
fn a_promotion_while_hosts_hold_the_other_copy_is_noticed() {
    let mut lab = lab(4);
    lab.world.promote("seville", OtherCopies::ReadOnly).unwrap();
    assert!(lab.kinds().iter().all(|kind| *kind == ViolationKind::PromotedUnderLivingHost));
    assert_eq!(lab.kinds().len(), 3, "one for each domain");
}

#[test]
fn a_promotion_right_after_maintenance_shows_comes_too_early() {
    let mut lab = lab(5);
    for vm in 1..=4 {
        lab.ok(Command::StopVm { vm: lab.vm(&format!("vm{vm}")), reason: None });
    }
    lab.pass(10.0);
    for host in ["madrid-h2", "madrid-h1"] {
        lab.ok(lab.park(host));
    }
    assert!(lab.wait(30.0, |world| world.hosts.values().all(|host| host.status == HostStatus::Maintenance)));
    lab.world.promote("seville", OtherCopies::ReadOnly).unwrap();
    assert!(lab.kinds().contains(&ViolationKind::PromotedUnderLivingHost));
}

#[test]
fn a_second_start_of_a_vm_by_the_same_client_is_noticed_and_refused() {
    let mut lab = lab(6);
    let vm = lab.vm("vm1");
    lab.ok(Command::StopVm { vm, reason: None });
    lab.pass(5.0);
    lab.ok(lab.start("vm1"));
    assert_eq!(lab.refused(lab.start("vm1")).0, 409);
    assert_eq!(lab.kinds(), [ViolationKind::VmStartedTwice]);
}
