//! The journal in memory, for tests and simulations. Same port, same tests as the one on disk.

use std::sync::{Mutex, PoisonError};

use dr_core::{Entry, Stamped, Time};
use futures::future::BoxFuture;

use crate::ports::{Journal, JournalError};

/// A journal that lives as long as the value does: it outlives a crash of the loop that writes to it.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    rows: Mutex<Vec<(String, Stamped)>>,
}

impl MemoryJournal {
    fn rows(&self) -> std::sync::MutexGuard<'_, Vec<(String, Stamped)>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    fn append<'a>(
        &'a self,
        plan: &'a str,
        entries: Vec<(Time, Entry)>,
    ) -> BoxFuture<'a, Result<Vec<u64>, JournalError>> {
        // Nothing is written before the future is polled: a caller that crashes first leaves no trace.
        Box::pin(async move {
            let mut rows = self.rows();
            let mut written = Vec::with_capacity(entries.len());
            for (at, entry) in entries {
                let seq = rows.len() as u64 + 1;
                rows.push((plan.to_owned(), Stamped { seq, at, entry }));
                written.push(seq);
            }
            Ok(written)
        })
    }

    fn read<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<Stamped>, JournalError>> {
        Box::pin(async move {
            let rows = self.rows();
            Ok(rows.iter().filter(|(of, _)| of == plan).map(|(_, stamped)| stamped.clone()).collect())
        })
    }

    fn plans(&self) -> BoxFuture<'_, Result<Vec<String>, JournalError>> {
        Box::pin(async move {
            let mut plans: Vec<String> = self.rows().iter().map(|(plan, _)| plan.clone()).collect();
            plans.sort();
            plans.dedup();
            Ok(plans)
        })
    }
}
