//! `failovers`: how many small failovers a second one core decides, how many it lives through as a whole daemon, and what the journal takes of one.

use std::time::Duration;

use dr_core::{Entry, Time, forecast};
use dr_daemon::{Journal, Store};
use dr_plan::SiteName;
use engine_sim::world::WorldSpec;
use ovirt_dr::rehearsal::two_sites_and_a_witness;
use tests::Rig;

use crate::decide::{fail_over, moment};
use crate::figure::{Figure, Stopwatch, median_ratio, paused_runtime, runtime, said};
use crate::world::{self, SITES};

/// Failovers a second and core, on the planner and the world that it imagines.
const PLANNED: f64 = 2_000.0;
/// The same through the whole daemon: client, loop, journal in memory, and the simulated engine without sockets.
const LIVED: f64 = 100.0;
/// What the journal may take of a failover's wall time.
const JOURNALLED: f64 = 0.05;
/// Dead leases as in the recorded engine run: what is counted is the daemon's work, not how often it looks while a lease runs out.
const LEASE_MS: u64 = 5_000;
/// Hosts at each site.
const HOSTS: usize = 4;
const VMS: usize = 20;
const API: &str = "https://engine.example.com/ovirt-engine/api";
const LIMIT: Duration = Duration::from_secs(1800);

pub(crate) fn measure(quick: bool) -> Result<Vec<Figure>, String> {
    let rounds = if quick { 3 } else { 9 };
    let size = format!("{HOSTS} + {HOSTS} hosts, {VMS} VMs");
    let (lived, nights, passes) = lived(rounds)?;
    Ok(vec![
        Figure::rate(format!("planned failovers a second and core, {size}"), planned(rounds)?, PLANNED),
        Figure::rate(format!("the same through the whole daemon, {size}"), lived, LIVED)
            .with_note(format!("{passes} passes each; with start, calm, loss and proof before it: {nights:.0}/s")),
        journalled(rounds)?,
    ])
}

/// Forecasts of a flip, each a failover from the first step to the last, in one thread.
fn planned(rounds: u64) -> Result<f64, String> {
    const EACH: u32 = 200;
    let spec = two_sites_and_a_witness(SITES, HOSTS, VMS, 1);
    let text = world::plan(&spec, API, true, "");
    let plan = dr_plan::parse("erp", &text).plan.ok_or("the plan of the small world does not parse")?;
    let to = SiteName(SITES[1].to_owned());
    let calm = paused_runtime()?.block_on(async {
        let rig = Rig::start(&spec, &text);
        rig.until(LIMIT, |report| report.converged).await?;
        rig.pass(Duration::from_secs(60)).await;
        moment(&rig).await
    })?;
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let watch = Stopwatch::start();
        for _ in 0..EACH {
            let forecast = forecast(&plan, &to, &calm.observed, &calm.memory, calm.now);
            if !forecast.stuck.is_empty() || forecast.steps.len() < VMS {
                return Err(format!("the planned failover does not arrive: {:?}", forecast.stuck));
            }
        }
        rates.push(f64::from(EACH) / watch.cost().cpu.as_secs_f64());
    }
    Ok(median_ratio(rates))
}

/// Failovers of the whole daemon on a paused clock, the simulated engine's own work included: from the flip to its closing, and whole nights;
/// and how many passes lie between flip and closing.
fn lived(rounds: u64) -> Result<(f64, f64, u64), String> {
    const EACH: u32 = 20;
    let (mut failovers, mut nights, mut passes) = (Vec::new(), Vec::new(), 0);
    for round in 0..rounds {
        let (mut alone, night) = (Duration::ZERO, Stopwatch::start());
        for number in 0..EACH {
            let mut spec = two_sites_and_a_witness(SITES, HOSTS, VMS, round * u64::from(EACH) + u64::from(number));
            spec.options.dead_lease = LEASE_MS;
            spec.options.dead_vm_lease = LEASE_MS;
            let (cost, passed) = paused_runtime()?.block_on(async {
                let rig = lost(&spec).await?;
                let (watch, before) = (Stopwatch::start(), rig.report().passes);
                arrives(&rig).await?;
                Ok::<_, String>((watch.cost().cpu, rig.report().passes - before))
            })?;
            alone += cost;
            passes += passed;
        }
        failovers.push(f64::from(EACH) / alone.as_secs_f64());
        nights.push(f64::from(EACH) / night.cost().cpu.as_secs_f64());
    }
    Ok((median_ratio(failovers), median_ratio(nights), passes / (rounds * u64::from(EACH))))
}

/// A failover's own appends, one after another into SQLite on this machine's disk, against what the failover takes by its own clock.
fn journalled(rounds: u64) -> Result<Figure, String> {
    let (hosts, vms) = (20, 100);
    let spec = two_sites_and_a_witness(SITES, hosts, vms, 1);
    let (appends, took) = paused_runtime()?.block_on(async {
        let rig = lost(&spec).await?;
        let before = rig.entries().await.len();
        let began = rig.clock.now();
        rig.count_passed();
        arrives(&rig).await?;
        let took = rig.clock.now().since(began);
        let entries = rig.entries().await;
        let mut entries = entries.into_iter().skip(before).map(|stamped| (stamped.at, stamped.entry));
        let sizes = rig.append_sizes().into_iter();
        Ok::<_, String>((sizes.map(|size| entries.by_ref().take(size).collect()).collect::<Vec<Vec<_>>>(), took))
    })?;
    let (mut ratios, mut last) = (Vec::new(), Duration::ZERO);
    for _ in 0..rounds {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        last = runtime()?.block_on(write(&folder.path().join("state.sqlite3"), appends.clone()))?;
        ratios.push(last.as_secs_f64() / took.as_secs_f64());
    }
    let what = format!("journal on SQLite, of a failover of {hosts} + {hosts} hosts and {vms} VMs");
    let note = format!("{} commits, {} of {}", appends.len(), said(last), said(took));
    Ok(Figure::ratio(what, median_ratio(ratios), JOURNALLED).with_note(note))
}

async fn write(path: &std::path::Path, appends: Vec<Vec<(Time, Entry)>>) -> Result<Duration, String> {
    let store = Store::open(path).await.map_err(|error| error.to_string())?;
    let watch = Stopwatch::start();
    for entries in appends {
        store.append("erp", entries).await.map_err(|error| error.to_string())?;
    }
    let took = watch.cost().wall;
    store.close().await;
    Ok(took)
}

/// A daemon whose active site is lost, for so long that it is proven down.
async fn lost(spec: &WorldSpec) -> Result<Rig, String> {
    let rig = Rig::start(spec, &world::plan(spec, API, true, ""));
    rig.until(LIMIT, |report| report.converged).await?;
    rig.pass(Duration::from_secs(60)).await;
    rig.engine.world(|world| world.lose_site(SITES[0]))?;
    rig.pass(Duration::from_secs(240)).await;
    Ok(rig)
}

async fn arrives(rig: &Rig) -> Result<(), String> {
    fail_over(rig).await?;
    let report = rig.until(LIMIT, |report| report.transition.is_none()).await?;
    match report.last_closed.map_or(1, |closed| closed.exceptions.len()) {
        0 => Ok(()),
        _ => Err(format!("the failover did not arrive:\n{}", rig.story())),
    }
}
