//! The API's enumerations, with room for words that this client does not know.
//!
//! An unknown word is kept as `Other` with its text: it can be shown and compared, and a caller that asks for one
//! of the known words never gets it by accident.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)*
            /// A word this client does not know, as the engine wrote it.
            Other(String),
        }

        impl $name {
            /// The API's own word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::read::required(deserializer, |word| Ok(Self::from(word)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )*};
}

words! {
    /// `status` of a host.
    HostStatus {
        /// Activation was just asked for, or the engine restarted and has not looked yet.
        Unassigned = "unassigned",
        /// Powered off by the engine's power management; not polled.
        Down = "down",
        /// Parked; not polled.
        Maintenance = "maintenance",
        /// Answers. Shown up to 79 s before the storage is connected, so only a lasting `up` counts.
        Up = "up",
        /// Does not answer; polled for ever, so it comes back by itself.
        NonResponsive = "non_responsive",
        /// A type mismatch between VDSM and the cluster.
        Error = "error",
        /// Being installed.
        Installing = "installing",
        /// Installation failed.
        InstallFailed = "install_failed",
        /// Rebooted by the engine.
        Reboot = "reboot",
        /// Its VMs are migrating away.
        PreparingForMaintenance = "preparing_for_maintenance",
        /// Answers, but cannot serve; the reason is in `status_detail`.
        NonOperational = "non_operational",
        /// Waits for an administrator's approval.
        PendingApproval = "pending_approval",
        /// Set after install or upgrade.
        Initializing = "initializing",
        /// Network failures within the grace period.
        Connecting = "connecting",
        /// Its operating system is being installed.
        InstallingOs = "installing_os",
        /// Writing a kernel crash dump.
        Kdumping = "kdumping",
    }

    /// `spm.status` of a host. Computed from the data center's row: it says nothing about reachability.
    SpmStatus {
        /// Not the SPM.
        None = "none",
        /// The role is being taken.
        Contending = "contending",
        /// Holds the role, also when the host is dead and nobody confirmed it.
        Spm = "spm",
    }

    /// `external_status` of a host or storage domain, set by outside tools.
    ExternalStatus {
        /// Nothing to report.
        Ok = "ok",
        /// A remark.
        Info = "info",
        /// A warning.
        Warning = "warning",
        /// An error.
        Error = "error",
        /// A failure.
        Failure = "failure",
    }

    /// `fence_type` of the host action `fence`.
    FenceType {
        /// A person confirms that the host was rebooted. Nothing is powered or checked.
        Manual = "manual",
        /// Power off, then on.
        Restart = "restart",
        /// Power on.
        Start = "start",
        /// Power off; only of a host in maintenance.
        Stop = "stop",
        /// Ask the fence agent; a failing agent answers 200 with a fault inside.
        Status = "status",
    }

    /// `power_management.status`, present only in the answer to a fence of type `status`.
    PowerStatus {
        /// Powered on.
        On = "on",
        /// Powered off.
        Off = "off",
        /// The agent could not say.
        Unknown = "unknown",
    }

    /// `status` of a data center; there is no call to set it.
    DataCenterStatus {
        /// No master domain was ever attached.
        Uninitialized = "uninitialized",
        /// An SPM is elected and the master domain is active.
        Up = "up",
        /// The master domain is in maintenance.
        Maintenance = "maintenance",
        /// The SPM host died while the engine was starting.
        NotOperational = "not_operational",
        /// No working SPM; the web interface calls it Non Responsive.
        Problematic = "problematic",
        /// An SPM start is in progress.
        Contend = "contend",
    }

    /// `status` of a storage domain. Under `/storagedomains` only `unattached` or nothing; the real one is under a data center.
    StorageDomainStatus {
        /// Nobody reports it: no host is up, or the data center is problematic.
        Unknown = "unknown",
        /// In no data center.
        Unattached = "unattached",
        /// In use.
        Active = "active",
        /// All hosts reported it broken, or an activation left it so.
        Inactive = "inactive",
        /// A command is in progress.
        Locked = "locked",
        /// Parked.
        Maintenance = "maintenance",
        /// Deactivated; hosts still watch it.
        PreparingForMaintenance = "preparing_for_maintenance",
        /// Being detached.
        Detaching = "detaching",
        /// Being activated (not the master domain, which shows `locked`).
        Activating = "activating",
        /// In the model, never seen from an engine.
        Mixed = "mixed",
    }

    /// `type` of a storage domain.
    StorageDomainType {
        /// VM disks; the master domain is one of these.
        Data = "data",
        /// ISO images.
        Iso = "iso",
        /// Export domain.
        Export = "export",
        /// OpenStack images.
        Image = "image",
        /// OpenStack volumes.
        Volume = "volume",
    }

    /// `type` of a storage connection and of a domain's `storage`.
    StorageType {
        /// NFS export.
        Nfs = "nfs",
        /// iSCSI target.
        Iscsi = "iscsi",
        /// Fibre Channel; it has no connection row.
        Fcp = "fcp",
        /// Any POSIX file system that mounts, CephFS for one.
        Posixfs = "posixfs",
        /// Gluster volume.
        Glusterfs = "glusterfs",
        /// A folder of one host.
        Localfs = "localfs",
        /// Managed block storage.
        ManagedBlockStorage = "managed_block_storage",
        /// OpenStack Cinder.
        Cinder = "cinder",
        /// OpenStack Glance.
        Glance = "glance",
    }

    /// `status` of a VM. A VM with an illegal image shows no status at all.
    VmStatus {
        /// Just being assigned to a host.
        Unassigned = "unassigned",
        /// Not running.
        Down = "down",
        /// Running.
        Up = "up",
        /// Starting.
        PoweringUp = "powering_up",
        /// Paused, the code is in `status_detail`.
        Paused = "paused",
        /// On its way to another host.
        Migrating = "migrating",
        /// Its host is silent: only host fencing, the host's return or the lease end this.
        Unknown = "unknown",
        /// The guest process does not answer on a host that does.
        NotResponding = "not_responding",
        /// A host accepted it.
        WaitForLaunch = "wait_for_launch",
        /// Rebooting.
        RebootInProgress = "reboot_in_progress",
        /// Being suspended.
        SavingState = "saving_state",
        /// Being resumed.
        RestoringState = "restoring_state",
        /// Suspended; its memory is on a storage domain.
        Suspended = "suspended",
        /// A disk is locked by an operation.
        ImageLocked = "image_locked",
        /// Shutting down.
        PoweringDown = "powering_down",
    }

    /// `placement_policy.affinity` of a VM.
    VmAffinity {
        /// May migrate by itself.
        Migratable = "migratable",
        /// Migrates only when a person says so.
        UserMigratable = "user_migratable",
        /// Runs only on its listed hosts.
        Pinned = "pinned",
    }

    /// `storage_type` of a disk.
    DiskStorageType {
        /// An image on a storage domain.
        Image = "image",
        /// A LUN used directly: it stands behind storage connections of its own.
        Lun = "lun",
        /// OpenStack Cinder.
        Cinder = "cinder",
        /// Managed block storage.
        ManagedBlockStorage = "managed_block_storage",
    }

    /// `status` of a job. A job the engine no longer knows answers 404: gone, not failed.
    JobStatus {
        /// Running.
        Started = "started",
        /// Ended well.
        Finished = "finished",
        /// Ended badly, or refused by validation.
        Failed = "failed",
        /// Aborted.
        Aborted = "aborted",
        /// The engine restarted while it ran.
        Unknown = "unknown",
    }

    /// `severity` of an event.
    Severity {
        /// Normal course of things.
        Normal = "normal",
        /// A warning.
        Warning = "warning",
        /// An error.
        Error = "error",
        /// An alert; stored once for each host name and kind until dismissed.
        Alert = "alert",
    }

    /// `status` of an action's answer: what became of the command, not of the thing it acts on.
    ActionStatus {
        /// The command returned. The host, VM or domain may still be on its way.
        Complete = "complete",
        /// Storage tasks have not begun.
        Pending = "pending",
        /// Storage tasks are running.
        InProgress = "in_progress",
        /// The command failed.
        Failed = "failed",
    }
}
