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
    /// The address of that host.
    pub(crate) address: Option<&'a str>,
    pub(crate) storage_domain: Option<&'a str>,
    pub(crate) vm: Option<&'a str>,
}

/// Who an event says it was done by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    Nobody,
    /// The engine itself, shown as `SYSTEM` without an id.
    System,
    User,
}

/// Which objects an event of a kind names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) cluster: bool,
    pub(crate) data_center: bool,
    /// The template of the VM.
    pub(crate) template: bool,
    pub(crate) author: Author,
}

impl Look {
    /// As seen of this code; `None` for a code that was not seen.
    pub(crate) fn of(code: u32) -> Option<Look> {
        let look = |cluster, data_center, template, author| Some(Look { cluster, data_center, template, author });
        match code {
            12 | 142 | 143 | 204 | 996 | 9000..=9008 | 9020 | 9021 | 9027 | 9603 | 9801..=9804 => {
                look(false, false, false, Author::Nobody)
            }
            61 | 119 => look(true, false, true, Author::Nobody),
            188 | 9010 | 9011 | 9015 | 9016 => look(true, false, false, Author::Nobody),
            13 | 496 | 497 | 539 | 979 | 980 | 985 | 987 | 994 | 995 => look(true, true, false, Author::System),
            19 | 522 | 835 | 9502 => look(true, false, false, Author::System),
            506 | 507 => look(true, true, true, Author::System),
            16 | 20 | 21 | 41 | 43 | 118 | 137 | 159 | 348 | 600 | 620 | 811 | 9017..=9019 => {
                look(true, false, false, Author::User)
            }
            494 => look(true, true, false, Author::User),
            32 | 33 | 35 | 54 | 62 | 65 | 73 | 153 => look(true, true, true, Author::User),
            30 | 31 | 432 | 440 | 14001 => look(false, false, false, Author::User),
            _ => None,
        }
    }
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
    let look = Look::of(event.code);
    let host = match event.code {
        // The one kind that names its host by address and without an id.
        204 => names.address.map(|address| json!({"name": address})),
        _ => named("hosts", about.host.map(|id| id.to_string()), names.host),
    };
    set(&mut tree, "host", host);
    set(
        &mut tree,
        "storage_domain",
        named("storagedomains", about.domain.map(|id| id.to_string()), names.storage_domain),
    );
    if about.vm.is_some() && look.is_none_or(|look| look.template) {
        tree["template"] = frame.named_reference("templates", super::links::NO_ID, "Blank");
    }
    // Of a kind that was not seen: who asked has a correlation id.
    let asked = if event.correlation_id.is_some() { Author::User } else { Author::Nobody };
    match look.map_or(asked, |look| look.author) {
        Author::Nobody => {}
        Author::System => tree["user"] = json!({"name": "SYSTEM"}),
        Author::User => tree["user"] = frame.named_reference("users", USER, "admin@internal-authz"),
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
