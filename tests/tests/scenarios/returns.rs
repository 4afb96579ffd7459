//! Lost hosts that come back at the wrong moment.

use engine_sim::world::HostStatus;
use expect_test::expect_file;

use crate::stage::{Stage, plan, usual};

#[tokio::test(start_paused = true)]
async fn a_lost_host_that_returns_between_confirmation_and_parking_stops_the_starts() {
    let mut spec = usual();
    // Long enough for the host to be back before the data center is.
    spec.options.dead_lease = 140_000;
    let plan = plan(&spec, "");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    // Parking it does not work for a while, so that it has the time to return.
    let host = stage.rig.engine.world(|world| world.host_named("madrid-h3").map(|host| host.id.to_string()));
    let path = format!("*/hosts/{}/deactivate", host.expect("a host"));
    let rule = format!(r#"{{"fault":{{"name":"park","path":"{path}","kind":"lock_held"}}}}"#);
    stage.order(&rule);
    stage.flip("seville");
    stage.until_said("madrid-h3 confirmed").await;
    stage.order("restore_site madrid");
    stage.host_is("madrid-h3", HostStatus::Up).await;
    stage.until_said("was given up as lost").await;
    stage.until_said("data center dr-dc up").await;
    stage.seconds(120).await;
    let started = stage.rig.mutations().iter().filter(|one| one.ends_with("/start")).count();
    assert_eq!(started, 0, "{}", stage.rig.story());
    stage.order("remove_fault park");
    stage.order("power_off madrid-h3");
    stage.until_closed().await;
    stage.converged(expect_file!["golden/lost_host_returns.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_host_that_somebody_renames_is_confirmed_and_parked_and_gets_back_what_is_owed() {
    let stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.order("hold_fence_lock host=madrid-h2 ms=60000");
    stage.flip("seville");
    stage.until_said("activating").await;
    stage.order("rename_host host=madrid-h2 name=broken-h2");
    stage.until_closed_with(&[]).await;
    stage.converged(expect_file!["golden/renamed_host.txt"]).await;
}
