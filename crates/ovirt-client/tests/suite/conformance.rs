//! Each builder produces the request that a running engine was seen to take, and its answer is read.

use std::collections::BTreeSet;
use std::sync::Arc;

use ovirt_client::storage::ConnectionPlace;
use ovirt_client::{
    ActionStatus, FenceType, HostStatus, Request, Severity, StorageConnectionId, VmStatus, clusters, data_centers,
    disks, events, hosts, jobs, root, storage, tags, vms,
};
use serde_json::{Value, json};

use crate::fake::{FakeEngine, Reply, assert_api_headers};

/// One recorded request with its answer.
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) request: Value,
    pub(crate) status: u16,
    content_type: Option<String>,
    pub(crate) answer: Value,
}

impl Exchange {
    pub(crate) fn labelled(label: &str) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/exchanges.jsonl");
        let text = std::fs::read_to_string(path).expect("the exchanges");
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let line = lines.find(|line| line["label"] == label).unwrap_or_else(|| panic!("no exchange {label}"));
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        Self {
            method: text("method").expect("a method"),
            path: text("path").expect("a path"),
            request: line["request"].clone(),
            status: line["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status"),
            content_type: text("content_type"),
            answer: line["answer"].clone(),
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        match self.content_type.as_deref() {
            None => Reply::Empty(self.status),
            Some(content_type) if content_type.contains("json") => Reply::Json(self.status, self.answer.clone()),
            Some(_) => Reply::Html(self.status, self.answer.as_str().unwrap_or_default().to_owned()),
        }
    }
}

/// Sends the request to an engine that holds it against the recording and gives the recorded answer.
async fn conforms<T>(label: &str, request: Request<T>) -> T {
    let exchange = Arc::new(Exchange::labelled(label));
    let (path, query) = parts(&exchange.path);
    let engine = FakeEngine::new({
        let (path, exchange) = (path.clone(), Arc::clone(&exchange));
        move |call, _| (parts(&call.path).0 == path).then(|| exchange.reply())
    });
    let answer = engine.client().send(request.with_correlation_id("conformance")).await;
    let call = engine.calls().pop().expect("a call");
    assert_eq!(call.method, exchange.method, "{label}");
    assert_eq!(parts(&call.path), (path, query), "{label}");
    let body: Value = serde_json::from_str(&call.body).unwrap_or(Value::Null);
    assert_eq!(body, exchange.request, "{label}");
    assert_eq!(call.header("Content-Type"), (!body.is_null()).then_some("application/json"), "{label}");
    assert_eq!(call.header("Correlation-Id"), Some("conformance"));
    assert_api_headers(&call);
    answer.unwrap_or_else(|error| panic!("{label}: {error}"))
}

/// The path, and the decoded query without regard to order.
fn parts(path_and_query: &str) -> (String, BTreeSet<String>) {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    (path.to_owned(), query.split('&').filter(|part| !part.is_empty()).map(decode).collect())
}

/// The id that follows a noun in the recorded path.
fn id_after<I: From<String>>(label: &str, noun: &str) -> I {
    let path = Exchange::labelled(label).path;
    let (_, rest) = path.split_once(&format!("/{noun}/")).unwrap_or_else(|| panic!("{label}: no {noun}"));
    rest.split(['/', '?']).next().unwrap_or_default().to_owned().into()
}

#[tokio::test]
async fn reads_of_one_object() {
    assert!(conforms("production.root", root::get()).await.sees_everything());
    let label = "production.host.alpha-h1";
    assert_eq!(conforms(label, hosts::get(&id_after(label, "hosts"))).await.status, HostStatus::Up);
    let label = "production.cluster";
    assert_eq!(conforms(label, clusters::get(&id_after(label, "clusters"))).await.name, "dr-cluster");
    let label = "production.datacenter";
    assert_eq!(conforms(label, data_centers::get(&id_after(label, "datacenters"))).await.name, "dr-dc");
    let label = "production.domain.data-iscsi";
    assert_eq!(conforms(label, storage::get_domain(&id_after(label, "storagedomains"))).await.name, "data-iscsi");
    let label = "production.connection.iscsi";
    let connection = conforms(label, storage::get_connection(&id_after(label, "storageconnections"))).await;
    assert_eq!(connection.port, Some(3260));
    let label = "production.vm.vm1";
    assert_eq!(conforms(label, vms::get(&id_after(label, "vms"))).await.status, Some(VmStatus::Up));
}

#[tokio::test]
async fn reads_of_collections() {
    assert!(!conforms("production.hosts", hosts::list()).await.items.is_empty());
    assert!(!conforms("production.clusters", clusters::list()).await.items.is_empty());
    assert!(!conforms("production.datacenters", data_centers::list()).await.items.is_empty());
    assert!(!conforms("production.storagedomains", storage::list_domains()).await.items.is_empty());
    assert!(!conforms("production.storageconnections", storage::list_connections()).await.items.is_empty());
    assert!(!conforms("production.vms", vms::list()).await.items.is_empty());
    assert!(!conforms("production.vms.follow", vms::list_with_disks_and_tags()).await.items.is_empty());
    assert!(!conforms("production.disks", disks::list()).await.items.is_empty());
    assert!(!conforms("production.tags", tags::list()).await.items.is_empty());
    assert!(!conforms("events.max5", events::newest(5)).await.items.is_empty());
    assert!(conforms("jobs.search_none", jobs::with_correlation_id("nothing")).await.items.is_empty());
    assert!(!conforms("refusals.jobs.by_correlation", jobs::with_correlation_id("dr-1")).await.items.is_empty());
    let from_max = events::after(3).with_query("max", "2");
    assert!(!conforms("events.from_max", from_max).await.items.is_empty());
    let two = hosts::list_with_tags().with_query("max", "2");
    assert!(conforms("tags.hosts.follow_tags", two).await.items[0].tags.is_some());
}

#[tokio::test]
async fn reads_below_an_object() {
    let label = "production.fenceagents.alpha-h1";
    assert_eq!(conforms(label, hosts::fence_agents(&id_after(label, "hosts"))).await.items.len(), 1);
    let label = "production.host_storage.alpha-h1";
    assert_eq!(conforms(label, hosts::storage(&id_after(label, "hosts"))).await.items.len(), 1);
    let label = "production.dc_domains";
    assert_eq!(conforms(label, data_centers::storage_domains(&id_after(label, "datacenters"))).await.items.len(), 1);
    let label = "production.domain_connections.data-iscsi";
    let connections = conforms(label, storage::connections_of_domain(&id_after(label, "storagedomains"))).await;
    assert_eq!(connections.items.len(), 1);
    let label = "production.vm_disks";
    assert_eq!(conforms(label, vms::disk_attachments(&id_after(label, "vms"))).await.items.len(), 1);
    let label = "production.vm_tags";
    assert_eq!(conforms(label, tags::of_vm(&id_after(label, "vms"))).await.items.len(), 1);
    let label = "tags.host.list";
    assert_eq!(conforms(label, tags::of_host(&id_after(label, "hosts"))).await.items.len(), 1);
    let raw = Request::get_raw("storagedomains/127fd562-ac0f-4820-8fe0-cf087cd2aa23/vms;unregistered");
    assert_eq!(conforms("small.domain.vms.unregistered", raw).await, json!({ "vm": [] }));
}

#[tokio::test]
async fn power_management_is_switched_alone() {
    let label = "failover.pm_off.alpha-h1";
    let host = conforms(label, hosts::set_power_management(&id_after(label, "hosts"), false, Some(54321))).await;
    assert_eq!(host.power_management.and_then(|pm| pm.enabled), Some(false));
    let label = "failover.pm_on.alpha-h1";
    let host = conforms(label, hosts::set_power_management(&id_after(label, "hosts"), true, None)).await;
    assert_eq!(host.power_management.and_then(|pm| pm.enabled), Some(true));
}

#[test]
fn another_port_than_the_default_is_sent_along() {
    let request = hosts::set_power_management(&"h".into(), false, Some(54322));
    assert_eq!(request.body(), Some(&json!({ "power_management": { "enabled": "false" }, "port": "54322" })));
}

#[tokio::test]
async fn the_fencing_policy_is_put_back_whole() {
    let before = conforms("production.cluster", clusters::get(&id_after("production.cluster", "clusters"))).await;
    let policy = before.fencing_policy.expect("a policy");
    let label = "failover.cluster.fencing_off";
    let request = clusters::set_fencing_policy(&before.id, &policy.with_enabled(false));
    assert!(!conforms(label, request).await.fencing_policy.expect("a policy").enabled());
    let request = clusters::set_fencing_policy(&before.id, &policy);
    assert!(conforms("failover.cluster.fencing_on", request).await.fencing_policy.expect("a policy").enabled());
}

#[tokio::test]
async fn connections_are_repointed_with_force_and_complete_values() {
    let label = "failover.connection.put.master";
    let id: StorageConnectionId = id_after(label, "storageconnections");
    let to = ConnectionPlace::File { address: Some("127.0.2.250".to_owned()), path: "/exports/data-master".to_owned() };
    assert_eq!(conforms(label, storage::repoint_connection(&id, &to)).await.place(), Some(to));
    let label = "failover.connection.put.iscsi";
    let id = id_after(label, "storageconnections");
    let to = ConnectionPlace::Iscsi {
        address: "127.0.2.251".to_owned(),
        port: 3260,
        target: "iqn.2016-01.example.beta:array1".to_owned(),
    };
    assert_eq!(conforms(label, storage::repoint_connection(&id, &to)).await.place(), Some(to));
    let label = "puts.conn.delete";
    conforms(label, storage::delete_connection(&id_after(label, "storageconnections"))).await;
}

#[tokio::test]
async fn actions_of_hosts() {
    let label = "failover.fence.alpha-h3";
    let action = conforms(label, hosts::fence(&id_after(label, "hosts"), &FenceType::Manual)).await;
    assert_eq!((action.status, action.job), (ActionStatus::Complete, None));
    let label = "failover.deactivate.alpha-h1";
    conforms(label, hosts::deactivate(&id_after(label, "hosts"), Some("site lost"))).await;
    let label = "failover.activate.beta-h1";
    let action = conforms(label, hosts::activate(&id_after(label, "hosts"))).await;
    assert!(action.job.is_some(), "activation has a job");
    let label = "leased.forceselectspm.alpha-h1";
    conforms(label, hosts::force_select_spm(&id_after(label, "hosts"))).await;
}

#[tokio::test]
async fn actions_of_domains_and_vms() {
    let label = "refusals.domain.activate.after_put_with_host";
    let (center, domain) = (id_after(label, "datacenters"), id_after(label, "storagedomains"));
    conforms(label, data_centers::activate_storage_domain(&center, &domain)).await;
    let label = "failover.vm.start.vm7";
    assert!(conforms(label, vms::start(&id_after(label, "vms"))).await.job.is_some());
    let label = "migration.shutdown.vm5";
    conforms(label, vms::shut_down(&id_after(label, "vms"), Some("planned migration"))).await;
    let label = "puts.vm.down.put.ha_off";
    let vm = conforms(label, vms::set_high_availability(&id_after(label, "vms"), false, None)).await;
    assert_eq!(vm.high_availability.and_then(|ha| ha.enabled), Some(false));
}

#[test]
fn stop_and_deactivation_of_a_domain_send_an_empty_action() {
    assert_eq!(vms::stop(&"v".into(), None).body(), Some(&json!({})));
    let request = data_centers::deactivate_storage_domain(&"dc".into(), &"sd".into());
    assert_eq!(request.to_string(), "POST datacenters/dc/storagedomains/sd/deactivate");
    assert_eq!(request.body(), Some(&json!({})));
    let request = vms::set_high_availability(&"v".into(), true, Some(90));
    assert_eq!(request.body(), Some(&json!({ "high_availability": { "enabled": "true", "priority": "90" } })));
}

#[tokio::test]
async fn tags_and_events_are_written() {
    let label = "tags.create.dots_and_json";
    let description = Exchange::labelled(label).request["description"].as_str().expect("text").to_owned();
    let tag = conforms(label, tags::create("ovirt-dr.owed.policy.dr-cluster", &description)).await;
    assert_eq!(tag.description, Some(description));
    let label = "tags.host.assign";
    conforms(label, tags::assign_to_host(&id_after(label, "hosts"), "ovirt_dr_owed_pm")).await;
    let label = "tags.tag.put_description";
    conforms(label, tags::set_description(&id_after(label, "tags"), "changed")).await;
    let label = "tags.host.unassign";
    conforms(label, tags::remove_from_host(&id_after(label, "hosts"), &id_after(label, "tags"))).await;
    let label = "tags.tag.delete_with_child";
    conforms(label, tags::delete(&id_after(label, "tags"))).await;
    let event = conforms("small.event.post", events::add("dr", &Severity::Normal, 1, "dr test")).await;
    assert_eq!(event.code, Some(9801));
}

#[test]
fn a_correlation_id_is_cut_as_the_engine_would_cut_it() {
    let request = hosts::activate(&"h".into()).with_correlation_id("epoch 7/activate:h1#and-a-very-long-rest-of-it");
    assert_eq!(request.correlation_id(), Some("epoch7activateh1and-a-very-long-rest"));
    assert_eq!(hosts::list().with_correlation_id("???").correlation_id(), None);
}

#[test]
fn ids_and_queries_cannot_escape_their_place() {
    let request = hosts::get(&"../vms/x?y#z".into()).with_query("search", "name=a b&c");
    assert_eq!(request.path_and_query(), "hosts/..%2Fvms%2Fx%3Fy%23z?search=name%3Da%20b%26c");
}
