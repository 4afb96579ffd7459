//! What one look at an engine makes of recorded documents and of answers that are not whole.

use std::sync::Arc;

use dr_core::{Details, HostStatus, Spm, VmStatus};
use serde_json::{Value, json};

use super::*;
use crate::fake_engine::FakeEngine;

const DC: &str = "a92e7a2e-d34c-4d42-8299-e71c36f8347a";
const EMPTY_DC: &str = "3215bb94-e800-11f1-8567-02fc00000001";

fn recorded(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// An engine as it was recorded, with `other` in the place of some answers.
fn engine(other: &[(&str, Value)]) -> Arc<FakeEngine> {
    macro_rules! fixture {
        ($name:literal) => {
            recorded(include_str!(concat!("../../../ovirt-client/tests/fixtures/", $name, ".json")))
        };
    }
    let whole = [
        ("GET ", fixture!("root")),
        ("GET events?max=1", fixture!("events")),
        ("GET hosts", fixture!("hosts_lost")),
        ("GET clusters", fixture!("clusters")),
        ("GET datacenters", fixture!("data_centers")),
        ("GET storageconnections", fixture!("connections")),
        ("GET vms", fixture!("vms_unknown")),
        ("GET tags", fixture!("tags")),
    ];
    let engine = FakeEngine::new();
    for (call, answer) in whole {
        let other = other.iter().find(|(other, _)| *other == call);
        engine.on(call, 200, other.map_or(answer, |(_, other)| other.clone()));
    }
    engine.on(&format!("GET datacenters/{EMPTY_DC}/storagedomains"), 200, json!({}));
    let domains = format!("GET datacenters/{DC}/storagedomains");
    let other = other.iter().find(|(call, _)| *call == "domains");
    engine.on(&domains, 200, other.map_or_else(|| fixture!("attached_domains"), |(_, other)| other.clone()));
    engine
}

async fn observe(engine: &Arc<FakeEngine>) -> Observed {
    Observer::new(engine.client()).observe(BTreeMap::new(), true, Time(1000)).await
}

fn why<T: std::fmt::Debug>(read: &Read<T>) -> &str {
    match read {
        Read::Unreadable(why) => why,
        Read::Seen(seen) => panic!("it was read: {seen:?}"),
    }
}

#[tokio::test]
async fn recorded_documents_become_what_the_core_looks_at() {
    let observed = observe(&engine(&[])).await;
    let identity = observed.engine.seen().unwrap();
    assert_eq!(identity.instance_id, "34fe7a12-e800-11f1-9d24-02fc00000001");
    assert_eq!(identity.event_id, Some(334));

    let hosts = observed.hosts.seen().unwrap();
    let lost = &hosts[0];
    assert_eq!((lost.name.as_str(), &lost.status), ("alpha-h1", &HostStatus::NonResponsive));
    assert_eq!((lost.spm, lost.vms, lost.power_management, lost.port), (Spm::Spm, 2, true, 54321));
    assert_eq!((lost.address.as_str(), lost.since), ("127.0.1.1", Time(1000)));

    let cluster = &observed.clusters.seen().unwrap()[1];
    assert_eq!((cluster.name.as_str(), cluster.fencing), ("dr-cluster", true));
    assert_eq!(cluster.data_center.as_ref().unwrap().0, DC);
    assert_eq!(recorded(&cluster.fencing_policy)["skip_if_connectivity_broken"]["threshold"], "50");
    assert_eq!(cluster.id, lost.cluster);

    let domains = observed.domains.seen().unwrap();
    let domain = |name: &str| domains.iter().find(|domain| domain.name == name).unwrap();
    let file = Details::File { address: "127.0.1.250".to_owned(), path: "/exports/data-nfs".to_owned() };
    assert_eq!((&domain("data-nfs").behind, domain("data-nfs").data), (&vec![file], true));
    let target = "iqn.2016-01.example.alpha:array1".to_owned();
    let portal = Details::Iscsi { address: "127.0.1.251".to_owned(), port: 3260, target };
    let iscsi = domain("data-iscsi");
    assert_eq!(
        (&iscsi.behind, iscsi.storage_type.as_str(), iscsi.status.as_str()),
        (&vec![portal.clone()], "iscsi", "active")
    );

    let connections = observed.connections.seen().unwrap();
    assert_eq!(connections.len(), 9);
    assert!(connections.iter().any(|row| row.details == portal));
    let vm = &observed.vms.seen().unwrap()[0];
    assert_eq!((vm.status.clone(), vm.ha, vm.priority, vm.host.is_some()), (VmStatus::Unknown, true, 50, true));
    let tags = observed.owed_tags.seen().unwrap();
    assert_eq!(tags.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["ovirt-dr.owed.policy.dr-cluster"]);
    assert!(tags[0].description.starts_with('{'));
}

#[tokio::test]
async fn nothing_counts_for_an_account_that_does_not_see_everything() {
    let mut root = recorded(include_str!("../../../ovirt-client/tests/fixtures/root.json"));
    root.as_object_mut().unwrap().remove("summary");
    let observed = observe(&engine(&[("GET ", root)])).await;
    assert!(why(&observed.engine).contains("SuperUser"));
    assert!(why(&observed.hosts).contains("SuperUser"));
    why(&observed.vms);
    why(&observed.owed_tags);
}

#[tokio::test]
async fn one_host_that_cannot_be_read_hides_all_of_them() {
    let mut hosts = recorded(include_str!("../../../ovirt-client/tests/fixtures/hosts_lost.json"));
    hosts["host"][1]["status"] = json!(["up"]);
    let observed = observe(&engine(&[("GET hosts", hosts.clone())])).await;
    assert!(why(&observed.hosts).contains("alpha-h2"), "{}", why(&observed.hosts));
    assert!(observed.clusters.seen().is_some());

    hosts["host"][1]["status"] = json!("up");
    hosts["host"][1].as_object_mut().unwrap().remove("summary");
    let observed = observe(&engine(&[("GET hosts", hosts)])).await;
    assert_eq!(why(&observed.hosts), "host alpha-h2 has no summary.total");
}

#[tokio::test]
async fn an_engine_without_hosts_clusters_or_data_centers_was_not_seen() {
    for (call, what) in [("GET hosts", "hosts"), ("GET clusters", "clusters"), ("GET datacenters", "data centers")] {
        let observed = observe(&engine(&[(call, json!({}))])).await;
        let read = match what {
            "hosts" => why(&observed.hosts),
            "clusters" => why(&observed.clusters),
            _ => why(&observed.data_centers),
        };
        assert!(read.contains(what) && read.contains("SuperUser"), "{read}");
    }
}

#[tokio::test]
async fn the_domains_of_one_data_center_missing_are_all_missing() {
    let engine = FakeEngine::new();
    let root = recorded(include_str!("../../../ovirt-client/tests/fixtures/root.json"));
    let data_centers = recorded(include_str!("../../../ovirt-client/tests/fixtures/data_centers.json"));
    engine.on("GET ", 200, root).on("GET datacenters", 200, data_centers);
    engine.on(&format!("GET datacenters/{EMPTY_DC}/storagedomains"), 200, json!({}));
    engine.page(&format!("GET datacenters/{DC}/storagedomains"), 404, "<html>404 - Not Found</html>");
    let observed = observe(&engine).await;
    assert!(observed.data_centers.seen().is_some());
    assert!(why(&observed.domains).contains("dr-dc"), "{}", why(&observed.domains));
    why(&observed.hosts);
}

#[tokio::test]
async fn events_that_cannot_be_read_leave_only_the_history_unknown() {
    let observed = observe(&engine(&[("GET events?max=1", json!({ "error": "?" }))])).await;
    assert_eq!(observed.engine.seen().unwrap().event_id, None);
}

#[tokio::test]
async fn virtual_machines_are_kept_until_they_are_read_again() {
    let engine = engine(&[]);
    let mut observer = Observer::new(engine.client());
    let first = observer.observe(BTreeMap::new(), false, Time(1)).await;
    why(&first.vms);
    observer.observe(BTreeMap::new(), true, Time(2)).await;
    let third = observer.observe(BTreeMap::new(), false, Time(3)).await;
    assert_eq!(third.vms.seen().unwrap().len(), 1);
    assert_eq!(engine.asked().iter().filter(|call| *call == "GET vms").count(), 1);
}

#[tokio::test]
async fn a_status_keeps_the_time_when_it_was_first_seen() {
    let engine = engine(&[]);
    let mut observer = Observer::new(engine.client());
    observer.observe(BTreeMap::new(), false, Time(1)).await;
    let later = observer.observe(BTreeMap::new(), false, Time(5)).await;
    assert_eq!(later.hosts.seen().unwrap()[0].since, Time(1));
    assert_eq!(later.data_centers.seen().unwrap()[0].since, Time(1));
    assert_eq!(later.at, Time(5));
}

#[tokio::test]
async fn a_row_that_says_not_where_it_points_matches_nothing() {
    let rows = json!({ "storage_connection": [
        { "id": "1", "type": "localfs", "path": "/data/local" },
        { "id": "2", "type": "glance" },
        { "id": "3", "type": "iscsi", "address": "10.0.0.1", "target": "iqn.x:1" },
    ]});
    let observed = observe(&engine(&[("GET storageconnections", rows)])).await;
    let rows = observed.connections.seen().unwrap();
    let local = Details::File { address: String::new(), path: "/data/local".to_owned() };
    assert_eq!(rows.iter().map(|row| &row.details).collect::<Vec<_>>(), [&local]);
}

#[tokio::test]
async fn domains_of_unknown_kinds_hold_data_and_half_a_portal_is_unreadable() {
    let unit = |more: Value| {
        let mut unit = json!({ "id": "lun", "address": "10.0.0.1", "port": "3260", "target": "iqn.x:1" });
        unit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        unit
    };
    let domain = |name: &str, kind: Option<&str>, units: Vec<Value>| {
        let storage = json!({ "type": "iscsi", "volume_group": { "logical_units": { "logical_unit": units } } });
        let mut domain = json!({ "id": name, "name": name, "storage": storage });
        if let Some(kind) = kind {
            domain["type"] = json!(kind);
        }
        domain
    };
    let fibre = json!({ "id": "lun" });
    let domains = json!({ "storage_domain": [
        domain("twice", Some("data"), vec![unit(json!({})), unit(json!({ "id": "other" })), unit(json!({ "address": "10.0.0.2" }))]),
        domain("fibre", Some("data"), vec![fibre]),
        domain("block", None, vec![]),
        domain("tape", Some("tape"), vec![]),
        domain("iso", Some("iso"), vec![]),
    ]});
    let observed = observe(&engine(&[("domains", domains)])).await;
    let domains = observed.domains.seen().unwrap();
    let facts: Vec<_> = domains.iter().map(|one| (one.name.as_str(), one.data, one.behind.len())).collect();
    let expected = [("twice", true, 2), ("fibre", true, 0), ("block", true, 0), ("tape", true, 0), ("iso", false, 0)];
    assert_eq!(facts, expected);
    assert_eq!(domains[0].status, "uninitialized");

    let half = json!({ "storage_domain": [domain("half", Some("data"), vec![json!({ "address": "10.0.0.1" })])] });
    let observed = observe(&engine(&[("domains", half)])).await;
    assert!(why(&observed.domains).contains("half"), "{}", why(&observed.domains));
}

#[tokio::test]
async fn a_priority_of_minus_one_says_that_a_host_may_never_become_spm() {
    let mut hosts = recorded(include_str!("../../../ovirt-client/tests/fixtures/hosts_lost.json"));
    let _ = hosts["host"][0]["spm"].as_object_mut().unwrap().remove("priority");
    hosts["host"][1]["spm"]["priority"] = json!("-1");
    let observed = observe(&engine(&[("GET hosts", hosts)])).await;
    let may: Vec<bool> = observed.hosts.seen().unwrap().iter().map(|host| host.may_be_spm.is_some()).collect();
    assert_eq!(may[..2], [true, false], "an absent priority forbids nothing");
}

#[tokio::test]
async fn a_role_in_an_unknown_word_is_held() {
    let mut hosts = recorded(include_str!("../../../ovirt-client/tests/fixtures/hosts_lost.json"));
    hosts["host"][1]["spm"]["status"] = json!("acting");
    let observed = observe(&engine(&[("GET hosts", hosts)])).await;
    assert_eq!(observed.hosts.seen().unwrap()[1].spm, Spm::Spm);
}
