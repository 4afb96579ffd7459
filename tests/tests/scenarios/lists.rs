//! Lists of the engine that are short: a host that is left out is not taken for removed at once, and not kept for ever.

use std::time::Duration;

use expect_test::expect_file;

use crate::stage::Stage;

#[tokio::test(start_paused = true)]
async fn fencing_stays_suspended_while_the_engine_leaves_lost_hosts_out_of_its_list() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_said("activating").await;
    stage.order(r#"fault name=short path=*/hosts kind={"missing_entries":3}"#);
    stage.until_said("madrid-h1 is not in the engine's list of hosts").await;
    stage.seconds(300).await;
    assert_eq!(switched_off(&stage), (3, 1), "the engine would fence unconfirmed hosts\n{}", stage.rig.story());
    stage.everything_off_is_owed_and_tagged().await;
    stage.order("remove_fault short");
    stage.until_closed_with(&[]).await;
    stage.converged(expect_file!["golden/hosts_left_out.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_short_for_a_moment_again_and_again_gives_nothing_up() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.order("fault name=park method=POST path=*/deactivate kind=lock_held");
    stage.flip("seville");
    stage.until_said("20 of 20 VMs up").await;
    for _ in 0..4 {
        stage.order(r#"fault name=short path=*/hosts kind={"missing_entries":2}"#);
        stage.seconds(400).await;
        stage.order("remove_fault short");
        stage.seconds(20).await;
        // The third one is shown all the time, and is not parked either.
        assert_eq!(switched_off(&stage), (3, 1), "{}", stage.rig.story());
    }
    stage.order("clear_faults");
    stage.until_closed_with(&[]).await;
    stage.arrived().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_host_that_somebody_removes_from_the_engine_does_not_keep_its_debt_for_ever() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    let host = stage.rig.engine.world(|world| world.host_named("madrid-h3").map(|host| host.id.to_string()));
    let path = format!("*/hosts/{}/deactivate", host.expect("a host"));
    stage.order(&format!(r#"{{"fault":{{"name":"park","path":"{path}","kind":"lock_held"}}}}"#));
    stage.flip("seville");
    stage.until_said("madrid-h3 confirmed").await;
    stage.until_said("20 of 20 VMs up").await;
    stage.order("remove_host madrid-h3");
    stage.until_said("madrid-h3 is not in the engine's list of hosts").await;
    let limit = Duration::from_secs(700);
    let closed =
        stage.rig.until(limit, |report| report.transition.is_none()).await.unwrap_or_else(|why| panic!("{why}"));
    let exceptions = closed.last_closed.unwrap_or_default().exceptions;
    assert_eq!(exceptions, ["host madrid-h3 does not exist in the engine"], "{}", stage.rig.story());
    stage.converged(expect_file!["golden/lost_host_removed.txt"]).await;
}

/// Hosts without power management and clusters without fencing.
fn switched_off(stage: &Stage) -> (usize, usize) {
    stage.rig.engine.world(|world| {
        let hosts = world.hosts.values().filter(|host| host.site == "madrid" && !host.power_management.enabled);
        let clusters = world.clusters.values().filter(|cluster| !cluster.fencing_policy.enabled);
        (hosts.count(), clusters.count())
    })
}
