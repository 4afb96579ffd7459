//! The `engine` section: where it is and how to log in.

use super::fields::Fields;
use super::report::Report;
use super::scalars::{file_path, text};
use super::secrets::hide_all;
use crate::node::{Node, Value};
use crate::plan::{Engine, Secret};

const PASSWORD: &str = "password: { file: engine.password }";

pub(crate) fn engine(node: &Node, report: &mut Report<'_>) -> Option<Engine> {
    let mut fields = Fields::open(node, "`engine`", report)?;
    let url = fields.need("url", "https://engine.example.com/ovirt-engine/api");
    let username = fields.need("username", "dr@internal");
    let password = fields.need("password", "{ file: engine.password }");
    let ca_file = fields.take("ca_file");
    if let Some(database) = fields.take_entry("database") {
        hide_all(database.node, report);
        report.unsupported(
            database.key_at,
            "`engine.database`",
            "remove it; every connection is repointed through the API",
        );
    }
    // An unknown key beside the password may be a password with a typing error.
    for entry in fields.left() {
        hide_all(entry.node, report);
    }
    fields.close(report);

    let url = url.and_then(|node| engine_url(node, report));
    let username = username.and_then(|node| engine_username(node, report));
    let password = password.and_then(|node| secret(node, report));
    let ca_file = match ca_file {
        Some(node) => Some(file_path(node, "`engine.ca_file`", report)?),
        None => None,
    };
    Some(Engine { url: url?, username: username?, password: password?, ca_file })
}

fn engine_url(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let written = text(node, "`engine.url`", report)?;
    if written.contains('@') {
        report.hide(node.at);
    }
    let example = "write it as in `https://engine.example.com/ovirt-engine/api`";
    let rest = match written.split_once("://") {
        Some(("https", rest)) => rest,
        Some(("http", _)) => {
            report.error(
                node.at,
                "`engine.url` is not encrypted: the password would cross the network in clear",
                "write `https://`",
            );
            return None;
        }
        Some(_) | None => {
            report.error(node.at, "`engine.url` must begin with `https://`", example);
            return None;
        }
    };
    let url = written.trim_end_matches('/');
    let host = rest.split('/').next().unwrap_or_default();
    let wrong = if host.contains('@') {
        "has a user or password in it; they belong into `username` and `password`"
    } else if host.is_empty() {
        "names no engine"
    } else if written.contains(['?', '#']) || written.contains(char::is_whitespace) {
        "has a blank, a query or a fragment in it"
    } else if !url.ends_with("/api") {
        "does not end in `/api`"
    } else {
        return Some(url.to_owned());
    };
    report.error(node.at, format!("`engine.url` {wrong}"), example);
    None
}

fn engine_username(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let written = text(node, "`engine.username`", report)?;
    if written.split_once('@').is_some_and(|(user, profile)| !user.is_empty() && !profile.is_empty()) {
        return Some(written.to_owned());
    }
    report.error(node.at, "`engine.username` has no profile", "write `user@profile`, as in `dr@internal`");
    None
}

/// Where a secret is found. A secret itself is a finding, masked by `secrets` as everywhere.
fn secret(node: &Node, report: &mut Report<'_>) -> Option<Secret> {
    match &node.value {
        Value::Bool | Value::Number | Value::Text(_) | Value::List(_) => {
            report.error(
                node.at,
                "a password must not stand in a plan",
                format!("put it into a file only the daemon can read and write `{PASSWORD}`; change it, for it has been seen"),
            );
            return None;
        }
        // Nothing at all is told as such below.
        Value::Null | Value::Map(_) => {}
    }
    let mut fields = Fields::open(node, "`engine.password`", report)?;
    let file = fields.take("file");
    let credential = fields.take("credential");
    let variable = fields.take("env");
    let any_unknown = !fields.left().is_empty();
    fields.close(report);
    match (file, credential, variable) {
        (Some(node), None, None) => file_path(node, "`file`", report).map(Secret::File),
        (None, Some(node), None) => name(node, "`credential`", &['.', '-', '_'], report).map(Secret::Credential),
        (None, None, Some(node)) => name(node, "`env`", &['_'], report).map(Secret::Env),
        (None, None, None) if any_unknown => None,
        (None, None, None) => {
            report.error(
                node.at,
                "`engine.password` does not say where the password is found",
                format!("write `{PASSWORD}`"),
            );
            None
        }
        (Some(_), _, _) | (_, Some(_), _) => {
            report.error(
                node.at,
                "`engine.password` names more than one place",
                "keep one of `file`, `credential` and `env`",
            );
            None
        }
    }
}

/// Name of a systemd credential or an environment variable.
fn name(node: &Node, what: &str, also: &[char], report: &mut Report<'_>) -> Option<String> {
    let written = text(node, what, report)?;
    if written.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(&c)) && !written.starts_with(['.', '-']) {
        return Some(written.to_owned());
    }
    // Perhaps somebody wrote the secret itself.
    report.hide(node.at);
    report.error(
        node.at,
        format!("{what} is not a name"),
        "name it in letters, digits and underscores; never write the secret itself",
    );
    None
}
