//! The API's own words for states and kinds, as enums that print and read exactly those words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word the API does not know in this place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no word of this kind")]
pub struct UnknownWord(pub String);

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(
                #[doc = concat!("`", $word, "`")]
                #[serde(rename = $word)]
                $(#[$vdoc])*
                $variant,
            )*
        }

        impl $name {
            /// All words, in the engine's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as the API writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| UnknownWord(text.to_owned()))
            }
        }
    )*};
}

words! {
    /// Status of a host.
    HostStatus {
        Unassigned = "unassigned",
        Down = "down",
        Maintenance = "maintenance",
        Up = "up",
        NonResponsive = "non_responsive",
        Error = "error",
        Installing = "installing",
        InstallFailed = "install_failed",
        Reboot = "reboot",
        PreparingForMaintenance = "preparing_for_maintenance",
        NonOperational = "non_operational",
        PendingApproval = "pending_approval",
        Initializing = "initializing",
        Connecting = "connecting",
        InstallingOs = "installing_os",
        Kdumping = "kdumping",
    }
    /// `spm.status` of a host, computed from the data center's row.
    SpmStatus { None = "none", Contending = "contending", Spm = "spm", }
    /// Status of a data center.
    DataCenterStatus {
        Uninitialized = "uninitialized",
        Up = "up",
        Maintenance = "maintenance",
        NotOperational = "not_operational",
        Problematic = "problematic",
        Contend = "contend",
    }
    /// Status of a storage domain in its data center.
    DomainStatus {
        Unknown = "unknown",
        Unattached = "unattached",
        Active = "active",
        Inactive = "inactive",
        Locked = "locked",
        Maintenance = "maintenance",
        PreparingForMaintenance = "preparing_for_maintenance",
        Detaching = "detaching",
        Activating = "activating",
    }
    /// Status of a VM; `image_illegal` has no word in the API (the member is absent there).
    VmStatus {
        Unassigned = "unassigned",
        Down = "down",
        Up = "up",
        PoweringUp = "powering_up",
        Paused = "paused",
        Migrating = "migrating",
        Unknown = "unknown",
        NotResponding = "not_responding",
        WaitForLaunch = "wait_for_launch",
        RebootInProgress = "reboot_in_progress",
        SavingState = "saving_state",
        RestoringState = "restoring_state",
        Suspended = "suspended",
        ImageLocked = "image_locked",
        PoweringDown = "powering_down",
    }
    /// Type of storage.
    StorageType {
        Nfs = "nfs",
        Iscsi = "iscsi",
        Posixfs = "posixfs",
        Glusterfs = "glusterfs",
        Fcp = "fcp",
        Localfs = "localfs",
    }
    /// Type of a storage domain.
    DomainType { Data = "data", Iso = "iso", Export = "export", }
    /// `fence_type` of the fence action.
    FenceType {
        Manual = "manual",
        Restart = "restart",
        Start = "start",
        Stop = "stop",
        Status = "status",
    }
    /// Status of a job.
    JobStatus {
        Started = "started",
        Finished = "finished",
        Failed = "failed",
        Aborted = "aborted",
        Unknown = "unknown",
    }
    /// Severity of an event.
    Severity { Normal = "normal", Warning = "warning", Error = "error", Alert = "alert", }
    /// Placement affinity of a VM.
    Affinity { Migratable = "migratable", UserMigratable = "user_migratable", Pinned = "pinned", }
    /// Status of a disk.
    DiskStatus { Ok = "ok", Locked = "locked", Illegal = "illegal", }
}

impl VmStatus {
    /// Whether the VM counts as not running: no host, no start time in its representation.
    pub fn is_not_running(self) -> bool {
        match self {
            Self::Down | Self::Suspended | Self::ImageLocked => true,
            Self::Unassigned
            | Self::Up
            | Self::PoweringUp
            | Self::Paused
            | Self::Migrating
            | Self::Unknown
            | Self::NotResponding
            | Self::WaitForLaunch
            | Self::RebootInProgress
            | Self::SavingState
            | Self::RestoringState
            | Self::PoweringDown => false,
        }
    }
}
