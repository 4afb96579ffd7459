//! What one pass read from the engine and from the probes, failed reads included.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use dr_plan::Probe;
use serde::Deserialize;

use crate::{ClusterId, ConnectionId, DataCenterId, Details, DomainId, Host, HostId, Time, VmId};

/// Everything one pass saw.
#[derive(Clone, Debug)]
pub struct Observed {
    /// When the pass began to read.
    pub at: Time,
    /// Which engine this is (`GET /ovirt-engine/api`).
    pub engine: Read<EngineIdentity>,
    /// Every host of the engine, named by the plan or not.
    pub hosts: Read<Vec<Host>>,
    /// Every cluster.
    pub clusters: Read<Vec<Cluster>>,
    /// Every data center.
    pub data_centers: Read<Vec<DataCenter>>,
    /// Every storage domain attached to a data center, with its status there.
    pub domains: Read<Vec<Domain>>,
    /// Every storage connection row.
    pub connections: Read<Vec<Connection>>,
    /// Every virtual machine; in calm times this may be an older read than the rest. The longest list by far: shared, not copied.
    pub vms: Read<Arc<Vec<Vm>>>,
    /// Debts of ours that stand in the engine as tags.
    pub owed_tags: Read<Vec<OwedTag>>,
    /// Hosts that were left out of the list although they belong to it, and since when ([`left_out`](crate::left_out)).
    pub left_out: BTreeMap<String, Time>,
    /// What each probed address last did.
    pub probes: BTreeMap<Probe, ProbeState>,
}

/// A read that worked, or why it did not. Unreadable is never absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read<T> {
    /// The answer.
    Seen(T),
    /// What went wrong, in one sentence.
    Unreadable(String),
}

impl<T> Read<T> {
    /// The answer, if there is one.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Read::Seen(value) => Some(value),
            Read::Unreadable(_) => None,
        }
    }
}

/// Which engine answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineIdentity {
    /// `product_info.instance_id`.
    pub instance_id: String,
    /// Highest event id seen, if events could be read.
    pub event_id: Option<u64>,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its id.
    pub id: ClusterId,
    /// Its name.
    pub name: String,
    /// Its data center, if it has one.
    pub data_center: Option<DataCenterId>,
    /// The complete fencing policy as JSON text, as the engine sent it: a PUT replaces it whole.
    pub fencing_policy: String,
    /// `fencing_policy.enabled`.
    pub fencing: bool,
}

/// A data center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataCenter {
    /// Its id.
    pub id: DataCenterId,
    /// Its name.
    pub name: String,
    /// Its status, which is a consequence: no call sets it.
    pub status: DataCenterStatus,
    /// Since when this process has seen this status.
    pub since: Time,
}

/// Status of a data center.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the API's own words, listed in the engine's documentation")]
pub enum DataCenterStatus {
    Uninitialized,
    Up,
    Maintenance,
    NotOperational,
    Problematic,
    Contend,
    Other(String),
}

impl DataCenterStatus {
    /// The status for the API's word.
    pub fn from_word(word: &str) -> Self {
        match word {
            "uninitialized" => DataCenterStatus::Uninitialized,
            "up" => DataCenterStatus::Up,
            "maintenance" => DataCenterStatus::Maintenance,
            "not_operational" => DataCenterStatus::NotOperational,
            "problematic" => DataCenterStatus::Problematic,
            "contend" => DataCenterStatus::Contend,
            other => DataCenterStatus::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for DataCenterStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DataCenterStatus::Uninitialized => "uninitialized",
            DataCenterStatus::Up => "up",
            DataCenterStatus::Maintenance => "maintenance",
            DataCenterStatus::NotOperational => "not_operational",
            DataCenterStatus::Problematic => "problematic",
            DataCenterStatus::Contend => "contend",
            DataCenterStatus::Other(word) => word,
        })
    }
}

/// A storage domain in a data center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its id.
    pub id: DomainId,
    /// Its name.
    pub name: String,
    /// The data center whose list showed it.
    pub data_center: DataCenterId,
    /// Whether it holds virtual disks (`type` `data`, or a word we do not know). ISO and export domains never gate.
    pub data: bool,
    /// `storage.type`: `nfs`, `iscsi`, `fcp`, ...
    pub storage_type: String,
    /// The API's status word; only `active` and `maintenance` mean something to us.
    pub status: String,
    /// Details of the connection rows behind it; several for block domains, none for FCP.
    pub behind: Vec<Details>,
}

impl Domain {
    /// Whether hosts of the data center connect to it when they are activated: everything but `maintenance`.
    pub fn is_connected_by_hosts(&self) -> bool {
        self.status != "maintenance"
    }
}

/// A storage connection row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id, which survives a repointing.
    pub id: ConnectionId,
    /// `type`: `nfs`, `iscsi`, `posixfs`, ...
    pub storage_type: String,
    /// Where it points.
    pub details: Details,
}

/// A virtual machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vm {
    /// Its id.
    pub id: VmId,
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: VmStatus,
    /// The host it runs on; an `unknown` one still shows its dead host.
    pub host: Option<HostId>,
    /// Its cluster.
    pub cluster: ClusterId,
    /// `high_availability.enabled`.
    pub ha: bool,
    /// `high_availability.priority`.
    pub priority: i32,
}

impl Vm {
    /// Whether it runs, booted.
    pub fn is_up(&self) -> bool {
        self.status == VmStatus::Up
    }
}

/// Status of a virtual machine, as far as we tell statuses apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VmStatus {
    /// Runs.
    Up,
    /// `powering_up`, `wait_for_launch`, `reboot_in_progress`, `restoring_state`, `migrating`: runs, or is about to.
    Starting(String),
    /// Not running.
    Down,
    /// Its host is silent.
    Unknown,
    /// Any other word: shown, neither running nor startable as far as we are concerned.
    Other(String),
}

impl VmStatus {
    /// The status for the API's word; an absent word is an illegal image.
    pub fn from_word(word: Option<&str>) -> Self {
        match word {
            Some("up") => VmStatus::Up,
            Some("down") => VmStatus::Down,
            Some("unknown") => VmStatus::Unknown,
            Some(
                word @ ("powering_up" | "wait_for_launch" | "reboot_in_progress" | "restoring_state" | "migrating"),
            ) => VmStatus::Starting(word.to_owned()),
            Some(other) => VmStatus::Other(other.to_owned()),
            None => VmStatus::Other("image_illegal".to_owned()),
        }
    }

    /// Whether it runs or is about to.
    pub fn runs(&self) -> bool {
        match self {
            VmStatus::Up | VmStatus::Starting(_) => true,
            VmStatus::Down | VmStatus::Unknown | VmStatus::Other(_) => false,
        }
    }
}

impl fmt::Display for VmStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VmStatus::Up => f.write_str("up"),
            VmStatus::Down => f.write_str("down"),
            VmStatus::Unknown => f.write_str("unknown"),
            VmStatus::Starting(word) | VmStatus::Other(word) => f.write_str(word),
        }
    }
}

/// A debt of ours as the engine's tags show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedTag {
    /// The tag's name, `ovirt-dr.owed...`.
    pub name: String,
    /// Its description: the original, as JSON.
    pub description: String,
    /// Who left it, if it says so.
    left: Option<Left>,
}

/// Who left a tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Left {
    /// The plan.
    pub(crate) plan: String,
    /// Its failover.
    pub(crate) epoch: u64,
}

impl OwedTag {
    /// A tag of this name and description, which is read here once and not in each pass.
    pub fn new(name: String, description: String) -> OwedTag {
        let left = serde_json::from_str(&description).ok();
        OwedTag { name, description, left }
    }

    /// Who left it, if it says so.
    pub(crate) fn left_by(&self) -> Option<&Left> {
        self.left.as_ref()
    }
}

/// What a probed address did over the last rounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeState {
    /// The newest answer.
    pub last: Answer,
    /// When the newest round ended.
    pub at: Time,
    /// When the present unbroken silence began.
    pub silent_since: Option<Time>,
    /// Rounds of unbroken silence.
    pub silent_rounds: u32,
}

/// What one probe of one address yielded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The connection was accepted: something is alive there.
    Accepted,
    /// The connection was refused: something is alive there.
    Refused,
    /// Nothing came back within the probe's patience.
    Silent,
    /// A local error, a DNS failure or no route: says nothing about the address.
    Unreadable(String),
}

impl Answer {
    /// Whether something answered.
    pub fn is_alive(&self) -> bool {
        match self {
            Answer::Accepted | Answer::Refused => true,
            Answer::Silent | Answer::Unreadable(_) => false,
        }
    }
}
