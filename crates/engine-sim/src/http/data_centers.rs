//! `/datacenters` and the storage domains attached to them.

use http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::body::{bool_at, read};
use super::command::{Reply, Style, as_written, complete, run};
use super::links::collection;
use super::list::{follow_failed, plain, searched};
use super::render_cluster::data_center;
use super::render_domain::{Place, domain_of_action};
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::schema::ACTION;
use super::search::{Field, Row};
use super::{clusters, domains};
use crate::state::State;
use crate::world::{Command, DataCenter, DataCenterId, DataCenterStatus, DomainId};

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    let get = call.method == Method::GET || call.method == Method::HEAD;
    let Some((id, below)) = below.split_first() else {
        return if get { list(state, call).into() } else { wrong_method().into() };
    };
    let Ok(id) = id.parse::<DataCenterId>() else { return Answer::not_found().into() };
    let Some(found) = state.world.data_centers.get(&id) else { return Answer::not_found().into() };
    match below {
        [] if get => {
            let mut tree = data_center(&state.frame(call.api), found);
            match follow_links(state, call, id, &mut tree) {
                Ok(()) => Answer::ok("data_center", tree).into(),
                Err(link) => follow_failed(call, &link, "DataCenter").into(),
            }
        }
        ["storagedomains"] if get => {
            plain("storage_domains", "storage_domain", call, domains::trees_in(state, call, id)).into()
        }
        ["storagedomains", domain, below @ ..] => attached(state, call, id, domain, below),
        ["clusters"] if get => plain("clusters", "cluster", call, clusters::trees_of(state, call, id)).into(),
        [name @ ("networks" | "quotas" | "qoss" | "iscsibonds" | "permissions")] if get => {
            super::empty::collection(name).into()
        }
        _ => no_resource(call).into(),
    }
}

fn list(state: &State, call: &Call) -> Answer {
    let frame = state.frame(call.api);
    let mut data_centers: Vec<&DataCenter> = state.world.data_centers.values().collect();
    data_centers.sort_by(|a, b| a.name.cmp(&b.name));
    let mut rows = Vec::new();
    for each in data_centers {
        let mut tree = data_center(&frame, each);
        if let Err(link) = follow_links(state, call, each.id, &mut tree) {
            return follow_failed(call, &link, "DataCenters");
        }
        let statuses = DataCenterStatus::ALL.iter().map(|status| status.as_str()).collect();
        let fields = vec![
            Field::text("name", &each.name),
            Field::text("description", &each.description),
            Field::word("status", each.status.as_str(), statuses),
            Field::texts("storage", domains::names_in(state, each.id)),
            Field::texts("storage.name", domains::names_in(state, each.id)),
            Field::text("id", each.id.to_string()),
        ];
        rows.push(Row { tree, fields });
    }
    searched("data_centers", "data_center", call, rows)
}

fn follow_links(state: &State, call: &Call, id: DataCenterId, tree: &mut Value) -> Result<(), String> {
    for path in call.follow() {
        match path.as_str() {
            "storagedomains" => {
                tree["storage_domains"] = collection("storage_domain", domains::trees_in(state, call, id));
            }
            "clusters" => tree["clusters"] = collection("cluster", clusters::trees_of(state, call, id)),
            other => return Err(other.to_owned()),
        }
    }
    Ok(())
}

fn attached(state: &mut State, call: &Call, data_center: DataCenterId, id: &str, below: &[&str]) -> Reply {
    let Ok(id) = id.parse::<DomainId>() else { return Answer::not_found().into() };
    let here = |place: &crate::world::Domain| place.attached.is_some_and(|place| place.data_center == data_center);
    let Some(found) = state.world.domains.get(&id).filter(|domain| here(domain)) else {
        return Answer::not_found().into();
    };
    match below {
        [] if call.method == Method::GET => {
            let tree = domains::tree_of(state, &state.frame(call.api), found, Place::DataCenter(data_center));
            Answer::ok("storage_domain", tree).into()
        }
        ["disks"] if call.method == Method::GET => domains::disks_of(state, call, id).into(),
        [action @ ("activate" | "deactivate")] if call.method == Method::POST => {
            let body = match read(call, &ACTION, &format!("attached_storage_domain/methods/{action}")) {
                Ok(body) => body,
                Err(answer) => return answer.into(),
            };
            let command = if *action == "activate" {
                Command::ActivateDomain { data_center, domain: id }
            } else {
                Command::DeactivateDomain { data_center, domain: id, force: bool_at(&body, "/force").unwrap_or(false) }
            };
            let echo = as_written(&body);
            run(state, call, command, Style::action(&body), move |state, frame, done| {
                let domain = state.world.domains.get(&id).map(|domain| domain_of_action(frame, domain, data_center));
                complete(echo, domain.map(|tree| ("storage_domain", tree)), frame, done)
            })
        }
        _ => no_resource(call).into(),
    }
}
