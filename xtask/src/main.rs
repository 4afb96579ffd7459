//! The workspace's own commands: `cargo xtask test`, `check`, `ci`, `tidy`, `arrows`, `deny`, `sim`, `bench`.
//!
//! A *finding* is one place where the tree breaks a rule of the house; a *step* is one program that a command runs.
//! Entry function: [`main`]. It uses few libraries, so that it compiles in seconds on a machine that has only a Rust
//! toolchain and a C compiler.
//!
//! # Architecture invariants
//! - Never changes a tracked file: every command reads, builds or tests.
//! - Only `provision` installs Debian packages, only missing ones and only as root.
//! - Never judges what it did not read: a file or a map that is missing is a finding, not a pass.
//! - Only the tables in `crates/README.md` say which crate may use which; nothing is repeated here.
//!
//! Reading order: `step`, `provision`, `counts`, `files`, then the rules `tidy`, `commands`, `markdown`, `arrows`, `deny`, `units`.

#![expect(clippy::print_stdout, reason = "a command line tool of the developers: its output is what it is for")]
#![expect(clippy::print_stderr, reason = "failures go where a terminal and a build log look")]

mod step;

mod provision;

mod counts;

mod files;

mod tidy;

mod commands;

mod markdown;

mod arrows;

mod deny;

mod units;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use files::{Finding, Tree};
use step::{Failure, Step};

/// The workspace's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need, build everything, run every test and show what they covered, then the crash sweep and 2,000 simulated nights.
    Test {
        /// Handed to `cargo test --workspace`: a filter, or `-- --nocapture`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Formatting, clippy with warnings denied, tidy, arrows, the systemd unit, deny (when cargo-deny is there).
    Check,
    /// `check`, then `test`: what has to pass before a change goes in.
    Ci,
    /// The rules of the house that no compiler knows.
    Tidy,
    /// The crates' dependencies on each other against the map in crates/README.md.
    Arrows,
    /// Dependencies: licences, bans and sources. Installs cargo-deny into target/tools when it is missing (minutes).
    Deny,
    /// Simulated nights out of seeds: what breaks is made small and printed. In a release build.
    Sim {
        /// Handed to the program: `--seeds N`, `--first K`, `--seed N`, `--planted`, `--sweep [NAME [--point N]]`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Benchmarks, in a release build.
    Bench {
        /// Handed to the benchmark program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Task::Test { args } => test(&args),
        Task::Check => check(),
        Task::Ci => check().and_then(|()| test(&[])),
        Task::Tidy => tidy(),
        Task::Arrows => arrows(),
        Task::Deny => deny::install().and_then(|program| deny::check(&program)),
        Task::Sim { args } => sim(&args),
        Task::Bench { args } => bench(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn test(args: &[String]) -> Result<(), Failure> {
    provision::provision()?;
    // Everything is built first: end-to-end tests start the real binary, and a failed build reads better alone.
    Step::cargo("build", &["build", "--workspace", "--all-targets", "--locked"]).run()?;
    let file = counts::begin()?;
    let result =
        Step::cargo("test", &["test", "--workspace", "--locked"]).args(args).env(counts::VARIABLE, &file).run();
    let told = std::fs::read_to_string(&file).unwrap_or_default();
    counts::show(&told);
    result?;
    if args.is_empty() {
        counts::complete(&told)?;
    }
    // Whoever names a test wants that one.
    if !args.is_empty() {
        return Ok(());
    }
    sim(&["--planted".to_owned()])?;
    sim(&["--sweep".to_owned()])?;
    sim(&[])
}

/// Every check runs, also after one failed: a developer mends all of them at once.
fn check() -> Result<(), Failure> {
    let mut failures = Vec::new();
    let mut note = |result: Result<(), Failure>| {
        if let Err(failure) = result {
            eprintln!("xtask: {failure}");
            failures.push(failure.what);
        }
    };
    note(Step::cargo("fmt", &["fmt", "--all", "--check"]).run());
    note(tidy());
    note(arrows());
    note(units::verify());
    match deny::find() {
        Some(program) => note(deny::check(&program)),
        None => println!("==> deny: skipped, cargo-deny is not installed; `cargo xtask deny` installs and runs it"),
    }
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    note(Step::cargo("clippy", &clippy).run());
    if failures.is_empty() { Ok(()) } else { Err(Failure::new("check", failures.join(", "))) }
}

fn tidy() -> Result<(), Failure> {
    let tree = Tree::read()?;
    let mut findings = tidy::findings(&tree);
    let own = commands::names::<Cli>();
    findings.extend(commands::findings(&tree, &own));
    findings.extend(markdown::findings(&tree));
    report("tidy", &tree, findings)
}

fn arrows() -> Result<(), Failure> {
    let tree = Tree::read()?;
    let findings = arrows::findings(&tree);
    report("arrows", &tree, findings)
}

fn bench(args: &[String]) -> Result<(), Failure> {
    Step::cargo("bench", &["run", "--release", "--package", "tests", "--bin", "bench", "--"]).args(args).run()
}

fn sim(args: &[String]) -> Result<(), Failure> {
    Step::cargo("sim", &["run", "--release", "--package", "tests", "--bin", "storms", "--"]).args(args).run()
}

fn report(what: &'static str, tree: &Tree, findings: Vec<Finding>) -> Result<(), Failure> {
    if findings.is_empty() {
        println!("==> {what}: ok, {} files", tree.files.len());
        return Ok(());
    }
    for finding in &findings {
        println!("{finding}");
    }
    Err(Failure::new(what, format!("{} findings, listed above", findings.len())))
}
