//! How much the tests covered that hold both ends against others: told by them in a file, shown when they are over.

use std::fs;
use std::path::PathBuf;

use crate::files::root;
use crate::step::Failure;

/// Names the file for the tests: `tests/src/counts.rs`.
pub(crate) const VARIABLE: &str = "OVIRT_DR_COUNTS";

/// The suites that tell something, by how their lines begin.
const SUITES: [&str; 5] =
    ["Conformance, client:", "Conformance, simulated engine:", "Conformance, timelines:", "Python SDK:", "Ansible:"];

/// An empty file for the tests.
pub(crate) fn begin() -> Result<PathBuf, Failure> {
    let path = root().join("target/counts.txt");
    // Cargo's target folder may be elsewhere.
    let made = fs::create_dir_all(root().join("target")).and_then(|()| fs::write(&path, ""));
    made.map_err(|error| Failure::new("counts", format!("{}: {error}", path.display())))?;
    Ok(path)
}

/// Shows what the tests told.
pub(crate) fn show(told: &str) {
    let mut lines: Vec<&str> = told.lines().collect();
    lines.sort_unstable();
    for line in lines {
        println!("==> {line}");
    }
}

/// Fails when a suite told nothing: it did not run, whatever the others say.
pub(crate) fn complete(told: &str) -> Result<(), Failure> {
    let silent = |suite: &&str| !told.lines().any(|line| line.starts_with(*suite));
    let missing: Vec<&str> = SUITES.into_iter().filter(|suite| silent(suite)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new("counts", format!("no test told a count of `{}`", missing.join("`, `"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_that_told_nothing_is_named() {
        let told = SUITES.map(|suite| format!("{suite} 1\n")).concat();
        assert_eq!(complete(&told), Ok(()));
        let failure = complete(&told.replace("Ansible: 1\n", "")).unwrap_err();
        assert_eq!(failure.why, "no test told a count of `Ansible:`");
    }
}
