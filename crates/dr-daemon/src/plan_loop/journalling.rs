//! The loop and its journal: what was remembered at the start, what is written, what ended.

use std::time::Duration;

use dr_core::{Decision, Entry, Memory, Observed, Outcome, Step, Time};

use crate::report::Level;

use super::PlanLoop;

/// A journal that was silent for this long before the daemon was started may hide anything up to a jump of the clock.
const UNWATCHED: Duration = Duration::from_secs(60);

impl PlanLoop {
    /// Folds the journal, and settles what a daemon before us left under way. A journal that cannot be read is said and not guessed at.
    pub(super) async fn remember(&mut self) {
        let stamped = match self.ports.journal.read(&self.name).await {
            Ok(stamped) => stamped,
            Err(error) => {
                let text = error.to_string();
                if self.unread.as_ref() != Some(&text) {
                    let said =
                        format!("{text}. What was done is not known, so nothing is done: the engine is only looked at");
                    self.tell(vec![self.story.say(self.now(), Level::Error, said)]);
                }
                self.unread = Some(text);
                return;
            }
        };
        if self.unread.take().is_some() {
            self.tell(vec![self.story.say(self.now(), Level::Info, "the journal can be read again")]);
        }
        for entry in &stamped {
            self.memory.apply(entry.at, &entry.entry);
            self.note_closed(entry.at, &entry.entry);
        }
        let unsettled: Vec<Entry> = self
            .memory
            .in_flight
            .values()
            .map(|flying| Entry::Outcome {
                id: flying.id,
                outcome: Outcome::Unconfirmed { text: "the daemon was restarted while this was under way".to_owned() },
            })
            .collect();
        if !unsettled.is_empty() {
            let said = match unsettled.len() {
                1 => "restarted: 1 step was under way, it is looked at again".to_owned(),
                n => format!("restarted: {n} steps were under way, each is looked at again"),
            };
            self.left_over = unsettled;
            self.settle_left_over().await;
            self.tell(vec![self.story.say(self.now(), Level::Notice, said)]);
        }
        let newest = stamped.last().map_or(self.now(), |newest| newest.at);
        if let Some(transition) = &self.memory.transition {
            let mut text = format!(
                "failover {} from {} to {} has been open for {} and goes on",
                transition.epoch,
                transition.from,
                transition.to,
                crate::story::said(self.now().since(transition.opened))
            );
            let unwatched = self.now().since(newest);
            if unwatched > UNWATCHED {
                let lasted = crate::story::said(unwatched);
                text.push_str(&format!(
                    ". Nothing was journalled for {lasted}: no daemon watched, or the clock jumped; what is waited for gets its whole time anew"
                ));
                self.write(vec![Entry::WatchedAgain]).await;
            }
            self.tell(vec![self.story.say(self.now(), Level::Notice, text)]);
        }
    }

    /// Until this is journalled the steps count as under way, and none of them is taken again: it is tried in each round.
    async fn settle_left_over(&mut self) {
        let entries = std::mem::take(&mut self.left_over);
        if !self.write(entries.clone()).await {
            self.left_over = entries;
        }
    }

    /// Appends entries, then remembers them. On failure nothing is remembered, and nothing that depends on them may be done.
    pub(super) async fn write(&mut self, entries: Vec<Entry>) -> bool {
        if entries.is_empty() {
            return true;
        }
        if self.unread.is_some() {
            return false;
        }
        let at = self.now();
        let stamped = entries.iter().map(|entry| (at, entry.clone())).collect();
        match self.ports.journal.append(&self.name, stamped).await {
            Ok(_) => {
                self.journal_trouble = None;
                for entry in &entries {
                    self.memory.apply(at, entry);
                    self.note_closed(at, entry);
                }
                true
            }
            Err(error) => {
                let text = error.to_string();
                if self.journal_trouble.as_ref() != Some(&text) {
                    let said = format!("{text}. Nothing is done until the journal can be written");
                    self.tell(vec![self.story.say(at, Level::Error, said)]);
                }
                self.journal_trouble = Some(text);
                false
            }
        }
    }

    /// Journals the steps that ended since the last pass, and what was given back with them.
    pub(super) async fn journal_ended(&mut self) {
        self.settle_left_over().await;
        while self.flying.try_join_next().is_some() {}
        let mut ended = std::mem::take(&mut self.unjournalled);
        while let Ok(one) = self.ended.try_recv() {
            ended.push(one);
        }
        if ended.is_empty() {
            return;
        }
        let mut entries = Vec::new();
        for one in &ended {
            entries.push(Entry::Outcome { id: one.id, outcome: one.outcome.clone() });
            entries.extend(one.step.pays().filter(|_| one.outcome.is_done()).map(|what| Entry::GivenBack { what }));
        }
        // An outcome that cannot be journalled leaves its step in flight: after a restart it is settled as unconfirmed.
        if !self.write(entries).await {
            self.unjournalled = ended;
            return;
        }
        let facts: Vec<(Step, Outcome, Duration)> =
            ended.into_iter().map(|one| (one.step, one.outcome, one.took)).collect();
        let lines = self.story.ends(self.now(), &facts, self.memory.owed.len());
        self.tell(lines);
    }

    pub(super) fn note_closed(&mut self, at: Time, entry: &Entry) {
        match entry {
            Entry::Closed { epoch, exceptions } => {
                let cancelled =
                    self.last_closed.as_ref().is_some_and(|closed| closed.epoch == *epoch && closed.cancelled);
                let exceptions = exceptions.clone();
                self.last_closed = Some(crate::report::ClosedReport { epoch: *epoch, at: at.0, exceptions, cancelled });
            }
            Entry::Cancelled { epoch, .. } => {
                self.last_closed =
                    Some(crate::report::ClosedReport { epoch: *epoch, cancelled: true, ..Default::default() });
            }
            Entry::Opened(_) => self.last_closed = None,
            Entry::SiteSeen { .. }
            | Entry::PlanTaken { .. }
            | Entry::Requested { .. }
            | Entry::Adopted { .. }
            | Entry::Held { .. }
            | Entry::HoldDropped
            | Entry::Proven { .. }
            | Entry::Intent { .. }
            | Entry::Outcome { .. }
            | Entry::Owed { .. }
            | Entry::GivenBack { .. }
            | Entry::Reached { .. }
            | Entry::Confirmed { .. }
            | Entry::Paused { .. }
            | Entry::Resumed { .. }
            | Entry::Ran { .. }
            | Entry::ProbeAnswered { .. }
            | Entry::Engine { .. }
            | Entry::Refused { .. }
            | Entry::Breached { .. }
            | Entry::EpochSeen { .. }
            | Entry::WatchedAgain
            | Entry::ClockJumped { .. } => {}
        }
    }

    /// Refusals that are new in this pass, for the journal.
    pub(super) fn new_refusals(&self, decision: &Decision) -> Vec<Entry> {
        let known: Vec<String> = self.decision.refusals.iter().map(dr_core::Refusal::topic).collect();
        let new = decision.refusals.iter().filter(|refusal| !known.contains(&refusal.topic()));
        new.map(|refusal| Entry::Refused { text: refusal.said(&self.name) }).collect()
    }
}

/// Which engine this is: journalled when first seen, and its history's end from time to time.
pub(super) fn engine_identity(observed: &Observed, memory: &Memory) -> Option<Entry> {
    /// The journal's mark of the history moves on in steps of this many events.
    const EVENTS: u64 = 500;
    let found = observed.engine.seen()?;
    let event_id = found.event_id?;
    let known = match &memory.engine {
        None => return Some(Entry::Engine { instance_id: found.instance_id.clone(), event_id }),
        Some((instance_id, event)) if *instance_id == found.instance_id => *event,
        Some(_) => return None,
    };
    (event_id >= known + EVENTS).then(|| Entry::Engine { instance_id: found.instance_id.clone(), event_id })
}
