//! The story that an operator reads: one line for each thing that changes, is refused, or starts to be waited for.
//!
//! Nothing is repeated while nothing changes; a wait that lasts says so again after 1, 5 and 15 minutes. Polling is silent. Lines are made by
//! comparing what is now with what was said before, so that a restarted daemon does not tell old news as new.

mod steps;
mod waits;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dr_core::{Observed, Outcome, Said, Step, StepKey, Time};
use dr_plan::Plan;

use crate::report::{Level, Line};

pub(crate) use waits::Waits;

/// Tells the story of one plan.
pub(crate) struct Story {
    plan: String,
    waits: Waits,
    /// What was last said of each step that was not done.
    not_done: BTreeMap<StepKey, String>,
    /// Steps whose beginning was said in this transition.
    begun: BTreeSet<StepKey>,
    /// Differences from the plan that were said and still are.
    drift: BTreeSet<String>,
}

/// Names in one line before it counts instead.
const NAMES_IN_A_LINE: usize = 4;

impl Story {
    pub(crate) fn new(plan: &str) -> Self {
        Self {
            plan: plan.to_owned(),
            waits: Waits::default(),
            not_done: BTreeMap::new(),
            begun: BTreeSet::new(),
            drift: BTreeSet::new(),
        }
    }

    fn line(&self, at: Time, level: Level, text: String) -> Line {
        Line { at: at.0, level, plan: self.plan.clone(), text }
    }

    /// One line that somebody else has worded.
    pub(crate) fn say(&self, at: Time, level: Level, text: impl Into<String>) -> Line {
        self.line(at, level, text.into())
    }

    /// What changed in the engine between two passes.
    pub(crate) fn world(&self, plan: &Plan, before: &Observed, now: &Observed, open: bool) -> Vec<Line> {
        world::changes(plan, before, now, open)
            .into_iter()
            .map(|(level, text)| self.line(now.at, level, text))
            .collect()
    }

    /// Steps that are about to be taken and whose beginning is worth a line.
    pub(crate) fn begins(&mut self, at: Time, steps: &[Step]) -> Vec<Line> {
        // A step that is tried again is no news; the wait for it says how often it was tried.
        let new: Vec<&Step> = steps.iter().filter(|step| self.begun.insert(step.key())).collect();
        steps::begins(&new).into_iter().map(|text| self.line(at, Level::Info, text)).collect()
    }

    /// Steps that ended since the last pass: what it was, how it ended, how long it took.
    pub(crate) fn ends(&mut self, at: Time, ended: &[(Step, Outcome, Duration)], owed: usize) -> Vec<Line> {
        let lines = steps::ends(ended, owed, &mut self.not_done);
        lines.into_iter().map(|(level, text)| self.line(at, level, text)).collect()
    }

    /// Where the world differs from the plan in calm times, each once. What hosts and data centers are is told as it changes.
    pub(crate) fn drift(&mut self, at: Time, drift: &[String]) -> Vec<Line> {
        self.drift.retain(|known| drift.contains(known));
        let told_elsewhere = |text: &str| {
            text.ends_with("the plan wants it up")
                || text.ends_with("the plan wants it in maintenance")
                || text.starts_with("data center ")
        };
        let new = drift.iter().filter(|text| !told_elsewhere(text) && self.drift.insert((*text).clone()));
        let new: Vec<String> = new.cloned().collect();
        new.into_iter().map(|text| self.line(at, Level::Warning, text)).collect()
    }

    /// Waits and refusals that began, ended their patience, or last.
    pub(crate) fn waits(&mut self, at: Time, waits: &[dr_core::Wait], refusals: &[dr_core::Refusal]) -> Vec<Line> {
        let lines = self.waits.due(at, waits, refusals, &self.plan);
        lines.into_iter().map(|(level, text)| self.line(at, level, text)).collect()
    }

    /// Forgets what was waited for: a transition has ended.
    pub(crate) fn turn_page(&mut self) {
        self.waits = Waits::default();
        self.not_done.clear();
        self.begun.clear();
    }
}

/// `mad-1, mad-2, mad-3`, or `20 hosts` where there are too many to name.
pub(crate) fn names(names: &[&str], noun: &str) -> String {
    if names.len() <= NAMES_IN_A_LINE { names.join(", ") } else { format!("{} {noun}", names.len()) }
}

/// A duration in words.
pub(crate) fn said(duration: Duration) -> Said {
    Said(duration)
}
