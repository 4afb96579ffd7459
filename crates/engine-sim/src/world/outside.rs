//! What is true outside the engine: power, cables, mounts, guests. The engine learns of it only by polling.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SimTime;
use super::ids::{ConnectionId, VmId};
use super::model::Target;

/// How packets to an address are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Connections are accepted.
    Answering,
    /// Connections are refused at once (RST).
    Refusing,
    /// Packets vanish (black hole).
    Silent,
}

/// What the SSH port of a host does when its VDSM does not answer; decides how long the treatment holds the fence lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SshManner {
    /// As the host's packets are treated: dropped or refused.
    #[default]
    AsLink,
    /// Refuses: the lock is held 0.3 s.
    Refuses,
    /// Drops: 60 s.
    Drops,
    /// Accepts and stays silent: 121 s.
    Mute,
    /// Works: VDSM is restarted and the host is up again within 60 s if it has power.
    Works,
}

/// What a BMC does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bmc {
    /// Lives with its site's network.
    #[default]
    WithSite,
    /// Answers whatever happens to the site.
    Living,
    /// Never answers.
    Dead,
}

/// A host as it really is.
#[derive(Clone, Debug)]
pub struct Outside {
    /// Whether it has power and its operating system runs.
    pub powered: bool,
    /// When a boot in progress ends.
    pub boots_at: Option<SimTime>,
    /// When it last began to run.
    pub alive_since: SimTime,
    /// How its own network treats packets (a cut of the whole site comes on top).
    pub link: Link,
    /// SSH port.
    pub ssh: SshManner,
    /// Power management controller.
    pub bmc: Bmc,
    /// Storage it holds: the row it was connected by and where that row pointed then.
    pub mounts: BTreeMap<ConnectionId, Target>,
    /// Guests that really run on it.
    pub guests: BTreeMap<VmId, Guest>,
    /// Whether it acts as SPM.
    pub is_spm: bool,
    /// Whether the SPM role cannot be stopped.
    pub spm_stuck: bool,
    /// Extra time each storage connection takes, in ms.
    pub storage_delay: u64,
    /// Whether it alone reaches no storage: a cable, an export rule, a zone.
    pub storage_cut: bool,
}

/// A guest on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// When it began to run.
    pub since: SimTime,
}
