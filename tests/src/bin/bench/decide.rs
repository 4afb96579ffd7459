//! `decide`: one decision over the large world, in calm times and all through a failover.

use std::time::Duration;

use dr_core::{Memory, Observed, Time, decide};
use dr_daemon::{Command, Report};
use tests::Rig;

use crate::figure::{Figure, Stopwatch, median, paused_runtime, said};
use crate::recorded::record;
use crate::world;

/// A decision must take less.
const BOUND: Duration = Duration::from_millis(10);
/// Pause between two decisions that are measured, of the simulated failover's time.
const EVERY: Duration = Duration::from_secs(3);
/// A failover that takes longer is none.
const LIMIT: Duration = Duration::from_secs(300);

pub(crate) fn measure(quick: bool) -> Result<Vec<Figure>, String> {
    let repetitions = if quick { 9 } else { 51 };
    let spec = world::large();
    let text = world::plan(&spec, "https://engine.example.com/ovirt-engine/api", true, "");
    let plan = dr_plan::parse("erp", &text).plan.ok_or("the plan of the large world does not parse")?;
    paused_runtime()?.block_on(async {
        let rig = Rig::start(&spec, &text);
        rig.until(LIMIT, |report| report.converged).await?;
        rig.pass(Duration::from_secs(60)).await;
        let calm = moment(&rig).await?;
        let calm = typical(&plan, &calm, repetitions);

        rig.engine.world(|world| world.lose_site(world::SITES[0]))?;
        rig.pass(Duration::from_secs(240)).await;
        let lost = moment(&rig).await?;
        let lost = typical(&plan, &lost, repetitions);
        fail_over(&rig).await?;
        let mut worst = (Duration::ZERO, String::new());
        let mut all = Vec::new();
        let limit = rig.clock.now().plus(LIMIT);
        while rig.report().transition.is_some() {
            if rig.clock.now() > limit {
                return Err(format!("the failover of the large world does not end:\n{}", rig.story()));
            }
            let moment = moment(&rig).await?;
            let took = typical(&plan, &moment, repetitions.min(9));
            all.push(took);
            if took > worst.0 {
                worst = (took, phase(&rig.report()));
            }
            rig.pass(EVERY).await;
        }
        let report = rig.report();
        let exceptions = report.last_closed.map_or(1, |closed| closed.exceptions.len());
        if exceptions > 0 {
            return Err(format!("the failover of the large world did not arrive:\n{}", rig.story()));
        }
        Ok(vec![
            Figure::duration("in calm times", calm, BOUND),
            Figure::duration("in calm times, the active site lost", lost, BOUND),
            Figure::duration("inside a transition, worst of all moments", worst.0, BOUND).with_note(format!(
                "while {}; median of {} moments {}",
                worst.1,
                all.len(),
                said(median(all))
            )),
        ])
    })
}

/// Asks for the failover, as an operator does.
pub(crate) async fn fail_over(rig: &Rig) -> Result<(), String> {
    let (by, reason) = ("bench".to_owned(), "lost".to_owned());
    rig.ask(Command::Failover { site: world::SITES[1].to_owned(), by, reason }).await?;
    if rig.report().transition.is_none() {
        return Err(format!("no transition opened: {:#?}", rig.report()));
    }
    Ok(())
}

fn phase(report: &Report) -> String {
    report.phase.to_string()
}

/// What a decision looks at.
pub(crate) struct Moment {
    pub(crate) observed: Observed,
    pub(crate) memory: Memory,
    pub(crate) now: Time,
}

pub(crate) async fn moment(rig: &Rig) -> Result<Moment, String> {
    let now = rig.clock.now();
    let (_, mut observed) = record(&rig.engine, now).await?;
    let entries = rig.entries().await;
    let memory = Memory::fold(entries.iter().map(|one| (one.at, &one.entry)));
    // Probes that are as silent as the loop's own.
    let probes = memory.answered.iter().filter_map(|word| probe(word));
    observed.probes = probes
        .map(|probe| {
            let reach = rig.engine.probe(&probe.address, probe.port);
            (probe, state(reach, now))
        })
        .collect();
    Ok(Moment { observed, memory, now })
}

fn probe(word: &str) -> Option<dr_plan::Probe> {
    let (address, port) = word.rsplit_once(':')?;
    Some(dr_plan::Probe { address: address.to_owned(), port: port.parse().ok()? })
}

fn state(reach: engine_sim::world::Reach, now: Time) -> dr_core::ProbeState {
    let last = match reach {
        engine_sim::world::Reach::Answering => dr_core::Answer::Accepted,
        engine_sim::world::Reach::Refusing => dr_core::Answer::Refused,
        engine_sim::world::Reach::Silent => dr_core::Answer::Silent,
    };
    let silent = last == dr_core::Answer::Silent;
    let silent_since = silent.then(|| Time(now.0.saturating_sub(120_000)));
    dr_core::ProbeState { last, at: now, silent_since, silent_rounds: if silent { 30 } else { 0 } }
}

/// The median time of a decision over one moment.
fn typical(plan: &dr_plan::Plan, moment: &Moment, repetitions: usize) -> Duration {
    let once = |_| {
        let watch = Stopwatch::start();
        let decision = decide(plan, &moment.observed, &moment.memory, moment.now);
        let cost = watch.cost();
        drop(std::hint::black_box(decision));
        cost.cpu
    };
    median((0..repetitions).map(once).collect())
}
