//! Refusals: what must not go on, with its exit.

use std::fmt;
use std::time::Duration;

use crate::{Details, Said};

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
    /// The engine shows no data center for a host of the plan, so nothing is known of the storage that it holds.
    HostWithoutDataCenter {
        /// The host.
        host: String,
    },
    /// The plan in force lacks a site of the open transition.
    SiteUnknown {
        /// The site.
        site: String,
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
    /// A lost host is alive again although its storage was given to the new site, or it was confirmed as rebooted.
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
    /// No host of the new site may become SPM, and without one the data center does not come up.
    NoHostMayBeSpm {
        /// The new site.
        site: String,
        /// The data center.
        data_center: String,
        /// Its hosts there.
        hosts: Vec<String>,
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
    /// Another plan speaks to the same engine: neither acts.
    SharedEngine {
        /// The other plans.
        plans: Vec<String>,
    },
    /// A step of ours would have broken an invariant: a defect of ours, or a world that nobody thought of.
    InvariantBroken {
        /// Which and by what.
        breach: crate::invariants::Breach,
    },
    /// Tags of ours name debts that the journal does not know.
    UnknownDebts {
        /// The tags.
        tags: Vec<String>,
        /// The newest failover of this plan that they tell of and the newest that the journal knows, if that is an earlier one.
        later: Option<(u64, u64)>,
        /// Other plans that left some of them.
        plans: Vec<String>,
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
            Refusal::HostWithoutDataCenter { host } => write!(
                f,
                "the engine shows no data center for {host}: put its cluster into the data center, or take the host out of the plan"
            ),
            Refusal::SiteUnknown { site } => {
                write!(
                    f,
                    "the plan in force has no site {site}, which the open transition needs; put it back into the plan"
                )
            }
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
                "{host} was given up as lost and is {status} again: no VM is started. Put it in maintenance, or power it off"
            ),
            Refusal::DeadSpmOwnsStorage { data_center, since } => write!(
                f,
                "data center {data_center} has not moved for {}: storage still names a dead SPM. Ways out: wait for its lease to run out, bring that \
                 host back without network to its virtual machines, or remove the dead host from the engine (DELETE /hosts/ID)",
                Said(*since)
            ),
            Refusal::NoHostMayBeSpm { site, data_center, hosts } => write!(
                f,
                "no host of {site} may become SPM of data center {data_center}, which cannot come up without: the SPM priority of {} is -1 (never). \
                 Give one of them another (Edit Host, SPM)",
                shown(hosts)
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
            Refusal::SharedEngine { plans } => write!(
                f,
                "{} and this plan are for one engine: neither acts. Make one plan of them, or take one away",
                plans.join(" and ")
            ),
            Refusal::InvariantBroken { breach } => write!(
                f,
                "{breach}: nothing more is done for this plan. It was not sent; go by hand, or when you have looked: ovirt-dr resume PLAN lets it go on"
            ),
            Refusal::UnknownDebts { tags, later, plans } => write!(
                f,
                "the engine carries debts that this daemon's journal does not know ({}): {}. Only observing. ovirt-dr repair PLAN shows what they are, and \
                 gives them back",
                tags.join(", "),
                whose(*later, plans)
            ),
        }
    }
}

/// Names that a refusal lists.
const NAMES_SHOWN: usize = 5;

/// `b1, b2`, and of many the first few.
fn shown(names: &[String]) -> String {
    let first = names.iter().take(NAMES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Who left debts that the journal does not know.
fn whose(later: Option<(u64, u64)>, plans: &[String]) -> String {
    match (later, plans) {
        (Some((newest, known)), _) => {
            let known = if known == 0 { "no failover".to_owned() } else { format!("none after failover {known}") };
            format!(
                "failover {newest} of this plan left them and the journal knows {known}. The state database is older than the engine's tags, \
                 restored or lost, or another daemon is at work"
            )
        }
        (None, []) => "another daemon, or an older state database".to_owned(),
        (None, [plan]) => {
            format!(
                "plan {plan} left them. If this is its file under a new name: rename it back to {plan}.yaml, and it goes on where it was"
            )
        }
        (None, plans) => format!("plans {} left them", plans.join(" and ")),
    }
}

impl Refusal {
    /// What the refusal is about, without the figures that change from pass to pass.
    pub fn topic(&self) -> String {
        if let Refusal::DeadSpmOwnsStorage { data_center, .. } = self {
            return format!("dead SPM {data_center}");
        }
        if let Refusal::EngineWentBack { known, .. } = self {
            return format!("engine went back {known}");
        }
        self.to_string()
    }

    /// The refusal with the plan's name in the commands that it offers.
    pub fn said(&self, plan: &str) -> String {
        self.to_string().replace(" PLAN ", &format!(" {plan} "))
    }
}
