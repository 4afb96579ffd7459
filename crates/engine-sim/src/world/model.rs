//! What the engine's database holds: the rows that the API renders. Changed only by the world's own events and commands.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::SimTime;
use super::ids::{AgentId, ClusterId, ConnectionId, DataCenterId, DiskId, DomainId, HostId, JobId, TagId, VmId};
use super::outside::Outside;
use super::words::{
    Affinity, DataCenterStatus, DiskStatus, DomainStatus, DomainType, HostStatus, JobStatus, Severity, StorageType,
    VmStatus,
};

/// A host's row, its monitoring and what it is outside the engine.
#[derive(Clone, Debug)]
pub struct Host {
    /// Identifier; a host removed and added again has a new one.
    pub id: HostId,
    /// Name.
    pub name: String,
    /// Free text.
    pub comment: String,
    /// The address the engine connects to.
    pub address: String,
    /// VDSM port, 54321 by default.
    pub port: u16,
    /// Its cluster.
    pub cluster: ClusterId,
    /// The site it stands in; the engine knows nothing of it.
    pub site: String,
    /// Status.
    pub status: HostStatus,
    /// Reason of `maintenance` or `non_operational`; absent in every other status.
    pub status_detail: Option<String>,
    /// SPM priority, -1 (never) to 10.
    pub spm_priority: i32,
    /// Power management switches.
    pub power_management: PowerManagement,
    /// Fence agents; the collection `/hosts/{id}/fenceagents`.
    pub fence_agents: Vec<FenceAgent>,
    /// Counters as last reported; stale on dead hosts until they are fenced.
    pub summary: Summary,
    /// `ok`, `info`, `warning`, `error` or `failure`.
    pub external_status: String,
    /// Assigned tags.
    pub tags: BTreeSet<TagId>,
    /// Whether kdump detection changed, so that a reinstallation is asked for.
    pub reinstallation_required: bool,
    /// What the host really is and does.
    pub outside: Outside,
    pub(crate) monitor: super::monitor::Monitor,
}

/// `power_management` of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerManagement {
    /// Whether the engine may use the agents.
    pub enabled: bool,
    /// Power saving, not fencing.
    pub automatic_pm_enabled: bool,
    /// Whether kdump is looked for before a hard fence.
    pub kdump_detection: bool,
}

/// A fence agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FenceAgent {
    /// Identifier, new after every PUT of the host.
    pub id: AgentId,
    /// Agent type, such as `ipmilan`.
    pub kind: String,
    /// Address of the BMC.
    pub address: String,
    /// User.
    pub username: String,
    /// Order of use.
    pub order: u32,
}

/// `summary` of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Running VMs.
    pub active: u32,
    /// Migrating VMs.
    pub migrating: u32,
    /// All VMs.
    pub total: u32,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Identifier.
    pub id: ClusterId,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Comment.
    pub comment: String,
    /// Its data center.
    pub data_center: DataCenterId,
    /// The whole fencing policy.
    pub fencing_policy: FencingPolicy,
}

/// `fencing_policy` of a cluster; a PUT replaces it whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FencingPolicy {
    /// Whether the engine treats non responsive hosts by itself.
    pub enabled: bool,
    /// `skip_if_sd_active.enabled`.
    pub skip_if_sd_active: bool,
    /// `skip_if_connectivity_broken.enabled`.
    pub skip_if_connectivity_broken: bool,
    /// `skip_if_connectivity_broken.threshold`, percent.
    pub connectivity_threshold: u32,
    /// `skip_if_gluster_bricks_up`.
    pub skip_if_gluster_bricks_up: bool,
    /// `skip_if_gluster_quorum_not_met`.
    pub skip_if_gluster_quorum_not_met: bool,
}

impl Default for FencingPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            skip_if_sd_active: false,
            skip_if_connectivity_broken: false,
            connectivity_threshold: 50,
            skip_if_gluster_bricks_up: false,
            skip_if_gluster_quorum_not_met: false,
        }
    }
}

/// A data center (storage pool).
#[derive(Clone, Debug)]
pub struct DataCenter {
    /// Identifier.
    pub id: DataCenterId,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Status.
    pub status: DataCenterStatus,
    /// The SPM by the database; not cleared by the death of the host.
    pub spm_host: Option<HostId>,
    /// Changes with every move of the master role.
    pub master_version: u32,
    pub(crate) pool: super::pool::Pool,
}

/// A storage domain.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// Identifier.
    pub id: DomainId,
    /// Name.
    pub name: String,
    /// Type.
    pub kind: DomainType,
    /// Storage type.
    pub storage: StorageType,
    /// Whether it is the master of its data center.
    pub master: bool,
    /// Data center and status there; `None` is `unattached`.
    pub attached: Option<Attachment>,
    /// The connection rows behind it: one for file types, one a portal and target for iSCSI, none for FC.
    pub connections: Vec<ConnectionId>,
    /// The volume group of a block domain.
    pub volume_group: Option<String>,
    /// The LUN of a block domain (WWID).
    pub lun: Option<String>,
    /// Free bytes as last reported; absent when unknown.
    pub available: Option<u64>,
    /// Used bytes.
    pub used: Option<u64>,
    /// What lies on the arrays, a copy a site.
    pub copies: BTreeMap<String, Replica>,
    pub(crate) bad_since: Option<SimTime>,
    /// A connection edit in progress locks the domain until then.
    pub(crate) locked_until: SimTime,
    /// Whether the step in progress is an activation.
    pub(crate) activates: bool,
    pub(crate) last_master: u32,
}

/// A domain's place in a data center.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The data center.
    pub data_center: DataCenterId,
    /// Status there.
    pub status: DomainStatus,
}

/// The copy of a domain on the array of one site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Where it is served.
    pub targets: Vec<Target>,
    /// Whether it takes writes: promoted, or never replicated.
    pub writable: bool,
    /// When it was promoted last, if ever.
    pub promoted_at: Option<SimTime>,
}

/// Where storage is served: what a connection row names and what an array answers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Target {
    /// An iSCSI portal and target.
    Portal {
        /// Address of the portal.
        address: String,
        /// Port, 3260 by default.
        #[serde(default = "default_iscsi_port")]
        port: u16,
        /// IQN.
        target: String,
    },
    /// A mount: NFS, POSIX or Gluster.
    Mount {
        /// Server; empty for local storage.
        #[serde(default)]
        address: String,
        /// Path.
        path: String,
    },
}

fn default_iscsi_port() -> u16 {
    3260
}

impl Target {
    /// The address part.
    pub fn address(&self) -> &str {
        match self {
            Self::Portal { address, .. } | Self::Mount { address, .. } => address,
        }
    }
}

/// A row of `/storageconnections`.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    /// Identifier.
    pub id: ConnectionId,
    /// Type.
    pub kind: StorageType,
    /// Where it points to.
    pub target: Target,
    /// Target portal group of iSCSI; never rendered.
    pub portal: Option<String>,
    /// CHAP user.
    pub username: Option<String>,
    /// CHAP password; never rendered.
    pub password: Option<String>,
    /// `auto`, `v3`, ...
    pub nfs_version: Option<String>,
    /// Retransmissions.
    pub nfs_retrans: Option<u32>,
    /// Deciseconds.
    pub nfs_timeo: Option<u32>,
    /// Mount options.
    pub mount_options: Option<String>,
    /// File system type of POSIX and Gluster.
    pub vfs_type: Option<String>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// A virtual machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vm {
    /// Identifier.
    pub id: VmId,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Comment.
    pub comment: String,
    /// Its cluster.
    pub cluster: ClusterId,
    /// Status.
    pub status: VmStatus,
    /// The host by the database; an `unknown` VM still names its dead host.
    pub host: Option<HostId>,
    /// `high_availability`.
    pub high_availability: HighAvailability,
    /// The domain of its lease.
    pub lease: Option<DomainId>,
    /// Memory in bytes.
    pub memory: u64,
    /// `placement_policy`.
    pub placement: Placement,
    /// Its disks.
    pub disks: Vec<DiskId>,
    /// Assigned tags.
    pub tags: BTreeSet<TagId>,
    /// Given with stop or shutdown; cleared by the next start.
    pub stop_reason: Option<String>,
    /// Last start.
    pub start_time: Option<SimTime>,
    /// Last stop.
    pub stop_time: Option<SimTime>,
    /// Whether a changed configuration waits for the next run.
    pub next_run_configuration_exists: bool,
    pub(crate) exit: Exit,
    pub(crate) run: super::vms::Run,
    pub(crate) ha: Option<super::ha::Queued>,
}

/// How a VM went down: only an error makes the engine start it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Normal,
    Error,
}

/// `high_availability` of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HighAvailability {
    /// Whether the engine starts it again after an error.
    pub enabled: bool,
    /// 0 to 100; higher first.
    pub priority: u32,
}

/// `placement_policy` of a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Affinity.
    pub affinity: Affinity,
    /// Hosts it is bound to (pinned) or prefers.
    pub hosts: Vec<HostId>,
}

/// A disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// Identifier.
    pub id: DiskId,
    /// Name.
    pub name: String,
    /// Where it lies.
    pub storage: DiskStorage,
    /// Size in bytes.
    pub size: u64,
    /// Status; only images have one.
    pub status: DiskStatus,
}

/// An image on a domain or a LUN of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskStorage {
    /// `storage_type` `image`.
    Image {
        /// The domain.
        domain: DomainId,
    },
    /// `storage_type` `lun`: a direct LUN and the rows it is reached by.
    Lun {
        /// WWID.
        lun: String,
        /// Connection rows.
        connections: Vec<ConnectionId>,
    },
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Identifier.
    pub id: TagId,
    /// Unique name.
    pub name: String,
    /// Up to 4000 characters.
    pub description: String,
    /// Parent in the tree; `None` is the root.
    pub parent: Option<TagId>,
}

/// A line of the audit log; `/events`.
#[derive(Clone, Debug)]
pub struct Event {
    /// Identifier; grows, with gaps.
    pub id: u64,
    /// When.
    pub at: SimTime,
    /// Code.
    pub code: u32,
    /// Severity.
    pub severity: Severity,
    /// English text.
    pub description: String,
    /// Correlation id of the causing request.
    pub correlation_id: Option<String>,
    /// What it is about.
    pub about: About,
    /// `oVirt`, or what the poster named.
    pub origin: String,
    /// The poster's own number.
    pub custom_id: Option<u64>,
}

/// The objects an event names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Host.
    pub host: Option<HostId>,
    /// VM.
    pub vm: Option<VmId>,
    /// Cluster.
    pub cluster: Option<ClusterId>,
    /// Data center.
    pub data_center: Option<DataCenterId>,
    /// Storage domain.
    pub domain: Option<DomainId>,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Identifier.
    pub id: JobId,
    /// Text.
    pub description: String,
    /// Status.
    pub status: JobStatus,
    /// Begin.
    pub start_time: SimTime,
    /// End.
    pub end_time: Option<SimTime>,
    /// Correlation id of the request.
    pub correlation_id: String,
}

/// A site: what lives and dies together, outside the engine's knowledge.
#[derive(Clone, Debug)]
pub struct Site {
    /// Name.
    pub name: String,
    /// How its addresses answer to the engine and to probes.
    pub network: super::outside::Link,
    /// Whether its array serves storage.
    pub storage_up: bool,
    /// Addresses that are neither host nor storage: witnesses, gateways. Each answers while the site's network does.
    pub witnesses: Vec<String>,
}
