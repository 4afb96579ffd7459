//! Search, `max`, `follow` and empty lists.

use serde_json::{Value, json};

use super::Lab;

fn names(list: &Value, member: &str) -> Vec<String> {
    let items = list[member].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_search_the_engine_does_not_understand_is_an_empty_list() {
    let lab = Lab::new().await;
    for search in ["status%3Dnon_responsive", "frobnicate%3D%3D", "status%3Dnonresponsive"] {
        let got = lab.get(&format!("/hosts?search={search}")).await;
        assert_eq!((got.status, got.json), (200, json!({})), "{search}");
    }
    let up = lab.get("/hosts?search=status%3Dup+and+cluster%3Ddr-cluster+sortby+name+desc").await;
    assert_eq!(names(&up.json, "host"), ["alpha-h3", "alpha-h2", "alpha-h1"]);
    assert_eq!(names(&lab.get("/hosts?search=name%3DALPHA-H1").await.json, "host"), ["alpha-h1"]);
    assert_eq!(lab.get("/hosts?search=name%3DALPHA-H1&case_sensitive=true").await.json, json!({}));
    let on_host = lab.get("/vms?search=host.name%3Dalpha-h1").await;
    assert!(!names(&on_host.json, "vm").is_empty());
}

#[tokio::test(start_paused = true)]
async fn max_cuts_and_its_garbage_is_ignored() {
    let lab = Lab::new().await;
    assert_eq!(names(&lab.get("/hosts?max=2").await.json, "host"), ["alpha-h1", "alpha-h2"]);
    assert_eq!(lab.get("/hosts?max=0").await.json, json!({}));
    assert_eq!(names(&lab.get("/hosts?max=x").await.json, "host").len(), 6);
    let negative = lab.get("/hosts?max=-1").await;
    assert_eq!((negative.status, &negative.json["detail"]), (400, &json!("illegal max count value for query : -1")));
    assert_eq!(names(&lab.get("/hosts?search=page%202&max=2").await.json, "host"), ["alpha-h3", "beta-h1"]);
}

#[tokio::test(start_paused = true)]
async fn follow_inlines_links_and_one_bad_name_spoils_the_answer() {
    let lab = Lab::new().await;
    let tags = lab.get("/hosts?follow=tags,nics,cluster").await;
    assert_eq!(tags.json["host"][0]["tags"], json!({}));
    assert_eq!(tags.json["host"][0]["cluster"]["name"], "dr-cluster");
    assert_eq!(tags.json["host"][0]["nics"]["host_nic"][0]["name"], "eth0");
    for link in ["banana", "agents", "fenceagents", "tags,banana"] {
        let got = lab.get(&format!("/hosts?follow={link}")).await;
        assert_eq!((got.status, got.content_type.as_str()), (500, "text/html;charset=UTF-8"), "{link}");
    }
    let vms = lab.get("/vms?follow=disk_attachments.disk,tags").await;
    assert_eq!(vms.json["vm"][0]["disk_attachments"]["disk_attachment"][0]["disk"]["name"], "vm1-disk");
}

#[tokio::test(start_paused = true)]
async fn empty_lists_are_empty_objects_but_for_the_unregistered() {
    let lab = Lab::new().await;
    assert_eq!(lab.get("/affinitylabels").await.json, json!({}));
    assert_eq!(lab.get(&format!("/hosts/{}/tags", lab.host("alpha-h1"))).await.json, json!({}));
    let nobody = "00000000-0000-0000-0000-00000000dead";
    assert_eq!(lab.get(&format!("/storagedomains/{nobody}/storageconnections")).await.json, json!({}));
    let unregistered = lab.get(&format!("/storagedomains/{}/vms;unregistered", lab.domain("data-nfs"))).await;
    assert_eq!(unregistered.json, json!({"vm": []}));
}

#[tokio::test(start_paused = true)]
async fn events_are_newest_first_and_max_keeps_the_newest() {
    let lab = Lab::new().await;
    for number in 1..=4 {
        let body =
            format!(r#"{{"origin":"dr","severity":"normal","custom_id":"{number}","description":"event {number}"}}"#);
        let made = lab.post("/events", &body).await;
        assert_eq!((made.status, &made.json["code"]), (201, &json!("9801")), "{}", made.text);
    }
    let all = lab.get("/events").await.json;
    let newest: Vec<&str> =
        all["event"].as_array().unwrap().iter().take(4).map(|e| e["description"].as_str().unwrap()).collect();
    assert_eq!(newest, ["event 4", "event 3", "event 2", "event 1"]);
    let third = all["event"][1]["id"].as_str().unwrap();
    let second = all["event"][2]["id"].as_str().unwrap();
    let after = lab.get(&format!("/events?from={second}&max=1")).await.json;
    assert_eq!(after["event"].as_array().unwrap().len(), 1);
    assert_eq!(after["event"][0]["description"], "event 4", "the newest, not the next");
    let forward = lab.get(&format!("/events?from={second}&max=1&search=sortby+time+asc")).await.json;
    assert_eq!(forward["event"].as_array().unwrap().len(), 1);
    assert_eq!(lab.get(&format!("/events/{third}")).await.json["description"], "event 3");
}

#[tokio::test(start_paused = true)]
async fn jobs_are_found_by_the_correlation_id_of_their_request() {
    let lab = Lab::new().await;
    let row = lab.connection("10.1.0.250:/exports/data-nfs");
    let path = format!("/storageconnections/{row}?force=true&correlation_id=dr-1");
    assert_eq!(lab.put(&path, r#"{"address":"10.2.0.250","path":"/exports/data-nfs"}"#).await.status, 200);
    let jobs = lab.get("/jobs?search=correlation_id%3Ddr-1").await.json;
    assert_eq!(jobs["job"].as_array().unwrap().len(), 1);
    assert_eq!(jobs["job"][0]["status"], "finished");
    assert_eq!(lab.get("/jobs?search=correlation_id%3Ddr-2").await.json, json!({}));
    assert_eq!(lab.get("/events?search=correlation_id%3Ddr-1").await.json, json!({}), "an update writes no event");
}

#[tokio::test(start_paused = true)]
async fn the_plain_list_of_vms_says_what_any_other_list_of_them_says_whatever_happens() {
    let lab = Lab::new().await;
    let mut seen = std::collections::BTreeSet::new();
    for second in 0..60 {
        match second {
            5 => lab.engine.order(crate::Order::LoseSite("alpha".into())).unwrap(),
            10 => {
                let body = r#"{"description":"edited","high_availability":{"enabled":"false"}}"#;
                assert_eq!(lab.put(&format!("/vms/{}", lab.vm("vm2")), body).await.status, 200);
            }
            _ => {}
        }
        for root in ["", "/v4"] {
            let plain = lab.get(&format!("{root}/vms")).await;
            let limited = lab.get(&format!("{root}/vms?max=1000")).await;
            assert_eq!((plain.status, &plain.content_type), (200, &limited.content_type));
            assert_eq!(plain.text, limited.text, "second {second}");
            seen.insert(plain.text);
        }
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    }
    assert!(seen.len() >= 6, "something did happen: {}", seen.len());
}

#[tokio::test(start_paused = true)]
async fn the_first_request_of_a_session_is_in_the_log() {
    let lab = Lab::new().await;
    let first = lab.get("/events?search=type%3D30").await.json;
    assert_eq!(first["event"].as_array().map(Vec::len), Some(1), "{first}");
    let text = first["event"][0]["description"].as_str().unwrap();
    assert!(text.starts_with("User admin@internal-authz connecting from") && text.ends_with("logged in."), "{text}");
    assert_eq!(first["event"][0]["user"]["name"], "admin@internal-authz");
    assert_eq!(lab.get("/events?search=type%3D30").await.json, first, "later requests of the session are not");
}

#[tokio::test(start_paused = true)]
async fn a_data_center_is_found_by_the_name_of_a_storage_domain() {
    let lab = Lab::new().await;
    let found = lab.get("/datacenters?search=storage%3D%22data-nfs%22").await.json;
    assert_eq!(found["data_center"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(lab.get("/datacenters?search=storage%3Dnobody").await.json, json!({}));
}
