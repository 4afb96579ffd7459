//! SQLite's errors with what helps.

use std::path::Path;

use crate::ports::JournalError;

/// An error about the database at `path`.
pub(super) fn trouble(path: &Path, text: impl Into<String>) -> JournalError {
    JournalError { place: path.display().to_string(), text: text.into() }
}

/// What SQLite says and what to do about it.
pub(super) fn in_words(error: &sqlx::Error) -> String {
    format!("{error}; {}", remedy(error))
}

fn remedy(error: &sqlx::Error) -> &'static str {
    // Extended codes carry the plain one in their low byte (https://www.sqlite.org/rescode.html).
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let code = code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
    match code {
        Some(3 | 8 | 14 | 23) => "the daemon needs the right to read and write the file and its folder",
        Some(5 | 6) => "another program holds it, such as a backup; the daemon tries again",
        Some(10) => {
            "the disk does not work as it should: look at the kernel's log, and at the limits of the daemon's files; it tries again"
        }
        Some(11) => DAMAGED,
        Some(13) => "the disk is full: make room; the daemon goes on by itself",
        Some(26) => "it is no SQLite database: name another file with --state, or restore it from a backup",
        Some(_) | None => "the daemon goes on as soon as it can write again",
    }
}

/// What to do with a damaged database.
pub(super) const DAMAGED: &str = "it is damaged: stop the daemon and restore it from a backup. It remembers what is owed to the engine: do not just remove it";
