//! The description a world is made of: sites, hosts, storage, VMs, options. Readable from YAML or JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{FencingPolicy, Target};
use super::outside::{Bmc, SshManner};
use super::words::{DomainType, StorageType};

/// A whole world.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldSpec {
    /// Decides all durations and ids.
    #[serde(default)]
    pub seed: u64,
    /// Engine and host-side timing.
    #[serde(default)]
    pub options: Options,
    /// Data centers; `dr-dc` without any.
    #[serde(default)]
    pub data_centers: Vec<DataCenterSpec>,
    /// Clusters; `dr-cluster` in the first data center without any.
    #[serde(default)]
    pub clusters: Vec<ClusterSpec>,
    /// Sites and their hosts.
    pub sites: Vec<SiteSpec>,
    /// Storage domains.
    #[serde(default)]
    pub domains: Vec<DomainSpec>,
    /// Virtual machines.
    #[serde(default)]
    pub vms: Vec<VmSpec>,
}

/// A data center.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataCenterSpec {
    /// Name.
    pub name: String,
}

/// A cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSpec {
    /// Name.
    pub name: String,
    /// Data center; the first without it.
    #[serde(default)]
    pub data_center: Option<String>,
    /// Fencing policy.
    #[serde(default)]
    pub fencing_policy: FencingPolicy,
}

/// A site.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteSpec {
    /// Name.
    pub name: String,
    /// Whether its hosts begin `up`; else in maintenance.
    #[serde(default)]
    pub active: bool,
    /// Hosts.
    #[serde(default)]
    pub hosts: Vec<HostSpec>,
    /// Gateways and other addresses that answer while the site's network does.
    #[serde(default)]
    pub witnesses: Vec<String>,
}

/// A host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// VDSM port.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Cluster; the first without it.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Power management on, with one fence agent.
    #[serde(default = "yes")]
    pub power_management: bool,
    /// Its SSH port when it does not answer.
    #[serde(default)]
    pub ssh: SshManner,
    /// Its BMC.
    #[serde(default)]
    pub bmc: Bmc,
    /// SPM priority.
    #[serde(default = "default_priority")]
    pub spm_priority: i32,
    /// Extra time of each storage connection, ms.
    #[serde(default)]
    pub storage_delay: u64,
    /// Begins `up` or in maintenance; as its site without it.
    #[serde(default)]
    pub active: Option<bool>,
}

/// A storage domain.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainSpec {
    /// Name.
    pub name: String,
    /// `data`, `iso`, `export`.
    #[serde(default = "data")]
    pub kind: DomainType,
    /// Storage type.
    pub storage: StorageType,
    /// Master of its data center; the first data domain without any.
    #[serde(default)]
    pub master: bool,
    /// Data center; the first without it. `-` leaves it unattached.
    #[serde(default)]
    pub data_center: Option<String>,
    /// What is served where: site to addresses. One site only means that it is not replicated.
    pub copies: BTreeMap<String, Vec<Target>>,
    /// The site whose copy the connections name and that takes writes; the active one without it.
    #[serde(default)]
    pub at: Option<String>,
}

/// A virtual machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VmSpec {
    /// Name.
    pub name: String,
    /// The host it runs on; down without it.
    #[serde(default)]
    pub host: Option<String>,
    /// Cluster; its host's or the first without it.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Domains with a disk each.
    #[serde(default)]
    pub disks: Vec<String>,
    /// A direct LUN reached by these portals.
    #[serde(default)]
    pub direct_lun: Vec<Target>,
    /// High availability.
    #[serde(default)]
    pub ha: bool,
    /// Priority.
    #[serde(default = "default_vm_priority")]
    pub priority: u32,
    /// Lease domain.
    #[serde(default)]
    pub lease: Option<String>,
    /// Hosts it is pinned to.
    #[serde(default)]
    pub pinned: Vec<String>,
    /// Memory in bytes.
    #[serde(default = "default_memory")]
    pub memory: u64,
    /// Whether the guest ignores a shutdown.
    #[serde(default)]
    pub ignores_shutdown: bool,
}

/// What an array does to a host that connects to a copy that is not promoted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unpromoted {
    /// The connection fails: hosts end `non_operational`.
    #[default]
    RefusesConnection,
    /// The server answers but the domain is not behind it: hosts stay `up`, the election finds no master.
    AbsentBehindServer,
}

/// Timing of hosts and storage (the engine's own timers are constants in [`super::timers`]). Milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Wall clock at the beginning, ms since 1970; decides when minutes divisible by five are.
    pub epoch_ms: u64,
    /// How long the storage still names a dead SPM and its lease cannot be taken over.
    pub dead_lease: u64,
    /// How long a dead host's VM lease cannot be taken over.
    pub dead_vm_lease: u64,
    /// Connecting storage that works, per host.
    pub storage_connect: u64,
    /// Until a refused or unpromoted storage connection has failed.
    pub storage_refused: u64,
    /// Until a connection to storage that vanished has failed.
    pub storage_silent: u64,
    /// From `wait_for_launch` to `up`.
    pub guest_boot: u64,
    /// From shutdown to down.
    pub guest_shutdown: u64,
    /// A host's boot after power on.
    pub host_boot: u64,
    /// From `maintenance` shown to the storage disconnected.
    pub disconnect: u64,
    /// A live migration.
    pub migration: u64,
    /// Until a question to a BMC that does not answer has failed.
    pub bmc_timeout: u64,
    /// What unpromoted copies do.
    pub unpromoted: Unpromoted,
    /// How long ago the engine started, at the beginning.
    pub engine_age: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epoch_ms: 1_790_000_000_000,
            dead_lease: 140_000,
            dead_vm_lease: 80_000,
            storage_connect: 1_500,
            storage_refused: 5_000,
            storage_silent: 75_000,
            guest_boot: 3_500,
            guest_shutdown: 3_500,
            host_boot: 30_000,
            disconnect: 4_000,
            migration: 8_000,
            bmc_timeout: 5_000,
            unpromoted: Unpromoted::RefusesConnection,
            engine_age: 86_400_000,
        }
    }
}

impl WorldSpec {
    /// The demonstration world: `hosts_per_site` hosts at each of two sites, the first active, an NFS master, another NFS
    /// domain and an iSCSI domain with two portals, all replicated; `vms` VMs spread over the active hosts, five of every
    /// eight highly available, the last one with priority 90 and a lease on the other NFS domain.
    pub fn two_sites(site_names: [&str; 2], hosts_per_site: usize, vms: usize, seed: u64) -> Self {
        let sites: Vec<SiteSpec> = site_names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let net = index + 1;
                SiteSpec {
                    name: (*name).to_owned(),
                    active: index == 0,
                    hosts: (1..=hosts_per_site)
                        .map(|number| HostSpec::new(format!("{name}-h{number}"), format!("10.{net}.0.{number}")))
                        .collect(),
                    witnesses: vec![format!("10.{net}.0.254")],
                }
            })
            .collect();
        let mount = |path: &str| -> BTreeMap<String, Vec<Target>> {
            site_names
                .iter()
                .enumerate()
                .map(|(index, name)| {
                    let address = format!("10.{}.0.250", index + 1);
                    ((*name).to_owned(), vec![Target::Mount { address, path: path.to_owned() }])
                })
                .collect()
        };
        let portals: BTreeMap<String, Vec<Target>> = site_names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let portal = |last: u8| Target::Portal {
                    address: format!("10.{}.0.{last}", index + 1),
                    port: 3260,
                    target: format!("iqn.2016-01.example.{name}:array1"),
                };
                ((*name).to_owned(), vec![portal(251), portal(252)])
            })
            .collect();
        let domains = vec![
            DomainSpec::new("data-master", StorageType::Nfs, mount("/exports/data-master")).as_master(),
            DomainSpec::new("data-nfs", StorageType::Nfs, mount("/exports/data-nfs")),
            DomainSpec::new("data-iscsi", StorageType::Iscsi, portals),
        ];
        let vms = (1..=vms)
            .map(|number| {
                let mut vm = VmSpec::new(format!("vm{number}"));
                if hosts_per_site > 0 {
                    vm.host = Some(format!("{}-h{}", site_names[0], (number - 1) % hosts_per_site + 1));
                }
                vm.disks = vec![["data-master", "data-nfs", "data-iscsi"][(number - 1) % 3].to_owned()];
                vm.ha = number % 8 != 7 && number % 8 != 6 && number % 8 != 5;
                if number == vms {
                    vm.ha = true;
                    vm.priority = 90;
                    vm.lease = Some("data-nfs".to_owned());
                }
                vm
            })
            .collect();
        Self { seed, options: Options::default(), data_centers: vec![], clusters: vec![], sites, domains, vms }
    }
}

impl HostSpec {
    /// A host with power management and everything else by default.
    pub fn new(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            address: address.into(),
            port: default_port(),
            cluster: None,
            power_management: true,
            ssh: SshManner::default(),
            bmc: Bmc::default(),
            spm_priority: default_priority(),
            storage_delay: 0,
            active: None,
        }
    }
}

impl DomainSpec {
    /// A data domain with these copies.
    pub fn new(name: impl Into<String>, storage: StorageType, copies: BTreeMap<String, Vec<Target>>) -> Self {
        Self { name: name.into(), kind: DomainType::Data, storage, master: false, data_center: None, copies, at: None }
    }

    /// The same as master.
    #[must_use]
    pub fn as_master(mut self) -> Self {
        self.master = true;
        self
    }
}

impl VmSpec {
    /// A VM that is down, without disks.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            host: None,
            cluster: None,
            disks: vec![],
            direct_lun: vec![],
            ha: false,
            priority: default_vm_priority(),
            lease: None,
            pinned: vec![],
            memory: default_memory(),
            ignores_shutdown: false,
        }
    }
}

fn default_port() -> u16 {
    54321
}

fn yes() -> bool {
    true
}

fn default_priority() -> i32 {
    5
}

fn default_vm_priority() -> u32 {
    50
}

fn default_memory() -> u64 {
    1 << 30
}

fn data() -> DomainType {
    DomainType::Data
}
