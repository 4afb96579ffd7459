//! `cargo xtask sim`: storms by the thousand, with what went wrong made small.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use tests::storms;
use tests::sweep::{Scenario, Sweep};

/// `println!` that ends the program, quietly, once nobody reads on: `cargo xtask sim | head` has seen enough.
macro_rules! say {
    ($($text:tt)*) => {
        say(format_args!($($text)*))
    };
}

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
    /// Only wide nights: of the seeds from the first on, so many that are wide, which is every fifth.
    #[arg(long, conflicts_with = "seed")]
    wide: bool,
    /// Runs this seed alone and tells its whole night.
    #[arg(long, conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
    /// Breaks each invariant on purpose, by a defect in the code, and shows the first seed that notices. 0 when all are found.
    #[arg(long, conflicts_with_all = ["seeds", "first", "seed"])]
    planted: bool,
    /// Tells a few scenarios again and again, killing the daemon at another point each time: before and after every append to its
    /// journal and every request that changes something, at every read, and twice in a row. With a name only that one: failover,
    /// flipped-back, aborted, failback, engine-restart, reads, twice.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "all", conflicts_with_all = ["seeds", "first", "seed", "planted"])]
    sweep: Option<String>,
    /// Kills the daemon at this point of the sweep alone and tells the whole night.
    #[arg(long, value_name = "N", requires = "sweep")]
    point: Option<usize>,
}

fn main() -> ExitCode {
    let asked = Cli::parse();
    if asked.planted {
        return planted();
    }
    if let Some(name) = &asked.sweep {
        return sweep(name, asked.point);
    }
    match asked.seed {
        Some(seed) => one(seed),
        None => many(&asked),
    }
}

#[expect(clippy::exit, reason = "nights run on all cores, and each of them may be the one that is not heard any more")]
fn say(text: fmt::Arguments<'_>) {
    if writeln!(io::stdout().lock(), "{text}").is_err() {
        // Not a success: what was still to come is not known.
        std::process::exit(1);
    }
}

/// A storm that does not notice a defect proves nothing of code without it.
fn planted() -> ExitCode {
    let found = storms::all_planted_are_found(PLANTED_WITHIN, |planted, found| match found {
        Some((seed, why)) => say!("{planted}: seed {seed}: {}", why.lines().next().unwrap_or_default()),
        None => say!("{planted}: no seed up to {PLANTED_WITHIN} notices"),
    });
    if found { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Every point of the scenarios of this name, or one of them.
#[expect(clippy::disallowed_methods, reason = "a figure of real time for whoever waits for it; no night sees it")]
fn sweep(name: &str, point: Option<usize>) -> ExitCode {
    let scenarios: Vec<Scenario> =
        Scenario::ALL.into_iter().filter(|one| name == "all" || one.name() == name).collect();
    if scenarios.is_empty() || (point.is_some() && scenarios.len() > 1) {
        let names = Scenario::ALL.map(Scenario::name).join(", ");
        say!("--sweep {name}: name one of {names}; --point N needs a name");
        return ExitCode::FAILURE;
    }
    let (began, mut points, mut wrong) = (Instant::now(), 0, 0);
    for scenario in scenarios {
        let name = scenario.name();
        let sweep = match Sweep::of(scenario) {
            Ok(sweep) => sweep,
            Err(why) => {
                say!("{name}, without a crash: {why}");
                wrong += 1;
                continue;
            }
        };
        if let Some(number) = point {
            return one_point(&sweep, number);
        }
        let failures = sweep.all();
        for (number, why) in &failures {
            let words = sweep.points.get(number - 1).map_or("", |point| point.words.as_str());
            say!("{name}, {words}: {}", why.lines().next().unwrap_or_default());
            say!("  again: cargo xtask sim --sweep {name} --point {number}");
        }
        let took = began.elapsed().as_secs_f64();
        say!("{name}: {} points, {} went wrong, {took:.0} s so far", sweep.points.len(), failures.len());
        points += sweep.points.len();
        wrong += failures.len();
    }
    say!("{points} crash points in {:.0} s: {wrong} went wrong", began.elapsed().as_secs_f64());
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one_point(sweep: &Sweep, number: usize) -> ExitCode {
    let Some(point) = number.checked_sub(1).and_then(|at| sweep.points.get(at)) else {
        say!("{} has points 1 to {}", sweep.scenario.name(), sweep.points.len());
        return ExitCode::FAILURE;
    };
    say!("{}, {}:", sweep.scenario.name(), point.words);
    match sweep.crash_at(point) {
        Ok(story) => {
            say!("{story}\nnothing is wrong");
            ExitCode::SUCCESS
        }
        Err(why) => {
            say!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn one(seed: u64) -> ExitCode {
    let night = storms::storm(seed);
    say!("seed {seed}: {:?}", night.end);
    tell(&night);
    if night.end.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(night: &storms::Night) {
    say!("what happens:");
    for order in &night.orders {
        say!("  {order}");
    }
    say!("the plan:\n{}\nthe story:\n{}", night.plan, night.trace);
}

#[expect(clippy::disallowed_methods, reason = "a figure of real time for whoever waits for it; no night sees it")]
fn many(asked: &Cli) -> ExitCode {
    let (first, count) = (asked.first, asked.seeds);
    let began = Instant::now();
    let done = AtomicU64::new(0);
    let seeds = (first..).filter(|seed| !asked.wide || storms::is_wide(*seed));
    let seeds = seeds.take(usize::try_from(count).unwrap_or(usize::MAX));
    let tally = storms::storms(seeds, |seed, night| {
        if let Err(why) = &night.end {
            say!("seed {seed}: {}", why.lines().next().unwrap_or_default());
        }
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(STEP) {
            say!("{done} of {count} seeds after {:.0} s", began.elapsed().as_secs_f64());
        }
    });
    for (end, seeds) in &tally.ends {
        say!("{:>6}  {end}  (such as {:?})", seeds.len(), seeds.iter().take(4).collect::<Vec<_>>());
    }
    let took = began.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took;
    say!("{count} seeds from {first} on in {took:.0} s, {rate:.1} a second: {} went wrong", tally.failures.len());
    for seed in tally.failures.keys().take(SHOWN) {
        if let Some(night) = storms::smallest(*seed) {
            say!("\nseed {seed}, made small: {}", night.end.as_ref().err().map_or("", String::as_str));
            tell(&night);
        }
    }
    if tally.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
