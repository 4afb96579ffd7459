//! `GET /ovirt-engine/api`.

use http::HeaderName;
use http::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::links::{Frame, NO_ID};
use super::render_event::USER;
use super::request::Call;
use super::router::wrong_method;
use crate::state::State;
use crate::world::{DomainStatus, HostStatus, VmStatus};

/// The collections a root document links to, in its order; those with `/search` can be searched.
const LINKS: &[&str] = &[
    "clusters",
    "clusters/search",
    "datacenters",
    "datacenters/search",
    "events",
    "events/search",
    "hosts",
    "hosts/search",
    "networks",
    "networks/search",
    "roles",
    "storagedomains",
    "storagedomains/search",
    "tags",
    "bookmarks",
    "icons",
    "templates",
    "templates/search",
    "instancetypes",
    "instancetypes/search",
    "users",
    "users/search",
    "groups",
    "groups/search",
    "domains",
    "vmpools",
    "vmpools/search",
    "vms",
    "vms/search",
    "disks",
    "disks/search",
    "jobs",
    "storageconnections",
    "vnicprofiles",
    "diskprofiles",
    "cpuprofiles",
    "schedulingpolicyunits",
    "schedulingpolicies",
    "permissions",
    "macpools",
    "networkfilters",
    "operatingsystems",
    "externalhostproviders",
    "openstackimageproviders",
    "openstackvolumeproviders",
    "openstacknetworkproviders",
    "katelloerrata",
    "affinitylabels",
    "clusterlevels",
    "imagetransfers",
    "externalvmimports",
    "externaltemplateimports",
];

/// The root document. While the database is down it is answered from memory, with an empty `summary`.
pub(crate) fn get(state: &mut State, call: &Call) -> Answer {
    if call.method != Method::GET && call.method != Method::HEAD {
        return wrong_method();
    }
    let summary = if state.database_is_down(call.fault.as_ref()) { "{}".to_owned() } else { summary(state) };
    let time = state.frame(call.api).date(state.world.now);
    let instance_id = &state.world.instance_id;
    state.root.take_if(|kept| kept.api != call.api || kept.base != call.base || kept.instance_id != *instance_id);
    let kept = match state.root.take() {
        Some(kept) => kept,
        None => Root::of(&state.frame(call.api), call, instance_id),
    };
    let mut answer = if call.is_plain() {
        Answer::written(format!(r#"{}"summary":{summary},"time":{time}{}"#, kept.before, kept.after))
    } else {
        let mut tree = kept.tree.clone();
        tree["summary"] = serde_json::from_str(&summary).unwrap_or_default();
        tree["time"] = time;
        Answer::ok("api", tree)
    };
    answer.headers.push((HeaderName::from_static("link"), kept.header.clone()));
    state.root = Some(kept);
    answer
}

/// The root document but for what it counts and the time: most of it, and always the same.
#[derive(Debug)]
pub(crate) struct Root {
    api: &'static str,
    base: String,
    instance_id: String,
    /// All of it, with an empty `summary` and time 0.
    tree: Value,
    /// Its text up to `summary`, and what comes after `time`.
    before: String,
    after: String,
    header: String,
}

/// What stands in the kept document where answers differ.
const EMPTY: &str = r#""summary":{},"time":0"#;

impl Root {
    fn of(frame: &Frame, call: &Call, instance_id: &str) -> Root {
        let links: Vec<Value> = LINKS.iter().map(|rel| json!({"href": href(call.api, rel), "rel": rel})).collect();
        let tree = json!({
            "engine_backup": {},
            "product_info": {
                "instance_id": instance_id,
                "name": "oVirt Engine",
                "version": {"build": "8", "full_version": "4.5.8", "major": "4", "minor": "5", "revision": "0"},
            },
            "special_objects": {
                "blank_template": frame.reference("templates", NO_ID),
                "root_tag": frame.reference("tags", NO_ID),
            },
            "summary": {},
            "time": 0,
            "authenticated_user": frame.reference("users", USER),
            "effective_user": frame.reference("users", USER),
            "link": links,
        });
        let text = tree.to_string();
        let (before, after) = text.split_once(EMPTY).unwrap_or_default();
        let header: Vec<String> =
            LINKS.iter().map(|rel| format!("<{}{}>; rel={rel}", call.base, href(call.api, rel))).collect();
        Root {
            api: call.api,
            base: call.base.clone(),
            instance_id: instance_id.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
            tree,
            header: header.join(","),
        }
    }
}

fn href(api: &str, rel: &str) -> String {
    match rel.split_once('/') {
        None => format!("{api}/{rel}"),
        Some(("events", _)) => format!("{api}/events;from={{event_id}}?search={{query}}"),
        Some((collection, _)) => format!("{api}/{collection}?search={{query}}"),
    }
}

/// As text: it is asked for in every pass of a daemon.
fn summary(state: &State) -> String {
    let world = &state.world;
    let active_hosts = world
        .hosts
        .values()
        .filter(|host| matches!(host.status, HostStatus::Up | HostStatus::PreparingForMaintenance))
        .count();
    let active_domains = world
        .domains
        .values()
        .filter(|domain| domain.attached.is_some_and(|place| place.status == DomainStatus::Active))
        .count();
    let active_vms = world.vms.values().filter(|vm| counts_as_active(vm.status)).count();
    let count = |active, total| format!(r#"{{"active":"{active}","total":"{total}"}}"#);
    format!(
        r#"{{"hosts":{},"storage_domains":{},"users":{},"vms":{}}}"#,
        count(active_hosts, world.hosts.len()),
        count(active_domains, world.domains.len()),
        count(1, 1),
        count(active_vms, world.vms.len()),
    )
}

fn counts_as_active(status: VmStatus) -> bool {
    match status {
        VmStatus::Up
        | VmStatus::PoweringUp
        | VmStatus::PoweringDown
        | VmStatus::Migrating
        | VmStatus::WaitForLaunch
        | VmStatus::RebootInProgress
        | VmStatus::Paused
        | VmStatus::Unknown => true,
        VmStatus::Unassigned
        | VmStatus::Down
        | VmStatus::NotResponding
        | VmStatus::SavingState
        | VmStatus::RestoringState
        | VmStatus::Suspended
        | VmStatus::ImageLocked => false,
    }
}
