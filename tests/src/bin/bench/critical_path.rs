//! `critical-path`: how much longer than the engine itself needs a failover takes, with the recorded engine's blocking times.

use std::time::Duration;

use engine_sim::world::{SimTime, World, WorldSpec};
use ovirt_dr::rehearsal::two_sites_and_a_witness;
use tests::Rig;

use crate::decide::fail_over;
use crate::figure::{Figure, median, median_ratio, paused_runtime, said};
use crate::ideal::{self, Times};
use crate::world;

/// The daemon may take this many times the engine's own critical path.
const BOUND: f64 = 1.05;
const HOSTS: usize = 20;
const VMS: usize = 100;
/// Calm before the loss.
const CALM: Duration = Duration::from_secs(60);
/// From the loss to the flip: everything lost is `non_responsive`, the engine's own treatment is over, the evidence is complete, and every
/// lease on the storage has run out.
const PROVEN: Duration = Duration::from_secs(240);
/// The same where leases run out soon.
const PROVEN_SOON: Duration = Duration::from_secs(180);
const LIMIT: Duration = Duration::from_secs(3600);
/// How exactly the end is seen.
const LOOK: Duration = Duration::from_millis(20);
/// Dead leases of the recorded engine run.
const SHORT_LEASE_MS: u64 = 5_000;

pub(crate) fn measure(quick: bool) -> Result<Vec<Figure>, String> {
    let seeds = if quick { 5 } else { 15 };
    let side_by_side = Compared::over(seeds, HOSTS, VMS, None, "")?;
    let one_by_one = Compared::over(if quick { 1 } else { 3 }, HOSTS, VMS, None, "policy: { parallel: 1 }\n")?;
    let small = Compared::over(seeds, 3, 8, Some(SHORT_LEASE_MS), "")?;
    let large = Compared::over(seeds, HOSTS, VMS, Some(SHORT_LEASE_MS), "")?;
    let shown = |what: &str, compared: &Compared| {
        Figure::shown(what, format!("{:.3}", compared.ratio())).with_note(compared.note())
    };
    Ok(vec![
        Figure::ratio("opened to arrived, against the engine's own path", side_by_side.ratio(), BOUND)
            .with_note(side_by_side.note()),
        shown("the same, one step at a time (policy.parallel: 1)", &one_by_one),
        shown("3 + 3 hosts, 8 VMs, leases as recorded (there: 31 s)", &small),
        shown("20 + 20 hosts, 100 VMs, leases as recorded (there: 41 s)", &large),
    ])
}

/// The daemon and the ideal, seed by seed.
struct Compared {
    nights: Vec<(Ours, Times)>,
}

/// What the daemon took from the opening of the transition.
#[derive(Clone, Copy, Debug, Default)]
struct Ours {
    times: Times,
    closed: u64,
}

impl Compared {
    fn over(seeds: u64, hosts: usize, vms: usize, lease: Option<u64>, extra: &str) -> Result<Compared, String> {
        let mut nights = Vec::new();
        for seed in 1..=seeds {
            let mut spec = two_sites_and_a_witness(world::SITES, hosts, vms, seed);
            if let Some(lease) = lease {
                spec.options.dead_lease = lease;
                spec.options.dead_vm_lease = lease;
            }
            let proven = if lease.is_some() { PROVEN_SOON } else { PROVEN };
            let night = night(&spec, extra, proven).map_err(|why| format!("seed {seed}: {why}"))?;
            nights.push(night);
        }
        Ok(Compared { nights })
    }

    /// The median over the seeds: a second more or less may meet another of the engine's ten-second ticks.
    fn ratio(&self) -> f64 {
        let ratios = self.nights.iter().map(|(ours, ideal)| ratio(ours.times.arrived, ideal.arrived));
        median_ratio(ratios.collect())
    }

    fn note(&self) -> String {
        let of = |pick: fn(&(Ours, Times)) -> u64| {
            said(median(self.nights.iter().map(|night| Duration::from_millis(pick(night))).collect()))
        };
        let ratios = self.nights.iter().map(|(ours, ideal)| ratio(ours.times.arrived, ideal.arrived));
        format!(
            "arrived {} against {}, VMs up {} against {}; closed {}, settling included; worst of {} seeds {:.3}",
            of(|(ours, _)| ours.times.arrived),
            of(|(_, ideal)| ideal.arrived),
            of(|(ours, _)| ours.times.vms_up),
            of(|(_, ideal)| ideal.vms_up),
            of(|(ours, _)| ours.closed),
            self.nights.len(),
            ratios.fold(0.0, f64::max),
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of an hour are exact")]
fn ratio(ours: u64, ideal: u64) -> f64 {
    ours as f64 / ideal.max(1) as f64
}

/// One night, twice: the daemon's, and the script's from the same instant of the same world.
fn night(spec: &WorldSpec, extra: &str, proven: Duration) -> Result<(Ours, Times), String> {
    let [from, to] = world::SITES;
    let text = world::plan(spec, "https://engine.example.com/ovirt-engine/api", true, extra);
    let (lost_at, opened_at, ours) = paused_runtime()?.block_on(async {
        let rig = Rig::start(spec, &text);
        rig.until(LIMIT, |report| report.converged).await?;
        rig.pass(CALM).await;
        let lost_at = rig.engine.time();
        rig.engine.world(|world| world.lose_site(from))?;
        rig.pass(proven).await;
        fail_over(&rig).await?;
        let opened_at = rig.engine.time();
        let ours = ours(&rig, opened_at).await?;
        Ok::<_, String>((lost_at, opened_at, ours))
    })?;
    let mut world = World::new(spec)?;
    world.advance_to(SimTime(lost_at));
    world.lose_site(from)?;
    world.advance_to(SimTime(opened_at));
    let ideal = ideal::fail_over(&mut world, from, to)?;
    if let Some(violation) = world.violations().first() {
        return Err(format!("the ideal failover breaks a rule: {}", violation.text));
    }
    Ok((ours, ideal))
}

async fn ours(rig: &Rig, opened_at: u64) -> Result<Ours, String> {
    let from = world::SITES[0];
    let mut ours = Ours::default();
    loop {
        let passed = rig.engine.time() - opened_at;
        let (up, arrived) = rig.engine.world(|world| (ideal::vms_up(world, from), ideal::arrived(world, from)));
        if up && ours.times.vms_up == 0 {
            ours.times.vms_up = passed;
        }
        if arrived && ours.times.arrived == 0 {
            ours.times.arrived = passed;
        }
        let report = rig.report();
        if report.transition.is_none() {
            ours.closed = passed;
            let exceptions = report.last_closed.map_or(1, |closed| closed.exceptions.len());
            if exceptions == 0 && ours.times.arrived > 0 && rig.engine.violations().is_empty() {
                return Ok(ours);
            }
            return Err(format!("the failover did not arrive as it should:\n{}", rig.story()));
        }
        if passed > u64::try_from(LIMIT.as_millis()).unwrap_or(u64::MAX) {
            return Err(format!("not closed within {LIMIT:?}:\n{}", rig.story()));
        }
        rig.pass(LOOK).await;
    }
}
