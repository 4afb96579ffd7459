//! The disk under the journal is full in the middle of a failover: nothing more is sent, it is said, and with room it goes on.

use std::time::Duration;

use dr_daemon::contradictions;

use crate::crashes::{lost, starts};

/// More appends than a failover of the small world makes.
const MANY: usize = 400;
/// Fewer than it makes.
const FEW: usize = 10;

/// Fills the disk at each `step`-th append of a failover, for minutes; while it is full the daemon is killed and started if `killed`.
async fn full_at_each(step: usize, killed: bool) {
    for n in (1..MANY).step_by(step) {
        let mut stage = lost().await;
        stage.rig.disk_fills_at(n);
        stage.flip("seville");
        if !stage.rig.disk_filled(Duration::from_secs(900)).await {
            assert!(n > FEW, "only {n} appends");
            return;
        }
        if killed {
            stage.rig.restart();
        }
        // Requests that had left before come to their end.
        stage.seconds(60).await;
        let sent = stage.rig.mutations();
        stage.seconds(120).await;
        let story = stage.rig.story();
        assert_eq!(stage.rig.mutations(), sent, "{n}: nothing is sent that is not journalled\n{story}");
        let said = "the disk is full: make room; the daemon goes on by itself. Nothing is done until the journal can be written";
        let times = stage.rig.texts().iter().filter(|text| text.contains(said)).count();
        assert!(times == 1 || (killed && times == 2), "{n}: said {times} times\n{story}");
        let trouble = stage.rig.report().engine_trouble.unwrap_or_default();
        assert!(trouble.contains("the disk is full"), "{n}: {trouble}\n{story}");
        stage.everything_off_is_owed_and_tagged().await;
        stage.rig.disk_has_room();
        stage.until_closed_with(&[]).await;
        assert!(starts(&stage).values().all(|count| *count == 1), "{n}\n{}", stage.rig.story());
        assert_eq!(contradictions(&stage.rig.entries().await), [], "{n}");
        stage.arrived().await;
    }
    panic!("it never ends");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_a_failover_anywhere_and_with_room_it_arrives() {
    full_at_each(3, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_is_started_on_a_full_disk_waits_and_arrives() {
    full_at_each(7, true).await;
}
