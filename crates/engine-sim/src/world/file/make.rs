//! From what is written to the world it means: sites, hosts, clusters, timing.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::{FileShape, HostShape, Hosts, NameOr, OptionsShape, SiteShape, Time};
use super::{Place, Placed, WorldFile, Wrong, guests, stores};
use crate::world::{ClusterSpec, DataCenterSpec, FencingPolicy, HostSpec, Options, SiteSpec, WorldSpec};

/// Most hosts of a world.
const MAX_HOSTS: usize = 5_000;
/// Where addresses outside of every site are.
const ELSEWHERE: &str = "elsewhere";
/// Names where the file has no data centers.
const DATA_CENTER: &str = "dr-dc";
const CLUSTER: &str = "dr-cluster";

/// What is known of the world while the rest of the file is read.
#[derive(Debug)]
pub(super) struct Known {
    /// The active site.
    pub(super) active: String,
    /// Data centers, in the order of the file.
    pub(super) data_centers: Vec<String>,
    /// Clusters with their data centers, in the order of the file.
    pub(super) clusters: Vec<(String, String)>,
    /// Sites with hosts or storage, in the order of the file: the first has the network 10.1.
    pub(super) sites: Vec<String>,
    /// Hosts: cluster, and whether they begin `up`.
    pub(super) hosts: Vec<KnownHost>,
}

/// A host so far.
#[derive(Debug)]
pub(super) struct KnownHost {
    pub(super) name: String,
    pub(super) cluster: String,
    pub(super) up: bool,
    pub(super) at_active: bool,
}

impl Known {
    pub(super) fn data_center_of(&self, cluster: &str) -> Option<&str> {
        self.clusters.iter().find(|(name, _)| name == cluster).map(|(_, data_center)| data_center.as_str())
    }

    pub(super) fn check_cluster(&self, cluster: &Placed<String>) -> Result<(), Wrong> {
        match self.data_center_of(&cluster.value) {
            Some(_) => Ok(()),
            None => Err(Wrong::unknown(cluster, "cluster", self.clusters.iter().map(|(name, _)| name.as_str()))),
        }
    }

    pub(super) fn check_site(&self, site: &Placed<String>) -> Result<(), Wrong> {
        if self.sites.contains(&site.value) {
            return Ok(());
        }
        Err(Wrong::unknown(site, "site", self.sites.iter().map(String::as_str)))
    }

    pub(super) fn host(&self, host: &Placed<String>) -> Result<&KnownHost, Wrong> {
        let found = self.hosts.iter().find(|known| known.name == host.value);
        found.ok_or_else(|| Wrong::unknown(host, "host", self.hosts.iter().map(|known| known.name.as_str())))
    }

    /// The first two numbers of a site's network.
    pub(super) fn network(&self, site: &str) -> String {
        let index = self.sites.iter().position(|known| known == site).unwrap_or(0);
        format!("10.{}", index + 1)
    }
}

pub(super) fn world(file: &FileShape) -> Result<WorldFile, Wrong> {
    let (data_centers, clusters) = pools(file)?;
    let active = match &file.active_site {
        Some(site) => site.clone(),
        None => match file.sites.0.first() {
            Some((name, _)) => name.clone(),
            None => return Err(Wrong::new(Place::default(), "there are no sites", "write `sites: { madrid: ... }`")),
        },
    };
    if file.sites.0.len() > 250 {
        return Err(Wrong::new(Place::default(), "there are more than 250 sites", "remove some"));
    }
    let mut known = Known {
        active: active.value.clone(),
        data_centers,
        clusters: clusters.iter().map(|one| (one.name.clone(), one.data_center.clone().unwrap_or_default())).collect(),
        sites: file.sites.names().map(str::to_owned).collect(),
        hosts: Vec::new(),
    };
    known.check_site(&active)?;
    let mut unplanned = Vec::new();
    let mut sites = Vec::new();
    for (name, shape) in &file.sites.0 {
        sites.push(site(name, shape, &mut known, &mut unplanned)?);
    }
    unique_addresses(file, &sites)?;
    if !file.witnesses.is_empty() {
        if let Some((name, _)) = file.sites.0.iter().find(|(name, _)| name.value == ELSEWHERE) {
            let remedy = "give the site another name";
            return Err(Wrong::new(name.at, format!("`{ELSEWHERE}` is where the witnesses are"), remedy));
        }
        let witnesses = file.witnesses.clone();
        sites.push(SiteSpec { name: ELSEWHERE.to_owned(), active: false, hosts: Vec::new(), witnesses });
    }
    let domains = stores::domains(file, &known)?;
    let vms = guests::vms(file, &known, &domains)?;
    // A file without data centers is the same world as a description without them.
    let written = !file.data_centers.0.is_empty();
    let named = known.data_centers.iter().map(|name| DataCenterSpec { name: name.clone() });
    let spec = WorldSpec {
        seed: file.seed,
        options: timing(&file.options),
        data_centers: if written { named.collect() } else { Vec::new() },
        clusters: if written { clusters } else { Vec::new() },
        sites,
        domains,
        vms,
    };
    Ok(WorldFile { spec, active_site: active.value, unplanned })
}

/// Data centers and clusters, those that are there without being written included.
fn pools(file: &FileShape) -> Result<(Vec<String>, Vec<ClusterSpec>), Wrong> {
    let cluster = |name: &str, data_center: &str, fencing: bool| ClusterSpec {
        name: name.to_owned(),
        data_center: Some(data_center.to_owned()),
        fencing_policy: FencingPolicy { enabled: fencing, ..FencingPolicy::default() },
    };
    if file.data_centers.0.is_empty() {
        return Ok((vec![DATA_CENTER.to_owned()], vec![cluster(CLUSTER, DATA_CENTER, true)]));
    }
    let mut clusters: Vec<ClusterSpec> = Vec::new();
    for (data_center, shape) in &file.data_centers.0 {
        if shape.clusters.is_empty() {
            let message = format!("data center `{}` has no clusters", data_center.value);
            return Err(Wrong::new(data_center.at, message, "name at least one: hosts stand in clusters"));
        }
        for one in &shape.clusters {
            let (name, fencing) = match &one.value {
                NameOr::Name(name) => (name, true),
                NameOr::More(more) => (&more.name, more.fencing.unwrap_or(true)),
            };
            if clusters.iter().any(|known| known.name == *name) {
                return Err(Wrong::new(one.at, format!("there are two clusters `{name}`"), "give one another name"));
            }
            clusters.push(cluster(name, &data_center.value, fencing));
        }
    }
    Ok((file.data_centers.names().map(str::to_owned).collect(), clusters))
}

fn site(
    name: &Placed<String>,
    shape: &SiteShape,
    known: &mut Known,
    unplanned: &mut Vec<String>,
) -> Result<SiteSpec, Wrong> {
    let network = known.network(&name.value);
    let active = known.active == name.value;
    let groups: Vec<(Place, HostShape)> = match &shape.hosts {
        Hosts::Count(0) => Vec::new(),
        Hosts::Count(count) => {
            vec![(
                name.at,
                HostShape { name: format!("{}-h", name.value), count: Some(*count), ..HostShape::default() },
            )]
        }
        Hosts::List(list) => list
            .iter()
            .map(|one| match &one.value {
                NameOr::Name(name) => (one.at, HostShape { name: name.clone(), ..HostShape::default() }),
                NameOr::More(more) => (one.at, more.clone()),
            })
            .collect(),
    };
    let mut hosts: Vec<HostSpec> = Vec::new();
    for (at, group) in groups {
        if let Some(cluster) = &group.cluster {
            known.check_cluster(cluster)?;
        }
        if group.count.is_some() && group.address.is_some() {
            return Err(Wrong::new(at, "several hosts cannot have one `address`", "remove `address` or `count`"));
        }
        for own in numbered(&group.name, group.count, at, MAX_HOSTS.saturating_sub(known.hosts.len()), "hosts")? {
            if known.hosts.iter().any(|host| host.name == own) {
                return Err(Wrong::new(at, format!("there are two hosts `{own}`"), "give one another name"));
            }
            let number = hosts.len();
            let address = format!("{network}.{}.{}", number / 249, number % 249 + 1);
            let mut host = HostSpec::new(own.clone(), group.address.clone().unwrap_or(address));
            host.cluster = group.cluster.as_ref().map(|cluster| cluster.value.clone());
            host.power_management = group.power_management.unwrap_or(host.power_management);
            host.ssh = group.ssh;
            host.bmc = group.bmc;
            host.spm_priority = group.spm_priority.unwrap_or(host.spm_priority);
            host.storage_delay = group.storage_delay.map_or(host.storage_delay, |Time(millis)| millis);
            host.active = group.active;
            if group.planned == Some(false) {
                unplanned.push(own.clone());
            }
            let first = known.clusters.first().map(|(name, _)| name.clone()).unwrap_or_default();
            let cluster = host.cluster.clone().unwrap_or(first);
            known.hosts.push(KnownHost { name: own, cluster, up: group.active.unwrap_or(active), at_active: active });
            hosts.push(host);
        }
    }
    let witnesses = shape.gateways.clone().unwrap_or_else(|| vec![format!("{network}.0.254")]);
    Ok(SiteSpec { name: name.value.clone(), active, hosts, witnesses })
}

/// `name`, or `name1` to `nameN`.
pub(super) fn numbered(
    name: &str,
    count: Option<usize>,
    at: Place,
    room: usize,
    what: &str,
) -> Result<Vec<String>, Wrong> {
    let names = count.unwrap_or(1);
    if names > room {
        return Err(Wrong::new(at, format!("there are too many {what}"), format!("there is room for {room} here")));
    }
    Ok(match count {
        None => vec![name.to_owned()],
        Some(count) => (1..=count).map(|number| format!("{name}{number}")).collect(),
    })
}

fn unique_addresses(file: &FileShape, sites: &[SiteSpec]) -> Result<(), Wrong> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let outside: BTreeSet<&str> = file.witnesses.iter().map(String::as_str).collect();
    for ((name, _), site) in file.sites.0.iter().zip(sites) {
        let own = site.hosts.iter().map(|host| host.address.as_str());
        for address in own.chain(site.witnesses.iter().map(String::as_str)) {
            if outside.contains(address) || seen.insert(address, &site.name).is_some() {
                let message = format!("site `{}` has the address `{address}`, which somebody else has", site.name);
                return Err(Wrong::new(name.at, message, "each host, gateway and witness has an address of its own"));
            }
        }
    }
    Ok(())
}

fn timing(shape: &OptionsShape) -> Options {
    let usual = Options::default();
    let or = |given: Option<Time>, usual: u64| given.map_or(usual, |Time(millis)| millis);
    Options {
        epoch_ms: usual.epoch_ms,
        dead_lease: or(shape.dead_lease, usual.dead_lease),
        dead_vm_lease: or(shape.dead_vm_lease, usual.dead_vm_lease),
        storage_connect: or(shape.storage_connect, usual.storage_connect),
        storage_refused: or(shape.storage_refused, usual.storage_refused),
        storage_silent: or(shape.storage_silent, usual.storage_silent),
        guest_boot: or(shape.guest_boot, usual.guest_boot),
        guest_shutdown: or(shape.guest_shutdown, usual.guest_shutdown),
        host_boot: or(shape.host_boot, usual.host_boot),
        disconnect: or(shape.disconnect, usual.disconnect),
        migration: or(shape.migration, usual.migration),
        bmc_timeout: or(shape.bmc_timeout, usual.bmc_timeout),
        unpromoted: shape.unpromoted.unwrap_or(usual.unpromoted),
        engine_age: or(shape.engine_age, usual.engine_age),
    }
}
