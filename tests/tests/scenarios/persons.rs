//! What persons say: promotions, attestations, pauses.

use dr_core::Confirmation;
use dr_daemon::Command;
use engine_sim::world::HostStatus;
use expect_test::expect_file;

use crate::stage::{Stage, plan, promoted_by_hand, usual};

#[tokio::test(start_paused = true)]
async fn a_promotion_by_hand_is_waited_for() {
    let spec = usual();
    let plan = promoted_by_hand(&spec);
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("make the replica at seville writable").await;
    stage.seconds(400).await;
    stage.order("promote site=seville");
    stage.confirm(Confirmation::Promoted, "promoted at the array").await;
    stage.until_closed().await;
    stage.converged(expect_file!["golden/promoted_by_hand.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_requires_it_asks_a_person_to_vouch_for_the_loss() {
    let spec = usual();
    let also = "      also: [ { tcp: \"10.1.0.254:443\" } ]\n";
    let plan = plan(&spec, "").replacen(also, &format!("{also}      require: attestation\n"), 1);
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("to vouch that madrid is down").await;
    stage.seconds(100).await;
    stage.confirm(Confirmation::SiteDown, "seen with my own eyes").await;
    stage.until_closed().await;
    stage.converged(expect_file!["golden/attestation.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_transition_does_nothing_until_it_is_resumed() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("activating").await;
    let (by, reason) = ("ana".to_owned(), "looking at the array".to_owned());
    stage.ask("ana: ovirt-dr pause erp --reason \"looking at the array\"", Command::Pause { by, reason }).await;
    stage.seconds(30).await;
    let before = stage.rig.mutations().len();
    stage.seconds(200).await;
    assert_eq!(stage.rig.mutations().len(), before, "{}", stage.rig.story());
    stage.ask("ana: ovirt-dr resume erp", Command::Resume { by: "ana".to_owned() }).await;
    stage.until_closed().await;
    stage.converged(expect_file!["golden/paused.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn debts_of_a_lost_database_are_found_as_tags_and_given_back_by_repair() {
    let mut stage = Stage::of(usual(), &promoted_by_hand(&usual())).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until(|report| report.owed.len() == 4).await;
    stage.until_said("make the replica at seville writable").await;
    stage.rig.note("the daemon dies, and its state database with it");
    stage.rig.forget();
    stage.flip("madrid");
    stage.rig.restart();
    stage.until(|report| report.held.is_some()).await;
    stage
        .ask(
            "ana: ovirt-dr accept-world erp",
            Command::AcceptWorld { by: "ana".to_owned(), reason: "as before".to_owned() },
        )
        .await;
    stage.until_said("ovirt-dr repair").await;
    let repair = |apply| Command::Repair { apply, by: "ana".to_owned(), reason: "database lost".to_owned() };
    let before = stage.rig.mutations();
    stage.ask("ana: ovirt-dr repair erp --apply", repair(true)).await;
    stage.seconds(60).await;
    assert_eq!(stage.rig.mutations(), before, "hosts that do not answer would be fenced at once");
    stage.order("restore_site madrid");
    stage.host_is("madrid-h1", HostStatus::Up).await;
    stage.host_is("madrid-h2", HostStatus::Up).await;
    stage.host_is("madrid-h3", HostStatus::Up).await;
    stage.seconds(30).await;
    stage.ask("ana: ovirt-dr repair erp", repair(false)).await;
    assert_eq!(stage.rig.mutations(), before, "a preview changes nothing");
    stage.ask("ana: ovirt-dr repair erp --apply", repair(true)).await;
    stage.until(|report| report.last_closed.is_some() && report.owed.is_empty()).await;
    stage.seconds(60).await;
    let left = stage.rig.engine.world(|world| {
        let off = world.hosts.values().filter(|host| host.site == "madrid" && !host.power_management.enabled).count();
        (off, world.clusters.values().filter(|cluster| !cluster.fencing_policy.enabled).count(), world.tags.len())
    });
    assert_eq!(left, (0, 0, 0), "{}", stage.rig.story());
    expect_file!["golden/repair.txt"].assert_eq(&stage.rig.story());
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_only_observes_says_what_it_would_do() {
    let spec = usual();
    let plan = plan(&spec, "policy:\n  mode: observe\n");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.seconds(400).await;
    stage.untouched(expect_file!["golden/observing.txt"]).await;
}
