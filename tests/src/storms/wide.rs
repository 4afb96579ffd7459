//! Wide nights: worlds larger and odder than most.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use engine_sim::world::{
    ClusterSpec, DataCenterSpec, DomainSpec, DomainType, FencingPolicy, HostSpec, Options, SiteSpec, StorageType,
    Target, Unpromoted, VmSpec, WorldSpec,
};

use crate::plan_of;

use super::dice::Dice;
use super::scene::{NEWCOMER, Scene, UNNAMED, iscsi, mount};

/// Names of sites, the active one first.
const SITES: [&str; 4] = ["madrid", "seville", "toledo", "bilbao"];

/// The one target that only direct LUNs are behind.
const LUN: &str = "lun-array";

/// Whether a seed's night is a wide one: every fifth. The other seeds tell the nights that they told before there were wide ones.
pub fn is_wide(seed: u64) -> bool {
    seed % 5 == 1
}

/// The most there is of each thing.
struct Size {
    /// Hosts of a site.
    hosts: u64,
    vms: u64,
}

impl Size {
    /// Large worlds cost a minute of small ones, so they are rare.
    fn of(dice: &mut Dice, sites: u64) -> Size {
        match dice.roll(1, 60) {
            1 => Size { hosts: dice.roll(10, 40) / sites, vms: 500 },
            2..=7 => Size { hosts: 12, vms: 60 },
            _ => Size { hosts: 6, vms: 30 },
        }
    }
}

/// A world and its plan, as wide as a plan may be.
pub(super) fn scene(dice: &mut Dice, seed: u64, attested: bool) -> Scene {
    let count = match dice.roll(1, 100) {
        1..=4 => 1,
        5..=55 => 2,
        56..=80 => 3,
        _ => 4,
    };
    let sites: Vec<&'static str> = SITES.into_iter().take(count).collect();
    let size = Size::of(dice, count as u64);
    let hosts = dice.roll(1, size.hosts);
    let clusters = clusters(dice, hosts);
    let mut data_centers: Vec<DataCenterSpec> = Vec::new();
    for name in clusters.iter().filter_map(|cluster| cluster.data_center.clone()) {
        if !data_centers.iter().any(|known| known.name == name) {
            data_centers.push(DataCenterSpec { name });
        }
    }
    let mut specs: Vec<SiteSpec> = Vec::new();
    for (number, name) in (1..).zip(&sites) {
        // The active site has a host in each cluster; another one need not.
        let count = if number == 1 || dice.percent(70) { hosts } else { dice.roll(1, size.hosts) };
        specs.push(site(dice, number, name, count, &clusters));
    }
    let witnesses = (53..54 + dice.roll(0, 1)).map(|last| format!("192.0.2.{last}")).collect();
    specs.push(SiteSpec { name: "elsewhere".to_owned(), active: false, hosts: Vec::new(), witnesses });
    let mut domains = Vec::new();
    for (number, data_center) in (1..).zip(&data_centers) {
        domains.extend(domains_of(dice, number, &data_center.name, &sites));
    }
    let mut spec =
        WorldSpec { seed, options: options(dice), data_centers, clusters, sites: specs, domains, vms: vec![] };
    spec.vms = vms(dice, &spec, size.vms);
    let mut extra = direct_luns(dice, &mut spec, &sites);
    extra.push_str(&policy(dice));
    let mut planned = spec.clone();
    let unnamed = strangers(dice, &mut spec, count as u64);
    let unplanned = leave_out(dice, &mut spec, &mut planned, &sites);
    let mut plan = plan_of(&planned, dice.percent(90) || attested, &extra);
    for site in &sites {
        if dice.percent(20) {
            plan = plan.replace(&format!("    promote:\n      hook: hooks/promote-{site}\n"), "    promote: confirm\n");
        }
    }
    if attested {
        plan = super::scene::attested(&plan);
    }
    Scene { spec, plan, sites, attested, unnamed, unplanned, wide: true }
}

/// One to five data centers with a cluster each, the first sometimes with two: no more clusters than a site has hosts.
fn clusters(dice: &mut Dice, hosts: u64) -> Vec<ClusterSpec> {
    let centers = match dice.roll(1, 100) {
        1..=50 => 1,
        51..=70 => 2,
        71..=82 => 3,
        83..=91 => 4,
        _ => 5,
    };
    let mut clusters = Vec::new();
    for number in 1..=centers.min(hosts) {
        let fencing_policy = FencingPolicy {
            enabled: dice.percent(92),
            skip_if_sd_active: dice.percent(15),
            skip_if_connectivity_broken: dice.percent(15),
            ..FencingPolicy::default()
        };
        let (name, data_center) = match number {
            1 => ("dr-cluster".to_owned(), "dr-dc".to_owned()),
            _ => (format!("cluster{number}"), format!("dc{number}")),
        };
        clusters.push(ClusterSpec { name, data_center: Some(data_center), fencing_policy });
    }
    if hosts > clusters.len() as u64 && dice.percent(15) {
        let data_center = Some("dr-dc".to_owned());
        clusters.push(ClusterSpec {
            name: "dr-more".to_owned(),
            data_center,
            fencing_policy: FencingPolicy::default(),
        });
    }
    clusters
}

fn site(dice: &mut Dice, number: u64, name: &str, count: u64, clusters: &[ClusterSpec]) -> SiteSpec {
    let hosts = (1..=count).map(|n| {
        let mut host = HostSpec::new(format!("{name}-h{n}"), format!("10.{number}.0.{n}"));
        host.power_management = dice.percent(85);
        host.cluster = cluster_of(n, clusters);
        // Each data center keeps one that may be SPM.
        if dice.percent(5) && n > clusters.len() as u64 {
            host.spm_priority = -1;
        }
        if dice.percent(5) {
            host.storage_delay = 1000 * dice.roll(1, 30);
        }
        host
    });
    let hosts = hosts.collect();
    SiteSpec { name: name.to_owned(), active: number == 1, hosts, witnesses: vec![format!("10.{number}.0.254")] }
}

fn cluster_of(n: u64, clusters: &[ClusterSpec]) -> Option<String> {
    let at = usize::try_from(n).unwrap_or(0) % clusters.len();
    Some(clusters[at].name.clone())
}

/// A master and up to five other domains of one data center.
fn domains_of(dice: &mut Dice, number: u64, data_center: &str, sites: &[&str]) -> Vec<DomainSpec> {
    let named = |of_first: &str, of_others: &str| match number {
        1 => of_first.to_owned(),
        _ => format!("{data_center}-{of_others}"),
    };
    let fibre = |name: &str| {
        let copies = sites.iter().map(|site| ((*site).to_owned(), Vec::new())).collect();
        DomainSpec::new(name, StorageType::Fcp, copies)
    };
    let target = |which: &str| format!("{data_center}-{which}");
    let master = named("data-master", "master");
    let mut domains = vec![match dice.roll(1, 100) {
        1..=60 => mount(&master, StorageType::Nfs, sites),
        61..=80 => iscsi(&master, sites, dice.roll(1, 2), &target("master")),
        81..=93 => mount(&master, StorageType::Posixfs, sites),
        _ => fibre(&master),
    }];
    domains[0].master = true;
    let chance = if number == 1 { 45 } else { 20 };
    for (name, storage) in [("nfs", StorageType::Nfs), ("images", StorageType::Posixfs)] {
        if dice.percent(chance) {
            domains.push(mount(&named(&format!("data-{name}"), name), storage, sites));
        }
    }
    if dice.percent(chance) {
        domains.push(iscsi(&named("data-iscsi", "iscsi"), sites, dice.roll(1, 4), &target("array1")));
    }
    if dice.percent(15) {
        domains.push(fibre(&named("fc-vault", "vault")));
    }
    if dice.percent(25) {
        let mut iso = mount(&named("iso", "iso"), StorageType::Nfs, sites);
        iso.kind = DomainType::Iso;
        domains.push(iso);
    }
    if number == 1 && dice.percent(15) {
        // One copy that all sites reach, and that no site takes with it.
        let target = Target::Mount { address: "192.0.2.60".to_owned(), path: "/scratch".to_owned() };
        let copies = BTreeMap::from([("elsewhere".to_owned(), vec![target])]);
        domains.push(DomainSpec::new("scratch", StorageType::Nfs, copies));
    }
    for domain in &mut domains {
        domain.data_center = Some(data_center.to_owned());
    }
    domains
}

fn options(dice: &mut Dice) -> Options {
    let usual = Options::default();
    Options {
        dead_lease: 1000 * dice.roll(5, 140),
        dead_vm_lease: 1000 * dice.roll(5, 90),
        host_boot: 1000 * dice.roll(10, 180),
        storage_silent: 1000 * dice.roll(10, 90),
        guest_boot: 1000 * dice.roll(2, 40),
        unpromoted: if dice.percent(15) { Unpromoted::AbsentBehindServer } else { usual.unpromoted },
        engine_age: if dice.percent(10) { 60_000 } else { usual.engine_age },
        ..usual
    }
}

fn vms(dice: &mut Dice, spec: &WorldSpec, most: u64) -> Vec<VmSpec> {
    let count = if dice.percent(15) { 0 } else { dice.roll(1, most) };
    let hosts = &spec.sites[0].hosts;
    let mut vms = Vec::new();
    for n in 1..=count {
        let mut vm = VmSpec::new(format!("vm{n}"));
        let host = &hosts[usize::try_from(n).unwrap_or(0) % hosts.len()];
        let cluster = spec.clusters.iter().find(|cluster| Some(&cluster.name) == host.cluster.as_ref());
        let data_center = cluster.and_then(|cluster| cluster.data_center.clone());
        let domains = spec.domains.iter().filter(|domain| domain.data_center == data_center);
        let data = domains.filter(|domain| domain.kind == DomainType::Data);
        let names: Vec<&str> = data.map(|domain| domain.name.as_str()).collect();
        vm.cluster = host.cluster.clone();
        vm.host = dice.percent(85).then(|| host.name.clone());
        vm.disks = (0..dice.roll(1, 2)).map(|_| dice.pick(&names).to_owned()).collect();
        vm.ha = dice.percent(40);
        if vm.ha && dice.percent(30) {
            vm.lease = Some(dice.pick(&names).to_owned());
        }
        if dice.percent(20) {
            vm.priority = u32::try_from(dice.roll(1, 100)).unwrap_or(50);
        }
        vm.ignores_shutdown = dice.percent(5);
        if dice.percent(2) {
            vm.pinned = vec![host.name.clone()];
        }
        vms.push(vm);
    }
    vms
}

/// Direct LUNs of a few virtual machines: behind an array of their own, which the plan names or not, or behind the portals of a domain.
/// Yields what the plan's storage says of them.
fn direct_luns(dice: &mut Dice, spec: &mut WorldSpec, sites: &[&str]) -> String {
    if !dice.percent(12) {
        return String::new();
    }
    let first = sites[0];
    let of_domain = spec.domains.iter().find(|domain| domain.storage == StorageType::Iscsi && dice.percent(40));
    let own = iscsi(LUN, sites, dice.roll(1, 2), "luns");
    let is_own = of_domain.is_none();
    let targets = of_domain.unwrap_or(&own).copies.get(first).cloned().unwrap_or_default();
    let chosen = dice.roll(1, 3);
    let step = usize::try_from(dice.roll(1, 5)).unwrap_or(1);
    for vm in spec.vms.iter_mut().step_by(step).take(usize::try_from(chosen).unwrap_or(1)) {
        vm.direct_lun = targets.clone();
    }
    let any = spec.vms.iter().any(|vm| !vm.direct_lun.is_empty());
    if !(is_own && any && dice.percent(70)) {
        return String::new();
    }
    let mut entry = format!("  {LUN}:\n    type: iscsi\n");
    for (site, targets) in &own.copies {
        let mut portals = Vec::new();
        let mut name = String::new();
        for one in targets {
            if let Target::Portal { address, target, .. } = one {
                portals.push(address.clone());
                name.clone_from(target);
            }
        }
        let _ = writeln!(entry, "    {site}: {{ target: \"{name}\", portals: [{}] }}", portals.join(", "));
    }
    entry
}

fn policy(dice: &mut Dice) -> String {
    let mut policy = String::new();
    if dice.percent(20) {
        policy.push_str("  flap_guard: 2m\n");
    }
    if dice.percent(10) {
        let _ = writeln!(policy, "  parallel: {}", dice.roll(1, 3));
    }
    if dice.percent(5) {
        policy.push_str("  suspend_fencing: false\n");
    }
    if dice.percent(5) {
        let _ = writeln!(policy, "  limits: {{ hosts: {}, connections: 3, vms: 10 }}", dice.roll(2, 8));
    }
    if policy.is_empty() { policy } else { format!("policy:\n{policy}") }
}

/// Hosts that no plan names.
fn strangers(dice: &mut Dice, spec: &mut WorldSpec, sites: u64) -> Vec<String> {
    let count = if dice.percent(25) { dice.roll(1, 2) } else { 0 };
    let mut names = vec![NEWCOMER.to_owned()];
    for n in 1..=count {
        let at = dice.roll(1, sites);
        let name = if n == 1 { UNNAMED.to_owned() } else { format!("{UNNAMED}{n}") };
        let mut host = HostSpec::new(&name, format!("10.{at}.0.{}", 98 + n));
        host.cluster = cluster_of(dice.roll(0, 9), &spec.clusters);
        // One that lives at a standby site holds the storage, and refuses every failover until somebody parks it.
        if dice.percent(10) {
            host.active = Some(true);
        }
        if let Some(site) = spec.sites.get_mut(usize::try_from(at - 1).unwrap_or(0)) {
            site.hosts.push(host);
            names.push(name);
        }
    }
    names
}

/// Domains that the plan does not name.
fn leave_out(dice: &mut Dice, spec: &mut WorldSpec, planned: &mut WorldSpec, sites: &[&str]) -> Vec<String> {
    let mut unplanned = Vec::new();
    if dice.percent(30) {
        // An ISO domain without a replica is no reason to refuse anything.
        for domain in spec.domains.iter_mut().filter(|domain| domain.kind == DomainType::Iso) {
            domain.copies.retain(|site, _| site == sites[0]);
            unplanned.push(domain.name.clone());
        }
    }
    let plain = |domain: &&DomainSpec| domain.kind == DomainType::Data && !domain.master;
    if dice.percent(3)
        && let Some(domain) = spec.domains.iter().find(plain)
    {
        unplanned.push(domain.name.clone());
    }
    planned.domains.retain(|domain| !unplanned.contains(&domain.name));
    unplanned
}
