//! `/tags`: names with a description, kept by the engine over restarts and PUTs; a place for a tool to leave word.

use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::ids::{HostId, TagId, VmId};
use crate::read::{self, Listing};
use crate::request::{Deleted, Request, segment};

/// Longest name of a tag, in characters; letters, digits, `-`, `_` and `.` only.
pub const NAME_LENGTH: usize = 50;
/// Longest description of a tag, in characters.
pub const DESCRIPTION_LENGTH: usize = 4000;

/// `GET /tags`.
pub fn list() -> Request<Listing<Tag>> {
    Request::get_list("tags", "tag")
}

/// `POST /tags`: a tag need not be assigned to anything. A name that exists is refused with 409.
pub fn create(name: &str, description: &str) -> Request<Tag> {
    Request::post("tags", json!({ "name": name, "description": description }))
}

/// `PUT /tags/{id}`: changes the description.
pub fn set_description(id: &TagId, description: &str) -> Request<Tag> {
    Request::put(path(id), json!({ "description": description }))
}

/// `DELETE /tags/{id}`: removes it with its children. Again: 404, gone.
pub fn delete(id: &TagId) -> Request<Deleted> {
    Request::delete(path(id))
}

/// `GET /hosts/{id}/tags`.
pub fn of_host(host: &HostId) -> Request<Listing<Tag>> {
    Request::get_list(format!("hosts/{}/tags", segment(host.as_str())), "tag")
}

/// `POST /hosts/{id}/tags`: by name, and again is no error. An unknown name is refused with 404.
pub fn assign_to_host(host: &HostId, name: &str) -> Request<Tag> {
    Request::post(format!("hosts/{}/tags", segment(host.as_str())), json!({ "name": name }))
}

/// `DELETE /hosts/{id}/tags/{id}`. Again: 404, gone.
pub fn remove_from_host(host: &HostId, tag: &TagId) -> Request<Deleted> {
    Request::delete(format!("hosts/{}/tags/{}", segment(host.as_str()), segment(tag.as_str())))
}

/// `GET /vms/{id}/tags`.
pub fn of_vm(vm: &VmId) -> Request<Listing<Tag>> {
    Request::get_list(format!("vms/{}/tags", segment(vm.as_str())), "tag")
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tag {
    /// Its id.
    pub id: TagId,
    /// Its name, unique in the engine.
    #[serde(deserialize_with = "read::required_text")]
    pub name: String,
    /// Free text.
    #[serde(default, deserialize_with = "read::text")]
    pub description: Option<String>,
    /// The tag above it; the root has none.
    #[serde(default, deserialize_with = "read::link")]
    pub parent: Option<TagId>,
}

pub(crate) fn nested<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Tag>>, D::Error> {
    read::nested(deserializer, "tag")
}

fn path(id: &TagId) -> String {
    format!("tags/{}", segment(id.as_str()))
}
