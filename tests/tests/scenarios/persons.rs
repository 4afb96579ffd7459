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
async fn a_confirmation_of_what_is_not_there_or_is_seen_to_be_untrue_is_not_taken() {
    let spec = usual();
    let plan = promoted_by_hand(&spec);
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("make the replica at seville writable").await;
    let ignored =
        |host: &str, probe: &str| Confirmation::IgnoreProbe { host: host.to_owned(), probe: probe.to_owned() };
    let connection = |name: &str| Confirmation::Connection { name: name.to_owned() };
    for (confirmation, why) in [
        (connection("data-nsf"), "the plan has no connection data-nsf"),
        (ignored("madrid-h7", "tcp:22"), "madrid has no host madrid-h7"),
        (ignored("seville-h1", "tcp:22"), "madrid has no host seville-h1"),
        (ignored("madrid-h1", "10.1.0.1:2222"), "its ports are 54321, 22"),
    ] {
        assert!(answered(&stage, confirmation).await.expect_err("not taken").contains(why), "{why}");
    }
    for good in [connection("data-iscsi portal 2"), ignored("madrid-h1", "10.1.0.1:22"), Confirmation::SiteDown] {
        answered(&stage, good).await.expect("taken");
    }
    stage.order("restore_site madrid");
    stage.host_is("madrid-h1", HostStatus::Up).await;
    stage.until(|report| report.refusals.iter().any(|text| text.contains("is not lost"))).await;
    let said = answered(&stage, Confirmation::SiteDown).await.expect_err("not taken");
    assert!(said.starts_with("not taken: the engine sees madrid-h1 up"), "{said}");
}

async fn answered(stage: &Stage, confirmation: Confirmation) -> Result<String, String> {
    let (by, reason) = ("ana".to_owned(), "a mistake".to_owned());
    stage.rig.ask(Command::Confirm { confirmation, by, reason }).await
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
