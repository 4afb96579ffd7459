//! `/tags`, and tags below hosts and VMs.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::body::{read, text_at};
use super::command::{Reply, Style, deleted, run};
use super::hosts::immutable_id;
use super::links::{Frame, NO_ID};
use super::list::plain;
use super::render_tag::{assigned, root, tag};
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::schema::TAG;
use crate::state::State;
use crate::world::{Command, Outcome, Tag, TagId, Tagged};

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    let get = call.method == Method::GET || call.method == Method::HEAD;
    match below {
        [] if get => {
            let frame = state.frame(call.api);
            let items = state.world.tags.values().map(|each| tag(&frame, each)).chain([root(&frame)]);
            plain("tags", "tag", call, items.collect()).into()
        }
        [] if call.method == Method::POST => create(state, call),
        [] => wrong_method().into(),
        [id] if get && *id == NO_ID => Answer::ok("tag", root(&state.frame(call.api))).into(),
        [id] => {
            let Some(found) = id.parse().ok().and_then(|id: TagId| state.world.tags.get(&id)) else {
                return Answer::not_found().into();
            };
            let id = found.id;
            match call.method {
                Method::GET | Method::HEAD => Answer::ok("tag", tag(&state.frame(call.api), found)).into(),
                Method::PUT => update(state, call, id),
                Method::DELETE => run(state, call, Command::DeleteTag { tag: id }, Style::Bare, deleted),
                _ => wrong_method().into(),
            }
        }
        _ => no_resource(call).into(),
    }
}

/// `/hosts/{id}/tags` and `/vms/{id}/tags`.
pub(crate) fn assigned_handle(state: &mut State, call: &Call, to: Tagged, below: &[&str]) -> Reply {
    match (&call.method, below) {
        (&Method::GET | &Method::HEAD, []) => {
            plain("tags", "tag", call, assigned_trees(state, &state.frame(call.api), to)).into()
        }
        (&Method::GET | &Method::HEAD, [id]) => {
            let tree = assigned_trees(state, &state.frame(call.api), to).into_iter().find(|tree| tree["id"] == *id);
            tree.map_or_else(Answer::not_found, |tree| Answer::ok("tag", tree)).into()
        }
        (&Method::POST, []) => assign(state, call, to),
        (&Method::DELETE, [id]) => {
            let Some(found) = id.parse().ok().filter(|id| tags_of(state, to).contains(id)) else {
                return Answer::not_found().into();
            };
            run(state, call, Command::UnassignTag { from: to, tag: found }, Style::Bare, deleted)
        }
        _ => wrong_method().into(),
    }
}

/// The trees of all tags of a host or VM.
pub(crate) fn assigned_trees(state: &State, frame: &Frame, to: Tagged) -> Vec<Value> {
    let tags = tags_of(state, to);
    tags.iter().filter_map(|id| state.world.tags.get(id)).map(|each| assigned(frame, each, to)).collect()
}

/// Names of tags for a search: a tag is found by its own name and by those of the tags above it.
pub(crate) fn names(state: &State, tags: &BTreeSet<TagId>) -> Vec<String> {
    let mut names = Vec::new();
    for id in tags {
        let mut next = Some(*id);
        while let Some(each) = next.and_then(|id| state.world.tags.get(&id)) {
            names.push(each.name.clone());
            next = each.parent;
        }
    }
    names
}

fn tags_of(state: &State, to: Tagged) -> BTreeSet<TagId> {
    match to {
        Tagged::Host(id) => state.world.hosts.get(&id).map(|host| host.tags.clone()),
        Tagged::Vm(id) => state.world.vms.get(&id).map(|vm| vm.tags.clone()),
    }
    .unwrap_or_default()
}

fn create(state: &mut State, call: &Call) -> Reply {
    let body = match read(call, &TAG, "tags/methods/add") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    let Some(name) = text_at(&body, "/name") else {
        return Answer::fault(400, "Incomplete parameters", Some("Tag [name] required for add")).into();
    };
    let parent = match body.get("parent").map(|parent| find(state, parent)) {
        None => None,
        Some(Ok(id)) => id,
        Some(Err(answer)) => return answer.into(),
    };
    let description = text_at(&body, "/description").unwrap_or_default();
    let base = call.base.clone();
    run(
        state,
        call,
        Command::CreateTag { name, description, parent },
        Style::Bare,
        move |state, frame, done| match made(state, &done.outcome) {
            Some(each) => Answer::created("tag", tag(frame, each), &base),
            None => Answer::not_found(),
        },
    )
}

fn update(state: &mut State, call: &Call, id: TagId) -> Reply {
    let body = match read(call, &TAG, "tag/methods/update") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    if let Some(answer) = immutable_id(&body, &id.to_string()) {
        return answer.into();
    }
    let command =
        Command::UpdateTag { tag: id, name: text_at(&body, "/name"), description: text_at(&body, "/description") };
    run(state, call, command, Style::Bare, move |state, frame, _| match state.world.tags.get(&id) {
        Some(each) => Answer::ok("tag", tag(frame, each)),
        None => Answer::not_found(),
    })
}

fn assign(state: &mut State, call: &Call, to: Tagged) -> Reply {
    let body = match read(call, &TAG, "assigned_tags/methods/add") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    let by_id = text_at(&body, "/id")
        .and_then(|id| id.parse::<TagId>().ok())
        .and_then(|id| state.world.tags.get(&id))
        .map(|each| each.name.clone());
    let Some(name) = by_id.or_else(|| text_at(&body, "/name")) else {
        return Answer::fault(400, "Incomplete parameters", Some("Tag [id|name] required for add")).into();
    };
    let base = call.base.clone();
    let wanted = name.clone();
    run(state, call, Command::AssignTag { to, name }, Style::Bare, move |state, frame, done| {
        let each = made(state, &done.outcome).or_else(|| state.world.tags.values().find(|each| each.name == wanted));
        each.map_or_else(Answer::not_found, |each| {
            // The answer, unlike the list, has the tag's own description or none.
            let mut tree = assigned(frame, each, to);
            if let Some(members) = tree.as_object_mut() {
                members.shift_remove("description");
            }
            if !each.description.is_empty() {
                tree["description"] = Value::from(each.description.clone());
            }
            Answer::created("tag", tree, &base)
        })
    })
}

fn made<'a>(state: &'a State, outcome: &Outcome) -> Option<&'a Tag> {
    match outcome {
        Outcome::Tag(id) => state.world.tags.get(id),
        Outcome::Done
        | Outcome::Connection(_)
        | Outcome::Agent(_)
        | Outcome::Event(_)
        | Outcome::Power(_)
        | Outcome::PowerUnreadable(_) => None,
    }
}

/// A tag named by id or name; `None` is the root.
fn find(state: &State, reference: &Value) -> Result<Option<TagId>, Answer> {
    let id = text_at(reference, "/id");
    let name = text_at(reference, "/name");
    if id.as_deref() == Some(NO_ID) || name.as_deref() == Some("root") {
        return Ok(None);
    }
    let found = state.world.tags.values().find(|each| {
        id.as_deref() == Some(each.id.to_string().as_str()) || name.as_deref() == Some(each.name.as_str())
    });
    found.map(|each| Some(each.id)).ok_or_else(|| Answer::entity_not_found(&id.or(name).unwrap_or_default()))
}
