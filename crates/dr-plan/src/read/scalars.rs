//! Texts, numbers, booleans, durations, words of a choice: the leaves of the file.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::fields::printable;
use super::report::Report;
use super::words::{nearest, quoted};
use crate::node::{Node, Value};

/// No wait or pause in a plan is meant to be longer; it also keeps every sum of times far from overflow.
const LONGEST_DURATION: Duration = Duration::from_secs(30 * 24 * 3600);
/// Longest text of a plan, in characters; the engine's own names end at 255.
const LONGEST_TEXT: usize = 1024;

/// A text without control characters, blanks at its ends, or emptiness.
pub(crate) fn text<'n>(node: &'n Node, what: &str, report: &mut Report<'_>) -> Option<&'n str> {
    let Value::Text(text) = &node.value else {
        let remedy = match node.value {
            Value::Bool | Value::Number => format!("put it in quotes: `\"{}\"`", report.spelling(node.at)),
            Value::Null => "write a value behind the colon, or remove the key".to_owned(),
            Value::Text(_) | Value::List(_) | Value::Map(_) => "write one text".to_owned(),
        };
        report.error(node.at, format!("{what} must be a text, not {}", node.value.kind()), remedy);
        return None;
    };
    let wrong = if text.is_empty() {
        "is empty"
    } else if text.trim() != text {
        "begins or ends with a blank"
    } else if text.chars().any(char::is_control) {
        "has a line feed or another control character in it"
    } else if text.chars().count() > LONGEST_TEXT {
        "is too long"
    } else {
        return Some(text);
    };
    report.error(node.at, format!("{what} {wrong}"), "write it in one line, without blanks around it");
    None
}

/// A path of the file system of the daemon, as written: relative ones belong to the plan's folder.
pub(crate) fn file_path(node: &Node, what: &str, report: &mut Report<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(text(node, what, report)?);
    report.mention(path.clone(), node.at);
    Some(path)
}

/// A whole number in plain decimal digits.
pub(crate) fn whole(node: &Node, what: &str, range: RangeInclusive<u32>, report: &mut Report<'_>) -> Option<u32> {
    let spelling = report.spelling(node.at);
    let remedy = format!("write a whole number from {} to {}", range.start(), range.end());
    let digits = !spelling.is_empty() && spelling.chars().all(|c| c.is_ascii_digit());
    match &node.value {
        Value::Number if digits => match spelling.parse() {
            Ok(number) if range.contains(&number) => return Some(number),
            Ok(_) | Err(_) => report.error(node.at, format!("{what} is out of range"), remedy),
        },
        Value::Number => report.error(node.at, format!("{what} must be a whole number in decimal digits"), remedy),
        Value::Text(text) if is_underscored(text) => {
            report.error(node.at, format!("{what} has underscores in its number"), remedy);
        }
        Value::Text(text) if text.chars().all(|c| c.is_ascii_digit()) && text == spelling => {
            report.error(node.at, format!("{what} has a leading zero, which some read as octal"), remedy);
        }
        Value::Null | Value::Bool | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            report.error(node.at, format!("{what} must be a number, not {}", node.value.kind()), remedy);
        }
    }
    None
}

/// `true` or `false`.
pub(crate) fn boolean(node: &Node, what: &str, report: &mut Report<'_>) -> Option<bool> {
    if let Value::Bool = node.value {
        return Some(report.spelling(node.at).eq_ignore_ascii_case("true"));
    }
    let (message, remedy) = match &node.value {
        Value::Text(text) => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => (format!("`{text}` is not a boolean"), "write `true`"),
            "no" | "off" | "n" | "false" => (format!("`{text}` is not a boolean"), "write `false`"),
            other => (format!("{what} must be a boolean, not `{}`", printable(other)), "write `true` or `false`"),
        },
        Value::Null | Value::Bool | Value::Number | Value::List(_) | Value::Map(_) => {
            (format!("{what} must be a boolean, not {}", node.value.kind()), "write `true` or `false`")
        }
    };
    report.error(node.at, message, remedy);
    None
}

/// A duration of at least `least`, with its unit.
pub(crate) fn duration(node: &Node, what: &str, least: Duration, report: &mut Report<'_>) -> Option<Duration> {
    const REMEDY: &str = "write a number with its unit, like `90s`, `10m` or `1h 30m`";
    let written = match &node.value {
        Value::Text(text) => text.as_str(),
        Value::Number => {
            let number = report.spelling(node.at);
            let (message, remedy) = if number.starts_with('-') {
                (format!("{what} is negative"), REMEDY.to_owned())
            } else {
                (format!("{what} has no unit"), format!("write `{number}s`, `{number}m` or `{number}h`"))
            };
            report.error(node.at, message, remedy);
            return None;
        }
        Value::Null | Value::Bool | Value::List(_) | Value::Map(_) => {
            report.error(node.at, format!("{what} must be a duration, not {}", node.value.kind()), REMEDY);
            return None;
        }
    };
    let wrong = match humantime::parse_duration(written) {
        _ if written.contains('_') => "has underscores in its number".to_owned(),
        _ if written.trim_start().starts_with('-') => "is negative".to_owned(),
        Ok(length) if length.is_zero() => "is zero".to_owned(),
        Ok(length) if length < least => format!("is shorter than {}", humantime::format_duration(least)),
        Ok(length) if length > LONGEST_DURATION => "is longer than 30 days".to_owned(),
        Ok(length) => return Some(length),
        Err(_) => format!("is not a duration: `{}`", printable(written)),
    };
    report.error(node.at, format!("{what} {wrong}"), REMEDY);
    None
}

/// One word of a few.
pub(crate) fn choice<'w>(node: &Node, what: &str, words: &[&'w str], report: &mut Report<'_>) -> Option<&'w str> {
    let written = text(node, what, report)?;
    if let Some(word) = words.iter().find(|word| **word == written) {
        return Some(word);
    }
    let message = match nearest(written, words) {
        Some(near) => format!("{what} cannot be `{}`, did you mean `{near}`?", printable(written)),
        None => format!("{what} cannot be `{}`", printable(written)),
    };
    report.error(node.at, message, format!("possible words: {}", quoted(words)));
    None
}

/// A list.
pub(crate) fn list<'n>(node: &'n Node, what: &str, report: &mut Report<'_>) -> Option<&'n [Node]> {
    if let Value::List(list) = &node.value {
        return Some(list);
    }
    let remedy = match node.value {
        Value::Text(_) | Value::Number | Value::Bool => format!("write `[{}]`", printable(report.spelling(node.at))),
        Value::Null | Value::List(_) | Value::Map(_) => {
            "write `[a, b]`, or one item a line, each behind a dash".to_owned()
        }
    };
    report.error(node.at, format!("{what} must be a list, not {}", node.value.kind()), remedy);
    None
}

fn is_underscored(text: &str) -> bool {
    text.contains('_') && text.chars().all(|c| c.is_ascii_digit() || c == '_')
}
