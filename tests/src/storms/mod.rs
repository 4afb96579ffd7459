//! Storms: everything that can go wrong, in an order that a seed decides, and what must hold all the same.

mod dice;
mod events;
mod oracle;
mod scene;
mod storm;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub use storm::{End, Night};

/// The storm of one seed, in a runtime of its own whose clock is paused.
///
/// # Panics
/// No runtime can be made.
pub fn storm(seed: u64) -> Night {
    storm_without(seed, &BTreeSet::new())
}

/// The same without some of its events, by their number.
///
/// # Panics
/// No runtime can be made.
pub fn storm_without(seed: u64, left_out: &BTreeSet<usize>) -> Night {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(storm::storm(seed, left_out))
}

/// The fewest events with which the storm of this seed still goes wrong: each is left out that is not needed. `None` if it goes well.
pub fn smallest(seed: u64) -> Option<Night> {
    let mut worst = storm(seed);
    worst.end.as_ref().err()?;
    let mut left_out = BTreeSet::new();
    for number in 0..worst.orders.len() {
        left_out.insert(number);
        let night = storm_without(seed, &left_out);
        if night.end.is_err() {
            worst = night;
        } else {
            left_out.remove(&number);
        }
    }
    Some(worst)
}

/// How many storms ended.
#[derive(Debug, Default)]
pub struct Tally {
    /// Ends without names and numbers, with their seeds.
    pub ends: BTreeMap<String, Vec<u64>>,
    /// Seeds that went wrong, each with what is wrong.
    pub failures: BTreeMap<u64, String>,
}

/// Runs `count` seeds from `first` on, on all cores. `each` hears of every seed that is done.
///
/// # Panics
/// No runtime can be made.
pub fn storms(first: u64, count: u64, each: impl Fn(u64, &Night) + Sync) -> Tally {
    let next = AtomicU64::new(first);
    let tally: Mutex<Tally> = Mutex::default();
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                break;
            }
            let night = storm(seed);
            each(seed, &night);
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            match &night.end {
                Ok(end) => tally.ends.entry(shape(end)).or_default().push(seed),
                Err(why) => drop(tally.failures.insert(seed, why.clone())),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    tally.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// An end without names and numbers, to count it by.
fn shape(end: &End) -> String {
    let text = match end {
        End::Converged => return "converged".to_owned(),
        End::Closed(text) => format!("closed: {text}"),
        End::Waits(text) => format!("waits: {text}"),
    };
    let letters = text.chars().filter(|letter| !letter.is_ascii_digit());
    letters.take(130).collect()
}
