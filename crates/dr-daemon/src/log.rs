//! Where the story and everything else is written: journald under systemd, plain text otherwise.

use std::fmt;
use std::io::{self, IsTerminal};

use tracing::{Event, Metadata, Subscriber};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::report::{Level, Line};

/// Target of the story's events.
const STORY: &str = "story";
/// The story's events that matter more than their tracing level can say: it has no word for a notice and none above an error.
const NOTICE: &str = "story::notice";
const CRITICAL: &str = "story::critical";

/// Where to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Log {
    /// journald if standard error is connected to it, else plain text.
    #[default]
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
    let journald = match log {
        Log::Auto => leads_to_journald(std::env::var("JOURNAL_STREAM").ok().as_deref()),
        Log::Journald => true,
        Log::Text => false,
    };
    let layers = if journald {
        let of = |target: Option<&'static str>, mappings: PriorityMappings| {
            let layer = tracing_journald::layer()
                .map_err(|error| format!("journald does not listen: {error}; use --log text"))?
                // Without a prefix, or MESSAGE_ID and PLAN would not be the fields that journalctl knows.
                .with_field_prefix(None)
                .with_syslog_identifier("ovirt-dr".to_owned())
                .with_priority_mappings(mappings);
            Ok::<_, String>(
                layer.with_filter(filter_fn(move |event: &Metadata<'_>| is_for(target, event.target()))).boxed(),
            )
        };
        vec![
            of(None, priorities(Priority::Informational, Priority::Error))?,
            of(Some(NOTICE), priorities(Priority::Notice, Priority::Error))?,
            of(Some(CRITICAL), priorities(Priority::Informational, Priority::Critical))?,
        ]
    } else {
        let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        vec![
            tracing_subscriber::fmt::layer()
                .with_writer(io::stderr)
                .with_ansi(colour)
                .event_format(Plain { colour })
                .boxed(),
        ]
    };
    let filtered = tracing_subscriber::registry().with(layers).with(EnvFilter::new(filter));
    filtered.try_init().map_err(|error| error.to_string())
}

/// Whether standard error is the stream that systemd connected to journald: `device:inode`. It may have been redirected since.
fn leads_to_journald(stream: Option<&str>) -> bool {
    let here = rustix::fs::fstat(io::stderr()).ok().map(|stat| format!("{}:{}", stat.st_dev, stat.st_ino));
    stream.is_some() && stream == here.as_deref()
}

/// Whether an event belongs to the layer of one target, or to the one for everything else.
fn is_for(layer: Option<&str>, target: &str) -> bool {
    match layer {
        Some(layer) => layer == target,
        None => ![NOTICE, CRITICAL].contains(&target),
    }
}

fn priorities(info: Priority, error: Priority) -> PriorityMappings {
    PriorityMappings { error, warn: Priority::Warning, info, debug: Priority::Debug, trace: Priority::Debug }
}

/// A stable id for each level of line, so that `journalctl MESSAGE_ID=...` finds them and a catalog can explain them.
const fn message_id(level: Level) -> &'static str {
    match level {
        Level::Info => "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a01",
        Level::Notice => "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a02",
        Level::Warning => "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a03",
        Level::Error => "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a04",
        Level::Critical => "5a2e9f0e6d1b4b6c9a3f6c1d7e8b0a05",
    }
}

/// Writes one line of the story.
pub(crate) fn emit(line: &Line) {
    let Line { level, plan, text, at: _ } = line;
    let plan = plan.as_str();
    let id = message_id(*level);
    match level {
        Level::Info => tracing::info!(target: STORY, PLAN = plan, MESSAGE_ID = id, "{plan}: {text}"),
        Level::Notice => tracing::info!(target: NOTICE, PLAN = plan, MESSAGE_ID = id, "{plan}: {text}"),
        Level::Warning => tracing::warn!(target: STORY, PLAN = plan, MESSAGE_ID = id, "{plan}: {text}"),
        Level::Error => tracing::error!(target: STORY, PLAN = plan, MESSAGE_ID = id, "{plan}: {text}"),
        Level::Critical => tracing::error!(target: CRITICAL, PLAN = plan, MESSAGE_ID = id, "{plan}: {text}"),
    }
}

/// `12:25:46 erp: text` for the story, with a word in front if it is a warning or worse; target and fields besides for everything else.
struct Plain {
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (target, level) = (event.metadata().target(), *event.metadata().level());
        let is_story = [STORY, NOTICE, CRITICAL].contains(&target);
        let (word, colour) = match (level, target) {
            (tracing::Level::ERROR, CRITICAL) => ("critical: ", "\x1b[1;31m"),
            (tracing::Level::ERROR, _) => ("error: ", "\x1b[31m"),
            (tracing::Level::WARN, _) => ("warning: ", "\x1b[33m"),
            (tracing::Level::INFO, NOTICE) => ("", "\x1b[1m"),
            (tracing::Level::INFO, _) => ("", ""),
            (tracing::Level::DEBUG, _) => ("debug: ", ""),
            (_, _) => ("trace: ", ""),
        };
        let (begin, end) = if self.colour && !colour.is_empty() { (colour, "\x1b[0m") } else { ("", "") };
        let mut words = Words::default();
        event.record(&mut words);
        write!(writer, "{} {begin}{word}", jiff::ZonedDateTime::now().strftime("%H:%M:%S"))?;
        if is_story {
            writeln!(writer, "{}{end}", printable(&words.message))
        } else {
            writeln!(writer, "{target}: {}{}{end}", printable(&words.message), printable(&words.others))
        }
    }
}

/// Names come from the engine and output from hooks: none of them may move the cursor or write a line of its own.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What is written while `act` runs, without the times in front.
    fn written(colour: bool, act: impl FnOnce()) -> Vec<String> {
        #[derive(Clone, Default)]
        struct Sink(Arc<Mutex<Vec<u8>>>);
        impl io::Write for Sink {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let sink = Sink::default();
        let copy = sink.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(colour)
            .with_writer(move || copy.clone())
            .event_format(Plain { colour });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
        let bytes = sink.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| line["12:25:46 ".len()..].to_owned()).collect()
    }

    fn say(level: Level, text: &str) {
        emit(&Line { at: 0, level, plan: "erp".to_owned(), text: text.to_owned() });
    }

    #[test]
    fn the_story_is_read_without_noise_and_without_colour() {
        let lines = written(false, || {
            say(Level::Info, "3 hosts up");
            say(Level::Notice, "failover 7 opens");
            say(Level::Warning, "the engine cannot be read");
            say(Level::Error, "refused: mad-2 answers");
            say(Level::Critical, "two sites");
        });
        let expected = [
            "erp: 3 hosts up",
            "erp: failover 7 opens",
            "warning: erp: the engine cannot be read",
            "error: erp: refused: mad-2 answers",
            "critical: erp: two sites",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn colour_repeats_what_the_words_say() {
        let lines = written(true, || say(Level::Error, "refused"));
        assert_eq!(lines, ["\x1b[31merror: erp: refused\x1b[0m"]);
    }

    #[test]
    fn whatever_is_not_the_story_says_where_it_comes_from() {
        let lines = written(false, || tracing::debug!(target: "ovirt_client", status = 200, "GET /hosts"));
        assert_eq!(lines, ["debug: ovirt_client: GET /hosts status=200"]);
    }

    #[test]
    fn a_name_from_outside_cannot_write_a_line_of_its_own_or_colour_the_terminal() {
        let lines = written(false, || say(Level::Info, "host \x1b[2Jmad-1\n12:25:46 erp: converged"));
        assert_eq!(lines, ["erp: host  [2Jmad-1 12:25:46 erp: converged"]);
    }

    #[test]
    fn journald_is_used_only_where_standard_error_leads_there() {
        assert!(!leads_to_journald(None));
        assert!(!leads_to_journald(Some("1:2")), "inherited from a unit, but redirected since");
        let stat = rustix::fs::fstat(io::stderr()).unwrap();
        assert!(leads_to_journald(Some(&format!("{}:{}", stat.st_dev, stat.st_ino))));
    }

    #[test]
    fn every_line_reaches_journald_once() {
        for target in [STORY, NOTICE, CRITICAL, "ovirt_client"] {
            let layers = [None, Some(NOTICE), Some(CRITICAL)];
            assert_eq!(layers.iter().filter(|layer| is_for(**layer, target)).count(), 1, "{target}");
        }
    }
}
