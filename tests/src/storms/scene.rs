//! What a storm falls upon: a world and its plan, both from the seed.

use std::collections::BTreeMap;

use engine_sim::world::{
    ClusterSpec, DataCenterSpec, DomainSpec, FencingPolicy, HostSpec, Options, SiteSpec, StorageType, Target, VmSpec,
    WorldSpec,
};

use crate::plan_of;

use super::dice::Dice;
use super::wide;

/// Names of sites, the active one first.
const SITES: [&str; 3] = ["madrid", "seville", "toledo"];

/// A host that no plan names.
pub(super) const UNNAMED: &str = "stranger";

/// A host that somebody adds in the middle of the night, and that no plan names.
pub(super) const NEWCOMER: &str = "newcomer";

/// A world, its plan and what the storm has to know of them.
pub(super) struct Scene {
    pub(super) spec: WorldSpec,
    pub(super) plan: String,
    pub(super) sites: Vec<&'static str>,
    /// A person has to vouch for the loss: storms that cut only the management network need it, for without it nothing tells them from a loss.
    pub(super) attested: bool,
    /// Hosts that no plan names.
    pub(super) unnamed: Vec<String>,
    /// Storage domains that it does not name.
    pub(super) unplanned: Vec<String>,
    /// More happens than in other nights.
    pub(super) wide: bool,
}

impl Scene {
    pub(super) fn of(dice: &mut Dice, seed: u64, attested: bool) -> Scene {
        if wide::is_wide(seed) {
            return wide::scene(dice, seed, attested);
        }
        let sites: Vec<&'static str> = SITES.into_iter().take(if dice.percent(25) { 3 } else { 2 }).collect();
        let hosts = dice.roll(1, 6);
        let two_centers = hosts > 1 && dice.percent(25);
        let mut specs: Vec<SiteSpec> = Vec::new();
        for (number, name) in (1..).zip(&sites) {
            let count = if dice.percent(70) { hosts } else { dice.roll(if two_centers { 2 } else { 1 }, 6) };
            let hosts = (1..=count).map(|n| {
                let mut host = HostSpec::new(format!("{name}-h{n}"), format!("10.{number}.0.{n}"));
                host.power_management = dice.percent(85);
                host.cluster = Some(if two_centers && n == count { "lab-cluster" } else { "dr-cluster" }.to_owned());
                host
            });
            let hosts = hosts.collect();
            let witnesses = vec![format!("10.{number}.0.254")];
            specs.push(SiteSpec { name: (*name).to_owned(), active: number == 1, hosts, witnesses });
        }
        let witnesses = vec!["192.0.2.53".to_owned()];
        specs.push(SiteSpec { name: "elsewhere".to_owned(), active: false, hosts: Vec::new(), witnesses });
        let cluster = |name: &str, center: &str| ClusterSpec {
            name: name.to_owned(),
            data_center: Some(center.to_owned()),
            fencing_policy: FencingPolicy::default(),
        };
        let mut data_centers = vec![DataCenterSpec { name: "dr-dc".to_owned() }];
        let mut clusters = vec![cluster("dr-cluster", "dr-dc")];
        let mut domains = vec![mount("data-master", StorageType::Nfs, &sites).as_master()];
        for (name, storage) in [("data-nfs", StorageType::Nfs), ("images", StorageType::Posixfs)] {
            if dice.percent(50) {
                domains.push(mount(name, storage, &sites));
            }
        }
        if dice.percent(50) {
            domains.push(iscsi("data-iscsi", &sites, dice.roll(1, 2), "array1"));
        }
        if dice.percent(20) {
            let copies = sites.iter().map(|site| ((*site).to_owned(), Vec::new())).collect();
            domains.push(DomainSpec::new("fc-vault", StorageType::Fcp, copies));
        }
        let usable: Vec<String> = domains.iter().map(|domain| domain.name.clone()).collect();
        if two_centers {
            data_centers.push(DataCenterSpec { name: "lab-dc".to_owned() });
            clusters.push(cluster("lab-cluster", "lab-dc"));
            let lab = mount("lab-master", StorageType::Nfs, &sites).as_master();
            domains.push(DomainSpec { data_center: Some("lab-dc".to_owned()), ..lab });
        }
        let vms = vms(dice, &specs[0], &usable);
        let options = Options { dead_lease: 1000 * dice.roll(5, 140), ..Options::default() };
        let mut spec = WorldSpec { seed, options, data_centers, clusters, sites: specs, domains, vms };
        let mut extra = String::new();
        if dice.percent(20) {
            extra.push_str("policy:\n  flap_guard: 2m\n");
        }
        let mut plan = plan_of(&spec, true, &extra);
        if dice.percent(30) {
            plan = plan.replace("    promote:\n      hook: hooks/promote-seville\n", "    promote: confirm\n");
        }
        if attested {
            plan = self::attested(&plan);
        }
        let mut unnamed = Vec::new();
        if dice.percent(15) {
            let at = usize::from(dice.percent(50));
            let mut host = HostSpec::new(UNNAMED, format!("10.{}.0.99", at + 1));
            host.cluster = Some("dr-cluster".to_owned());
            spec.sites[at].hosts.push(host);
            unnamed.push(UNNAMED.to_owned());
        }
        Scene { spec, plan, sites, attested, unnamed, unplanned: Vec::new(), wide: false }
    }
}

/// The plan with a person who has to vouch for the loss of each site.
pub(super) fn attested(plan: &str) -> String {
    let lines = plan.lines().map(|line| match line.trim_start().starts_with("also:") {
        true => format!("{line}\n      require: attestation\n"),
        false => format!("{line}\n"),
    });
    lines.collect()
}

fn vms(dice: &mut Dice, site: &SiteSpec, domains: &[String]) -> Vec<VmSpec> {
    let count = if dice.percent(15) { 0 } else { dice.roll(1, 30) };
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    let made = (1..=count).map(|n| {
        let mut vm = VmSpec::new(format!("vm{n}"));
        let host = &site.hosts[usize::try_from(n).unwrap_or(0) % site.hosts.len()];
        let lab = host.cluster.as_deref() == Some("lab-cluster");
        vm.cluster = host.cluster.clone();
        vm.host = dice.percent(85).then(|| host.name.clone());
        vm.disks = vec![if lab { "lab-master" } else { dice.pick(&names) }.to_owned()];
        vm.ha = dice.percent(40);
        if vm.ha && !lab && dice.percent(30) {
            vm.lease = Some("data-master".to_owned());
        }
        vm
    });
    made.collect()
}

pub(super) fn mount(name: &str, storage: StorageType, sites: &[&str]) -> DomainSpec {
    let copies: BTreeMap<String, Vec<Target>> = (1..)
        .zip(sites)
        .map(|(number, site)| {
            let address = format!("10.{number}.0.250");
            let target = if storage == StorageType::Posixfs {
                Target::Mount { address: String::new(), path: format!("/{site}/{name}") }
            } else {
                Target::Mount { address, path: format!("/exports/{name}") }
            };
            ((*site).to_owned(), vec![target])
        })
        .collect();
    DomainSpec::new(name, storage, copies)
}

pub(super) fn iscsi(name: &str, sites: &[&str], portals: u64, array: &str) -> DomainSpec {
    let copies = (1..).zip(sites).map(|(number, site)| {
        let portal = |last: u64| Target::Portal {
            address: format!("10.{number}.0.{}", 250 + last),
            port: 3260,
            target: format!("iqn.2016-01.example.{site}:{array}"),
        };
        ((*site).to_owned(), (1..=portals).map(portal).collect())
    });
    DomainSpec::new(name, StorageType::Iscsi, copies.collect())
}
