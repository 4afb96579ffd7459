//! `failover-cpu`: processor time of a whole failover on a paused clock, the simulated engine's own work included.

use std::time::Duration;

use ovirt_dr::rehearsal::two_sites_and_a_witness;
use tests::Rig;

use crate::decide::fail_over;
use crate::figure::{Figure, Stopwatch, median, paused_runtime, said};
use crate::world;

/// A failover must cost less.
const BOUND: Duration = Duration::from_secs(5);
const HOSTS: usize = 50;
const VMS: usize = 1_000;
const LIMIT: Duration = Duration::from_secs(1800);

pub(crate) fn measure(quick: bool) -> Result<Vec<Figure>, String> {
    let (mut failovers, mut nights) = (Vec::new(), Vec::new());
    for seed in 1..=if quick { 1 } else { 3 } {
        let spec = two_sites_and_a_witness(world::SITES, HOSTS, VMS, seed);
        let text = world::plan(&spec, "https://engine.example.com/ovirt-engine/api", true, "");
        let night = Stopwatch::start();
        let cost = paused_runtime()?.block_on(async {
            let rig = Rig::start(&spec, &text);
            rig.until(LIMIT, |report| report.converged).await?;
            rig.pass(Duration::from_secs(60)).await;
            rig.engine.world(|world| world.lose_site(world::SITES[0]))?;
            rig.pass(Duration::from_secs(240)).await;
            let watch = Stopwatch::start();
            fail_over(&rig).await?;
            let report = rig.until(LIMIT, |report| report.transition.is_none()).await?;
            let exceptions = report.last_closed.map_or(1, |closed| closed.exceptions.len());
            if exceptions > 0 {
                return Err(format!("the failover did not arrive:\n{}", rig.story()));
            }
            Ok(watch.cost())
        })?;
        failovers.push(cost.cpu);
        nights.push(night.cost().cpu);
    }
    let note = format!("with calm, loss and proof before it: {}", said(median(nights)));
    let what = format!("processor time of a failover, {HOSTS} + {HOSTS} hosts, {VMS} VMs");
    Ok(vec![Figure::duration(what, median(failovers), BOUND).with_note(note)])
}
