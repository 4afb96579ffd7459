//! Storms: everything that can go wrong, in an order that a seed decides, and what must hold all the same.

mod clocks;
mod dice;
mod events;
mod hand;
mod happen;
mod odd;
mod oracle;
mod person;
mod removal;
mod scene;
mod storm;
mod trouble;
mod wide;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use dr_core::invariants::Invariant;
use dr_core::planted::plant;

use crate::cores::on_all_cores;

pub use storm::{End, Night};
pub use wide::is_wide;

/// The storm of one seed, in a runtime of its own whose clock is paused.
///
/// # Panics
/// No runtime can be made.
pub fn storm(seed: u64) -> Night {
    storm_without(seed, &BTreeSet::new())
}

/// The same without some of its events, by their number. A night in which the clock was set after all faults had stopped is told once more
/// without that: it may come later by what a jump makes void, and by no more.
///
/// # Panics
/// No runtime can be made.
pub fn storm_without(seed: u64, left_out: &BTreeSet<usize>) -> Night {
    let mut night = told(seed, left_out);
    let jumps: Vec<usize> = night.late_jumps.iter().map(|(number, _)| *number).collect();
    if !jumps.is_empty() && night.end.is_ok() {
        let twin = told(seed, &left_out.iter().copied().chain(jumps).collect());
        if let Err(why) = clocks::costs(&night, &twin) {
            night.end = Err(why);
        }
    }
    night
}

fn told(seed: u64, left_out: &BTreeSet<usize>) -> Night {
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

/// The first seed of `1..=seeds` that a planted defect which breaks this invariant spoils, and what is then said to be wrong.
///
/// # Panics
/// No runtime can be made.
fn finds(planted: Invariant, seeds: u64) -> Option<(u64, String)> {
    plant(Some(planted));
    let found = (1..=seeds).find_map(|seed| Some((seed, storm(seed).end.err()?)));
    plant(None);
    found
}

/// Breaks each invariant on purpose, one after another, and looks whether any of so many seeds notices. `each` hears of every one that is
/// done, with the seed and what it says is wrong, or with none if nobody noticed. Yields whether all were noticed.
///
/// # Panics
/// No runtime can be made.
pub fn all_planted_are_found(seeds: u64, each: impl Fn(Invariant, Option<(u64, String)>) + Sync) -> bool {
    let missed = AtomicUsize::new(0);
    on_all_cores(Invariant::ALL.into_iter(), |planted| {
        let found = finds(planted, seeds);
        missed.fetch_add(usize::from(found.is_none()), Ordering::Relaxed);
        each(planted, found);
    });
    missed.into_inner() == 0
}

/// How many storms ended.
#[derive(Debug, Default)]
pub struct Tally {
    /// Ends without names and numbers, with their seeds.
    pub ends: BTreeMap<String, Vec<u64>>,
    /// Seeds that went wrong, each with what is wrong.
    pub failures: BTreeMap<u64, String>,
}

/// Runs these seeds on all cores. `each` hears of every seed that is done.
///
/// # Panics
/// No runtime can be made.
pub fn storms(seeds: impl Iterator<Item = u64> + Send, each: impl Fn(u64, &Night) + Sync) -> Tally {
    let tally: Mutex<Tally> = Mutex::default();
    on_all_cores(seeds, |seed| {
        let night = storm(seed);
        each(seed, &night);
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        match &night.end {
            Ok(end) => tally.ends.entry(shape(end)).or_default().push(seed),
            Err(why) => drop(tally.failures.insert(seed, why.clone())),
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
