//! What the file says, carried into the journal: adopted, opened, held, cancelled.

use dr_core::{Asked as How, Entry, Observed, Verdict, forecast, judge_flip, opening, site_left};
use dr_plan::Plan;

use crate::report::Level;

use super::PlanLoop;
use super::source::News;

impl PlanLoop {
    /// Reads the plan file; a new text counts once two reads 2 s apart were the same.
    pub(super) async fn read_file(&mut self) {
        self.source.remember(&self.name, &self.memory);
        let now = self.now();
        let was_broken = self.source.ignored().is_some();
        let news = self.source.feed(&self.name, self.file.read(), now);
        if let News::Broken(why) = news {
            let stays = if self.source.in_force().is_some() { ". The plan before it stays in force" } else { "" };
            self.tell(vec![self.story.say(now, Level::Error, format!("plan edit ignored: {why}{stays}"))]);
        } else if was_broken && self.source.ignored().is_none() {
            self.tell(vec![self.story.say(now, Level::Info, "the plan file is in order again")]);
        }
    }

    /// Judges the file's candidate and journals the verdict.
    pub(super) async fn flip(&mut self) {
        let Some(plan) = self.source.candidate().cloned() else { return };
        let how = self.how(&plan);
        let _ = self.judge(&plan, &how).await;
    }

    /// How this change of the file came about: a request that is journalled made it, or an editor.
    fn how(&self, plan: &Plan) -> How {
        match &self.memory.requested {
            Some((site, by, why)) if *site == plan.active_site.0 => How::Failover { by: by.clone(), why: why.clone() },
            Some(_) | None => How::ByFile,
        }
    }

    /// Judges, journals and says; yields a sentence for whoever asked.
    pub(super) async fn judge(&mut self, plan: &Plan, how: &How) -> Result<String, String> {
        let now = self.now();
        let others = self.source.other_changes();
        let verdict = judge_flip(plan, others, how, self.observed.as_ref(), &self.memory, now);
        let site = plan.active_site.0.clone();
        let mut entries = Vec::new();
        let said = match verdict {
            Verdict::NotYet { text } => return Ok(format!("noted; {text}")),
            Verdict::Nothing => {
                if self.memory.transition.is_none() {
                    self.take_plan(&mut entries, plan, now);
                }
                Ok(format!("{site} is already active"))
            }
            Verdict::Adopt { by, why } => {
                entries.push(Entry::Adopted { site: site.clone(), by: by.clone(), why: why.clone() });
                self.take_plan(&mut entries, plan, now);
                let text = format!("{site} accepted as active ({by}: {why})");
                self.tell(vec![self.story.say(now, Level::Notice, text.clone())]);
                Ok(text)
            }
            Verdict::Open { by, why } => return self.open(plan, &by, &why).await,
            Verdict::Cancel { by, why } => {
                let Some(transition) = &self.memory.transition else { return Ok("nothing to cancel".to_owned()) };
                let (epoch, from) = (transition.epoch, transition.from.clone());
                entries.push(Entry::Cancelled { epoch, by: by.clone(), why });
                let text =
                    format!("failover {epoch} is turned back by {by}: {from} stays active; what is owed is given back");
                self.tell(vec![self.story.say(now, Level::Notice, text.clone())]);
                Ok(text)
            }
            Verdict::DropHold => {
                entries.push(Entry::HoldDropped);
                let text = format!("the file names {site} again: nothing is held any more");
                self.tell(vec![self.story.say(now, Level::Info, text.clone())]);
                Ok(text)
            }
            Verdict::Hold { reason } => {
                let known = self.memory.held.as_ref().is_some_and(|held| held.reason == reason && held.to == site);
                let from = self.memory.accepted.clone().unwrap_or_default();
                if !known {
                    entries.push(Entry::Held { from, to: site.clone(), reason: reason.clone() });
                    self.tell(vec![self.story.say(now, Level::Error, format!("held: {reason}"))]);
                }
                Err(format!("held: {reason}"))
            }
            Verdict::Disagrees { text } => Err(text),
        };
        if self.memory.seen.as_deref() != Some(site.as_str()) {
            entries.push(Entry::SiteSeen { site });
        }
        if self.write(entries).await { said } else { Err(self.journal_trouble.clone().unwrap_or_default()) }
    }

    /// Puts the candidate in force and says so.
    fn take_plan(&mut self, entries: &mut Vec<Entry>, plan: &Plan, now: dr_core::Time) {
        let known = self.memory.plan.clone();
        let changes = self.source.other_changes().to_vec();
        let taken = self.source.take().or_else(|| self.source.candidate_text().map(str::to_owned));
        let Some(text) = taken.filter(|text| known.as_ref() != Some(text)) else { return };
        entries.push(Entry::PlanTaken { text });
        let said = if known.is_none() { Some(loaded(plan)) } else { edited(&changes) };
        self.tell(said.map(|said| self.story.say(now, Level::Info, said)).into_iter().collect());
    }

    async fn open(&mut self, plan: &Plan, by: &str, why: &str) -> Result<String, String> {
        // Lent, not copied: thousands of virtual machines are in it.
        let Some(observed) = self.observed.take() else {
            return Ok("noted; the engine must be read first".to_owned());
        };
        let opened = self.open_on(plan, &observed, by, why).await;
        self.observed = Some(observed);
        opened
    }

    async fn open_on(&mut self, plan: &Plan, observed: &Observed, by: &str, why: &str) -> Result<String, String> {
        let Some(from) = site_left(plan, &self.memory).map(str::to_owned) else {
            return Err(
                "the plan has more than two sites and none was ever accepted: ovirt-dr accept-world first".to_owned()
            );
        };
        let now = self.now();
        let text = self.source.candidate_text().unwrap_or_default().to_owned();
        let opening = opening(plan, text, observed, &self.memory, &from, by, why);
        let epoch = opening.epoch;
        let mut entries = vec![Entry::Opened(Box::new(opening)), Entry::SiteSeen { site: plan.active_site.0.clone() }];
        entries.extend(self.source.take().map(|text| Entry::PlanTaken { text }));
        if !self.write(entries).await {
            return Err(self.journal_trouble.clone().unwrap_or_default());
        }
        self.story.turn_page();
        let expected = forecast(plan, &plan.active_site, observed, &self.memory_before_loss(), now);
        self.forecast = expected.stuck.is_empty().then_some((expected.total, expected.lease));
        let foreseen = match self.forecast {
            Some((total, lease)) => {
                format!("; {}; critical path: {}", expectation(total, lease), expected.waits_for().join(", "))
            }
            None => String::new(),
        };
        let said =
            format!("active_site changed from {from} to {} ({by}): failover {epoch} opens{foreseen}", plan.active_site);
        self.tell(vec![self.story.say(now, Level::Notice, said.clone())]);
        Ok(said)
    }

    /// What the forecast starts from: the site counts as lost even while the engine has not noticed everything yet.
    fn memory_before_loss(&self) -> dr_core::Memory {
        let mut memory = self.memory.clone();
        if let Some(transition) = memory.transition.take() {
            memory.accepted = Some(transition.from);
        }
        memory
    }
}

/// What an edit changed; nothing if only its wording did.
fn edited(changes: &[String]) -> Option<String> {
    /// Changes that one line names.
    const SHOWN: usize = 3;
    let shown = changes.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    match changes.len() {
        0 => None,
        n if n > SHOWN => Some(format!("plan edited: {shown}; and {} more", n - SHOWN)),
        _ => Some(format!("plan edited: {shown}")),
    }
}

fn loaded(plan: &Plan) -> String {
    let active = &plan.active_site;
    let standby: Vec<&str> = plan.sites.keys().filter(|site| *site != active).map(|site| site.0.as_str()).collect();
    let hosts: usize = plan.sites.values().map(|site| site.hosts.len()).sum();
    let entries = plan.storage.len();
    format!(
        "plan loaded: {active} active, {} standby; {hosts} hosts, {entries} storage {}",
        standby.join(" and "),
        if entries == 1 { "entry" } else { "entries" }
    )
}

fn expectation(total: std::time::Duration, lease: std::time::Duration) -> String {
    if lease.is_zero() {
        return format!("about {}", about(total));
    }
    format!("about {}, and up to {} more while storage names the dead SPM", about(total), crate::story::said(lease))
}

/// A forecast is not exact: rounded to ten seconds below five minutes, to minutes above.
fn about(total: std::time::Duration) -> String {
    let seconds = total.as_secs();
    let rounded = if seconds < 300 { seconds.div_ceil(10) * 10 } else { seconds.div_ceil(60) * 60 };
    crate::story::said(std::time::Duration::from_secs(rounded)).to_string()
}
