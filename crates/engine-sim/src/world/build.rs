//! From the description to the world.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::Engine;
use super::ids::{AgentId, ClusterId, ConnectionId, DataCenterId, DiskId, DomainId, HostId, VmId};
use super::model::{
    Attachment, Cluster, Connection, DataCenter, Disk, DiskStorage, Domain, Exit, FenceAgent, HighAvailability, Host,
    Placement, PowerManagement, Replica, Site, Summary, Target, Vm,
};
use super::outside::{Guest, Link, Outside};
use super::pool::{Lease, Pool};
use super::queue::Queue;
use super::rng::Rng;
use super::spec::{ClusterSpec, DataCenterSpec, DomainSpec, HostSpec, SiteSpec, VmSpec, WorldSpec};
use super::vms::{Run, VmLease};
use super::words::{
    Affinity, DataCenterStatus, DiskStatus, DomainStatus, DomainType, HostStatus, StorageType, VmStatus,
};
use super::{SimTime, World};

const GIB: u64 = 1 << 30;

pub(crate) fn build(spec: &WorldSpec) -> Result<World, String> {
    let mut rng = Rng::new(spec.seed);
    let instance_id = DataCenterId(rng.id()).to_string();
    let mut world = World {
        now: SimTime(0),
        options: spec.options.clone(),
        sites: BTreeMap::new(),
        data_centers: BTreeMap::new(),
        clusters: BTreeMap::new(),
        hosts: BTreeMap::new(),
        connections: BTreeMap::new(),
        domains: BTreeMap::new(),
        disks: BTreeMap::new(),
        vms: BTreeMap::new(),
        tags: BTreeMap::new(),
        events: vec![],
        jobs: BTreeMap::new(),
        instance_id,
        violations: vec![],
        asked_at: None,
        rng,
        queue: Queue::default(),
        tickets: BTreeMap::new(),
        next_ticket: 0,
        next_event_id: 1000,
        engine: Engine { running: true, age_at_start: spec.options.engine_age, started: SimTime(0), ha_turn: 0 },
        first_cluster: None,
        placed: BTreeMap::new(),
        migrating: BTreeSet::new(),
        changes: 1,
        upheavals: 1,
        revision: 0,
        by_time: 0,
    };
    add_pools(&mut world, spec)?;
    for site in &spec.sites {
        add_site(&mut world, site)?;
    }
    let active = spec.sites.iter().find(|site| site.active).or(spec.sites.first()).map(|site| site.name.clone());
    for domain in &spec.domains {
        let first = spec.data_centers.first().map(|data_center| data_center.name.as_str());
        add_domain(&mut world, domain, active.as_deref(), first)?;
    }
    settle_masters(&mut world);
    connect_up_hosts(&mut world);
    for vm in &spec.vms {
        add_vm(&mut world, vm)?;
    }
    start_spms(&mut world);
    for host in world.hosts.values_mut() {
        let total = u32::try_from(host.outside.guests.len()).unwrap_or(u32::MAX);
        host.summary = Summary { active: total, migrating: 0, total };
    }
    world.resume();
    Ok(world)
}

fn add_pools(world: &mut World, spec: &WorldSpec) -> Result<(), String> {
    let default_pool = [DataCenterSpec { name: "dr-dc".to_owned() }];
    let pools = if spec.data_centers.is_empty() { &default_pool[..] } else { &spec.data_centers };
    for pool in pools {
        let id = DataCenterId(world.rng.id());
        let row = DataCenter {
            id,
            name: pool.name.clone(),
            description: String::new(),
            status: DataCenterStatus::Uninitialized,
            spm_host: None,
            master_version: 1,
            pool: Pool::default(),
        };
        world.data_centers.insert(id, row);
    }
    let first = pools.first().map(|pool| pool.name.clone());
    let default_cluster =
        [ClusterSpec { name: "dr-cluster".to_owned(), data_center: None, fencing_policy: Default::default() }];
    let clusters = if spec.clusters.is_empty() { &default_cluster[..] } else { &spec.clusters };
    for cluster in clusters {
        let wanted = cluster.data_center.as_ref().or(first.as_ref());
        let data_center = data_center_named(world, wanted.map(String::as_str))?;
        let id = ClusterId(world.rng.id());
        let row = Cluster {
            id,
            name: cluster.name.clone(),
            description: String::new(),
            comment: String::new(),
            data_center,
            fencing_policy: cluster.fencing_policy,
        };
        world.clusters.insert(id, row);
        world.first_cluster.get_or_insert(id);
    }
    Ok(())
}

fn data_center_named(world: &World, name: Option<&str>) -> Result<DataCenterId, String> {
    world
        .data_centers
        .values()
        .find(|row| name.is_none_or(|name| row.name == name))
        .map(|row| row.id)
        .ok_or_else(|| format!("no data center `{}`", name.unwrap_or_default()))
}

fn cluster_named(world: &World, name: Option<&str>) -> Result<ClusterId, String> {
    match name {
        None => world.first_cluster.ok_or_else(|| "no cluster".to_owned()),
        Some(name) => world
            .clusters
            .values()
            .find(|row| row.name == name)
            .map(|row| row.id)
            .ok_or_else(|| format!("no cluster `{name}`")),
    }
}

fn add_site(world: &mut World, site: &SiteSpec) -> Result<(), String> {
    let row =
        Site { name: site.name.clone(), network: Link::Answering, storage_up: true, witnesses: site.witnesses.clone() };
    world.sites.insert(site.name.clone(), row);
    for host in &site.hosts {
        add_host(world, &site.name, host, host.active.unwrap_or(site.active))?;
    }
    Ok(())
}

/// Adds a host, `up` or in maintenance.
pub(crate) fn add_host(world: &mut World, site: &str, spec: &HostSpec, up: bool) -> Result<HostId, String> {
    let cluster = cluster_named(world, spec.cluster.as_deref())?;
    let id = HostId(world.rng.id());
    let number = world.hosts.len() + 1;
    let fence_agents = if spec.power_management {
        vec![FenceAgent {
            id: AgentId(world.rng.id()),
            kind: "ipmilan".to_owned(),
            address: format!("10.100.{}.{}", number / 250, number % 250),
            username: "admin".to_owned(),
            order: 1,
        }]
    } else {
        vec![]
    };
    let row = Host {
        id,
        name: spec.name.clone(),
        comment: String::new(),
        address: spec.address.clone(),
        port: spec.port,
        cluster,
        site: site.to_owned(),
        status: if up { HostStatus::Up } else { HostStatus::Maintenance },
        status_detail: None,
        spm_priority: spec.spm_priority,
        power_management: PowerManagement {
            enabled: spec.power_management,
            automatic_pm_enabled: true,
            kdump_detection: true,
        },
        fence_agents,
        summary: Summary::default(),
        external_status: "ok".to_owned(),
        tags: BTreeSet::new(),
        reinstallation_required: false,
        outside: Outside {
            powered: true,
            boots_at: None,
            alive_since: SimTime(0),
            link: Link::Answering,
            ssh: spec.ssh,
            bmc: spec.bmc,
            mounts: BTreeMap::new(),
            guests: BTreeMap::new(),
            is_spm: false,
            spm_stuck: false,
            storage_delay: spec.storage_delay,
            storage_cut: false,
        },
        monitor: super::monitor::Monitor { last_ok: Some(SimTime(0)), ..Default::default() },
    };
    world.hosts.insert(id, row);
    Ok(id)
}

fn add_domain(world: &mut World, spec: &DomainSpec, active: Option<&str>, first: Option<&str>) -> Result<(), String> {
    let at = spec.at.as_deref().or(active.filter(|site| spec.copies.contains_key(*site))).or(spec
        .copies
        .keys()
        .next()
        .map(String::as_str));
    let attached = match spec.data_center.as_deref() {
        Some("-") => None,
        name => {
            let data_center = data_center_named(world, name.or(first))?;
            Some(Attachment { data_center, status: DomainStatus::Active })
        }
    };
    let mut connections = vec![];
    let targets = at.and_then(|site| spec.copies.get(site)).cloned().unwrap_or_default();
    if spec.storage != StorageType::Fcp {
        for target in targets {
            connections.push(connection_for(world, spec.storage, target));
        }
    }
    let block = matches!(spec.storage, StorageType::Iscsi | StorageType::Fcp);
    let id = DomainId(world.rng.id());
    let lun = block.then(|| format!("36001405{:024x}", world.rng.next()));
    let volume_group = block.then(|| DomainId(world.rng.id()).to_string());
    let copies = spec
        .copies
        .iter()
        .map(|(site, targets)| {
            let writable = at == Some(site.as_str());
            (site.clone(), Replica { targets: targets.clone(), writable, promoted_at: None })
        })
        .collect();
    let row = Domain {
        id,
        name: spec.name.clone(),
        kind: spec.kind,
        storage: spec.storage,
        master: spec.master,
        attached,
        connections,
        volume_group,
        lun,
        available: Some(45 * GIB),
        used: Some(5 * GIB),
        copies,
        bad_since: None,
        locked_until: SimTime(0),
        activates: false,
        last_master: u32::from(spec.master),
    };
    world.domains.insert(id, row);
    Ok(())
}

/// The row of a target: one row serves all that name the same place.
fn connection_for(world: &mut World, kind: StorageType, target: Target) -> ConnectionId {
    if let Some(row) = world.connections.values().find(|row| row.target == target) {
        return row.id;
    }
    let id = ConnectionId(world.rng.id());
    let mut row = Connection::new(id, kind, target);
    match kind {
        StorageType::Nfs => row.nfs_version = Some("auto".to_owned()),
        StorageType::Posixfs => row.vfs_type = Some("ceph".to_owned()),
        StorageType::Glusterfs => row.vfs_type = Some("glusterfs".to_owned()),
        StorageType::Iscsi | StorageType::Fcp | StorageType::Localfs => {}
    }
    world.connections.insert(id, row);
    id
}

/// Every data center with a data domain has exactly one master.
fn settle_masters(world: &mut World) {
    let ids: Vec<DataCenterId> = world.data_centers.keys().copied().collect();
    for id in ids {
        let mut data: Vec<_> = world
            .domains
            .values()
            .filter(|domain| {
                domain.kind == DomainType::Data && domain.attached.is_some_and(|place| place.data_center == id)
            })
            .map(|domain| (!domain.master, domain.name.clone(), domain.id))
            .collect();
        data.sort();
        for (index, (_, _, domain)) in data.iter().enumerate() {
            if let Some(row) = world.domains.get_mut(domain) {
                row.master = index == 0;
            }
        }
        if !data.is_empty()
            && let Some(row) = world.data_centers.get_mut(&id)
        {
            row.status = DataCenterStatus::Up;
        }
    }
}

fn connect_up_hosts(world: &mut World) {
    let rows: Vec<(DataCenterId, ConnectionId, Target)> = world
        .domains
        .values()
        .filter_map(|domain| domain.attached.map(|place| (place.data_center, domain)))
        .flat_map(|(data_center, domain)| domain.connections.iter().map(move |id| (data_center, *id)))
        .filter_map(|(data_center, id)| world.connections.get(&id).map(|row| (data_center, id, row.target.clone())))
        .collect();
    let up: Vec<HostId> =
        world.hosts.values().filter(|host| host.status == HostStatus::Up).map(|host| host.id).collect();
    for host in up {
        let data_center = world.host_data_center(host);
        if let Some(row) = world.hosts.get_mut(&host) {
            for (pool, id, target) in &rows {
                if Some(*pool) == data_center {
                    row.outside.mounts.insert(*id, target.clone());
                }
            }
        }
    }
}

fn add_vm(world: &mut World, spec: &VmSpec) -> Result<(), String> {
    let host = match &spec.host {
        None => None,
        Some(name) => {
            let row = world.host_named(name).ok_or_else(|| format!("VM `{}`: no host `{name}`", spec.name))?;
            if row.status != HostStatus::Up {
                return Err(format!("VM `{}`: host `{name}` is not up", spec.name));
            }
            Some((row.id, row.cluster))
        }
    };
    let cluster = match host {
        Some((_, cluster)) => cluster,
        None => cluster_named(world, spec.cluster.as_deref())?,
    };
    let domain = |world: &World, name: &str| {
        world.domain_named(name).map(|row| row.id).ok_or_else(|| format!("VM `{}`: no domain `{name}`", spec.name))
    };
    let mut disks = vec![];
    for (number, name) in spec.disks.iter().enumerate() {
        let storage = DiskStorage::Image { domain: domain(world, name)? };
        disks.push(add_disk(world, format!("{}-disk{}", spec.name, suffix(number)), storage));
    }
    if !spec.direct_lun.is_empty() {
        let connections =
            spec.direct_lun.iter().map(|target| connection_for(world, StorageType::Iscsi, target.clone())).collect();
        let lun = format!("36001405{:024x}", world.rng.next());
        disks.push(add_disk(world, format!("{}-lun", spec.name), DiskStorage::Lun { lun, connections }));
    }
    let lease = spec.lease.as_deref().map(|name| domain(world, name)).transpose()?;
    let mut hosts = vec![];
    for name in &spec.pinned {
        hosts.push(world.host_named(name).ok_or_else(|| format!("VM `{}`: no host `{name}`", spec.name))?.id);
    }
    let id = VmId(world.rng.id());
    let running = host.map(|(host, _)| host);
    let row = Vm {
        id,
        name: spec.name.clone(),
        description: String::new(),
        comment: String::new(),
        cluster,
        status: if running.is_some() { VmStatus::Up } else { VmStatus::Down },
        host: None,
        high_availability: HighAvailability { enabled: spec.ha, priority: spec.priority },
        lease,
        memory: spec.memory,
        placement: Placement {
            affinity: if hosts.is_empty() { Affinity::Migratable } else { Affinity::Pinned },
            hosts,
        },
        disks,
        tags: BTreeSet::new(),
        stop_reason: None,
        start_time: running.map(|_| SimTime(0)),
        stop_time: None,
        next_run_configuration_exists: false,
        exit: Exit::Normal,
        run: Run {
            ignores_shutdown: spec.ignores_shutdown,
            lease: lease.and(running).map(|holder| VmLease { holder, free_at: None }),
            ..Run::default()
        },
        ha: None,
    };
    world.vms.insert(id, row);
    world.move_vm(id, running);
    if let Some(host) = running.and_then(|host| world.hosts.get_mut(&host)) {
        host.outside.guests.insert(id, Guest { since: SimTime(0) });
    }
    Ok(())
}

fn suffix(number: usize) -> String {
    if number == 0 { String::new() } else { format!("{}", number + 1) }
}

fn add_disk(world: &mut World, name: String, storage: DiskStorage) -> DiskId {
    let id = DiskId(world.rng.id());
    world.disks.insert(id, Disk { id, name, storage, size: GIB, status: DiskStatus::Ok });
    id
}

/// Each data center with an up host that sees the master has a working SPM.
fn start_spms(world: &mut World) {
    let ids: Vec<DataCenterId> = world.data_centers.keys().copied().collect();
    for id in ids {
        let Some(master) = world.master(id) else { continue };
        let mut hosts: Vec<_> = world
            .up_hosts(id)
            .into_iter()
            .filter_map(|host| world.hosts.get(&host))
            .filter(|host| host.spm_priority >= 0)
            .map(|host| (std::cmp::Reverse(host.spm_priority), host.name.clone(), host.id))
            .collect();
        hosts.sort();
        let spm = hosts.into_iter().find_map(|(_, _, host)| world.sees(host, master).map(|site| (host, site)));
        match spm {
            Some((host, site)) => {
                if let Some(row) = world.hosts.get_mut(&host) {
                    row.outside.is_spm = true;
                }
                if let Some(row) = world.data_centers.get_mut(&id) {
                    row.spm_host = Some(host);
                    row.pool.connected = true;
                    row.pool.lease = Some(Lease { owner: host, site, free_at: None });
                }
            }
            None => world.set_data_center(id, DataCenterStatus::Problematic),
        }
    }
}
