//! What a client may ask of the engine, and how the engine answers: requests already read, answers not yet written.

use super::SimTime;
use super::ids::{AgentId, ConnectionId, DataCenterId, DomainId, HostId, JobId, TagId, VmId};
use super::model::{FencingPolicy, Placement};
use super::words::{FenceType, Severity, StorageType};

/// A mutating request. Absent members are `None` and stay as they are, where the engine merges.
#[derive(Clone, Debug)]
pub enum Command {
    /// `POST /hosts/{id}/activate`
    ActivateHost {
        /// Host.
        host: HostId,
    },
    /// `POST /hosts/{id}/deactivate`
    DeactivateHost {
        /// Host.
        host: HostId,
        /// Free text; lost when the host is not responding.
        reason: Option<String>,
    },
    /// `POST /hosts/{id}/fence`
    Fence {
        /// Host.
        host: HostId,
        /// Type.
        fence_type: FenceType,
        /// Only for `restart`.
        maintenance_after_restart: bool,
    },
    /// `POST /hosts/{id}/forceselectspm`
    ForceSelectSpm {
        /// Host.
        host: HostId,
    },
    /// `POST /hosts/{id}/refresh`
    RefreshHost {
        /// Host.
        host: HostId,
    },
    /// `PUT /hosts/{id}`
    UpdateHost {
        /// Host.
        host: HostId,
        /// Members present in the body.
        change: HostChange,
    },
    /// `DELETE /hosts/{id}`
    RemoveHost {
        /// Host.
        host: HostId,
    },
    /// `POST /hosts/{id}/fenceagents`
    AddFenceAgent {
        /// Host.
        host: HostId,
        /// Agent type.
        kind: String,
        /// Address.
        address: String,
        /// User.
        username: String,
        /// Order.
        order: u32,
    },
    /// `DELETE /hosts/{id}/fenceagents/{agent}`
    RemoveFenceAgent {
        /// Host.
        host: HostId,
        /// Agent.
        agent: AgentId,
    },
    /// `PUT /clusters/{id}`
    UpdateCluster {
        /// Cluster.
        cluster: super::ids::ClusterId,
        /// Members present in the body.
        change: ClusterChange,
    },
    /// `POST /storageconnections`
    AddConnection {
        /// Type.
        kind: StorageType,
        /// Members.
        change: ConnectionChange,
    },
    /// `PUT /storageconnections/{id}`
    UpdateConnection {
        /// Row.
        connection: ConnectionId,
        /// `?force=true`
        force: bool,
        /// Members present in the body.
        change: ConnectionChange,
    },
    /// `DELETE /storageconnections/{id}`
    RemoveConnection {
        /// Row.
        connection: ConnectionId,
    },
    /// `POST /datacenters/{dc}/storagedomains/{sd}/activate`
    ActivateDomain {
        /// Data center.
        data_center: DataCenterId,
        /// Domain.
        domain: DomainId,
    },
    /// `POST /datacenters/{dc}/storagedomains/{sd}/deactivate`
    DeactivateDomain {
        /// Data center.
        data_center: DataCenterId,
        /// Domain.
        domain: DomainId,
        /// Go on although the OVF update fails.
        force: bool,
    },
    /// `POST /vms/{id}/start`
    StartVm {
        /// VM.
        vm: VmId,
    },
    /// `POST /vms/{id}/stop`
    StopVm {
        /// VM.
        vm: VmId,
        /// Free text.
        reason: Option<String>,
    },
    /// `POST /vms/{id}/shutdown`
    ShutdownVm {
        /// VM.
        vm: VmId,
        /// Free text.
        reason: Option<String>,
    },
    /// `POST /vms/{id}/migrate`
    MigrateVm {
        /// VM.
        vm: VmId,
        /// Destination; the scheduler chooses without it.
        host: Option<HostId>,
    },
    /// `PUT /vms/{id}`
    UpdateVm {
        /// VM.
        vm: VmId,
        /// Members present in the body.
        change: VmChange,
    },
    /// `POST /tags`
    CreateTag {
        /// Name.
        name: String,
        /// Description.
        description: String,
        /// Parent; the root without it.
        parent: Option<TagId>,
    },
    /// `PUT /tags/{id}`
    UpdateTag {
        /// Tag.
        tag: TagId,
        /// New name.
        name: Option<String>,
        /// New description.
        description: Option<String>,
    },
    /// `DELETE /tags/{id}`: with its children.
    DeleteTag {
        /// Tag.
        tag: TagId,
    },
    /// `POST /hosts/{id}/tags`, `POST /vms/{id}/tags`
    AssignTag {
        /// What gets the tag.
        to: Tagged,
        /// Tag name.
        name: String,
    },
    /// `DELETE /hosts/{id}/tags/{tag}`, `DELETE /vms/{id}/tags/{tag}`
    UnassignTag {
        /// What loses the tag.
        from: Tagged,
        /// Tag.
        tag: TagId,
    },
    /// `POST /events`: an event of an outside program.
    AddEvent {
        /// Severity.
        severity: Severity,
        /// Text.
        description: String,
        /// Name of the poster.
        origin: String,
        /// The poster's own number.
        custom_id: u64,
    },
}

/// What a tag is assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagged {
    /// A host.
    Host(HostId),
    /// A VM.
    Vm(VmId),
}

/// Members of `PUT /hosts/{id}`.
#[derive(Clone, Debug, Default)]
pub struct HostChange {
    /// Name.
    pub name: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// Address; refused but in `install_failed`.
    pub address: Option<String>,
    /// VDSM port; the engine takes an absent one for 54321.
    pub port: Option<u16>,
    /// `spm.priority`
    pub spm_priority: Option<i32>,
    /// `power_management.enabled`
    pub pm_enabled: Option<bool>,
    /// `power_management.automatic_pm_enabled`
    pub automatic_pm_enabled: Option<bool>,
    /// `power_management.kdump_detection`
    pub kdump_detection: Option<bool>,
    /// Whether the body has a host-level `agents` member: deletes all agents, or is refused while power management is on.
    pub has_agents: bool,
}

/// Members of `PUT /clusters/{id}`.
#[derive(Clone, Debug, Default)]
pub struct ClusterChange {
    /// Name.
    pub name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// The whole new policy: members missing in the body are already the defaults.
    pub fencing_policy: Option<FencingPolicy>,
    /// Whether a `skip_if_...` object came without its `enabled`: 500 and nothing is stored.
    pub skip_without_enabled: bool,
}

/// Members of `POST` and `PUT /storageconnections`.
#[derive(Clone, Default)]
pub struct ConnectionChange {
    /// A type in the body of a PUT must be the row's.
    pub kind: Option<StorageType>,
    /// Address.
    pub address: Option<String>,
    /// Path.
    pub path: Option<String>,
    /// Port.
    pub port: Option<u32>,
    /// IQN.
    pub target: Option<String>,
    /// Portal group.
    pub portal: Option<String>,
    /// CHAP user.
    pub username: Option<String>,
    /// CHAP password.
    pub password: Option<String>,
    /// NFS version.
    pub nfs_version: Option<String>,
    /// NFS retransmissions.
    pub nfs_retrans: Option<u32>,
    /// NFS timeout, deciseconds.
    pub nfs_timeo: Option<u32>,
    /// Mount options.
    pub mount_options: Option<String>,
    /// File system type.
    pub vfs_type: Option<String>,
    /// The trap: a host here throws the domain into maintenance. `Some(Err(()))` is a host that does not exist.
    pub host: Option<Result<HostId, ()>>,
}

impl std::fmt::Debug for ConnectionChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionChange")
            .field("address", &self.address)
            .field("path", &self.path)
            .field("port", &self.port)
            .field("target", &self.target)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// Members of `PUT /vms/{id}`.
#[derive(Clone, Debug, Default)]
pub struct VmChange {
    /// Name.
    pub name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// `high_availability.enabled`
    pub ha_enabled: Option<bool>,
    /// `high_availability.priority`
    pub ha_priority: Option<u32>,
    /// Memory in bytes; waits for the next run unless the VM is down.
    pub memory: Option<u64>,
    /// `placement_policy`; a body that names it without hosts clears them.
    pub placement: Option<Placement>,
    /// `lease`: `Some(None)` removes it.
    pub lease: Option<Option<DomainId>>,
}

/// How a request fared at once.
#[derive(Debug)]
#[must_use]
pub enum Begun {
    /// The engine answers now.
    Answered(Result<Answer, Refusal>),
    /// The request blocks inside the engine; see [`super::World::take`].
    Pending(Ticket),
}

/// A request that blocks inside the engine. It goes on although the client hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// An answer without refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The job of a monitored command.
    pub job: Option<JobId>,
    /// What was made or asked.
    pub outcome: Outcome,
}

/// What an answer carries besides success.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing more: render the object anew.
    #[default]
    Done,
    /// A connection row was made.
    Connection(ConnectionId),
    /// A tag was made or assigned.
    Tag(TagId),
    /// A fence agent was made.
    Agent(AgentId),
    /// An event was written.
    Event(u64),
    /// `fence` `status`: `on`, `off` or `unknown`.
    Power(&'static str),
    /// `fence` `status` failed: HTTP 200, status `failed`, a fault with only this reason.
    PowerUnreadable(String),
}

/// A refusal in the engine's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub http_status: u16,
    /// Body.
    pub body: RefusalBody,
}

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalBody {
    /// Empty (404).
    Empty,
    /// A bare fault even for an action.
    BareFault {
        /// Reason.
        reason: String,
        /// Detail; absent in some 500.
        detail: Option<String>,
    },
    /// A fault: inside the action for POST actions, bare for the rest.
    Fault {
        /// Reason.
        reason: String,
        /// Detail, brackets included.
        detail: String,
    },
}

impl Refusal {
    /// `Operation Failed` with a bracketed list of texts.
    pub(crate) fn new(http_status: u16, text: impl AsRef<str>) -> Self {
        Self {
            http_status,
            body: RefusalBody::Fault { reason: "Operation Failed".to_owned(), detail: format!("[{}]", text.as_ref()) },
        }
    }

    /// The id is unknown: 404 without a body.
    pub(crate) fn not_found() -> Self {
        Self { http_status: 404, body: RefusalBody::Empty }
    }

    /// The detail, for tests and logs.
    pub fn detail(&self) -> &str {
        match &self.body {
            RefusalBody::Empty => "",
            RefusalBody::BareFault { detail, .. } => detail.as_deref().unwrap_or(""),
            RefusalBody::Fault { detail, .. } => detail,
        }
    }
}

/// Something that must never happen and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: SimTime,
    /// Which rule.
    pub kind: ViolationKind,
    /// What happened, with names.
    pub text: String,
}

/// The rules of the world's own watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViolationKind {
    /// A VM runs on two living hosts.
    VmOnTwoHosts,
    /// Two living hosts act as SPM of one data center.
    TwoSpms,
    /// A host was confirmed rebooted while it was alive.
    LivingHostConfirmed,
    /// A connection was written while a living host held it at its old place.
    ConnectionWrittenUnderLivingHost,
    /// A copy was promoted while a living host wrote to another copy.
    PromotedUnderLivingHost,
    /// A VM was started while it already ran or was starting.
    VmStartedTwice,
    /// A VM was started on a copy while another copy of its domain was being written.
    TwoCopiesWritten,
}
