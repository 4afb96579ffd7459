//! The simulated world: an oVirt engine's database and memory, and the hosts, arrays and cables outside of it.
//! Pure and deterministic: time comes in through [`World::advance_to`], durations come from the seed, nothing is read from
//! the machine it runs on.
//!
//! Reading order: `spec` (what a world is made of), `model` (the database), `outside` (what is true), `command` (what may
//! be asked), then what moves: `monitor` and the rest of the hosts, `pool`, `storage`, `vms`, `ha`, and `disasters`.

mod build;
mod command;
mod disasters;
mod ha;
mod ids;
mod model;
mod monitor;
mod outside;
mod pool;
mod queue;
mod rng;
mod spec;
#[cfg(test)]
mod tests;
mod timers;
mod vms;
mod words;

use std::collections::BTreeMap;
use std::fmt;

pub use command::{
    Answer, Begun, ClusterChange, Command, ConnectionChange, HostChange, Outcome, Refusal, RefusalBody, Tagged, Ticket,
    Violation, ViolationKind, VmChange,
};
pub use disasters::{OtherCopies, Reach};
pub use ids::{AgentId, ClusterId, ConnectionId, DataCenterId, DiskId, DomainId, HostId, JobId, NotAnId, TagId, VmId};
pub use model::{
    About, Attachment, Cluster, Connection, DataCenter, Disk, DiskStorage, Domain, Event, FenceAgent, FencingPolicy,
    HighAvailability, Host, Job, Placement, PowerManagement, Replica, Site, Summary, Tag, Target, Vm,
};
pub use outside::{Bmc, Guest, Link, Outside, SshManner};
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
    rng: rng::Rng,
    queue: queue::Queue,
    tickets: BTreeMap<Ticket, TicketState>,
    next_ticket: u64,
    next_event_id: u64,
    engine: Engine,
}

/// The engine process: running or not, and since when.
#[derive(Clone, Debug)]
struct Engine {
    running: bool,
    /// When it started, by a clock that may begin before the world.
    age_at_start: u64,
    started: SimTime,
}

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
            self.happen(due);
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

    fn dispatch(&mut self, _command: Command, _correlation_id: &str) -> Begun {
        Begun::Answered(Ok(Answer::default()))
    }

    fn happen(&mut self, _due: queue::Due) {}
}
