//! Tags, alone and as assigned to a host or a VM.

use serde_json::{Value, json};

use super::links::{Frame, NO_ID};
use crate::world::{Tag, Tagged};

/// An entry of `/tags`. A tag made without a description has no such member.
pub(crate) fn tag(frame: &Frame, tag: &Tag) -> Value {
    let mut tree = json!({"parent": parent(frame, tag)});
    tree["name"] = json!(tag.name);
    if !tag.description.is_empty() {
        tree["description"] = json!(tag.description);
    }
    tree["href"] = json!(frame.href("tags", tag.id));
    tree["id"] = json!(tag.id.to_string());
    tree
}

/// An entry of `/hosts/{id}/tags` or `/vms/{id}/tags`: the href lies below the object.
pub(crate) fn assigned(frame: &Frame, tag: &Tag, to: Tagged) -> Value {
    let (member, collection, id) = match to {
        Tagged::Host(id) => ("host", "hosts", id.to_string()),
        Tagged::Vm(id) => ("vm", "vms", id.to_string()),
    };
    let mut tree = json!({member: frame.reference(collection, &id)});
    tree["parent"] = parent(frame, tag);
    tree["name"] = json!(tag.name);
    // Whatever the tag's description is: here it reads as empty.
    tree["description"] = json!("");
    tree["href"] = json!(format!("{}/tags/{}", frame.href(collection, &id), tag.id));
    tree["id"] = json!(tag.id.to_string());
    tree
}

/// The root of the tree, which every engine has and no world lists.
pub(crate) fn root(frame: &Frame) -> Value {
    json!({"name": "root", "description": "root", "href": frame.href("tags", NO_ID), "id": NO_ID})
}

fn parent(frame: &Frame, tag: &Tag) -> Value {
    match tag.parent {
        Some(parent) => frame.reference("tags", parent),
        None => frame.reference("tags", NO_ID),
    }
}
