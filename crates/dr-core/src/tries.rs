//! Steps tried in vain, and how long to wait before the next try.

use std::time::Duration;

use crate::{Outcome, RefusedClass, Time};

/// How often a step was tried in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tries {
    /// How often.
    pub count: u32,
    /// When the newest try ended.
    pub last: Time,
    /// How it ended.
    pub outcome: Outcome,
}

/// Shortest pause before a step is tried again.
const RETRY_FIRST: Duration = Duration::from_secs(2);
/// Longest pause before a step is tried again.
const RETRY_LONGEST: Duration = Duration::from_secs(60);
/// Pause after a refusal by a lock: the engine's own treatment may hold it for two minutes (hosts.md 0.4), and it is free at any moment.
const RETRY_LOCKED: Duration = Duration::from_secs(5);
/// Pause after a refusal by state: the next status is seen within one poll of the engine.
const RETRY_STATE: Duration = Duration::from_secs(3);

impl Tries {
    /// How long to wait after this outcome.
    pub fn pause(&self) -> Duration {
        match &self.outcome {
            Outcome::Refused { class: RefusedClass::Locked, .. } => RETRY_LOCKED,
            Outcome::Refused { class: RefusedClass::WrongState | RefusedClass::DirectLunInUse, .. }
                if self.count <= 20 =>
            {
                RETRY_STATE
            }
            Outcome::Refused { .. }
            | Outcome::Unconfirmed { .. }
            | Outcome::Failed { .. }
            | Outcome::AlreadySo
            | Outcome::Done => self.doubled(),
        }
    }

    /// Longer the more often it was in vain, whatever the outcome.
    pub(crate) fn doubled(&self) -> Duration {
        let doubled = RETRY_FIRST.saturating_mul(1 << self.count.saturating_sub(1).min(6));
        doubled.min(RETRY_LONGEST)
    }
}
