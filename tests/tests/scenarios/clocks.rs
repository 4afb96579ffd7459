//! Clocks that are an hour off: the engine's, and that of the daemon's own machine.

use std::time::Duration;

use dr_core::Entry;
use engine_sim::world::HostStatus;
use expect_test::expect_file;
use tokio::time::Instant;

use crate::stage::Stage;

/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;
/// A silence must last this long.
const PROOF: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn an_engine_whose_clock_is_an_hour_off_makes_no_difference() {
    let mut told = Vec::new();
    for skew in [0, HOUR, -HOUR] {
        let stage = Stage::calm().await;
        stage.order(&format!(r#"fault name=x kind={{"clock_skew":{skew}}}"#));
        stage.lose("madrid").await;
        stage.flip("seville");
        stage.until_closed().await;
        stage.until(|report| report.converged).await;
        told.push(stage.rig.texts());
        stage.arrived().await;
    }
    assert_eq!(told[1], told[0], "an hour ahead");
    assert_eq!(told[2], told[0], "an hour back");
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_in_the_middle_of_a_failover_neither_shortens_a_proof_nor_costs_an_hour() {
    for after in ["failover 1 opens", "proven down", "activating", "confirmed after", "data center dr-dc up"] {
        let undisturbed = arrives_after(after, 0).await;
        for by_ms in [HOUR, -HOUR] {
            let disturbed = arrives_after(after, by_ms).await;
            let late = disturbed.saturating_sub(undisturbed);
            assert!(late <= PROOF + Duration::from_secs(10), "{late:?} later, {by_ms} ms after `{after}`");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_ahead_while_silence_is_measured_is_told_and_the_silence_begins_anew() {
    let stage = flipped_early().await;
    stage.rig.wall_clock_jumps(HOUR);
    stage.rig.note("the wall clock is set an hour ahead");
    stage.until_closed().await;
    stage.converged(expect_file!["golden/clock_ahead.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_while_silence_is_measured_is_told_and_the_silence_begins_anew() {
    let stage = flipped_early().await;
    stage.rig.wall_clock_jumps(-HOUR);
    stage.rig.note("the wall clock is set an hour back");
    stage.until_closed().await;
    stage.converged(expect_file!["golden/clock_back.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_restarted_under_a_clock_that_is_an_hour_off_gives_nothing_up_and_waits_no_hour() {
    for by_ms in [HOUR, -HOUR] {
        let mut stage = Stage::calm().await;
        stage.lose("madrid").await;
        stage.flip("seville");
        stage.until_said("data center dr-dc up").await;
        stage.order("fault name=x method=POST path=*/start kind=lock_held");
        stage.seconds(30).await;
        stage.rig.kill();
        stage.rig.wall_clock_jumps(by_ms);
        stage.order("clear_faults");
        stage.rig.restart_by_the_wall_clock().await;
        let before = Instant::now();
        stage.until_closed_with(&[]).await;
        assert!(before.elapsed() < Duration::from_secs(600), "{:?}\n{}", before.elapsed(), stage.rig.story());
        stage.arrived().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_silence_that_a_dead_daemon_measured_counts_for_nothing_whatever_the_clock_says() {
    for by_ms in [HOUR, -HOUR] {
        let mut stage = flipped_early().await;
        stage.rig.kill();
        stage.rig.wall_clock_jumps(by_ms);
        stage.rig.restart_by_the_wall_clock().await;
        stage.seconds(58).await;
        assert_eq!(confirmations(&stage), 0, "{}", stage.rig.story());
        assert!(!stage.rig.texts().iter().any(|line| line.contains("proven down")), "{}", stage.rig.story());
        stage.until_closed_with(&[]).await;
        stage.arrived().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_jump_that_finds_the_disk_full_counts_once_there_is_room() {
    let stage = flipped_early().await;
    stage.rig.disk_fills_at(1);
    stage.rig.wall_clock_jumps(HOUR);
    stage.seconds(30).await;
    stage.rig.disk_has_room();
    stage.seconds(PROOF.as_secs() - 4).await;
    assert_eq!(confirmations(&stage), 0, "{}", stage.rig.story());
    let entries = stage.rig.entries().await;
    let jumps = entries.iter().filter(|one| matches!(one.entry, Entry::ClockJumped { .. })).count();
    assert_eq!(jumps, 1, "{}", stage.rig.story());
    stage.until_closed_with(&[]).await;
    stage.arrived().await;
}

/// Madrid is lost and the file flipped as soon as the engine has seen the first host dead: the silence has not lasted long enough.
async fn flipped_early() -> Stage {
    let stage = Stage::calm().await;
    stage.order("lose_site madrid");
    stage.seconds(10).await;
    stage.flip("seville");
    stage.until_said("failover 1 opens").await;
    stage.seconds(10).await;
    stage
}

/// How long a failover takes whose daemon's wall clock jumps once this was said. Asserts that no host is confirmed in the minute after the
/// jump, and that it is told and journalled.
async fn arrives_after(said: &str, by_ms: i64) -> Duration {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    let began = Instant::now();
    stage.until_said(said).await;
    if by_ms != 0 {
        stage.rig.wall_clock_jumps(by_ms);
        // The pass that is under way may have decided already, on what was measured before.
        stage.seconds(2).await;
        let before = confirmations(&stage);
        stage.seconds(PROOF.as_secs() - 4).await;
        assert_eq!(confirmations(&stage), before, "{by_ms} ms after `{said}`\n{}", stage.rig.story());
        let way = if by_ms > 0 { "the clock jumped ahead by 1 h" } else { "the clock jumped back by 1 h" };
        assert!(stage.rig.texts().iter().any(|line| line.starts_with(way)), "{}", stage.rig.story());
        let entries = stage.rig.entries().await;
        let jumps = entries.iter().filter(|one| matches!(one.entry, Entry::ClockJumped { .. })).count();
        assert_eq!(jumps, 1, "{}", stage.rig.story());
    }
    stage.until_closed_with(&[]).await;
    let took = stage.rig.report().last_closed.map_or(Duration::MAX, |_| began.elapsed());
    stage.host_is("madrid-h1", HostStatus::Maintenance).await;
    stage.arrived().await;
    took
}

fn confirmations(stage: &Stage) -> usize {
    stage.rig.mutations().iter().filter(|one| one.ends_with("/fence")).count()
}
