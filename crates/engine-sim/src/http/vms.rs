//! `/vms` and everything below it.

use http::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::body::{bool_at, integer_at, read, text_at};
use super::command::{Reply, Style, as_written, complete, run};
use super::hosts::immutable_id;
use super::links::{Frame, collection};
use super::list::{follow_failed, plain, searched};
use super::render_vm::{active_snapshot, disk, disk_attachment, vm, vm_of_action};
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::schema::{ACTION, VM};
use super::search::{Field, Row};
use super::tags;
use crate::state::State;
use crate::world::{Affinity, Command, DiskStorage, HostId, Placement, Tagged, Vm, VmChange, VmId, VmStatus};

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    let get = call.method == Method::GET || call.method == Method::HEAD;
    let Some((id, below)) = below.split_first() else {
        return match (get, call.is_plain()) {
            (true, true) => written(state, call).into(),
            (true, false) => list(state, call).into(),
            (false, _) => wrong_method().into(),
        };
    };
    let Ok(id) = id.parse::<VmId>() else { return Answer::not_found().into() };
    if let [action] = below
        && call.method == Method::POST
        && *action != "tags"
    {
        return act(state, call, id, action);
    }
    let Some(found) = state.world.vms.get(&id) else { return Answer::not_found().into() };
    match below {
        [] if get && call.is_plain() => {
            let frame = state.frame(call.api);
            Answer::written(state.vm_texts.one(&frame, &state.world, found)).into()
        }
        [] if get => one(state, call, found).into(),
        [] if call.method == Method::PUT => update(state, call, id),
        ["tags", below @ ..] => tags::assigned_handle(state, call, Tagged::Vm(id), below),
        ["diskattachments"] if get => attachments(state, call, found).into(),
        ["diskattachments", disk] if get => one_attachment(state, call, found, disk).into(),
        ["snapshots"] if get => {
            plain("snapshots", "snapshot", call, vec![active_snapshot(&state.frame(call.api), found)]).into()
        }
        [
            name @ ("nics" | "cdroms" | "applications" | "sessions" | "statistics" | "numanodes" | "hostdevices"
            | "watchdogs" | "graphicsconsoles" | "reporteddevices" | "backups" | "checkpoints" | "permissions"
            | "affinitylabels" | "mediateddevices"),
        ] if get => super::empty::collection(name).into(),
        [_] | [_, _] if get => Answer::not_found().into(),
        _ => no_resource(call).into(),
    }
}

fn written(state: &mut State, call: &Call) -> Answer {
    let frame = state.frame(call.api);
    Answer::written(state.vm_texts.list(&frame, &state.world))
}

fn list(state: &State, call: &Call) -> Answer {
    let frame = state.frame(call.api);
    let follow = call.follow();
    let mut all: Vec<&Vm> = state.world.vms.values().collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let mut rows = Vec::with_capacity(all.len());
    for each in all {
        let mut tree = tree_of(state, &frame, each);
        if let Err(link) = follow_links(state, &frame, each, &follow, &mut tree) {
            return follow_failed(call, &link, "Vms");
        }
        // Fields cost several look-ups a VM and are needed by a search only.
        let fields = if call.parameter("search").is_some() { fields(state, each) } else { Vec::new() };
        rows.push(Row { tree, fields });
    }
    searched("vms", "vm", call, rows)
}

fn one(state: &State, call: &Call, found: &Vm) -> Answer {
    let frame = state.frame(call.api);
    let mut tree = tree_of(state, &frame, found);
    match follow_links(state, &frame, found, &call.follow(), &mut tree) {
        Ok(()) => Answer::ok("vm", tree),
        Err(link) => follow_failed(call, &link, "Vm"),
    }
}

fn tree_of(state: &State, frame: &Frame, each: &Vm) -> Value {
    let host = each.host.and_then(|host| state.world.hosts.get(&host));
    vm(frame, each, host.map(|host| host.address.as_str()))
}

fn follow_links(state: &State, frame: &Frame, each: &Vm, follow: &[String], tree: &mut Value) -> Result<(), String> {
    for path in follow {
        match path.as_str() {
            "tags" => tree["tags"] = collection("tag", tags::assigned_trees(state, frame, Tagged::Vm(each.id))),
            "diskattachments" | "diskattachments.disk" => {
                let items = attachment_trees(state, frame, each, path.ends_with(".disk"));
                tree["disk_attachments"] = collection("disk_attachment", items);
            }
            "snapshots" => tree["snapshots"] = json!({"snapshot": [active_snapshot(frame, each)]}),
            "nics" | "cdroms" | "watchdogs" | "permissions" | "statistics" => tree[path.as_str()] = json!({}),
            "affinitylabels" => tree["affinity_labels"] = json!({}),
            // A link whose member is absent fails the whole answer: a VM that does not run has no host.
            "host" => {
                let host = each.host.and_then(|host| state.world.hosts.get(&host)).ok_or_else(|| path.clone())?;
                tree["host"] = super::render_host::host(frame, host, state.world.spm_status(host.id));
            }
            other => return Err(other.to_owned()),
        }
    }
    Ok(())
}

fn fields(state: &State, each: &Vm) -> Vec<Field> {
    let world = &state.world;
    let cluster = world.clusters.get(&each.cluster);
    let data_center = cluster.and_then(|cluster| world.data_centers.get(&cluster.data_center));
    let host = each.host.and_then(|host| world.hosts.get(&host)).map(|host| host.name.clone()).unwrap_or_default();
    let domains = each.disks.iter().filter_map(|disk| world.disks.get(disk)).filter_map(|disk| match &disk.storage {
        DiskStorage::Image { domain } => world.domains.get(domain).map(|domain| domain.name.clone()),
        DiskStorage::Lun { lun: _, connections: _ } => None,
    });
    let statuses = VmStatus::ALL.iter().map(|status| status.as_str()).collect();
    vec![
        Field::text("name", &each.name),
        Field::text("comment", &each.comment),
        Field::text("description", &each.description),
        Field::word("status", each.status.as_str(), statuses),
        Field::text("host.name", &host),
        Field::text("on_host", &host),
        Field::text("host", &host),
        Field::text("cluster", cluster.map_or("", |cluster| &cluster.name)),
        Field::text("datacenter", data_center.map_or("", |data_center| &data_center.name)),
        Field::texts("storage.name", domains.collect()),
        Field::texts("tag", tags::names(state, &each.tags)),
        Field::text("id", each.id.to_string()),
    ]
}

fn attachment_trees(state: &State, frame: &Frame, each: &Vm, with_disk: bool) -> Vec<Value> {
    let disks = each.disks.iter().filter_map(|id| state.world.disks.get(id));
    disks
        .map(|row| {
            let whole = with_disk.then(|| disk(frame, row, super::disks::data_center_of(state, row)));
            disk_attachment(frame, each, row, whole)
        })
        .collect()
}

fn attachments(state: &State, call: &Call, found: &Vm) -> Answer {
    let follow = call.follow();
    if let Some(link) = follow.iter().find(|link| *link != "disk") {
        return follow_failed(call, link, "DiskAttachments");
    }
    let items = attachment_trees(state, &state.frame(call.api), found, !follow.is_empty());
    plain("disk_attachments", "disk_attachment", call, items)
}

fn one_attachment(state: &State, call: &Call, found: &Vm, id: &str) -> Answer {
    let trees = attachment_trees(state, &state.frame(call.api), found, call.follow().contains(&"disk".to_owned()));
    let tree = trees.into_iter().find(|tree| tree["id"] == id);
    tree.map_or_else(Answer::not_found, |tree| Answer::ok("disk_attachment", tree))
}

fn update(state: &mut State, call: &Call, id: VmId) -> Reply {
    let body = match read(call, &VM, "vm/methods/update") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    if let Some(answer) = immutable_id(&body, &id.to_string()) {
        return answer.into();
    }
    let lease = match body.get("lease") {
        None => None,
        Some(lease) => match text_at(lease, "/storage_domain/id") {
            None => Some(None),
            Some(domain) => match domain.parse() {
                Ok(domain) => Some(Some(domain)),
                Err(_) => return Answer::fault(400, "Operation failed", Some("Invalid UUID string")).into(),
            },
        },
    };
    let placement = match placement_of(state, &body, id) {
        Ok(placement) => placement,
        Err(answer) => return answer.into(),
    };
    let change = VmChange {
        name: text_at(&body, "/name"),
        description: text_at(&body, "/description"),
        comment: text_at(&body, "/comment"),
        ha_enabled: bool_at(&body, "/high_availability/enabled"),
        ha_priority: integer_at(&body, "/high_availability/priority").and_then(|value| u32::try_from(value).ok()),
        memory: integer_at(&body, "/memory").and_then(|value| u64::try_from(value).ok()),
        placement,
        lease,
    };
    run(state, call, Command::UpdateVm { vm: id, change }, Style::Bare, move |state, frame, _| {
        match state.world.vms.get(&id) {
            Some(each) => {
                let mut tree = tree_of(state, frame, each);
                add_all_content(&mut tree);
                Answer::ok("vm", tree)
            }
            None => Answer::not_found(),
        }
    })
}

/// Members that only the answer to a PUT has.
fn add_all_content(tree: &mut Value) {
    tree["console"] = json!({"enabled": "false"});
    tree["initialization"] = json!({"configuration": {"data": "", "type": "ovf"}});
    tree["rng_device"] = json!({"source": "urandom"});
    tree["soundcard_enabled"] = json!("true");
    tree["tpm_enabled"] = json!("false");
    tree["virtio_scsi"] = json!({"enabled": "true"});
}

/// `placement_policy` of a body: naming it without hosts clears them.
fn placement_of(state: &State, body: &Value, id: VmId) -> Result<Option<Placement>, Answer> {
    let Some(policy) = body.get("placement_policy") else { return Ok(None) };
    let before = state.world.vms.get(&id).map_or(Affinity::Migratable, |vm| vm.placement.affinity);
    let affinity = text_at(policy, "/affinity").and_then(|word| word.parse().ok()).unwrap_or(before);
    let mut hosts = Vec::new();
    for reference in policy.get("hosts").and_then(Value::as_array).into_iter().flatten() {
        let name = text_at(reference, "/name");
        let by_id = text_at(reference, "/id").and_then(|id| id.parse::<HostId>().ok());
        let by_name = name.as_deref().and_then(|name| state.world.host_named(name)).map(|host| host.id);
        match by_id.or(by_name) {
            Some(host) if state.world.hosts.contains_key(&host) => hosts.push(host),
            Some(_) | None => {
                let what = name.or_else(|| text_at(reference, "/id")).unwrap_or_default();
                return Err(Answer::entity_not_found(&what));
            }
        }
    }
    Ok(Some(Placement { affinity, hosts }))
}

fn act(state: &mut State, call: &Call, id: VmId, action: &str) -> Reply {
    const KNOWN: &[&str] = &["start", "stop", "shutdown", "migrate", "suspend", "reboot", "reset"];
    if !KNOWN.contains(&action) {
        return no_resource(call).into();
    }
    let body = match read(call, &ACTION, &format!("vm/methods/{action}")) {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    let reason = text_at(&body, "/reason");
    let command = match action {
        "start" => Command::StartVm { vm: id },
        "stop" => Command::StopVm { vm: id, reason },
        "shutdown" => Command::ShutdownVm { vm: id, reason },
        "migrate" => {
            let by_id = text_at(&body, "/host/id").and_then(|host| host.parse().ok());
            let by_name =
                text_at(&body, "/host/name").and_then(|name| state.world.host_named(&name).map(|host| host.id));
            Command::MigrateVm { vm: id, host: by_id.or(by_name) }
        }
        _ => return unsupported(state, id, action, &body).into(),
    };
    let echo = as_written(&body);
    run(state, call, command, Style::action(&body), move |_, frame, done| {
        complete(echo, Some(("vm", vm_of_action(frame, id))), frame, done)
    })
}

/// Suspend, reboot and reset have no guests behind them here; what is refused is refused in the engine's words.
fn unsupported(state: &State, id: VmId, action: &str, body: &Value) -> Answer {
    let status = state.world.vms.get(&id).map(|vm| vm.status);
    let detail = match (action, status) {
        (_, None) => format!("[Cannot {action} VM. VM is not found.]"),
        ("suspend", Some(_)) => "[Cannot hibernate VM. VM is not up.]".to_owned(),
        (_, Some(status)) => {
            let word = status.as_str();
            let capital: String =
                word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
            let verb = if action == "reboot" { "restart" } else { action };
            format!("[Cannot {verb} VM because the VM is in {capital} status.]")
        }
    };
    let code = if status.is_some() { 409 } else { 400 };
    Answer::failed_action(code, as_written(body), "Operation Failed", Some(&detail))
}
