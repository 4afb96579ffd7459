//! How the program ends: what a script may rely on.

use std::process::ExitCode;
use std::{fmt, io};

/// Exit codes. They are part of the interface: a number never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; nothing to do; clean; converged.
    Done,
    /// It did not work, or findings of level error, or a forecast that does not arrive.
    Failed,
    /// A preview with changes, or findings of level warning only.
    Some,
    /// A failover that cannot go on without a person.
    Person,
    /// A failover that converged with exceptions.
    Exceptions,
    /// The command line was not understood.
    Usage,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Some => 2,
            Exit::Person => 3,
            Exit::Exceptions => 4,
            Exit::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// In words: what is wrong and what to do.
    Said(String),
    /// The arguments do not fit together.
    Usage(String),
    /// Nobody reads our output any more, as in `ovirt-dr history | head`: no failure at all.
    ReaderGone,
}

impl Failure {
    /// A failure in words.
    pub(crate) fn said(text: impl Into<String>) -> Failure {
        Failure::Said(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Said(text) | Failure::Usage(text) => f.write_str(text),
            Failure::ReaderGone => f.write_str("nobody reads the output any more"),
        }
    }
}

impl From<io::Error> for Failure {
    /// For writing to standard output only; elsewhere an error needs its context.
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::ReaderGone;
        }
        Failure::Said(format!("the output cannot be written: {error}"))
    }
}
