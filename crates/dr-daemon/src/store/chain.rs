//! The chain of hashes: each entry's hash covers the entry of its plan before it, so that an entry changed by hand is named.
//!
//! Nothing here is secret: whoever wants to deceive can compute hashes anew. The chain is against the hand that "repairs" a row at night,
//! against a tool that rewrites the table, and against bytes that a disk changed in silence. A journal that lost its newest entries, as
//! when SQLite drops the torn tail of its write-ahead log, is a shorter journal whose chain is whole: what was owed by then still stands
//! in the engine as a tag, and a tag that the journal does not know is refused (`Refusal::UnknownDebts`).

use std::fmt;

use dr_core::{Entry, Stamped, Time};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::ports::Told;

/// What to do about an entry that is not as it was written.
pub(super) const RESTORE: &str =
    "stop the daemon and restore the database from a backup; nothing is done for this plan until then";

/// An entry as it is stored. Texts are bytes: a row changed by hand may hold anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) plan: Vec<u8>,
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) entry: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

/// The columns that make a [`Row`], in their order.
pub(super) const COLUMNS: &str = "plan, seq, at, entry, hash";

impl Row {
    pub(super) fn read(row: &SqliteRow) -> Result<Row, sqlx::Error> {
        Ok(Row {
            plan: row.try_get(0)?,
            seq: row.try_get(1)?,
            at: row.try_get(2)?,
            entry: row.try_get(3)?,
            hash: row.try_get(4)?,
        })
    }

    /// Its number.
    pub(super) fn number(&self) -> u64 {
        from_sql(self.seq)
    }

    /// When it was written.
    pub(super) fn time(&self) -> Time {
        Time(from_sql(self.at))
    }

    /// The plan's name.
    pub(super) fn plan(&self) -> String {
        String::from_utf8_lossy(&self.plan).into_owned()
    }

    /// The entry.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn stamped(&self) -> Result<Stamped, Unread> {
        let entry: Entry = serde_json::from_slice(&self.entry).map_err(|error| Unread::of(&error))?;
        Ok(Stamped { seq: self.number(), at: self.time(), entry })
    }

    /// The entry as it is, whoever wrote it.
    pub(super) fn told(&self) -> Told {
        let entry = serde_json::from_slice(&self.entry).ok().filter(Value::is_object);
        let text = || json!({ "entry": "unreadable", "text": String::from_utf8_lossy(&self.entry) });
        Told { seq: self.number(), at: self.time(), entry: entry.unwrap_or_else(text) }
    }

    /// Which entry this is, for a person who looks for it.
    pub(super) fn named(&self) -> String {
        named(&self.plan(), self.number(), self.time())
    }
}

/// Why an entry that stands in its place is not understood.
pub(super) enum Unread {
    /// It has a word that this version does not know.
    OfNewerVersion(String),
    Broken(String),
}

impl Unread {
    fn of(error: &serde_json::Error) -> Unread {
        let text = error.to_string();
        let word = text.strip_prefix("unknown variant `").and_then(|rest| rest.split_once('`'));
        match word {
            Some((word, _)) => Unread::OfNewerVersion(word.to_owned()),
            None => Unread::Broken(text),
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::OfNewerVersion(word) => write!(
                f,
                "it says `{word}`, which this version does not know: a newer daemon wrote it. Install that one again; nothing is done for this \
                 plan until then, and nothing is lost"
            ),
            Unread::Broken(error) => {
                write!(
                    f,
                    "it cannot be read ({error}): it was changed by hand or written by another version; {RESTORE}"
                )
            }
        }
    }
}

/// An entry's plan, number and time in words.
pub(super) fn named(plan: &str, seq: u64, at: Time) -> String {
    let when = i64::try_from(at.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let when = when.map_or_else(|| format!("{} ms", at.0), |when| when.strftime("%F %T UTC").to_string());
    format!("row {seq} of the journal (plan {plan}, {when})")
}

/// The hash of an entry: SHA-256 in lower-case hexadecimal over the hash of the plan's entry before it (nothing before the first), the
/// plan's name, the time in milliseconds and the entry's text, with a line feed between each two.
pub(super) fn hash(previous: &[u8], plan: &[u8], at: i64, entry: &[u8]) -> String {
    let mut sha = Sha256::new();
    for part in [previous, plan, at.to_string().as_bytes()] {
        sha.update(part);
        sha.update(b"\n");
    }
    sha.update(entry);
    format!("{:x}", sha.finalize())
}

/// Walks the entries of one plan, oldest first.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The hash that the entry before carries, and the one that it should carry. They differ for one that was changed.
    carried: Vec<u8>,
    should: Vec<u8>,
    seq: i64,
}

impl Chain {
    /// What is wrong with this entry's place in the chain, if anything is. An entry that is wrong spoils none after it.
    pub(super) fn next(&mut self, row: &Row) -> Option<String> {
        let fits = |previous: &[u8]| hash(previous, &row.plan, row.at, &row.entry).into_bytes();
        let should = fits(&self.carried);
        let whole = should == row.hash || fits(&self.should) == row.hash;
        let wrong = match (whole, row.hash.is_empty()) {
            (true, _) => None,
            (false, true) => Some("it has no hash: it was put in by hand".to_owned()),
            (false, false) if self.seq == 0 && row.seq > 1 => {
                Some("it was changed by hand, or earlier entries of its plan were taken out".to_owned())
            }
            (false, false) if row.seq > self.seq + 1 => Some(format!(
                "it was changed by hand, or entries of its plan between number {} and this one were taken out",
                self.seq
            )),
            (false, false) => Some("it does not fit its hash: it was changed by hand".to_owned()),
        };
        self.carried.clone_from(&row.hash);
        self.should = should;
        self.seq = row.seq;
        wrong
    }
}

/// SQLite's numbers are signed; ours are counted from nought and far from the end.
pub(super) fn to_sql(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn from_sql(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
