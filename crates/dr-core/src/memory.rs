//! Memory: the fold of the journal.

use std::collections::{BTreeMap, BTreeSet};

use crate::commitment::Commitment;
use crate::invariants::Breach;
use crate::{
    Confirmation, Entry, FrozenVm, Goal, Host, HostId, Opening, Outcome, OwedKey, RanVm, StepKey, StepKind, Time,
    Tries, VmId,
};

/// Everything that a plan remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The site that was last accepted as active; none before the plan was first adopted.
    pub accepted: Option<String>,
    /// `active_site` as the file last read had it.
    pub seen: Option<String>,
    /// Text of the plan in force.
    pub plan: Option<String>,
    /// A site that a person asked for by command: site, who, why.
    pub requested: Option<(String, String, String)>,
    /// Number of the newest transition.
    pub epoch: u64,
    /// The newest transition that the engine's tags told of; above [`Memory::epoch`] when this journal is older than the engine.
    pub epoch_seen: u64,
    /// When the newest flip was accepted.
    pub last_flip: Option<Time>,
    /// The open transition.
    pub transition: Option<Transition>,
    /// A flip that waits for a person.
    pub held: Option<Held>,
    /// What we owe.
    pub owed: BTreeMap<OwedKey, Owed>,
    /// Steps whose outcome is not journalled.
    pub in_flight: BTreeMap<StepKey, InFlight>,
    /// Who paused the plan and why.
    pub paused: Option<String>,
    /// An invariant that a step of ours would have broken: nothing is done until a person resumes.
    pub breached: Option<Breach>,
    /// Which virtual machine was last seen running where.
    pub ran: BTreeMap<VmId, RanVm>,
    /// Probes that were seen answering.
    pub answered: BTreeSet<String>,
    /// The engine's `instance_id` and highest event.
    pub engine: Option<(String, u64)>,
    /// Evidence older than this is void: the clock jumped then.
    pub void_before: Option<Time>,
    /// Number of the newest intent.
    pub last_intent: u64,
}

/// The open transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Its number.
    pub epoch: u64,
    /// The site that loses the workload.
    pub from: String,
    /// Sites that are lost too: failovers that this one replaced midway had left them. Whether a person vouched for their loss then.
    pub lost_before: BTreeMap<String, bool>,
    /// The site that gets it.
    pub to: String,
    /// When it opened.
    pub opened: Time,
    /// Who flipped.
    pub by: String,
    /// The plan's text, frozen.
    pub plan: String,
    /// The engine's row behind each row of the plan.
    pub rows: BTreeMap<String, crate::ConnectionId>,
    /// The engine's host behind each host of the plan, by its name there.
    pub hosts: BTreeMap<String, HostId>,
    /// The virtual machines that are to run.
    pub vms: Vec<FrozenVm>,
    /// It was cancelled.
    pub cancelled: bool,
    /// When the losing site was first proven down.
    pub proven: Option<Time>,
    /// Goals reached, and when.
    pub reached: BTreeMap<Goal, Time>,
    /// Tries of each step that has not been done, newest outcome.
    pub tries: BTreeMap<StepKey, Tries>,
    /// Steps done, and when last.
    pub done: BTreeMap<StepKey, Time>,
    /// Statements of persons.
    pub confirmations: BTreeSet<Confirmation>,
    /// Since when a daemon has watched it, if there was a time in which none did.
    pub watched_since: Option<Time>,
    /// Whether something was promoted or repointed, or may have been: then there is no free way back.
    pub commitment: Commitment,
}

/// A flip that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The accepted site.
    pub from: String,
    /// The site that the file names.
    pub to: String,
    /// Why it is held.
    pub reason: String,
    /// A person has said that it is meant.
    pub confirmed: Option<String>,
}

/// A debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The object's name.
    pub name: String,
    /// What the engine had.
    pub original: String,
    /// VDSM's port of a host.
    pub port: u16,
    /// Since when.
    pub since: Time,
}

/// A step in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// Its intent.
    pub id: u64,
    /// The transition it belongs to.
    pub epoch: u64,
    /// Since when.
    pub since: Time,
    /// Correlation id of its request.
    pub correlation_id: String,
    /// The step.
    pub step: crate::Step,
}

impl Memory {
    /// The fold of a whole journal.
    pub fn fold<'a>(entries: impl IntoIterator<Item = (Time, &'a Entry)>) -> Memory {
        let mut memory = Memory::default();
        for (at, entry) in entries {
            memory.apply(at, entry);
        }
        memory
    }

    /// Adds one entry.
    pub fn apply(&mut self, at: Time, entry: &Entry) {
        match entry {
            Entry::SiteSeen { site } => self.seen = Some(site.clone()),
            Entry::PlanTaken { text } => self.plan = Some(text.clone()),
            Entry::Requested { site, by, why } => self.requested = Some((site.clone(), by.clone(), why.clone())),
            Entry::Adopted { site, .. } => {
                self.accepted = Some(site.clone());
                self.held = None;
                self.requested = None;
            }
            Entry::Opened(opening) => {
                self.epoch = opening.epoch;
                self.accepted = Some(opening.to.clone());
                // A repair goes nowhere.
                if opening.from != opening.to {
                    self.last_flip = Some(at);
                }
                self.held = None;
                self.requested = None;
                let lost_before = self.transition.take().map(|replaced| replaced.leaves_behind(opening));
                self.transition = Some(Transition {
                    epoch: opening.epoch,
                    from: opening.from.clone(),
                    lost_before: lost_before.unwrap_or_default(),
                    to: opening.to.clone(),
                    opened: at,
                    by: opening.by.clone(),
                    plan: opening.plan.clone(),
                    rows: opening.rows.clone(),
                    hosts: opening.hosts.clone(),
                    vms: opening.vms.clone(),
                    cancelled: false,
                    proven: None,
                    reached: BTreeMap::new(),
                    tries: BTreeMap::new(),
                    done: BTreeMap::new(),
                    confirmations: BTreeSet::new(),
                    watched_since: None,
                    commitment: Commitment::default(),
                });
            }
            Entry::Held { from, to, reason } => {
                self.requested = None;
                let confirmed = self.held.take().filter(|held| held.to == *to).and_then(|held| held.confirmed);
                self.held = Some(Held { from: from.clone(), to: to.clone(), reason: reason.clone(), confirmed });
            }
            Entry::HoldDropped => {
                self.held = None;
                self.requested = None;
            }
            Entry::Proven { epoch, .. } => {
                if let Some(transition) = self.transition_of(*epoch) {
                    transition.proven.get_or_insert(at);
                }
            }
            Entry::Intent { id, epoch, step, correlation_id } => {
                let in_flight = InFlight {
                    id: *id,
                    epoch: *epoch,
                    since: at,
                    correlation_id: correlation_id.clone(),
                    step: step.clone(),
                };
                self.last_intent = self.last_intent.max(*id);
                let key = step.key();
                if let Some(transition) = self.transition_of(*epoch) {
                    transition.commitment.begin(*id, step);
                }
                self.in_flight.insert(key, in_flight);
            }
            Entry::Outcome { id, outcome } => self.outcome(at, *id, outcome),
            Entry::Owed { what, name, original, port, anew } => {
                if *anew {
                    self.owed.remove(what);
                }
                // The first original counts: after a crash the engine may already show what we made of it.
                self.owed.entry(what.clone()).or_insert_with(|| Owed {
                    name: name.clone(),
                    original: original.clone(),
                    port: *port,
                    since: at,
                });
            }
            Entry::GivenBack { what } => {
                self.owed.remove(what);
            }
            Entry::Reached { epoch, goals } => {
                if let Some(transition) = self.transition_of(*epoch) {
                    for goal in goals {
                        transition.reached.entry(goal.clone()).or_insert(at);
                    }
                }
            }
            Entry::Confirmed { confirmation, by, .. } => self.confirmed(confirmation, by),
            Entry::Cancelled { epoch, .. } => {
                if let Some(transition) = self.transition_of(*epoch) {
                    transition.cancelled = true;
                    self.accepted = Some(transition.from.clone());
                    self.held = None;
                    self.requested = None;
                }
            }
            Entry::Closed { epoch, .. } => {
                if self.transition_of(*epoch).is_some() {
                    self.transition = None;
                }
            }
            Entry::Paused { by, reason } => self.paused = Some(format!("by {by}: {reason}")),
            Entry::Resumed { .. } => {
                self.paused = None;
                self.breached = None;
            }
            Entry::Breached { invariant, text } => {
                // The first one counts: it is what a person has to look at.
                self.breached.get_or_insert_with(|| Breach { invariant: *invariant, text: text.clone() });
            }
            Entry::Ran { running, stopped } => {
                for vm in running {
                    self.ran.insert(vm.id.clone(), vm.clone());
                }
                for vm in stopped {
                    self.ran.remove(vm);
                }
            }
            Entry::ProbeAnswered { probe } => {
                self.answered.insert(probe.clone());
            }
            Entry::Engine { instance_id, event_id } => self.engine = Some((instance_id.clone(), *event_id)),
            Entry::EpochSeen { epoch } => self.epoch_seen = self.epoch_seen.max(*epoch),
            Entry::Refused { .. } => {}
            Entry::WatchedAgain => {
                if let Some(transition) = &mut self.transition {
                    transition.watched_since = Some(at);
                }
            }
            Entry::ClockJumped { .. } => {
                self.void_before = Some(at);
                if let Some(held) = &mut self.held {
                    held.confirmed = None;
                }
                // What was said of a moment is void. That the replica was made writable stays so.
                if let Some(transition) = &mut self.transition {
                    transition.confirmations.retain(|said| *said == Confirmation::Promoted);
                    transition.lost_before.values_mut().for_each(|vouched| *vouched = false);
                }
            }
        }
    }

    fn outcome(&mut self, at: Time, id: u64, outcome: &Outcome) {
        let Some(key) = self.in_flight.iter().find(|(_, flying)| flying.id == id).map(|(key, _)| key.clone()) else {
            return;
        };
        let Some(flying) = self.in_flight.remove(&key) else { return };
        let Some(transition) = self.transition_of(flying.epoch) else { return };
        transition.commitment.end(id, &flying.step, outcome);
        if outcome.is_done() {
            transition.tries.remove(&key);
            transition.done.insert(key, at);
        } else {
            let count = transition.tries.get(&key).map_or(0, |tries| tries.count) + 1;
            transition.tries.insert(key, Tries { count, last: at, outcome: outcome.clone() });
        }
    }

    fn confirmed(&mut self, confirmation: &Confirmation, by: &str) {
        match confirmation {
            Confirmation::Flip => {
                if let Some(held) = &mut self.held {
                    held.confirmed = Some(by.to_owned());
                }
            }
            Confirmation::Engine { instance_id, event_id } => self.engine = Some((instance_id.clone(), *event_id)),
            Confirmation::SiteDown
            | Confirmation::Promoted
            | Confirmation::IgnoreProbe { .. }
            | Confirmation::Connection { .. } => {
                if let Some(transition) = &mut self.transition {
                    if *confirmation == Confirmation::Promoted {
                        transition.commitment.promoted_by_hand();
                    }
                    transition.confirmations.insert(confirmation.clone());
                }
            }
        }
    }

    fn transition_of(&mut self, epoch: u64) -> Option<&mut Transition> {
        self.transition.as_mut().filter(|transition| transition.epoch == epoch)
    }
}

impl Transition {
    /// The sites that stay lost, and unfinished, when another transition takes this one's place.
    fn leaves_behind(&self, next: &Opening) -> BTreeMap<String, bool> {
        let mut left = self.lost_before.clone();
        if self.from != self.to && !self.cancelled {
            left.insert(self.from.clone(), self.is_vouched(&self.from));
        }
        left.retain(|site, _| *site != next.from && *site != next.to);
        left
    }

    /// Whether a site is lost: the one that this transition leaves, or one that an earlier, unfinished one had left.
    pub fn has_lost(&self, site: &str) -> bool {
        self.from == site || self.lost_before.contains_key(site)
    }

    /// Whether a person vouches that a lost site is down: now, or when an earlier, unfinished transition left it.
    pub fn is_vouched(&self, site: &str) -> bool {
        self.confirmations.contains(&Confirmation::SiteDown)
            || self.lost_before.get(site).is_some_and(|vouched| *vouched)
    }

    /// From when on patience with something counts that could happen from `time` on: nobody waited while nobody watched.
    pub fn awaited_since(&self, time: Time) -> Time {
        self.watched_since.map_or(time, |watched| watched.max(time))
    }

    /// When a goal was reached, if it was.
    pub fn reached_at(&self, goal: &Goal) -> Option<Time> {
        self.reached.get(goal).copied()
    }

    /// When a step was last done, if it was.
    pub fn done_at(&self, kind: StepKind, object: &str) -> Option<Time> {
        self.done.get(&StepKey { kind, object: object.to_owned() }).copied()
    }

    /// Whether a person lifted the answer of this probe for this host.
    pub fn ignores(&self, host: &Host, probe: &dr_plan::Probe) -> bool {
        self.confirmations.iter().any(|confirmation| match confirmation {
            Confirmation::IgnoreProbe { host: of, probe: word } => {
                let same = *of == host.name || self.hosts.get(of) == Some(&host.id);
                same && (*word == probe.to_string() || *word == format!("tcp:{}", probe.port))
            }
            Confirmation::Flip
            | Confirmation::SiteDown
            | Confirmation::Promoted
            | Confirmation::Connection { .. }
            | Confirmation::Engine { .. } => false,
        })
    }

    /// The ids of hosts whose reboot was confirmed with the engine's agreement.
    pub fn was_confirmed(&self, host: &HostId) -> Option<Time> {
        self.done_at(StepKind::ConfirmRebooted, &host.0)
    }
}
