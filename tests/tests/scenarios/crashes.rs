//! The daemon is killed around appends to its journal and around requests, and started again: it arrives all the same, owes nothing
//! and starts nothing twice.

use std::collections::BTreeMap;
use std::time::Duration;

use engine_sim::world::WorldSpec;
use expect_test::expect_file;
use ovirt_dr::rehearsal::two_sites_and_a_witness;
use tests::CrashPoint;

use crate::stage::{Stage, plan};

/// The engine's event of a virtual machine that came up.
const VM_STARTED: u32 = 32;
/// More crash points than a failover of the small world has.
const MANY: usize = 400;
/// Fewer than it has.
const FEW: usize = 20;

/// Two hosts at each site, of which Seville's second is never SPM, and four virtual machines, two of them highly available.
fn small() -> WorldSpec {
    let mut spec = two_sites_and_a_witness(["madrid", "seville"], 2, 4, 7);
    spec.options.dead_lease = 10_000;
    // Whoever is up first would be SPM: the end is to be the same whatever happened before.
    if let Some(host) = spec.sites[1].hosts.last_mut() {
        host.spm_priority = -1;
    }
    for (index, vm) in spec.vms.iter_mut().enumerate() {
        vm.ha = index % 2 == 1;
    }
    spec
}

pub(crate) async fn lost() -> Stage {
    let spec = small();
    let plan = plan(&spec, "");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage
}

/// A failover with a crash at this point; the world at its end, or nothing if the point was never reached.
async fn crashed_at(point: CrashPoint) -> Option<String> {
    let mut stage = lost().await;
    stage.rig.crash_at(point);
    stage.flip("seville");
    if !stage.rig.crashed(Duration::from_secs(900)).await {
        return None;
    }
    stage.rig.kill();
    stage.everything_off_is_owed_and_tagged().await;
    stage.seconds(3).await;
    stage.rig.restart();
    stage.until_closed_with(&[]).await;
    let starts = starts(&stage);
    assert!(starts.values().all(|count| *count == 1), "{point:?}: {starts:?}\n{}", stage.rig.story());
    let end = stage.arrived().await;
    Some(end)
}

/// How often each virtual machine came up.
pub(crate) fn starts(stage: &Stage) -> BTreeMap<String, usize> {
    stage.rig.engine.world(|world| {
        let mut starts = BTreeMap::new();
        for event in world.events.iter().filter(|event| event.code == VM_STARTED) {
            let name = event.about.vm.and_then(|id| world.vms.get(&id)).map(|vm| vm.name.clone());
            *starts.entry(name.unwrap_or_default()).or_default() += 1;
        }
        starts
    })
}

/// Crashes at every `step`-th such point until there are no more; each must end like the failover that nothing interrupts.
async fn crash_at_each(step: usize, kind: fn(usize) -> CrashPoint) {
    let undisturbed = {
        let stage = lost().await;
        stage.flip("seville");
        stage.until_closed_with(&[]).await;
        stage.arrived().await
    };
    for n in (1..MANY).step_by(step) {
        let Some(end) = crashed_at(kind(n)).await else {
            assert!(n > FEW, "only {n} points");
            return;
        };
        assert_eq!(end, undisturbed, "{:?}", kind(n));
    }
    panic!("it never ends");
}

#[tokio::test(start_paused = true)]
async fn right_after_each_append_to_the_journal() {
    crash_at_each(1, CrashPoint::AfterAppend).await;
}

#[tokio::test(start_paused = true)]
async fn right_before_an_append_to_the_journal() {
    crash_at_each(3, CrashPoint::BeforeAppend).await;
}

#[tokio::test(start_paused = true)]
async fn right_before_a_request_that_changes_something() {
    crash_at_each(3, CrashPoint::BeforeRequest).await;
}

#[tokio::test(start_paused = true)]
async fn right_after_a_request_that_changed_something() {
    crash_at_each(2, CrashPoint::AfterRequest).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_hosts_are_confirmed_is_told() {
    let mut stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("confirming").await;
    stage.seconds(2).await;
    stage.rig.note("the daemon is killed");
    stage.rig.kill();
    stage.seconds(5).await;
    stage.rig.note("the daemon is started");
    stage.rig.restart();
    stage.until_closed_with(&[]).await;
    stage.converged(expect_file!["golden/killed_while_confirming.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_calm_times_tells_no_old_news() {
    let mut stage = Stage::calm().await;
    stage.rig.note("the daemon is killed");
    stage.rig.kill();
    stage.seconds(60).await;
    stage.rig.note("the daemon is started");
    stage.rig.restart();
    stage.seconds(60).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_closed_with(&[]).await;
    stage.rig.note("the daemon is killed and started");
    stage.rig.restart();
    stage.seconds(60).await;
    stage.converged(expect_file!["golden/restarted_in_calm_times.txt"]).await;
}
