//! The simulated world: an oVirt engine's database and memory, and the hosts, arrays and cables outside of it.
//! Pure and deterministic: time comes in through [`World::advance_to`], durations come from the seed, nothing is read from
//! the machine it runs on.
//!
//! Two halves that meet only where the engine polls a host or a host reaches storage: the engine's database (`model`) and
//! what is true (`outside`). The engine's side knows of the second only what answers it; the world's own watch
//! ([`World::violations`]) knows all of it.
//!
//! Reading order: `spec` (what a world is made of), `file` (how a person writes one down), `model`, `outside`, `command` (what may be asked); then what moves:
//! `queue`, `timers`, `reach`, `monitor`, `settle`, the requests about hosts, `pool` and `election`, `domains`,
//! `connections`, `vms`, `placed`, `guests`, `ha`, `engine` (stop and start), and last `disasters` and `watch`.

mod ids;
mod words;

mod command;
mod model;
mod outside;
mod spec;

mod build;
mod file;
mod queue;
pub mod timers;

mod monitor;
mod reach;
mod settle;

mod confirm;
mod hosts;
mod power;
mod treatment;

mod election;
mod pool;

mod connections;
mod domains;

mod guests;
mod ha;
mod placed;
mod vm_commands;
mod vms;

mod engine;
mod tags;

mod disasters;
mod watch;

mod jobs;
mod log;
mod rng;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use command::{
    Answer, Begun, ClusterChange, Command, ConnectionChange, HostChange, Outcome, Refusal, RefusalBody, Tagged, Ticket,
    Violation, ViolationKind, VmChange,
};
pub use disasters::OtherCopies;
pub use file::{MAX_WORLD_FILE, WorldFile, WorldFileError};
pub use ids::{AgentId, ClusterId, ConnectionId, DataCenterId, DiskId, DomainId, HostId, JobId, NotAnId, TagId, VmId};
pub use model::{
    About, Attachment, Cluster, Connection, DataCenter, Disk, DiskStorage, Domain, Event, FenceAgent, FencingPolicy,
    HighAvailability, Host, Job, Placement, PowerManagement, Replica, Site, Summary, Tag, Target, Vm,
};
pub use outside::{Bmc, Guest, Link, Outside, SshManner};
use queue::{Due, Rest};
pub use reach::Reach;
pub use spec::{ClusterSpec, DataCenterSpec, DomainSpec, HostSpec, Options, SiteSpec, Unpromoted, VmSpec, WorldSpec};
pub use words::{
    Affinity, DataCenterStatus, DiskStatus, DomainStatus, DomainType, FenceType, HostStatus, JobStatus, Severity,
    SpmStatus, StorageType, UnknownWord, VmStatus,
};

/// Milliseconds since the world began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub u64);

impl SimTime {
    /// This long later.
    #[must_use]
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds since `earlier`, 0 if it is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// The world. The public fields are for reading (rendering, assertions); changes go through [`World::begin`] and the
/// methods that play disasters and people.
pub struct World {
    /// Now.
    pub now: SimTime,
    /// Timing of hosts and storage.
    pub options: Options,
    /// Sites by name.
    pub sites: BTreeMap<String, Site>,
    /// Data centers.
    pub data_centers: BTreeMap<DataCenterId, DataCenter>,
    /// Clusters.
    pub clusters: BTreeMap<ClusterId, Cluster>,
    /// Hosts.
    pub hosts: BTreeMap<HostId, Host>,
    /// Storage connections.
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// Storage domains.
    pub domains: BTreeMap<DomainId, Domain>,
    /// Disks.
    pub disks: BTreeMap<DiskId, Disk>,
    /// Virtual machines.
    pub vms: BTreeMap<VmId, Vm>,
    /// Tags.
    pub tags: BTreeMap<TagId, Tag>,
    /// The audit log, oldest first.
    pub events: Vec<Event>,
    /// Jobs.
    pub jobs: BTreeMap<JobId, Job>,
    /// The engine's identity (`product_info.instance_id`).
    pub instance_id: String,
    violations: Vec<Violation>,
    /// When the request arrived that is being carried out, if the engine sat on it.
    pub(crate) asked_at: Option<SimTime>,
    rng: rng::Rng,
    queue: queue::Queue,
    tickets: BTreeMap<Ticket, TicketState>,
    next_ticket: u64,
    next_event_id: u64,
    engine: engine::Engine,
    first_cluster: Option<ClusterId>,
    /// The rows of `vms` by their host.
    placed: BTreeMap<HostId, BTreeSet<VmId>>,
    /// What migrates, and perhaps what has lately.
    migrating: BTreeSet<VmId>,
    /// Counts what changed outside.
    changes: u64,
    /// Counts those changes that may concern every host, so that a poll of a host where nothing changed costs nothing.
    upheavals: u64,
    /// Rises with everything that an answer could show: two answers of one revision are the same.
    pub(crate) revision: u64,
    /// How often it rose because time went on: what people do, and what names things have, changed at other times.
    pub(crate) by_time: u64,
}

/// A host's status and counters, when its guests were last reported, events and changes outside.
type Seen = (HostStatus, model::Summary, (u64, bool), usize, u64);

#[derive(Debug)]
enum TicketState {
    Waiting(SimTime),
    Ready(Result<Answer, Refusal>),
}

impl World {
    /// Makes the world that `spec` describes. Names that point nowhere are an error that says which.
    pub fn new(spec: &WorldSpec) -> Result<Self, String> {
        build::build(spec)
    }

    /// Lets time pass: all that is due until `to` happens, in order.
    pub fn advance_to(&mut self, to: SimTime) {
        while let Some((at, due)) = self.queue.pop_until(to) {
            self.now = at;
            let seen = self.seen_by(&due);
            self.happen(due);
            if seen.is_none_or(|(due, before)| self.seen_by(&due).is_none_or(|(_, after)| after != before)) {
                self.revision += 1;
                self.by_time += 1;
            }
        }
        if to > self.now {
            self.now = to;
        }
    }

    /// When something is due next; the world does not change before.
    pub fn next_event_at(&self) -> Option<SimTime> {
        self.queue.next_at()
    }

    /// Starts a request at the present instant. `correlation_id` marks its events and job.
    pub fn begin(&mut self, command: Command, correlation_id: &str) -> Begun {
        self.revision += 1;
        self.dispatch(command, correlation_id)
    }

    /// The answer of a blocked request, once; `None` while it still blocks, and when it was taken already.
    pub fn take(&mut self, ticket: Ticket) -> Option<Result<Answer, Refusal>> {
        match self.tickets.get(&ticket) {
            Some(TicketState::Ready(_)) => match self.tickets.remove(&ticket) {
                Some(TicketState::Ready(result)) => Some(result),
                Some(TicketState::Waiting(_)) | None => None,
            },
            Some(TicketState::Waiting(_)) | None => None,
        }
    }

    /// When to look at a blocked request again: it is not answered before, and may block on after.
    pub fn due(&self, ticket: Ticket) -> Option<SimTime> {
        match self.tickets.get(&ticket) {
            Some(TicketState::Waiting(at)) => Some(*at),
            Some(TicketState::Ready(_)) => Some(self.now),
            None => None,
        }
    }

    /// What must never have happened, oldest first.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Wall clock of an instant, ms since 1970.
    pub fn unix_ms(&self, at: SimTime) -> u64 {
        self.options.epoch_ms.saturating_add(at.0)
    }

    /// `spm.status` of a host, as the engine computes it from the data center's row.
    pub fn spm_status(&self, host: HostId) -> SpmStatus {
        match self.data_centers.values().find(|dc| dc.spm_host == Some(host)) {
            Some(dc) if dc.status == DataCenterStatus::Contend => SpmStatus::Contending,
            Some(_) => SpmStatus::Spm,
            None => SpmStatus::None,
        }
    }

    /// The host of this name.
    pub fn host_named(&self, name: &str) -> Option<&Host> {
        self.hosts.values().find(|host| host.name == name)
    }

    /// The VM of this name.
    pub fn vm_named(&self, name: &str) -> Option<&Vm> {
        self.vms.values().find(|vm| vm.name == name)
    }

    /// The domain of this name.
    pub fn domain_named(&self, name: &str) -> Option<&Domain> {
        self.domains.values().find(|domain| domain.name == name)
    }

    /// Keeps a request until `at`.
    pub(crate) fn block(&mut self, at: SimTime, rest: Rest) -> Begun {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.tickets.insert(ticket, TicketState::Waiting(at));
        self.queue.push(at, Due::Finish { ticket, rest });
        Begun::Pending(ticket)
    }

    fn finish(&mut self, ticket: Ticket, rest: Rest) {
        let result = match rest {
            Rest::Confirm { host, correlation, cleared } => self.confirmed(host, &correlation, &cleared),
            Rest::Park { host, correlation } => self.parked(host, &correlation),
            Rest::PowerStop { host, correlation, before } => self.power_stopped(host, before, &correlation),
            Rest::PowerStart { host, correlation } => self.power_started(host, &correlation),
            Rest::PowerStatus { host } => self.power_status(host),
            Rest::Answer(result) => result,
        };
        self.tickets.insert(ticket, TicketState::Ready(result));
    }

    fn dispatch(&mut self, command: Command, correlation: &str) -> Begun {
        Begun::Answered(match command {
            Command::ActivateHost { host } => self.activate_host(host, correlation),
            Command::DeactivateHost { host, reason } => return self.deactivate_host(host, reason, correlation),
            Command::Fence { host, fence_type, maintenance_after_restart } => {
                return self.fence(host, fence_type, maintenance_after_restart, correlation);
            }
            Command::ForceSelectSpm { host } => self.force_select_spm(host, correlation),
            Command::RefreshHost { host } => self.refresh_host(host),
            Command::UpdateHost { host, change } => return self.update_host(host, change, correlation),
            Command::RemoveHost { host } => self.delete_host(host),
            Command::AddFenceAgent { host, kind, address, username, order } => {
                self.add_fence_agent(host, kind, address, username, order)
            }
            Command::RemoveFenceAgent { host, agent } => self.remove_fence_agent(host, agent, correlation),
            Command::UpdateCluster { cluster, change } => self.update_cluster(cluster, change, correlation),
            Command::AddConnection { kind, change } => self.add_connection(kind, change),
            Command::UpdateConnection { connection, force, change } => {
                return self.update_connection(connection, force, change, correlation);
            }
            Command::RemoveConnection { connection } => self.remove_connection(connection, correlation),
            Command::ActivateDomain { data_center, domain } => {
                return self.activate_domain(data_center, domain, correlation);
            }
            Command::DeactivateDomain { data_center, domain, force: _ } => self.deactivate_domain(data_center, domain),
            Command::StartVm { vm } => self.start_vm(vm, correlation),
            Command::StopVm { vm, reason } => self.stop_vm(vm, reason, correlation),
            Command::ShutdownVm { vm, reason } => self.shutdown_vm(vm, reason, correlation),
            Command::MigrateVm { vm, host } => self.migrate_vm(vm, host, correlation),
            Command::UpdateVm { vm, change } => self.update_vm(vm, change, correlation),
            Command::CreateTag { name, description, parent } => self.create_tag(name, description, parent, correlation),
            Command::UpdateTag { tag, name, description } => self.update_tag(tag, name, description),
            Command::DeleteTag { tag } => self.delete_tag(tag),
            Command::AssignTag { to, name } => self.assign_tag(to, &name),
            Command::UnassignTag { from, tag } => self.unassign_tag(from, tag),
            Command::AddEvent { severity, description, origin, custom_id } => {
                self.add_event(severity, description, origin, custom_id, correlation)
            }
        })
    }

    /// What may show of a look that mostly finds all as it was, to be compared before and after it. `None`: it counts as a change.
    fn seen_by(&self, due: &Due) -> Option<(Due, Seen)> {
        let host = match due {
            Due::Poll { host, .. } | Due::PollFailed { host, .. } => self.hosts.get(host)?,
            Due::Settled { .. }
            | Due::PoolTick { .. }
            | Due::SpmStarted { .. }
            | Due::MasterBack { .. }
            | Due::SpmForgotten { .. }
            | Due::NotOperationalEnds { .. }
            | Due::AutoRecovery
            | Due::StartupFencing
            | Due::Power { .. }
            | Due::HaTick { .. }
            | Due::VmStep { .. }
            | Due::LeaseRestart { .. }
            | Due::DomainStep { .. }
            | Due::Finish { .. }
            | Due::Booted { .. }
            | Due::Disconnect { .. } => return None,
        };
        let guests_reported = (host.monitor.upheavals_seen, host.monitor.looks_again);
        Some((due.clone(), (host.status, host.summary, guests_reported, self.events.len(), self.changes)))
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Poll { host, turn } => self.poll(host, turn),
            Due::PollFailed { host, turn } => self.poll_failed(host, turn),
            Due::Settled { host, token } => self.settled(host, token),
            Due::PoolTick { data_center, turn } => self.pool_tick(data_center, turn),
            Due::SpmStarted { data_center, token } => self.spm_started(data_center, token),
            Due::MasterBack { data_center, from, to } => self.master_back(data_center, from, to),
            Due::SpmForgotten { data_center, host } => self.spm_forgotten(data_center, host),
            Due::NotOperationalEnds { data_center } => self.not_operational_ends(data_center),
            Due::AutoRecovery => self.auto_recovery(),
            Due::StartupFencing => self.startup_fencing(),
            Due::Power { host, token, step } => self.power_step(host, token, step),
            Due::HaTick { turn } => self.ha_tick(turn),
            Due::VmStep { vm, token } => self.vm_step(vm, token),
            Due::LeaseRestart { host, turn } => self.lease_restart(host, turn),
            Due::DomainStep { domain } => self.domain_step(domain),
            Due::Finish { ticket, rest } => self.finish(ticket, rest),
            Due::Booted { host } => self.booted(host),
            Due::Disconnect { host, token } => self.disconnect(host, token),
        }
    }
}
