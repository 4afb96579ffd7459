//! A host as the engine shows it, and what its status says about its life.

use std::fmt;
use std::time::Duration;

use crate::{ClusterId, HostId, Time};

/// A host as `GET /hosts` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its id.
    pub id: HostId,
    /// Its name, unique in the engine.
    pub name: String,
    /// The address that the engine connects to.
    pub address: String,
    /// VDSM's port; a PUT must echo it when it is not 54321.
    pub port: u16,
    /// The cluster it belongs to; the data center is reached through it.
    pub cluster: ClusterId,
    /// Its status.
    pub status: HostStatus,
    /// Since when this process has seen this status.
    pub since: Time,
    /// `status_detail`: the reason of `non_operational`.
    pub detail: Option<String>,
    /// Its part in the data center's storage pool. Says nothing about reachability.
    pub spm: Spm,
    /// Since when this process has seen that it may become SPM (`spm.priority` above -1); none if it never may.
    pub may_be_spm: Option<Time>,
    /// `power_management.enabled`.
    pub power_management: bool,
    /// `summary.total`: virtual machines counted on it; stale on dead hosts until they are confirmed.
    pub vms: u32,
}

/// How long a host may be between two statuses. A reboot takes the engine up to ten minutes (hosts.md 2.6); whatever lasts longer is no
/// passing state, and the host counts as alive.
const UNSETTLED_PATIENCE: Duration = Duration::from_secs(900);

/// `maintenance` is shown before the host is disconnected from its storage (hosts.md 4.2); how long that takes is UNVERIFIED, and on a
/// running engine it was seconds.
const LETS_GO_OF_STORAGE: Duration = Duration::from_secs(30);

impl Host {
    /// Whether it may still run virtual machines and hold storage, as the engine's word goes.
    pub fn life(&self, now: Time) -> Life {
        match self.status.life() {
            Life::Unsettled if now.since(self.since) >= UNSETTLED_PATIENCE => Life::Alive,
            life @ (Life::Alive | Life::Unsettled | Life::Lost) => life,
        }
    }

    /// Whether it was parked so lately that it may still be writing to the storage it had. Says nothing of a host that was dead before.
    pub fn may_still_hold(&self, now: Time) -> bool {
        self.status == HostStatus::Maintenance && now.since(self.since) < LETS_GO_OF_STORAGE
    }
}

/// Status of a host: the API's words, and room for a word we do not know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the API's own words, listed in the engine's documentation")]
pub enum HostStatus {
    Up,
    Maintenance,
    NonResponsive,
    Down,
    Connecting,
    Unassigned,
    Reboot,
    Kdumping,
    Initializing,
    Installing,
    PreparingForMaintenance,
    NonOperational,
    Error,
    InstallFailed,
    InstallingOs,
    PendingApproval,
    /// A word of an engine newer than we are: shown, and counted as alive.
    Other(String),
}

const HOST_WORDS: [(&str, HostStatus); 16] = [
    ("up", HostStatus::Up),
    ("maintenance", HostStatus::Maintenance),
    ("non_responsive", HostStatus::NonResponsive),
    ("down", HostStatus::Down),
    ("connecting", HostStatus::Connecting),
    ("unassigned", HostStatus::Unassigned),
    ("reboot", HostStatus::Reboot),
    ("kdumping", HostStatus::Kdumping),
    ("initializing", HostStatus::Initializing),
    ("installing", HostStatus::Installing),
    ("preparing_for_maintenance", HostStatus::PreparingForMaintenance),
    ("non_operational", HostStatus::NonOperational),
    ("error", HostStatus::Error),
    ("install_failed", HostStatus::InstallFailed),
    ("installing_os", HostStatus::InstallingOs),
    ("pending_approval", HostStatus::PendingApproval),
];

impl HostStatus {
    /// The status for the API's word.
    pub fn from_word(word: &str) -> Self {
        let known = HOST_WORDS.iter().find(|(known, _)| *known == word);
        known.map_or_else(|| HostStatus::Other(word.to_owned()), |(_, status)| status.clone())
    }

    /// Whether a host in this status may still run virtual machines and hold storage, as the engine's word goes.
    pub fn life(&self) -> Life {
        match self {
            HostStatus::NonResponsive | HostStatus::Down | HostStatus::Maintenance => Life::Lost,
            HostStatus::Connecting
            | HostStatus::Unassigned
            | HostStatus::Reboot
            | HostStatus::Kdumping
            | HostStatus::Initializing
            | HostStatus::Installing => Life::Unsettled,
            HostStatus::Up
            | HostStatus::PreparingForMaintenance
            | HostStatus::NonOperational
            | HostStatus::Error
            | HostStatus::InstallFailed
            | HostStatus::InstallingOs
            | HostStatus::PendingApproval
            | HostStatus::Other(_) => Life::Alive,
        }
    }
}

impl fmt::Display for HostStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let HostStatus::Other(word) = self {
            return f.write_str(word);
        }
        f.write_str(HOST_WORDS.iter().find(|(_, status)| status == self).map_or("", |(word, _)| word))
    }
}

/// What a host's status says about its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It may run and write: the rule for every word not listed elsewhere.
    Alive,
    /// On the way to another status; waited for.
    Unsettled,
    /// The engine cannot talk to it, or it is parked. Not yet a proof that it is down.
    Lost,
}

/// A host's part in the storage pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spm {
    /// None.
    None,
    /// Being made SPM.
    Contending,
    /// The engine's row names it as SPM, dead or alive.
    Spm,
}
