//! Lines about the engine and the probes: `host`, `dc`, `cluster`, `domain`, `vm`, `probe`.

use std::collections::{BTreeMap, BTreeSet};

use dr_plan::Probe;

use crate::{Answer, DataCenterStatus, Details, Domain, Host, HostStatus, ProbeState, Spm, Vm, VmStatus};

use super::plan::probe;
use super::words::Words;
use super::{Draft, ago, says, silent};

impl Draft {
    /// `a1 non_responsive spm pm vms=2 for=90 dc=dc1 cluster=main port=54322 (reason)`; `never_spm`: it never may be; `id=a1 address=a1`: renamed since `known a1`; `a1 gone` is a host that the engine does not know, `a1 gone for=30` one
    /// that its list has left out for 30 s.
    pub(super) fn host(&mut self, text: &str) -> String {
        let mut words = Words::new(text);
        let name = words.next();
        let status = words.next();
        if status == "gone" {
            self.left_out.insert(name.clone(), ago(words.num("for", 1000)));
            return name;
        }
        let flags = words.rest();
        let has = |flag: &str| flags.iter().any(|word| word == flag);
        let data_center = words.or("dc", "dc1");
        let usual_cluster = if data_center == "dc1" { "main".to_owned() } else { format!("main-{data_center}") };
        let cluster = if words.get("cluster") == Some("unlisted") {
            "unlisted".into()
        } else {
            self.cluster(&words.or("cluster", &usual_cluster), &data_center)
        };
        let spm = if has("spm") {
            Spm::Spm
        } else if has("contending") {
            Spm::Contending
        } else {
            Spm::None
        };
        let detail = flags.iter().find_map(|word| word.strip_prefix('(')?.strip_suffix(')'));
        self.hosts.push(Host {
            id: words.or("id", &name).as_str().into(),
            name: name.clone(),
            address: words.or("address", &name),
            port: u16::try_from(words.num("port", 54321)).expect("a port"),
            cluster,
            status: HostStatus::from_word(&status),
            since: ago(words.num("for", 100)),
            detail: detail.map(str::to_owned),
            spm,
            may_be_spm: (!has("never_spm")).then(|| ago(words.num("spm_for", 1000))),
            power_management: has("pm"),
            vms: u32::try_from(words.num("vms", 0)).expect("few"),
        });
        name
    }

    /// `dc dc1 up for=30`
    pub(super) fn dc_line(&mut self, mut words: Words) {
        let name = words.next();
        let status = DataCenterStatus::from_word(&words.next());
        let since = ago(words.num("for", 20));
        self.data_center(&name);
        for dc in self.data_centers.iter_mut().filter(|dc| dc.name == name) {
            dc.status = status.clone();
            dc.since = since;
        }
    }

    /// `cluster main dc=dc1 fencing=off`; `dc=none`: in no data center.
    pub(super) fn cluster_line(&mut self, mut words: Words) {
        let name = words.next();
        self.cluster(&name, &words.or("dc", "dc1"));
        let fencing = words.or("fencing", "on") == "on";
        self.clusters.iter_mut().filter(|cluster| cluster.name == name).for_each(|cluster| cluster.fencing = fencing);
    }

    /// `domain extra active dc=dc1`, `iso images active`: domains beside the plan.
    pub(super) fn domain_line(&mut self, kind: &str, mut words: Words) {
        let name = words.next();
        let status = words.next();
        let data_center = self.data_center(&words.or("dc", "dc1"));
        let behind = vec![Details::File { address: "nas-extra".to_owned(), path: format!("/{name}") }];
        let (id, data) = (name.as_str().into(), kind == "domain");
        self.domains.push(Domain { id, name, data_center, data, storage_type: "nfs".to_owned(), status, behind });
    }

    /// `vm web1 unknown on=a1 ha prio=50 cluster=main`; `unlisted`: it is not one that the transition starts.
    pub(super) fn vm_line(&mut self, mut words: Words) {
        let name = words.next();
        let status = VmStatus::from_word(Some(&words.next()));
        let flags = words.rest();
        let has = |flag: &str| flags.iter().any(|word| word == flag);
        if has("unlisted") {
            self.unlisted.push(name.clone());
        }
        self.vms.push(Vm {
            id: name.as_str().into(),
            name,
            status,
            host: words.get("on").map(Into::into),
            cluster: words.or("cluster", "main").as_str().into(),
            ha: has("ha"),
            priority: i32::try_from(words.num("prio", 1)).expect("small"),
        });
    }

    /// `probe a1 silent 30 rounds=2`, `probe a1:22 answers`, `probe witness:53 silent 10`; a host's name alone is both of its ports.
    ///
    /// `absent`: not probed; `stale`: silent, but last probed a minute ago; `never`: silent, and never seen answering.
    pub(super) fn probe_line(&mut self, mut words: Words) {
        let whose = words.next();
        let probes = if whose.contains(':') {
            vec![probe(&whose)]
        } else {
            vec![probe(&format!("{whose}:54321")), probe(&format!("{whose}:22"))]
        };
        let rounds = u32::try_from(words.num("rounds", 10)).expect("few");
        let word = words.next();
        let state = match word.as_str() {
            "silent" => Some(silent(words.number_or(300), rounds)),
            "never" => {
                self.never_answered.extend(probes.iter().cloned());
                Some(silent(300, rounds))
            }
            "stale" => Some(ProbeState { at: ago(60), ..silent(300, rounds) }),
            "answers" => Some(says(Answer::Accepted)),
            "refused" => Some(says(Answer::Refused)),
            "unreadable" => Some(says(Answer::Unreadable("no route to host".to_owned()))),
            "absent" => None,
            word => panic!("a probe is not {word}"),
        };
        for probe in probes {
            self.probes.insert(probe, state.clone());
        }
    }

    /// Every probe's state, and those that were once seen answering.
    pub(super) fn probe_states(&self) -> (BTreeMap<Probe, ProbeState>, BTreeSet<String>) {
        let mut states = BTreeMap::new();
        let mut answered = BTreeSet::new();
        let mut add = |probe: Probe, usual: ProbeState| {
            if !self.never_answered.contains(&probe) {
                answered.insert(probe.to_string());
            }
            let state = self.probes.get(&probe).cloned().unwrap_or(Some(usual));
            if let Some(state) = state {
                states.insert(probe, state);
            }
        };
        for witness in &self.plan.witnesses {
            add(witness.clone(), says(Answer::Accepted));
        }
        for (name, site) in &self.plan.sites {
            let lost = name.0 == self.from && self.transition;
            let usual = if lost { silent(300, 10) } else { says(Answer::Accepted) };
            for host in self.hosts.iter().filter(|host| site.hosts.contains(&host.name)) {
                for port in &site.evidence.host_ports {
                    add(Probe { address: host.address.clone(), port: *port }, usual.clone());
                }
            }
            for also in &site.evidence.also {
                add(also.clone(), usual.clone());
            }
        }
        // Of hosts that the plan calls something else.
        for (probe, state) in &self.probes {
            if let Some(state) = state.clone().filter(|_| !states.contains_key(probe)) {
                answered.insert(probe.to_string());
                states.insert(probe.clone(), state);
            }
        }
        (states, answered)
    }
}
