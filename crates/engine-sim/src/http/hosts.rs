//! `/hosts` and everything below it.

use http::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::body::{bool_at, integer_at, read, text_at};
use super::command::{Reply, Style, as_written, complete, deleted, run};
use super::links::{Frame, collection, set};
use super::list::{follow_failed, plain, searched};
use super::render_domain::luns;
use super::render_host::{fence_agent, host, host_of_action, host_storage};
use super::render_network::host_nic;
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::schema::{ACTION, AGENT, HOST};
use super::search::{Field, Row};
use super::{empty, render_cluster, tags};
use crate::state::State;
use crate::world::{AgentId, Command, FenceType, Host, HostChange, HostId, HostStatus, Outcome, StorageType, Tagged};

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    let get = call.method == Method::GET || call.method == Method::HEAD;
    let Some((id, below)) = below.split_first() else {
        return match (get, call.is_plain() && !wants_all_content(call)) {
            (true, true) => written(state, call).into(),
            (true, false) => list(state, call).into(),
            (false, _) => wrong_method().into(),
        };
    };
    let Ok(id) = id.parse::<HostId>() else { return Answer::not_found().into() };
    match below {
        [] if get && call.is_plain() && !wants_all_content(call) => written_one(state, call, id).into(),
        [] if get => one(state, call, id).into(),
        [] if call.method == Method::PUT => update(state, call, id),
        [] if call.method == Method::DELETE => run(state, call, Command::RemoveHost { host: id }, Style::Bare, deleted),
        ["fenceagents"] if get => fence_agents(state, call, id).into(),
        ["fenceagents"] if call.method == Method::POST => add_fence_agent(state, call, id),
        ["fenceagents", agent] => one_fence_agent(state, call, id, agent),
        ["tags", below @ ..] if state.world.hosts.contains_key(&id) => {
            tags::assigned_handle(state, call, Tagged::Host(id), below)
        }
        ["nics"] if get => match state.world.hosts.get(&id) {
            Some(host) => plain("host_nics", "host_nic", call, vec![nic(state, &state.frame(call.api), host)]).into(),
            None => Answer::not_found().into(),
        },
        ["storage"] if get => storage(state, call, id).into(),
        [name @ ("statistics" | "permissions" | "affinitylabels" | "hooks" | "devices" | "networkattachments")]
            if get =>
        {
            empty::collection(name).into()
        }
        [action] if call.method == Method::POST => act(state, call, id, action),
        [_] | [_, _] if get => Answer::not_found().into(),
        _ => no_resource(call).into(),
    }
}

fn written(state: &mut State, call: &Call) -> Answer {
    let frame = state.frame(call.api);
    Answer::written(state.host_texts.list(&frame, &state.world))
}

fn written_one(state: &mut State, call: &Call, id: HostId) -> Answer {
    let frame = state.frame(call.api);
    let Some(found) = state.world.hosts.get(&id) else { return Answer::not_found() };
    Answer::written(state.host_texts.one(&frame, &state.world, found))
}

fn list(state: &State, call: &Call) -> Answer {
    if let Some(migration_target) = call.parameter("migration_target_of") {
        tracing::debug!(migration_target, "migration_target_of is not simulated: all hosts are listed");
    }
    let frame = state.frame(call.api);
    let follow = call.follow();
    let mut hosts: Vec<&Host> = state.world.hosts.values().collect();
    hosts.sort_by(|a, b| a.name.cmp(&b.name));
    let mut rows = Vec::with_capacity(hosts.len());
    for each in hosts {
        let mut tree = tree_of(state, &frame, each);
        if wants_all_content(call) {
            tree["network_operation_in_progress"] = json!("false");
        }
        if let Err(link) = follow_links(state, call, each, &follow, &mut tree) {
            return follow_failed(call, &link, "Hosts");
        }
        rows.push(Row { tree, fields: fields(state, each) });
    }
    searched("hosts", "host", call, rows)
}

fn one(state: &State, call: &Call, id: HostId) -> Answer {
    let Some(found) = state.world.hosts.get(&id) else { return Answer::not_found() };
    let mut tree = tree_of(state, &state.frame(call.api), found);
    if wants_all_content(call) {
        tree["network_operation_in_progress"] = json!("false");
    }
    match follow_links(state, call, found, &call.follow(), &mut tree) {
        Ok(()) => Answer::ok("host", tree),
        Err(link) => follow_failed(call, &link, "Host"),
    }
}

/// `all_content` as parameter or header; the answer to a PUT has these members always.
fn wants_all_content(call: &Call) -> bool {
    call.flag("all_content") || call.header("all-content").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn tree_of(state: &State, frame: &Frame, each: &Host) -> Value {
    host(frame, each, state.world.spm_status(each.id))
}

fn nic(state: &State, frame: &Frame, each: &Host) -> Value {
    host_nic(frame, each, state.world.clusters.get(&each.cluster).map(|cluster| cluster.data_center))
}

/// Inlines what `follow` asks for. Fence agents cannot be followed: link and member have different names.
fn follow_links(state: &State, call: &Call, each: &Host, follow: &[String], tree: &mut Value) -> Result<(), String> {
    let frame = state.frame(call.api);
    for path in follow {
        match path.as_str() {
            "tags" => tree["tags"] = collection("tag", tags::assigned_trees(state, &frame, Tagged::Host(each.id))),
            "nics" => tree["nics"] = collection("host_nic", vec![nic(state, &frame, each)]),
            "statistics" | "permissions" | "affinitylabels" => tree[path.as_str()] = json!({}),
            "cluster" => {
                let cluster = state.world.clusters.get(&each.cluster);
                set(tree, "cluster", cluster.map(|cluster| render_cluster::cluster(&frame, cluster)));
            }
            other => return Err(other.to_owned()),
        }
    }
    Ok(())
}

fn fields(state: &State, each: &Host) -> Vec<Field> {
    let world = &state.world;
    let cluster = world.clusters.get(&each.cluster);
    let data_center = cluster.and_then(|cluster| world.data_centers.get(&cluster.data_center));
    let statuses = HostStatus::ALL.iter().map(|status| status.as_str()).collect();
    vec![
        Field::text("name", &each.name),
        Field::text("comment", &each.comment),
        Field::word("status", each.status.as_str(), statuses),
        Field::text("cluster", cluster.map_or("", |cluster| &cluster.name)),
        Field::text("datacenter", data_center.map_or("", |data_center| &data_center.name)),
        Field::text("address", &each.address),
        Field::text("id", each.id.to_string()),
        Field::texts("tag", tags::names(state, &each.tags)),
        Field::text("active_vms", each.summary.active.to_string()),
        Field::text("external_status", &each.external_status),
        Field::text("type", "rhel"),
    ]
}

fn update(state: &mut State, call: &Call, id: HostId) -> Reply {
    let body = match read(call, &HOST, "host/methods/update") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    if !state.world.hosts.contains_key(&id) {
        return Answer::not_found().into();
    }
    if let Some(answer) = immutable_id(&body, &id.to_string()) {
        return answer.into();
    }
    let change = HostChange {
        name: text_at(&body, "/name"),
        comment: text_at(&body, "/comment"),
        address: text_at(&body, "/address"),
        port: integer_at(&body, "/port").and_then(|port| u16::try_from(port).ok()),
        spm_priority: integer_at(&body, "/spm/priority").and_then(|priority| i32::try_from(priority).ok()),
        pm_enabled: bool_at(&body, "/power_management/enabled"),
        automatic_pm_enabled: bool_at(&body, "/power_management/automatic_pm_enabled"),
        kdump_detection: bool_at(&body, "/power_management/kdump_detection"),
        has_agents: body.get("agents").is_some(),
    };
    run(state, call, Command::UpdateHost { host: id, change }, Style::Bare, move |state, frame, _| {
        match state.world.hosts.get(&id) {
            Some(each) => {
                let mut tree = tree_of(state, frame, each);
                tree["network_operation_in_progress"] = json!("false");
                Answer::ok("host", tree)
            }
            None => Answer::not_found(),
        }
    })
}

/// The refusal of a body that names another id than its path.
pub(crate) fn immutable_id(body: &Value, id: &str) -> Option<Answer> {
    let given = text_at(body, "/id")?;
    (given != id)
        .then(|| Answer::fault(409, "Broken immutability constraint", Some("Attempt to set immutable field: id")))
}

fn act(state: &mut State, call: &Call, id: HostId, action: &str) -> Reply {
    const KNOWN: &[&str] = &["activate", "deactivate", "fence", "forceselectspm", "refresh"];
    // Accepted without effect: this simulation has nothing behind them.
    const IDLE: &[&str] = &["commitnetconfig", "enrollcertificate", "upgradecheck", "syncallnetworks"];
    if !KNOWN.contains(&action) && !IDLE.contains(&action) {
        return no_resource(call).into();
    }
    let body = match read(call, &ACTION, &format!("host/methods/{action}")) {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    let style = Style::action(&body);
    let command = match action {
        "activate" => Command::ActivateHost { host: id },
        "deactivate" => Command::DeactivateHost { host: id, reason: text_at(&body, "/reason") },
        "forceselectspm" => Command::ForceSelectSpm { host: id },
        "refresh" => Command::RefreshHost { host: id },
        "fence" => match fence_type(&body) {
            Ok(fence_type) => Command::Fence {
                host: id,
                fence_type,
                maintenance_after_restart: bool_at(&body, "/maintenance_after_restart").unwrap_or(false),
            },
            Err(answer) => return answer.into(),
        },
        _ => {
            let frame = state.frame(call.api);
            let done = crate::world::Answer::default();
            return complete(as_written(&body), Some(("host", host_of_action(&frame, id))), &frame, &done).into();
        }
    };
    let echo = as_written(&body);
    run(state, call, command, style, move |_, frame, done| match &done.outcome {
        Outcome::Power(power) => {
            let mut echo = echo;
            echo["power_management"] = json!({"status": power});
            complete(echo, None, frame, done)
        }
        // The one failure that comes with 200.
        Outcome::PowerUnreadable(reason) => Answer::failed_action(200, echo, reason, None),
        Outcome::Done | Outcome::Connection(_) | Outcome::Tag(_) | Outcome::Agent(_) | Outcome::Event(_) => {
            complete(echo, Some(("host", host_of_action(frame, id))), frame, done)
        }
    })
}

fn fence_type(body: &Value) -> Result<FenceType, Answer> {
    let Some(word) = text_at(body, "/fence_type") else {
        let detail = "Parameter 'fence_type' is mandatory but was not provided.";
        return Err(Answer::fault(400, "Input validation failed.", Some(detail)));
    };
    word.to_ascii_lowercase().parse().map_err(|_| {
        let word = word.to_ascii_uppercase();
        let detail = format!(
            "{word} is not a member of FenceType. Possible values for FenceType are: manual, restart, start, stop, status"
        );
        Answer::fault(400, "Invalid value", Some(&detail))
    })
}

fn fence_agents(state: &State, call: &Call, id: HostId) -> Answer {
    let Some(each) = state.world.hosts.get(&id) else { return Answer::ok("agents", json!({})) };
    let frame = state.frame(call.api);
    let items = each.fence_agents.iter().map(|agent| fence_agent(&frame, each, agent)).collect();
    plain("agents", "agent", call, items)
}

fn add_fence_agent(state: &mut State, call: &Call, id: HostId) -> Reply {
    let body = match read(call, &AGENT, "fence_agents/methods/add") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    for member in ["address", "type", "username", "password", "order"] {
        if body.get(member).is_none() {
            let detail = format!("Agent [{member}] required for add");
            return Answer::fault(400, "Incomplete parameters", Some(&detail)).into();
        }
    }
    let command = Command::AddFenceAgent {
        host: id,
        kind: text_at(&body, "/type").unwrap_or_default(),
        address: text_at(&body, "/address").unwrap_or_default(),
        username: text_at(&body, "/username").unwrap_or_default(),
        order: integer_at(&body, "/order").and_then(|order| u32::try_from(order).ok()).unwrap_or(1),
    };
    let base = call.base.clone();
    run(state, call, command, Style::Bare, move |state, frame, done| {
        let Some(each) = state.world.hosts.get(&id) else { return Answer::not_found() };
        let made = match done.outcome {
            Outcome::Agent(made) => each.fence_agents.iter().find(|agent| agent.id == made),
            Outcome::Done
            | Outcome::Connection(_)
            | Outcome::Tag(_)
            | Outcome::Event(_)
            | Outcome::Power(_)
            | Outcome::PowerUnreadable(_) => each.fence_agents.last(),
        };
        made.map_or_else(Answer::not_found, |agent| Answer::created("agent", fence_agent(frame, each, agent), &base))
    })
}

fn one_fence_agent(state: &mut State, call: &Call, id: HostId, agent: &str) -> Reply {
    let Ok(agent) = agent.parse::<AgentId>() else { return Answer::not_found().into() };
    let Some(each) = state.world.hosts.get(&id) else { return Answer::not_found().into() };
    let Some(found) = each.fence_agents.iter().find(|row| row.id == agent) else { return Answer::not_found().into() };
    match call.method {
        Method::GET => Answer::ok("agent", fence_agent(&state.frame(call.api), each, found)).into(),
        Method::DELETE => run(state, call, Command::RemoveFenceAgent { host: id, agent }, Style::Bare, deleted),
        _ => wrong_method().into(),
    }
}

/// The LUNs a host sees; only an `up` host can be asked.
fn storage(state: &State, call: &Call, id: HostId) -> Answer {
    let Some(each) = state.world.hosts.get(&id) else { return Answer::not_found() };
    if each.status != HostStatus::Up {
        let detail = format!("cannot fetch storage devices, host {} is not up.", each.address);
        return Answer::refused(400, &detail);
    }
    let frame = state.frame(call.api);
    let mut items = Vec::new();
    for domain in state.world.domains.values().filter(|domain| domain.storage == StorageType::Iscsi) {
        let connections: Vec<_> = domain
            .connections
            .iter()
            .filter(|id| each.outside.mounts.contains_key(id))
            .filter_map(|id| state.world.connections.get(id))
            .collect();
        items.extend(luns(domain, &connections).iter().map(|lun| host_storage(&frame, each, lun)));
    }
    plain("host_storages", "host_storage", call, items)
}
