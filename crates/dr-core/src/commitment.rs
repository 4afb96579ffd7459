//! Whether a transition still has a free way back: not once anything was promoted or repointed, or may have been.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Outcome, RefusedClass, Step, StepKind};

/// What speaks against turning a transition back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commitment {
    /// Intents to promote or repoint whose outcome is not journalled.
    begun: BTreeSet<u64>,
    tried: bool,
    done: bool,
    /// The first step of which nobody knows whether it was done, and why.
    doubt: Option<(String, String)>,
}

impl Commitment {
    /// There is no free way back.
    pub fn stands(&self) -> bool {
        self.done || self.doubt.is_some() || !self.begun.is_empty()
    }

    /// Whether anything of storage was tried, also in vain.
    pub(crate) fn was_tried(&self) -> bool {
        self.tried || self.done
    }

    pub(crate) fn begin(&mut self, id: u64, step: &Step) {
        if is_of_storage(step) {
            self.begun.insert(id);
            self.tried = true;
        }
    }

    /// What certainly had no effect leaves the way back free.
    pub(crate) fn end(&mut self, id: u64, step: &Step, outcome: &Outcome) {
        if !self.begun.remove(&id) {
            return;
        }
        match outcome {
            Outcome::Done | Outcome::AlreadySo => self.done = true,
            outcome if had_no_effect(step, outcome) => {}
            Outcome::Unconfirmed { text } | Outcome::Refused { text, .. } | Outcome::Failed { text } => {
                self.doubt.get_or_insert_with(|| (step.to_string(), text.clone()));
            }
        }
    }

    /// A person says that the replica was made writable.
    pub(crate) fn promoted_by_hand(&mut self) {
        self.done = true;
    }
}

fn is_of_storage(step: &Step) -> bool {
    matches!(step.key().kind, StepKind::Promote | StepKind::Repoint)
}

/// The engine's no to a repointing is one, and so is what never left. A hook that ran and failed, or asks to be asked again, may have done
/// anything; only one that could not be started has not.
fn had_no_effect(step: &Step, outcome: &Outcome) -> bool {
    match (step.key().kind, outcome) {
        (StepKind::Promote, Outcome::Refused { class, .. }) => *class == RefusedClass::Other,
        (StepKind::Promote, _) => false,
        (_, Outcome::Refused { .. } | Outcome::Failed { .. }) => true,
        (_, Outcome::Done | Outcome::AlreadySo | Outcome::Unconfirmed { .. }) => false,
    }
}

/// After `failover 3 to seville is open and ...`.
impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.doubt {
            Some((step, why)) if !self.done => {
                write!(f, "it is not known whether this was done: {step} ({why})")
            }
            Some(_) | None => f.write_str("storage was already promoted or repointed"),
        }
    }
}
