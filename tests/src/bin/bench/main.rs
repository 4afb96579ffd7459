//! The benchmarks: what a pass, a decision, a failover and the daemon itself cost, beside what they may cost.
//!
//! A *figure* is one measured number, the median of several repetitions, with its bound. Figures are ratios wherever there is something to
//! compare with in the same run: the bare cost of reading the same documents, the engine's own critical path. The exit code is 1 if a bound is
//! broken.
//!
//! # Architecture invariants
//! - Only this program reads the machine's clocks for their own sake.
//! - Never compares with a number of another machine: what a figure is divided by is measured beside it.
//! - Never lets the simulated engine's own work count as the daemon's: its answers are recorded before, or its thread is another one.
//!
//! Reading order: `figure`, `world`, `recorded` and `served` (what is measured against), then a file for each benchmark: `pass` (and `bare`, what it
//! is compared with), `decide`, `failover_cpu`, `failovers`, `critical_path` (and `ideal`), `memory`, `demo` (and `program`, the built binary),
//! and of the simulated engine itself: `simulator`, `quiet`.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]
#![expect(clippy::print_stderr, reason = "what could not be measured goes where a terminal and a build log look")]

mod figure;
mod world;

mod recorded;
mod served;

mod bare;
mod pass;

mod decide;

mod failover_cpu;
mod failovers;

mod critical_path;
mod ideal;

mod program;

mod demo;
mod memory;

mod quiet;
mod simulator;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use figure::Figure;

/// The allocator of the storms, which some figures are about. What is compared with what has the same one; the built daemon, whose memory is
/// measured, has the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The benchmarks of ovirt-dr.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Cli {
    /// Which of them; all without a name
    #[arg(value_enum)]
    which: Vec<Which>,
    /// Fewer repetitions
    #[arg(long)]
    quick: bool,
}

/// A benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// One pass over 200 hosts, 500 connections and 4,000 VMs, against the bare cost of fetching and parsing the same documents
    Pass,
    /// One decision over that world, in calm times and inside a transition
    Decide,
    /// Processor time of a failover of 100 hosts and 1,000 VMs
    FailoverCpu,
    /// Small failovers a second, planned and lived through by the whole daemon, and what the journal takes of one
    Failovers,
    /// A failover of 20 + 20 hosts and 100 VMs, against the engine's own critical path
    CriticalPath,
    /// Resident memory of the daemon in the large world
    Memory,
    /// Wall time of `ovirt-dr demo`
    Demo,
    /// The simulated engine's lists of 250 hosts and 10,000 VMs, against the official Python SDK's reading of them
    Simulator,
    /// Ten calm minutes of a simulated world of 400 hosts and 10,000 VMs, against those of smaller ones
    World,
}

impl Which {
    fn measure(self, quick: bool) -> Result<Vec<Figure>, String> {
        match self {
            Which::Pass => pass::measure(quick),
            Which::Decide => decide::measure(quick),
            Which::FailoverCpu => failover_cpu::measure(quick),
            Which::Failovers => failovers::measure(quick),
            Which::CriticalPath => critical_path::measure(quick),
            Which::Memory => memory::measure(),
            Which::Demo => demo::measure(quick),
            Which::Simulator => simulator::measure(quick),
            Which::World => quiet::measure(quick),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let which = if cli.which.is_empty() { Which::value_variants().to_vec() } else { cli.which };
    let mut holds = true;
    println!("{}", figure::head());
    for one in which {
        let name = one.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        match one.measure(cli.quick) {
            Ok(figures) => {
                for figure in figures {
                    holds &= figure.holds();
                    println!("{}", figure.row(&name));
                }
            }
            Err(why) => {
                holds = false;
                eprintln!("{name}: not measured: {why}");
            }
        }
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
