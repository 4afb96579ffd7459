//! How long each phase took, beside what was forecast.

use std::time::Duration;

use dr_core::{Phase, Said, Time};
use dr_daemon::{Command, Report};
use serde::Deserialize;

use super::stage::Stage;

/// The forecast as the daemon's preview gives it, and what was seen.
pub(super) struct Timeline {
    forecast: Preview,
    began: Option<Time>,
    seen: Vec<(Phase, Time)>,
    ended: Time,
}

#[derive(Debug, Deserialize)]
struct Preview {
    phases: Vec<PhaseEnd>,
    total_ms: u64,
    lease_ms: u64,
}

#[derive(Debug, Deserialize)]
struct PhaseEnd {
    phase: Phase,
    ends_ms: u64,
}

impl Timeline {
    /// Asks the daemon what it expects of a failover to `site`.
    pub(super) async fn begin(stage: &Stage, site: &str) -> Result<Timeline, String> {
        let text = stage.handle.ask(Command::Preview { site: Some(site.to_owned()) }).await?;
        let forecast = serde_json::from_str(&text).map_err(|error| format!("the preview cannot be read: {error}"))?;
        Ok(Timeline { forecast, began: None, seen: Vec::new(), ended: stage.now() })
    }

    /// Notes the phase that a report shows.
    pub(super) fn note(&mut self, now: Time, report: &Report) {
        self.ended = now;
        let Some(transition) = &report.transition else { return };
        self.began.get_or_insert(Time(transition.opened));
        if self.seen.last().is_none_or(|(phase, _)| *phase != report.phase) {
            self.seen.push((report.phase, now));
        }
    }

    /// The table, a line a phase.
    pub(super) fn lines(&self, _closed: &Report) -> Vec<String> {
        let began = self.began.unwrap_or(self.ended);
        let mut lines = vec![format!("{:<14}{:>24}{:>14}", "phase", "forecast", "took")];
        let mut phases: Vec<Phase> = self.forecast.phases.iter().map(|end| end.phase).collect();
        phases.extend(self.seen.iter().map(|(phase, _)| *phase));
        phases.sort_unstable();
        phases.dedup();
        for phase in phases.into_iter().filter(|phase| *phase != Phase::Calm) {
            let lease = if phase == Phase::Activating { self.forecast.lease_ms } else { 0 };
            let forecast = self.forecast(phase).map_or_else(|| "-".to_owned(), |d| range(d, lease));
            let took = self.took(phase, began).map_or_else(|| "-".to_owned(), |d| Said(d).to_string());
            lines.push(format!("{:<14}{forecast:>24}{took:>14}", phase.to_string()));
        }
        let total = range(Duration::from_millis(self.forecast.total_ms), self.forecast.lease_ms);
        lines.push(format!("{:<14}{total:>24}{:>14}", "all", Said(self.ended.since(began)).to_string()));
        lines
    }

    fn forecast(&self, wanted: Phase) -> Option<Duration> {
        let mut from = 0;
        let mut sum = None;
        for end in &self.forecast.phases {
            if end.phase == wanted {
                *sum.get_or_insert(0) += end.ends_ms.saturating_sub(from);
            }
            from = end.ends_ms;
        }
        sum.map(Duration::from_millis)
    }

    fn took(&self, wanted: Phase, began: Time) -> Option<Duration> {
        let mut sum = None;
        for (index, (phase, from)) in self.seen.iter().enumerate() {
            if *phase == wanted {
                let from = if index == 0 { began } else { *from };
                let to = self.seen.get(index + 1).map_or(self.ended, |(_, at)| *at);
                *sum.get_or_insert(Duration::ZERO) += to.since(from);
            }
        }
        sum
    }
}

/// A forecast with what the lease of a dead SPM may add.
fn range(least: Duration, lease_ms: u64) -> String {
    match lease_ms {
        0 => Said(least).to_string(),
        more => format!("{} to {}", Said(least), Said(least + Duration::from_millis(more))),
    }
}
