//! Lines about what we do: when it begins where that matters, and how it ended.

use std::collections::BTreeMap;
use std::time::Duration;

use dr_core::{Outcome, Step, StepKey, StepKind};

use crate::report::Level;

use super::{names, said as in_words};

/// What took less than this is said without its duration.
const WORTH_SAYING: Duration = Duration::from_millis(100);

/// Beginnings worth a line: requests that may take long.
pub(super) fn begins(steps: &[&Step]) -> Vec<String> {
    let of = |kind: StepKind| -> Vec<&str> {
        sorted(steps.iter().filter(|step| step.key().kind == kind).map(|step| step.object_name()))
    };
    let mut lines = Vec::new();
    let activating = of(StepKind::Activate);
    if !activating.is_empty() {
        lines.push(format!("{} activating", names(&activating, "hosts")));
    }
    let confirming = of(StepKind::ConfirmRebooted);
    if !confirming.is_empty() {
        let have = if confirming.len() == 1 { "has" } else { "have" };
        lines.push(format!("confirming that {} {have} been rebooted", names(&confirming, "hosts")));
    }
    lines
}

/// Ends: the same step on several objects is one line; what was not done is a line of its own.
pub(super) fn ends(
    ended: &[(Step, Outcome, Duration)],
    owed: usize,
    said: &mut BTreeMap<StepKey, String>,
) -> Vec<(Level, String)> {
    let mut lines = Vec::new();
    let done: Vec<&(Step, Outcome, Duration)> = ended.iter().filter(|(_, outcome, _)| outcome.is_done()).collect();
    let of = |kind: StepKind| -> Vec<&str> {
        let of_kind = done.iter().filter(|(step, _, _)| step.key().kind == kind);
        sorted(of_kind.map(|(step, _, _)| step.object_name()))
    };
    for name in of(StepKind::SuspendFencing) {
        lines.push((Level::Info, format!("fencing of cluster {name} suspended, policy kept for later")));
    }
    let off = of(StepKind::SuspendPowerManagement);
    if !off.is_empty() {
        lines.push((Level::Info, format!("power management of {} off, owed", names(&off, "hosts"))));
    }
    for (step, outcome, took) in &done {
        match step {
            Step::Promote { site } => {
                let after = if *took < WORTH_SAYING { String::new() } else { format!(" after {}", in_words(*took)) };
                lines.push((Level::Info, format!("the replica at {site} is promoted{after}")));
            }
            Step::Repoint { name, from, to, .. } if *outcome == Outcome::Done => {
                lines.push((Level::Info, format!("connection {name} now {to} (was {from})")));
            }
            Step::Repoint { .. }
            | Step::SuspendFencing { .. }
            | Step::SuspendPowerManagement { .. }
            | Step::Activate { .. }
            | Step::ConfirmRebooted { .. }
            | Step::Park { .. }
            | Step::StartVm { .. }
            | Step::RestoreFencing { .. }
            | Step::RestorePowerManagement { .. } => {}
        }
    }
    let confirmed = of(StepKind::ConfirmRebooted);
    if !confirmed.is_empty() {
        let took =
            done.iter().filter(|(step, _, _)| step.key().kind == StepKind::ConfirmRebooted).map(|(_, _, took)| *took);
        let longest = took.max().unwrap_or_default();
        lines.push((Level::Info, format!("{} confirmed after {}", names(&confirmed, "hosts"), in_words(longest))));
    }
    let started = of(StepKind::StartVm);
    if !started.is_empty() {
        lines.push((Level::Info, format!("{} started", names(&started, "VMs"))));
    }
    lines.extend(given_back(&of(StepKind::RestoreFencing), &of(StepKind::RestorePowerManagement), owed));
    lines.extend(not_done(ended, said));
    lines
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}

fn given_back(fencing: &[&str], power: &[&str], owed: usize) -> Option<(Level, String)> {
    let mut parts = Vec::new();
    if !fencing.is_empty() {
        parts.push(format!("fencing of {} back as it was", cluster_names(fencing)));
    }
    if !power.is_empty() {
        parts.push(format!("power management of {} back on", names(power, "hosts")));
    }
    (!parts.is_empty()).then(|| (Level::Info, format!("{}; {owed} owed", parts.join("; "))))
}

fn cluster_names(clusters: &[&str]) -> String {
    match clusters {
        [one] => format!("cluster {one}"),
        several => format!("clusters {}", names(several, "clusters")),
    }
}

/// What was not done, unless the same was said of the same step before: the wait for its next try tells that it lasts. The same answer for
/// several objects is one line.
fn not_done(ended: &[(Step, Outcome, Duration)], said: &mut BTreeMap<StepKey, String>) -> Vec<(Level, String)> {
    let mut answers: Vec<(StepKind, String, Vec<&Step>)> = Vec::new();
    // How a promotion goes is told by the wait or the refusal that it leads to.
    for (step, outcome, _) in ended.iter().filter(|(step, _, _)| step.key().kind != StepKind::Promote) {
        let key = step.key();
        let text = match outcome {
            Outcome::AlreadySo | Outcome::Done => {
                said.remove(&key);
                continue;
            }
            Outcome::Unconfirmed { text } => format!("may have been done; {text}"),
            Outcome::Refused { text, .. } => format!("the engine says no: {text}"),
            Outcome::Failed { text } => format!("not done: {text}"),
        };
        if said.insert(key.clone(), text.clone()).as_ref() == Some(&text) {
            continue;
        }
        match answers.iter_mut().find(|(kind, known, _)| *kind == key.kind && *known == text) {
            Some((_, _, steps)) => steps.push(step),
            None => answers.push((key.kind, text, vec![step])),
        }
    }
    answers.into_iter().map(|(_, text, steps)| (Level::Warning, format!("{}: {text}", together(&steps)))).collect()
}

/// Several steps of one kind in words.
fn together(steps: &[&Step]) -> String {
    let (first, several) = match steps {
        [] => return String::new(),
        [one] => return one.to_string(),
        [first, ..] => (first, sorted(steps.iter().map(|step| step.object_name()))),
    };
    let of = |noun: &str| names(&several, noun);
    match first.key().kind {
        StepKind::SuspendFencing => format!("suspend fencing of clusters {}", of("clusters")),
        StepKind::SuspendPowerManagement => format!("power management of {} off", of("hosts")),
        StepKind::Promote => format!("promote the replica at {}", of("sites")),
        StepKind::Repoint => format!("repoint {}", of("connections")),
        StepKind::Activate => format!("activate {}", of("hosts")),
        StepKind::ConfirmRebooted => format!("confirm that {} have been rebooted", of("hosts")),
        StepKind::Park => format!("park {} in maintenance", of("hosts")),
        StepKind::StartVm => format!("start {}", of("VMs")),
        StepKind::RestoreFencing => format!("fencing of clusters {} back as it was", of("clusters")),
        StepKind::RestorePowerManagement => format!("power management of {} back on", of("hosts")),
    }
}
