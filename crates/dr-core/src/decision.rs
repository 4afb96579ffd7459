//! What a pass concluded: steps, waits, refusals, drift, and what has arrived.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Details, Said, Step};

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

/// What cannot go on yet and will by itself, or after a request in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A part of the engine's answer is missing: nothing is concluded from what is not there.
    EngineUnreadable {
        /// What could not be read.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// A host is between two statuses.
    HostUnsettled {
        /// The host.
        host: String,
        /// Its status.
        status: String,
    },
    /// The engine still shows a host alive although nothing answers there: it takes up to 90 s to notice.
    EngineHasNotNoticed {
        /// The host.
        host: String,
        /// Its status.
        status: String,
    },
    /// Silence has not lasted long enough.
    Silence {
        /// What is silent.
        what: String,
        /// How long so far.
        so_far: Duration,
    },
    /// A probe has not been answered, refused or timed out: it says nothing.
    ProbeUnreadable {
        /// The probe.
        probe: String,
        /// Why.
        why: String,
    },
    /// A standby host that is up before the promotion is parked first.
    StandbyIsUp {
        /// The host.
        host: String,
        /// Its status.
        status: String,
    },
    /// The promotion has not ended.
    Promotion {
        /// The site.
        site: String,
        /// What the hook last said.
        text: Option<String>,
    },
    /// A step was tried, did not work, and is tried again.
    Retry {
        /// The step in words.
        step: String,
        /// How often it was tried.
        tries: u32,
        /// What was said last.
        text: String,
    },
    /// A standby host is not up yet.
    HostNotUp {
        /// The host.
        host: String,
        /// Its status, with its reason.
        status: String,
    },
    /// A host's storage connections must point at the new site before it may be confirmed.
    RowsNotRepointed {
        /// How many are missing.
        missing: usize,
    },
    /// The SPM host may be confirmed only once its data center does not answer.
    DataCenterNotProblematic {
        /// The SPM host.
        host: String,
        /// The data center and its status.
        data_center: String,
    },
    /// A host was confirmed but its virtual machines or its SPM role are still shown.
    ConfirmationNotSeen {
        /// The host.
        host: String,
        /// What is still shown.
        still: String,
    },
    /// A data center is not up yet.
    DataCenter {
        /// Its name.
        name: String,
        /// Its status.
        status: String,
        /// What it waits for.
        on: String,
    },
    /// A storage domain is not active yet.
    Domain {
        /// Its name.
        name: String,
        /// Its status.
        status: String,
    },
    /// Virtual machines are not up yet.
    Vms {
        /// How many are up.
        up: usize,
        /// How many follow the plan.
        of: usize,
        /// The names of the first few that are not.
        missing: Vec<String>,
    },
    /// Something is still owed.
    Owed {
        /// What.
        what: String,
        /// Why it is not put back yet.
        until: String,
    },
    /// Things have arrived and are watched for a moment: `up` is shown before storage is connected.
    Settling {
        /// What is watched.
        what: String,
    },
    /// Somebody paused the plan, or its mode is `observe`.
    Paused {
        /// Why.
        why: String,
    },
}

impl Wait {
    /// What the wait is about, without the figures that change from pass to pass: tells whether it is still the same wait.
    pub fn topic(&self) -> String {
        match self {
            Wait::EngineUnreadable { what, .. } => format!("engine {what}"),
            Wait::HostUnsettled { host, status } => format!("unsettled {host} {status}"),
            Wait::EngineHasNotNoticed { host, .. } => format!("unnoticed {host}"),
            Wait::Silence { what, .. } => format!("silence {what}"),
            Wait::ProbeUnreadable { probe, .. } => format!("probe {probe}"),
            Wait::StandbyIsUp { host, .. } => format!("standby {host}"),
            Wait::Promotion { site, .. } => format!("promotion {site}"),
            Wait::Retry { step, text, .. } => format!("retry {step} {text}"),
            Wait::HostNotUp { host, status } => format!("host {host} {status}"),
            Wait::RowsNotRepointed { .. } => "rows".to_owned(),
            Wait::DataCenterNotProblematic { host, .. } => format!("spm {host}"),
            Wait::ConfirmationNotSeen { host, .. } => format!("confirmation {host}"),
            Wait::DataCenter { name, on, .. } => format!("data center {name} {on}"),
            Wait::Domain { name, status } => format!("domain {name} {status}"),
            Wait::Vms { .. } => "vms".to_owned(),
            Wait::Owed { what, .. } => format!("owed {what}"),
            Wait::Settling { .. } => "settling".to_owned(),
            Wait::Paused { .. } => "paused".to_owned(),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::EngineUnreadable { what, why } => write!(f, "the engine's {what} could not be read: {why}"),
            Wait::HostUnsettled { host, status } => write!(f, "{host} is {status}"),
            Wait::EngineHasNotNoticed { host, status } => {
                write!(
                    f,
                    "the engine still shows {host} {status} although nothing answers there; it notices within 90 s"
                )
            }
            Wait::Silence { what, so_far } => {
                write!(f, "{what} silent for {}, counts after {}", Said(*so_far), Said(crate::SILENCE))
            }
            Wait::ProbeUnreadable { probe, why } => write!(f, "probe {probe} says nothing: {why}"),
            Wait::StandbyIsUp { host, status } => {
                write!(f, "standby host {host} is {status} and is parked before the storage changes")
            }
            Wait::Promotion { site, text: None } => write!(f, "the replica at {site} is being promoted"),
            Wait::Promotion { site, text: Some(text) } => write!(f, "the replica at {site} is being promoted: {text}"),
            Wait::Retry { step, tries, text } => {
                write!(f, "{step}: tried {tries} {}, last answer: {text}", if *tries == 1 { "time" } else { "times" })
            }
            Wait::HostNotUp { host, status } => write!(f, "{host} is {status}"),
            Wait::RowsNotRepointed { missing: 1 } => f.write_str("1 connection is not repointed yet"),
            Wait::RowsNotRepointed { missing } => write!(f, "{missing} connections are not repointed yet"),
            Wait::DataCenterNotProblematic { host, data_center } => {
                write!(f, "{host} is SPM and may be confirmed only when its data center does not answer; {data_center}")
            }
            Wait::ConfirmationNotSeen { host, still } => {
                write!(f, "{host} is confirmed, but the engine still shows {still}")
            }
            Wait::DataCenter { name, status, on } => write!(f, "data center {name} is {status}: {on}"),
            Wait::Domain { name, status } => write!(f, "storage domain {name} is {status}"),
            Wait::Vms { up, of, missing } => {
                write!(f, "{up} of {of} VMs up")?;
                if missing.is_empty() { Ok(()) } else { write!(f, "; missing: {}", missing.join(", ")) }
            }
            Wait::Owed { what, until } => write!(f, "{what} is owed until {until}"),
            Wait::Settling { what } => write!(f, "{what}, watched for a moment"),
            Wait::Paused { why } => write!(f, "paused: {why}"),
        }
    }
}

/// What must not go on until a person or the world changes something. Each says what would change its mind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A host of the losing site is alive in the engine's eyes.
    SiteAlive {
        /// The losing site.
        site: String,
        /// The host.
        host: String,
        /// Its status.
        status: String,
    },
    /// Something answers at the losing site.
    ProbeAnswers {
        /// The losing site.
        site: String,
        /// The host, if the probe is a host's.
        host: Option<String>,
        /// The probe.
        probe: String,
    },
    /// A witness outside every site does not answer: the silence may be our own.
    WitnessSilent {
        /// The witness.
        witness: String,
    },
    /// No probe of a host was ever seen answering, so its silence proves nothing.
    EvidenceNeverSeen {
        /// The losing site.
        site: String,
        /// The hosts.
        hosts: Vec<String>,
    },
    /// The plan asks a person to vouch for the loss.
    AttestationNeeded {
        /// The losing site.
        site: String,
    },
    /// A host of an affected data center that the plan does not park is alive: it still writes to the old copy.
    HostHoldsStorage {
        /// The host.
        host: String,
        /// Its status.
        status: String,
        /// Its data center.
        data_center: String,
        /// Whether the plan names it.
        named: bool,
    },
    /// A data domain of an affected data center has no replica in the plan.
    DomainWithoutReplica {
        /// The domain.
        domain: String,
        /// Its data center.
        data_center: String,
    },
    /// A host of the plan does not exist in the engine.
    HostUnknown {
        /// The host's name in the plan.
        host: String,
    },
    /// A storage entry of the plan was not found in the engine.
    RowProblem {
        /// What is wrong.
        text: String,
    },
    /// A connection points at none of the plan's values: somebody else changed it.
    ConnectionForeign {
        /// The row's name.
        name: String,
        /// Where it points.
        now: Details,
        /// Where the plan wants it.
        wanted: Details,
    },
    /// A connection went astray after hosts were activated: repointing it now would leave them on another copy.
    ConnectionAstray {
        /// The row's name.
        name: String,
        /// Where it points.
        now: Details,
        /// A host that is up.
        host: String,
    },
    /// A person is to confirm that the replica is writable.
    PromotionConfirmation {
        /// The site.
        site: String,
    },
    /// The promotion hook failed.
    PromotionFailed {
        /// The site.
        site: String,
        /// What it said.
        text: String,
    },
    /// A lost host is alive again although it was confirmed as rebooted.
    LostHostReturned {
        /// The host.
        host: String,
        /// Its status.
        status: String,
    },
    /// The data center does not come up because storage names a dead SPM.
    DeadSpmOwnsStorage {
        /// The data center.
        data_center: String,
        /// For how long nothing has moved.
        since: Duration,
    },
    /// The account lacks a right.
    NoPermission {
        /// The step in words.
        step: String,
        /// The engine's words.
        text: String,
    },
    /// Another engine answers than the one that the journal knows.
    OtherEngine {
        /// The journal's.
        known: String,
        /// The one that answers.
        found: String,
    },
    /// The engine's history went back: it was restored from a backup.
    EngineWentBack {
        /// The journal's highest event.
        known: u64,
        /// The engine's highest event.
        found: u64,
    },
    /// Tags of ours name debts that the journal does not know.
    UnknownDebts {
        /// The tags.
        tags: Vec<String>,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::SiteAlive { site, host, status } => write!(
                f,
                "the engine sees {host} {status}. {site} is not lost, nothing was changed. Power it off out of band, or cut it from the storage"
            ),
            Refusal::ProbeAnswers { site, host: Some(host), probe } => write!(
                f,
                "{host} answers on {probe}. {site} is not proven down. Power it off or cut it from the storage; if you know that this \
                 answer is not {host}'s: ovirt-dr confirm PLAN {host} --ignore {probe} --reason \"...\""
            ),
            Refusal::ProbeAnswers { site, host: None, probe } => {
                write!(
                    f,
                    "{probe} answers. {site} is not proven down. Cut the site off, or take the address out of its evidence"
                )
            }
            Refusal::WitnessSilent { witness } => write!(
                f,
                "silence does not count: the witness {witness} does not answer either; it may be this machine that is cut off"
            ),
            Refusal::EvidenceNeverSeen { site, hosts } => write!(
                f,
                "no probe of {} was ever seen answering, so silence proves nothing. If you know that {site} is down: ovirt-dr confirm PLAN \
                 site-down --reason \"...\"",
                hosts.join(", ")
            ),
            Refusal::AttestationNeeded { site } => write!(
                f,
                "the plan asks a person to vouch that {site} is down: ovirt-dr confirm PLAN site-down --reason \"...\""
            ),
            Refusal::HostHoldsStorage { host, status, data_center, named: false } => write!(
                f,
                "{host} is {status} in data center {data_center} and not in the plan: it still writes to the old copy. Put it in maintenance or \
                 power it off"
            ),
            Refusal::HostHoldsStorage { host, status, data_center, named: true } => write!(
                f,
                "{host} of another site is {status} in data center {data_center}: it still writes to the old copy. Put it in maintenance or power it off"
            ),
            Refusal::DomainWithoutReplica { domain, data_center } => write!(
                f,
                "storage domain {domain} of data center {data_center} is not in the plan: hosts would fail on its old copy. Put it in maintenance, \
                 or add it to the plan"
            ),
            Refusal::HostUnknown { host } => write!(f, "the engine has no host {host}; correct the plan"),
            Refusal::RowProblem { text } => f.write_str(text),
            Refusal::ConnectionForeign { name, now, wanted } => write!(
                f,
                "connection {name} is {now}, which is none of the plan's values: somebody changed it. Put it right by hand, or let us write {wanted}: \
                 ovirt-dr confirm PLAN connection:{name} --reason \"...\""
            ),
            Refusal::ConnectionAstray { name, now, host } => write!(
                f,
                "connection {name} was changed to {now} after {host} came up. Changing it back under a living host is not safe: decide by hand"
            ),
            Refusal::PromotionConfirmation { site } => {
                write!(f, "make the replica at {site} writable, then: ovirt-dr confirm PLAN promoted --reason \"...\"")
            }
            Refusal::PromotionFailed { site, text } => write!(
                f,
                "the promotion hook of {site} failed: {text}. It is run again; or promote by hand, then: ovirt-dr confirm PLAN promoted --reason \"...\""
            ),
            Refusal::LostHostReturned { host, status } => write!(
                f,
                "{host} was confirmed as rebooted and is {status} again: no VM is started. Put it in maintenance, or power it off"
            ),
            Refusal::DeadSpmOwnsStorage { data_center, since } => write!(
                f,
                "data center {data_center} has not moved for {}: storage still names a dead SPM. Ways out: wait for its lease to run out, bring that \
                 host back without network to its virtual machines, or remove the dead host from the engine (DELETE /hosts/ID)",
                Said(*since)
            ),
            Refusal::NoPermission { step, text } => {
                write!(f, "{step}: the account lacks a right ({text}). Give the daemon's account the role SuperUser")
            }
            Refusal::OtherEngine { known, found } => write!(
                f,
                "another engine answers (instance {found}, known is {known}). If this is the one engine alive: ovirt-dr confirm PLAN engine --reason \"...\""
            ),
            Refusal::EngineWentBack { known, found } => write!(
                f,
                "the engine's history went back (event {found}, known is {known}): restored from a backup? If this is the one engine alive: \
                 ovirt-dr confirm PLAN engine --reason \"...\""
            ),
            Refusal::UnknownDebts { tags } => write!(
                f,
                "the engine carries debts that this daemon's journal does not know ({}): another daemon, or an older state database. Only observing",
                tags.join(", ")
            ),
        }
    }
}

impl Refusal {
    /// What the refusal is about, without the figures that change from pass to pass.
    pub fn topic(&self) -> String {
        match self {
            Refusal::DeadSpmOwnsStorage { data_center, .. } => format!("dead SPM {data_center}"),
            Refusal::EngineWentBack { known, .. } => format!("engine went back {known}"),
            other => other.to_string(),
        }
    }

    /// The refusal with the plan's name in the commands that it offers.
    pub fn said(&self, plan: &str) -> String {
        self.to_string().replace(" PLAN ", &format!(" {plan} "))
    }
}
