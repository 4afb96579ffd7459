//! cargo-deny: licences, bans and sources of all dependencies, as `deny.toml` allows them.
//!
//! Advisories are left out: their database is a git repository elsewhere, and a check must not fail because it is
//! out of reach. `cargo deny check advisories` runs them where there is a network.

use std::path::PathBuf;

use crate::step::{Failure, Step};

/// The version that `deny.toml` was written for.
const VERSION: &str = "0.20.2";

/// The program in target/tools, if it is there.
pub(crate) fn find() -> Option<PathBuf> {
    let program = tools().join("bin/cargo-deny");
    program.is_file().then_some(program)
}

/// Builds cargo-deny into target/tools unless it is there. Takes minutes, at low priority.
pub(crate) fn install() -> Result<PathBuf, Failure> {
    if let Some(program) = find() {
        return Ok(program);
    }
    let tools = tools();
    let tools = tools.to_string_lossy();
    let args = ["-n", "19", "cargo", "install", "cargo-deny", "--version", VERSION, "--locked", "--root", &tools];
    Step::program("install cargo-deny", "nice", &args).run()?;
    find().ok_or_else(|| Failure::new("install cargo-deny", format!("no program appeared in {tools}/bin")))
}

/// Runs the checks that need no advisory database.
pub(crate) fn check(program: &std::path::Path) -> Result<(), Failure> {
    let args = ["--workspace", "--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    Step::program("deny", program, &args).run()
}

fn tools() -> PathBuf {
    crate::files::root().join("target/tools")
}
