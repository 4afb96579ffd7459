//! `/storagedomains`: read only here; actions live below the data center.

use http::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::body::read;
use super::command::{Reply, as_written, complete};
use super::links::Frame;
use super::list::{follow_failed, plain, searched};
use super::render_connection::connection;
use super::render_domain::{Place, domain};
use super::render_vm::disk;
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::schema::{ACTION, STORAGE_DOMAIN};
use super::search::{Field, Row};
use crate::state::State;
use crate::world::{Connection, DataCenterId, DiskStorage, Domain, DomainId, DomainStatus};

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    let get = call.method == Method::GET || call.method == Method::HEAD;
    let Some((id, below)) = below.split_first() else {
        return if get { list(state, call).into() } else { wrong_method().into() };
    };
    let Ok(id) = id.parse::<DomainId>() else { return Answer::not_found().into() };
    // The rows of a domain that does not exist are an empty list, not a 404.
    if get && below == ["storageconnections"] {
        return connections(state, call, id).into();
    }
    let Some(found) = state.world.domains.get(&id) else { return Answer::not_found().into() };
    match below {
        [] if get => Answer::ok("storage_domain", tree_of(state, &state.frame(call.api), found, Place::Top)).into(),
        [] if call.method == Method::PUT => update(state, call, id).into(),
        ["storageconnections", row] if get => one_connection(state, call, row).into(),
        ["disks"] if get => disks_of(state, call, id).into(),
        ["vms" | "templates"] if get && call.flag("unregistered") => unregistered(below).into(),
        [name @ ("vms" | "templates" | "disksnapshots" | "diskprofiles" | "permissions")] if get => {
            super::empty::collection(name).into()
        }
        ["updateovfstore" | "refreshluns"] if call.method == Method::POST => {
            match read(call, &ACTION, "storage_domain/methods/update_ovf_store") {
                Ok(body) => {
                    let done = crate::world::Answer::default();
                    complete(as_written(&body), None, &state.frame(call.api), &done).into()
                }
                Err(answer) => answer.into(),
            }
        }
        _ => no_resource(call).into(),
    }
}

fn list(state: &State, call: &Call) -> Answer {
    if let Some(link) = call.follow().into_iter().next() {
        return follow_failed(call, &link, "StorageDomains");
    }
    let frame = state.frame(call.api);
    let mut all: Vec<&Domain> = state.world.domains.values().collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let rows = all.into_iter().map(|each| {
        let data_center =
            each.attached.and_then(|place| state.world.data_centers.get(&place.data_center)).map(|dc| dc.name.clone());
        let statuses = DomainStatus::ALL.iter().map(|status| status.as_str()).collect();
        let status = each.attached.map_or(DomainStatus::Unattached, |place| place.status);
        let fields = vec![
            Field::text("name", &each.name),
            Field::word("status", status.as_str(), statuses),
            Field::text("datacenter", data_center.unwrap_or_default()),
            Field::text("type", each.storage.as_str()),
            Field::text("id", each.id.to_string()),
        ];
        Row { tree: tree_of(state, &frame, each, Place::Top), fields }
    });
    searched("storage_domains", "storage_domain", call, rows.collect())
}

/// The domains attached to one data center, with their status there.
pub(crate) fn trees_in(state: &State, call: &Call, data_center: DataCenterId) -> Vec<Value> {
    let frame = state.frame(call.api);
    let here = |each: &&Domain| each.attached.is_some_and(|place| place.data_center == data_center);
    let place = Place::DataCenter(data_center);
    state.world.domains.values().filter(here).map(|each| tree_of(state, &frame, each, place)).collect()
}

/// The names of those domains.
pub(crate) fn names_in(state: &State, data_center: DataCenterId) -> Vec<String> {
    let here = |each: &&Domain| each.attached.is_some_and(|place| place.data_center == data_center);
    state.world.domains.values().filter(here).map(|each| each.name.clone()).collect()
}

pub(crate) fn tree_of(state: &State, frame: &Frame, each: &Domain, place: Place) -> Value {
    let committed = disk_sizes(state, each.id).iter().sum();
    domain(frame, each, place, &rows_of(state, each), committed)
}

fn rows_of<'a>(state: &'a State, each: &Domain) -> Vec<&'a Connection> {
    each.connections.iter().filter_map(|id| state.world.connections.get(id)).collect()
}

fn disk_sizes(state: &State, id: DomainId) -> Vec<u64> {
    let on_it = |storage: &DiskStorage| matches!(storage, DiskStorage::Image { domain } if *domain == id);
    state.world.disks.values().filter(|disk| on_it(&disk.storage)).map(|disk| disk.size).collect()
}

fn connections(state: &State, call: &Call, id: DomainId) -> Answer {
    let frame = state.frame(call.api);
    let rows = state.world.domains.get(&id).map(|each| rows_of(state, each)).unwrap_or_default();
    let items = rows.into_iter().map(|row| connection(&frame, row)).collect();
    plain("storage_connections", "storage_connection", call, items)
}

/// The engine does not check that the row belongs to the domain.
fn one_connection(state: &State, call: &Call, row: &str) -> Answer {
    let found = row.parse().ok().and_then(|id| state.world.connections.get(&id));
    match found {
        Some(row) => Answer::ok("storage_connection", connection(&state.frame(call.api), row)),
        None => Answer::not_found(),
    }
}

pub(crate) fn disks_of(state: &State, call: &Call, id: DomainId) -> Answer {
    let frame = state.frame(call.api);
    let data_center = state.world.domains.get(&id).and_then(|each| each.attached).map(|place| place.data_center);
    let on_it = |storage: &DiskStorage| matches!(storage, DiskStorage::Image { domain } if *domain == id);
    let items = state.world.disks.values().filter(|each| on_it(&each.storage));
    plain("disks", "disk", call, items.map(|each| disk(&frame, each, data_center)).collect())
}

/// The storage address cannot be changed here: such members are accepted and ignored.
fn update(state: &State, call: &Call, id: DomainId) -> Answer {
    let body = match read(call, &STORAGE_DOMAIN, "storage_domain/methods/update") {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    if let Some(answer) = super::hosts::immutable_id(&body, &id.to_string()) {
        return answer;
    }
    match state.world.domains.get(&id) {
        Some(each) => Answer::ok("storage_domain", tree_of(state, &state.frame(call.api), each, Place::Top)),
        None => Answer::not_found(),
    }
}

/// Here the engine touches the list, so an empty one is an empty array.
fn unregistered(below: &[&str]) -> Answer {
    match below {
        ["vms"] => Answer::ok("vms", json!({"vm": []})),
        _ => Answer::ok("templates", json!({"template": []})),
    }
}
