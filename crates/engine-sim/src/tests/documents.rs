//! The documents have the members and scalar kinds of those a running engine sent (`fixtures/`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::Lab;

/// Members that are not compared, with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("/display/certificate", "the host's certificate, of no use to a client of the API"),
    ("/nfs_version", "only if the row states one"),
    ("/stop_time", "only if the VM has ever stopped"),
];

fn fixture(name: &str) -> Value {
    let path = format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Each member's path with its kind; items of a list count once, as the first one.
fn shape(tree: &Value, at: &str, shapes: &mut BTreeSet<String>) {
    match tree {
        Value::Object(members) => {
            for (name, value) in members {
                shape(value, &format!("{at}/{name}"), shapes);
            }
            shapes.insert(format!("{at} object"));
        }
        Value::Array(items) => {
            if let Some(first) = items.first() {
                shape(first, &format!("{at}/0"), shapes);
            }
            shapes.insert(format!("{at} list"));
        }
        Value::String(text) if text == "true" || text == "false" => {
            shapes.insert(format!("{at} boolean as text"));
        }
        Value::String(text) if text.parse::<i64>().is_ok() => {
            shapes.insert(format!("{at} number as text"));
        }
        Value::String(_) => {
            shapes.insert(format!("{at} text"));
        }
        Value::Number(_) => {
            shapes.insert(format!("{at} number"));
        }
        Value::Bool(_) | Value::Null => {
            shapes.insert(format!("{at} bare boolean or null: the engine never writes one"));
        }
    }
}

fn assert_same_shape(ours: &Value, name: &str) {
    let (mut mine, mut real) = (BTreeSet::new(), BTreeSet::new());
    shape(ours, "", &mut mine);
    shape(&fixture(name), "", &mut real);
    for shapes in [&mut mine, &mut real] {
        shapes.retain(|line| !LEFT_OUT.iter().any(|(member, _)| line.contains(member)));
    }
    let missing: Vec<_> = real.difference(&mine).collect();
    let extra: Vec<_> = mine.difference(&real).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{name}: missing {missing:#?}, extra {extra:#?}");
}

/// The links of a document by relation.
fn rels(tree: &Value, member: &str) -> BTreeSet<String> {
    let list = tree.pointer(member).and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().map(|link| link["rel"].as_str().unwrap().to_owned()).collect()
}

fn assert_same_links(ours: &Value, name: &str) {
    let real = fixture(name);
    assert_eq!(rels(ours, "/link"), rels(&real, "/link"), "{name}: links");
    assert_eq!(rels(ours, "/actions/link"), rels(&real, "/actions/link"), "{name}: actions");
}

#[tokio::test(start_paused = true)]
async fn the_root_document() {
    let lab = Lab::new().await;
    let root = lab.get("").await;
    assert_same_shape(&root.json, "root");
    assert_same_links(&root.json, "root");
    assert_eq!(root.json["summary"]["hosts"], serde_json::json!({"active": "3", "total": "6"}));
    assert!(root.headers.contains_key("link"));
    let head = lab.send(lab.request(http::Method::HEAD, "", "")).await;
    assert_eq!((head.status, head.text.as_str(), head.headers.contains_key("link")), (200, "", true));
}

#[tokio::test(start_paused = true)]
async fn hosts() {
    let lab = Lab::new().await;
    let up = lab.get(&format!("/hosts/{}", lab.host("alpha-h1"))).await.json;
    assert_same_shape(&up, "host");
    assert_same_links(&up, "host");
    let parked = lab.get(&format!("/hosts/{}", lab.host("beta-h1"))).await.json;
    assert_same_shape(&parked, "host_in_maintenance");
    assert_eq!(parked["status"], "maintenance");
    let all = lab.get(&format!("/hosts/{}?all_content=true", lab.host("beta-h1"))).await.json;
    let put = lab.put(&format!("/hosts/{}", lab.host("beta-h1")), "{}").await.json;
    for more in [all, put] {
        assert_eq!(more["network_operation_in_progress"], "false");
    }
    let agents = lab.get(&format!("/hosts/{}/fenceagents", lab.host("alpha-h1"))).await.json;
    assert_same_shape(&agents, "fence_agents");
    let storage = lab.get(&format!("/hosts/{}/storage", lab.host("alpha-h1"))).await.json;
    assert_same_shape(&storage, "host_storage");
    let refused = lab.get(&format!("/hosts/{}/storage", lab.host("beta-h1"))).await;
    assert_eq!((refused.status, refused.json["reason"].as_str()), (400, Some("Operation Failed")));
}

#[tokio::test(start_paused = true)]
async fn clusters_data_centers_and_domains() {
    let lab = Lab::new().await;
    let cluster = lab.get(&format!("/clusters/{}", lab.cluster())).await.json;
    assert_same_shape(&cluster, "cluster");
    assert_same_links(&cluster, "cluster");
    let data_center = lab.get(&format!("/datacenters/{}", lab.data_center())).await.json;
    assert_same_shape(&data_center, "data_center");
    assert_same_links(&data_center, "data_center");
    for (name, fixture) in [("data-nfs", "attached_domain_nfs"), ("data-iscsi", "attached_domain_iscsi")] {
        let path = format!("/datacenters/{}/storagedomains/{}", lab.data_center(), lab.domain(name));
        let attached = lab.get(&path).await.json;
        assert_same_shape(&attached, fixture);
        assert_same_links(&attached, fixture);
    }
    let top = lab.get(&format!("/storagedomains/{}", lab.domain("data-nfs"))).await.json;
    assert_same_shape(&top, "domain_nfs");
    assert_same_links(&top, "domain_nfs");
    assert_eq!(top.get("status"), None, "the status is shown below the data center only");
    assert_same_shape(&lab.get("/storageconnections").await.json, "storage_connections");
}

#[tokio::test(start_paused = true)]
async fn vms_and_disks() {
    let lab = Lab::new().await;
    let up = lab.get(&format!("/vms/{}", lab.vm("vm8"))).await.json;
    assert_same_shape(&up, "vm_up");
    assert_same_links(&up, "vm_up");
    let stopped = lab.post(&format!("/vms/{}/stop", lab.vm("vm8")), "{}").await;
    assert_eq!(stopped.status, 200, "{}", stopped.text);
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    lab.engine.world(|world| assert!(world.vm_named("vm8").unwrap().status.is_not_running()));
    assert_same_shape(&lab.get(&format!("/vms/{}", lab.vm("vm8"))).await.json, "vm_down");
    let attachments = lab.get(&format!("/vms/{}/diskattachments?follow=disk", lab.vm("vm1"))).await.json;
    assert_same_shape(&attachments, "disk_attachments");
    let snapshots = lab.get(&format!("/vms/{}/snapshots", lab.vm("vm1"))).await.json;
    assert_same_shape(&snapshots, "snapshots");
}

#[tokio::test(start_paused = true)]
async fn tags_jobs_events_and_actions() {
    let lab = Lab::new().await;
    assert_eq!(lab.post("/tags", r#"{"name":"dr-db"}"#).await.status, 201);
    let tags = lab.get("/tags").await.json;
    let made = tags["tag"].as_array().unwrap().iter().find(|tag| tag["name"] == "dr-db").unwrap();
    assert_same_shape(&serde_json::json!({"tag": [made]}), "tags");
    assert_eq!(lab.post(&format!("/vms/{}/tags", lab.vm("vm1")), r#"{"name":"dr-db"}"#).await.status, 201);
    assert_same_shape(&lab.get(&format!("/vms/{}/tags", lab.vm("vm1"))).await.json, "vm_tags");

    let activated = lab.post(&format!("/hosts/{}/activate", lab.host("beta-h1")), "{}").await;
    assert_eq!(activated.status, 200, "{}", activated.text);
    assert_same_shape(&activated.json, "action_activate");
    let job = lab.get(activated.json["job"]["href"].as_str().unwrap().strip_prefix("/ovirt-engine/api").unwrap()).await;
    assert_same_shape(&job.json, "job");
    let refused = lab.post(&format!("/hosts/{}/fence", lab.host("alpha-h1")), r#"{"fence_type":"manual"}"#).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json, fixture("action_refused"));

    assert_eq!(lab.put(&format!("/hosts/{}", lab.host("beta-h2")), r#"{"comment":"x"}"#).await.status, 200);
    let events = lab.get("/events").await.json;
    let events = events["event"].as_array().unwrap();
    let updated = events.iter().find(|event| event["code"] == "43").unwrap();
    assert_same_shape(updated, "event_host");
}
