//! `pass`: one pass over the large world in calm times, against the bare cost of reading the same documents.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dr_core::{Answer, Memory, Time, decide};
use dr_daemon::{
    Clock, Door, HookEnd, Hooks, MemoryJournal, Observer, PlanHandle, PlanLoop, PlanText, Ports, Prober, Twins, connect,
};
use dr_plan::Probe;
use engine_sim::world::World;
use engine_sim::{Engine, Settings};
use futures::future::{BoxFuture, FutureExt, ready};
use tests::MemoryPlan;
use tokio::sync::Notify;

use crate::bare::Program;
use crate::figure::{Cost, Figure, Stopwatch, median, paused_runtime, runtime, said};
use crate::recorded::{Recording, record};
use crate::served::Served;
use crate::world;

/// A pass may cost this many times what the bare program costs.
const BOUND: f64 = 2.0;
/// The daemon's own time runs this much faster, so that the calm interval, after which everything is read anew, is a second.
const SPEED: f64 = 60.0;
/// The calm interval of the plan.
const POLICY: &str = "policy: { interval: 60s }\n";

pub(crate) fn measure(quick: bool) -> Result<Vec<Figure>, String> {
    let repetitions = if quick { 5 } else { 21 };
    let spec = world::large();
    let recording = recorded(&spec)?;
    let served = Served::start(recording.clone())?;
    let dir = folder(&served)?;
    let text = world::plan(&spec, &world::api(served.port), false, POLICY);

    let runtime = runtime()?;
    let program = Program::new(&recording.reads(), served.port, &served.ca_pem)?;
    let mut daemon = OnePass::new(&text, dir.path())?;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    // The first of each opens connections and is not counted.
    for repetition in 0..=repetitions {
        let watch = Stopwatch::start();
        let objects = runtime.block_on(program.pass())?;
        let bare_cost = watch.cost();
        let watch = Stopwatch::start();
        runtime.block_on(daemon.pass())?;
        let our_cost = watch.cost();
        if objects < 4_700 {
            return Err(format!("only {objects} objects were read"));
        }
        if repetition > 0 {
            bare.push(bare_cost);
            ours.push(our_cost);
        }
    }
    let whole = whole_passes(&text, dir.path(), repetitions)?;

    let (bare_cpu, bare_wall) = (median(cpus(&bare)), median(walls(&bare)));
    let (our_cpu, our_wall) = (median(cpus(&ours)), median(walls(&ours)));
    let against = |ours: Duration, bare: Duration| format!("{} against {}", said(ours), said(bare));
    Ok(vec![
        Figure::ratio("observe + decide, processor time", our_cpu.div_duration_f64(bare_cpu), BOUND)
            .with_note(format!("{}, {} KiB compressed", against(our_cpu, bare_cpu), recording.bytes() / 1024)),
        Figure::ratio("observe + decide, wall time", our_wall.div_duration_f64(bare_wall), BOUND)
            .with_note(against(our_wall, bare_wall)),
        Figure::ratio("the whole loop with probes, processor time of a pass", whole.div_duration_f64(bare_cpu), BOUND)
            .with_note(against(whole, bare_cpu)),
    ])
}

fn cpus(costs: &[Cost]) -> Vec<Duration> {
    costs.iter().map(|cost| cost.cpu).collect()
}

fn walls(costs: &[Cost]) -> Vec<Duration> {
    costs.iter().map(|cost| cost.wall).collect()
}

/// What the simulated engine answers in the large world in calm times.
pub(crate) fn recorded(spec: &engine_sim::world::WorldSpec) -> Result<Recording, String> {
    paused_runtime()?.block_on(async {
        let engine = Engine::new(World::new(spec)?, Settings::default());
        tokio::time::sleep(Duration::from_secs(60)).await;
        record(&engine, Time(0)).await.map(|(recording, _)| recording.packed())
    })
}

/// A plan folder with what the plan refers to.
pub(crate) fn folder(served: &Served) -> Result<tempfile::TempDir, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).map_err(|error| error.to_string());
    write("engine-ca.pem", &served.ca_pem)?;
    write("engine.password", ovirt_dr::rehearsal::PASSWORD)?;
    Ok(dir)
}

/// Observe and decide, and nothing around it.
struct OnePass {
    observer: Observer,
    plan: dr_plan::Plan,
    memory: Memory,
}

impl OnePass {
    fn new(text: &str, dir: &Path) -> Result<OnePass, String> {
        let plan = dr_plan::parse("erp", text).plan.ok_or("the plan of the large world does not parse")?;
        let client = connect(&plan.engine, dir, &Door::Https)?;
        let memory = Memory { accepted: Some(world::SITES[0].to_owned()), ..Memory::default() };
        Ok(OnePass { observer: Observer::new(client), plan, memory })
    }

    async fn pass(&mut self) -> Result<(), String> {
        let observed = self.observer.observe(BTreeMap::new(), true, Time(0)).await;
        let decision = decide(&self.plan, &observed, &self.memory, Time(0));
        if let Some(said) = decision.drift.first() {
            return Err(format!("there is something to do: {said}"));
        }
        decision.waits.first().map_or(Ok(()), |wait| Err(wait.to_string()))
    }
}

/// Processor time of a pass of the real loop: probes, story, journal and report included, everything read in each.
fn whole_passes(text: &str, dir: &Path, repetitions: u64) -> Result<Duration, String> {
    let runtime = runtime()?;
    let mut costs = Vec::new();
    runtime.block_on(async {
        let ports = Ports {
            clock: Clock::starting_at(Time(1_790_857_500_000), SPEED),
            journal: Arc::new(MemoryJournal::default()),
            prober: Arc::new(Nothing),
            hooks: Arc::new(Nothing),
            door: Door::Https,
            twins: Twins::default(),
        };
        let file = Arc::new(MemoryPlan(Mutex::new(text.to_owned()))) as Arc<dyn PlanText>;
        let (plan_loop, mut handle) = PlanLoop::new("erp", dir.to_owned(), file, ports, Arc::new(Notify::new()));
        let running = tokio::spawn(plan_loop.run());
        let mut passes = quiet(&mut handle).await?;
        for _ in 0..repetitions {
            let watch = Stopwatch::start();
            passes = after(&mut handle, passes).await?;
            costs.push(watch.cost().cpu);
        }
        running.abort();
        Ok::<(), String>(())
    })?;
    Ok(median(costs))
}

const PATIENCE: Duration = Duration::from_secs(60);

async fn quiet(handle: &mut PlanHandle) -> Result<u64, String> {
    let wanted = handle.report.wait_for(|report| report.converged && report.passes >= 4);
    let waited = tokio::time::timeout(PATIENCE, wanted).await.map(|found| found.map(|report| report.passes));
    match waited {
        Ok(Ok(passes)) => Ok(passes),
        Ok(Err(_)) => Err("the loop ended".to_owned()),
        Err(_) => Err(format!("the loop does not come to rest: {:#?}", *handle.report.borrow())),
    }
}

async fn after(handle: &mut PlanHandle, passes: u64) -> Result<u64, String> {
    let waited = tokio::time::timeout(PATIENCE, handle.report.wait_for(|report| report.passes > passes)).await;
    match waited {
        Ok(Ok(report)) => Ok(report.passes),
        Ok(Err(_)) | Err(_) => Err("the loop makes no more passes".to_owned()),
    }
}

/// Probes that answer at once, and no hooks.
struct Nothing;

impl Prober for Nothing {
    fn probe<'a>(&'a self, _: &'a Probe) -> BoxFuture<'a, Answer> {
        ready(Answer::Accepted).boxed()
    }
}

impl Hooks for Nothing {
    fn run<'a>(&'a self, _: &'a Path, _: Duration, _: String) -> BoxFuture<'a, HookEnd> {
        ready(HookEnd::Done).boxed()
    }
}
