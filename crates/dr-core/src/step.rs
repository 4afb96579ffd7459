//! Steps: values that say what is to be so, each with one object, each safe to take again.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ClusterId, ConnectionId, Details, HostId, VmId};

/// One idempotent request: "ensure this is so".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Cluster fencing policy off: the whole policy is put back with `enabled=false`. Owed.
    SuspendFencing {
        /// The cluster.
        cluster: ClusterId,
        /// Its name.
        name: String,
        /// The complete policy as the engine had it, JSON text.
        original: String,
    },
    /// Power management of a host off. Owed.
    SuspendPowerManagement {
        /// The host.
        host: HostId,
        /// Its name.
        name: String,
        /// VDSM's port, echoed when it is not 54321.
        port: u16,
    },
    /// The new site's replica made writable by its hook.
    Promote {
        /// The site that becomes active.
        site: String,
    },
    /// A storage connection pointed at its value of the new site.
    Repoint {
        /// The row.
        connection: ConnectionId,
        /// The plan's entry (and portal) that it belongs to.
        name: String,
        /// Where it points now.
        from: Details,
        /// Where it is to point.
        to: Details,
    },
    /// A standby host activated.
    Activate {
        /// The host.
        host: HostId,
        /// Its name.
        name: String,
    },
    /// A dead host confirmed as rebooted (`fence_type=manual`): its virtual machines are set down, its SPM role is freed.
    ConfirmRebooted {
        /// The host.
        host: HostId,
        /// Its name.
        name: String,
        /// Its address, probed once more just before the request.
        address: String,
        /// Ports probed just before the request: an answer on any of them stops it.
        ports: Vec<u16>,
    },
    /// A host put into maintenance.
    Park {
        /// The host.
        host: HostId,
        /// Its name.
        name: String,
    },
    /// A virtual machine started.
    StartVm {
        /// The virtual machine.
        vm: VmId,
        /// Its name.
        name: String,
    },
    /// A cluster's fencing policy put back as it was.
    RestoreFencing {
        /// The cluster.
        cluster: ClusterId,
        /// Its name.
        name: String,
        /// The complete original policy, JSON text.
        original: String,
    },
    /// A host's power management put back on.
    RestorePowerManagement {
        /// The host.
        host: HostId,
        /// Its name.
        name: String,
        /// VDSM's port, echoed when it is not 54321.
        port: u16,
    },
}

impl Step {
    /// What the step is and on what: no two steps with one key are ever in flight together.
    pub fn key(&self) -> StepKey {
        let (kind, object) = match self {
            Step::SuspendFencing { cluster, .. } => (StepKind::SuspendFencing, &cluster.0),
            Step::SuspendPowerManagement { host, .. } => (StepKind::SuspendPowerManagement, &host.0),
            Step::Promote { site } => (StepKind::Promote, site),
            Step::Repoint { connection, .. } => (StepKind::Repoint, &connection.0),
            Step::Activate { host, .. } => (StepKind::Activate, &host.0),
            Step::ConfirmRebooted { host, .. } => (StepKind::ConfirmRebooted, &host.0),
            Step::Park { host, .. } => (StepKind::Park, &host.0),
            Step::StartVm { vm, .. } => (StepKind::StartVm, &vm.0),
            Step::RestoreFencing { cluster, .. } => (StepKind::RestoreFencing, &cluster.0),
            Step::RestorePowerManagement { host, .. } => (StepKind::RestorePowerManagement, &host.0),
        };
        StepKey { kind, object: object.clone() }
    }

    /// The name of the object, as an operator knows it.
    pub fn object_name(&self) -> &str {
        match self {
            Step::SuspendFencing { name, .. }
            | Step::SuspendPowerManagement { name, .. }
            | Step::Promote { site: name }
            | Step::Repoint { name, .. }
            | Step::Activate { name, .. }
            | Step::ConfirmRebooted { name, .. }
            | Step::Park { name, .. }
            | Step::StartVm { name, .. }
            | Step::RestoreFencing { name, .. }
            | Step::RestorePowerManagement { name, .. } => name,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::SuspendFencing { name, .. } => write!(f, "suspend fencing of cluster {name}"),
            Step::SuspendPowerManagement { name, .. } => write!(f, "power management of {name} off"),
            Step::Promote { site } => write!(f, "promote the replica at {site}"),
            Step::Repoint { name, from, to, .. } => write!(f, "connection {name} to {to} (now {from})"),
            Step::Activate { name, .. } => write!(f, "activate {name}"),
            Step::ConfirmRebooted { name, .. } => write!(f, "confirm that {name} has been rebooted"),
            Step::Park { name, .. } => write!(f, "park {name} in maintenance"),
            Step::StartVm { name, .. } => write!(f, "start {name}"),
            Step::RestoreFencing { name, .. } => write!(f, "fencing of cluster {name} back as it was"),
            Step::RestorePowerManagement { name, .. } => write!(f, "power management of {name} back on"),
        }
    }
}

/// What a step is and on what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StepKey {
    /// What it is.
    pub kind: StepKind,
    /// Id of its object (for a promotion the site's name).
    pub object: String,
}

/// The kinds of steps, in the order in which an operator expects to read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is explained at its step")]
pub enum StepKind {
    SuspendFencing,
    SuspendPowerManagement,
    Promote,
    Repoint,
    Activate,
    ConfirmRebooted,
    Park,
    StartVm,
    RestoreFencing,
    RestorePowerManagement,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was so before we asked.
    AlreadySo,
    /// The engine took it. What it leads to is seen in later passes.
    Done,
    /// The request may have been applied: the answer was lost, or could not be read.
    Unconfirmed {
        /// What happened.
        text: String,
    },
    /// The engine said no, and did nothing. Of a promotion: its hook asks to be asked again, or ([`RefusedClass::Other`]) could not be run.
    Refused {
        /// Whether waiting helps.
        class: RefusedClass,
        /// The engine's words.
        text: String,
    },
    /// Nothing was done: the request never left, the engine is not ready, or our own last look said stop.
    Failed {
        /// What happened.
        text: String,
    },
}

impl Outcome {
    /// Whether the step need not be repeated unless the world says otherwise.
    pub fn is_done(&self) -> bool {
        match self {
            Outcome::AlreadySo | Outcome::Done => true,
            Outcome::Unconfirmed { .. } | Outcome::Refused { .. } | Outcome::Failed { .. } => false,
        }
    }

    /// What happened, where it was not what we wanted.
    pub fn text(&self) -> Option<&str> {
        match self {
            Outcome::AlreadySo | Outcome::Done => None,
            Outcome::Unconfirmed { text } | Outcome::Refused { text, .. } | Outcome::Failed { text } => Some(text),
        }
    }
}

/// Why the engine said no, as far as it matters for the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedClass {
    /// Another operation holds the object: tried again every few seconds, for minutes.
    Locked,
    /// The object is not in a state that allows it: looked at again, then tried.
    WrongState,
    /// The row serves a direct LUN of a virtual machine that is not down yet.
    DirectLunInUse,
    /// The account lacks a right.
    NoPermission,
    /// The object does not exist any more.
    Gone,
    /// Anything else, such as a failed execution on the host.
    Other,
}
