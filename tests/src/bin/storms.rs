//! `cargo xtask sim`: storms by the thousand, with what went wrong made small.

#![expect(clippy::print_stdout, reason = "a command line tool of the developers: its output is what it is for")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use tests::storms;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds between two lines of progress.
const STEP: u64 = 1000;

/// A planted defect must be noticed by one of so many seeds.
const PLANTED_WITHIN: u64 = 500;

/// Minimised nights shown in full when many go wrong.
const SHOWN: usize = 3;

/// Runs simulated nights: the real loop and the simulated engine on a paused clock, with disasters, operators, faults and crashes out of a seed.
///
/// Ends with 0 when nothing is broken and nothing is stuck.
#[derive(Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
struct Cli {
    /// How many seeds.
    #[arg(long, default_value_t = 2000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Runs this seed alone and tells its whole night.
    #[arg(long, conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
    /// Breaks each invariant on purpose, by a defect in the code, and shows the first seed that notices. 0 when all are found.
    #[arg(long, conflicts_with_all = ["seeds", "first", "seed"])]
    planted: bool,
}

fn main() -> ExitCode {
    let asked = Cli::parse();
    if asked.planted {
        return planted();
    }
    match asked.seed {
        Some(seed) => one(seed),
        None => many(asked.first, asked.seeds),
    }
}

/// A storm that does not notice a defect proves nothing of code without it.
fn planted() -> ExitCode {
    let found = storms::all_planted_are_found(PLANTED_WITHIN, |planted, found| match found {
        Some((seed, why)) => println!("{planted}: seed {seed}: {}", why.lines().next().unwrap_or_default()),
        None => println!("{planted}: no seed up to {PLANTED_WITHIN} notices"),
    });
    if found { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(seed: u64) -> ExitCode {
    let night = storms::storm(seed);
    println!("seed {seed}: {:?}", night.end);
    tell(&night);
    if night.end.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(night: &storms::Night) {
    println!("what happens:");
    for order in &night.orders {
        println!("  {order}");
    }
    println!("the plan:\n{}\nthe story:\n{}", night.plan, night.trace);
}

#[expect(clippy::disallowed_methods, reason = "a figure of real time for whoever waits for it; no night sees it")]
fn many(first: u64, count: u64) -> ExitCode {
    let began = Instant::now();
    let done = AtomicU64::new(0);
    let tally = storms::storms(first, count, |seed, night| {
        if let Err(why) = &night.end {
            println!("seed {seed}: {}", why.lines().next().unwrap_or_default());
        }
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(STEP) {
            println!("{done} of {count} seeds after {:.0} s", began.elapsed().as_secs_f64());
        }
    });
    for (end, seeds) in &tally.ends {
        println!("{:>6}  {end}  (such as {:?})", seeds.len(), seeds.iter().take(4).collect::<Vec<_>>());
    }
    let took = began.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took;
    println!("{count} seeds from {first} on in {took:.0} s, {rate:.1} a second: {} went wrong", tally.failures.len());
    for seed in tally.failures.keys().take(SHOWN) {
        if let Some(night) = storms::smallest(*seed) {
            println!("\nseed {seed}, made small: {}", night.end.as_ref().err().map_or("", String::as_str));
            tell(&night);
        }
    }
    if tally.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
