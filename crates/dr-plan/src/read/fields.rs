//! A mapping of the file whose keys are taken one by one; what nobody takes is unknown.

use std::collections::HashMap;

use super::report::Report;
use super::words::{nearest, quoted};
use crate::node::{Node, Place, Value};

/// The entries of one mapping. To be closed, or nobody learns of unknown and missing keys.
#[must_use]
pub(crate) struct Fields<'n> {
    what: String,
    at: Place,
    entries: Vec<Entry<'n>>,
    known: Vec<&'static str>,
    /// Keys that should be there, each with an example of its value.
    missing: Vec<(&'static str, &'static str)>,
}

/// One key and its value.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'n> {
    pub(crate) key: &'n str,
    pub(crate) key_at: Place,
    pub(crate) node: &'n Node,
}

impl<'n> Fields<'n> {
    /// Opens a mapping; `what` names it in messages, with its backticks. Anything else than a mapping, keys that are not
    /// words and keys that repeat are findings.
    pub(crate) fn open(node: &'n Node, what: impl Into<String>, report: &mut Report<'_>) -> Option<Self> {
        let what = what.into();
        let Value::Map(pairs) = &node.value else {
            report.error(
                node.at,
                format!("{what} must be a mapping of keys to values, not {}", node.value.kind()),
                "write `key: value` lines, indented below it",
            );
            return None;
        };
        let mut entries: Vec<Entry<'n>> = vec![];
        let mut seen = HashMap::new();
        for (key, node) in pairs {
            let Value::Text(word) = &key.value else {
                report.error(
                    key.at,
                    format!("a key of {what} must be a word, not {}", key.value.kind()),
                    "put it in quotes",
                );
                continue;
            };
            match seen.get(word) {
                Some(line) => report.error(
                    key.at,
                    format!("`{}` is given twice in {what}", printable(word)),
                    format!("keep one of them; the first is in line {line}"),
                ),
                None => {
                    seen.insert(word, key.at.line);
                    entries.push(Entry { key: word, key_at: key.at, node });
                }
            }
        }
        Some(Self { what, at: node.at, entries, known: vec![], missing: vec![] })
    }

    /// Takes the value of a key that may be missing.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.take_entry(key).map(|entry| entry.node)
    }

    /// Takes a key that may be missing, together with its place.
    pub(crate) fn take_entry(&mut self, key: &'static str) -> Option<Entry<'n>> {
        self.known.push(key);
        let position = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(position))
    }

    /// Takes the value of a key that must be there; its absence is a finding that shows `example`.
    pub(crate) fn need(&mut self, key: &'static str, example: &'static str) -> Option<&'n Node> {
        let node = self.take(key);
        if node.is_none() {
            self.missing.push((key, example));
        }
        node
    }

    /// Takes every key that was not taken yet, in the order of the file.
    pub(crate) fn rest(&mut self) -> Vec<Entry<'n>> {
        std::mem::take(&mut self.entries)
    }

    /// What nobody took so far.
    pub(crate) fn left(&self) -> &[Entry<'n>] {
        &self.entries
    }

    /// What is left is unknown, and what was needed and not there is missing.
    pub(crate) fn close(self, report: &mut Report<'_>) {
        let Self { what, at, entries, known, missing } = self;
        let mut meant = vec![];
        for entry in &entries {
            meant.extend(unknown(entry, &format!("keys of {what}"), &known, report));
        }
        // A missing key that was only misspelt is one mistake, not two.
        for (key, example) in missing.iter().filter(|(key, _)| !meant.contains(key)) {
            report.error(at, format!("{what} has no `{key}`"), format!("add a line like `{key}: {example}`"));
        }
    }
}

/// The finding about a key that nobody knows; yields the known one that is probably meant.
pub(crate) fn unknown<'k>(
    entry: &Entry<'_>,
    kind: &str,
    known: &[&'k str],
    report: &mut Report<'_>,
) -> Option<&'k str> {
    let near = if report.is_full() { None } else { nearest(entry.key, known) };
    let key = printable(entry.key);
    let message = match near {
        Some(near) => format!("unknown key `{key}`, did you mean `{near}`?"),
        None => format!("unknown key `{key}`"),
    };
    report.error(entry.key_at, message, format!("{kind}: {}", quoted(known)));
    near
}

/// A text of the file as it may stand in a message: short, and without what a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    const LONGEST: usize = 60;
    let clean = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut short: String = clean.take(LONGEST).collect();
    if text.chars().count() > LONGEST {
        short.push_str("...");
    }
    short
}
