//! Engines that go away, come back, or answer nonsense in the middle of a failover.

use dr_core::Phase;
use expect_test::{ExpectFile, expect_file};

use crate::stage::Stage;

/// A failover into whose middle a restart of the engine falls.
async fn restarted(when: impl Fn(&dr_daemon::Report) -> bool, golden: ExpectFile) {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until(when).await;
    stage.order("restart_engine");
    stage.until_closed().await;
    stage.converged(golden).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_restart_before_the_confirmation() {
    let activating = |report: &dr_daemon::Report| report.in_flight.iter().any(|step| step.step.starts_with("confirm"));
    restarted(activating, expect_file!["golden/restart_before_confirmation.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_restart_between_confirmation_and_election() {
    let confirmed =
        |report: &dr_daemon::Report| report.progress.hosts_confirmed.0 == 3 && report.phase == Phase::Activating;
    restarted(confirmed, expect_file!["golden/restart_before_election.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_restart_while_virtual_machines_start() {
    let starting = |report: &dr_daemon::Report| report.phase == Phase::Starting && report.progress.vms_up.0 > 0;
    restarted(starting, expect_file!["golden/restart_while_starting.txt"]).await;
}

/// A failover during which the engine misbehaves for two minutes, from the activation on.
async fn misbehaving(fault: &str, golden: ExpectFile) {
    let stage = Stage::calm().await;
    stage.order(fault);
    stage.seconds(100).await;
    stage.order("clear_faults");
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("activating").await;
    stage.order(fault);
    stage.seconds(120).await;
    stage.order("clear_faults");
    stage.until_closed().await;
    stage.converged(golden).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_nobody_hears() {
    misbehaving("fault name=x kind=connection_refused", expect_file!["golden/engine_refuses_connections.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_know_us_any_more() {
    misbehaving("fault name=x kind=expired_session", expect_file!["golden/engine_says_401.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_with_error_pages() {
    misbehaving(r#"{"fault":{"name":"x","kind":{"status_before":500}}}"#, expect_file!["golden/engine_says_500.txt"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_whose_answers_end_in_the_middle() {
    misbehaving("fault name=x kind=truncated", expect_file!["golden/engine_truncates.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_whose_list_of_hosts_ends_in_the_middle() {
    misbehaving("fault name=x path=*/hosts kind=truncated", expect_file!["golden/engine_truncates_hosts.txt"]).await;
}
