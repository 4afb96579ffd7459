//! Events and jobs.

use serde_json::{Value, json};

use super::links::{Frame, actions, links, set, word};
use crate::world::{Event, Job};

/// The user that everything here is done by.
pub(crate) const USER: &str = "92d911ec-e800-11f1-bad5-02fc00000001";

/// Names of the objects an event is about, where they still exist.
#[derive(Default)]
pub(crate) struct Names<'a> {
    pub(crate) cluster: Option<&'a str>,
    pub(crate) data_center: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    pub(crate) storage_domain: Option<&'a str>,
    pub(crate) vm: Option<&'a str>,
}

/// An entry of `/events`.
pub(crate) fn event(frame: &Frame, event: &Event, names: &Names<'_>) -> Value {
    let mut tree = json!({"code": word(event.code)});
    set(&mut tree, "correlation_id", event.correlation_id.clone().map(Value::from));
    tree["custom_id"] = json!("-1");
    tree["flood_rate"] = json!("0");
    tree["index"] = word(event.id);
    tree["origin"] = json!(event.origin);
    tree["severity"] = json!(event.severity.as_str());
    tree["time"] = frame.date(event.at);
    let about = &event.about;
    let named = |collection: &str, id: Option<String>, name: Option<&str>| {
        id.map(|id| frame.named_reference(collection, id, name.unwrap_or_default()))
    };
    set(&mut tree, "cluster", named("clusters", about.cluster.map(|id| id.to_string()), names.cluster));
    set(&mut tree, "data_center", named("datacenters", about.data_center.map(|id| id.to_string()), names.data_center));
    set(&mut tree, "host", named("hosts", about.host.map(|id| id.to_string()), names.host));
    set(
        &mut tree,
        "storage_domain",
        named("storagedomains", about.domain.map(|id| id.to_string()), names.storage_domain),
    );
    if about.vm.is_some() {
        tree["template"] = frame.named_reference("templates", super::links::NO_ID, "Blank");
    }
    // Events of the engine itself name no user.
    if event.correlation_id.is_some() {
        tree["user"] = frame.named_reference("users", USER, "admin@internal-authz");
    }
    set(&mut tree, "vm", named("vms", about.vm.map(|id| id.to_string()), names.vm));
    tree["description"] = json!(event.description);
    tree["href"] = json!(frame.href("events", event.id));
    tree["id"] = word(event.id);
    tree
}

/// An entry of `/jobs`. Its correlation id is not shown: only the search links them.
pub(crate) fn job(frame: &Frame, job: &Job) -> Value {
    let href = frame.href("jobs", job.id);
    let mut tree = json!({"auto_cleared": "true"});
    set(&mut tree, "end_time", job.end_time.map(|at| frame.date(at)));
    tree["external"] = json!("false");
    tree["last_updated"] = frame.date(job.end_time.unwrap_or(job.start_time));
    tree["start_time"] = frame.date(job.start_time);
    tree["status"] = json!(job.status.as_str());
    tree["owner"] = frame.reference("users", USER);
    tree["actions"] = actions(&href, &["clear", "end"]);
    tree["description"] = json!(job.description);
    tree["link"] = links(&href, &["steps"]);
    tree["href"] = json!(href);
    tree["id"] = json!(job.id.to_string());
    tree
}
