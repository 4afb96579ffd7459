//! What others edit meanwhile: the plan, and the engine's connections.

use dr_core::Confirmation;
use dr_daemon::Report;
use engine_sim::world::{HostStatus, StorageType, Target};
use expect_test::expect_file;

use crate::stage::Stage;

#[tokio::test(start_paused = true)]
async fn a_plan_edited_to_nonsense_leaves_the_plan_before_it_in_force() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("activating").await;
    let good = stage.rig.plan.0.lock().expect("not poisoned").clone();
    stage.rig.note("the file is edited: `hosts:` of seville becomes `hots:`");
    stage.rig.edit(|text| text.replacen("  seville:\n    hosts:", "  seville:\n    hots:", 1));
    stage.until_closed().await;
    stage.seconds(60).await;
    stage.rig.note("the file is put right");
    stage.rig.edit(|_| good);
    stage.seconds(60).await;
    stage.converged(expect_file!["golden/nonsense_in_the_plan.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_during_a_transition_counts_after_it() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("activating").await;
    stage.rig.note("the file is edited: seville-h3 is taken out");
    stage.rig.edit(|text| text.replacen(", seville-h3]", "]", 1));
    stage.until(|report| says_that_it_waits(report, "site seville: host seville-h3 removed")).await;
    stage.until_closed().await;
    stage.seconds(60).await;
    assert_eq!(stage.rig.report().edit_ignored, None, "it counts now");
    stage.converged(expect_file!["golden/edit_during_transition.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_out_of_the_plan_during_a_failover_is_still_carried_over() {
    const NFS: &str = "  data-nfs:\n    type: nfs\n    madrid: { address: 10.1.0.250, path: /exports/data-nfs }\n    \
               seville: { address: 10.2.0.250, path: /exports/data-nfs }\n";
    let storage = |text: &str| text.replacen(NFS, "", 1);
    let lost_host = |text: &str| text.replacen("hosts: [madrid-h1, ", "hosts: [", 1);
    let vms = |text: &str| format!("{text}vms: {{ groups: [] }}\n");
    type Edit = fn(&str) -> String;
    for (edit, change) in [
        (storage as Edit, "storage data-nfs removed"),
        (lost_host, "site madrid: host madrid-h1 removed"),
        (vms, "vms: start what was running: true -> false"),
    ] {
        let stage = Stage::calm().await;
        stage.lose("madrid").await;
        stage.flip("seville");
        stage.until_said("failover 1 opens").await;
        let before = stage.rig.plan.0.lock().expect("not poisoned").clone();
        stage.rig.edit(edit);
        assert_ne!(*stage.rig.plan.0.lock().expect("not poisoned"), before, "{change}");
        stage.until(|report| says_that_it_waits(report, change)).await;
        stage.until_closed().await;
        assert!(
            stage.rig.mutations().iter().filter(|one| one.contains("/storageconnections/")).count() == 4,
            "{change}"
        );
        stage.host_is("madrid-h1", HostStatus::Maintenance).await;
        stage.vms_up(20).await;
        stage.seconds(60).await;
        let report = stage.rig.report();
        assert_eq!(report.edit_ignored, None, "{change}");
        let edited = format!("plan edited: {change}");
        assert!(stage.rig.texts().contains(&edited), "{}", stage.rig.story());
        assert!(report.owed.is_empty() && stage.rig.engine.violations().is_empty(), "{report:#?}");
    }
}

fn says_that_it_waits(report: &Report, change: &str) -> bool {
    let waits = format!("until failover 1 is closed, which goes on as it was opened: {change}");
    report.edit_ignored.as_ref() == Some(&waits)
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_somebody_has_already_repointed_is_left_as_it_is() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    repoint(&stage, "/exports/data-nfs", "10.2.0.250", "/exports/data-nfs");
    stage.flip("seville");
    stage.until_closed().await;
    stage.converged(expect_file!["golden/connection_already_there.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_changed_to_a_foreign_value_is_refused_until_a_person_confirms() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    // The hook takes a moment, in which somebody is quicker than we are.
    stage.rig.hooks_fail("the array does not answer");
    stage.flip("seville");
    stage.until_said("promotion hook").await;
    repoint(&stage, "/exports/data-nfs", "10.2.0.99", "/somewhere/else");
    stage.rig.hooks_work();
    stage.until_said("none of the plan's values").await;
    stage.seconds(100).await;
    stage.confirm(Confirmation::Connection { name: "data-nfs".to_owned() }, "it was a mistake").await;
    stage.until_closed().await;
    stage.converged(expect_file!["golden/connection_foreign.txt"]).await;
}

/// Somebody changes a connection in the engine, found by its path.
fn repoint(stage: &Stage, path: &str, address: &str, to: &str) {
    stage.rig.note(&format!("somebody points the connection of {path} at {address}:{to}"));
    stage.rig.engine.world(|world| {
        let of_path = |target: &Target| matches!(target, Target::Mount { path: is, .. } if is == path);
        let row = world.connections.values().find(|row| row.kind == StorageType::Nfs && of_path(&row.target));
        let id = row.expect("a row with this path").id;
        world.change_connection(id, Target::Mount { address: address.to_owned(), path: to.to_owned() });
    });
}
