//! Programs that a command runs, with progress on the terminal.

use std::ffi::OsStr;
use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

/// One program to run, with the name under which progress is shown.
pub(crate) struct Step {
    name: &'static str,
    command: Command,
}

impl Step {
    /// A program by name or path.
    pub(crate) fn program(name: &'static str, program: impl AsRef<OsStr>, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args).current_dir(crate::files::root());
        Self { name, command }
    }

    /// The cargo that started this program, so that the toolchain stays the same.
    pub(crate) fn cargo(name: &'static str, args: &[&str]) -> Self {
        Self::program(name, std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args)
    }

    /// Further arguments.
    pub(crate) fn args(mut self, args: &[String]) -> Self {
        self.command.args(args);
        self
    }

    /// A variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it with the terminal's own input and output. Fails when it cannot be started or exits other than 0.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        println!("==> {}: {}", self.name, shown(&self.command));
        let (status, took) = timed(|| self.command.status());
        let status = status.map_err(|error| {
            let program = self.command.get_program().to_string_lossy().into_owned();
            Failure::new(self.name, format!("cannot start {program}: {error}"))
        })?;
        if !status.success() {
            return Err(Failure::new(self.name, format!("{status} after {:.1} s", took.as_secs_f64())));
        }
        println!("==> {}: ok after {:.1} s", self.name, took.as_secs_f64());
        Ok(())
    }
}

/// A command that did not succeed: which one, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) what: &'static str,
    pub(crate) why: String,
}

impl Failure {
    pub(crate) fn new(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, why: why.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.what, self.why)
    }
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    #[expect(clippy::disallowed_methods, reason = "how long a build took is told to a person and decides nothing")]
    let start = Instant::now();
    (work(), start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_exits_with_an_error_fails_the_step_by_name() {
        let failure = Step::program("never", "false", &[]).run().unwrap_err();
        assert_eq!(failure.what, "never");
        assert!(failure.why.contains("exit status: 1"), "{failure}");
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let failure = Step::program("absent", "no-such-program-here", &[]).run().unwrap_err();
        assert!(failure.why.starts_with("cannot start no-such-program-here"), "{failure}");
    }

    #[test]
    fn a_program_that_exits_well_passes() {
        assert_eq!(Step::program("always", "true", &[]).run(), Ok(()));
    }
}
