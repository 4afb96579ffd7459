//! `demo`: wall time of the demonstration, as a new user runs it.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::figure::{Figure, Stopwatch, median};
use crate::program;

/// The demonstration must be over sooner.
const BOUND: Duration = Duration::from_secs(60);

pub(crate) fn measure(quick: bool) -> Result<Vec<Figure>, String> {
    let program = program::ovirt_dr()?;
    let mut times = Vec::new();
    for _ in 0..if quick { 1 } else { 3 } {
        let watch = Stopwatch::start();
        let mut demo = Command::new(&program);
        let ended = demo.arg("demo").stdin(Stdio::null()).stdout(Stdio::null()).status();
        let ended = ended.map_err(|error| format!("{}: {error}", program.display()))?;
        if !ended.success() {
            return Err(format!("ovirt-dr demo ended with {ended}"));
        }
        times.push(watch.cost().wall);
    }
    Ok(vec![Figure::duration("wall time of `ovirt-dr demo`", median(times), BOUND)])
}
