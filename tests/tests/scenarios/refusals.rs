//! What must not go on does not: no request that changes anything leaves, and the line says what would change that.

use dr_daemon::Command;
use engine_sim::world::{HostSpec, HostStatus};
use expect_test::expect_file;

use crate::stage::{Stage, plan, usual};

#[tokio::test(start_paused = true)]
async fn a_host_that_still_answers_refuses_until_it_is_powered_off() {
    let mut spec = usual();
    // Its VDSM is dead for the engine, its SSH still answers.
    spec.sites[0].hosts[1].ssh = engine_sim::world::SshManner::Mute;
    let plan = plan(&spec, "");
    let stage = Stage::of(spec, &plan).await;
    stage.order("partition_site madrid");
    stage.host_is("madrid-h1", HostStatus::NonResponsive).await;
    stage.host_is("madrid-h2", HostStatus::NonResponsive).await;
    stage.host_is("madrid-h3", HostStatus::NonResponsive).await;
    stage.seconds(120).await;
    stage.flip("seville");
    stage.until_said("answers on").await;
    stage.seconds(400).await;
    stage.nothing_was_done();
    stage.order("lose_site madrid");
    stage.order("set_host_ssh host=madrid-h2 ssh=as_link");
    stage.until_closed().await;
    stage.converged(expect_file!["golden/host_answers.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_unnamed_host_that_is_up_in_the_data_center_refuses_everything() {
    let mut spec = usual();
    let stranger = HostSpec { active: Some(true), ..HostSpec::new("stranger", "10.9.0.1") };
    spec.sites[2].hosts.push(stranger);
    let mut named = spec.clone();
    named.sites[2].hosts.clear();
    let plan = plan(&named, "");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("refused: stranger is").await;
    stage.seconds(400).await;
    stage.untouched(expect_file!["golden/unnamed_host.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn while_the_witness_is_silent_the_silence_is_our_own() {
    let stage = Stage::calm().await;
    stage.order("lose_site madrid");
    stage.order("partition_site elsewhere");
    stage.seconds(180).await;
    stage.flip("seville");
    stage.until_said("witness").await;
    stage.seconds(200).await;
    stage.nothing_was_done();
    stage.order("restore_site elsewhere");
    stage.until_closed().await;
    stage.converged(expect_file!["golden/cut_off.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_flip_by_file_while_the_losing_site_lives_is_held() {
    let stage = Stage::calm().await;
    stage.flip("seville");
    stage.until_said("held").await;
    stage.seconds(100).await;
    stage.flip("madrid");
    stage.seconds(20).await;
    stage.untouched(expect_file!["golden/losing_site_alive.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_first_sight_that_does_not_match_is_held_until_the_world_is_accepted() {
    let mut spec = usual();
    spec.sites[1].hosts[0].active = Some(true);
    let plan = plan(&spec, "");
    let stage = Stage::at_first_sight(spec, &plan).await;
    let (by, reason) = ("ana".to_owned(), "seville-h1 runs a test".to_owned());
    let command = Command::AcceptWorld { by, reason };
    stage.ask("ana: ovirt-dr accept-world erp --reason \"seville-h1 runs a test\"", command).await;
    stage.seconds(60).await;
    stage.untouched(expect_file!["golden/first_sight_accepted.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_first_sight_of_a_lost_site_is_held_until_somebody_asks_for_the_failover() {
    let spec = usual();
    let plan = plan(&spec, "");
    let stage = Stage::at_first_sight(spec.clone(), &plan).await;
    // The daemon is set up anew after the loss: its journal is empty.
    drop(stage);
    let rig = tests::Rig::start_after(&spec, &plan, std::time::Duration::from_secs(200), |engine| {
        engine.order("lose_site madrid".parse().expect("an order")).expect("possible");
    })
    .await;
    let stage = Stage::with(rig, spec);
    stage.seconds(100).await;
    let (by, reason) = ("ana".to_owned(), "madrid burnt down".to_owned());
    let command = Command::Failover { site: "seville".to_owned(), by, reason };
    stage.ask("ana: ovirt-dr failover erp seville --reason \"madrid burnt down\"", command).await;
    stage.seconds(200).await;
    assert_eq!(stage.rig.report().phase, dr_core::Phase::Proving);
    stage.confirm(dr_core::Confirmation::SiteDown, "the fire brigade says so").await;
    stage.until_closed().await;
    stage.converged(expect_file!["golden/first_sight_failover.txt"]).await;
}
