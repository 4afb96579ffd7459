//! A world in a few lines of text: plan, engine, probes and memory, everything unsaid being as usual.
//!
//! As usual means: two sites `a` (lost) and `b`, one data center `dc1` that is `problematic`, one cluster `main` with fencing on, an open
//! transition from a to b, witnesses that answer, hosts of a that have been silent for 300 s, everybody else answering. Ids are names.

mod any;
mod engine;
mod memory;
mod plan;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dr_plan::{Plan, Probe};

use crate::invariants::Breach;
use crate::{
    Answer, Cluster, ClusterId, Connection, DataCenter, DataCenterId, DataCenterStatus, Decision, Domain,
    EngineIdentity, Entry, Host, Memory, Observed, OwedTag, ProbeState, Read, Step, Time, Vm,
};

pub(crate) use any::{any_sound_world, any_world, ours};
pub(crate) use plan::details;
use words::Words;

/// Now, in all worlds.
pub(crate) const NOW: Time = Time(1_000_000_000);

/// So many seconds before now.
pub(crate) fn ago(seconds: u64) -> Time {
    Time(NOW.0 - 1000 * seconds)
}

/// What `decide` is given.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) observed: Observed,
    pub(crate) memory: Memory,
}

/// A world being read.
struct Draft {
    plan: Plan,
    hosts: Vec<Host>,
    clusters: Vec<Cluster>,
    data_centers: Vec<DataCenter>,
    domains: Vec<Domain>,
    connections: Vec<Connection>,
    vms: Vec<Vm>,
    tags: Vec<OwedTag>,
    engine: EngineIdentity,
    left_out: BTreeMap<String, Time>,
    /// Probes that do not do what is usual; none: not probed at all.
    probes: BTreeMap<Probe, Option<ProbeState>>,
    never_answered: Vec<Probe>,
    unreadable: Vec<String>,
    from: String,
    to: String,
    transition: bool,
    /// When the pass began to read.
    at: Time,
    /// Rows by the engine's id, frozen when the transition opened.
    frozen: BTreeMap<String, String>,
    /// Hosts by the engine's id, likewise.
    frozen_hosts: BTreeMap<String, String>,
    /// Virtual machines that the transition does not start.
    unlisted: Vec<String>,
    /// Lines about memory, read once the world stands.
    memories: Vec<String>,
}

impl World {
    /// Reads a world; panics on a word that it does not know.
    pub(crate) fn read(text: &str) -> World {
        let mut draft = Draft::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            draft.line(line);
        }
        draft.finish()
    }

    /// Journals what was decided as the loop does: what was concluded, then debts and intents.
    pub(crate) fn journal(&mut self, decision: &Decision) {
        let epoch = self.memory.epoch;
        let proven = decision.proven.iter().map(|evidence| Entry::Proven { epoch, evidence: evidence.clone() });
        let mut entries: Vec<Entry> = proven.collect();
        entries.push(Entry::Reached { epoch, goals: decision.reached.clone() });
        for (id, step) in (self.memory.last_intent + 1..).zip(&decision.steps) {
            entries.extend(step.debt());
            entries.push(Entry::Intent {
                id,
                epoch,
                step: step.clone(),
                correlation_id: format!("ovirt-dr-{epoch}-{id}"),
            });
        }
        for entry in &entries {
            self.memory.apply(NOW, entry);
        }
    }

    /// The second judgement of a step.
    pub(crate) fn judged(&self, step: &Step) -> Result<(), Breach> {
        crate::invariants::before(step, &self.plan, &self.observed, &self.memory, NOW)
    }

    /// What is decided now.
    pub(crate) fn decide(&self) -> crate::Decision {
        crate::decide(&self.plan, &self.observed, &self.memory, NOW)
    }
}

impl Draft {
    fn new() -> Draft {
        Draft {
            plan: plan::usual(),
            hosts: Vec::new(),
            clusters: Vec::new(),
            data_centers: Vec::new(),
            domains: Vec::new(),
            connections: Vec::new(),
            vms: Vec::new(),
            tags: Vec::new(),
            engine: EngineIdentity { instance_id: "one".to_owned(), event_id: Some(5000) },
            left_out: BTreeMap::new(),
            probes: BTreeMap::new(),
            never_answered: Vec::new(),
            unreadable: Vec::new(),
            from: "a".to_owned(),
            to: "b".to_owned(),
            transition: true,
            at: NOW,
            frozen: BTreeMap::new(),
            frozen_hosts: BTreeMap::new(),
            unlisted: Vec::new(),
            memories: Vec::new(),
        }
    }

    fn line(&mut self, line: &str) {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut words = Words::new(rest);
        match first {
            "plan" => self.plan_line(words),
            "site" => self.site_line(rest),
            "host" => drop(self.host(rest)),
            "dc" => self.dc_line(words),
            "cluster" => self.cluster_line(words),
            "nfs" | "posixfs" | "iscsi" | "fcp" => self.storage_line(first, words),
            "domain" | "iso" => self.domain_line(first, words),
            "vm" => self.vm_line(words),
            "probe" => self.probe_line(words),
            "tag" => self.tags.push(OwedTag::new(words.next(), String::new())),
            "unreadable" => self.unreadable.push(rest.to_owned()),
            "engine" => match words.next().as_str() {
                "other" => self.engine.instance_id = "two".to_owned(),
                "back" => self.engine.event_id = Some(10),
                word => panic!("an engine is not {word}"),
            },
            "from" => {
                self.from = words.next();
                assert_eq!(words.next(), "to", "{line}");
                self.to = words.next();
            }
            "read" => self.at = ago(words.number()),
            "calm" => self.transition = false,
            "known" => {
                let name = words.next();
                self.frozen_hosts.insert(name.clone(), name);
            }
            _ => self.memories.push(line.to_owned()),
        }
    }

    fn finish(mut self) -> World {
        if self.data_centers.is_empty() {
            self.data_center("dc1");
        }
        self.plan.active_site = dr_plan::SiteName(self.to.clone());
        let (probes, answered) = self.probe_states();
        let memory = self.memory(answered);
        let unreadable = self.unreadable.clone();
        let bad = |what: &str| unreadable.iter().any(|word| word == what);
        World {
            observed: Observed {
                at: self.at,
                engine: read(self.engine, bad("identity")),
                hosts: read(self.hosts, bad("hosts")),
                clusters: read(self.clusters, bad("clusters")),
                data_centers: read(self.data_centers, bad("data centers")),
                domains: read(self.domains, bad("domains")),
                connections: read(self.connections, bad("connections")),
                vms: read(Arc::new(self.vms), bad("vms")),
                owed_tags: read(self.tags, bad("tags")),
                left_out: self.left_out,
                probes,
            },
            plan: self.plan,
            memory,
        }
    }

    /// The data center of this name; made if it is new.
    fn data_center(&mut self, name: &str) -> DataCenterId {
        if !self.data_centers.iter().any(|dc| dc.name == name) {
            self.data_centers.push(DataCenter {
                id: name.into(),
                name: name.to_owned(),
                status: DataCenterStatus::Problematic,
                since: ago(20),
            });
        }
        name.into()
    }

    /// The cluster of this name; made in this data center if it is new.
    fn cluster(&mut self, name: &str, data_center: &str) -> ClusterId {
        if !self.clusters.iter().any(|cluster| cluster.name == name) {
            let data_center = (data_center != "none").then(|| self.data_center(data_center));
            self.clusters.push(Cluster {
                id: name.into(),
                name: name.to_owned(),
                data_center,
                fencing_policy: "{\"enabled\":\"true\"}".to_owned(),
                fencing: true,
            });
        }
        name.into()
    }
}

fn read<T>(value: T, unreadable: bool) -> Read<T> {
    if unreadable { Read::Unreadable("500 Internal Server Error".to_owned()) } else { Read::Seen(value) }
}

/// A probe that has met silence for so many seconds.
pub(crate) fn silent(seconds: u64, rounds: u32) -> ProbeState {
    ProbeState { last: Answer::Silent, at: ago(2), silent_since: Some(ago(seconds)), silent_rounds: rounds }
}

/// A probe whose newest round says this.
pub(crate) fn says(last: Answer) -> ProbeState {
    ProbeState { last, at: ago(2), silent_since: None, silent_rounds: 0 }
}

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}
