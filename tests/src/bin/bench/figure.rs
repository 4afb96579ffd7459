//! Figures, and the clocks they come from.

use std::time::{Duration, Instant};

/// One measured number.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    what: String,
    value: String,
    bound: Option<(String, bool)>,
    note: String,
}

impl Figure {
    /// A ratio that may be `bound` at most.
    pub(crate) fn ratio(what: impl Into<String>, value: f64, bound: f64) -> Self {
        Self::bounded(what, format!("{value:.3}"), format!("<= {bound}"), value <= bound)
    }

    /// So many a second, of which there must be `bound` at least.
    pub(crate) fn rate(what: impl Into<String>, value: f64, bound: f64) -> Self {
        Self::bounded(what, format!("{value:.0}/s"), format!(">= {bound}/s"), value >= bound)
    }

    /// A duration that must be below `bound`.
    pub(crate) fn duration(what: impl Into<String>, value: Duration, bound: Duration) -> Self {
        Self::bounded(what, said(value), format!("< {}", said(bound)), value < bound)
    }

    /// An amount of memory that must be below `bound`, both in KiB.
    pub(crate) fn memory(what: impl Into<String>, value: u64, bound: u64) -> Self {
        Self::bounded(what, mebibytes(value), format!("< {}", mebibytes(bound)), value < bound)
    }

    /// A number without a bound, for comparison.
    pub(crate) fn shown(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { what: what.into(), value: value.into(), bound: None, note: String::new() }
    }

    /// The same with a remark.
    #[must_use]
    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Whether its bound, if it has one, is kept.
    pub(crate) fn holds(&self) -> bool {
        self.bound.as_ref().is_none_or(|(_, holds)| *holds)
    }

    /// Its line of the table.
    pub(crate) fn row(&self, benchmark: &str) -> String {
        let (bound, verdict) = match &self.bound {
            Some((bound, true)) => (bound.as_str(), "ok"),
            Some((bound, false)) => (bound.as_str(), "BROKEN"),
            None => ("", ""),
        };
        line(benchmark, &self.what, &self.value, bound, verdict, &self.note)
    }

    fn bounded(what: impl Into<String>, value: String, bound: String, holds: bool) -> Self {
        Self { what: what.into(), value, bound: Some((bound, holds)), note: String::new() }
    }
}

/// The table's first line.
pub(crate) fn head() -> String {
    line("benchmark", "figure", "median", "bound", "", "")
}

fn line(benchmark: &str, what: &str, value: &str, bound: &str, verdict: &str, note: &str) -> String {
    let text = format!("{benchmark:<14} {what:<58} {value:>10} {bound:>10} {verdict:<6} {note}");
    text.trim_end().to_owned()
}

/// A duration in words of three digits.
pub(crate) fn said(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 1.0 {
        format!("{seconds:.2} s")
    } else if seconds >= 0.001 {
        format!("{:.2} ms", seconds * 1e3)
    } else {
        format!("{:.1} us", seconds * 1e6)
    }
}

/// KiB in MiB.
pub(crate) fn mebibytes(kibibytes: u64) -> String {
    let (whole, tenths) = (kibibytes / 1024, kibibytes % 1024 * 10 / 1024);
    format!("{whole}.{tenths} MiB")
}

/// Wall time and processor time of this thread over some work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// Of the calling thread only: servers in other threads do not count.
    pub(crate) cpu: Duration,
}

/// Measures from its making on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's own time")]
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: thread_cpu() }
    }

    pub(crate) fn cost(&self) -> Cost {
        Cost { wall: self.wall.elapsed(), cpu: thread_cpu().saturating_sub(self.cpu) }
    }
}

fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The middle one; the lower of the two middle ones. Zero of none.
pub(crate) fn median(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// The same for ratios and rates.
pub(crate) fn median_ratio(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// A runtime in this thread, for work that is to be measured.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| format!("the runtime cannot start: {error}"))
}

/// The same with a paused clock.
pub(crate) fn paused_runtime() -> Result<tokio::runtime::Runtime, String> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    built.map_err(|error| format!("the runtime cannot start: {error}"))
}
