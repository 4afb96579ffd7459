//! The engine's own critical path: a failover by a script that knows everything about the world and sends every call at the first instant at
//! which the engine takes it. It reads nothing over the API, waits for nobody's answer but the engine's, and proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use engine_sim::world::{
    Begun, ClusterChange, ClusterId, Command, ConnectionChange, ConnectionId, DataCenterStatus, DomainStatus,
    FenceType, FencingPolicy, Host, HostChange, HostId, HostStatus, OtherCopies, SpmStatus, Target, Ticket, VmId,
    VmStatus, World,
};

/// What becomes of a failover's goal, as the world itself has it.
pub(crate) fn arrived(world: &World, from: &str) -> bool {
    let lost = |id: &HostId| world.hosts.get(id).is_some_and(|host| host.site == from);
    vms_up(world, from)
        && world.hosts.values().filter(|host| host.site == from).all(|host| host.status == HostStatus::Maintenance)
        && world.hosts.values().filter(|host| lost(&host.id)).all(|host| host.power_management.enabled)
        && world.clusters.values().all(|cluster| cluster.fencing_policy.enabled)
        && !world.tags.values().any(|tag| tag.name.starts_with(dr_core::OWED_TAG_PREFIX))
}

/// Whether every virtual machine is up at another site than the lost one.
pub(crate) fn vms_up(world: &World, from: &str) -> bool {
    world.vms.values().all(|vm| {
        let host = vm.host.and_then(|id| world.hosts.get(&id));
        vm.status == VmStatus::Up && host.is_some_and(|host| host.site != from)
    })
}

/// When what was reached, in milliseconds from the first call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) vms_up: u64,
    pub(crate) arrived: u64,
}

/// A failover that takes longer is none.
const LIMIT_MS: u64 = 3_600_000;
/// Where nothing is due sooner the script looks again after this long.
const LOOK_MS: u64 = 20;

/// Fails over, from this instant.
pub(crate) fn fail_over(world: &mut World, from: &str, to: &str) -> Result<Times, String> {
    let mut script = Script::new(world, from, to)?;
    let began = world.now;
    let mut times = Times::default();
    world.promote(to, OtherCopies::ReadOnly)?;
    loop {
        script.act(world);
        let passed = world.now.since(began);
        if times.vms_up == 0 && vms_up(world, from) {
            times.vms_up = passed;
        }
        // What is given back counts when its call is answered, as it does for the daemon.
        if script.flying.is_empty() && arrived(world, from) {
            times.arrived = passed;
            return Ok(times);
        }
        if passed > LIMIT_MS {
            return Err("the ideal failover does not arrive".to_owned());
        }
        let soon = world.now.plus(LOOK_MS);
        let next = world.next_event_at().filter(|at| *at > world.now).map_or(soon, |at| at.min(soon));
        world.advance_to(next);
    }
}

/// What one call is for; each is sent once unless it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Goal {
    Fencing(ClusterId, bool),
    Power(HostId, bool),
    Repointed(ConnectionId),
    Activated(HostId),
    Confirmed(HostId),
    Parked(HostId),
    Started(VmId),
}

struct Script {
    clusters: BTreeMap<ClusterId, FencingPolicy>,
    lost: Vec<HostId>,
    standby: Vec<HostId>,
    rows: Vec<(ConnectionId, Target)>,
    managed: Vec<HostId>,
    done: BTreeSet<Goal>,
    flying: BTreeMap<Goal, Ticket>,
}

impl Script {
    fn new(world: &World, from: &str, to: &str) -> Result<Script, String> {
        let at = |site: &str| {
            let hosts = world.hosts.values().filter(move |host| host.site == site);
            hosts.map(|host| host.id).collect::<Vec<HostId>>()
        };
        let mut rows = Vec::new();
        for domain in world.domains.values() {
            let copy = domain.copies.get(to).ok_or_else(|| format!("{} has no copy at {to}", domain.name))?;
            rows.extend(domain.connections.iter().copied().zip(copy.targets.iter().cloned()));
        }
        let managed = |host: &&Host| host.site == from && host.power_management.enabled;
        Ok(Script {
            clusters: world.clusters.values().map(|cluster| (cluster.id, cluster.fencing_policy)).collect(),
            lost: at(from),
            standby: at(to),
            rows,
            managed: world.hosts.values().filter(managed).map(|host| host.id).collect(),
            done: BTreeSet::new(),
            flying: BTreeMap::new(),
        })
    }

    /// Takes the answers that are there, and sends whatever may be sent now.
    fn act(&mut self, world: &mut World) {
        let ended: Vec<(Goal, bool)> = self
            .flying
            .iter()
            .filter_map(|(goal, ticket)| world.take(*ticket).map(|result| (*goal, result.is_ok())))
            .collect();
        for (goal, ok) in ended {
            self.flying.remove(&goal);
            if ok {
                self.done.insert(goal);
            }
        }
        for (cluster, policy) in self.clusters.clone() {
            self.set_fencing(world, cluster, FencingPolicy { enabled: false, ..policy }, false);
            let parked = self.lost.iter().all(|host| status(world, *host) == Some(HostStatus::Maintenance));
            if parked && policy.enabled {
                self.set_fencing(world, cluster, policy, true);
            }
        }
        for host in self.managed.clone() {
            self.set_power(world, host, false);
            if self.is_done(Goal::Power(host, false)) && status(world, host) == Some(HostStatus::Maintenance) {
                self.set_power(world, host, true);
            }
        }
        for (row, target) in self.rows.clone() {
            self.send(world, Goal::Repointed(row), || repointing(row, target));
        }
        if !self.rows.iter().all(|(row, _)| self.is_done(Goal::Repointed(*row))) {
            return;
        }
        for host in self.standby.clone() {
            self.send(world, Goal::Activated(host), || Command::ActivateHost { host });
        }
        for host in self.lost.clone() {
            self.confirm_and_park(world, host);
        }
        self.start(world);
    }

    fn confirm_and_park(&mut self, world: &mut World, host: HostId) {
        if self.is_done(Goal::Confirmed(host)) {
            self.send(world, Goal::Parked(host), || Command::DeactivateHost { host, reason: None });
        } else if status(world, host) == Some(HostStatus::NonResponsive) && may_be_confirmed(world, host) {
            self.send(world, Goal::Confirmed(host), || Command::Fence {
                host,
                fence_type: FenceType::Manual,
                maintenance_after_restart: false,
            });
        }
    }

    fn start(&mut self, world: &mut World) {
        let ready = world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)
            && world
                .domains
                .values()
                .all(|domain| domain.attached.is_none_or(|attached| attached.status == DomainStatus::Active));
        if !ready {
            return;
        }
        let down = world.vms.values().filter(|vm| vm.status == VmStatus::Down);
        for vm in down.map(|vm| vm.id).collect::<Vec<_>>() {
            // A start that a host refused is down again: it is sent again.
            self.done.remove(&Goal::Started(vm));
            self.send(world, Goal::Started(vm), || Command::StartVm { vm });
        }
    }

    fn set_fencing(&mut self, world: &mut World, cluster: ClusterId, policy: FencingPolicy, on: bool) {
        let change = ClusterChange { fencing_policy: Some(policy), ..ClusterChange::default() };
        self.send(world, Goal::Fencing(cluster, on), || Command::UpdateCluster { cluster, change });
    }

    fn set_power(&mut self, world: &mut World, host: HostId, on: bool) {
        let port = world.hosts.get(&host).map(|row| row.port);
        let change = HostChange { pm_enabled: Some(on), port, ..HostChange::default() };
        self.send(world, Goal::Power(host, on), || Command::UpdateHost { host, change });
    }

    /// Sends a call unless it is under way or done; one that is refused is sent again at the next instant.
    fn send(&mut self, world: &mut World, goal: Goal, command: impl FnOnce() -> Command) {
        if self.done.contains(&goal) || self.flying.contains_key(&goal) {
            return;
        }
        match world.begin(command(), "ideal") {
            Begun::Answered(Ok(_)) => {
                self.done.insert(goal);
            }
            Begun::Answered(Err(_)) => {}
            Begun::Pending(ticket) => {
                self.flying.insert(goal, ticket);
            }
        }
    }

    fn is_done(&self, goal: Goal) -> bool {
        self.done.contains(&goal)
    }
}

fn status(world: &World, host: HostId) -> Option<HostStatus> {
    world.hosts.get(&host).map(|host| host.status)
}

/// The SPM is confirmed only while its data center does not answer.
fn may_be_confirmed(world: &World, host: HostId) -> bool {
    if world.spm_status(host) == SpmStatus::None {
        return true;
    }
    world.data_centers.values().filter(|dc| dc.spm_host == Some(host)).all(|dc| {
        matches!(
            dc.status,
            DataCenterStatus::Problematic | DataCenterStatus::NotOperational | DataCenterStatus::Maintenance
        )
    })
}

fn repointing(connection: ConnectionId, target: Target) -> Command {
    let change = match target {
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
    Command::UpdateConnection { connection, force: true, change }
}
