//! Commands and their traps through the front door, in the words of the recorded exchanges.

use serde_json::{Value, json};

use super::{Got, Lab};
use crate::Order;
use crate::world::Bmc;

fn fault(got: &Got) -> (u16, &Value) {
    (got.status, &got.json["detail"])
}

fn action_fault(got: &Got) -> (u16, &Value) {
    (got.status, &got.json["fault"]["detail"])
}

#[tokio::test(start_paused = true)]
async fn a_host_put_renews_agents_and_an_agents_member_deletes_them() {
    let lab = Lab::new().await;
    let host = format!("/hosts/{}", lab.host("beta-h1"));
    let agents = format!("{host}/fenceagents");
    let before = lab.get(&agents).await.json["agent"][0]["id"].clone();
    assert_eq!(lab.put(&host, "{}").await.status, 200);
    let after = lab.get(&agents).await.json["agent"][0]["id"].clone();
    assert_ne!(before, after);
    assert_eq!(lab.get(&format!("{agents}/{}", before.as_str().unwrap())).await.status, 404);

    let refused = lab.put(&host, r#"{"agents":{"agent":[]}}"#).await;
    let words = json!("[Cannot edit Host. Power Management is enabled for Host but no Agent type selected.]");
    assert_eq!(fault(&refused), (400, &words));
    assert_eq!(lab.put(&host, r#"{"power_management":{"enabled":"false"}}"#).await.status, 200);
    assert_eq!(lab.put(&host, r#"{"agents":{"agent":[]}}"#).await.status, 200);
    assert_eq!(lab.get(&agents).await.json, json!({}));
    assert_eq!(fault(&lab.put(&host, r#"{"power_management":{"enabled":"true"}}"#).await), (400, &words));

    let agent = r#"{"address":"10.100.0.9","type":"ipmilan","username":"admin","order":"1","password":"x"}"#;
    let made = lab.post(&agents, agent).await;
    assert_eq!((made.status, made.json.get("password")), (201, None));
    let on = lab.put(&host, r#"{"power_management":{"enabled":"true"}}"#).await;
    assert_eq!((on.status, &on.json["power_management"]["enabled"]), (200, &json!("true")));
    let last = lab.get(&agents).await.json["agent"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(lab.delete(&format!("{agents}/{last}")).await.status, 200, "the engine does not protect the last one");
}

#[tokio::test(start_paused = true)]
async fn port_and_address_of_a_host_cannot_be_changed() {
    let lab = Lab::new().await;
    let host = format!("/hosts/{}", lab.host("beta-h1"));
    assert_eq!(
        fault(&lab.put(&host, r#"{"port":"54322"}"#).await),
        (400, &json!("[The Host Port number cannot be changed without reinstalling the Host.]"))
    );
    let words = "[Host Address can not be modified due to Security restrictions.  In order to change Host Address, Host has to be reinstalled]";
    assert_eq!(fault(&lab.put(&host, r#"{"address":"10.9.9.9"}"#).await), (400, &json!(words)));
}

#[tokio::test(start_paused = true)]
async fn a_fencing_policy_is_replaced_whole() {
    let lab = Lab::new().await;
    let cluster = format!("/clusters/{}", lab.cluster());
    let policy = |got: &Got| got.json["fencing_policy"].clone();
    let flags = r#"{"fencing_policy":{"enabled":"true","skip_if_sd_active":{"enabled":"true"},"skip_if_connectivity_broken":{"enabled":"true","threshold":"40"}}}"#;
    let set = lab.put(&cluster, flags).await;
    assert_eq!(policy(&set)["skip_if_connectivity_broken"], json!({"enabled": "true", "threshold": "40"}));
    let partial = lab.put(&cluster, r#"{"fencing_policy":{"enabled":"false"}}"#).await;
    let defaults = json!({
        "enabled": "false",
        "skip_if_connectivity_broken": {"enabled": "false", "threshold": "50"},
        "skip_if_gluster_bricks_up": "false",
        "skip_if_gluster_quorum_not_met": "false",
        "skip_if_sd_active": {"enabled": "false"},
    });
    assert_eq!(policy(&partial), defaults);
    let broken = lab.put(&cluster, r#"{"fencing_policy":{"enabled":"true","skip_if_sd_active":{}}}"#).await;
    assert_eq!((broken.status, &broken.json), (500, &json!({"reason": "Operation Failed"})));
    assert_eq!(policy(&lab.get(&cluster).await), defaults, "nothing was stored");
    assert_eq!(policy(&lab.put(&cluster, r#"{"fencing_policy":{}}"#).await)["enabled"], "true");
}

#[tokio::test(start_paused = true)]
async fn a_question_to_a_power_controller_fails_with_200() {
    let lab = Lab::new().await;
    let fence = format!("/hosts/{}/fence", lab.host("beta-h3"));
    let on = lab.post(&fence, r#"{"fence_type":"status"}"#).await;
    assert_eq!(
        (on.status, on.json),
        (200, json!({"fence_type": "status", "power_management": {"status": "on"}, "status": "complete"}))
    );
    lab.engine.order(Order::SetHostBmc { host: "beta-h3".into(), bmc: Bmc::Dead }).unwrap();
    let failed = lab.post(&fence, r#"{"fence_type":"status"}"#).await;
    assert_eq!((failed.status, &failed.json["status"]), (200, &json!("failed")));
    assert!(failed.json["fault"]["reason"].as_str().unwrap().starts_with("Unable to connect/login to fencing device"));
    assert_eq!(failed.json["fault"].get("detail"), None);
}

#[tokio::test(start_paused = true)]
async fn tags_are_made_named_assigned_and_removed() {
    let lab = Lab::new().await;
    let description = json!({"enabled": "true"}).to_string();
    let body = json!({"name": "ovirt-dr.owed.policy.dr-cluster", "description": description}).to_string();
    let made = lab.post("/tags", &body).await;
    assert_eq!((made.status, &made.json["description"]), (201, &json!(description)));
    assert!(made.headers["location"].to_str().unwrap().ends_with(made.json["href"].as_str().unwrap()));
    assert_eq!(fault(&lab.post("/tags", &body).await), (409, &json!("[The specified Tag name already exists.]")));
    let spaced = lab.post("/tags", r#"{"name":"with space"}"#).await;
    let words = "[Invalid tag name. Only letters, numbers, '-', and '_' are valid characters., Attribute: _tag.name]";
    assert_eq!(fault(&spaced), (400, &json!(words)));

    let host_tags = format!("/hosts/{}/tags", lab.host("alpha-h1"));
    let assign = r#"{"name":"ovirt-dr.owed.policy.dr-cluster"}"#;
    assert_eq!(lab.post(&host_tags, assign).await.status, 201);
    assert_eq!(lab.post(&host_tags, assign).await.status, 201, "again is no error");
    let unknown = lab.post(&host_tags, r#"{"name":"does_not_exist"}"#).await;
    assert_eq!(fault(&unknown), (404, &json!("Entity not found: does_not_exist")));
    let found = lab.get("/hosts?search=tag%3Dovirt-dr.owed.policy.dr-cluster&follow=tags").await.json;
    assert_eq!(found["host"].as_array().unwrap().len(), 1);
    assert_eq!(found["host"][0]["tags"]["tag"][0]["description"], json!(""), "as a running engine shows it there");

    let id = made.json["id"].as_str().unwrap();
    let changed = lab.put(&format!("/tags/{id}"), r#"{"description":"changed"}"#).await;
    assert_eq!((changed.status, &changed.json["description"]), (200, &json!("changed")));
    let unassign = lab.delete(&format!("{host_tags}/{id}")).await;
    assert_eq!((unassign.status, unassign.json), (200, json!({"status": "complete"})));
    assert_eq!(lab.delete(&format!("{host_tags}/{id}")).await.status, 404);
    assert_eq!(lab.delete(&format!("/tags/{id}")).await.status, 200);
    assert_eq!(lab.get(&format!("/tags/{id}")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn connections_are_merged_and_refused_as_the_engine_does() {
    let lab = Lab::new().await;
    let row = format!("/storageconnections/{}?force=true", lab.connection("10.1.0.250:/exports/data-nfs"));
    let taken = lab.put(&row, r#"{"address":"10.1.0.250","path":"/exports/data-master"}"#).await;
    assert_eq!(taken.status, 409);
    assert!(taken.json["detail"].as_str().unwrap().ends_with("already exists for data-master.]"));
    let illegal = lab.put(&row, r#"{"address":"10.2.0.250","path":"exports no slash"}"#).await;
    let words = json!("[Mount path is illegal, please use [IP:/path or FQDN:/path] convention.]");
    assert_eq!(fault(&illegal), (400, &words));
    let timeo = lab.put(&row, r#"{"nfs_timeo":"0"}"#).await;
    let words = json!("[NFS Timeout should be between 1 and 6000, Attribute: privateStorageServerConnection.nfsTimeo]");
    assert_eq!(fault(&timeo), (400, &words));
    let half = lab.put(&row, r#"{"address":"10.2.0.250"}"#).await;
    assert_eq!((half.status, &half.json["path"]), (200, &json!("/exports/data-nfs")));

    let made =
        lab.post("/storageconnections", r#"{"type":"posixfs","address":"ceph-a","path":"/ovirt","vfs_type":"ceph"}"#);
    let made = made.await;
    assert_eq!((made.status, &made.json["vfs_type"]), (201, &json!("ceph")), "{}", made.text);
    let posix = format!("/storageconnections/{}", made.json["id"].as_str().unwrap());
    let address_alone = lab.put(&posix, r#"{"address":"ceph-b"}"#).await;
    assert_eq!(address_alone.json["address"], "ceph-a", "silently ignored");
    let path_alone = lab.put(&posix, r#"{"path":"/ovirt2"}"#).await;
    assert_eq!(path_alone.json.get("address"), None, "the address is gone");
    assert_eq!(lab.delete(&posix).await.status, 200);
    let in_use = lab.delete(row.split('?').next().unwrap()).await;
    assert_eq!(in_use.status, 409, "{}", in_use.text);

    let incomplete = lab.post("/storageconnections", r#"{"type":"iscsi","address":"10.2.2.2","target":"iqn.x"}"#).await;
    assert_eq!(
        (incomplete.status, incomplete.json),
        (400, json!({"detail": "StorageConnection [port] required for add", "reason": "Incomplete parameters"}))
    );
}

#[tokio::test(start_paused = true)]
async fn the_host_member_of_a_connection_put_throws_the_domain_into_maintenance() {
    let lab = Lab::new().await;
    let row = format!("/storageconnections/{}?force=true", lab.connection("10.1.0.251:3260"));
    let body = json!({"port": "3260", "host": {"id": lab.host("alpha-h2")}}).to_string();
    assert_eq!(lab.put(&row, &body).await.status, 200);
    let path = format!("/datacenters/{}/storagedomains/{}", lab.data_center(), lab.domain("data-iscsi"));
    assert_eq!(lab.get(&path).await.json["status"], "maintenance");
    let activated = lab.post(&format!("{path}/activate"), "{}").await;
    assert_eq!((activated.status, &activated.json["status"]), (200, &json!("complete")), "{}", activated.text);
    assert_eq!(activated.json["storage_domain"]["id"], json!(lab.domain("data-iscsi")));
    let unknown = json!({"port": "3260", "host": {"id": "00000000-0000-0000-0000-00000000dead"}}).to_string();
    assert_eq!(fault(&lab.put(&row, &unknown).await), (400, &json!("[Internal Engine Error]")));
}

#[tokio::test(start_paused = true)]
async fn vms_refuse_what_their_status_does_not_allow() {
    let lab = Lab::new().await;
    let vm = format!("/vms/{}", lab.vm("vm1"));
    let start = lab.post(&format!("{vm}/start"), "{}").await;
    assert_eq!(action_fault(&start), (409, &json!("[Cannot run VM because the VM is in Up status.]")));
    let off = lab.put(&vm, r#"{"high_availability":{"enabled":"false"}}"#).await;
    assert_eq!((off.status, &off.json["high_availability"]["enabled"]), (200, &json!("false")));
    let pin = json!({"placement_policy": {"affinity": "pinned", "hosts": {"host": [{"id": lab.host("alpha-h1")}]}}});
    let pinned = lab.put(&vm, &pin.to_string()).await;
    assert_eq!(
        pinned.json["placement_policy"]["hosts"]["host"][0]["id"],
        json!(lab.host("alpha-h1")),
        "{}",
        pinned.text
    );
    let drain =
        lab.post(&format!("/hosts/{}/deactivate", lab.host("alpha-h1")), r#"{"reason":"pinned VM on it"}"#).await;
    assert_eq!((drain.status, &drain.json["reason"]), (409, &json!("pinned VM on it")));
    let cleared = lab.put(&vm, r#"{"placement_policy":{"affinity":"migratable"}}"#).await;
    assert_eq!(cleared.json["placement_policy"], json!({"affinity": "migratable"}));
    let shutdown = lab.post(&format!("{vm}/shutdown"), r#"{"reason":"planned migration"}"#).await;
    assert_eq!((shutdown.status, &shutdown.json["reason"]), (200, &json!("planned migration")), "{}", shutdown.text);
    assert_eq!(shutdown.json["vm"]["id"], json!(lab.vm("vm1")));
}
