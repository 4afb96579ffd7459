//! What persons say: promotions, attestations, pauses.

use dr_core::Confirmation;
use dr_daemon::Command;
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
async fn a_plan_that_only_observes_says_what_it_would_do() {
    let spec = usual();
    let plan = plan(&spec, "policy:\n  mode: observe\n");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.seconds(400).await;
    stage.untouched(expect_file!["golden/observing.txt"]).await;
}
