//! The state of a plan as a block of text: a headline, then a line for everything that an operator must know.

use std::time::Duration;

use dr_core::{Phase, Said, Time};
use dr_daemon::{Level, Line, Report};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::out::Paint;

/// How the block is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// Now, for ages.
    pub(crate) now: Time,
    /// The operator's time zone.
    pub(crate) zone: TimeZone,
    /// Colours.
    pub(crate) paint: Paint,
    /// Lines are folded at this many columns; not at all without it.
    pub(crate) width: Option<usize>,
}

/// Columns of the labels.
const LABEL: usize = 13;
/// Columns of a bar.
const BAR: usize = 20;

/// The block of one plan, each line ended by a line feed.
pub(crate) fn block(report: &Report, look: &Look) -> String {
    let mut text = String::new();
    let (headline, mood) = headline(report, look);
    let name = look.paint.strong(&report.plan);
    text.push_str(&format!("{name}: {}\n", mood(look.paint, &headline)));
    let mut row = |label: &str, value: &str, mood: Mood| text.push_str(&folded(label, value, mood, look));
    if report.transition.is_some() {
        let progress = &report.progress;
        for (label, part) in [
            ("connections", progress.connections),
            ("hosts up", progress.hosts_up),
            ("confirmed", progress.hosts_confirmed),
            ("parked", progress.hosts_parked),
            ("VMs up", progress.vms_up),
        ] {
            row(label, &bar(part), Paint::plain);
        }
    }
    for flying in &report.in_flight {
        let since = look.now.since(Time(flying.since));
        row("under way", &format!("{}, for {}", flying.step, Said(since)), Paint::plain);
    }
    for wait in &report.waits {
        row("waiting", wait, Paint::look);
    }
    for refusal in &report.refusals {
        row("refused", refusal, Paint::bad);
    }
    if let Some(held) = &report.held {
        row("held", held, Paint::bad);
    }
    if let Some(paused) = &report.paused {
        row("paused", paused, Paint::look);
    }
    if let Some(ignored) = &report.edit_ignored {
        row("edit ignored", ignored, Paint::look);
    }
    for drift in &report.drift {
        row("differs", drift, Paint::look);
    }
    if !report.owed.is_empty() {
        row("owed", &report.owed.join("; "), Paint::look);
    }
    if let (None, Some(closed)) = (&report.transition, &report.last_closed) {
        let at = clock(closed.at, look, true);
        let end = if closed.cancelled { "was turned back" } else { "converged" };
        let with = if closed.exceptions.is_empty() { "" } else { ", with exceptions" };
        row("last", &format!("failover {} {end} {at}{with}", closed.epoch), Paint::faint);
        for exception in &closed.exceptions {
            row("exception", exception, Paint::look);
        }
    }
    if let Some(trouble) = &report.engine_trouble {
        row("trouble", trouble, Paint::bad);
    }
    if let Some(as_of) = report.as_of {
        let age = look.now.since(Time(as_of));
        row("as of", &format!("{}, {} ago", clock(as_of, look, false), Said(age)), Paint::faint);
    }
    text
}

type Mood = fn(Paint, &str) -> String;

impl Paint {
    fn plain(self, text: &str) -> String {
        text.to_owned()
    }
}

fn headline(report: &Report, look: &Look) -> (String, Mood) {
    let active = report.accepted_site.as_deref().unwrap_or("no site");
    if let Some(transition) = &report.transition {
        let took = Said(look.now.since(Time(transition.opened)));
        let of = transition
            .forecast_ms
            .map_or_else(String::new, |ms| format!(" of about {}", Said(Duration::from_millis(ms))));
        let what = if transition.cancelled || report.phase == Phase::TurningBack {
            format!("failover {} is turned back: {} stays active; for {took}", transition.epoch, transition.from)
        } else {
            let (epoch, from, to) = (transition.epoch, &transition.from, &transition.to);
            let paused = if report.paused.is_some() { ", paused" } else { "" };
            format!("failover {epoch} from {from} to {to}: {}{paused}, for {took}{of}", report.phase)
        };
        let by = if transition.by.is_empty() { String::new() } else { format!("; by {}", transition.by) };
        let mood = if report.refusals.is_empty() { Paint::look } else { Paint::bad };
        return (what + &by, mood);
    }
    if report.held.is_some() {
        return (
            format!("{active} is active; a flip to {} is held until a person decides", report.active_site),
            Paint::bad,
        );
    }
    if report.accepted_site.is_none() {
        let text = match report.as_of {
            None => "not read yet".to_owned(),
            Some(_) => format!("not adopted: the plan says {}, which the world does not match", report.active_site),
        };
        return (text, Paint::look);
    }
    if report.engine_trouble.is_some() {
        return (format!("{active} is active, as far as is known: the engine cannot be read"), Paint::bad);
    }
    if !report.refusals.is_empty() {
        return (format!("{active} is active; a person is needed"), Paint::bad);
    }
    if report.active_site != active {
        return (format!("{active} is active, although the file names {}", report.active_site), Paint::bad);
    }
    match (report.converged, report.drift.len()) {
        (true, 0) => (format!("{active} is active; converged, nothing owed"), Paint::good),
        (_, 0) => (format!("{active} is active"), Paint::look),
        (_, 1) => (format!("{active} is active; 1 thing differs from the plan"), Paint::look),
        (_, many) => (format!("{active} is active; {many} things differ from the plan"), Paint::look),
    }
}

fn bar((done, all): (usize, usize)) -> String {
    if all == 0 {
        return "none".to_owned();
    }
    let full = BAR * done.min(all) / all;
    format!("{:<20}  {done} of {all}", "#".repeat(full) + &".".repeat(BAR - full))
}

/// A labelled line, folded at the width with the label's indentation.
fn folded(label: &str, value: &str, mood: Mood, look: &Look) -> String {
    let room = look.width.map_or(usize::MAX, |width| width.saturating_sub(LABEL + 3).max(20));
    let mut text = String::new();
    for (index, part) in fold(value, room).into_iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        text.push_str(&format!("  {label:<LABEL$} {}\n", mood(look.paint, &part)));
    }
    text
}

/// Folds at spaces; a word longer than the room is cut.
fn fold(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut letters: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last().map_or(0, |line| line.chars().count());
            let gap = usize::from(line > 0);
            if line + gap + letters.len() <= room {
                let last = lines.last_mut();
                if let Some(last) = last {
                    last.push_str(if gap > 0 { " " } else { "" });
                    last.extend(&letters);
                }
                break;
            }
            if line == 0 {
                let rest = letters.split_off(room);
                lines.last_mut().unwrap_or(&mut String::new()).extend(&letters);
                letters = rest;
            }
            lines.push(String::new());
        }
    }
    lines
}

/// A moment on the operator's clock; with the day if asked.
pub(crate) fn clock(at: u64, look: &Look, day: bool) -> String {
    let at = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or_default();
    let format = if day { "%Y-%m-%d %H:%M:%S" } else { "%H:%M:%S" };
    at.to_zoned_datetime(look.zone.clone()).strftime(format).to_string()
}

/// A line of the story on one line.
pub(crate) fn story(line: &Line, look: &Look) -> String {
    let text = format!("{}: {}", line.plan, line.text);
    let text = match line.level {
        Level::Info => text,
        Level::Notice => look.paint.strong(&text),
        Level::Warning => look.paint.look(&text),
        Level::Error | Level::Critical => look.paint.bad(&text),
    };
    format!("{} {text}", look.paint.faint(&clock(line.at, look, false)))
}

#[cfg(test)]
mod tests;
