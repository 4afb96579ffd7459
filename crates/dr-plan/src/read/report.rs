//! The findings of one file while they are being collected.

use std::ops::Range;
use std::path::PathBuf;

use crate::finding::{Finding, Level};
use crate::node::Place;

/// A longer source line is shown in part: findings go to terminals and journals.
const LONGEST_LINE: usize = 160;
/// How much of a long line is shown before the place that is meant.
const LEAD: usize = 60;
/// How many bytes around the place that is meant are looked at: a line may be as long as the file.
const WINDOW: usize = 4 * LONGEST_LINE;
/// What stands in place of a secret; its length says nothing about the secret's.
const MASK: &str = "***";
/// As many findings of each level are kept: nobody reads more, and a hostile file must not fill the memory with them.
const MOST: usize = 100;

/// The findings of one file, and what must not be shown in them.
pub(crate) struct Report<'t> {
    file: String,
    text: &'t str,
    errors: Vec<Found>,
    warnings: Vec<Found>,
    beyond: usize,
    secrets: Vec<Range<usize>>,
    mentions: Vec<(PathBuf, Place)>,
}

/// A finding that does not know its source line yet.
struct Found {
    at: Place,
    level: Level,
    message: String,
    remedy: String,
}

impl<'t> Report<'t> {
    pub(crate) fn new(file: String, text: &'t str) -> Self {
        Self { file, text, errors: vec![], warnings: vec![], beyond: 0, secrets: vec![], mentions: vec![] }
    }

    pub(crate) fn error(&mut self, at: Place, message: impl Into<String>, remedy: impl Into<String>) {
        if self.is_full() {
            self.beyond += 1;
            return;
        }
        self.errors.push(Found { at, level: Level::Error, message: message.into(), remedy: remedy.into() });
    }

    pub(crate) fn warning(&mut self, at: Place, message: impl Into<String>, remedy: impl Into<String>) {
        if self.warnings.len() >= MOST {
            self.beyond += 1;
            return;
        }
        self.warnings.push(Found { at, level: Level::Warning, message: message.into(), remedy: remedy.into() });
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
        !self.errors.is_empty()
    }

    /// Whether further errors are only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= MOST
    }

    /// The findings in the order of the text, and where files are mentioned (as findings without words).
    pub(crate) fn finish(mut self) -> (Vec<Finding>, Vec<(PathBuf, Finding)>) {
        let mut found = std::mem::take(&mut self.errors);
        found.append(&mut self.warnings);
        found.sort_by_key(|found| (found.at.line, found.at.column, found.level));
        let mut findings: Vec<Finding> = found.into_iter().map(|found| self.show(found)).collect();
        if self.beyond > 0 {
            let level = findings.iter().map(|finding| finding.level).min().unwrap_or(Level::Error);
            let message = format!("there are {} findings more", self.beyond);
            findings.push(self.show(Found { at: Place::TOP, level, message, remedy: "mend these first".to_owned() }));
        }
        let blank = |at| self.show(Found { at, level: Level::Error, message: String::new(), remedy: String::new() });
        let mentions = self.mentions.iter().map(|(path, at)| (path.clone(), blank(*at))).collect();
        (findings, mentions)
    }

    fn show(&self, Found { at, level, message, remedy }: Found) -> Finding {
        let (source_line, caret) = self.line(at);
        let room = source_line.chars().count().saturating_sub(caret);
        // A value over several lines is marked by its first one; the length of a secret is nobody's business.
        let first = self.spelling(at).lines().next().unwrap_or_default();
        let length = if self.is_secret(at.start) { MASK.len() } else { first.chars().count() };
        let (file, Place { line, column, .. }) = (self.file.clone(), at);
        Finding {
            file,
            level,
            line,
            column,
            width: short(length.min(room).max(1)),
            source_line,
            message,
            remedy,
            caret: short(caret),
        }
    }

    fn is_secret(&self, byte: usize) -> bool {
        self.secrets.iter().any(|range| range.contains(&byte))
    }

    /// The line of a place, masked and shortened, and where the place begins in it, in characters.
    fn line(&self, at: Place) -> (String, usize) {
        let start = self.text.get(..at.start).and_then(|before| before.rfind('\n')).map_or(0, |feed| feed + 1);
        let end = self.text.get(start..).and_then(|rest| rest.find('\n')).map_or(self.text.len(), |feed| start + feed);
        let from = self.text.ceil_char_boundary(at.start.saturating_sub(WINDOW).max(start));
        let to = self.text.ceil_char_boundary((at.start + WINDOW).min(end));
        let near = |range: &&Range<usize>| range.start < to && range.end > from;
        let secrets: Vec<&Range<usize>> = self.secrets.iter().filter(near).collect();

        let mut shown = String::new();
        let mut caret = None;
        let mut masked = false;
        for (offset, character) in self.text.get(from..to).unwrap_or_default().char_indices() {
            let byte = from + offset;
            if byte == at.start {
                caret = Some(shown.chars().count());
            }
            let secret = secrets.iter().any(|range| range.contains(&byte));
            match (secret, masked) {
                (true, false) => shown.push_str(MASK),
                (true, true) => {}
                (false, _) if character == '\t' || !character.is_control() => shown.push(character),
                // A terminal must not obey what a file says.
                (false, _) => shown.push(if character == '\r' { ' ' } else { '\u{fffd}' }),
            }
            masked = secret;
        }
        let caret = caret.unwrap_or_else(|| shown.chars().count());
        shorten(shown.trim_end(), caret, from > start, to < end)
    }
}

/// Cuts a line down around the caret; `before` and `after` say whether something was cut already.
fn shorten(line: &str, caret: usize, before: bool, after: bool) -> (String, usize) {
    let length = line.chars().count();
    let skipped = if length > LONGEST_LINE { caret.saturating_sub(LEAD) } else { 0 };
    let lead = if before || skipped > 0 { "..." } else { "" };
    let tail = if after || length > skipped + LONGEST_LINE { "..." } else { "" };
    let part: String = line.chars().skip(skipped).take(LONGEST_LINE).collect();
    (format!("{lead}{part}{tail}"), caret - skipped + lead.len())
}

/// Lines and columns of a file of at most 1 MiB.
fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
