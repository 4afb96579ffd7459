//! Whether a site is proven down: the engine's word, silence, and witnesses that still answer.
//!
//! The engine's word alone means "I cannot talk to VDSM". Silence alone may be our own. Together, and lasting, they are a proof by the plan's
//! default rule; anything that answers contradicts, whatever else is proven.

use std::time::Duration;

use dr_plan::{Plan, Probe, Require, Site};

use crate::invariants::Invariant;
use crate::planted::breaks;
use crate::{Answer, Host, HostStatus, Memory, Observed, ProbeState, Refusal, Said, Time, Transition, Wait};

/// How long a silence must last.
pub const SILENCE: Duration = Duration::from_secs(60);
/// Over how many rounds.
pub const SILENT_ROUNDS: u32 = 3;
/// How old the newest round may be.
pub const SILENCE_FRESH: Duration = Duration::from_secs(10);
/// The engine shows a dead host alive for 60 to 90 s, and half a second more for each virtual machine (hosts.md 6.1). One that it still sees
/// alive after this long is alive, however silent it is for us.
const ENGINE_NOTICES: Duration = Duration::from_secs(300);

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
    /// What contradicts.
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) waits: Vec<Wait>,
    /// Nothing contradicts, but a person must vouch.
    pub(crate) asks: Vec<Refusal>,
    /// The evidence in words, once nothing contradicts and nothing is missing.
    pub(crate) proven: Option<String>,
}

/// What one probed address says, as far as it counts.
enum Word<'a> {
    Answers,
    Silent(Duration),
    NotYet(Duration),
    Unreadable(&'a str),
    /// It was never seen answering: its silence says nothing.
    NeverSeen,
}

/// The evidence on one losing site in one pass.
pub(crate) struct Evidence<'a> {
    pub(crate) plan: &'a Plan,
    /// The site's name.
    pub(crate) name: &'a str,
    pub(crate) site: &'a Site,
    pub(crate) observed: &'a Observed,
    pub(crate) memory: &'a Memory,
    pub(crate) transition: &'a Transition,
    pub(crate) now: Time,
}

impl Evidence<'_> {
    /// What the probes say about one host. A person may have lifted a probe for this host and epoch.
    pub(crate) fn of_host(&self, host: &Host) -> HostEvidence {
        let mut silent_ports = Vec::new();
        let mut lasted = Duration::MAX;
        let mut short: Option<Duration> = None;
        let mut unreadable = None;
        for port in &self.site.evidence.host_ports {
            let probe = Probe { address: host.address.clone(), port: *port };
            if self.transition.ignores(host, &probe) {
                continue;
            }
            match self.word(&probe) {
                Word::Answers => return HostEvidence::Answers(probe),
                Word::Unreadable(why) => {
                    let why = why.to_owned();
                    unreadable.get_or_insert((probe, why));
                }
                Word::NeverSeen => {}
                Word::NotYet(so_far) => short = Some(short.map_or(so_far, |short| short.min(so_far))),
                Word::Silent(so_far) => {
                    silent_ports.push(*port);
                    lasted = lasted.min(so_far);
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

    /// Whether a host that the engine shows alive is silent, and the engine may merely not have noticed.
    pub(crate) fn is_unnoticed(&self, host: &Host) -> bool {
        match self.of_host(host) {
            HostEvidence::NotYet { .. } => true,
            HostEvidence::Silent { lasted, .. } => lasted < ENGINE_NOTICES,
            HostEvidence::Answers(_) | HostEvidence::Unreadable { .. } | HostEvidence::NeverSeen => false,
        }
    }

    /// Whether a person vouches that the site is down.
    pub(crate) fn is_vouched(&self) -> bool {
        self.transition.is_vouched(self.name)
    }

    /// Judges the whole site: every witness, every probe of its hosts, every further address.
    pub(crate) fn of_site(&self, hosts: &[&Host]) -> SiteEvidence {
        let mut evidence = SiteEvidence::default();
        self.witnesses(&mut evidence);
        let silent = self.hosts(hosts, &mut evidence);
        let also = self.also(&mut evidence);
        if !evidence.refusals.is_empty() || !evidence.waits.is_empty() || !evidence.asks.is_empty() {
            return evidence;
        }
        // Of a site without hosts nothing can be seen: only a person knows.
        let blind = hosts.is_empty() && also.is_empty();
        if (blind || self.site.evidence.require == Require::Attestation) && !self.is_vouched() {
            evidence.asks.push(Refusal::AttestationNeeded { site: self.name.to_owned() });
        } else {
            evidence.proven = Some(self.words(hosts, &silent, &also));
        }
        evidence
    }

    fn witnesses(&self, evidence: &mut SiteEvidence) {
        for witness in &self.plan.witnesses {
            match self.fresh(witness).map(|state| &state.last) {
                Some(Answer::Accepted | Answer::Refused) => {}
                Some(Answer::Silent | Answer::Unreadable(_)) => {
                    evidence.refusals.push(Refusal::WitnessSilent { witness: witness.to_string() });
                }
                None => evidence.waits.push(unreadable(witness, NOT_PROBED)),
            }
        }
    }

    fn hosts(&self, hosts: &[&Host], evidence: &mut SiteEvidence) -> SilentHosts {
        let vouched = self.is_vouched();
        let mut never_seen = Vec::new();
        let mut silent = SilentHosts { ports: Vec::new(), lasted: Duration::MAX };
        for host in hosts {
            match self.of_host(host) {
                HostEvidence::Answers(probe) => evidence.refusals.push(Refusal::ProbeAnswers {
                    site: self.name.to_owned(),
                    host: Some(host.name.clone()),
                    probe: probe.to_string(),
                }),
                HostEvidence::Silent { ports, lasted } => {
                    silent.lasted = silent.lasted.min(lasted);
                    silent.ports.extend(ports);
                }
                HostEvidence::NotYet { .. } | HostEvidence::Unreadable { .. } | HostEvidence::NeverSeen if vouched => {}
                HostEvidence::NotYet { so_far } => {
                    evidence.waits.push(Wait::Silence { what: host.name.clone(), so_far });
                }
                HostEvidence::Unreadable { probe, why } => evidence.waits.push(unreadable(&probe, &why)),
                HostEvidence::NeverSeen if is_known_to_be_off(host) => {}
                HostEvidence::NeverSeen => never_seen.push(host.name.clone()),
            }
        }
        if !never_seen.is_empty() {
            evidence.asks.push(Refusal::EvidenceNeverSeen { site: self.name.to_owned(), hosts: never_seen });
        }
        silent.ports.sort_unstable();
        silent.ports.dedup();
        silent
    }

    fn also(&self, evidence: &mut SiteEvidence) -> Vec<String> {
        let vouched = self.is_vouched();
        let mut silent = Vec::new();
        for probe in &self.site.evidence.also {
            match self.word(probe) {
                Word::Answers => evidence.refusals.push(Refusal::ProbeAnswers {
                    site: self.name.to_owned(),
                    host: None,
                    probe: probe.to_string(),
                }),
                Word::Silent(_) => silent.push(probe.address.clone()),
                Word::NotYet(_) | Word::Unreadable(_) if vouched => {}
                Word::NotYet(so_far) => evidence.waits.push(Wait::Silence { what: probe.to_string(), so_far }),
                Word::Unreadable(why) => evidence.waits.push(unreadable(probe, why)),
                // The hosts' own silence decides.
                Word::NeverSeen => {}
            }
        }
        silent
    }

    fn word(&self, probe: &Probe) -> Word<'_> {
        let silent_if_unreadable = breaks(Invariant::I11);
        let Some(state) = self.fresh(probe) else {
            return if silent_if_unreadable { Word::Silent(SILENCE) } else { Word::Unreadable(NOT_PROBED) };
        };
        match &state.last {
            Answer::Unreadable(_) if silent_if_unreadable => Word::Silent(SILENCE),
            Answer::Accepted | Answer::Refused => Word::Answers,
            Answer::Unreadable(why) => Word::Unreadable(why),
            Answer::Silent if !self.memory.answered.contains(&probe.to_string()) => Word::NeverSeen,
            Answer::Silent => {
                let lasted = self.silence(state);
                let counts = state.silent_rounds >= SILENT_ROUNDS && lasted >= SILENCE;
                if counts { Word::Silent(lasted) } else { Word::NotYet(lasted) }
            }
        }
    }

    fn fresh(&self, probe: &Probe) -> Option<&ProbeState> {
        self.observed.probes.get(probe).filter(|state| self.now.since(state.at) <= SILENCE_FRESH)
    }

    /// How long a silence has lasted, as far as the clock can be trusted.
    fn silence(&self, state: &ProbeState) -> Duration {
        let Some(since) = state.silent_since else { return Duration::ZERO };
        self.now.since(self.memory.void_before.map_or(since, |void| void.max(since)))
    }

    fn words(&self, hosts: &[&Host], silent: &SilentHosts, also: &[String]) -> String {
        let silent_hosts = hosts.iter().filter(|host| host.status == HostStatus::NonResponsive).count();
        let mut text = format!("{silent_hosts} of {} hosts non_responsive", hosts.len());
        if silent.lasted < Duration::MAX {
            let ports: Vec<String> = silent.ports.iter().map(u16::to_string).collect();
            text.push_str(&format!(", no answer on {} for {}", ports.join(" and "), Said(silent.lasted)));
        }
        for address in also {
            text.push_str(&format!(", {address} silent"));
        }
        for witness in &self.plan.witnesses {
            text.push_str(&format!(", witness {} answers", witness.address));
        }
        if self.is_vouched() {
            text.push_str(", a person vouches for it");
        }
        text
    }
}

const NOT_PROBED: &str = "not probed in the last 10 s";

struct SilentHosts {
    ports: Vec<u16>,
    lasted: Duration,
}

/// A parked or powered-off host was not probed alive for good reason; the engine's word is about a known state.
pub(crate) fn is_known_to_be_off(host: &Host) -> bool {
    matches!(host.status, HostStatus::Maintenance | HostStatus::Down)
}

fn unreadable(probe: &Probe, why: &str) -> Wait {
    Wait::ProbeUnreadable { probe: probe.to_string(), why: why.to_owned() }
}
