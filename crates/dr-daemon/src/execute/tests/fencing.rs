//! Suspending and giving back.

use super::*;

const POLICY: &str =
    r#"{"enabled":"true","skip_if_sd_active":{"enabled":"true"},"skip_if_connectivity_broken":{"threshold":"50"}}"#;

fn policy(enabled: bool) -> Value {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    policy["enabled"] = json!(enabled.to_string());
    policy
}

/// What the engine shows after it was sent a policy: it fills in what a skip flag left out.
fn shown(enabled: bool) -> Value {
    let mut shown = policy(enabled);
    shown["skip_if_connectivity_broken"]["enabled"] = json!("false");
    shown["skip_if_gluster_bricks_up"] = json!("false");
    shown
}

fn cluster(policy: Value) -> Value {
    json!({ "id": "c1", "name": "dr", "fencing_policy": policy })
}

fn suspend() -> Step {
    Step::SuspendFencing { cluster: "c1".into(), name: "dr".to_owned(), original: POLICY.to_owned() }
}

fn restore() -> Step {
    Step::RestoreFencing { cluster: "c1".into(), name: "dr".to_owned(), original: POLICY.to_owned() }
}

fn tags(names: &[&str]) -> Value {
    let tags: Vec<Value> = names.iter().map(|name| json!({ "id": format!("id-{name}"), "name": name })).collect();
    json!({ "tag": tags })
}

#[tokio::test]
async fn the_original_stands_in_a_tag_before_the_whole_policy_is_put() {
    let engine = FakeEngine::new();
    engine.on("GET clusters/c1", 200, cluster(policy(true))).on("POST tags", 201, tags(&["x"])["tag"][0].clone());
    engine.on("PUT clusters/c1", 200, cluster(shown(false)));
    let (outcome, asked) = execute(&engine, suspend()).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(asked, ["GET clusters/c1", "POST tags", "PUT clusters/c1"]);

    let tag = engine.body("POST tags");
    assert_eq!(tag["name"], "ovirt-dr.owed.fp.c1");
    let left: Value = serde_json::from_str(tag["description"].as_str().unwrap()).unwrap();
    assert_eq!(
        left,
        json!({ "v": 1, "plan": "erp", "epoch": 7, "kind": "fencing", "id": "c1", "name": "dr", "original": policy(true) })
    );
    let sent = &engine.body("PUT clusters/c1")["fencing_policy"];
    assert_eq!(sent["enabled"], "false");
    assert_eq!(sent["skip_if_sd_active"], json!({ "enabled": "true" }));
    assert_eq!(sent["skip_if_connectivity_broken"], json!({ "threshold": "50", "enabled": "false" }), "or a 500");
}

#[tokio::test]
async fn fencing_that_is_off_already_is_left_alone() {
    let engine = FakeEngine::new();
    engine.on("GET clusters/c1", 200, cluster(policy(false)));
    assert_eq!(execute(&engine, suspend()).await, (Outcome::AlreadySo, vec!["GET clusters/c1".to_owned()]));
}

#[tokio::test]
async fn a_policy_changed_since_the_decision_is_not_overwritten() {
    let engine = FakeEngine::new();
    let mut other = policy(true);
    other["skip_if_sd_active"]["enabled"] = json!("false");
    engine.on("GET clusters/c1", 200, cluster(other));
    let (outcome, asked) = execute(&engine, suspend()).await;
    assert!(is_failed(&outcome), "{outcome:?}");
    assert_eq!(asked, ["GET clusters/c1"]);
}

#[tokio::test]
async fn an_older_tag_keeps_its_original() {
    let engine = FakeEngine::new();
    engine.on("GET clusters/c1", 200, cluster(policy(true)));
    engine.refuses("POST tags", 409, "The specified Tag name already exists.");
    engine.on("GET tags", 200, tags(&["root", "ovirt-dr.owed.fp.c1"]));
    engine.on("PUT clusters/c1", 200, cluster(shown(false)));
    let (outcome, asked) = execute(&engine, suspend()).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(asked, ["GET clusters/c1", "POST tags", "GET tags", "PUT clusters/c1"]);
}

#[tokio::test]
async fn without_a_tag_nothing_is_switched_off() {
    let engine = FakeEngine::new();
    engine.on("GET clusters/c1", 200, cluster(policy(true))).on("GET tags", 200, tags(&["root"]));
    engine.refuses("POST tags", 403, "User is not authorized to perform this action.");
    let (outcome, asked) = execute(&engine, suspend()).await;
    assert_eq!(class(&outcome), Some(RefusedClass::NoPermission));
    assert!(!asked.contains(&"PUT clusters/c1".to_owned()));

    let engine = FakeEngine::new();
    engine.on("GET clusters/c1", 200, cluster(policy(true))).on("GET tags", 200, tags(&["root"])).lost("POST tags");
    let (outcome, asked) = execute(&engine, suspend()).await;
    assert!(is_failed(&outcome), "{outcome:?}");
    assert!(!asked.contains(&"PUT clusters/c1".to_owned()));
}

#[tokio::test]
async fn an_answer_with_another_policy_is_not_done() {
    let engine = FakeEngine::new();
    engine.on("GET clusters/c1", 200, cluster(policy(true))).on("POST tags", 201, json!({ "id": "t", "name": "t" }));
    let mut reset = shown(false);
    reset["skip_if_sd_active"]["enabled"] = json!("false");
    engine.on("PUT clusters/c1", 200, cluster(reset));
    assert!(is_unconfirmed(&execute(&engine, suspend()).await.0));
}

#[tokio::test]
async fn a_lost_answer_is_looked_up() {
    for (after, expected) in [(shown(false), true), (policy(true), false)] {
        let engine = FakeEngine::new();
        engine.on("GET clusters/c1", 200, cluster(policy(true))).on("GET clusters/c1", 200, cluster(after));
        engine.on("POST tags", 201, json!({ "id": "t", "name": "t" })).lost("PUT clusters/c1");
        let (outcome, asked) = execute(&engine, suspend()).await;
        assert_eq!(outcome == Outcome::Done, expected, "{outcome:?}");
        assert_eq!(is_unconfirmed(&outcome), !expected);
        assert_eq!(asked.iter().filter(|call| call.starts_with("PUT")).count(), 1, "never repeated");
    }
}

#[tokio::test]
async fn a_policy_is_put_back_whole_and_only_then_its_tag_goes() {
    let engine = FakeEngine::new();
    engine.on("GET clusters/c1", 200, cluster(shown(false))).on("PUT clusters/c1", 200, cluster(shown(true)));
    engine.on("GET tags", 200, tags(&["ovirt-dr.owed.fp.c1"]));
    engine.on("DELETE tags/id-ovirt-dr.owed.fp.c1", 200, json!({ "status": "complete" }));
    let (outcome, asked) = execute(&engine, restore()).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(asked, ["GET clusters/c1", "PUT clusters/c1", "GET tags", "DELETE tags/id-ovirt-dr.owed.fp.c1"]);
    assert_eq!(engine.body("PUT clusters/c1")["fencing_policy"]["enabled"], "true");
}

#[tokio::test]
async fn what_was_put_back_already_or_is_gone_loses_only_its_tag() {
    for there in [Some(cluster(policy(true))), None] {
        let engine = FakeEngine::new();
        if let Some(there) = there {
            engine.on("GET clusters/c1", 200, there);
        }
        // The tag vanishes between the list and its deletion: 404.
        engine.on("GET tags", 200, tags(&["ovirt-dr.owed.fp.c1"]));
        let (outcome, asked) = execute(&engine, restore()).await;
        assert_eq!(outcome, Outcome::AlreadySo);
        assert_eq!(asked, ["GET clusters/c1", "GET tags", "DELETE tags/id-ovirt-dr.owed.fp.c1"]);
    }
}

#[tokio::test]
async fn a_debt_whose_tag_stays_is_not_paid() {
    let engine = FakeEngine::new();
    engine.on("GET clusters/c1", 200, cluster(policy(true))).page("GET tags", 500, "<html>sorry</html>");
    assert!(is_unconfirmed(&execute(&engine, restore()).await.0));
}

#[tokio::test]
async fn power_management_is_switched_with_the_port_and_never_with_agents() {
    let engine = FakeEngine::new();
    let with = |enabled: &str| {
        let mut host = host("non_responsive", "none", 0);
        host["port"] = json!("54322");
        host["power_management"]["enabled"] = json!(enabled);
        host
    };
    engine.on("GET hosts/h1", 200, with("true")).on("PUT hosts/h1", 200, with("false"));
    engine.on("POST tags", 201, json!({ "id": "t", "name": "t" }));
    let step = Step::SuspendPowerManagement { host: "h1".into(), name: "a1".to_owned(), port: 54322 };
    let (outcome, asked) = execute(&engine, step).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(asked, ["GET hosts/h1", "POST tags", "PUT hosts/h1"]);
    assert_eq!(engine.body("PUT hosts/h1"), json!({ "power_management": { "enabled": "false" }, "port": "54322" }));
    let tag = engine.body("POST tags");
    assert_eq!(tag["name"], "ovirt-dr.owed.pm.h1");
    let left: Value = serde_json::from_str(tag["description"].as_str().unwrap()).unwrap();
    assert_eq!((&left["kind"], &left["original"]), (&json!("power_management"), &json!({ "enabled": "true" })));
}

#[tokio::test]
async fn power_management_comes_back_or_says_why_not() {
    let step = || Step::RestorePowerManagement { host: "h1".into(), name: "a1".to_owned(), port: 54321 };
    let off = || {
        let mut host = host("maintenance", "none", 0);
        host["power_management"]["enabled"] = json!("false");
        host
    };
    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, off()).on("PUT hosts/h1", 200, host("maintenance", "none", 0));
    engine.on("GET tags", 200, tags(&["root"]));
    let (outcome, asked) = execute(&engine, step()).await;
    assert_eq!(
        (outcome, asked),
        (Outcome::Done, ["GET hosts/h1", "PUT hosts/h1", "GET tags"].map(str::to_owned).to_vec())
    );

    let engine = FakeEngine::new();
    let text = "Cannot edit Host. Power Management is enabled for Host but no Agent type selected.";
    engine.on("GET hosts/h1", 200, off()).refuses("PUT hosts/h1", 400, text);
    let (outcome, asked) = execute(&engine, step()).await;
    assert_eq!(outcome, Outcome::Refused { class: RefusedClass::Other, text: text.to_owned() });
    assert!(!asked.contains(&"GET tags".to_owned()), "still owed: the tag stays");
}
