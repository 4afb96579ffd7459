//! Where the story and everything else is written: journald under systemd, plain text otherwise.

use std::fmt;
use std::io::{self, IsTerminal};

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::report::{Level, Line};

/// Target of the story's events.
const STORY: &str = "story";

/// Where to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// journald if standard error is connected to it, else plain text.
    Auto,
    /// journald, with structured fields.
    Journald,
    /// Plain text on standard error.
    Text,
}

/// Sets up logging for the process. `debug` adds the requests.
///
/// # Errors
/// journald was asked for and does not listen, or logging is set up already.
pub fn init_log(log: Log, debug: bool) -> Result<(), String> {
    let filter = if debug { "debug,hyper=info,rustls=info,sqlx=info,reqwest=info" } else { "info,sqlx=warn" };
    let filter = EnvFilter::new(filter);
    let journald = match log {
        Log::Auto => std::env::var_os("JOURNAL_STREAM").is_some() && std::env::var_os("INVOCATION_ID").is_some(),
        Log::Journald => true,
        Log::Text => false,
    };
    let layer = if journald {
        // Without a prefix, or MESSAGE_ID and PLAN would not be the fields that journalctl knows.
        let layer =
            tracing_journald::layer().map_err(|error| format!("journald does not listen: {error}; use --log text"))?;
        layer.with_field_prefix(None).with_syslog_identifier("ovirt-dr".to_owned()).boxed()
    } else {
        let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(colour)
            .event_format(Plain { colour })
            .boxed()
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().map_err(|error| error.to_string())
}

/// Writes one line of the story.
pub(crate) fn emit(line: &Line) {
    let Line { level, plan, text, at: _ } = line;
    let plan = plan.as_str();
    // A stable id for each level of line, so that `journalctl MESSAGE_ID=...` finds them and a catalog can explain them.
    match level {
        Level::Info => {
            tracing::info!(target: STORY, PLAN = plan, MESSAGE_ID = "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a01", "{plan}: {text}")
        }
        Level::Notice => {
            tracing::info!(target: STORY, PLAN = plan, MESSAGE_ID = "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a02", "{plan}: {text}")
        }
        Level::Warning => {
            tracing::warn!(target: STORY, PLAN = plan, MESSAGE_ID = "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a03", "{plan}: {text}")
        }
        Level::Error => {
            tracing::error!(target: STORY, PLAN = plan, MESSAGE_ID = "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a04", "{plan}: {text}")
        }
        Level::Critical => {
            tracing::error!(target: STORY, PLAN = plan, MESSAGE_ID = "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a05", "{plan}: {text}")
        }
    }
}

/// `12:25:46 erp: text` for the story; level and target besides for everything else.
struct Plain {
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let now = jiff::ZonedDateTime::now().strftime("%H:%M:%S").to_string();
        write!(writer, "{now} ")?;
        let level = *event.metadata().level();
        let colour = match level {
            tracing::Level::ERROR if self.colour => "\x1b[31m",
            tracing::Level::WARN if self.colour => "\x1b[33m",
            _ => "",
        };
        let end = if colour.is_empty() { "" } else { "\x1b[0m" };
        let mut words = Words::default();
        event.record(&mut words);
        if event.metadata().target() == STORY {
            return writeln!(writer, "{colour}{}{end}", words.message);
        }
        write!(
            writer,
            "{colour}{} {}: {}{end}",
            level.as_str().to_lowercase(),
            event.metadata().target(),
            words.message
        )?;
        writeln!(writer, "{}", words.others)
    }
}

/// The message and the other fields of an event.
#[derive(Default)]
struct Words {
    message: String,
    others: String,
}

impl tracing::field::Visit for Words {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.others.push_str(&format!(" {}={value:?}", field.name()));
        }
    }
}
