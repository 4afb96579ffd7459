//! What a pass concluded: steps, waits, refusals, drift, and what has arrived.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Refusal, Step, Wait};

/// The outcome of one look at the world.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Where the plan stands, in one word.
    pub phase: Phase,
    /// Steps that may be taken now, all of them: independent ones run side by side.
    pub steps: Vec<Step>,
    /// What cannot go on yet and will by itself.
    pub waits: Vec<Wait>,
    /// What must not go on until a person or the world changes something.
    pub refusals: Vec<Refusal>,
    /// Where the world differs from the plan, in calm times.
    pub drift: Vec<String>,
    /// Goals seen reached in this pass and not yet journalled.
    pub reached: Vec<Goal>,
    /// The losing site was proven down in this pass; the evidence in words.
    pub proven: Option<String>,
    /// The transition is over, with what could not be reached.
    pub closing: Option<Vec<String>>,
}

/// Where a plan stands, derived anew in each pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No transition is open.
    #[default]
    Calm,
    /// The losing site is not proven down yet.
    Proving,
    /// The replica is being made writable.
    Promoting,
    /// Connections are being repointed.
    Repointing,
    /// Standby hosts are activated, dead hosts confirmed and parked, data centers come up.
    Activating,
    /// Virtual machines are started.
    Starting,
    /// What we owe is put back, and what has arrived is watched for a moment.
    Settling,
    /// The transition was cancelled; what we owe is put back.
    TurningBack,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Calm => "calm",
            Phase::Proving => "proving",
            Phase::Promoting => "promoting",
            Phase::Repointing => "repointing",
            Phase::Activating => "activating",
            Phase::Starting => "starting",
            Phase::Settling => "settling",
            Phase::TurningBack => "turning back",
        })
    }
}

/// Something that has reached its goal and is not acted on again in this transition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "goal", content = "object", rename_all = "snake_case")]
pub enum Goal {
    /// A connection row points at the new site (the row's key).
    Repointed(String),
    /// A standby host is up and has stayed so (its id).
    HostUp(String),
    /// A lost host is confirmed and its virtual machines and SPM role are seen gone (its id).
    Confirmed(String),
    /// A lost host is parked (its id).
    Parked(String),
    /// A data center is up (its id).
    DataCenterUp(String),
    /// A virtual machine is up (its id).
    VmUp(String),
}
