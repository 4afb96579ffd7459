//! A storage connection: passwords and the portal group are never shown.

use serde_json::{Value, json};

use super::links::{Frame, set, word};
use crate::world::{Connection, Target};

/// The whole row, as every place shows it: the `href` is always that of the top-level collection.
pub(crate) fn connection(frame: &Frame, connection: &Connection) -> Value {
    let mut tree = details(connection);
    tree["type"] = json!(connection.kind.as_str());
    set(&mut tree, "username", connection.username.clone().map(Value::from));
    set(&mut tree, "vfs_type", connection.vfs_type.clone().map(Value::from));
    tree["href"] = json!(frame.href("storageconnections", connection.id));
    tree["id"] = json!(connection.id.to_string());
    tree
}

/// The members that a file domain's `storage` shows too.
pub(crate) fn details(connection: &Connection) -> Value {
    let mut tree = json!({});
    match &connection.target {
        Target::Portal { address, port, target } => {
            tree["address"] = json!(address);
            tree["port"] = word(port);
            tree["target"] = json!(target);
        }
        Target::Mount { address, path } => {
            if !address.is_empty() {
                tree["address"] = json!(address);
            }
            set(&mut tree, "mount_options", connection.mount_options.clone().map(Value::from));
            set(&mut tree, "nfs_retrans", connection.nfs_retrans.map(word));
            set(&mut tree, "nfs_timeo", connection.nfs_timeo.map(word));
            set(&mut tree, "nfs_version", connection.nfs_version.clone().map(Value::from));
            tree["path"] = json!(path);
        }
    }
    tree
}
