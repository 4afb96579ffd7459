//! A whole failover, a planned move, and what stays behind.

use super::*;

/// The whole failover as a client that does everything side by side would do it; the seconds from the first call.
fn fail_over(lab: &mut Lab) -> f64 {
    lab.world.lose_site("madrid").unwrap();
    lab.until_non_responsive("madrid");
    let begun = lab.second();
    lab.fencing(false);
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    lab.repoint("seville");
    for host in lab.hosts_of("seville") {
        lab.ok(lab.activate(&host));
    }
    let mut waiting = lab.hosts_of("madrid");
    // The treatment may hold the lock for a while: ask again.
    while !waiting.is_empty() {
        let commands = waiting.iter().map(|name| lab.confirm(name)).collect();
        let (_, results) = lab.together(commands);
        waiting = waiting
            .into_iter()
            .zip(results)
            .filter(|(_, result)| match result {
                Ok(_) => false,
                Err(refusal) => {
                    assert_eq!(refusal.http_status, 409, "{refusal:?}");
                    true
                }
            })
            .map(|(name, _)| name)
            .collect();
        lab.pass(5.0);
    }
    for host in lab.hosts_of("madrid") {
        assert_eq!(lab.world.host_named(&host).unwrap().summary.total, 0);
    }
    let commands = lab.hosts_of("madrid").iter().map(|name| lab.park(name)).collect();
    for result in lab.together(commands).1 {
        result.unwrap();
    }
    assert!(lab.wait(400.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)));
    for vm in lab.world.vms.values().map(|vm| vm.name.clone()).collect::<Vec<_>>() {
        if lab.vm_status(&vm) == VmStatus::Down {
            lab.ok(lab.start(&vm));
        }
    }
    assert!(lab.wait(120.0, |world| world.vms.values().all(|vm| vm.status == VmStatus::Up)), "{:?}", lab.seen);
    lab.second() - begun
}

#[test]
fn a_lost_site_of_three_hosts_and_eight_vms_is_recovered() {
    let mut spec = WorldSpec::two_sites(["madrid", "seville"], 3, 8, 1);
    spec.options.dead_lease = 5_000;
    let mut lab = Lab::of(&spec);
    lab.pass(60.0);
    let took = fail_over(&mut lab);
    assert!(took < 130.0, "{took}: {:?}", lab.seen);
    for domain in lab.world.domains.values() {
        assert_eq!(domain.attached.unwrap().status, DomainStatus::Active);
    }
    for host in lab.hosts_of("madrid") {
        assert_eq!(lab.status(&host), HostStatus::Maintenance);
    }
    assert_eq!(lab.world.violations(), []);
    // And now nothing changes, even when the lost site comes back: it is parked.
    lab.seen.clear();
    lab.world.restore_site("madrid").unwrap();
    lab.pass(1800.0);
    let moved: Vec<_> = lab.seen.iter().collect();
    assert!(moved.is_empty(), "{moved:?}");
    assert_eq!(lab.world.violations(), []);
}

#[test]
fn many_seeds_recover_without_a_violation() {
    for seed in 0..40 {
        let mut lab = Lab::new(2, 4, seed);
        lab.pass(20.0);
        fail_over(&mut lab);
        assert_eq!(lab.world.violations(), [], "seed {seed}");
    }
}

#[test]
fn after_a_resync_the_way_back_is_a_planned_move() {
    let mut spec = WorldSpec::two_sites(["madrid", "seville"], 2, 4, 3);
    spec.options.dead_lease = 5_000;
    let mut lab = Lab::of(&spec);
    lab.pass(20.0);
    fail_over(&mut lab);
    lab.world.restore_site("madrid").unwrap();
    lab.world.resync_from("seville").unwrap();
    lab.pass(60.0);
    for vm in 1..=4 {
        lab.ok(Command::ShutdownVm { vm: lab.vm(&format!("vm{vm}")), reason: None });
    }
    lab.pass(10.0);
    for host in lab.hosts_of("seville") {
        lab.ok(lab.park(&host));
    }
    assert!(lab.wait(60.0, |world| world.hosts.values().all(|host| host.status == HostStatus::Maintenance)));
    lab.pass(10.0);
    lab.world.promote("madrid", OtherCopies::ReadOnly).unwrap();
    lab.repoint("madrid");
    for host in lab.hosts_of("madrid") {
        lab.ok(lab.activate(&host));
    }
    assert!(lab.wait(60.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)));
    for vm in 1..=4 {
        lab.ok(lab.start(&format!("vm{vm}")));
    }
    assert!(lab.wait(30.0, |world| world.vms.values().all(|vm| vm.status == VmStatus::Up)));
    assert_eq!(lab.world.violations(), []);
}

#[test]
fn with_automatic_fencing_suspended_in_time_a_recovery_takes_half_a_minute() {
    for seed in 0..5 {
        let mut spec = WorldSpec::two_sites(["madrid", "seville"], 3, 8, seed);
        spec.options.dead_lease = 5_000;
        let mut lab = Lab::of(&spec);
        lab.pass(60.0);
        lab.world.lose_site("madrid").unwrap();
        lab.pass(30.0);
        lab.fencing(false);
        lab.until_non_responsive("madrid");
        let begun = lab.second();
        lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
        lab.repoint("seville");
        let mut commands: Vec<Command> = lab.hosts_of("seville").iter().map(|host| lab.activate(host)).collect();
        commands.extend(lab.hosts_of("madrid").iter().map(|host| lab.confirm(host)));
        for result in lab.together(commands).1 {
            result.unwrap();
        }
        assert!(lab.wait(60.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)));
        for vm in 1..=8 {
            let vm = format!("vm{vm}");
            if lab.vm_status(&vm) == VmStatus::Down && !lab.world.vm_named(&vm).unwrap().high_availability.enabled {
                lab.ok(lab.start(&vm));
            }
        }
        assert!(lab.wait(60.0, |world| world.vms.values().all(|vm| vm.status == VmStatus::Up)));
        let took = lab.second() - begun;
        assert!((8.0..60.0).contains(&took), "seed {seed}: {took}");
        assert_eq!(lab.world.violations(), []);
    }
}
