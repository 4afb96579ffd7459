//! The rig: a world, an engine over it, a plan in memory, the real loop of one plan.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dr_core::Time;
use dr_daemon::{
    Clock, Command, Door, Hooks, Journal, Level, Line, MemoryJournal, PlanHandle, PlanLoop, PlanText, Ports, Report,
    WallClock,
};
use dr_plan::SiteName;
use engine_sim::world::{World, WorldSpec};
use engine_sim::{Engine, Settings};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use ovirt_dr::rehearsal::{PASSWORD, SimHooks, SimProber, SimTransport};

use crate::edges::{Crash, CrashPoint, Passed, RigHooks, RigJournal, RigProber, RigTransport};

/// When simulated days begin: 2026-10-01 12:25:00 UTC, in milliseconds since 1970.
const BEGINNING: Time = Time(1_790_857_500_000);

/// A plan's text in memory.
#[derive(Debug, Default)]
pub struct MemoryPlan(pub Mutex<String>);

impl PlanText for MemoryPlan {
    fn read(&self) -> Result<String, String> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn set_active_site(&self, site: &SiteName) -> Result<(), String> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *text = dr_plan::set_active_site(&text, site).map_err(|finding| finding.to_string())?;
        Ok(())
    }
}

/// Everything that one simulated night needs.
pub struct Rig {
    /// The simulated engine.
    pub engine: Engine,
    /// The plan's file.
    pub plan: Arc<MemoryPlan>,
    /// The journal, which outlives a crash of the loop.
    pub journal: Arc<MemoryJournal>,
    /// The clock of the daemon.
    pub clock: Clock,
    /// The wall clock of its machine.
    wall: WallClock,
    /// The loop's handle.
    pub handle: PlanHandle,
    hooks: Arc<RigHooks>,
    crash: Arc<Crash>,
    wake: Arc<Notify>,
    lines: Arc<Mutex<Vec<Line>>>,
    running: Running,
}

/// The tasks of a running daemon.
struct Running {
    plan_loop: JoinHandle<()>,
    listener: JoinHandle<()>,
}

impl Rig {
    /// Starts engine and daemon over a world, with `plan` as the plan's text. Call it inside a runtime with a paused clock.
    ///
    /// # Panics
    /// The world's description is contradictory.
    pub fn start(spec: &WorldSpec, plan: &str) -> Rig {
        Rig::over(engine(spec), plan)
    }

    /// The same, of a world to which something has happened some time before the daemon was first started.
    ///
    /// # Panics
    /// The world's description is contradictory.
    pub async fn start_after(spec: &WorldSpec, plan: &str, time: Duration, happened: impl FnOnce(&Engine)) -> Rig {
        let engine = engine(spec);
        happened(&engine);
        tokio::time::sleep(time).await;
        Rig::over(engine, plan)
    }

    fn over(engine: Engine, plan: &str) -> Rig {
        let plan = Arc::new(MemoryPlan(Mutex::new(plan.to_owned())));
        let journal = Arc::new(MemoryJournal::default());
        let wall = WallClock::starting_at(BEGINNING);
        let clock = Clock::on(&wall);
        let hooks = Arc::new(RigHooks { works: SimHooks(engine.clone()), fails: Mutex::new(None) });
        let (crash, wake, lines) = (Arc::default(), Arc::new(Notify::new()), Arc::default());
        let ports = ports(&engine, &clock, &journal, &hooks, &crash);
        let (handle, running) = launch(ports, &plan, &wake, &lines);
        Rig { engine, plan, journal, clock, wall, handle, hooks, crash, wake, lines, running }
    }

    /// From now on every hook fails, with this as its last line.
    pub fn hooks_fail(&self, text: &str) {
        *self.hooks.fails.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_owned());
    }

    /// From now on hooks do what they are for.
    pub fn hooks_work(&self) {
        *self.hooks.fails.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// `kill -9`: the loop and everything it had under way end at once; the engine goes on.
    pub fn kill(&mut self) {
        self.crash.disarm();
        self.journal.crash();
        self.running.plan_loop.abort();
        self.running.listener.abort();
    }

    /// Starts the daemon anew on the same journal and file.
    pub fn restart(&mut self) {
        self.kill();
        let ports = ports(&self.engine, &self.clock, &self.journal, &self.hooks, &self.crash);
        (self.handle, self.running) = launch(ports, &self.plan, &self.wake, &self.lines);
    }

    /// Somebody sets the wall clock of the daemon's machine, so many milliseconds ahead or back.
    pub fn wall_clock_jumps(&self, by_ms: i64) {
        self.wall.jump(by_ms);
    }

    /// Starts the daemon anew as [`dr_daemon::run`] does: what it takes for now is what the wall clock shows.
    pub async fn restart_by_the_wall_clock(&mut self) {
        let newest = self.entries().await.last().map_or(Time(0), |newest| newest.at);
        self.clock = Clock::on(&self.wall).not_before(newest);
        self.restart();
    }

    /// The state database is lost: the next daemon starts with an empty journal.
    pub fn forget(&mut self) {
        self.kill();
        self.journal = Arc::default();
    }

    /// The state database is restored from a copy made after entry `seq`: the next daemon starts with what was known then.
    ///
    /// # Panics
    /// The journal refuses it.
    pub async fn set_back(&mut self, seq: u64) {
        let kept = self.entries().await.into_iter().filter(|stamped| stamped.seq <= seq);
        let kept = kept.map(|stamped| (stamped.at, stamped.entry)).collect();
        self.forget();
        self.journal.append("erp", kept).await.expect("a journal in memory takes everything");
    }

    /// Writes to the journal past the daemon, which must be dead: what an earlier one would have left.
    ///
    /// # Panics
    /// The journal refuses it.
    pub async fn journalled(&self, entry: dr_core::Entry) {
        let written = self.journal.append("erp", vec![(self.clock.now(), entry)]).await;
        written.expect("a journal in memory takes everything");
    }

    /// Stops the daemon where `point` says, as if it were killed there; [`Rig::crashed`] tells when.
    pub fn crash_at(&self, point: CrashPoint) {
        self.crash.arm(point);
    }

    /// No crash point is armed any more.
    pub fn crash_nowhere(&self) {
        self.crash.disarm();
    }

    /// From now on it is noted what the daemon appends and which changes it asks for.
    pub fn count_passed(&self) {
        self.crash.count_passed();
    }

    /// What was noted since [`Rig::count_passed`].
    pub(crate) fn passed(&self) -> Passed {
        self.crash.passed()
    }

    /// How many entries each append to the journal had since [`Rig::count_passed`].
    pub fn append_sizes(&self) -> Vec<usize> {
        self.crash.passed().entries
    }

    /// Waits until the armed crash point is reached; false if it is not within `limit`.
    pub async fn crashed(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.crash.struck()).await.is_ok()
    }

    /// The daemon's machine reaches neither the engine nor anything that it probes, or does again.
    pub fn cut_off(&self, cut: bool) {
        self.crash.cut_off(cut);
    }

    /// The disk under the journal is full from its n-th append on, counted from now and from 1; [`Rig::disk_filled`] tells when.
    pub fn disk_fills_at(&self, append: usize) {
        self.crash.fills_at(Some(append));
    }

    /// Waits until an append found the disk full; false if none does within `limit`.
    pub async fn disk_filled(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.crash.filled()).await.is_ok()
    }

    /// There is room on the disk again.
    pub fn disk_has_room(&self) {
        self.crash.fills_at(None);
    }

    /// Edits the plan's file as an operator would, and lets the daemon notice.
    pub fn edit(&self, edit: impl FnOnce(&str) -> String) {
        {
            let mut text = self.plan.0.lock().unwrap_or_else(PoisonError::into_inner);
            *text = edit(&text);
        }
        self.wake.notify_one();
    }

    /// Flips `active_site` in the file.
    pub fn flip(&self, site: &str) {
        self.edit(|text| {
            let lines = text.lines().map(|line| {
                if line.starts_with("active_site:") { format!("active_site: {site}") } else { line.to_owned() }
            });
            lines.collect::<Vec<_>>().join("\n") + "\n"
        });
    }

    /// Asks the loop.
    pub async fn ask(&self, command: Command) -> Result<String, String> {
        self.handle.ask(command).await
    }

    /// The newest report.
    pub fn report(&self) -> Report {
        self.handle.report.borrow().clone()
    }

    /// Writes what the test does to the world between the lines of the story.
    pub fn note(&self, text: &str) {
        let at = self.clock.now().0;
        let line = Line { at, level: Level::Info, plan: String::new(), text: text.to_owned() };
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Lets simulated time pass.
    pub async fn pass(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Lets time pass until the report is as wanted; the report at the end of `limit` otherwise.
    ///
    /// # Errors
    /// The limit passed: what the report and the story said at the end.
    pub async fn until(&self, limit: Duration, wanted: impl Fn(&Report) -> bool) -> Result<Report, String> {
        let mut reports = self.handle.report.clone();
        let waited = tokio::time::timeout(limit, reports.wait_for(|report| wanted(report))).await;
        match waited {
            Ok(Ok(report)) => Ok(report.clone()),
            Ok(Err(_)) => Err(format!("the loop ended\n{}", self.story())),
            Err(_) => Err(format!("not within {limit:?}: {:#?}\n{}", self.report(), self.story())),
        }
    }

    /// The story so far: seconds since the beginning, how much it matters, then the line. What was done to the world stands behind `--`.
    pub fn story(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut story = String::new();
        for line in lines.iter() {
            let seconds = line.at.saturating_sub(BEGINNING.0) / 1000;
            let mark = match line.level {
                Level::Info if line.plan.is_empty() => "--",
                Level::Info => "  ",
                Level::Notice => "* ",
                Level::Warning => "! ",
                Level::Error => "!!",
                Level::Critical => "!!!",
            };
            story.push_str(&format!("{seconds:>5}s {mark} {}\n", line.text));
        }
        story
    }

    /// The daemon's lines so far, without times.
    pub fn texts(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|line| !line.plan.is_empty()).map(|line| line.text.clone()).collect()
    }

    /// The journal's entries.
    pub async fn entries(&self) -> Vec<dr_core::Stamped> {
        self.journal.read("erp").await.unwrap_or_default()
    }

    /// The journal's entries numbered above `seq`.
    pub async fn entries_after(&self, seq: u64) -> Vec<dr_core::Stamped> {
        self.journal.part("erp", Some(seq), usize::MAX)
    }

    /// Mutating requests that the engine was sent so far, logins not counted.
    pub fn mutations(&self) -> Vec<String> {
        self.mutations_after(&mut 0)
    }

    /// The same, of those that came since `seen`, which is moved on.
    pub fn mutations_after(&self, seen: &mut usize) -> Vec<String> {
        let new = self.engine.mutations_after(*seen);
        *seen += new.len();
        let changing = new.into_iter().filter(|one| !one.path.contains("/sso/"));
        changing.map(|one| format!("{} {}", one.method, one.path)).collect()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.kill();
    }
}

fn engine(spec: &WorldSpec) -> Engine {
    let world = World::new(spec).expect("a consistent world");
    Engine::new(world, Settings { seed: spec.seed, ..Settings::default() })
}

fn ports(
    engine: &Engine,
    clock: &Clock,
    journal: &Arc<MemoryJournal>,
    hooks: &Arc<RigHooks>,
    crash: &Arc<Crash>,
) -> Ports {
    let transport = RigTransport { inner: SimTransport(engine.clone()), crash: Arc::clone(crash) };
    Ports {
        clock: clock.clone(),
        journal: Arc::new(RigJournal { kept: Arc::clone(journal), crash: Arc::clone(crash) }),
        prober: Arc::new(RigProber { inner: SimProber(engine.clone()), crash: Arc::clone(crash) }),
        hooks: Arc::clone(hooks) as Arc<dyn Hooks>,
        door: Door::Given(Arc::new(transport), PASSWORD.to_owned().into()),
        twins: dr_daemon::Twins::default(),
    }
}

fn launch(
    ports: Ports,
    plan: &Arc<MemoryPlan>,
    wake: &Arc<Notify>,
    lines: &Arc<Mutex<Vec<Line>>>,
) -> (PlanHandle, Running) {
    let (plan_loop, handle) =
        PlanLoop::new("erp", PathBuf::from("/plans"), Arc::clone(plan) as Arc<dyn PlanText>, ports, Arc::clone(wake));
    let mut heard = handle.lines.subscribe();
    let kept = Arc::clone(lines);
    let listener = tokio::spawn(async move {
        while let Ok(line) = heard.recv().await {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
    let plan_loop = tokio::spawn(plan_loop.run());
    (handle, Running { plan_loop, listener })
}
