//! The sweep: a few nights that are told again and again, each time with a crash at another point, until every point had its crash.
//!
//! Points are before and after each append to the journal and before and after each request that changes something. Reads are left out:
//! they change neither the engine nor the journal, so that whoever is killed at one leaves what is left at the append or the change before it.

mod night;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::CrashPoint;

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
}

impl Scenario {
    /// All of them.
    pub const ALL: [Scenario; 5] =
        [Scenario::Failover, Scenario::FlippedBack, Scenario::Aborted, Scenario::Failback, Scenario::EngineRestart];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Failover => "failover",
            Scenario::FlippedBack => "flipped-back",
            Scenario::Aborted => "aborted",
            Scenario::Failback => "failback",
            Scenario::EngineRestart => "engine-restart",
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
        Ok(Sweep { scenario, points, undisturbed })
    }

    /// Tells the scenario with a crash at this point; yields the story.
    ///
    /// # Errors
    /// What is wrong, in its first line, then the story.
    ///
    /// # Panics
    /// No runtime can be made.
    pub fn crash_at(&self, point: &Point) -> Result<String, String> {
        in_a_runtime(async {
            let mut night = Night::of(self.scenario, Some(point.at));
            let end = night.told().await;
            let wrong = match end {
                Ok(_) if !night.was_killed() => "the point was never reached".to_owned(),
                Ok(end) if end == self.undisturbed => return Ok(night.story()),
                Ok(end) => format!("it ends otherwise than without a crash: {end:?}, not {:?}", self.undisturbed),
                Err(why) => why,
            };
            Err(format!("{wrong}\n{}", night.story()))
        })
    }

    /// Crashes at every point, on all cores: what is wrong, by the point's number.
    ///
    /// # Panics
    /// No runtime can be made.
    pub fn all(&self) -> BTreeMap<usize, String> {
        let next = AtomicUsize::new(0);
        let wrong: Mutex<BTreeMap<usize, String>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(point) = self.points.get(at) else { break };
                        if let Err(why) = self.crash_at(point) {
                            wrong.lock().unwrap_or_else(PoisonError::into_inner).insert(at + 1, why);
                        }
                    }
                });
            }
        });
        wrong.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_a_runtime<T>(told: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(told)
}
