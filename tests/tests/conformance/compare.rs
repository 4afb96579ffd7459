//! How an answer of the simulated engine differs from the recorded one. Ids, times and sizes are not compared, only their kinds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::recording::Exchange;
use crate::stage::{Got, Stage};

/// What kind of difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Status,
    ContentType,
    /// A member or element that only the recording has.
    Missing,
    /// A member or element that only the simulation has.
    Extra,
    /// The same member, but another kind of value.
    Scalar,
    /// A word of the API's that is not the same.
    Word,
    /// A text for people that is not the same.
    Text,
}

/// One difference.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) kind: Kind,
    /// File and label.
    pub(crate) exchange: String,
    /// Method, path with ids left out, and where in the answer.
    pub(crate) at: String,
    /// What the recording has.
    pub(crate) recorded: String,
    /// What the simulation has.
    pub(crate) simulated: String,
}

/// Members whose values are the API's own words or the callers' texts, equal in both worlds.
const WORDS: &[&str] = &[
    "affinity",
    "code",
    "comment",
    "description",
    "enabled",
    "error",
    "error_code",
    "external_status",
    "fence_type",
    "master",
    "name",
    "next_run_configuration_exists",
    "order",
    "path",
    "priority",
    "quota_mode",
    "rel",
    "run_once",
    "severity",
    "status",
    "status_detail",
    "stop_reason",
    "storage_format",
    "storage_type",
    "type",
    "username",
    "vfs_type",
    "mount_options",
    "nfs_version",
    "nfs_retrans",
    "nfs_timeo",
];

/// Texts of the hosts' own hardware and system.
const HARDWARE: &[&str] = &["/cpu/name", "/os/description"];

/// Members that say why something was refused.
const TEXTS: &[&str] = &["reason", "detail"];

/// All differences between the recorded answer and ours. Ids that stand in the same places are paired.
pub(crate) fn compare(stage: &Stage, exchange: &Exchange, ours: &Got) -> Vec<Difference> {
    let mut comparison = Comparison { stage, exchange, root: root(exchange), found: Vec::new() };
    if exchange.status != ours.status {
        comparison.add(Kind::Status, "", exchange.status.to_string(), ours.status.to_string());
        comparison.texts_of_statuses(&ours.body);
        return comparison.found;
    }
    if exchange.content_type() != ours.content_type {
        comparison.add(Kind::ContentType, "", exchange.content_type().to_owned(), ours.content_type.clone());
    }
    if exchange.content_type().contains("xml") {
        return comparison.found;
    }
    comparison.trees(&exchange.answer, &ours.body, "");
    comparison.found
}

struct Comparison<'a> {
    stage: &'a Stage,
    exchange: &'a Exchange,
    root: String,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn add(&mut self, kind: Kind, pointer: &str, recorded: String, simulated: String) {
        self.found.push(Difference {
            kind,
            exchange: format!("{} {}", self.exchange.file, self.exchange.label),
            at: format!("{} {pointer}", self.root).trim().to_owned(),
            recorded,
            simulated,
        });
    }

    /// The hosts of this one file were cut to a few members when it was recorded: what else an answer has is not known.
    fn is_cut(&self, pointer: &str) -> bool {
        self.exchange.file == "tags" && self.root == "GET hosts" && pointer == "/host[]"
    }

    /// Two different statuses: what both sides said.
    fn texts_of_statuses(&mut self, ours: &Value) {
        let said = |body: &Value| -> String {
            let fault = body.get("fault").unwrap_or(body);
            let text = fault["detail"].as_str().or(fault["reason"].as_str()).or(body.as_str()).unwrap_or_default();
            without_ids(&visible(text)).chars().take(160).collect()
        };
        if let Some(last) = self.found.last_mut() {
            last.recorded = format!("{} {}", last.recorded, said(&self.exchange.answer)).trim().to_owned();
            last.simulated = format!("{} {}", last.simulated, said(ours)).trim().to_owned();
        }
    }

    fn trees(&mut self, recorded: &Value, ours: &Value, pointer: &str) {
        // Links that the recording leaves out because they were the same before.
        if recorded == "…" {
            return;
        }
        match (recorded, ours) {
            (Value::Object(theirs), Value::Object(mine)) => {
                if let (Some(id), Some(our_id)) = (recorded["id"].as_str(), ours["id"].as_str()) {
                    self.stage.pair(id, our_id);
                }
                for (name, value) in theirs {
                    match mine.get(name) {
                        Some(our_value) => self.trees(value, our_value, &format!("{pointer}/{name}")),
                        None => self.add(Kind::Missing, &format!("{pointer}/{name}"), short(value), String::new()),
                    }
                }
                for (name, value) in mine {
                    if !theirs.contains_key(name) && !self.is_cut(pointer) {
                        self.add(Kind::Extra, &format!("{pointer}/{name}"), String::new(), short(value));
                    }
                }
            }
            (Value::Array(theirs), Value::Array(mine)) => self.lists(theirs, mine, pointer),
            (_, _) => self.scalars(recorded, ours, pointer),
        }
    }

    fn lists(&mut self, theirs: &[Value], mine: &[Value], pointer: &str) {
        let pointer = format!("{pointer}[]");
        if pointer == "/event[]" {
            return self.logs(theirs, mine, &pointer);
        }
        if pointer == "/job[]" {
            // What was done before is not the same; what a job looks like is.
            if let (Some(recorded), Some(ours)) = (theirs.first(), mine.first()) {
                self.trees(&unnamed(recorded), &unnamed(ours), &pointer);
            }
            return;
        }
        let ours: BTreeMap<String, &Value> = keyed(mine);
        let recorded: BTreeMap<String, &Value> = keyed(theirs);
        for (key, element) in &recorded {
            match ours.get(key) {
                Some(our_element) => self.trees(element, our_element, &pointer),
                None => self.add(Kind::Missing, &pointer, format!("{key}: {}", short(element)), String::new()),
            }
        }
        for (key, element) in ours.iter().filter(|(key, _)| !recorded.contains_key(*key)) {
            self.add(Kind::Extra, &pointer, String::new(), format!("{key}: {}", short(element)));
        }
    }

    /// Events and jobs: each recorded kind of line, where we have one of the same kind.
    fn logs(&mut self, theirs: &[Value], mine: &[Value], pointer: &str) {
        let kind = |line: &Value| {
            let text = line["code"].as_str().or(line["description"].as_str()).unwrap_or_default();
            text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
        };
        let mut said = BTreeSet::new();
        for line in theirs {
            let kind_of_line = kind(line);
            let like = |each: &&Value| kind(each) == kind_of_line;
            let shape = |each: &&Value| like(each) && members(each) == members(line);
            match mine.iter().find(shape).or_else(|| mine.iter().find(like)) {
                Some(ours) => self.trees(&unnamed(line), &unnamed(ours), pointer),
                None if said.insert(kind_of_line.clone()) => {
                    let text = without_ids(line["description"].as_str().unwrap_or_default());
                    self.add(Kind::Missing, pointer, format!("{kind_of_line}: {text}"), String::new());
                }
                None => {}
            }
        }
    }

    fn scalars(&mut self, recorded: &Value, ours: &Value, pointer: &str) {
        let name = pointer.rsplit('/').next().unwrap_or_default().trim_end_matches("[]");
        let (theirs, mine) = (kind_of(recorded), kind_of(ours));
        if theirs != mine {
            return self.add(
                Kind::Scalar,
                pointer,
                format!("{theirs}: {}", short(recorded)),
                format!("{mine}: {}", short(ours)),
            );
        }
        let (Value::String(theirs), Value::String(mine)) = (recorded, ours) else { return };
        let (theirs, mine) = (without_ids(&visible(theirs)), without_ids(&visible(mine)));
        if theirs == mine {
            return;
        }
        if TEXTS.contains(&name) || pointer.is_empty() {
            self.add(Kind::Text, pointer, theirs, mine);
        } else if WORDS.contains(&name) && !HARDWARE.iter().any(|what| pointer.ends_with(what)) {
            self.add(Kind::Word, pointer, theirs, mine);
        }
    }
}

/// The request without ids: `GET hosts/ID/tags`.
fn root(exchange: &Exchange) -> String {
    let path = exchange.bare_path().replace("/ovirt-engine/api", "");
    let segment = |segment: &str| match segment.len() {
        36 if segment.matches('-').count() == 4 => "ID".to_owned(),
        _ => segment.to_owned(),
    };
    let path: Vec<String> = path.split('/').filter(|each| !each.is_empty()).map(segment).collect();
    format!("{} {}", exchange.method, path.join("/"))
}

/// Elements by what tells them apart in both worlds.
fn keyed(elements: &[Value]) -> BTreeMap<String, &Value> {
    let mut keyed = BTreeMap::new();
    for (position, element) in elements.iter().enumerate() {
        let name = ["name", "rel", "path", "target", "vfs_type"].iter().find_map(|member| element[*member].as_str());
        // VMs whose domain was destroyed under them are called so.
        let name = name.map(|name| name.trim_start_matches("external-"));
        let name = name.or(element.as_str()).map_or_else(|| position.to_string(), str::to_owned);
        keyed.insert(name, element);
    }
    keyed
}

fn members(object: &Value) -> BTreeSet<&str> {
    object.as_object().into_iter().flat_map(|members| members.keys()).map(String::as_str).collect()
}

/// A line of a log without the words that tell of its time and object.
fn unnamed(line: &Value) -> Value {
    let mut line = line.clone();
    if let Some(members) = line.as_object_mut() {
        for name in ["description", "id", "href", "status", "end_time", "link"] {
            if members.contains_key(name) {
                members.insert(name.to_owned(), Value::from("…"));
            }
        }
        for object in members.values_mut() {
            if object.get("name").is_some() {
                object["name"] = Value::from("…");
            }
        }
    }
    line
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "bare boolean",
        Value::Number(_) => "number",
        Value::String(text) if text == "true" || text == "false" => "boolean as text",
        Value::String(text) if text.parse::<i64>().is_ok() => "number as text",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// What a page shows, without tags, style and stack trace, in one line.
fn visible(text: &str) -> String {
    if !text.contains("<html") {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        shown.push_str(before);
        shown.push(' ');
        let after =
            if after.starts_with("style") { after.split_once("</style").map_or("", |(_, after)| after) } else { after };
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    shown.push_str(rest);
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    shown.split("Stack Trace").next().unwrap_or_default().trim().to_owned()
}

/// The text with ids taken out, which are never the same in two worlds.
pub(crate) fn without_ids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let hex = |c: char| c.is_ascii_hexdigit();
    while let Some(at) = rest.find(hex) {
        out.push_str(&rest[..at]);
        let word = rest[at..].split(|c| !(hex(c) || c == '-')).next().unwrap_or_default();
        out.push_str(if word.len() == 36 && word.matches('-').count() == 4 { "ID" } else { word });
        rest = &rest[at + word.len()..];
    }
    out.push_str(rest);
    out
}

fn short(value: &Value) -> String {
    let text = without_ids(&value.to_string());
    match text.char_indices().nth(90) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
