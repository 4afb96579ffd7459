//! Keeps secrets that stand in the file by mistake out of every finding: source lines are shown, and go to journals.

use super::report::Report;
use crate::node::{Node, Value};

/// Parts of keys whose values are taken for secrets.
const TELLING: [&str; 5] = ["pass", "pwd", "secret", "token", "credential"];
/// Keys whose values tell where a secret is, and so are none.
const WHERE: [&str; 3] = ["file", "credential", "env"];

/// Hides what looks like a secret anywhere in the file, whether or not the key that it belongs to is a known one.
pub(crate) fn hide_secrets(node: &Node, report: &mut Report<'_>) {
    match &node.value {
        Value::Null | Value::Bool | Value::Number => {}
        // A URL with a user in it has a password beside it.
        Value::Text(text) if text.contains("://") && text.contains('@') => report.hide(node.at),
        Value::Text(_) => {}
        Value::List(list) => list.iter().for_each(|node| hide_secrets(node, report)),
        Value::Map(entries) => {
            for (key, node) in entries {
                let telling = matches!(&key.value, Value::Text(key) if is_telling(key));
                match &node.value {
                    Value::Map(places) if telling => hide_but_places(places, report),
                    Value::Null | Value::Bool | Value::Number | Value::Text(_) | Value::List(_) if telling => {
                        hide_all(node, report);
                    }
                    Value::Null | Value::Bool | Value::Number | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                        hide_secrets(node, report);
                    }
                }
            }
        }
    }
}

/// Hides every value in a node.
pub(crate) fn hide_all(node: &Node, report: &mut Report<'_>) {
    match &node.value {
        Value::Null => {}
        Value::Bool | Value::Number | Value::Text(_) => report.hide(node.at),
        Value::List(list) => list.iter().for_each(|node| hide_all(node, report)),
        Value::Map(entries) => entries.iter().for_each(|(_, node)| hide_all(node, report)),
    }
}

fn hide_but_places(entries: &[(Node, Node)], report: &mut Report<'_>) {
    for (key, node) in entries {
        if !matches!(&key.value, Value::Text(key) if WHERE.contains(&key.as_str())) {
            hide_all(node, report);
        }
    }
}

fn is_telling(key: &str) -> bool {
    let key = key.to_lowercase();
    !WHERE.contains(&key.as_str()) && TELLING.iter().any(|part| key.contains(part))
}
