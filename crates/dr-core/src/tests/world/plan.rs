//! Lines about the plan: `plan`, `site`, and the storage entries with the engine's rows behind them.

use std::collections::BTreeMap;

use dr_plan::{
    Engine, Evidence, FileTarget, FileType, IscsiTarget, Limits, Mode, Placement, Plan, Policy, Portal, Probe, Promote,
    Require, Secret, Site, SiteName, StorageEntry, StorageKind, Vms,
};

use crate::{Connection, Details, Domain};

use super::words::Words;
use super::{Draft, minutes};

/// A plan that promotes nothing, with one witness.
pub(super) fn usual() -> Plan {
    Plan {
        name: "erp".to_owned(),
        active_site: SiteName("b".to_owned()),
        preferred_site: None,
        engine: Engine {
            url: "https://engine.example.com/ovirt-engine/api".to_owned(),
            username: "dr@internal".to_owned(),
            password: Secret::Env("PASSWORD".to_owned()),
            ca_file: None,
        },
        sites: BTreeMap::new(),
        witnesses: vec![probe("witness:53")],
        storage: Vec::new(),
        vms: Vms { was_running: true, parallel: 10, timeout: minutes(15) },
        policy: Policy {
            suspend_fencing: true,
            flap_guard: minutes(60),
            mode: Mode::Act,
            interval: std::time::Duration::from_secs(10),
            parallel: 32,
            limits: Limits { hosts: None, connections: None, vms: None },
        },
    }
}

/// `address:port`.
pub(super) fn probe(word: &str) -> Probe {
    let (address, port) = word.split_once(':').expect("address:port");
    Probe { address: address.to_owned(), port: port.parse().expect("a port") }
}

impl Draft {
    /// `plan promote=hook require=attestation mode=observe fencing=keep parallel=2 also=gw:443 limit-vms=3`
    pub(super) fn plan_line(&mut self, words: Words) {
        if let Some(word) = words.get("promote") {
            let promote = match word {
                "nothing" => Promote::Nothing,
                "confirm" => Promote::Confirm,
                "hook" => Promote::Hook { path: "hooks/promote".into(), timeout: minutes(10) },
                word => panic!("nothing is promoted by {word}"),
            };
            self.plan.sites.values_mut().for_each(|site| site.promote = promote.clone());
        }
        if words.get("require") == Some("attestation") {
            self.plan.sites.values_mut().for_each(|site| site.evidence.require = Require::Attestation);
        }
        if let Some(also) = words.get("also") {
            let also: Vec<Probe> = also.split(',').map(probe).collect();
            self.site("a").evidence.also = also;
        }
        if words.get("mode") == Some("observe") {
            self.plan.policy.mode = Mode::Observe;
        }
        if words.get("fencing") == Some("keep") {
            self.plan.policy.suspend_fencing = false;
        }
        if words.get("vms") == Some("none") {
            self.plan.vms.was_running = false;
        }
        self.plan.vms.parallel = u32::try_from(words.num("parallel", 10)).expect("few");
        let limit = |key: &str| words.get(key).map(|word| word.parse().expect("a limit"));
        self.plan.policy.limits =
            Limits { hosts: limit("limit-hosts"), connections: limit("limit-connections"), vms: limit("limit-vms") };
    }

    /// `site a dc=dc1: a1 non_responsive spm pm vms=2, a2 gone`; a second line about a site replaces the first.
    pub(super) fn site_line(&mut self, text: &str) {
        let (head, hosts) = text.split_once(':').expect("site NAME: hosts");
        let (name, common) = head.split_once(' ').unwrap_or((head, ""));
        let before = std::mem::take(&mut self.site(name).hosts);
        self.hosts.retain(|host| !before.contains(&host.name));
        let mut names = Vec::new();
        for host in hosts.split(',').map(str::trim).filter(|host| !host.is_empty()) {
            names.push(self.host(&format!("{host} {common}")));
        }
        self.site(name).hosts = names;
    }

    /// The plan's site of this name; made if it is new.
    pub(super) fn site(&mut self, name: &str) -> &mut Site {
        self.plan.sites.entry(SiteName(name.to_owned())).or_insert_with(|| Site {
            hosts: Vec::new(),
            evidence: Evidence { host_ports: vec![54321, 22], also: Vec::new(), require: Require::Silence },
            promote: Promote::Nothing,
        })
    }

    /// `nfs data1 at=a domain=unknown dc=dc1`, `iscsi san1 portals=2 at=b,a`, `nfs scratch same`, `fcp vault`.
    ///
    /// `at=elsewhere`: a row that is none of the plan's values; `at=nowhere`: no row. `only=a`: no value at the other sites. `domain=none`: a row
    /// behind no domain. `unfrozen`: the transition does not know its id. `id=x`: pinned in the plan.
    pub(super) fn storage_line(&mut self, kind: &str, mut words: Words) {
        let name = words.next();
        let flags = words.rest();
        let has = |flag: &str| flags.iter().any(|word| word == flag);
        let portals = usize::try_from(words.num("portals", 1)).expect("few");
        let sites: Vec<SiteName> = match words.get("only") {
            Some(only) => vec![SiteName(only.to_owned())],
            None => self.plan.sites.keys().cloned().collect(),
        };
        let entry_kind = match kind {
            "nfs" | "posixfs" => {
                let storage_type = if kind == "nfs" { FileType::Nfs } else { FileType::Posixfs };
                StorageKind::File { storage_type, at: placement(&sites, has("same"), |site| file_target(&name, site)) }
            }
            "iscsi" => {
                StorageKind::Iscsi { at: placement(&sites, has("same"), |site| iscsi_target(&name, site, portals)) }
            }
            _ => StorageKind::Fcp { domain: name.clone() },
        };
        let id = words.get("id").map(str::to_owned);
        self.plan.storage.push(StorageEntry { name: name.clone(), kind: entry_kind, id });
        let from = self.from.clone();
        let ats = words.or("at", if has("same") { "same" } else { &from });
        let mut ats = ats.split(',').collect::<Vec<_>>();
        ats.resize(portals, ats[ats.len() - 1]);
        let mut behind = Vec::new();
        for (portal, at) in ats.iter().enumerate().filter(|_| kind != "fcp") {
            let details = details(kind, &name, at, portal);
            if *at == "nowhere" {
                continue;
            }
            let id = format!("{name}/{portal}");
            let storage_type = words.or("type", kind);
            self.connections.push(Connection { id: id.as_str().into(), storage_type, details: details.clone() });
            if !has("unfrozen") {
                self.frozen.insert(id.clone(), id);
            }
            behind.push(details);
        }
        let status = words.or("domain", "unknown");
        if status != "none" {
            let data_center = self.data_center(&words.or("dc", "dc1"));
            let (id, storage_type) = (name.as_str().into(), kind.to_owned());
            self.domains.push(Domain { id, name, data_center, data: true, storage_type, status, behind });
        }
    }
}

fn placement<T>(sites: &[SiteName], same: bool, value: impl Fn(&str) -> T) -> Placement<T> {
    if same {
        Placement::Same(value("same"))
    } else {
        Placement::PerSite(sites.iter().map(|site| (site.clone(), value(&site.0))).collect())
    }
}

fn file_target(name: &str, site: &str) -> FileTarget {
    FileTarget { address: format!("nas-{site}"), path: format!("/{name}") }
}

fn iscsi_target(name: &str, site: &str, portals: usize) -> IscsiTarget {
    let portal = |i: usize| Portal { address: format!("{site}-portal-{}", i + 1), port: 3260 };
    IscsiTarget { target: format!("iqn.{site}:{name}"), portals: (0..portals).map(portal).collect() }
}

/// Where a row points when it is at this site.
pub(crate) fn details(kind: &str, name: &str, site: &str, portal: usize) -> Details {
    if kind == "iscsi" {
        let target = iscsi_target(name, site, portal + 1);
        let portal = &target.portals[portal];
        Details::Iscsi { address: portal.address.clone(), port: portal.port, target: target.target }
    } else {
        let target = file_target(name, site);
        Details::File { address: target.address, path: target.path }
    }
}
