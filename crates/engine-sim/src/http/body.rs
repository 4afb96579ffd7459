//! Strict reading of a request body against the member tables of [`schema`](super::schema).
//!
//! What comes out is a tree with normal scalars only: booleans, integers and text; enums in lower case;
//! nulls dropped; wrapped lists unwrapped by the readers at the bottom.

use http::StatusCode;
use serde_json::{Map, Value};

use super::answer::{Answer, HTML, escape};
use super::request::Call;
use super::schema::{Kind, Schema};

/// Reads the body of `call` as one object of `schema`.
///
/// `method` is the documentation path of the API method, which the engine names in its answer to broken input.
/// The error is the whole answer: 415 without a type, 500 HTML for an empty body, 400 HTML for an unknown member,
/// a 400 fault for anything that does not parse.
pub(crate) fn read(call: &Call, schema: &Schema, method: &str) -> Result<Value, Answer> {
    let content_type = call.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let is_xml = content_type.starts_with("application/xml");
    if !is_xml && !content_type.starts_with("application/json") {
        return Err(Answer::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let text = String::from_utf8_lossy(&call.body);
    if text.trim().is_empty() || text.trim() == "null" {
        let exception =
            "java.lang.RuntimeException: org.jboss.resteasy.spi.UnhandledException: java.lang.NullPointerException";
        return Err(Answer::exception_page(&path_info(call), &call.query, exception));
    }
    // Trailing garbage after the first value is ignored, as the engine does.
    let value = if is_xml {
        super::xml_read::read(&text, schema)
    } else {
        serde_json::Deserializer::from_str(&text).into_iter::<Value>().next().and_then(Result::ok)
    };
    let Some(value) = value else { return Err(Answer::syntax(&call.base, method)) };
    match object(&value, schema) {
        Ok(clean) => Ok(clean),
        Err(Misfit::Unknown { member, class }) => Err(Answer::text(
            StatusCode::BAD_REQUEST,
            HTML,
            escape(&format!(
                "Unrecognized field \"{member}\" (class org.ovirt.engine.api.model.{class}), not marked as ignorable"
            )),
        )),
        Err(Misfit::Syntax) => Err(Answer::syntax(&call.base, method)),
    }
}

/// The path as the exception page shows it: below the API and its version.
pub(crate) fn path_info(call: &Call) -> String {
    format!("/{}", call.segments.join("/"))
}

/// Text at `path` (`/a/b`), if the member was sent.
pub(crate) fn text_at(body: &Value, path: &str) -> Option<String> {
    body.pointer(path).and_then(Value::as_str).map(str::to_owned)
}

/// Boolean at `path`, if the member was sent.
pub(crate) fn bool_at(body: &Value, path: &str) -> Option<bool> {
    body.pointer(path).and_then(Value::as_bool)
}

/// Integer at `path`, if the member was sent.
pub(crate) fn integer_at(body: &Value, path: &str) -> Option<i64> {
    body.pointer(path).and_then(Value::as_i64)
}

enum Misfit {
    Unknown { member: String, class: &'static str },
    Syntax,
}

fn object(value: &Value, schema: &Schema) -> Result<Value, Misfit> {
    let Value::Object(members) = value else { return Err(Misfit::Syntax) };
    let mut clean = Map::new();
    for (name, value) in members {
        let Some(kind) = schema.kind_of(name) else {
            return Err(Misfit::Unknown { member: name.clone(), class: schema.class });
        };
        if value.is_null() {
            continue;
        }
        clean.insert(name.clone(), scalar_or_tree(value, kind)?);
    }
    Ok(Value::Object(clean))
}

fn scalar_or_tree(value: &Value, kind: Kind) -> Result<Value, Misfit> {
    match kind {
        Kind::Any => Ok(value.clone()),
        Kind::Text => text(value),
        Kind::Bool => boolean(value),
        Kind::Int => integer(value),
        Kind::Enum(words) => word(value, words),
        Kind::Object(schema) => object(value, schema),
        Kind::List(member, schema) => {
            let Value::Object(wrapper) = value else { return Err(Misfit::Syntax) };
            let mut items = Vec::new();
            for (name, list) in wrapper {
                if name != member {
                    let class = schema.list_class;
                    return Err(Misfit::Unknown { member: name.clone(), class });
                }
                let Value::Array(list) = list else { return Err(Misfit::Syntax) };
                for item in list {
                    items.push(object(item, schema)?);
                }
            }
            Ok(Value::Array(items))
        }
    }
}

fn text(value: &Value) -> Result<Value, Misfit> {
    match value {
        Value::String(text) => Ok(Value::from(text.clone())),
        Value::Number(number) => Ok(Value::from(number.to_string())),
        Value::Bool(flag) => Ok(Value::from(flag.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Misfit::Syntax),
    }
}

fn boolean(value: &Value) -> Result<Value, Misfit> {
    let word = match value {
        Value::Bool(flag) => return Ok(Value::from(*flag)),
        Value::String(word) => word.to_ascii_lowercase(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(Misfit::Syntax),
    };
    match word.as_str() {
        "true" | "1" => Ok(Value::from(true)),
        "false" | "0" => Ok(Value::from(false)),
        _ => Err(Misfit::Syntax),
    }
}

fn integer(value: &Value) -> Result<Value, Misfit> {
    match value {
        Value::Number(number) => number.as_i64().map(Value::from).ok_or(Misfit::Syntax),
        Value::String(text) if text.is_empty() => Ok(Value::from(0)),
        Value::String(text) => text.trim().parse::<i64>().map(Value::from).map_err(|_| Misfit::Syntax),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(Misfit::Syntax),
    }
}

fn word(value: &Value, words: &[&str]) -> Result<Value, Misfit> {
    let Value::String(text) = value else { return Err(Misfit::Syntax) };
    let text = text.to_ascii_lowercase();
    words.iter().find(|word| **word == text).map(|word| Value::from(*word)).ok_or(Misfit::Syntax)
}

#[cfg(test)]
mod tests {
    use super::super::schema::{CLUSTER, HOST, STORAGE_CONNECTION, VM};
    use super::*;
    use crate::http::answer::Body;
    use bytes::Bytes;
    use http::Request;
    use serde_json::json;

    fn call(body: &str) -> Call {
        let request =
            Request::put("https://engine.test/ovirt-engine/api/hosts/1").header("content-type", "application/json");
        Call::of(request.body(Bytes::from(body.to_owned())).unwrap())
    }

    fn refused(body: &str, schema: &Schema) -> (u16, String) {
        let answer = read(&call(body), schema, "host/methods/update").unwrap_err();
        let text = match answer.body {
            Body::Empty => String::new(),
            Body::Document { root: _, tree } => tree.to_string(),
            Body::Written { content_type, bytes } => format!("{content_type} {}", String::from_utf8_lossy(&bytes)),
            Body::Text { content_type, text } => format!("{content_type} {text}"),
        };
        (answer.status.as_u16(), text)
    }

    #[test]
    fn scalars_are_accepted_quoted_and_bare() {
        let body =
            read(&call(r#"{"port":54321,"spm":{"priority":"4"},"power_management":{"enabled":"FALSE"}}"#), &HOST, "");
        assert_eq!(
            body.unwrap(),
            json!({"port": 54321, "spm": {"priority": 4}, "power_management": {"enabled": false}})
        );
    }

    #[test]
    fn an_unknown_member_is_a_page_that_names_the_class() {
        let (status, text) = refused(r#"{"comment":"x","banana":"1"}"#, &HOST);
        assert_eq!(status, 400);
        let expected = "text/html;charset=UTF-8 Unrecognized field &quot;banana&quot; (class org.ovirt.engine.api.model.Host), not marked as ignorable";
        assert_eq!(text, expected);
        assert_eq!(refused(r#"{"host":{"comment":"x"}}"#, &HOST).0, 400);
        assert!(
            refused(r#"{"banana":1}"#, &STORAGE_CONNECTION)
                .1
                .contains("class org.ovirt.engine.api.model.StorageConnection")
        );
    }

    #[test]
    fn wrong_scalars_words_and_broken_json_are_syntax_faults() {
        for body in [
            r#"{"spm":{"priority":"banana"}}"#,
            r#"{"power_management":{"enabled":"yes"}}"#,
            r#"{"type":"banana"}"#,
            "{",
            "[]",
            r#"{"port":5.5}"#,
        ] {
            let (status, text) = refused(body, &HOST);
            assert_eq!(status, 400, "{body}");
            assert!(
                text.contains("https://engine.test/ovirt-engine/apidoc#services/host/methods/update"),
                "{body}: {text}"
            );
        }
        assert_eq!(refused(r#"{"placement_policy":{"affinity":"nonsense"}}"#, &VM).0, 400);
    }

    #[test]
    fn an_empty_body_is_a_server_error_and_a_missing_type_is_415() {
        assert_eq!(refused("", &HOST).0, 500);
        assert_eq!(refused("null", &HOST).0, 500);
        let untyped = Call::of(Request::put("/ovirt-engine/api/hosts/1").body(Bytes::from("{}")).unwrap());
        assert_eq!(read(&untyped, &HOST, "").unwrap_err().status, 415);
    }

    #[test]
    fn words_are_accepted_in_any_case_and_nulls_are_absent() {
        assert_eq!(read(&call(r#"{"type":"RHEL","comment":null}"#), &HOST, "").unwrap(), json!({"type": "rhel"}));
        let policy = r#"{"fencing_policy":{"enabled":"true","skip_if_sd_active":{}}}"#;
        assert_eq!(
            read(&call(policy), &CLUSTER, "").unwrap(),
            json!({"fencing_policy": {"enabled": true, "skip_if_sd_active": {}}})
        );
    }
}
