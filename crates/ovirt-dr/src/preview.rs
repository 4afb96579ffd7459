//! What a failover would do, in the manner of a diff.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use dr_core::{Phase, Said, StepKind};
use dr_plan::{Placement, Plan, Promote, Require, SiteName, StorageKind};
use serde::Deserialize;

use crate::exit::Exit;
use crate::out::Paint;

/// Lines of one kind that are written before the rest is only counted.
const SHOWN: usize = 12;

/// A forecast as the daemon gives it. Times are milliseconds from the beginning.
#[derive(Debug, Deserialize)]
pub(crate) struct Preview {
    to: String,
    steps: Vec<PreviewStep>,
    phases: Vec<PreviewPhase>,
    up_ms: u64,
    total_ms: u64,
    #[serde(default)]
    lease_ms: u64,
    stuck: Vec<String>,
    persons: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct PreviewStep {
    at_ms: u64,
    kind: StepKind,
    text: String,
}

#[derive(Debug, Deserialize)]
struct PreviewPhase {
    phase: Phase,
    ends_ms: u64,
}

impl Preview {
    /// Nothing to do, changes, or an error: it would not arrive.
    pub(crate) fn exit(&self) -> Exit {
        match (self.stuck.is_empty(), self.steps.is_empty()) {
            (false, _) => Exit::Failed,
            (true, true) => Exit::Done,
            (true, false) => Exit::Some,
        }
    }

    /// As text.
    pub(crate) fn text(&self, plan: &str, paint: Paint) -> String {
        let mut text = format!("{}: failover to {}\n", paint.strong(plan), self.to);
        let mut done = 0;
        for (index, phase) in self.phases.iter().enumerate() {
            let is_last = index + 1 == self.phases.len();
            let of_phase = self.steps.iter().skip(done).take_while(|step| is_last || step.at_ms < phase.ends_ms);
            let steps: Vec<&PreviewStep> = of_phase.collect();
            done += steps.len();
            let ends = Said(Duration::from_millis(phase.ends_ms));
            add(
                &mut text,
                &format!("\n{}{}", paint.strong(&phase.phase.to_string()), paint.faint(&format!(", ends at {ends}"))),
            );
            steps_of(&mut text, &steps, paint);
        }
        if self.phases.is_empty() {
            steps_of(&mut text, &self.steps.iter().collect::<Vec<_>>(), paint);
        }
        text.push('\n');
        for person in &self.persons {
            add(&mut text, &paint.look(&format!("a person must {person}")));
        }
        if !self.stuck.is_empty() {
            add(&mut text, &paint.bad("It would not arrive:"));
            for reason in &self.stuck {
                add(&mut text, &format!("! {}", paint.bad(reason)));
            }
            return text;
        }
        if self.steps.is_empty() {
            add(&mut text, &paint.good("Nothing to do."));
            return text;
        }
        let (up, total) = (Said(Duration::from_millis(self.up_ms)), Said(Duration::from_millis(self.total_ms)));
        let count = self.steps.len();
        let steps = if count == 1 { "1 step".to_owned() } else { format!("{count} steps") };
        add(&mut text, &format!("{steps}; virtual machines up after {up}, all done after {total}"));
        if self.lease_ms > 0 {
            let lease = Said(Duration::from_millis(self.lease_ms));
            add(&mut text, &format!("up to {lease} more while storage names the dead SPM"));
        }
        text
    }
}

fn add(text: &mut String, line: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{line}");
}

fn steps_of(text: &mut String, steps: &[&PreviewStep], paint: Paint) {
    let mut shown: BTreeMap<StepKind, usize> = BTreeMap::new();
    for step in steps {
        let count = shown.entry(step.kind).or_default();
        *count += 1;
        if *count <= SHOWN {
            let at = Said(Duration::from_millis(step.at_ms));
            add(text, &format!("{} {}", signed(step.kind, &step.text, paint), paint.faint(&format!("(at {at})"))));
        }
    }
    for (kind, count) in shown {
        if count > SHOWN {
            add(text, &signed(kind, &format!("... and {} more like this", count - SHOWN), paint));
        }
    }
}

fn signed(kind: StepKind, text: &str, paint: Paint) -> String {
    match kind {
        StepKind::Promote | StepKind::Activate | StepKind::StartVm => paint.good(&format!("+ {text}")),
        StepKind::ConfirmRebooted | StepKind::Park => paint.bad(&format!("- {text}")),
        StepKind::SuspendFencing
        | StepKind::SuspendPowerManagement
        | StepKind::Repoint
        | StepKind::RestoreFencing
        | StepKind::RestorePowerManagement => paint.look(&format!("~ {text}")),
    }
}

/// What a plan alone says about a failover to `to`, without engine: names are not resolved, nothing is timed.
pub(crate) fn offline(plan: &Plan, to: &SiteName, paint: Paint) -> String {
    let from = &plan.active_site;
    let mut text = format!(
        "{}: failover from {from} to {to}, as the file alone tells it: no engine was asked\n\n",
        paint.strong(&plan.name)
    );
    let hosts = |site: &SiteName| plan.sites.get(site).map(|site| site.hosts.clone()).unwrap_or_default();
    if plan.policy.suspend_fencing {
        add(
            &mut text,
            &paint.look(&format!("~ fencing and power management of {from}'s hosts off, given back at the end")),
        );
    }
    match plan.sites.get(to).map(|site| &site.promote) {
        Some(Promote::Hook { path, .. }) => {
            add(&mut text, &paint.good(&format!("+ promote the replica at {to} by {}", path.display())));
        }
        Some(Promote::Confirm | Promote::Nothing) | None => {}
    }
    for entry in &plan.storage {
        for (now, then) in values(&entry.kind, from, to) {
            add(&mut text, &paint.look(&format!("~ connection {} to {then} (now {now})", entry.name)));
        }
    }
    for host in hosts(from) {
        add(&mut text, &paint.bad(&format!("- confirm that {host} has been rebooted, and park it")));
    }
    for host in hosts(to) {
        add(&mut text, &paint.good(&format!("+ activate {host}")));
    }
    add(&mut text, &paint.good(&format!("+ start what ran at {from}")));
    text.push('\n');
    if let Some(Require::Attestation) = plan.sites.get(from).map(|site| &site.evidence.require) {
        add(&mut text, &paint.look(&format!("a person must vouch that {from} is down")));
    }
    if let Some(Promote::Confirm) = plan.sites.get(to).map(|site| &site.promote) {
        add(&mut text, &paint.look(&format!("a person must confirm that the replica at {to} is writable")));
    }
    text
}

/// Where an entry's rows point at one site and at another; none for what both share.
fn values(kind: &StorageKind, from: &SiteName, to: &SiteName) -> Vec<(String, String)> {
    match kind {
        StorageKind::File { at: Placement::PerSite(values), .. } => {
            let pair = values.get(from).zip(values.get(to));
            pair.into_iter().map(|(now, then)| (now.to_string(), then.to_string())).collect()
        }
        StorageKind::Iscsi { at: Placement::PerSite(values) } => {
            let Some((now, then)) = values.get(from).zip(values.get(to)) else { return Vec::new() };
            let said =
                |portal: &dr_plan::Portal, target: &str| format!("{}:{}, target {target}", portal.address, portal.port);
            let pairs = now.portals.iter().zip(&then.portals);
            pairs.map(|(a, b)| (said(a, &now.target), said(b, &then.target))).collect()
        }
        StorageKind::File { at: Placement::Same(_), .. }
        | StorageKind::Iscsi { at: Placement::Same(_) }
        | StorageKind::Fcp { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
