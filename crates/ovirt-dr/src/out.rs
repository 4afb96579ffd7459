//! Standard output and colours. Everything the program writes goes through here.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::cli::Output;
use crate::exit::Failure;

/// Where and how results are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    /// JSON instead of text.
    pub(crate) json: bool,
    /// Whether standard output is a terminal.
    pub(crate) terminal: bool,
    /// Colours.
    pub(crate) paint: Paint,
}

impl Out {
    /// As asked, and as the environment allows.
    pub(crate) fn new(output: Output) -> Out {
        let json = output == Output::Json;
        let terminal = io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Out { json, terminal: terminal && !dumb, paint: Paint { on: terminal && !json && !no_colour && !dumb } }
    }

    /// Writes a line.
    pub(crate) fn line(self, text: impl Display) -> Result<(), Failure> {
        self.raw(format_args!("{text}\n"))
    }

    /// Writes text as it is.
    pub(crate) fn raw(self, text: impl Display) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        write!(stdout, "{text}")?;
        Ok(stdout.flush()?)
    }

    /// Writes a value as JSON over several lines.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failure::said(error.to_string()))?;
        self.line(text)
    }

    /// Writes what went wrong to standard error. Whether that works matters to nobody any more.
    pub(crate) fn failure(self, failure: &Failure) {
        let text = if self.json {
            serde_json::json!({ "error": failure.to_string() }).to_string()
        } else {
            format!("ovirt-dr: {failure}")
        };
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes a remark to standard error, beside the results.
    pub(crate) fn remark(self, text: impl Display) {
        let _ = writeln!(io::stderr().lock(), "ovirt-dr: {text}");
    }
}

/// Width of the terminal in columns, if standard output is one.
pub(crate) fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Height of the terminal in rows, if standard output is one.
pub(crate) fn rows() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0).then_some(usize::from(size.ws_row))
}

/// Colours, or none. They only repeat what the words say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Paint {
    pub(crate) on: bool,
}

impl Paint {
    /// What went well.
    pub(crate) fn good(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Green.into())), text)
    }

    /// What needs a look, or changes.
    pub(crate) fn look(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Yellow.into())), text)
    }

    /// What needs a person.
    pub(crate) fn bad(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Red.into())).bold(), text)
    }

    /// A heading.
    pub(crate) fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// What is beside the point.
    pub(crate) fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.on { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
