//! The one user there is, and what they and everybody may do.

use serde_json::{Value, json};

use super::links::{Frame, links};
use super::render_event::USER;

const LINKS: &[&str] = &["groups", "roles", "permissions", "tags", "options", "sshpublickeys", "eventsubscriptions"];
const DOMAIN: &str = "696E7465726E616C2D617574687A";
const EVERYBODY: &str = "eee00000-0000-0000-0000-123456789eee";
const PERMISSION_OF_EVERYBODY: &str = "58ca605c-010d-0307-0224-0000000001a9";
const USER_PROFILE: &str = "def00021-0000-0000-0000-def000000015";
const SUPER_USER: &str = "00000000-0000-0000-0000-000000000001";

/// The administrator.
pub(crate) fn user(frame: &Frame) -> Value {
    let href = frame.href("users", USER);
    json!({
        "department": "",
        "domain_entry_id": "66646663363237632D643837352D313165302D393066302D383364663133336235386363",
        "last_name": "",
        "namespace": "*",
        "principal": "admin",
        "user_name": "admin@internal-authz",
        "domain": {"name": "internal-authz", "href": frame.href("domains", DOMAIN), "id": DOMAIN},
        "name": "admin",
        "link": links(&href, LINKS),
        "href": href,
        "id": USER,
    })
}

/// Permissions on the whole system.
pub(crate) fn permissions(frame: &Frame) -> Vec<Value> {
    let of_everybody = format!("{}/permissions/{PERMISSION_OF_EVERYBODY}", frame.href("groups", EVERYBODY));
    vec![
        json!({
            "group": frame.reference("groups", EVERYBODY),
            "role": frame.reference("roles", USER_PROFILE),
            "href": of_everybody,
            "id": PERMISSION_OF_EVERYBODY,
        }),
        json!({
            "role": frame.reference("roles", SUPER_USER),
            "user": frame.reference("users", USER),
            "href": frame.href("permissions", USER),
            "id": USER,
        }),
    ]
}
