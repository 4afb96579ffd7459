//! Flips after flips: second thoughts, reverted files, ways back.

use dr_core::Confirmation;
use dr_daemon::Command;
use expect_test::expect_file;

use crate::stage::{Stage, plan, promoted_by_hand, three_sites, usual};

#[tokio::test(start_paused = true)]
async fn a_second_flip_within_the_hour_is_held_and_goes_away_with_the_line() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_closed().await;
    let before = stage.rig.mutations().len();
    stage.seconds(500).await;
    stage.flip("madrid");
    stage.until_said("A reverted file?").await;
    stage.seconds(60).await;
    assert_eq!(stage.rig.mutations().len(), before, "{}", stage.rig.story());
    stage.flip("seville");
    stage.seconds(60).await;
    stage.converged(expect_file!["golden/second_flip_reverted.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_flip_within_the_hour_that_is_meant_goes_back_once_confirmed() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_closed().await;
    stage.order("restore_site madrid");
    stage.order("resync_from seville");
    stage.seconds(300).await;
    stage.lose("seville").await;
    stage.flip("madrid");
    stage.until_said("A reverted file?").await;
    stage.seconds(30).await;
    stage.confirm(Confirmation::Flip, "seville is lost now").await;
    stage.until(|report| report.last_closed.as_ref().is_some_and(|closed| closed.epoch == 2)).await;
    stage.converged(expect_file!["golden/second_flip_confirmed.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn flipping_back_before_the_promotion_gives_back_what_is_owed_and_nothing_else() {
    let stage = before_the_promotion().await;
    stage.flip("madrid");
    stage.until_closed().await;
    let changed = stage.rig.mutations();
    let only_fencing = |one: &String| one.contains("/tags") || one.contains("/clusters/") || one.starts_with("PUT");
    assert!(changed.iter().all(only_fencing), "{changed:?}");
    stage.turned_back(expect_file!["golden/turned_back.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn abort_turns_back_as_a_flip_does() {
    let stage = before_the_promotion().await;
    let (by, reason) = ("ana".to_owned(), "madrid is coming back".to_owned());
    stage.ask("ana: ovirt-dr abort erp --reason \"madrid is coming back\"", Command::Abort { by, reason }).await;
    stage.until_closed().await;
    stage.turned_back(expect_file!["golden/aborted.txt"]).await;
}

/// A failover that waits for a person's promotion, fencing being suspended already.
async fn before_the_promotion() -> Stage {
    let spec = usual();
    let plan = promoted_by_hand(&spec);
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("make the replica at seville writable").await;
    stage.seconds(20).await;
    stage
}

#[tokio::test(start_paused = true)]
async fn flipping_back_after_the_promotion_is_held_with_what_would_be_lost() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("is promoted").await;
    stage.flip("madrid");
    stage.until_said("loses what was written").await;
    stage.seconds(10).await;
    stage.flip("seville");
    stage.until_closed().await;
    stage.converged(expect_file!["golden/back_after_promotion.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_flip_that_was_held_stays_held_when_the_site_dies_later() {
    let stage = Stage::calm().await;
    stage.flip("seville");
    stage.until_said("held").await;
    stage.seconds(60).await;
    stage.lose("madrid").await;
    stage.seconds(3700).await;
    stage.nothing_was_done();
    stage.confirm(Confirmation::Flip, "now it is meant").await;
    stage.until_closed_with(&[]).await;
    stage.converged(expect_file!["golden/held_flip_confirmed.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_flip_together_with_another_edit_is_held_with_the_difference() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.rig.note("the file is edited: active_site: seville, and seville-h3 is taken out");
    stage
        .rig
        .edit(|text| text.replacen("active_site: madrid", "active_site: seville", 1).replacen(", seville-h3]", "]", 1));
    stage.until_said("held").await;
    stage.seconds(60).await;
    stage.nothing_was_done();
    stage.confirm(Confirmation::Flip, "h3 is broken").await;
    stage.until_closed_with(&[]).await;
    stage.converged(expect_file!["golden/flip_with_another_edit.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn going_back_in_the_middle_is_a_failover_of_its_own_once_confirmed() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.order("lose_storage seville");
    stage.flip("seville");
    stage.until_said("non_operational").await;
    stage.order("restore_site madrid");
    stage.seconds(60).await;
    stage.flip("madrid");
    stage.until_said("loses what was written").await;
    stage.confirm(Confirmation::Flip, "seville's array is dead, madrid is back").await;
    stage.until_said("Power it off out of band").await;
    stage.seconds(60).await;
    stage.order("lose_site seville");
    stage.until(|report| report.last_closed.as_ref().is_some_and(|closed| closed.epoch == 2)).await;
    stage.vms_up(20).await;
    stage.converged(expect_file!["golden/back_in_the_middle.txt"]).await;
}

/// Of three sites Madrid is lost, and the failover to Seville is in the middle: one of Madrid's hosts cannot be confirmed yet.
async fn midway() -> Stage {
    let spec = three_sites();
    let plan = plan(&spec, "");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage.order("hold_fence_lock host=madrid-h1 ms=300000");
    stage.flip("seville");
    stage.until_said("seville-h3 up").await;
    stage
}

#[tokio::test(start_paused = true)]
async fn a_site_that_was_left_midway_is_confirmed_and_parked_with_the_next_one() {
    let stage = midway().await;
    stage.order("lose_site seville");
    stage.flip("toledo");
    stage.until_said("loses what was written").await;
    stage.confirm(Confirmation::Flip, "seville is lost as well").await;
    stage.until(|report| report.last_closed.as_ref().is_some_and(|closed| closed.epoch == 2)).await;
    stage.vms_up(20).await;
    stage.converged(expect_file!["golden/left_midway.txt"]).await;
}

/// Madrid is lost, and Seville's copy needs no promotion: connections are repointed at once.
async fn nothing_to_promote() -> Stage {
    let spec = usual();
    let plan = plan(&spec, "").replace("    promote:\n      hook: hooks/promote-seville\n", "");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    stage
}

fn abort() -> Command {
    Command::Abort { by: "ana".to_owned(), reason: "the account lacks a right".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn an_abort_is_free_again_once_the_engine_has_refused_to_repoint_anything() {
    let stage = nothing_to_promote().await;
    stage.order("fault name=x method=PUT path=*/storageconnections/* kind=lost_right");
    stage.flip("seville");
    stage.until_said("the account lacks a right").await;
    stage.ask("ana: ovirt-dr abort erp --reason \"the account lacks a right\"", abort()).await;
    stage.until_closed().await;
    stage.turned_back(expect_file!["golden/aborted_after_refusals.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_abort_stays_refused_while_nobody_knows_whether_a_connection_was_repointed() {
    let mut stage = nothing_to_promote().await;
    stage.order("fault name=x method=PUT path=*/storageconnections/* kind=hung");
    stage.flip("seville");
    stage.seconds(10).await;
    stage.rig.kill();
    stage.rig.restart();
    stage.until_said("looked at again").await;
    stage.ask("ana: ovirt-dr abort erp --reason \"the account lacks a right\"", abort()).await;
    assert!(stage.rig.story().contains("it is not known whether this was done: connection"), "{}", stage.rig.story());
    stage.order("clear_faults");
    stage.order("promote site=seville");
    stage.until_closed_with(&[]).await;
    stage.converged(expect_file!["golden/abort_in_doubt.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn turning_back_a_failover_that_had_replaced_another_says_what_is_left_to_a_person() {
    let stage = midway().await;
    stage.flip("toledo");
    stage.until_said("loses what was written").await;
    stage.confirm(Confirmation::Flip, "a mistake").await;
    stage.until_said("seville is not lost").await;
    stage.ask("ana: ovirt-dr abort erp --reason \"seville lives\"", abort()).await;
    stage.until(|report| report.last_closed.as_ref().is_some_and(|closed| closed.epoch == 2)).await;
    stage.turned_back(expect_file!["golden/turned_back_midway.txt"]).await;
}
