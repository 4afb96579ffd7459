//! The edges that a simulation replaces, each with two real users.

use std::path::Path;
use std::time::Duration;

use dr_core::{Answer, Entry, Stamped, Time};
use dr_plan::Probe;
use futures::future::BoxFuture;
use serde_json::Value;

/// The durable, append-only journal of all plans.
pub trait Journal: Send + Sync {
    /// Appends entries of one plan, all or none, durable when this returns. Yields their sequence numbers.
    fn append<'a>(
        &'a self,
        plan: &'a str,
        entries: Vec<(Time, Entry)>,
    ) -> BoxFuture<'a, Result<Vec<u64>, JournalError>>;
    /// Everything that a plan ever journalled, oldest first.
    fn read<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<Stamped>, JournalError>>;
    /// A part for whoever looks back: the first `limit` entries numbered above `after`, or without it the newest `limit`; oldest first.
    fn history<'a>(
        &'a self,
        plan: &'a str,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Told>, JournalError>> {
        Box::pin(async move {
            let mut all = self.read(plan).await?;
            match after {
                Some(after) => {
                    all.retain(|one| one.seq > after);
                    all.truncate(limit);
                }
                None => {
                    all.drain(..all.len().saturating_sub(limit));
                }
            }
            Ok(all.iter().map(Told::of).collect())
        })
    }
    /// Every plan that has entries.
    fn plans(&self) -> BoxFuture<'_, Result<Vec<String>, JournalError>>;
}

/// An entry for whoever looks back, as it is stored: also one of a kind that only a newer daemon knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Rising number in the journal.
    pub seq: u64,
    /// When it was written.
    pub at: Time,
    /// The entry as a JSON object; `{"entry": "unreadable", "text": ...}` if it is none.
    pub entry: Value,
}

impl Told {
    pub(crate) fn of(stamped: &Stamped) -> Told {
        // Entries are plain data, which always serialises.
        let entry = serde_json::to_value(&stamped.entry).unwrap_or_default();
        Told { seq: stamped.seq, at: stamped.at, entry }
    }
}

/// Why the journal did not take or give entries. Nothing may be done to an engine then.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the state database {place}: {text}")]
pub struct JournalError {
    /// The file or URL, without a password.
    pub place: String,
    /// What is wrong and what to do about it.
    pub text: String,
}

/// Asks a TCP address for a sign of life.
pub trait Prober: Send + Sync {
    /// One probe; returns within its own patience of a few seconds.
    fn probe<'a>(&'a self, probe: &'a Probe) -> BoxFuture<'a, Answer>;
}

/// Runs the administrator's hooks.
pub trait Hooks: Send + Sync {
    /// Runs `path` with `input` (JSON) on its standard input, for `timeout` at most.
    fn run<'a>(&'a self, path: &'a Path, timeout: Duration, input: String) -> BoxFuture<'a, HookEnd>;
}

/// How a hook ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookEnd {
    /// Exit 0.
    Done,
    /// Exit 75: ask again. Its last line of output.
    NotYet(String),
    /// Any other end. Its last line of output.
    Failed(String),
    /// It could not be run, and has done nothing. Why.
    NotRun(String),
}
