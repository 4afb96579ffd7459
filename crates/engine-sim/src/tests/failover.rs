//! One failover by hand through the API: what a recovery program will do, in its order, and what the engine says.

use std::time::Duration;

use serde_json::{Value, json};

use super::Lab;
use crate::Order;

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

async fn statuses(lab: &Lab, path: &str, member: &str) -> Vec<(String, String)> {
    let list = lab.get(path).await.json;
    let items = list[member].as_array().cloned().unwrap_or_default();
    let word = |item: &Value, name: &str| item[name].as_str().unwrap_or("absent").to_owned();
    items.iter().map(|item| (word(item, "name"), word(item, "status"))).collect()
}

async fn hosts_are(lab: &Lab, site: &str, status: &str) -> bool {
    statuses(lab, "/hosts", "host").await.iter().filter(|(name, _)| name.starts_with(site)).all(|(_, is)| is == status)
}

#[tokio::test(start_paused = true)]
async fn a_lost_site_is_recovered_at_the_other() {
    let mut lab = Lab::new().await;
    lab.engine.order(Order::LoseSite("alpha".into())).unwrap();
    pass(120).await;
    assert!(hosts_are(&lab, "alpha", "non_responsive").await);
    assert_eq!(statuses(&lab, "/datacenters", "data_center").await, [("dr-dc".into(), "problematic".into())]);
    let vms = statuses(&lab, "/vms", "vm").await;
    assert!(vms.iter().all(|(_, status)| status == "unknown"), "{vms:?}");

    // Refused in the engine's words as long as the host still has its VMs.
    let host = lab.host("alpha-h2");
    let early = lab.post(&format!("/hosts/{host}/deactivate"), r#"{"reason":"site lost"}"#).await;
    let expected =
        "[Cannot switch Host to Maintenance mode.\nHost still has running VMs on it and is in Non Responsive state.]";
    assert_eq!(early.status, 409);
    assert_eq!(
        early.json,
        json!({"fault": {"detail": expected, "reason": "Operation Failed"}, "reason": "site lost", "status": "failed"})
    );

    let cluster = format!("/clusters/{}", lab.cluster());
    let policy = lab.get(&cluster).await.json["fencing_policy"].clone();
    let mut off = policy.clone();
    off["enabled"] = json!("false");
    let changed = lab.put(&cluster, &json!({"fencing_policy": off}).to_string()).await;
    assert_eq!((changed.status, &changed.json["fencing_policy"]), (200, &off));

    lab.engine.order(Order::Promote { site: "beta".into(), others_stay_writable: false }).unwrap();
    for path in ["/exports/data-master", "/exports/data-nfs"] {
        let row = format!("/storageconnections/{}", lab.connection(&format!("10.1.0.250:{path}")));
        let body = json!({"address": "10.2.0.250", "path": path}).to_string();
        let unforced = lab.put(&row, &body).await;
        assert_eq!(unforced.status, 400, "a domain in use needs force: {}", unforced.text);
        let forced = lab.put(&format!("{row}?force=true"), &body).await;
        assert_eq!((forced.status, &forced.json["address"]), (200, &json!("10.2.0.250")));
    }
    for last in [251, 252] {
        let row = format!("/storageconnections/{}?force=true", lab.connection(&format!("10.1.0.{last}:3260")));
        let body =
            json!({"address": format!("10.2.0.{last}"), "port": "3260", "target": "iqn.2016-01.example.beta:array1"});
        let forced = lab.put(&row, &body.to_string()).await;
        assert_eq!(forced.status, 200, "{}", forced.text);
    }

    for name in ["beta-h1", "beta-h2", "beta-h3"] {
        let activated = lab.post(&format!("/hosts/{}/activate", lab.host(name)), "{}").await;
        assert_eq!((activated.status, &activated.json["status"]), (200, &json!("complete")));
    }
    // The engine's own treatment may hold the lock for a while; then each host is confirmed and parked.
    for name in ["alpha-h1", "alpha-h2", "alpha-h3"] {
        let host = lab.host(name);
        let mut tries = 0;
        while lab.post(&format!("/hosts/{host}/fence"), r#"{"fence_type":"manual"}"#).await.status == 409 {
            pass(5).await;
            tries += 1;
            assert!(tries < 60, "{name} cannot be confirmed");
        }
        let parked = lab.post(&format!("/hosts/{host}/deactivate"), "{}").await;
        assert_eq!(parked.status, 200, "{name}: {}", parked.text);
    }
    assert!(hosts_are(&lab, "alpha", "maintenance").await);

    pass(240).await;
    assert!(hosts_are(&lab, "beta", "up").await);
    assert_eq!(statuses(&lab, "/datacenters", "data_center").await, [("dr-dc".into(), "up".into())]);
    let domains = format!("/datacenters/{}/storagedomains", lab.data_center());
    let domains = statuses(&lab, &domains, "storage_domain").await;
    assert!(domains.iter().all(|(_, status)| status == "active"), "{domains:?}");
    for (name, status) in statuses(&lab, "/vms", "vm").await {
        if status == "down" {
            let started = lab.post(&format!("/vms/{}/start", lab.vm(&name)), "{}").await;
            assert_eq!(started.status, 200, "{name}: {}", started.text);
        }
    }
    pass(30).await;
    let vms = statuses(&lab, "/vms", "vm").await;
    assert!(vms.iter().all(|(_, status)| status == "up"), "{vms:?}");

    let back = lab.put(&cluster, &json!({"fencing_policy": policy}).to_string()).await;
    assert_eq!((back.status, &back.json["fencing_policy"]), (200, &policy));
    assert_eq!(lab.engine.violations(), []);
    lab.log_in().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_story() {
    let mut stories = Vec::new();
    for _ in 0..2 {
        let lab = Lab::new().await;
        lab.engine.order(Order::LoseSite("alpha".into())).unwrap();
        pass(300).await;
        stories.push(lab.get("/events").await.text);
    }
    assert_eq!(stories[0], stories[1]);
}
