//! Random disasters and requests: whatever happens, the world stays one that an engine could show.

use super::rng::Rng;
use super::*;

fn shown(world: &World) {
    for dc in world.data_centers.values() {
        let masters = world
            .domains
            .values()
            .filter(|domain| domain.master && domain.attached.is_some_and(|place| place.data_center == dc.id))
            .count();
        assert_eq!(masters, 1, "one master");
        if matches!(dc.status, DataCenterStatus::Up | DataCenterStatus::Contend) && dc.spm_host.is_none() {
            // For a moment only: after a clean stop of the role.
            assert_eq!(dc.status, DataCenterStatus::Up);
        }
        if let Some(host) = dc.spm_host {
            assert!(world.hosts.contains_key(&host), "the SPM exists");
        }
    }
    for vm in world.vms.values() {
        assert_eq!(vm.host.is_some(), !vm.status.is_not_running(), "{} {}", vm.name, vm.status);
        assert!(vm.host.is_none_or(|host| world.hosts.contains_key(&host)), "{} is on a host that exists", vm.name);
        let placed = world.hosts.keys().filter(|host| world.vms_on(**host).any(|on| on.id == vm.id));
        assert_eq!(placed.copied().collect::<Vec<_>>(), Vec::from_iter(vm.host), "{} is found where it is", vm.name);
    }
    for host in world.hosts.values() {
        let reasoned = matches!(
            host.status,
            HostStatus::NonOperational | HostStatus::Maintenance | HostStatus::PreparingForMaintenance
        );
        assert!(host.status_detail.is_none() || reasoned, "{} {:?}", host.status, host.status_detail);
        if !host.outside.alive() {
            assert!(host.outside.guests.is_empty() && !host.outside.is_spm && host.outside.mounts.is_empty());
        }
    }
    assert!(world.next_event_at().is_none_or(|at| at >= world.now));
}

fn pick<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[usize::try_from(rng.next()).unwrap() % all.len()]
}

fn storm(seed: u64, steps: u32) -> Vec<ViolationKind> {
    let mut rng = Rng::new(seed);
    let mut world = World::new(&WorldSpec::two_sites(["madrid", "seville"], 3, 8, seed)).unwrap();
    let mut flying: Vec<Ticket> = vec![];
    for _ in 0..steps {
        let hosts: Vec<HostId> = world.hosts.keys().copied().collect();
        let vms: Vec<VmId> = world.vms.keys().copied().collect();
        let domains: Vec<DomainId> = world.domains.keys().copied().collect();
        let host = pick(&mut rng, &hosts);
        let vm = pick(&mut rng, &vms);
        let domain = pick(&mut rng, &domains);
        let site = pick(&mut rng, &["madrid", "seville"]);
        let data_center = *world.data_centers.keys().next().unwrap();
        let command = match rng.between(0, 24) {
            0 => {
                world.lose_site(site).unwrap();
                None
            }
            1 => {
                world.refuse_site(site).unwrap();
                None
            }
            2 => {
                world.partition_site(site).unwrap();
                None
            }
            3 => {
                world.lose_storage(site).unwrap();
                None
            }
            4..=6 => {
                world.restore_site(site).unwrap();
                None
            }
            7 => {
                world.promote(site, pick(&mut rng, &[OtherCopies::ReadOnly, OtherCopies::StayWritable])).unwrap();
                None
            }
            8 => {
                world.power_off(host);
                None
            }
            9 => {
                world.restart_engine();
                None
            }
            10 => Some(Command::ActivateHost { host }),
            11 => Some(Command::DeactivateHost { host, reason: Some("storm".to_owned()) }),
            12..=14 => Some(Command::Fence {
                host,
                fence_type: pick(&mut rng, FenceType::ALL),
                maintenance_after_restart: false,
            }),
            15 => Some(Command::StartVm { vm }),
            16 => Some(Command::StopVm { vm, reason: None }),
            17 => Some(Command::ShutdownVm { vm, reason: None }),
            18 => Some(Command::MigrateVm { vm, host: None }),
            19 => Some(Command::ActivateDomain { data_center, domain }),
            20 => Some(Command::DeactivateDomain { data_center, domain, force: true }),
            21 => Some(Command::ForceSelectSpm { host }),
            _ => {
                let row = &world.domains[&domain];
                let change = match row.copies[site].targets[0].clone() {
                    Target::Mount { address, path } => {
                        ConnectionChange { address: Some(address), path: Some(path), ..ConnectionChange::default() }
                    }
                    Target::Portal { address, port, target } => ConnectionChange {
                        address: Some(address),
                        port: Some(u32::from(port)),
                        target: Some(target),
                        ..ConnectionChange::default()
                    },
                };
                Some(Command::UpdateConnection { connection: row.connections[0], force: true, change })
            }
        };
        if let Some(command) = command {
            match world.begin(command, "storm") {
                Begun::Answered(Ok(_)) => {}
                Begun::Answered(Err(refusal)) => assert!([400, 404, 409].contains(&refusal.http_status), "{refusal:?}"),
                Begun::Pending(ticket) => flying.push(ticket),
            }
        }
        shown(&world);
        let wait = rng.between(0, 40_000);
        let until = world.now.plus(wait);
        while let Some(at) = world.next_event_at().filter(|at| *at <= until) {
            world.advance_to(at);
            shown(&world);
        }
        world.advance_to(until);
        flying.retain(|ticket| world.due(*ticket).is_some() && world.take(*ticket).is_none());
    }
    // Nothing blocks for ever.
    world.advance_to(world.now.plus(3_600_000));
    for ticket in flying {
        assert!(world.due(ticket).is_none() || world.take(ticket).is_some());
    }
    world.violations().iter().map(|violation| violation.kind).collect()
}

#[test]
fn whatever_happens_the_world_is_one_that_an_engine_could_show() {
    let mut broken: Vec<ViolationKind> = (0..60).flat_map(|seed| storm(seed, 60)).collect();
    broken.sort();
    broken.dedup();
    // Blind requests in a storm break rules: a watch that saw none would be asleep.
    assert!(broken.contains(&ViolationKind::LivingHostConfirmed), "{broken:?}");
    assert!(broken.contains(&ViolationKind::ConnectionWrittenUnderLivingHost), "{broken:?}");
    assert!(broken.contains(&ViolationKind::PromotedUnderLivingHost), "{broken:?}");
    assert!(broken.len() >= 5, "{broken:?}");
}
