//! The recorded files, read back whole: what is said only once in a file is put back in its places.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

/// One line of a file.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every line is an exchange")]
pub(crate) enum Line {
    Exchange(Exchange),
    /// Something was done to the world.
    Mark {
        at: f64,
        note: String,
    },
    /// Status words changed: `name: was -> is`.
    Watch {
        at: f64,
        changes: Vec<String>,
    },
    /// A line of a timeline, or a door polled through a restart.
    Other(Value),
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// The file without its ending.
    pub(crate) file: String,
    pub(crate) label: String,
    /// Seconds since the recording began.
    pub(crate) at: f64,
    pub(crate) method: String,
    /// With the query, as it was sent.
    pub(crate) path: String,
    pub(crate) request_headers: Map<String, Value>,
    /// JSON, or text that is none; null for no body.
    pub(crate) request: Value,
    pub(crate) status: u16,
    pub(crate) headers: Map<String, Value>,
    pub(crate) answer: Value,
    /// How long it took.
    pub(crate) seconds: f64,
}

/// All exchanges of all files, in the order of the files.
pub(crate) fn exchanges() -> Vec<Exchange> {
    files().iter().flat_map(|file| exchanges_of(file)).collect()
}

/// The exchanges of one file.
pub(crate) fn exchanges_of(file: &str) -> Vec<Exchange> {
    let exchange = |line| match line {
        Line::Exchange(exchange) => Some(exchange),
        Line::Mark { at: _, note: _ } | Line::Watch { at: _, changes: _ } | Line::Other(_) => None,
    };
    lines(file).into_iter().filter_map(exchange).collect()
}

/// Names of the files, without their ending.
pub(crate) fn files() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the recorded files");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned)).collect();
    names.sort();
    names
}

/// All lines of one file.
pub(crate) fn lines(file: &str) -> Vec<Line> {
    let text = std::fs::read_to_string(folder().join(format!("{file}.jsonl"))).expect("a recorded file");
    let mut seen = Seen::default();
    text.lines().map(|line| seen.line(file, serde_json::from_str(line).expect("JSON"))).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/recorded"))
}

/// What the file said before.
#[derive(Default)]
struct Seen {
    bodies: HashMap<String, Value>,
    elements: HashMap<String, Value>,
}

impl Seen {
    fn line(&mut self, file: &str, line: Value) -> Line {
        let at = line["at"].as_f64().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(note) = line["note"].as_str() {
            return Line::Mark { at, note: note.to_owned() };
        }
        if let Some(changes) = line["changes"].as_array() {
            return Line::Watch { at, changes: changes.iter().map(text).collect() };
        }
        let (request, response) = (&line["request"], &line["response"]);
        if request.is_null() {
            return Line::Other(line);
        }
        let label = text(&line["label"]);
        let answer = self.whole(&label, response["body"].clone());
        let headers = |of: &Value| of["headers"].as_object().cloned().unwrap_or_default();
        Line::Exchange(Exchange {
            file: file.to_owned(),
            at,
            method: text(&request["method"]),
            path: text(&request["path"]),
            request_headers: headers(request),
            request: request["body"].clone(),
            status: response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status"),
            headers: headers(response),
            answer,
            seconds: response["ms"].as_f64().unwrap_or_default() / 1000.0,
            label,
        })
    }

    fn whole(&mut self, label: &str, mut body: Value) -> Value {
        if let Some(earlier) = body["same_as"].as_str() {
            return self.bodies.get(earlier).unwrap_or_else(|| panic!("{label}: no body {earlier}")).clone();
        }
        if let Some(elements) = only_list(&mut body) {
            for element in elements {
                let Some(id) = element["id"].as_str().map(str::to_owned) else { continue };
                if element.get("same_as").is_some() {
                    *element = self.elements.get(&id).unwrap_or_else(|| panic!("{label}: no element {id}")).clone();
                } else {
                    self.elements.insert(id, element.clone());
                }
            }
        }
        self.bodies.entry(label.to_owned()).or_insert_with(|| body.clone());
        body
    }
}

/// The elements of a body that is nothing but a list.
fn only_list(body: &mut Value) -> Option<&mut Vec<Value>> {
    let members = body.as_object_mut().filter(|members| members.len() == 1)?;
    members.values_mut().next()?.as_array_mut()
}

impl Exchange {
    /// A header of the answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// A header of the request.
    pub(crate) fn request_header(&self, name: &str) -> Option<&str> {
        find(&self.request_headers, name)
    }

    pub(crate) fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or_default()
    }

    /// The request's body as it was sent.
    pub(crate) fn request_text(&self) -> String {
        bytes_of(&self.request)
    }

    /// The answer's body as it was sent.
    pub(crate) fn answer_text(&self) -> String {
        bytes_of(&self.answer)
    }

    /// The path without its query.
    pub(crate) fn bare_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// Segments below the API, if the request is one to the API.
    pub(crate) fn segments(&self) -> Option<Vec<&str>> {
        let below = self.bare_path().strip_prefix("/ovirt-engine/api")?;
        Some(below.split('/').filter(|segment| !segment.is_empty()).collect())
    }

    pub(crate) fn is_to_api(&self) -> bool {
        self.segments().is_some()
    }

    /// Names and values of the query, decoded.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        query(&self.path)
    }
}

/// Names and values of a query, decoded.
pub(crate) fn query(path: &str) -> Vec<(String, String)> {
    let (_, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// Percent-encoding undone.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = if byte == b'%' { rest.clone().take(2).collect::<Vec<u8>>() } else { Vec::new() };
        match std::str::from_utf8(&hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest.nth(1);
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn find<'a>(headers: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
}

fn bytes_of(body: &Value) -> String {
    match body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => body.to_string(),
    }
}

#[test]
fn the_recorded_files_are_read_back_whole() {
    let all = exchanges();
    assert!(all.len() > 750, "{}", all.len());
    let mark = json!("…");
    for exchange in &all {
        let marked = |element: &Value| element.get("same_as") == Some(&mark);
        let elements = exchange.answer.as_object().into_iter().flatten().filter_map(|(_, list)| list.as_array());
        assert!(!elements.flatten().any(marked), "{} {}", exchange.file, exchange.label);
    }
    let parked = exchanges_of("refuse").into_iter().find(|each| each.label == "refuse.parked.vms").expect("recorded");
    assert_eq!(parked.answer["vm"].as_array().map(Vec::len), Some(8));
    assert_eq!(decoded("a%20b%2Cc%"), "a b,c%");
}
