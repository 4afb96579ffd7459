//! Lines about memory. They become journal entries, so that every test also goes through the fold.

use std::collections::BTreeSet;

use crate::{
    Confirmation, Details, Entry, FrozenVm, Goal, Memory, Opening, Outcome, OwedKey, RanVm, RefusedClass, Step, Time,
};

use super::words::Words;
use super::{Draft, ago};

const EPOCH: u64 = 7;

impl Draft {
    pub(super) fn memory(&mut self, answered: BTreeSet<String>) -> Memory {
        let mut entries: Vec<(Time, Entry)> = Vec::new();
        let long_ago = ago(100_000);
        for probe in answered {
            entries.push((long_ago, Entry::ProbeAnswered { probe }));
        }
        entries.push((long_ago, Entry::Engine { instance_id: "one".to_owned(), event_id: 1000 }));
        entries.push((long_ago, Entry::SiteSeen { site: self.from.clone() }));
        entries.push((long_ago, adopted(&self.from)));
        let opened = self.memories.iter().find_map(|line| line.strip_prefix("opened "));
        let opened = ago(opened.map_or(120, |word| word.parse().expect("seconds")));
        for line in self.memories.iter().filter_map(|line| line.strip_prefix("left ")) {
            entries.extend(self.left(opened, line));
        }
        if self.transition {
            entries.push((opened, Entry::Opened(Box::new(self.opening()))));
            entries.push((opened, Entry::SiteSeen { site: self.to.clone() }));
        }
        let mut id = 0;
        for line in &self.memories {
            entries.extend(self.remember(line, &mut id));
        }
        entries.sort_by_key(|(at, _)| *at);
        Memory::fold(entries.iter().map(|(at, entry)| (*at, entry)))
    }

    fn opening(&self) -> Opening {
        let listed = self.vms.iter().filter(|vm| !self.unlisted.contains(&vm.name));
        let frozen =
            |vm: &crate::Vm| FrozenVm { id: vm.id.clone(), name: vm.name.clone(), ha: vm.ha, priority: vm.priority };
        let mut vms: Vec<FrozenVm> = listed.map(frozen).collect();
        for line in self.memories.iter().filter_map(|line| line.strip_prefix("deleted vm ")) {
            vms.push(FrozenVm { id: line.into(), name: line.to_owned(), ha: false, priority: 1 });
        }
        Opening {
            epoch: EPOCH,
            from: self.from.clone(),
            to: self.to.clone(),
            by: "operator".to_owned(),
            why: "test".to_owned(),
            plan: String::new(),
            hosts: self.frozen_hosts.iter().map(|(name, id)| (name.clone(), id.as_str().into())).collect(),
            rows: self.frozen.iter().map(|(key, id)| (key.clone(), id.as_str().into())).collect(),
            vms,
        }
    }

    /// `left c`, `left c vouched`: an unfinished transition from c, which this one replaced.
    fn left(&self, opened: Time, line: &str) -> Vec<(Time, Entry)> {
        let (site, vouched) = line.split_once(' ').map_or((line, false), |(site, how)| (site, how == "vouched"));
        let (from, to) = (site.to_owned(), self.from.clone());
        let opening = Opening { epoch: EPOCH - 1, from, to, vms: Vec::new(), ..self.opening() };
        let said = Entry::Confirmed {
            confirmation: Confirmation::SiteDown,
            by: "operator".to_owned(),
            reason: "test".to_owned(),
        };
        let entries = [Entry::Opened(Box::new(opening))].into_iter().chain(vouched.then_some(said));
        entries.map(|entry| (opened, entry)).collect()
    }

    /// One line; a trailing number is how many seconds ago it was, 60 if unsaid.
    fn remember(&self, line: &str, id: &mut u64) -> Vec<(Time, Entry)> {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut words = Words::new(rest);
        let by = || "operator".to_owned();
        let said = |confirmation| Entry::Confirmed { confirmation, by: by(), reason: "test".to_owned() };
        let entry = match first {
            "opened" | "deleted" | "left" => return Vec::new(),
            "proven" => Entry::Proven { epoch: EPOCH, evidence: "silence".to_owned() },
            "promoted" => said(Confirmation::Promoted),
            "vouched" => said(Confirmation::SiteDown),
            "ignore" => said(Confirmation::IgnoreProbe { host: words.next(), probe: words.next() }),
            "allowed" => return vec![(ago(60), said(Confirmation::Connection { name: rest.to_owned() }))],
            "flip-confirmed" => said(Confirmation::Flip),
            "engine-confirmed" => said(Confirmation::Engine { instance_id: words.next(), event_id: words.number() }),
            "cancelled" => Entry::Cancelled { epoch: EPOCH, by: by(), why: "test".to_owned() },
            "paused" => Entry::Paused { by: by(), reason: "test".to_owned() },
            "watched-again" => Entry::WatchedAgain,
            "clock-jumped" => Entry::ClockJumped { by_ms: 3_600_000 },
            "owed" => self.owed(&mut words),
            "reached" => Entry::Reached { epoch: EPOCH, goals: vec![goal(&mut words)] },
            "ran" => {
                let (name, host) = (words.next(), words.next());
                let (id, host) = (name.as_str().into(), host.as_str().into());
                Entry::Ran { running: vec![RanVm { id, name, host }], stopped: Vec::new() }
            }
            "seen" => Entry::SiteSeen { site: words.next() },
            "held" => {
                let (from, to) = (words.next(), words.next());
                Entry::Held { from, to, reason: "test".to_owned() }
            }
            "flipped" => {
                // A transition of long ago that is over.
                let at = ago(words.number());
                let opening = Opening { to: self.from.clone(), from: self.to.clone(), ..self.opening() };
                let closed = Entry::Closed { epoch: EPOCH, exceptions: Vec::new() };
                return vec![(at, Entry::Opened(Box::new(opening))), (at, closed)];
            }
            "unadopted" => return Vec::new(),
            "done" | "tried" | "flying" => return self.step_line(first, &mut words, id),
            word => panic!("a world has no {word}"),
        };
        vec![(ago(words.number_or(60)), entry)]
    }

    fn owed(&self, words: &mut Words) -> Entry {
        let what = words.next();
        let name = words.next();
        let (what, original) = match what.as_str() {
            "fencing" => (OwedKey::Fencing(name.as_str().into()), "{\"enabled\":\"true\"}"),
            "pm" => (OwedKey::PowerManagement(name.as_str().into()), "true"),
            word => panic!("nothing of {word} is owed"),
        };
        Entry::Owed { what, name, original: original.to_owned(), port: 54321, anew: false }
    }

    /// `done confirm a1 5`, `tried activate b1 locked 3 1` (three times, the last one a second ago), `flying confirm a1 4`.
    fn step_line(&self, first: &str, words: &mut Words, id: &mut u64) -> Vec<(Time, Entry)> {
        let step = step(words);
        let how = if first == "tried" { words.next() } else { String::new() };
        let times = if first == "tried" { words.number_or(1) } else { 1 };
        let at = ago(words.number_or(30));
        let mut entries = Vec::new();
        for _ in 0..times {
            *id += 1;
            let correlation_id = format!("ovirt-dr-{EPOCH}-{id}");
            entries.push((at, Entry::Intent { id: *id, epoch: EPOCH, step: step.clone(), correlation_id }));
            if first != "flying" {
                entries.push((at, Entry::Outcome { id: *id, outcome: outcome(&how) }));
            }
        }
        entries
    }
}

fn adopted(site: &str) -> Entry {
    Entry::Adopted { site: site.to_owned(), by: "operator".to_owned(), why: "test".to_owned() }
}

fn goal(words: &mut Words) -> Goal {
    let (goal, object) = (words.next(), words.next());
    match goal.as_str() {
        "repointed" => Goal::Repointed(object),
        "up" => Goal::HostUp(object),
        "confirmed" => Goal::Confirmed(object),
        "parked" => Goal::Parked(object),
        "dc" => Goal::DataCenterUp(object),
        "vm" => Goal::VmUp(object),
        word => panic!("{word} is no goal"),
    }
}

fn step(words: &mut Words) -> Step {
    let (kind, object) = (words.next(), words.next());
    let name = object.clone();
    let nowhere = Details::File { address: String::new(), path: String::new() };
    match kind.as_str() {
        "confirm" => {
            let (host, address) = (object.as_str().into(), object);
            Step::ConfirmRebooted { host, name, address, ports: Vec::new() }
        }
        "activate" => Step::Activate { host: object.as_str().into(), name },
        "park" => Step::Park { host: object.as_str().into(), name },
        "start" => Step::StartVm { vm: object.as_str().into(), name },
        "promote" => Step::Promote { site: object },
        "repoint" => Step::Repoint { connection: object.as_str().into(), name, from: nowhere.clone(), to: nowhere },
        "suspend" => Step::SuspendFencing { cluster: object.as_str().into(), name, original: String::new() },
        "restore" => Step::RestoreFencing { cluster: object.as_str().into(), name, original: String::new() },
        word => panic!("{word} is no step"),
    }
}

fn outcome(how: &str) -> Outcome {
    let refused = |class, text: &str| Outcome::Refused { class, text: text.to_owned() };
    match how {
        "" => Outcome::Done,
        "locked" => refused(RefusedClass::Locked, "another power management action is in progress"),
        "state" => refused(RefusedClass::WrongState, "wrong status"),
        "lun" => refused(RefusedClass::DirectLunInUse, "a virtual machine runs from it"),
        "denied" => refused(RefusedClass::NoPermission, "user is not authorized"),
        "refused" => refused(RefusedClass::Other, "no"),
        "failed" => Outcome::Failed { text: "exit code 1".to_owned() },
        "lost" => Outcome::Unconfirmed { text: "the answer was lost".to_owned() },
        word => panic!("no step ends {word}"),
    }
}
