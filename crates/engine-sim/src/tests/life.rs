//! The engine process: restarts, its database, its clock, what it remembers of requests.

use std::time::Duration;

use http::Method;

use super::Lab;
use crate::{Order, Served};

async fn status_of(lab: &Lab) -> Option<u16> {
    match lab.serve(Method::GET, "/hosts", "").await {
        Served::Response(response) => Some(response.status().as_u16()),
        Served::Refused | Served::Reset | Served::Cut(_) => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_refuses_then_holds_then_serves_and_forgets_the_tokens() {
    let mut lab = Lab::new().await;
    lab.engine.restart();
    assert!(lab.engine.refuses_connections());
    assert!(matches!(lab.serve(Method::GET, "/hosts", "").await, Served::Refused));
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert!(!lab.engine.refuses_connections());
    let before = lab.engine.time();
    assert_eq!(status_of(&lab).await, Some(401), "held, then answered: the token died with the process");
    assert_eq!(lab.engine.time() - before, 12_600);
    lab.log_in().await;
    assert_eq!(status_of(&lab).await, Some(200));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_engine_refuses_until_it_is_started() {
    let lab = Lab::new().await;
    lab.engine.stop();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(matches!(lab.serve(Method::GET, "/hosts", "").await, Served::Refused));
    lab.engine.start();
    assert_eq!(status_of(&lab).await, Some(401));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_blocks_breaks_when_the_engine_goes_down() {
    let lab = Lab::new().await;
    lab.engine.order(Order::LoseSite("alpha".into())).unwrap();
    tokio::time::sleep(Duration::from_secs(130)).await;
    let path = format!("/hosts/{}/fence", lab.host("alpha-h2"));
    let engine = lab.engine.clone();
    let restart = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        engine.restart();
    };
    let (served, ()) = tokio::join!(lab.serve(Method::POST, &path, r#"{"fence_type":"manual"}"#), restart);
    assert!(matches!(served, Served::Reset), "{served:?}");
}

#[tokio::test(start_paused = true)]
async fn without_its_database_reads_fail_but_the_root_document_does_not() {
    let lab = Lab::new().await;
    assert_eq!(status_of(&lab).await, Some(200));
    lab.engine.set_database(false);
    let read = lab.get("/hosts").await;
    assert_eq!((read.status, read.json["reason"].as_str()), (400, Some("Operation Failed")));
    let action = lab.post(&format!("/hosts/{}/activate", lab.host("beta-h1")), "{}").await;
    assert_eq!((action.status, action.json["status"].as_str()), (500, Some("failed")));
    let fence = lab.post(&format!("/hosts/{}/fence", lab.host("beta-h1")), r#"{"fence_type":"manual"}"#).await;
    assert_eq!((fence.status, fence.json.get("fault")), (400, None));
    let root = lab.get("").await;
    assert_eq!((root.status, root.json.get("summary")), (200, Some(&serde_json::json!({}))), "no number in it");
    lab.engine.set_database(true);
    tokio::time::sleep(Duration::from_secs(375)).await;
    assert_eq!(status_of(&lab).await, Some(400), "dead pooled connections outlive the outage");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(status_of(&lab).await, Some(200));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_hangs_up_does_not_stop_the_command() {
    let lab = Lab::new().await;
    lab.engine.order(Order::LoseSite("alpha".into())).unwrap();
    tokio::time::sleep(Duration::from_secs(260)).await;
    let path = format!("/hosts/{}/fence", lab.host("alpha-h2"));
    let fence = lab.serve(Method::POST, &path, r#"{"fence_type":"manual"}"#);
    assert!(tokio::time::timeout(Duration::from_millis(1), fence).await.is_err(), "a black-holed host takes seconds");
    tokio::time::sleep(Duration::from_secs(25)).await;
    let host = lab.get(&format!("/hosts/{}", lab.host("alpha-h2"))).await;
    assert_eq!(host.json["summary"]["total"], "0");
}

#[tokio::test(start_paused = true)]
async fn mutating_requests_are_remembered_in_order() {
    let lab = Lab::new().await;
    lab.get("/hosts").await;
    lab.put(&format!("/hosts/{}?correlation_id=one", lab.host("beta-h1")), r#"{"comment":"x"}"#).await;
    lab.post(&format!("/hosts/{}/activate?correlation_id=two", lab.host("alpha-h1")), "{}").await;
    let mutations = lab.engine.mutations();
    let seen: Vec<_> = mutations.iter().map(|each| (each.method.as_str(), each.correlation_id.as_str())).collect();
    assert_eq!(seen, [("PUT", "one"), ("POST", "two")]);
}

#[tokio::test(start_paused = true)]
async fn health_and_sso_status_need_no_login() {
    let lab = Lab::new().await;
    let get = |path: &str| http::Request::get(path.to_owned()).body(bytes::Bytes::new()).unwrap();
    let health = lab.send(get("/ovirt-engine/services/health")).await;
    assert_eq!((health.status, health.text.as_str()), (200, "DB Up!Welcome to Health Status!"));
    assert_eq!(lab.send(get("/ovirt-engine/sso/status")).await.json["status"], "active");
    lab.engine.set_database(false);
    let health = lab.send(get("/ovirt-engine/services/health")).await;
    assert_eq!((health.status, health.text.as_str()), (500, "DB Down!"));
}
