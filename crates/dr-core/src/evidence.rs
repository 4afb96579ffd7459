//! Whether a site is proven down: the engine's word, silence, and witnesses that still answer.
//!
//! The engine's word alone means "I cannot talk to VDSM". Silence alone may be our own. Together, and lasting, they are a proof by the plan's
//! default rule; anything that answers contradicts, whatever else is proven.

use std::time::Duration;

use dr_plan::{Plan, Probe, Require, Site};

use crate::{
    Answer, Confirmation, Host, HostStatus, Memory, Observed, ProbeState, Refusal, Said, Time, Transition, Wait,
};

/// How long a silence must last.
pub const SILENCE: Duration = Duration::from_secs(60);
/// Over how many rounds.
pub const SILENT_ROUNDS: u32 = 3;
/// How old the newest round may be.
pub const SILENCE_FRESH: Duration = Duration::from_secs(10);

/// What the probes of one host say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostEvidence {
    /// Something answers on this probe.
    Answers(Probe),
    /// Silent for long enough, on these ports.
    Silent {
        /// The ports.
        ports: Vec<u16>,
        /// For how long.
        lasted: Duration,
    },
    /// Silent, but not for long enough.
    NotYet {
        /// For how long so far.
        so_far: Duration,
    },
    /// A probe said nothing.
    Unreadable {
        /// Which.
        probe: Probe,
        /// Why.
        why: String,
    },
    /// No probe of it was ever seen answering: its silence proves nothing.
    NeverSeen,
}

/// What a site's evidence amounts to.
#[derive(Debug, Default)]
pub(crate) struct SiteEvidence {
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) waits: Vec<Wait>,
    /// The evidence in words, once nothing contradicts and nothing is missing.
    pub(crate) proven: Option<String>,
}

/// What the probes say about one host. A person may have lifted a probe for this host and epoch.
pub(crate) fn judge_host(
    site: &Site,
    host: &Host,
    observed: &Observed,
    memory: &Memory,
    transition: Option<&Transition>,
    now: Time,
) -> HostEvidence {
    let mut silent_ports = Vec::new();
    let mut lasted = Duration::MAX;
    let mut short: Option<Duration> = None;
    let mut unreadable = None;
    for port in &site.evidence.host_ports {
        let probe = Probe { address: host.address.clone(), port: *port };
        if transition.is_some_and(|transition| transition.ignores(&host.name, &probe)) {
            continue;
        }
        let Some(state) = observed.probes.get(&probe).filter(|state| now.since(state.at) <= SILENCE_FRESH) else {
            unreadable.get_or_insert((probe, "not probed in the last 10 s".to_owned()));
            continue;
        };
        match &state.last {
            Answer::Accepted | Answer::Refused => return HostEvidence::Answers(probe),
            Answer::Unreadable(why) => {
                unreadable.get_or_insert((probe, why.clone()));
            }
            Answer::Silent if !memory.answered.contains(&probe.to_string()) => {}
            Answer::Silent => {
                let so_far = silence(state, memory, now);
                if state.silent_rounds >= SILENT_ROUNDS && so_far >= SILENCE {
                    silent_ports.push(*port);
                    lasted = lasted.min(so_far);
                } else {
                    short = Some(short.map_or(so_far, |short| short.min(so_far)));
                }
            }
        }
    }
    if let Some((probe, why)) = unreadable {
        return HostEvidence::Unreadable { probe, why };
    }
    match (short, silent_ports.is_empty()) {
        (Some(so_far), _) => HostEvidence::NotYet { so_far },
        (None, true) => HostEvidence::NeverSeen,
        (None, false) => HostEvidence::Silent { ports: silent_ports, lasted },
    }
}

fn silence(state: &ProbeState, memory: &Memory, now: Time) -> Duration {
    let Some(since) = state.silent_since else { return Duration::ZERO };
    now.since(memory.void_before.map_or(since, |void| void.max(since)))
}

/// Judges the whole losing site: its hosts as the engine shows them, every probe, every witness.
pub(crate) fn judge_site(
    plan: &Plan,
    name: &str,
    site: &Site,
    hosts: &[&Host],
    observed: &Observed,
    memory: &Memory,
    transition: &Transition,
    now: Time,
) -> SiteEvidence {
    let mut evidence = SiteEvidence::default();
    for witness in &plan.witnesses {
        let state = observed.probes.get(witness).filter(|state| now.since(state.at) <= SILENCE_FRESH);
        match state.map(|state| &state.last) {
            Some(Answer::Accepted | Answer::Refused) => {}
            Some(Answer::Silent | Answer::Unreadable(_)) => {
                evidence.refusals.push(Refusal::WitnessSilent { witness: witness.to_string() });
            }
            None => {
                let why = "not probed in the last 10 s".to_owned();
                evidence.waits.push(Wait::ProbeUnreadable { probe: witness.to_string(), why });
            }
        }
    }
    let vouched = transition.confirmations.contains(&Confirmation::SiteDown);
    let mut never_seen = Vec::new();
    let mut shortest = Duration::MAX;
    let mut silent_ports: Vec<u16> = Vec::new();
    for host in hosts {
        match judge_host(site, host, observed, memory, Some(transition), now) {
            HostEvidence::Answers(probe) => evidence.refusals.push(Refusal::ProbeAnswers {
                site: name.to_owned(),
                host: Some(host.name.clone()),
                probe: probe.to_string(),
            }),
            HostEvidence::Silent { ports, lasted } => {
                shortest = shortest.min(lasted);
                silent_ports.extend(ports);
            }
            _ if vouched => {}
            HostEvidence::NotYet { so_far } => evidence.waits.push(Wait::Silence { what: host.name.clone(), so_far }),
            HostEvidence::Unreadable { probe, why } => {
                evidence.waits.push(Wait::ProbeUnreadable { probe: probe.to_string(), why });
            }
            // A parked or powered-off host was not probed alive for good reason; the engine's word is about a known state.
            HostEvidence::NeverSeen if matches!(host.status, HostStatus::Maintenance | HostStatus::Down) => {}
            HostEvidence::NeverSeen => never_seen.push(host.name.clone()),
        }
    }
    let also = judge_also(name, site, observed, memory, vouched, now, &mut evidence);
    if !never_seen.is_empty() {
        evidence.refusals.push(Refusal::EvidenceNeverSeen { site: name.to_owned(), hosts: never_seen });
    }
    if evidence.refusals.is_empty() && evidence.waits.is_empty() {
        if site.evidence.require == Require::Attestation && !vouched {
            evidence.refusals.push(Refusal::AttestationNeeded { site: name.to_owned() });
        } else {
            silent_ports.sort_unstable();
            silent_ports.dedup();
            evidence.proven = Some(words(plan, hosts, &silent_ports, shortest, &also, vouched));
        }
    }
    evidence
}

fn judge_also(
    name: &str,
    site: &Site,
    observed: &Observed,
    memory: &Memory,
    vouched: bool,
    now: Time,
    evidence: &mut SiteEvidence,
) -> Vec<String> {
    let mut silent = Vec::new();
    for probe in &site.evidence.also {
        let state = observed.probes.get(probe).filter(|state| now.since(state.at) <= SILENCE_FRESH);
        match state.map(|state| (state, &state.last)) {
            Some((_, Answer::Accepted | Answer::Refused)) => evidence.refusals.push(Refusal::ProbeAnswers {
                site: name.to_owned(),
                host: None,
                probe: probe.to_string(),
            }),
            _ if vouched => {}
            // An address that never answered says nothing either way; the hosts' own silence decides.
            Some((_, Answer::Silent)) if !memory.answered.contains(&probe.to_string()) => {}
            Some((state, Answer::Silent)) => {
                let so_far = silence(state, memory, now);
                if state.silent_rounds >= SILENT_ROUNDS && so_far >= SILENCE {
                    silent.push(probe.address.clone());
                } else {
                    evidence.waits.push(Wait::Silence { what: probe.to_string(), so_far });
                }
            }
            Some((_, Answer::Unreadable(why))) => {
                evidence.waits.push(Wait::ProbeUnreadable { probe: probe.to_string(), why: why.clone() });
            }
            None => {
                let why = "not probed in the last 10 s".to_owned();
                evidence.waits.push(Wait::ProbeUnreadable { probe: probe.to_string(), why });
            }
        }
    }
    silent
}

fn words(plan: &Plan, hosts: &[&Host], ports: &[u16], lasted: Duration, also: &[String], vouched: bool) -> String {
    let silent_hosts = hosts.iter().filter(|host| host.status == HostStatus::NonResponsive).count();
    let mut text = format!("{silent_hosts} of {} hosts non_responsive", hosts.len());
    if lasted < Duration::MAX {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        text.push_str(&format!(", no answer on {} for {}", ports.join(" and "), Said(lasted)));
    }
    for address in also {
        text.push_str(&format!(", {address} silent"));
    }
    for witness in &plan.witnesses {
        text.push_str(&format!(", witness {} answers", witness.address));
    }
    if vouched {
        text.push_str(", a person vouches for it");
    }
    text
}
