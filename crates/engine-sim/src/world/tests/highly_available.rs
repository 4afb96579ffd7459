//! VMs: the HA queue, its traps, leases, and what the engine refuses.

use super::*;

/// `madrid` lost and ready to be confirmed; nothing answers anywhere.
fn lost(spec: &WorldSpec) -> Lab {
    let mut lab = Lab::of(spec);
    lab.fencing(false);
    lab.pass(20.0);
    lab.world.refuse_site("madrid").unwrap();
    lab.until_non_responsive("madrid");
    lab
}

fn spec(seed: u64) -> WorldSpec {
    let mut spec = WorldSpec::two_sites(["madrid", "seville"], 3, 8, seed);
    spec.options.dead_lease = 5_000;
    spec
}

fn confirm_all(lab: &mut Lab) {
    for host in lab.hosts_of("madrid") {
        lab.ok(lab.confirm(&host));
    }
}

fn bring_up(lab: &mut Lab) {
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    lab.repoint("seville");
    for host in lab.hosts_of("seville") {
        lab.ok(lab.activate(&host));
    }
}

#[test]
fn highly_available_vms_are_started_by_the_engine_before_the_data_center_is_up() {
    let mut spec = spec(1);
    spec.options.dead_lease = 140_000;
    spec.vms[7].lease = None;
    let mut lab = lost(&spec);
    bring_up(&mut lab);
    lab.pass(10.0);
    confirm_all(&mut lab);
    let begun = lab.second();
    lab.pass(40.0);
    assert_ne!(lab.dc(), DataCenterStatus::Up);
    for vm in ["vm1", "vm2", "vm3", "vm4", "vm8"] {
        assert_eq!(lab.vm_status(vm), VmStatus::Up, "{vm}");
    }
    for vm in ["vm5", "vm6", "vm7"] {
        assert_eq!(lab.vm_status(vm), VmStatus::Down, "{vm} is not highly available");
    }
    // The higher priority first, the rest when it is up.
    let first = lab.at(begun, "vm8", "up");
    assert!(lab.at(begun, "vm8", "wait_for_launch") - begun < 2.0);
    assert!(lab.at(begun, "vm1", "wait_for_launch") >= first);
    assert!(lab.world.events.iter().any(|event| event.code == 506));
}

#[test]
fn a_failing_vm_of_high_priority_holds_back_the_rest_for_ten_minutes() {
    let mut lab = lost(&spec(1));
    confirm_all(&mut lab);
    let confirmed = lab.second();
    // No host is up: vm8 burns its ten tries in four and a half minutes; nobody else is tried.
    lab.pass(290.0);
    let tries = |lab: &Lab, vm: &str| {
        let id = lab.vm(vm);
        lab.world.events.iter().filter(|event| event.code == 9603 && event.about.vm == Some(id)).count()
    };
    assert_eq!(tries(&lab, "vm8"), 10);
    assert_eq!(tries(&lab, "vm1"), 0);
    bring_up(&mut lab);
    lab.pass(400.0);
    let started = lab.at(confirmed, "vm1", "wait_for_launch") - confirmed;
    assert!((598.0..612.0).contains(&started), "{started}");
    assert_eq!(lab.vm_status("vm8"), VmStatus::Down, "it waits for half an hour");
    // A start by hand is the way out.
    lab.ok(lab.start("vm8"));
    assert!(lab.wait(10.0, |world| world.vm_named("vm8").unwrap().status == VmStatus::Up));
    assert_eq!(lab.world.violations(), []);
}

#[test]
fn without_high_availability_the_order_is_the_clients_and_switching_it_on_starts_nothing() {
    let mut lab = lost(&spec(1));
    let off = VmChange { ha_enabled: Some(false), ..VmChange::default() };
    for vm in ["vm1", "vm2", "vm3", "vm4", "vm8"] {
        lab.ok(Command::UpdateVm { vm: lab.vm(vm), change: off.clone() });
    }
    bring_up(&mut lab);
    confirm_all(&mut lab);
    lab.pass(60.0);
    assert_eq!(lab.vm_status("vm1"), VmStatus::Down);
    let on = VmChange { ha_enabled: Some(true), ..VmChange::default() };
    lab.ok(Command::UpdateVm { vm: lab.vm("vm1"), change: on });
    lab.pass(120.0);
    assert_eq!(lab.vm_status("vm1"), VmStatus::Down);
    lab.ok(lab.start("vm1"));
    lab.pass(10.0);
    assert_eq!(lab.vm_status("vm1"), VmStatus::Up);
}

#[test]
fn an_unknown_vm_takes_ha_priority_and_comment_and_refuses_everything_else() {
    let mut lab = lost(&spec(1));
    let vm = lab.vm("vm1");
    assert_eq!(lab.vm_status("vm1"), VmStatus::Unknown);
    let cases = [
        (Command::StartVm { vm }, "[Cannot run VM because the VM is in Unknown status.]"),
        (Command::StopVm { vm, reason: None }, "[Cannot stop VM. VM is not running.]"),
        (Command::ShutdownVm { vm, reason: None }, "[Cannot shutdown VM. VM is not running.]"),
        (Command::MigrateVm { vm, host: None }, "[Cannot migrate VM. VM is not running.]"),
    ];
    for (command, text) in cases {
        assert_eq!(lab.refused(command), (409, text.to_owned()));
    }
    let put = |change| Command::UpdateVm { vm, change };
    lab.ok(put(VmChange { ha_priority: Some(7), comment: Some("x".to_owned()), ..VmChange::default() }));
    lab.ok(put(VmChange { memory: Some(2 << 30), ..VmChange::default() }));
    assert!(lab.world.vms[&vm].next_run_configuration_exists);
    let (code, text) = lab.refused(put(VmChange { ha_enabled: Some(false), ..VmChange::default() }));
    assert_eq!(code, 400);
    assert!(text.contains("memory next run configuration already exists"), "{text}");
}

#[test]
fn a_lease_removed_while_unknown_holds_the_vm_for_seconds() {
    let mut lab = lost(&spec(1));
    let vm = lab.vm("vm8");
    lab.ok(Command::UpdateVm { vm, change: VmChange { lease: Some(None), ..VmChange::default() } });
    assert_eq!(lab.world.vms[&vm].lease, None);
    let change = VmChange { ha_priority: Some(1), ..VmChange::default() };
    assert_eq!(
        lab.refused(Command::UpdateVm { vm, change }),
        (409, "[Cannot edit VM. VM is being updated.]".to_owned())
    );
}

#[test]
fn starts_are_refused_with_the_engines_reasons() {
    let mut lab = lost(&spec(1));
    confirm_all(&mut lab);
    assert_eq!(lab.refused(lab.start("vm7")), (409, "[Cannot run VM. Unknown Data Center status.]".to_owned()));
    let (code, text) = lab.refused(Command::StartVm { vm: VmId(1) });
    assert_eq!(code, 500);
    assert!(text.contains("NullPointerException"));
    bring_up(&mut lab);
    assert!(lab.wait(60.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)));
    lab.pass(60.0);
    assert_eq!(lab.refused(lab.start("vm1")), (409, "[Cannot run VM because the VM is in Up status.]".to_owned()));
    let domain = lab.world.domain_named("data-nfs").unwrap().id;
    lab.world.domains.get_mut(&domain).unwrap().attached.as_mut().unwrap().status = DomainStatus::Inactive;
    let (code, text) = lab.refused(lab.start("vm5"));
    assert_eq!((code, text.as_str()), (409, "[Cannot run VM. The relevant Storage Domain's status is Inactive.]"));
}

#[test]
fn a_pinned_vm_starts_on_its_hosts_only_and_keeps_them_from_maintenance() {
    let mut spec = spec(1);
    spec.vms[0].pinned = vec!["madrid-h1".to_owned()];
    let mut lab = Lab::of(&spec);
    lab.pass(5.0);
    let (code, text) = lab.refused(lab.park("madrid-h1"));
    assert_eq!(code, 409);
    assert!(text.contains("The non-migratable VMs are: vm1."), "{text}");
    assert_eq!(lab.status("madrid-h1"), HostStatus::Up);
    lab.ok(Command::StopVm { vm: lab.vm("vm1"), reason: None });
    lab.pass(5.0);
    lab.ok(lab.park("madrid-h1"));
    lab.pass(60.0);
    assert_eq!(lab.status("madrid-h1"), HostStatus::Maintenance, "{:?}", lab.of_object("madrid-h1"));
    let (code, text) = lab.refused(lab.start("vm1"));
    assert_eq!(code, 409);
    assert!(text.contains("PinToHost"), "{text}");
}

#[test]
fn a_drained_host_gives_its_vms_away_alive() {
    let mut lab = Lab::of(&spec(1));
    lab.pass(5.0);
    lab.ok(lab.park("madrid-h2"));
    lab.pass(60.0);
    assert_eq!(lab.status("madrid-h2"), HostStatus::Maintenance);
    let vm = lab.world.vm_named("vm2").unwrap();
    assert_eq!(vm.status, VmStatus::Up);
    assert_ne!(vm.host, Some(lab.host("madrid-h2")));
    assert_eq!(lab.world.violations(), []);
}

#[test]
fn the_last_host_with_vms_cannot_be_parked() {
    let mut lab = Lab::new(1, 2, 1);
    lab.pass(5.0);
    let (code, text) = lab.refused(lab.park("madrid-h1"));
    assert_eq!(code, 409);
    assert!(text.contains("no other Up host in the Cluster") || text.contains("no other Up Host"), "{text}");
}

#[test]
fn a_leased_vm_of_a_dead_host_is_started_elsewhere_without_any_fence() {
    let mut spec = spec(1);
    spec.options.dead_vm_lease = 80_000;
    let mut lab = Lab::of(&spec);
    lab.fencing(false);
    lab.pass(20.0);
    let host = lab.world.vm_named("vm8").unwrap().host.unwrap();
    lab.world.power_off(host);
    lab.world.set_host_link(host, Link::Refusing);
    let name = lab.world.hosts[&host].name.clone();
    assert!(lab.wait(100.0, |world| world.hosts[&host].status == HostStatus::NonResponsive));
    let gone = lab.second();
    lab.pass(60.0);
    assert_eq!(lab.vm_status("vm8"), VmStatus::Up, "{:?}", lab.of_object("vm8"));
    assert!(lab.at(gone, "vm8", "wait_for_launch") - gone > 24.0);
    assert_ne!(lab.world.vm_named("vm8").unwrap().host, Some(host), "{name}");
    let others: Vec<_> = lab.world.vms.values().filter(|vm| vm.host == Some(host)).collect();
    assert!(others.iter().all(|vm| vm.status == VmStatus::Unknown));
    assert_eq!(lab.world.violations(), []);
}

#[test]
fn a_lease_refuses_a_second_start_after_a_false_fence_and_the_vm_is_found_again() {
    let mut lab = Lab::of(&spec(1));
    lab.fencing(false);
    lab.pass(20.0);
    let host = lab.world.vm_named("vm8").unwrap().host.unwrap();
    let name = lab.world.hosts[&host].name.clone();
    lab.world.set_host_link(host, Link::Refusing);
    assert!(lab.wait(120.0, |world| world.hosts[&host].status == HostStatus::NonResponsive));
    lab.ok(lab.confirm(&name));
    lab.pass(15.0);
    assert_eq!(lab.vm_status("vm8"), VmStatus::Down);
    assert!(lab.world.events.iter().any(|event| event.description.contains("Lease is held by another host")));
    lab.world.set_host_link(host, Link::Answering);
    lab.pass(10.0);
    let vm = lab.world.vm_named("vm8").unwrap();
    assert_eq!((vm.status, vm.host), (VmStatus::Up, Some(host)));
}

#[test]
fn a_guest_that_ignores_the_shutdown_is_up_again_and_a_stop_ends_it() {
    let mut spec = spec(1);
    spec.vms[0].ignores_shutdown = true;
    let mut lab = Lab::of(&spec);
    let vm = lab.vm("vm1");
    lab.ok(Command::ShutdownVm { vm, reason: None });
    assert_eq!(lab.vm_status("vm1"), VmStatus::PoweringDown);
    lab.pass(31.0);
    assert_eq!(lab.vm_status("vm1"), VmStatus::Up);
    lab.ok(Command::StopVm { vm, reason: Some("enough".to_owned()) });
    lab.pass(4.0);
    assert_eq!(lab.vm_status("vm1"), VmStatus::Down);
    assert_eq!(lab.world.vms[&vm].stop_reason.as_deref(), Some("enough"));
    lab.pass(120.0);
    assert_eq!(lab.vm_status("vm1"), VmStatus::Down, "a stop is no error: HA does nothing");
}

#[test]
fn a_guest_that_dies_is_restarted_by_high_availability() {
    let mut lab = Lab::of(&spec(1));
    lab.pass(5.0);
    let vm = lab.vm("vm1");
    lab.world.kill_guest(vm);
    assert!(lab.wait(5.0, |world| world.vm_named("vm1").unwrap().status == VmStatus::Down));
    assert!(lab.wait(10.0, |world| world.vm_named("vm1").unwrap().status == VmStatus::Up));
    assert_eq!(lab.world.violations(), []);
}

#[test]
fn the_job_of_a_start_ends_when_the_vm_is_up() {
    let mut lab = Lab::of(&spec(1));
    let vm = lab.vm("vm1");
    lab.ok(Command::StopVm { vm, reason: None });
    lab.pass(5.0);
    let job = lab.call(Command::StartVm { vm }).1.unwrap().job.unwrap();
    assert_eq!(lab.world.jobs[&job].status, JobStatus::Started);
    assert_eq!(lab.world.jobs[&job].correlation_id, "test");
    lab.pass(10.0);
    assert_eq!(lab.world.jobs[&job].status, JobStatus::Finished);
}
