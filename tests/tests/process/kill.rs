//! `kill -9` at any moment: a daemon that is started again goes on, and it ends the same way.

use std::collections::BTreeMap;

use dr_core::Phase;
use ovirt_client::{events, tags};
use serde_json::Value;
use tests::process::Rehearsal;

/// The engine's event "VM started".
const VM_STARTED: u32 = 32;

/// Loses a site, flips, and kills the daemon as soon as it says that it is in each of these phases.
async fn kill_in(phases: Vec<Phase>) {
    let mut rehearsal = Rehearsal::calm().await;
    // Long enough to be met in it, whatever the machine does meanwhile.
    rehearsal.order("fault name=slow method=PUT path=*/storageconnections/* kind={\"slow\":6000}").await;
    let mut reports = rehearsal.follow();
    rehearsal.lose("madrid").await;
    rehearsal.flip("madrid", "seville");
    for phase in phases {
        reports.until(&phase.to_string(), |report| report.phase == phase).await;
        rehearsal.kill_9().await;
        rehearsal.start_daemon().await;
    }
    reports.until("closed", |report| report.transition.is_none() && report.last_closed.is_some()).await;
    arrived(&mut rehearsal).await;
}

/// Everything is up at Seville, nothing is owed, nothing was done that must never be done.
pub(crate) async fn arrived(rehearsal: &mut Rehearsal) {
    let report = rehearsal.report_is("converged", |report| report.converged).await;
    let log = rehearsal.log();
    let closed = report.last_closed.unwrap_or_default();
    assert_eq!(closed.exceptions, Vec::<String>::new(), "{log}");
    assert_eq!(report.accepted_site.as_deref(), Some("seville"), "{log}");
    assert_eq!(report.owed, Vec::<String>::new(), "{log}");

    let state = rehearsal.show("state").await;
    let each = |list: &str| state[list].as_array().cloned().unwrap_or_default();
    let up_at_seville =
        |vm: &&Value| vm["status"] == "up" && vm["host"].as_str().is_some_and(|h| h.starts_with("seville"));
    assert_eq!((each("vms").iter().filter(up_at_seville).count(), each("vms").len()), (8, 8), "{log}");
    let parked = |host: &&Value| host["site"] == "madrid" && host["status"] == "maintenance";
    assert_eq!(each("hosts").iter().filter(parked).count(), 3, "{log}");
    assert!(each("hosts").iter().all(|host| host["power_management"] == true), "{log}");
    assert_eq!(rehearsal.show("violations").await, serde_json::json!([]), "{log}");

    let api = rehearsal.api();
    let found = api.send(tags::list()).await.expect("tags").items;
    let owed: Vec<&str> =
        found.iter().map(|tag| tag.name.as_str()).filter(|name| name.starts_with("ovirt-dr")).collect();
    assert_eq!(owed, Vec::<&str>::new(), "{log}");
    let mut starts: BTreeMap<String, usize> = BTreeMap::new();
    for event in api.send(events::newest(1000)).await.expect("events").items {
        if event.code == Some(VM_STARTED) {
            let text = event.description.unwrap_or_default();
            *starts.entry(text.split(" started on ").next().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    assert_eq!(starts.len(), 8, "{starts:?}\n{log}");
    assert!(starts.values().all(|count| *count == 1), "{starts:?}\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_in_each_phase() {
    use Phase::{Activating, Promoting, Proving, Repointing, Settling, Starting};

    let each = [Proving, Promoting, Repointing, Activating, Starting, Settling];
    futures::future::join_all(each.map(|phase| kill_in(vec![phase]))).await;
}

#[tokio::test]
async fn kill_9_in_every_phase_of_one_failover() {
    use Phase::{Activating, Promoting, Proving, Repointing, Settling, Starting};

    kill_in(vec![Proving, Promoting, Repointing, Activating, Starting, Settling]).await;
}
