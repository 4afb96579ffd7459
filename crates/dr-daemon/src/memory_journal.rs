//! The journal in memory, for tests and simulations. Same port, same tests as the one on disk.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dr_core::{Entry, Stamped, Time};
use futures::future::BoxFuture;

use crate::ports::{Journal, JournalError, Told};

/// A journal that lives as long as the value does: it outlives a crash of the loop that writes to it.
///
/// An append may be interrupted where a real one may: before anything is written, and after everything is durable but before the caller
/// hears of it. Whoever drops its future at one of the two sees what a restarted daemon would see.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    rows: Vec<(String, Stamped)>,
    crashes: u64,
}

impl MemoryJournal {
    /// The daemon is killed: appends that are under way and not yet durable never will be, and their callers get an error.
    pub fn crash(&self) {
        self.kept().crashes += 1;
    }

    /// The first `limit` entries numbered above `after`, or without it the newest `limit`; oldest first. Copies only what is asked for: a watcher
    /// of a long night asks for the newest part again and again.
    pub fn part(&self, plan: &str, after: Option<u64>, limit: usize) -> Vec<Stamped> {
        let kept = self.kept();
        let of_plan = |(of, _): &&(String, Stamped)| of == plan;
        let Some(after) = after else {
            let rows = kept.rows.iter().rev().filter(of_plan).take(limit);
            let mut newest: Vec<Stamped> = rows.map(|(_, stamped)| stamped.clone()).collect();
            newest.reverse();
            return newest;
        };
        // A number is the row's place, counted from 1 over all plans.
        let rows = kept.rows.iter().skip(usize::try_from(after).unwrap_or(usize::MAX));
        rows.filter(of_plan).take(limit).map(|(_, stamped)| stamped.clone()).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    fn append<'a>(
        &'a self,
        plan: &'a str,
        entries: Vec<(Time, Entry)>,
    ) -> BoxFuture<'a, Result<Vec<u64>, JournalError>> {
        let life = self.kept().crashes;
        Box::pin(async move {
            tokio::task::yield_now().await;
            let written = self.kept().write(life, plan, entries)?;
            tokio::task::yield_now().await;
            Ok(written)
        })
    }

    fn read<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<Stamped>, JournalError>> {
        Box::pin(async move {
            let kept = self.kept();
            Ok(kept.rows.iter().filter(|(of, _)| of == plan).map(|(_, stamped)| stamped.clone()).collect())
        })
    }

    fn history<'a>(
        &'a self,
        plan: &'a str,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Told>, JournalError>> {
        Box::pin(async move { Ok(self.part(plan, after, limit).iter().map(Told::of).collect()) })
    }

    fn plans(&self) -> BoxFuture<'_, Result<Vec<String>, JournalError>> {
        Box::pin(async move {
            let mut plans: Vec<String> = self.kept().rows.iter().map(|(plan, _)| plan.clone()).collect();
            plans.sort();
            plans.dedup();
            Ok(plans)
        })
    }
}

impl Kept {
    /// Writes all entries or none.
    fn write(&mut self, life: u64, plan: &str, entries: Vec<(Time, Entry)>) -> Result<Vec<u64>, JournalError> {
        if life != self.crashes {
            let text = "the daemon that wrote this has crashed".to_owned();
            return Err(JournalError { place: "in memory".to_owned(), text });
        }
        let mut written = Vec::with_capacity(entries.len());
        for (at, entry) in entries {
            let seq = self.rows.len() as u64 + 1;
            self.rows.push((plan.to_owned(), Stamped { seq, at, entry }));
            written.push(seq);
        }
        Ok(written)
    }
}
