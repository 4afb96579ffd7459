//! What the demonstration prints: the story's lines as they come, headings, proof; on a terminal with a line of progress.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use dr_daemon::{Level, Line, PlanHandle, Report};

/// Prints to standard output. A closed pipe is no error: the exit code tells how it ended.
#[derive(Clone)]
pub(super) struct View {
    terminal: bool,
    progress: Arc<Mutex<String>>,
}

/// Something that was promised, and whether it was seen.
pub(super) struct Promise {
    /// In words, with the figures.
    pub(super) text: String,
    /// Whether it holds.
    pub(super) holds: bool,
}

impl View {
    pub(super) fn new(terminal: bool) -> View {
        View { terminal, progress: Arc::default() }
    }

    /// Prints every line of the plan's story, and keeps a line of progress below them on a terminal.
    pub(super) fn follow(&self, handle: &PlanHandle, speed: f64) {
        let mut lines = handle.lines.subscribe();
        let mut reports = handle.report.clone();
        let view = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    line = lines.recv() => match line {
                        Ok(line) => view.story(&line),
                        Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                        Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    },
                    changed = reports.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        let text = progress(&reports.borrow_and_update(), speed);
                        view.show_progress(text);
                    }
                }
            }
        });
    }

    fn story(&self, line: &Line) {
        let time = jiff::Timestamp::from_millisecond(i64::try_from(line.at).unwrap_or(0)).unwrap_or_default();
        let time = time.strftime("%H:%M:%S").to_string();
        let text = match (self.terminal, line.level) {
            (true, Level::Warning) => format!("{time} {}: \x1b[33m{}\x1b[0m", line.plan, line.text),
            (true, Level::Error | Level::Critical) => format!("{time} {}: \x1b[31m{}\x1b[0m", line.plan, line.text),
            (true, Level::Notice) => format!("{time} {}: \x1b[1m{}\x1b[0m", line.plan, line.text),
            (true, Level::Info) | (false, _) => format!("{time} {}: {}", line.plan, line.text),
        };
        self.print(&text);
    }

    pub(super) fn heading(&self, text: &str) {
        let text = if self.terminal { format!("\n\x1b[1;36m== {text}\x1b[0m") } else { format!("\n== {text}") };
        self.print(&text);
    }

    pub(super) fn say(&self, text: &str) {
        self.print(text);
    }

    pub(super) fn lines(&self, lines: &[String]) {
        for line in lines {
            self.print(line);
        }
    }

    /// Prints each promise with its mark; says whether all hold.
    pub(super) fn proof(&self, promises: &[Promise]) -> bool {
        for promise in promises {
            let mark = if promise.holds { "yes" } else { "NO " };
            self.print(&format!("{mark}  {}", promise.text));
        }
        promises.iter().all(|promise| promise.holds)
    }

    pub(super) fn problem(&self, text: &str) {
        self.show_progress(String::new());
        let _ = writeln!(io::stderr(), "ovirt-dr demo: {text}");
    }

    fn print(&self, text: &str) {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        let _ = if self.terminal { write!(out, "\r\x1b[2K{text}\n{progress}") } else { writeln!(out, "{text}") };
        let _ = out.flush();
    }

    fn show_progress(&self, text: String) {
        if !self.terminal {
            return;
        }
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if *progress != text {
            let mut out = io::stdout().lock();
            let _ = write!(out, "\r\x1b[2K{text}");
            let _ = out.flush();
            *progress = text;
        }
    }
}

fn progress(report: &Report, speed: f64) -> String {
    if report.transition.is_none() {
        return String::new();
    }
    let p = report.progress;
    format!(
        "[{} x{speed}] connections {}/{}  hosts up {}/{}  confirmed {}/{}  parked {}/{}  VMs up {}/{}  owed {}",
        report.phase,
        p.connections.0,
        p.connections.1,
        p.hosts_up.0,
        p.hosts_up.1,
        p.hosts_confirmed.0,
        p.hosts_confirmed.1,
        p.hosts_parked.0,
        p.hosts_parked.1,
        p.vms_up.0,
        p.vms_up.1,
        report.owed.len()
    )
}
