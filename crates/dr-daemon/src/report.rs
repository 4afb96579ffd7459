//! What an operator sees of a plan: the same report for command line, API and console.

use dr_core::{Confirmation, Phase};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// State of one plan after a pass. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The plan.
    pub plan: String,
    /// `active_site` in the plan's file.
    pub active_site: String,
    /// The site that was last accepted.
    pub accepted_site: Option<String>,
    /// Where the plan stands.
    pub phase: Phase,
    /// The open transition.
    pub transition: Option<TransitionReport>,
    /// The newest closed transition.
    pub last_closed: Option<ClosedReport>,
    /// When the engine was last read completely.
    pub as_of: Option<u64>,
    /// Why the engine cannot be read at present.
    pub engine_trouble: Option<String>,
    /// Steps in flight.
    pub in_flight: Vec<FlyingReport>,
    /// What cannot go on yet, and will by itself.
    pub waits: Vec<String>,
    /// What needs a person or a changed world.
    pub refusals: Vec<String>,
    /// Where the world differs from the plan.
    pub drift: Vec<String>,
    /// What we owe.
    pub owed: Vec<String>,
    /// A flip that waits for a person, and why.
    pub held: Option<String>,
    /// Who paused the plan and why.
    pub paused: Option<String>,
    /// Why the newest edit of the plan is not in force.
    pub edit_ignored: Option<String>,
    /// How far the transition is.
    pub progress: Progress,
    /// Passes since the daemon started.
    pub passes: u64,
    /// Nothing is left to do: no transition is open, nothing differs, nothing is owed.
    pub converged: bool,
}

/// The open transition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitionReport {
    /// Its number.
    pub epoch: u64,
    /// The site that loses the workload.
    pub from: String,
    /// The site that gets it.
    pub to: String,
    /// When it opened.
    pub opened: u64,
    /// Who flipped.
    pub by: String,
    /// It was cancelled and gives back what it owes.
    pub cancelled: bool,
    /// Forecast of its whole duration when it opened, in milliseconds.
    pub forecast_ms: Option<u64>,
}

/// A closed transition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedReport {
    /// Its number.
    pub epoch: u64,
    /// When it closed.
    pub at: u64,
    /// What could not be reached.
    pub exceptions: Vec<String>,
    /// It was turned back.
    pub cancelled: bool,
}

/// A step in flight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlyingReport {
    /// The step in words.
    pub step: String,
    /// Since when.
    pub since: u64,
    /// Correlation id in the engine's jobs and events.
    pub correlation_id: String,
}

/// Counts of an open transition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Connections that point at the new site, and all that are to.
    pub connections: (usize, usize),
    /// Standby hosts up, and all of them.
    pub hosts_up: (usize, usize),
    /// Lost hosts confirmed, and all of them.
    pub hosts_confirmed: (usize, usize),
    /// Lost hosts parked, and all of them.
    pub hosts_parked: (usize, usize),
    /// Virtual machines up, and all that follow.
    pub vms_up: (usize, usize),
}

/// One line of the story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// How much it matters.
    pub level: Level,
    /// The plan.
    pub plan: String,
    /// The line without the plan's name.
    pub text: String,
}

/// How much a line matters; journald's priorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The story.
    Info,
    /// A phase, an opening, an end.
    Notice,
    /// Needs a look.
    Warning,
    /// A person is needed.
    Error,
    /// An invariant.
    Critical,
}

/// What a person asks of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Make `site` the active one.
    Failover {
        /// The site.
        site: String,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Cancel the open transition, while that is free.
    Abort {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Take the world as it is, with the file's `active_site` as the active one.
    AcceptWorld {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Lift one refusal.
    Confirm {
        /// What is said.
        confirmation: Confirmation,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Do nothing until resumed.
    Pause {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Go on.
    Resume {
        /// Who.
        by: String,
    },
    /// Give back what an earlier daemon left owed in the engine and the journal does not know; or only say what that is.
    Repair {
        /// Do it.
        #[serde(default)]
        apply: bool,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Forecast a failover to `site` (or the open transition); the answer is JSON text.
    Preview {
        /// The site.
        site: Option<String>,
    },
}

/// What a command led to: a sentence for the person, or why not.
pub type Answered = Result<String, String>;

/// A command with the place for its answer.
pub type Asked = (Command, oneshot::Sender<Answered>);

/// A plan as the rest of the daemon holds it.
#[derive(Clone, Debug)]
pub struct PlanHandle {
    /// The plan's name.
    pub name: String,
    /// Where commands go.
    pub commands: mpsc::Sender<Asked>,
    /// The newest report.
    pub report: watch::Receiver<Report>,
    /// The story from now on.
    pub lines: broadcast::Sender<Line>,
}

impl PlanHandle {
    /// Sends a command and awaits its answer.
    pub async fn ask(&self, command: Command) -> Answered {
        let (answer, answered) = oneshot::channel();
        let gone = || format!("the plan {} is no longer watched", self.name);
        self.commands.send((command, answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}
