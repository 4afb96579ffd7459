//! Whether the entries of a journal can have followed each other.

use std::collections::BTreeSet;

use dr_core::{Entry, Memory, Stamped};

/// Entries of one plan that cannot have followed those before them: number and reason, oldest first. None in a journal that the daemon
/// wrote and nobody changed.
pub fn contradictions(entries: &[Stamped]) -> Vec<(u64, String)> {
    let mut sense = Sense::default();
    entries.iter().filter_map(|one| sense.next(one).map(|wrong| (one.seq, wrong))).collect()
}

/// Walks the entries of one plan, oldest first.
#[derive(Debug, Default)]
pub(super) struct Sense {
    memory: Memory,
    /// Intents without an outcome. Memory keeps only the newest of each step.
    begun: BTreeSet<u64>,
}

impl Sense {
    /// What contradicts the entries before, if anything does; then counts the entry among them.
    pub(super) fn next(&mut self, one: &Stamped) -> Option<String> {
        let wrong = self.contradiction(&one.entry);
        if let Entry::Intent { id, .. } = &one.entry {
            self.begun.insert(*id);
        }
        if let Entry::Outcome { id, .. } = &one.entry {
            self.begun.remove(id);
        }
        self.memory.apply(one.at, &one.entry);
        wrong
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only entries that refer to earlier ones can contradict them")]
    fn contradiction(&self, entry: &Entry) -> Option<String> {
        let memory = &self.memory;
        let not_open = |what: &str, epoch: u64| match &memory.transition {
            Some(open) if open.epoch == epoch => None,
            Some(open) => Some(format!("{what} failover {epoch}, but failover {} is open", open.epoch)),
            None => Some(format!("{what} failover {epoch}, but none is open")),
        };
        match entry {
            Entry::Opened(opening) => (opening.epoch <= memory.epoch)
                .then(|| format!("failover {} opens after failover {}", opening.epoch, memory.epoch)),
            Entry::Intent { id, epoch, .. } => (*id <= memory.last_intent)
                .then(|| format!("intent {id} comes after intent {}", memory.last_intent))
                .or_else(|| not_open("it is a step of", *epoch)),
            Entry::Outcome { id, .. } => (!self.begun.contains(id))
                .then(|| format!("it is the outcome of intent {id}, which was not begun or has ended before")),
            Entry::GivenBack { what } => (!memory.owed.contains_key(what))
                .then(|| format!("it gives back what was not owed: {}", what.tag_name())),
            Entry::Proven { epoch, .. } => not_open("it proves the loss for", *epoch),
            Entry::Reached { epoch, .. } => not_open("it reaches goals of", *epoch),
            Entry::Cancelled { epoch, .. } => not_open("it cancels", *epoch),
            Entry::Closed { epoch, .. } => not_open("it closes", *epoch),
            _ => None,
        }
    }
}
