//! The validated plan: the value that everything else reads.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Port of VDSM on a host, the first thing to probe.
pub const VDSM_PORT: u16 = 54321;
/// Port of an iSCSI portal when the plan names none.
pub const ISCSI_PORT: u16 = 3260;

/// One plan file, validated: every site that anything refers to exists, every pair pairs up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The file's stem: `erp.yaml` is `erp`.
    pub name: String,
    /// The site that should carry the workload: the one line an operator edits.
    pub active_site: SiteName,
    /// Where failback goes, if the administrator has a wish.
    pub preferred_site: Option<SiteName>,
    /// Where the engine is and how to log in.
    pub engine: Engine,
    /// The sites by name.
    pub sites: BTreeMap<SiteName, Site>,
    /// Addresses outside every site that must answer, or the silence is our own.
    pub witnesses: Vec<Probe>,
    /// Storage entries in the order of the file.
    pub storage: Vec<StorageEntry>,
    /// Which virtual machines follow the active site.
    pub vms: Vms,
    /// Limits and habits.
    pub policy: Policy,
}

/// Name of a site: a lower-case word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteName(pub String);

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The engine and the account that the daemon uses there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Base URL, without a trailing slash: `https://engine.example.com/ovirt-engine/api`.
    pub url: String,
    /// `user@profile`.
    pub username: String,
    /// Where the password is found; never the password.
    pub password: Secret,
    /// PEM file of the CA that signed the engine's certificate; without it the system's trust store.
    pub ca_file: Option<PathBuf>,
}

/// Where a secret is found. Paths are relative to the plan's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// First line of a file.
    File(PathBuf),
    /// A systemd credential of this name.
    Credential(String),
    /// An environment variable of the daemon.
    Env(String),
}

/// A named set of hosts and storage addresses that lives or dies together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Engine names of the hosts, in the order of the file.
    pub hosts: Vec<String>,
    /// What must be silent before the site counts as lost.
    pub evidence: Evidence,
    /// What makes the replica at this site writable before the site becomes active.
    pub promote: Promote,
}

/// The proof of loss that a site asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// TCP ports probed on each host's address.
    pub host_ports: Vec<u16>,
    /// Further addresses of the site that must be silent too.
    pub also: Vec<Probe>,
    /// What is needed beside the engine's word and silence.
    pub require: Require,
}

/// What is needed beside the engine's word and silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Require {
    /// Nothing: silence over three rounds and 60 s is enough.
    Silence,
    /// A person vouches once per epoch.
    Attestation,
}

/// What makes a site's replica writable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promote {
    /// Nothing to do: the array or the file system is writable on both sides, or promotes by itself.
    Nothing,
    /// A person confirms that it was done.
    Confirm,
    /// An executable, relative to the plan's folder: exit 0 done, 75 ask again, other failed.
    Hook {
        /// The executable.
        path: PathBuf,
        /// How long one run may take before it is ended.
        timeout: Duration,
    },
}

/// One TCP address whose silence or answer is evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Probe {
    /// Host name or address, without brackets.
    pub address: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, behind) = if self.address.contains(':') { ("[", "]:") } else { ("", ":") };
        f.write_str(before)?;
        f.write_str(&self.address)?;
        f.write_str(behind)?;
        self.port.fmt(f)
    }
}

/// One storage entry: a storage connection (or several portals of one) and where it points at each site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageEntry {
    /// The entry's key in the file, used in every message.
    pub name: String,
    /// What it is and where it points.
    pub kind: StorageKind,
    /// The engine's id of the connection, if the administrator pinned it; then it must agree.
    pub id: Option<String>,
}

/// What a storage entry is and where it points at each site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageKind {
    /// `nfs` or `posixfs`: one row with an address and a path.
    File {
        /// The REST API's storage type word: `nfs` or `posixfs`.
        storage_type: FileType,
        /// Where it points.
        at: Placement<FileTarget>,
    },
    /// `iscsi`: one row a portal; portals pair up by position.
    Iscsi {
        /// Where it points; every value has the same number of portals.
        at: Placement<IscsiTarget>,
    },
    /// `fcp`: nothing to repoint, but the domain of this name is waited for.
    Fcp {
        /// Engine name of the storage domain.
        domain: String,
    },
}

impl StorageKind {
    /// The REST API's storage type word.
    pub fn storage_type(&self) -> &'static str {
        match self {
            StorageKind::File { storage_type: FileType::Nfs, .. } => "nfs",
            StorageKind::File { storage_type: FileType::Posixfs, .. } => "posixfs",
            StorageKind::Iscsi { .. } => "iscsi",
            StorageKind::Fcp { .. } => "fcp",
        }
    }
}

/// File storage types that the API can repoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// NFS.
    Nfs,
    /// Any POSIX file system; the row may have no address.
    Posixfs,
}

impl fmt::Display for FileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileType::Nfs => "nfs",
            FileType::Posixfs => "posixfs",
        })
    }
}

/// Where an entry points: one copy per site, or one copy that every site reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement<T> {
    /// A value for each site it lives at.
    PerSite(BTreeMap<SiteName, T>),
    /// One copy that all sites reach; never repointed.
    Same(T),
}

impl<T> Placement<T> {
    /// The value at `site`, if the entry has one there.
    pub fn at(&self, site: &SiteName) -> Option<&T> {
        match self {
            Placement::PerSite(values) => values.get(site),
            Placement::Same(value) => Some(value),
        }
    }

    /// Every value, with the site it belongs to (none for a shared one).
    pub fn values(&self) -> Vec<(Option<&SiteName>, &T)> {
        match self {
            Placement::PerSite(values) => values.iter().map(|(site, value)| (Some(site), value)).collect(),
            Placement::Same(value) => vec![(None, value)],
        }
    }
}

/// Address and path of a file storage connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTarget {
    /// Address as the engine writes it; empty only for a POSIX file system without one.
    pub address: String,
    /// Absolute path.
    pub path: String,
}

impl fmt::Display for FileTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.address.is_empty() { f.write_str(&self.path) } else { write!(f, "{}:{}", self.address, self.path) }
    }
}

/// Target and portals of an iSCSI entry at one site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IscsiTarget {
    /// The IQN.
    pub target: String,
    /// Portals in order: address and port.
    pub portals: Vec<Portal>,
}

/// One iSCSI portal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Portal {
    /// Address without brackets.
    pub address: String,
    /// TCP port, 3260 unless the plan says otherwise.
    pub port: u16,
}

/// Which virtual machines follow the active site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vms {
    /// Whether what ran when the site was lost is started at the new one.
    pub was_running: bool,
    /// Start requests in flight.
    pub parallel: u32,
    /// How long a virtual machine may take to be up once its turn has come, before it counts as an exception.
    pub timeout: Duration,
}

/// Limits and habits; the defaults are the safe ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Suspend fencing policies and power management while a transition is open.
    pub suspend_fencing: bool,
    /// A second flip sooner than this is held until confirmed.
    pub flap_guard: Duration,
    /// Whether the daemon acts at all.
    pub mode: Mode,
    /// Pause between two passes in calm times.
    pub interval: Duration,
    /// Actions in flight.
    pub parallel: u32,
    /// More than this pauses before acting.
    pub limits: Limits,
}

/// Whether the daemon acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Acts inside an open transition.
    Act,
    /// Reads and reports, never acts.
    Observe,
}

/// How much one transition may touch before it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Hosts of both sites together.
    pub hosts: Option<u32>,
    /// Storage connections to repoint.
    pub connections: Option<u32>,
    /// Virtual machines to start.
    pub vms: Option<u32>,
}
