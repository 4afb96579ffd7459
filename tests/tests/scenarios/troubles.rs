//! Failovers that meet trouble at the new site or inside the engine, and arrive all the same, with exceptions named.

use dr_core::Entry;
use dr_core::invariants::Invariant;
use dr_daemon::Command;
use engine_sim::world::HostStatus;
use expect_test::expect_file;

use crate::stage::{Stage, plan, usual};

#[tokio::test(start_paused = true)]
async fn a_standby_host_without_storage_is_an_exception() {
    let stage = Stage::calm().await;
    stage.order("set_storage_cut host=seville-h2 cut=true");
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_closed_with(&["host seville-h2 is non_operational (storage_domain_unreachable)"]).await;
    stage.converged(expect_file!["golden/standby_without_storage.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_site_of_which_no_host_may_become_spm_is_named_until_one_may() {
    let stage = Stage::calm().await;
    for host in ["seville-h1", "seville-h2", "seville-h3"] {
        stage.spm_priority(host, -1);
    }
    stage.until(|report| report.drift.iter().any(|line| line.contains("no host of seville may become SPM"))).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("no host of seville may become SPM").await;
    stage.seconds(900).await;
    let report = stage.rig.report();
    assert!(report.waits.iter().any(|line| line.ends_with("no host of seville may become SPM")), "{report:#?}");
    assert!(!stage.rig.story().contains("dead SPM. Ways out"), "{}", stage.rig.story());
    stage.spm_priority("seville-h2", 5);
    stage.until_closed_with(&[]).await;
    assert!(!stage.rig.story().contains("dead SPM. Ways out"), "{}", stage.rig.story());
    stage.converged(expect_file!["golden/no_host_may_be_spm.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_nothing_is_named_after_ten_seconds_and_waited_for() {
    let stage = Stage::calm().await;
    stage.order("fault name=x kind=hung");
    // The next pass begins within 10 s.
    stage.seconds(25).await;
    let said = "GET /ovirt-engine/api has not been answered for 10 s and is still waited for";
    assert!(stage.rig.report().engine_trouble.is_some_and(|trouble| trouble == said), "{}", stage.rig.story());
    stage.order("clear_faults");
    stage.until_said("the engine answers again").await;
    stage.untouched(expect_file!["golden/silent_engine.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_fence_lock_of_two_minutes_is_waited_out() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.order("hold_fence_lock host=madrid-h1 ms=120000");
    stage.flip("seville");
    stage.until_closed().await;
    stage.converged(expect_file!["golden/fence_lock.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_flip_while_the_engine_still_treats_the_hosts_waits_for_its_locks() {
    let stage = Stage::calm().await;
    stage.order("lose_site madrid");
    stage.seconds(20).await;
    stage.flip("seville");
    stage.until_closed().await;
    stage.converged(expect_file!["golden/early_flip.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_cannot_start_is_an_exception_after_its_time() {
    let mut spec = usual();
    // Pinned to a host that is gone: nothing at Seville may run it.
    if let Some(vm) = spec.vms.iter_mut().find(|vm| vm.name == "vm7") {
        vm.pinned = vec!["madrid-h1".to_owned()];
    }
    let vms = "vms:\n  groups:\n    - name: rest\n      select: { remaining: was_running }\n      timeout: 2m\n";
    let plan = plan(&spec, vms);
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_closed_with(&["VM vm7 is down"]).await;
    stage.converged(expect_file!["golden/vm_cannot_start.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_spm_whose_lease_does_not_run_out_is_told_with_the_ways_out() {
    let mut spec = usual();
    spec.options.dead_lease = 900_000;
    let plan = plan(&spec, "");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.host_is("madrid-h1", HostStatus::Maintenance).await;
    stage.until_closed().await;
    stage.converged(expect_file!["golden/dead_spm.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_broken_invariant_nothing_is_sent_until_a_person_has_looked() {
    let mut stage = Stage::calm().await;
    stage.rig.kill();
    stage.rig.journalled(Entry::Breached { invariant: Invariant::I3, text: "parking a stranger".to_owned() }).await;
    stage.rig.restart();
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.seconds(300).await;
    assert_eq!(stage.rig.mutations(), Vec::<String>::new(), "{}", stage.rig.story());
    let report = stage.rig.report();
    let said = report.refusals.first().expect("it says why");
    assert!(said.contains("invariant I3") && said.contains("parking a stranger"), "{said}");
    assert!(said.contains("ovirt-dr resume erp"), "{said}");
    stage.ask("ana: ovirt-dr resume erp", Command::Resume { by: "ana".to_owned() }).await;
    stage.until_closed().await;
    stage.converged(expect_file!["golden/broken_invariant.txt"]).await;
}
