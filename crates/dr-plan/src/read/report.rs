//! The findings of one file while they are being collected.

use std::ops::Range;
use std::path::PathBuf;

use crate::finding::{Finding, Level};
use crate::node::Place;

/// A longer source line is shown in part: findings go to terminals and journals.
const LONGEST_LINE: usize = 160;
/// How much of a long line is shown before the place that is meant.
const LEAD: usize = 60;
/// What stands in place of a secret; its length says nothing about the secret's.
const MASK: &str = "***";

/// The findings of one file, and what must not be shown in them.
pub(crate) struct Report<'t> {
    file: String,
    text: &'t str,
    found: Vec<(Place, Level, String, String)>,
    secrets: Vec<Range<usize>>,
    mentions: Vec<(PathBuf, Place)>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(file: String, text: &'t str) -> Self {
        Self { file, text, found: vec![], secrets: vec![], mentions: vec![] }
    }

    pub(crate) fn error(&mut self, at: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.found.push((at, Level::Error, message.into(), remedy.into()));
    }

    pub(crate) fn warning(&mut self, at: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.found.push((at, Level::Warning, message.into(), remedy.into()));
    }

    /// What the plan may say one day but this version does not act on: an error, so that nobody relies on it.
    pub(crate) fn unsupported(&mut self, at: Place, what: &str, remedy: impl Into<String>) {
        self.error(at, format!("{what} is not supported by this version"), remedy);
    }

    /// The spelling of something in the text.
    pub(crate) fn spelling(&self, at: Place) -> &'t str {
        self.text.get(at.bytes()).unwrap_or_default()
    }

    /// Keeps the text at this place out of every finding.
    pub(crate) fn hide(&mut self, at: Place) {
        self.secrets.push(at.bytes());
    }

    /// Remembers where the plan refers to a file.
    pub(crate) fn mention(&mut self, path: PathBuf, at: Place) {
        self.mentions.push((path, at));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|(_, level, ..)| *level == Level::Error)
    }

    /// The findings in the order of the text, and where files are mentioned (as findings without words).
    pub(crate) fn finish(mut self) -> (Vec<Finding>, Vec<(PathBuf, Finding)>) {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|(at, level, ..)| (at.line, at.column, *level));
        found.dedup();
        let findings = found.into_iter().map(|(at, level, message, remedy)| self.show(at, level, message, remedy));
        let mentions = self.mentions.iter();
        let mentions =
            mentions.map(|(path, at)| (path.clone(), self.show(*at, Level::Error, String::new(), String::new())));
        (findings.collect(), mentions.collect())
    }

    fn show(&self, at: Place, level: Level, message: String, remedy: String) -> Finding {
        let (source_line, caret) = self.line(at);
        let room = source_line.chars().count().saturating_sub(caret);
        // A value over several lines is marked by its first one.
        let first = self.spelling(at).lines().next().unwrap_or_default();
        let width = first.chars().count().min(room).max(1);
        let (file, Place { line, column, .. }) = (self.file.clone(), at);
        Finding { file, level, line, column, width, source_line, message, remedy, caret }
    }

    /// The line of a place, masked and shortened, and where the place begins in it.
    fn line(&self, at: Place) -> (String, usize) {
        let start = self.text.get(..at.start).and_then(|before| before.rfind('\n')).map_or(0, |feed| feed + 1);
        let end = self.text.get(start..).and_then(|rest| rest.find('\n')).map_or(self.text.len(), |feed| start + feed);
        let mut shown = String::new();
        let mut caret = 0;
        let mut masked = false;
        for (offset, character) in self.text.get(start..end).unwrap_or_default().char_indices() {
            let byte = start + offset;
            if byte == at.start {
                caret = shown.chars().count();
            }
            let secret = self.secrets.iter().any(|range| range.contains(&byte));
            match (secret, masked) {
                (true, false) => shown.push_str(MASK),
                (true, true) => {}
                (false, _) if character == '\t' || !character.is_control() => shown.push(character),
                // A terminal must not obey what a file says.
                (false, _) => shown.push(if character == '\r' { ' ' } else { '\u{fffd}' }),
            }
            masked = secret;
        }
        if at.start >= end {
            caret = shown.chars().count();
        }
        shorten(shown.trim_end(), caret)
    }
}

fn shorten(line: &str, caret: usize) -> (String, usize) {
    if line.chars().count() <= LONGEST_LINE {
        return (line.to_owned(), caret);
    }
    let skipped = caret.saturating_sub(LEAD);
    let lead = if skipped > 0 { "..." } else { "" };
    let part: String = line.chars().skip(skipped).take(LONGEST_LINE).collect();
    (format!("{lead}{part}..."), caret - skipped + lead.len())
}
