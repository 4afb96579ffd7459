//! The sweep: a few nights that are told again and again, each time with a crash at another point, until every point had its crash.
//!
//! Points are before and after each append to the journal and before and after each request that changes something. A read changes neither the
//! engine nor the journal, so that whoever is killed at one leaves what is left at the append or the change before it, only later: one scenario
//! has its crash at every read as well. In another one the daemon that goes on is killed too.

mod night;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use dr_core::invariants::Invariant;
use dr_core::planted::plant;

use crate::CrashPoint;
use crate::cores::on_all_cores;

use night::{End, Night};

/// What is told again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A site is lost and its plan is flipped.
    Failover,
    /// The file is flipped back before the replica is promoted.
    FlippedBack,
    /// The same is turned back by a person's `abort`.
    Aborted,
    /// The lost site returns after the failover, the other one is lost, and a person confirms the way back. Swept from the return on.
    Failback,
    /// The engine is restarted when all lost hosts are confirmed.
    EngineRestart,
    /// The failover, with its crashes at the daemon's reads of the engine.
    Reads,
    /// The failover, with a second crash after the first append or change of the daemon that goes on, whichever comes.
    Twice,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Scenario; 7] = [
        Scenario::Failover,
        Scenario::FlippedBack,
        Scenario::Aborted,
        Scenario::Failback,
        Scenario::EngineRestart,
        Scenario::Reads,
        Scenario::Twice,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Failover => "failover",
            Scenario::FlippedBack => "flipped-back",
            Scenario::Aborted => "aborted",
            Scenario::Failback => "failback",
            Scenario::EngineRestart => "engine-restart",
            Scenario::Reads => "reads",
            Scenario::Twice => "twice",
        }
    }
}

/// One place in a night where the daemon can be killed.
#[derive(Clone, Debug)]
pub struct Point {
    /// Where.
    pub at: CrashPoint,
    /// The same in words: `before append 17 (Intent ...)`.
    pub words: String,
}

/// A scenario that was told once without a crash.
#[derive(Debug)]
pub struct Sweep {
    /// Which one.
    pub scenario: Scenario,
    /// Where it can be interrupted; a point's number is its place here, from 1 on.
    pub points: Vec<Point>,
    undisturbed: End,
    /// A defect that wakes up in the daemon that goes on after the crash.
    defect: Option<Invariant>,
}

impl Sweep {
    /// Tells the scenario without a crash and notes where there could be one.
    ///
    /// # Errors
    /// It goes wrong even without a crash: what is wrong.
    ///
    /// # Panics
    /// No runtime can be made.
    pub fn of(scenario: Scenario) -> Result<Sweep, String> {
        let (undisturbed, passed) = in_a_runtime(async {
            let mut night = Night::of(scenario, None);
            let end = night.told().await.map_err(|why| format!("{why}\n{}", night.story()))?;
            Ok::<_, String>((end, night.passed()))
        })?;
        let mut points = Vec::new();
        for (what, names, before, after) in [
            (
                "append",
                &passed.appends,
                CrashPoint::BeforeAppend as fn(usize) -> CrashPoint,
                CrashPoint::AfterAppend as fn(usize) -> CrashPoint,
            ),
            ("request", &passed.changes, CrashPoint::BeforeRequest, CrashPoint::AfterRequest),
        ] {
            for (n, name) in (1..).zip(names) {
                points.push(Point { at: before(n), words: format!("before {what} {n} ({name})") });
                points.push(Point { at: after(n), words: format!("after {what} {n} ({name})") });
            }
        }
        if scenario == Scenario::Reads {
            let word = |n, path| format!("at read {n} (GET {path})");
            let reads = (1..).zip(&passed.reads);
            points = reads.map(|(n, path)| Point { at: CrashPoint::AtRead(n), words: word(n, path) }).collect();
        }
        Ok(Sweep { scenario, points, undisturbed, defect: None })
    }

    /// The same, and the daemon that goes on after each crash breaks this invariant: a sweep that does not notice proves nothing.
    #[must_use]
    pub fn broken(self, defect: Invariant) -> Sweep {
        Sweep { defect: Some(defect), ..self }
    }

    /// Tells the scenario with a crash at this point; yields the story.
    ///
    /// # Errors
    /// What is wrong, in its first line, then the story.
    ///
    /// # Panics
    /// No runtime can be made.
    pub fn crash_at(&self, point: &Point) -> Result<String, String> {
        let told = in_a_runtime(async {
            let mut night = Night::of(self.scenario, Some(point.at));
            night.breaks_later(self.defect);
            let end = night.told().await;
            // After the last append or change of all there is no second crash.
            let may_be_left = usize::from(self.scenario == Scenario::Twice);
            let wrong = match end {
                Ok(_) if night.kills_left() > may_be_left => "the point was never reached".to_owned(),
                Ok(end) if end == self.undisturbed => return Ok(night.story()),
                Ok(end) => format!("it ends otherwise than without a crash: {end:?}, not {:?}", self.undisturbed),
                Err(why) => why,
            };
            Err(format!("{wrong}\n{}", night.story()))
        });
        plant(None);
        told
    }

    /// Crashes at every point, on all cores: what is wrong, by the point's number.
    ///
    /// # Panics
    /// No runtime can be made.
    pub fn all(&self) -> BTreeMap<usize, String> {
        let wrong: Mutex<BTreeMap<usize, String>> = Mutex::default();
        on_all_cores((1..).zip(&self.points), |(number, point)| {
            if let Err(why) = self.crash_at(point) {
                wrong.lock().unwrap_or_else(PoisonError::into_inner).insert(number, why);
            }
        });
        wrong.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_a_runtime<T>(told: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(told)
}
