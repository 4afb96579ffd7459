//! What is due when: a heap ordered by instant, then by the order of asking.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::SimTime;
use super::command::Ticket;
use super::ids::{DataCenterId, DomainId, HostId, VmId};

/// Something that happens at an instant. A `token` or `turn` that is no longer current makes it void.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// A host's monitor looks at it.
    Poll { host: HostId, turn: u32 },
    /// The look failed.
    PollFailed { host: HostId, turn: u32 },
    /// A host that is shown `up` has finished to connect its storage, or failed to.
    Settled { host: HostId, token: u32 },
    /// The pool job of a data center.
    PoolTick { data_center: DataCenterId, turn: u32 },
    /// An SPM start ends.
    SpmStarted { data_center: DataCenterId, token: u32 },
    /// A master role that moved in vain goes back.
    MasterBack { data_center: DataCenterId, from: DomainId, to: DomainId },
    /// A loser of an election is no longer shown as SPM.
    SpmForgotten { data_center: DataCenterId, host: HostId },
    /// The one-shot timer out of `not_operational`.
    NotOperationalEnds { data_center: DataCenterId },
    /// The clock shows a minute divisible by five.
    AutoRecovery,
    /// The engine is 300 s old.
    StartupFencing,
    /// A step of a treatment or power action.
    Power { host: HostId, token: u32, step: PowerStep },
    /// The HA runner looks at its queue.
    HaTick { turn: u32 },
    /// A VM's next step.
    VmStep { vm: VmId, token: u32 },
    /// Leased VMs of a dead host are tried elsewhere.
    LeaseRestart { host: HostId, turn: u32 },
    /// A domain's next step.
    DomainStep { domain: DomainId },
    /// A blocked request goes on.
    Finish { ticket: Ticket, rest: Rest },
    /// Outside: a host has booted.
    Booted { host: HostId },
    /// Outside: a host in maintenance lets go of its storage.
    Disconnect { host: HostId, token: u32 },
}

impl Due {
    /// Whether it goes on while the engine is stopped.
    pub(crate) fn is_outside(&self) -> bool {
        match self {
            Self::Booted { .. } => true,
            Self::Poll { .. }
            | Self::PollFailed { .. }
            | Self::Settled { .. }
            | Self::PoolTick { .. }
            | Self::SpmStarted { .. }
            | Self::MasterBack { .. }
            | Self::SpmForgotten { .. }
            | Self::NotOperationalEnds { .. }
            | Self::AutoRecovery
            | Self::StartupFencing
            | Self::Power { .. }
            | Self::HaTick { .. }
            | Self::VmStep { .. }
            | Self::LeaseRestart { .. }
            | Self::DomainStep { .. }
            | Self::Finish { .. }
            | Self::Disconnect { .. } => false,
        }
    }
}

/// Steps of a treatment or of a power action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PowerStep {
    /// Soft fencing has ended.
    SoftFenced,
    /// The host was stopped and its VMs are down.
    Stopped,
    /// The host was started.
    Started,
    /// Is it back?
    Probe { since: SimTime },
    /// The stop failed.
    StopFailed,
}

/// What remains of a blocked request.
#[derive(Clone, Debug)]
pub(crate) enum Rest {
    /// The tail of a manual fence.
    Confirm { host: HostId, correlation: String, cleared: Vec<VmId> },
    /// The tail of a deactivation of a silent host.
    Park { host: HostId, correlation: String },
    /// A power action by a user.
    PowerStop { host: HostId, correlation: String, before: super::words::HostStatus },
    /// A power action by a user.
    PowerStart { host: HostId, correlation: String },
    /// A power question.
    PowerStatus { host: HostId },
    /// The answer is known, only late.
    Answer(Result<super::command::Answer, super::command::Refusal>),
}

#[derive(Debug)]
struct Entry {
    at: SimTime,
    order: u64,
    due: Due,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// The heap.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    order: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, at: SimTime, due: Due) {
        self.order += 1;
        self.heap.push(Reverse(Entry { at, order: self.order, due }));
    }

    pub(crate) fn next_at(&self) -> Option<SimTime> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    pub(crate) fn pop_until(&mut self, to: SimTime) -> Option<(SimTime, Due)> {
        if self.next_at()? > to {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.due))
    }

    /// Forgets all that lives in the engine's process.
    pub(crate) fn keep_outside(&mut self) {
        self.heap.retain(|Reverse(entry)| entry.due.is_outside());
    }
}
