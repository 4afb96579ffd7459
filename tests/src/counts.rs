//! How much a test covered, told to whoever ran `cargo xtask test`: the harness hides what passing tests print.

use std::fs::OpenOptions;
use std::io::Write as _;

/// The file that `cargo xtask test` prints when the tests are over; unset elsewhere.
pub const FILE: &str = "OVIRT_DR_COUNTS";

/// Tells one line of counts, `suite: ...`: to the terminal under `-- --nocapture`, and to the file named by [`FILE`].
///
/// # Panics
/// The file cannot be written: counts that are silently missing would read as tests that did not run.
#[expect(clippy::print_stdout, reason = "counts for whoever runs the tests with --nocapture")]
pub fn tell(line: &str) {
    println!("{line}");
    let Some(path) = std::env::var_os(FILE) else { return };
    // One write of a whole line: several test programs share the file.
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    written.unwrap_or_else(|error| panic!("{FILE}={}: {error}", path.display()));
}
