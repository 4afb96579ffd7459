//! Which plan is in force: what the file says now, what it said last, and what was frozen when a transition opened.

use std::sync::Arc;

use dr_core::invariants::Invariant;
use dr_core::planted::breaks;
use dr_core::{Memory, Time};
use dr_plan::{Finding, Plan, SiteName};

/// Where a plan's text is kept: a file in the plan folder, or a text in memory for simulations.
pub trait PlanText: Send + Sync {
    /// The whole text.
    ///
    /// # Errors
    /// One sentence: what is wrong with the file.
    fn read(&self) -> Result<String, String>;
    /// Rewrites the one line `active_site`.
    ///
    /// # Errors
    /// One sentence: why the line was not rewritten.
    fn set_active_site(&self, site: &SiteName) -> Result<(), String>;
}

/// A text counts once two reads this far apart were the same: an editor may be in the middle of writing.
pub(super) const SETTLES: std::time::Duration = std::time::Duration::from_secs(2);

/// The plan as text and value, at the stages of its life.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The newest text, and since when it has been the same.
    seen: Option<(String, Time)>,
    /// The newest settled text that parses, not yet judged.
    candidate: Option<(String, Arc<Plan>)>,
    /// The plan that is acted on and compared with.
    in_force: Option<(String, Arc<Plan>)>,
    /// The plan of the open transition.
    frozen: Option<(u64, Arc<Plan>)>,
    /// The newest text that does not count, and why; no text if the file cannot be read.
    ignored: Option<(Option<String>, String)>,
    /// What else than `active_site` the candidate changes of the plan in force: asked in each round.
    changes: Vec<String>,
}

/// What a read of the file brought.
pub(super) enum News {
    /// Nothing new.
    None,
    /// A new text has settled and parses: it is the candidate now.
    Candidate,
    /// A new text has settled and does not parse, or the file cannot be read.
    Broken(String),
}

impl Source {
    /// Feeds one read of the file.
    pub(super) fn feed(&mut self, name: &str, text: Result<String, String>, now: Time) -> News {
        let text = match text {
            Ok(text) => text,
            Err(why) => {
                self.seen = None;
                return self.broken(None, why);
            }
        };
        let since = match &self.seen {
            Some((seen, since)) if *seen == text => *since,
            Some(_) | None => {
                self.seen = Some((text, now));
                return News::None;
            }
        };
        if now.since(since) < SETTLES {
            return News::None;
        }
        self.settled(name, text)
    }

    /// Takes a text as settled: it was written by us, or has been the same for long enough.
    pub(super) fn settled(&mut self, name: &str, text: String) -> News {
        if self.candidate.as_ref().is_some_and(|(known, _)| *known == text) {
            self.ignored = None;
            return News::None;
        }
        if self.ignored.as_ref().is_some_and(|(known, _)| known.as_ref() == Some(&text)) {
            return News::None;
        }
        let parsed = dr_plan::parse(name, &text);
        match parsed.plan {
            Some(plan) => {
                self.ignored = None;
                self.candidate = Some((text, Arc::new(plan)));
                self.compare();
                News::Candidate
            }
            None => {
                let errors: Vec<&Finding> = parsed.findings.iter().filter(|finding| finding.is_error()).collect();
                let why = errors.first().map_or_else(String::new, |first| in_one_line(first, errors.len() - 1));
                self.broken(Some(text), why)
            }
        }
    }

    fn broken(&mut self, text: Option<String>, why: String) -> News {
        let ignored = Some((text, why.clone()));
        if self.ignored == ignored {
            return News::None;
        }
        self.ignored = ignored;
        News::Broken(why)
    }

    /// Restores what the journal knows to have been in force.
    pub(super) fn remember(&mut self, name: &str, memory: &Memory) {
        if self.in_force.is_none()
            && let Some(text) = &memory.plan
            && let Some(plan) = dr_plan::parse(name, text).plan
        {
            self.in_force = Some((text.clone(), Arc::new(plan)));
            self.compare();
        }
    }

    /// One of the two is another one now.
    fn compare(&mut self) {
        self.changes = match (&self.in_force, &self.candidate) {
            (Some((_, before)), Some((_, after))) => dr_plan::diff(before, after),
            _ => Vec::new(),
        };
    }

    /// The candidate, to be judged against the plan in force.
    pub(super) fn candidate(&self) -> Option<&Arc<Plan>> {
        self.candidate.as_ref().map(|(_, plan)| plan)
    }

    /// Its text.
    pub(super) fn candidate_text(&self) -> Option<&str> {
        self.candidate.as_ref().map(|(text, _)| text.as_str())
    }

    /// What else than `active_site` the candidate changes.
    pub(super) fn other_changes(&self) -> &[String] {
        &self.changes
    }

    /// Puts the candidate in force; yields its text if that is a change.
    pub(super) fn take(&mut self) -> Option<String> {
        let (text, plan) = self.candidate.as_ref()?;
        if self.in_force.as_ref().is_some_and(|(known, _)| known == text) {
            return None;
        }
        let text = text.clone();
        self.in_force = Some((text.clone(), Arc::clone(plan)));
        self.compare();
        Some(text)
    }

    /// The plan that the loop observes with: the one in force, or the first candidate before anything was accepted.
    pub(super) fn in_force(&self) -> Option<&Arc<Plan>> {
        self.in_force.as_ref().or(self.candidate.as_ref()).map(|(_, plan)| plan)
    }

    /// Its text.
    pub(super) fn in_force_text(&self) -> Option<&str> {
        self.in_force.as_ref().or(self.candidate.as_ref()).map(|(text, _)| text.as_str())
    }

    /// The plan that decides: inside a transition the one that was frozen when it opened, with today's `mode`.
    pub(super) fn acting(&mut self, memory: &Memory) -> Option<&Arc<Plan>> {
        let Some(transition) = &memory.transition else { return self.in_force() };
        if self.frozen.as_ref().is_none_or(|(epoch, _)| *epoch != transition.epoch) {
            let known = self.in_force.as_ref().filter(|(text, _)| *text == transition.plan);
            let plan = match known {
                Some((_, plan)) => Arc::clone(plan),
                None => Arc::new(dr_plan::parse("frozen", &transition.plan).plan?),
            };
            self.frozen = Some((transition.epoch, plan));
        }
        if breaks(Invariant::I9) {
            return self.candidate();
        }
        let name = self.in_force().map(|plan| plan.name.clone()).unwrap_or_default();
        let mode = self.candidate.as_ref().map(|(_, plan)| plan.policy.mode);
        let (_, plan) = self.frozen.as_mut()?;
        let mode = mode.unwrap_or(plan.policy.mode);
        if plan.name != name || plan.policy.mode != mode {
            let plan = Arc::make_mut(plan);
            plan.name = name;
            plan.policy.mode = mode;
        }
        Some(plan)
    }

    /// The transition is closed: later edits count again.
    pub(super) fn thaw(&mut self) {
        self.frozen = None;
    }

    /// Whether a new text is waiting for its second read.
    pub(super) fn is_settling(&self) -> bool {
        match (&self.seen, &self.candidate) {
            (Some((seen, _)), Some((text, _))) => seen != text && self.ignored.is_none(),
            (Some(_), None) => self.ignored.is_none(),
            (None, _) => false,
        }
    }

    /// Why the newest edit does not count, if it does not.
    pub(super) fn ignored(&self) -> Option<&str> {
        self.ignored.as_ref().map(|(_, why)| why.as_str())
    }
}

fn in_one_line(finding: &Finding, more: usize) -> String {
    let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    let link = if finding.message.ends_with('?') { " " } else { "; " };
    let said = format!("{}{link}{}{more}", finding.message, finding.remedy);
    if finding.line == 0 {
        return format!("{}: {said}", finding.file);
    }
    format!("{} line {}, column {}: {said}", finding.file, finding.line, finding.column)
}
