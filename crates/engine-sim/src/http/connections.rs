//! `/storageconnections`.

use http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::body::{integer_at, read, text_at};
use super::command::{Reply, Style, deleted, run};
use super::hosts::immutable_id;
use super::list::plain;
use super::render_connection::connection;
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::schema::STORAGE_CONNECTION;
use crate::state::State;
use crate::world::{Command, ConnectionChange, ConnectionId, HostId, Outcome, StorageType};

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    let get = call.method == Method::GET || call.method == Method::HEAD;
    match below {
        [] if get => {
            let frame = state.frame(call.api);
            let items = state.world.connections.values().map(|row| connection(&frame, row)).collect();
            plain("storage_connections", "storage_connection", call, items).into()
        }
        [] if call.method == Method::POST => add(state, call),
        [id] => {
            let Some(id) = id.parse().ok().filter(|id| state.world.connections.contains_key(id)) else {
                return Answer::not_found().into();
            };
            match call.method {
                Method::GET | Method::HEAD => shown(state, call, id).into(),
                Method::PUT => update(state, call, id),
                Method::DELETE => run(state, call, Command::RemoveConnection { connection: id }, Style::Bare, deleted),
                _ => wrong_method().into(),
            }
        }
        [] => wrong_method().into(),
        _ => no_resource(call).into(),
    }
}

fn shown(state: &State, call: &Call, id: ConnectionId) -> Answer {
    match state.world.connections.get(&id) {
        Some(row) => Answer::ok("storage_connection", connection(&state.frame(call.api), row)),
        None => Answer::not_found(),
    }
}

fn update(state: &mut State, call: &Call, id: ConnectionId) -> Reply {
    let body = match read(call, &STORAGE_CONNECTION, "storage_server_connection/methods/update") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    if let Some(answer) = immutable_id(&body, &id.to_string()) {
        return answer.into();
    }
    let change = match change_of(state, &body) {
        Ok(change) => change,
        Err(answer) => return answer.into(),
    };
    let command = Command::UpdateConnection { connection: id, force: call.flag("force"), change };
    run(state, call, command, Style::Bare, move |state, frame, _| match state.world.connections.get(&id) {
        Some(row) => Answer::ok("storage_connection", connection(frame, row)),
        None => Answer::not_found(),
    })
}

fn add(state: &mut State, call: &Call) -> Reply {
    let body = match read(call, &STORAGE_CONNECTION, "storage_server_connections/methods/add") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    let incomplete = |missing: &[&str]| -> Reply {
        let detail = format!("StorageConnection [{}] required for add", missing.join(", "));
        Answer::fault(400, "Incomplete parameters", Some(&detail)).into()
    };
    let change = match change_of(state, &body) {
        Ok(change) => change,
        Err(answer) => return answer.into(),
    };
    let Some(kind) = change.kind else { return incomplete(&["type"]) };
    let mandatory: &[&str] = match kind {
        StorageType::Nfs => &["address", "path"],
        StorageType::Iscsi => &["address", "target", "port"],
        StorageType::Posixfs | StorageType::Glusterfs => &["path", "vfs_type"],
        StorageType::Localfs => &["path"],
        StorageType::Fcp => &[],
    };
    let missing: Vec<&str> = mandatory.iter().copied().filter(|member| body.get(*member).is_none()).collect();
    if !missing.is_empty() {
        return incomplete(&missing);
    }
    let base = call.base.clone();
    run(state, call, Command::AddConnection { kind, change }, Style::Bare, move |state, frame, done| {
        let made = match done.outcome {
            Outcome::Connection(id) => state.world.connections.get(&id),
            Outcome::Done
            | Outcome::Tag(_)
            | Outcome::Agent(_)
            | Outcome::Event(_)
            | Outcome::Power(_)
            | Outcome::PowerUnreadable(_) => None,
        };
        made.map_or_else(Answer::not_found, |row| Answer::created("storage_connection", connection(frame, row), &base))
    })
}

fn change_of(state: &State, body: &Value) -> Result<ConnectionChange, Answer> {
    let unsigned = |path: &str| integer_at(body, path).map(|value| u32::try_from(value).unwrap_or(0));
    let kind = match text_at(body, "/type") {
        None => None,
        // Types that have no row here are words of the model all the same.
        Some(word) => Some(word.parse::<StorageType>().map_err(|_| {
            Answer::refused(
                400,
                "[Cannot edit Storage Connection. This operation is not supported for this storage type.]",
            )
        })?),
    };
    Ok(ConnectionChange {
        kind,
        address: text_at(body, "/address"),
        path: text_at(body, "/path"),
        port: unsigned("/port"),
        target: text_at(body, "/target"),
        portal: text_at(body, "/portal"),
        username: text_at(body, "/username"),
        password: text_at(body, "/password"),
        nfs_version: text_at(body, "/nfs_version"),
        nfs_retrans: unsigned("/nfs_retrans"),
        nfs_timeo: unsigned("/nfs_timeo"),
        mount_options: text_at(body, "/mount_options"),
        vfs_type: text_at(body, "/vfs_type"),
        host: body.get("host").map(|host| host_of(state, host)),
    })
}

fn host_of(state: &State, reference: &Value) -> Result<HostId, ()> {
    let by_name = text_at(reference, "/name").and_then(|name| state.world.host_named(&name).map(|host| host.id));
    let by_id = text_at(reference, "/id").and_then(|id| id.parse::<HostId>().ok());
    by_id.filter(|id| state.world.hosts.contains_key(id)).or(by_name).ok_or(())
}
