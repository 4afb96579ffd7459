//! The entries of a plan's journal. Memory is their fold, so each says all that is needed to go on after a crash.
//!
//! Their serialised shape is durable: members may be added with a default, never renamed or removed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::invariants::Invariant;
use crate::{ClusterId, ConnectionId, Goal, HostId, Outcome, Step, Time, VmId};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The plan file was read and says this: what makes a later change an edge.
    SiteSeen {
        /// Its `active_site`.
        site: String,
    },
    /// The plan that is in force from now on, as text: what later edits are compared with, and what a broken edit leaves in force.
    PlanTaken {
        /// The file's text.
        text: String,
    },
    /// A person asked for this site by command. Written before the file's line is rewritten for them.
    Requested {
        /// The site.
        site: String,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// The world was accepted as it is, without a transition.
    Adopted {
        /// The active site.
        site: String,
        /// Who said so.
        by: String,
        /// Why.
        why: String,
    },
    /// A flip was accepted: a transition opens.
    Opened(Box<Opening>),
    /// A flip is not acted on until a person confirms it.
    Held {
        /// The accepted site.
        from: String,
        /// The site that the file names.
        to: String,
        /// Why, in words.
        reason: String,
    },
    /// The held flip went away: the file names the accepted site again.
    HoldDropped,
    /// The losing site was proven down.
    Proven {
        /// The transition.
        epoch: u64,
        /// The evidence in words.
        evidence: String,
    },
    /// A step is about to be taken. Written before its request leaves.
    Intent {
        /// Number of the intent, unique in this journal.
        id: u64,
        /// The transition it belongs to.
        epoch: u64,
        /// The step.
        step: Step,
        /// Correlation id of its request.
        correlation_id: String,
    },
    /// A step has ended.
    Outcome {
        /// The intent.
        id: u64,
        /// How it ended.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// Something is about to be switched off that must be put back. Written before the tag and the request.
    Owed {
        /// What.
        what: OwedKey,
        /// The object's name.
        name: String,
        /// What the engine had, complete: JSON text of a policy, or the flag.
        original: String,
        /// VDSM's port of a host.
        #[serde(default)]
        port: u16,
        /// What the journal knew of it is of an earlier failover and counts no more.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anew: bool,
    },
    /// A debt is paid: the original is back and the tag is gone.
    GivenBack {
        /// What.
        what: OwedKey,
    },
    /// Goals seen reached.
    Reached {
        /// The transition.
        epoch: u64,
        /// What arrived.
        goals: Vec<Goal>,
    },
    /// A person's statement.
    Confirmed {
        /// What it says.
        confirmation: Confirmation,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// The transition is turned back before anything was promoted or repointed.
    Cancelled {
        /// The transition.
        epoch: u64,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// The transition is over.
    Closed {
        /// The transition.
        epoch: u64,
        /// What could not be reached.
        exceptions: Vec<String>,
    },
    /// Nothing is done until resumed.
    Paused {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Goes on, after a pause or a breach.
    Resumed {
        /// Who.
        by: String,
    },
    /// Which virtual machines run where, as far as it changed.
    Ran {
        /// Now seen running on a host that is up.
        running: Vec<RanVm>,
        /// Seen stopped while their host was up, or gone.
        stopped: Vec<VmId>,
    },
    /// A probe was seen answering in calm times: from now on its silence counts.
    ProbeAnswered {
        /// `address:port`.
        probe: String,
    },
    /// Which engine this is, and how far its history goes.
    Engine {
        /// `instance_id`.
        instance_id: String,
        /// Highest event id.
        event_id: u64,
    },
    /// Something was refused, in words.
    Refused {
        /// The refusal.
        text: String,
    },
    /// A step of ours would have broken an invariant: nothing was sent, and nothing is done until a person has looked and resumes.
    Breached {
        /// Which.
        invariant: Invariant,
        /// By what, in words.
        text: String,
    },
    /// The engine's tags tell of a later failover of this plan than this journal does: the next one is numbered above it.
    EpochSeen {
        /// The newest number that a tag tells of.
        epoch: u64,
    },
    /// A daemon goes on after a while in which none watched, or in which the clock jumped: nobody can tell which. What was tried and waited for
    /// before gets its whole time anew.
    WatchedAgain,
    /// The wall clock jumped: evidence and confirmations of before are void.
    ClockJumped {
        /// By how many milliseconds.
        by_ms: i64,
    },
}

/// What is known at the moment a transition opens, frozen for its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Its number; rises with every flip.
    pub epoch: u64,
    /// The site that loses the workload.
    pub from: String,
    /// The site that gets it.
    pub to: String,
    /// Who flipped.
    pub by: String,
    /// Why.
    pub why: String,
    /// The plan's text: later edits do not count until the transition is closed.
    pub plan: String,
    /// The engine's row behind each row of the plan, by [`RowKey::word`](crate::RowKey::word).
    pub rows: BTreeMap<String, ConnectionId>,
    /// The engine's host behind each host of the plan, by its name there: renamed in the engine, it is the same host.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<String, HostId>,
    /// The virtual machines that are to run at the new site.
    pub vms: Vec<FrozenVm>,
}

/// A virtual machine chosen when the transition opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenVm {
    /// Its id.
    pub id: VmId,
    /// Its name.
    pub name: String,
    /// Whether it is highly available.
    pub ha: bool,
    /// Its priority.
    pub priority: i32,
}

/// A virtual machine seen running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RanVm {
    /// Its id.
    pub id: VmId,
    /// Its name.
    pub name: String,
    /// The host.
    pub host: HostId,
}

/// What is owed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "owed", content = "id", rename_all = "snake_case")]
pub enum OwedKey {
    /// A cluster's fencing policy.
    Fencing(ClusterId),
    /// A host's power management.
    PowerManagement(HostId),
}

impl OwedKey {
    /// Name of the tag in the engine: at most 50 characters of those that a tag may have (hosts.md 7.1).
    pub fn tag_name(&self) -> String {
        let (kind, id) = match self {
            OwedKey::Fencing(id) => ("fp", &id.0),
            OwedKey::PowerManagement(id) => ("pm", &id.0),
        };
        let mut name = [OWED_TAG_PREFIX, ".", kind, "."].concat();
        name.extend(id.split('-'));
        name
    }
}

impl Step {
    /// The debt that the step makes, to be journalled before it is taken.
    pub fn debt(&self) -> Option<Entry> {
        match self {
            Step::SuspendFencing { cluster, name, original } => Some(Entry::Owed {
                what: OwedKey::Fencing(cluster.clone()),
                name: name.clone(),
                original: original.clone(),
                port: 0,
                anew: false,
            }),
            Step::SuspendPowerManagement { host, name, port } => Some(Entry::Owed {
                what: OwedKey::PowerManagement(host.clone()),
                name: name.clone(),
                original: "true".to_owned(),
                port: *port,
                anew: false,
            }),
            Step::Promote { .. }
            | Step::Repoint { .. }
            | Step::Activate { .. }
            | Step::ConfirmRebooted { .. }
            | Step::Park { .. }
            | Step::StartVm { .. }
            | Step::RestoreFencing { .. }
            | Step::RestorePowerManagement { .. } => None,
        }
    }

    /// The debt that the step pays once it is done.
    pub fn pays(&self) -> Option<OwedKey> {
        match self {
            Step::RestoreFencing { cluster, .. } => Some(OwedKey::Fencing(cluster.clone())),
            Step::RestorePowerManagement { host, .. } => Some(OwedKey::PowerManagement(host.clone())),
            Step::SuspendFencing { .. }
            | Step::SuspendPowerManagement { .. }
            | Step::Promote { .. }
            | Step::Repoint { .. }
            | Step::Activate { .. }
            | Step::ConfirmRebooted { .. }
            | Step::Park { .. }
            | Step::StartVm { .. } => None,
        }
    }
}

/// How the names of our tags in the engine begin.
pub const OWED_TAG_PREFIX: &str = "ovirt-dr.owed";

/// A person's statement that lifts one refusal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "confirmed", rename_all = "snake_case")]
pub enum Confirmation {
    /// The held flip is meant.
    Flip,
    /// The losing site is down.
    SiteDown,
    /// The replica is writable.
    Promoted,
    /// An answer on this probe is not the host's.
    IgnoreProbe {
        /// The host's name.
        host: String,
        /// `address:port`, or `tcp:PORT` for a port of the host's address.
        probe: String,
    },
    /// A connection that somebody else changed may be written.
    Connection {
        /// The row's name.
        name: String,
    },
    /// The engine that answers is the one engine alive.
    Engine {
        /// Its `instance_id`.
        instance_id: String,
        /// Its highest event id.
        event_id: u64,
    },
}

/// An entry with its place and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// Rising number in the journal.
    pub seq: u64,
    /// When it was written.
    pub at: Time,
    /// The entry.
    pub entry: Entry,
}
