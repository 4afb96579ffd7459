//! Waits: what cannot go on yet and will by itself, with the reason.

use std::fmt;
use std::time::Duration;

use crate::Said;

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
    /// The engine's list leaves a host of the lost site out: it is not taken for removed yet.
    LeftOut {
        /// The host.
        host: String,
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
            Wait::LeftOut { host } => format!("left out {host}"),
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
                if missing.is_empty() {
                    return Ok(());
                }
                write!(f, "; missing: {}", missing.join(", "))?;
                match of.saturating_sub(up + missing.len()) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Wait::LeftOut { host } => write!(
                f,
                "{host} is not in the engine's list of hosts: it counts as there and not parked until it is listed in maintenance or has been missing for {}",
                Said(crate::GONE_AFTER)
            ),
            Wait::Owed { what, until } => write!(f, "{what} is owed until {until}"),
            Wait::Settling { what } => write!(f, "{what}, watched for a moment"),
            Wait::Paused { why } => f.write_str(why),
        }
    }
}
