//! Each kind of fault does what its name says, and says the truth about the effect.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::Lab;
use crate::{FaultKind, FaultRule, Served};

fn rule(method: &str, path: &str, kind: FaultKind) -> FaultRule {
    FaultRule { name: "fault".into(), method: Some(method.into()), path: path.into(), skip: 0, count: Some(1), kind }
}

/// Sets the comment of a host under a fault; what was served, and the comment afterwards.
async fn comment_under(kind: FaultKind) -> (Served, String) {
    let lab = Lab::new().await;
    let path = format!("/hosts/{}", lab.host("beta-h1"));
    // The first use of a token asks more than later ones do.
    lab.get(&path).await;
    lab.engine.add_fault(rule("PUT", "*/hosts/*", kind));
    let served = lab.serve(Method::PUT, &path, r#"{"comment":"changed"}"#).await;
    let comment = lab.engine.world(|world| world.host_named("beta-h1").unwrap().comment.clone());
    (served, comment)
}

fn status(served: &Served) -> Option<u16> {
    match served {
        Served::Response(response) | Served::Cut(response) => Some(response.status().as_u16()),
        Served::Refused | Served::Reset => None,
    }
}

#[tokio::test(start_paused = true)]
async fn faults_before_the_effect_leave_the_world_alone() {
    for (kind, expected) in [
        (FaultKind::ConnectionRefused, None),
        (FaultKind::ResetBefore, None),
        (FaultKind::StatusBefore(503), Some(503)),
        (FaultKind::LockHeld, Some(409)),
        (FaultKind::OkWithoutEffect, Some(200)),
        (FaultKind::OkButFailed, Some(200)),
        (FaultKind::LostRight, Some(403)),
        (FaultKind::DatabaseDown, Some(400)),
        (FaultKind::Hung, Some(502)),
    ] {
        let name = format!("{kind:?}");
        let (served, comment) = comment_under(kind).await;
        assert_eq!(status(&served), expected, "{name}");
        assert_ne!(comment, "changed", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn faults_after_the_effect_only_lose_the_answer() {
    for (kind, expected) in [
        (FaultKind::ResetAfter, None),
        (FaultKind::StatusAfter(500), Some(500)),
        (FaultKind::Truncated, Some(200)),
        (FaultKind::WrongContentType("text/html".into()), Some(200)),
        (FaultKind::Slow(90_000), Some(200)),
    ] {
        let name = format!("{kind:?}");
        let (served, comment) = comment_under(kind).await;
        assert_eq!(status(&served), expected, "{name}");
        assert_eq!(comment, "changed", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_truncated_answer_is_shorter_than_it_says() {
    let (served, _) = comment_under(FaultKind::Truncated).await;
    let Served::Cut(response) = served else { panic!("{served:?}") };
    let said: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
    assert!(response.body().len() < said);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_takes_engine_time() {
    let lab = Lab::new().await;
    lab.engine.add_fault(rule("GET", "*/hosts", FaultKind::Slow(90_000)));
    let before = lab.engine.time();
    assert_eq!(lab.get("/hosts").await.status, 200);
    assert_eq!(lab.engine.time() - before, 90_000);
}

#[tokio::test(start_paused = true)]
async fn an_expired_session_is_gone_for_good() {
    let mut lab = Lab::new().await;
    lab.engine.add_fault(rule("GET", "*/hosts", FaultKind::ExpiredSession));
    assert_eq!(lab.get("/hosts").await.status, 401);
    assert_eq!(lab.get("/hosts").await.status, 401, "the rule is used up, the token is dead");
    lab.log_in().await;
    assert_eq!(lab.get("/hosts").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn stale_reads_repeat_the_first_answer() {
    let lab = Lab::new().await;
    let path = format!("/hosts/{}", lab.host("beta-h1"));
    let mut stale = rule("GET", "*/hosts/*", FaultKind::StaleRead);
    stale.count = Some(2);
    lab.engine.add_fault(stale);
    let before = lab.get(&path).await.json["comment"].clone();
    lab.put(&path, r#"{"comment":"changed"}"#).await;
    assert_eq!(lab.get(&path).await.json["comment"], before);
    assert_eq!(lab.get(&path).await.json["comment"], "changed");
}

#[tokio::test(start_paused = true)]
async fn unknown_status_words_appear_where_status_stands() {
    let lab = Lab::new().await;
    lab.engine.add_fault(rule("GET", "*/hosts", FaultKind::UnknownStatusWord("frozen".into())));
    let hosts = lab.get("/hosts").await.json;
    assert!(hosts["host"].as_array().unwrap().iter().all(|host| host["status"] == "frozen"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_action_can_come_with_200() {
    let lab = Lab::new().await;
    let path = format!("/hosts/{}/activate", lab.host("beta-h1"));
    lab.engine.add_fault(rule("POST", "*/activate", FaultKind::OkButFailed));
    let got = lab.post(&path, "{}").await;
    assert_eq!((got.status, &got.json["status"]), (200, &json!("failed")));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(lab.get(&format!("/hosts/{}", lab.host("beta-h1"))).await.json["status"], "maintenance");
}

#[tokio::test(start_paused = true)]
async fn lists_lack_their_first_entries_or_have_each_twice_and_objects_are_left_alone() {
    let lab = Lab::new().await;
    let names = |list: serde_json::Value| -> Vec<String> {
        list["host"].as_array().unwrap().iter().map(|host| host["name"].as_str().unwrap().to_owned()).collect()
    };
    let whole = names(lab.get("/hosts").await.json);
    lab.engine.add_fault(rule("GET", "*/hosts", FaultKind::MissingEntries(1)));
    assert_eq!(names(lab.get("/hosts").await.json), whole[1..]);
    lab.engine.add_fault(rule("GET", "*/hosts", FaultKind::DuplicateEntries));
    let twice = names(lab.get("/hosts").await.json);
    assert_eq!((twice.len(), &twice[0], &twice[1]), (2 * whole.len(), &whole[0], &whole[0]));
    let path = format!("/hosts/{}", lab.host("beta-h1"));
    let host = lab.get(&path).await.json;
    lab.engine.add_fault(rule("GET", "*/hosts/*", FaultKind::MissingEntries(9)));
    assert_eq!(lab.get(&path).await.json, host);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_no_administrator_sees_nothing_and_no_summary() {
    let lab = Lab::new().await;
    let mut lost = rule("GET", "", FaultKind::LostSight);
    lost.count = None;
    lab.engine.add_fault(lost);
    let root = lab.get("").await.json;
    assert!(root.get("summary").is_none() && root["product_info"]["instance_id"].is_string());
    let hosts = lab.get("/hosts").await;
    assert_eq!((hosts.status, hosts.json["host"].as_array().map_or(0, Vec::len)), (200, 0));
    assert_eq!(status(&lab.serve(Method::GET, &format!("/hosts/{}", lab.host("beta-h1")), "").await), Some(404));
}

#[tokio::test(start_paused = true)]
async fn a_skewed_clock_shows_in_the_date_header_and_in_the_times() {
    let lab = Lab::new().await;
    let before = lab.get("").await.json["time"].as_u64().unwrap();
    lab.engine.add_fault(rule("GET", "*/api", FaultKind::ClockSkew(3_600_000)));
    let Served::Response(response) = lab.serve(Method::GET, "", "").await else { panic!("no answer") };
    let root: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert!(root["time"].as_u64().unwrap() >= before + 3_600_000);
    assert!(response.headers()["date"].to_str().unwrap().ends_with(" GMT"));
}

#[tokio::test(start_paused = true)]
async fn a_host_flaps_as_often_as_asked() {
    let lab = Lab::new().await;
    let address = lab.engine.world(|world| world.host_named("alpha-h1").unwrap().address.clone());
    lab.engine.order("flap_host host=alpha-h1 up_ms=10000 down_ms=5000 times=2".parse().unwrap()).unwrap();
    let mut answers = Vec::new();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        answers.push(lab.engine.probe(&address, 54321) == crate::world::Reach::Answering);
        tokio::time::sleep(Duration::from_millis(5_000)).await;
    }
    assert_eq!(answers, [false, true, false, true, true]);
    assert!(lab.engine.order("flap_host host=nobody up_ms=1 down_ms=1 times=1".parse().unwrap()).is_err());
}

#[tokio::test(start_paused = true)]
async fn an_engine_can_become_another_and_its_events_can_end_earlier() {
    let lab = Lab::new().await;
    let identity = lab.get("").await.json["product_info"]["instance_id"].clone();
    lab.engine.order("change_identity".parse().unwrap()).unwrap();
    assert_ne!(lab.get("").await.json["product_info"]["instance_id"], identity);
    let count = |json: serde_json::Value| json["event"].as_array().map_or(0, Vec::len);
    assert_ne!(count(lab.get("/events?max=1").await.json), 0);
    lab.engine.order("rewind_events 0".parse().unwrap()).unwrap();
    assert_eq!(count(lab.get("/events?max=1").await.json), 0);
}
