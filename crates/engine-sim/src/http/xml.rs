//! Documents as XML, for the SDKs: the same tree as the JSON, with the engine's own spelling.
//!
//! `id`, `href` and `rel` are attributes, list members repeat, dates are ISO-8601, a collection has a root name.

use std::fmt::Write;

use serde_json::{Map, Value};

/// Members that are numbers of milliseconds in JSON and dates in XML.
const DATES: &[&str] =
    &["time", "start_time", "end_time", "last_updated", "stop_time", "creation_time", "date", "last_db_backup"];
const ATTRIBUTES: &[&str] = &["href", "id", "rel"];

/// The whole document.
pub(crate) fn document(root: &str, tree: &Value) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
    element(root, tree, 0, &mut text);
    text
}

fn element(name: &str, value: &Value, depth: usize, text: &mut String) {
    let indent = "    ".repeat(depth);
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| element(name, item, depth, text)),
        Value::Object(members) => {
            let attributes = attributes(members);
            let inner: Vec<_> = members.iter().filter(|(member, _)| !ATTRIBUTES.contains(&member.as_str())).collect();
            if inner.iter().all(|(_, value)| is_nothing(value)) {
                let _ = writeln!(text, "{indent}<{name}{attributes}/>");
                return;
            }
            let _ = writeln!(text, "{indent}<{name}{attributes}>");
            for (member, value) in inner {
                element(member, value, depth + 1, text);
            }
            let _ = writeln!(text, "{indent}</{name}>");
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = writeln!(text, "{indent}<{name}>{}</{name}>", escaped(&scalar(name, value)));
        }
    }
}

fn attributes(members: &Map<String, Value>) -> String {
    let mut text = String::new();
    for name in ATTRIBUTES {
        if let Some(value) = members.get(*name) {
            let _ = write!(text, " {name}=\"{}\"", escaped(&scalar(name, value)));
        }
    }
    text
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn scalar(name: &str, value: &Value) -> String {
    let date =
        value.as_i64().filter(|_| DATES.contains(&name)).and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    match (date, value) {
        (Some(date), _) => format!("{date:.3}"),
        (None, Value::String(text)) => text.clone(),
        (None, other) => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_repeat_ids_are_attributes_and_dates_are_iso() {
        let tree = json!({"tag": [
            {"name": "a & b", "parent": {"href": "/t/0", "id": "0"}, "href": "/t/1", "id": "1", "link": []},
            {"start_time": 1_795_523_091_879_i64, "empty": {}, "id": "2"},
        ]});
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>
<tags>
    <tag href=\"/t/1\" id=\"1\">
        <name>a &amp; b</name>
        <parent href=\"/t/0\" id=\"0\"/>
    </tag>
    <tag id=\"2\">
        <start_time>2026-11-24T12:24:51.879Z</start_time>
        <empty/>
    </tag>
</tags>
";
        assert_eq!(document("tags", &tree), expected);
        assert!(document("hosts", &json!({})).ends_with("<hosts/>\n"));
    }
}
