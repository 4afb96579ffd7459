//! The journal of a plan as sentences.

pub(crate) mod verify;

use std::collections::BTreeMap;
use std::fmt::Write;

use dr_core::{Confirmation, Entry, Outcome, OwedKey, Said, Time};
use serde_json::Value;

use crate::client::HistoryRow;
use crate::status::{Look, clock};

/// Every entry as a line. Without `all`, what was only observed is left out.
pub(crate) fn lines(rows: &[HistoryRow], all: bool, look: &Look) -> String {
    let mut text = String::new();
    let mut told = Told::default();
    for row in rows {
        let said = told.sentence(row);
        if all || !row.entry.as_ref().is_some_and(is_observed) {
            let (at, seq) = (clock(row.at, look, true), format!("#{}", row.seq));
            // Writing to a string does not fail.
            let _ = writeln!(text, "{} {} {said}", look.paint.faint(&at), look.paint.faint(&format!("{seq:>6}")));
        }
    }
    text
}

/// What later entries refer to.
#[derive(Default)]
struct Told {
    /// Steps that have not ended: what each is, and since when.
    steps: BTreeMap<u64, (String, u64)>,
    debts: BTreeMap<OwedKey, String>,
}

fn is_observed(entry: &Entry) -> bool {
    match entry {
        Entry::SiteSeen { .. } | Entry::Ran { .. } | Entry::ProbeAnswered { .. } | Entry::Engine { .. } => true,
        Entry::PlanTaken { .. }
        | Entry::Requested { .. }
        | Entry::Adopted { .. }
        | Entry::Opened(_)
        | Entry::Held { .. }
        | Entry::HoldDropped
        | Entry::Proven { .. }
        | Entry::Intent { .. }
        | Entry::Outcome { .. }
        | Entry::Owed { .. }
        | Entry::GivenBack { .. }
        | Entry::Reached { .. }
        | Entry::Confirmed { .. }
        | Entry::Cancelled { .. }
        | Entry::Closed { .. }
        | Entry::Paused { .. }
        | Entry::Resumed { .. }
        | Entry::Refused { .. }
        | Entry::Breached { .. }
        | Entry::EpochSeen { .. }
        | Entry::WatchedAgain
        | Entry::ClockJumped { .. } => false,
    }
}

fn ended(intent: Option<(String, u64)>, outcome: &Outcome, at: u64) -> String {
    let (step, took) = match intent {
        Some((step, since)) => (step, format!(" after {}", Said(Time(at).since(Time(since))))),
        None => ("an earlier step".to_owned(), String::new()),
    };
    match outcome {
        Outcome::AlreadySo => format!("{step}: was so already"),
        Outcome::Done => format!("{step}: done{took}"),
        Outcome::Unconfirmed { text } => format!("{step}: unconfirmed{took}: {text}"),
        Outcome::Refused { text, .. } => format!("{step}: refused{took}: {text}"),
        Outcome::Failed { text } => format!("{step}: failed{took}: {text}"),
    }
}

impl Told {
    fn sentence(&mut self, row: &HistoryRow) -> String {
        let Some(entry) = &row.entry else { return unknown(&row.stored) };
        match entry {
            Entry::SiteSeen { site } => format!("the file names {site}"),
            Entry::PlanTaken { text } => format!("a new text of the plan is in force ({} lines)", text.lines().count()),
            Entry::Requested { site, by, why } => format!("{by} asks for {site}: {why}"),
            Entry::Adopted { site, by, why } => format!("{site} accepted as active by {by}: {why}"),
            Entry::Opened(opening) => {
                let (epoch, from, to) = (opening.epoch, &opening.from, &opening.to);
                let (vms, by, why) = (opening.vms.len(), &opening.by, &opening.why);
                format!("failover {epoch} opens from {from} to {to}, {vms} VMs follow; by {by}: {why}")
            }
            Entry::Held { from, to, reason } => format!("flip from {from} to {to} held: {reason}"),
            Entry::HoldDropped => "nothing is held any more".to_owned(),
            Entry::Proven { epoch, evidence } => format!("failover {epoch}: proven down: {evidence}"),
            Entry::Intent { id, step, correlation_id, .. } => {
                self.steps.insert(*id, (step.to_string(), row.at));
                format!("{step}: begins (correlation id {correlation_id})")
            }
            Entry::Outcome { id, outcome } => ended(self.steps.remove(id), outcome, row.at),
            Entry::Owed { what, name, .. } => {
                let said = owed(what, name);
                self.debts.insert(what.clone(), said.clone());
                format!("owed from now on: {said}")
            }
            Entry::GivenBack { what } => {
                format!("given back: {}", self.debts.remove(what).unwrap_or_else(|| owed_by_id(what)))
            }
            Entry::Reached { epoch, goals } => {
                let many = if goals.len() == 1 { "1 goal".to_owned() } else { format!("{} goals", goals.len()) };
                format!("failover {epoch}: {many} reached")
            }
            Entry::Confirmed { confirmation, by, reason } => {
                format!("{by} confirms {}: {reason}", confirmed(confirmation))
            }
            Entry::Cancelled { epoch, by, why } => format!("failover {epoch} turned back by {by}: {why}"),
            Entry::Closed { epoch, exceptions } if exceptions.is_empty() => format!("failover {epoch} closed"),
            Entry::Closed { epoch, exceptions } => {
                format!("failover {epoch} closed with exceptions: {}", exceptions.join("; "))
            }
            Entry::Paused { by, reason } => format!("paused by {by}: {reason}"),
            Entry::Resumed { by } => format!("resumed by {by}"),
            Entry::Ran { running, stopped } => {
                format!("seen: {} VMs running elsewhere than before, {} stopped", running.len(), stopped.len())
            }
            Entry::ProbeAnswered { probe } => format!("seen: {probe} answers, so that its silence counts"),
            Entry::Engine { instance_id, event_id } => format!("seen: engine {instance_id} at event {event_id}"),
            Entry::Refused { text } => format!("refused: {text}"),
            Entry::Breached { invariant, text } => {
                format!("invariant {invariant} would have been broken, nothing was sent: {text}")
            }
            Entry::EpochSeen { epoch } => {
                format!("the engine's tags tell of failover {epoch}, which this journal does not know")
            }
            Entry::WatchedAgain => "the daemon goes on: what is waited for gets its whole time anew".to_owned(),
            Entry::ClockJumped { by_ms } => {
                format!("the clock jumped by {by_ms} ms: evidence and confirmations of before are void")
            }
        }
    }
}

/// What this program cannot tell in words: a newer daemon wrote it, or a hand changed it.
fn unknown(stored: &Value) -> String {
    let kind = stored["entry"].as_str().unwrap_or("without a kind");
    format!("unknown to this version ({kind}): {stored}")
}

fn owed(what: &OwedKey, name: &str) -> String {
    match what {
        OwedKey::Fencing(_) => format!("fencing of cluster {name}"),
        OwedKey::PowerManagement(_) => format!("power management of {name}"),
    }
}

fn owed_by_id(what: &OwedKey) -> String {
    match what {
        OwedKey::Fencing(id) => format!("fencing of the cluster {id}"),
        OwedKey::PowerManagement(id) => format!("power management of the host {id}"),
    }
}

fn confirmed(confirmation: &Confirmation) -> String {
    match confirmation {
        Confirmation::Flip => "that the held flip is meant".to_owned(),
        Confirmation::SiteDown => "that the lost site is down".to_owned(),
        Confirmation::Promoted => "that the replica is writable".to_owned(),
        Confirmation::IgnoreProbe { host, probe } => format!("that what answers on {probe} is not {host}"),
        Confirmation::Connection { name } => format!("that connection {name} may be written"),
        Confirmation::Engine { instance_id, .. } => format!("that {instance_id} is the one engine alive"),
    }
}

#[cfg(test)]
mod tests;
