//! Probes beside the loop: their rounds go on while the engine is slow, so that silence is already measured when somebody flips.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dr_core::{Entry, Host, HostId, Memory, ProbeState, Transition};
use dr_plan::{Plan, Probe};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::ports::Prober;
use crate::probe::{Rounds, round};

/// Pause between two rounds while everything answers and nothing is open.
const CALM: Duration = Duration::from_secs(8);
/// Pause between two rounds while something is silent or a transition is open: the newest round may be 10 s old at most.
const URGENT: Duration = Duration::from_secs(4);

/// The probes of one plan and what they last did.
pub(super) struct Board {
    shared: Arc<Mutex<Shared>>,
    changed: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// What plan and engine name, one after another; an address may be there twice.
    named: Vec<Probe>,
    probes: BTreeSet<Probe>,
    rounds: Rounds,
    open: bool,
}

impl Shared {
    /// Watches these from now on and forgets the others; whether there are new ones among them.
    fn watch(&mut self, named: &[(&str, u16)]) -> bool {
        self.named =
            named.iter().map(|(address, port)| Probe { address: (*address).to_owned(), port: *port }).collect();
        let before = std::mem::replace(&mut self.probes, self.named.iter().cloned().collect());
        self.rounds.retain(|probe| self.probes.contains(probe));
        !self.probes.is_subset(&before)
    }
}

impl Board {
    /// Starts the rounds; there is nothing to probe until [`Board::watch`] says so.
    pub(super) fn new(clock: Clock, prober: Arc<dyn Prober>, wake: Arc<Notify>) -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let changed = Arc::new(Notify::new());
        let task = tokio::spawn(rounds(Arc::clone(&shared), Arc::clone(&changed), clock, prober, wake));
        Self { shared, changed, task }
    }

    /// Probes what this plan names from now on: ports of its hosts at the addresses that the engine shows, further evidence, witnesses.
    pub(super) fn watch(&self, plan: &Plan, hosts: &[Host], open: Option<&Transition>) {
        let further = plan.witnesses.iter().chain(plan.sites.values().flat_map(|site| &site.evidence.also));
        let mut probes: Vec<(&str, u16)> = further.map(|probe| (probe.address.as_str(), probe.port)).collect();
        for site in plan.sites.values() {
            let named: BTreeSet<&str> = site.hosts.iter().map(String::as_str).collect();
            // Also those that were renamed since the transition opened.
            let known = open.iter().flat_map(|open| &open.hosts).filter(|(name, _)| named.contains(name.as_str()));
            let known: BTreeSet<&HostId> = known.map(|(_, id)| id).collect();
            let ours = |host: &&Host| named.contains(host.name.as_str()) || known.contains(&host.id);
            for host in hosts.iter().filter(ours) {
                probes.extend(site.evidence.host_ports.iter().map(|port| (host.address.as_str(), *port)));
            }
        }
        let mut shared = lock(&self.shared);
        let opened = open.is_some() && !shared.open;
        shared.open = open.is_some();
        // Asked after each look at the engine, and nearly always the same.
        let same = probes.iter().copied().eq(shared.named.iter().map(|probe| (probe.address.as_str(), probe.port)));
        let new = !same && shared.watch(&probes);
        drop(shared);
        if new || opened {
            self.changed.notify_one();
        }
    }

    /// What every probe last did.
    pub(super) fn states(&self) -> BTreeMap<Probe, ProbeState> {
        lock(&self.shared).rounds.states().clone()
    }

    /// Probes seen answering for the first time: from then on their silence counts.
    pub(super) fn newly_answered(&self, memory: &Memory) -> Vec<Entry> {
        let shared = lock(&self.shared);
        let alive = shared.rounds.states().iter().filter(|(_, state)| state.last.is_alive());
        let new = alive.map(|(probe, _)| probe.to_string()).filter(|probe| !memory.answered.contains(probe));
        new.map(|probe| Entry::ProbeAnswered { probe }).collect()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rounds without end: every probe side by side, noted as each answers, then a pause.
async fn rounds(
    shared: Arc<Mutex<Shared>>,
    changed: Arc<Notify>,
    clock: Clock,
    prober: Arc<dyn Prober>,
    wake: Arc<Notify>,
) {
    loop {
        let probes: Vec<Probe> = lock(&shared).probes.iter().cloned().collect();
        let answers = round(prober.as_ref(), &probes, &clock).await;
        let (news, urgent) = {
            let mut shared = lock(&shared);
            let Shared { probes, rounds, open, named: _ } = &mut *shared;
            let mut news = false;
            for (probe, answer, at) in answers.into_iter().filter(|(probe, ..)| probes.contains(probe)) {
                news |= rounds.note(probe, answer, at);
            }
            let silent = rounds.states().values().any(|state| !state.last.is_alive());
            (news && *open, silent || *open)
        };
        if news {
            wake.notify_one();
        }
        tokio::select! {
            () = clock.sleep(if urgent { URGENT } else { CALM }) => {}
            () = changed.notified() => {}
        }
    }
}
