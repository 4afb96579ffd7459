//! From text to plan; the one file that names the YAML library.
//!
//! The library reads the text into a tree of values with their places. It stops at the first thing that is not YAML; everything
//! beyond is judged by `read`, which goes on after each finding.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy, Options, Spanned, UserMessageFormatter};

use crate::finding::{Finding, Level};
use crate::node::{Node, Place, Value};
use crate::plan::Plan;
use crate::read::{self, Report};

/// Largest plan file, in bytes. The largest sensible plan, of a thousand hosts and connections, is a tenth of it.
pub const MAX_BYTES: usize = 1024 * 1024;
/// A plan is four levels deep; the rest is room for mistakes that deserve a better message.
const MAX_DEPTH: usize = 16;
const MAX_NODES: usize = 20_000;

/// What came out of a file.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The plan; none exactly if there is a finding of level error.
    pub plan: Option<Plan>,
    /// Everything that is wrong or doubtful, in the order of the file.
    pub findings: Vec<Finding>,
    mentions: Vec<(PathBuf, Finding)>,
    file: String,
}

impl Parsed {
    /// A finding about a file that the plan refers to, placed where the plan first mentions it.
    ///
    /// For whoever can see the file system: this crate does not look. Without a mention the finding has no place.
    pub fn finding_on(
        &self,
        path: &Path,
        level: Level,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        let place = self.mentions.iter().find(|(mentioned, _)| mentioned == path).map(|(_, finding)| finding.clone());
        match place {
            Some(place) => Finding { level, message: message.into(), remedy: remedy.into(), ..place },
            None => Finding::without_place(&self.file, level, message, remedy),
        }
    }
}

/// Reads a plan. `name` is the file's stem (`erp` of `erp.yaml`), `text` its content.
///
/// Never fails and never panics: whatever is wrong is a finding, and all of them are found at once, unless the text is not
/// even YAML or beyond the budget (then the one finding says so).
pub fn parse(name: &str, text: &str) -> Parsed {
    parse_with_tree(name, text).0
}

/// The same, with the tree that it was read from.
pub(crate) fn parse_with_tree(name: &str, text: &str) -> (Parsed, Option<Node>) {
    let file = format!("{name}.yaml");
    let mut report = Report::new(file.clone(), text);
    let root = tree(text, &mut report);
    let plan = root.as_ref().and_then(|root| read::plan(name, root, &mut report));
    let (findings, mentions) = report.finish();
    (Parsed { plan, findings, mentions, file }, root)
}

/// The text as a tree, or one finding.
fn tree(text: &str, report: &mut Report<'_>) -> Option<Node> {
    if text.len() > MAX_BYTES {
        report.error(Place::TOP, "the file is larger than 1 MiB", "a plan is a short file; is this the right one?");
        return None;
    }
    match serde_saphyr::from_str_with_options::<Node>(text, options()) {
        Ok(Node { value: Value::Null, at }) => {
            report.error(at, "the file is empty", "begin with `version: 1`; `plans/README.md` has the rest");
            None
        }
        Ok(root) => Some(root),
        Err(error) => {
            let at = error.location().map_or(Place::TOP, |location| place_in(text, location));
            hide_passwords(text, report);
            let (message, remedy) = explain(&error);
            report.error(at, message, remedy);
            None
        }
    }
}

/// Strict, without anchors, merge keys and tags: what stands in the file is what is meant. No alias can be a bomb then.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_anchors: 0,
            max_aliases: 0,
            max_depth: MAX_DEPTH,
            // Above the depth, so that a deep flow is told as such and not as a limit of the scanner.
            flow_nesting_limit: 4 * MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_total_scalar_bytes: MAX_BYTES,
            // One would do, but with two the library says that there are several, instead of that a limit was hit.
            max_documents: 2,
        },
        emit_comments: false,
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        reject_unsupported_tags: true,
        ignore_binary_tag_for_string: true,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
    }
}

/// What the library says, in the words of this program: what is wrong, and what would be right.
fn explain(error: &serde_saphyr::Error) -> (String, &'static str) {
    use serde_saphyr::Error;

    const WRITE_OUT: &str = "write the value out wherever it is meant";
    let error = error.without_snippet();
    if let Error::MultipleDocuments { .. } = error {
        return (
            "there is more than one document in the file".to_owned(),
            "one file is one plan: remove the `---` line and what does not belong here",
        );
    }
    if let Error::UnknownAnchor { .. } = error {
        return ("a plan cannot use aliases (`*name`)".to_owned(), WRITE_OUT);
    }
    if let Error::Budget { breach, .. } = error {
        if matches!(breach, BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. }) {
            return ("a plan cannot use anchors (`&name`) and aliases (`*name`)".to_owned(), WRITE_OUT);
        }
        if matches!(breach, BudgetBreach::Depth { .. }) {
            return ("this is nested too deeply for a plan".to_owned(), "check the brackets and the indentation");
        }
        return ("this is too much for a plan".to_owned(), "a plan is a short file; is this the right one?");
    }
    if let Error::UnsupportedTag { .. } = error {
        return ("a plan cannot use tags (`!name`)".to_owned(), "remove the tag, or put the value in quotes");
    }
    let message = error.render_with_formatter(&UserMessageFormatter);
    // The place is told by the finding.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    (
        format!("this is not YAML: {message}"),
        "check the indentation, the quotes and the brackets here and in the line above",
    )
}

/// Where the text cannot be read, a password in it cannot be told from anything else: hide what stands behind such a word.
fn hide_passwords(text: &str, report: &mut Report<'_>) {
    let lower = text.to_ascii_lowercase();
    for (found, word) in lower.match_indices("pass") {
        let start = found + word.len();
        let rest = text.get(start..).unwrap_or_default();
        let line = rest.find('\n').map_or(rest, |end| rest.get(..end).unwrap_or_default());
        if let Some(colon) = line.find(':') {
            let start = start + colon + 1;
            report.hide(Place { start, end: start + line.len() - colon - 1, ..Place::TOP });
        }
    }
}

fn place(location: serde_saphyr::Location) -> Place {
    let bytes = |value: Option<u64>| usize::try_from(value.unwrap_or_default()).unwrap_or_default();
    let number = |value: u64| u32::try_from(value).unwrap_or_default();
    let span = location.span();
    let start = bytes(span.byte_offset());
    let end = start + bytes(span.byte_len());
    Place { line: number(location.line()), column: number(location.column()), start, end }
}

/// The place of an error, which the library gives as line and column only.
fn place_in(text: &str, location: serde_saphyr::Location) -> Place {
    let Place { line, column, .. } = place(location);
    if line == 0 {
        return Place::TOP;
    }
    let before = text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum::<usize>();
    let within = text.get(before..).unwrap_or_default().chars().take(column.saturating_sub(1) as usize);
    let start = before + within.map(char::len_utf8).sum::<usize>();
    Place { line, column: column.max(1), start, end: start }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Node { at: place(referenced), value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = vec![];
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = vec![];
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}
