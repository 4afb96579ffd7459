//! The worlds that are measured, and plans for them.

use std::collections::BTreeMap;

use engine_sim::world::{
    ClusterSpec, DataCenterSpec, DomainSpec, HostSpec, SiteSpec, StorageType, Target, VmSpec, WorldSpec,
};
use ovirt_dr::rehearsal::{PlanOptions, plan_for};

/// The two sites; the first is active.
pub(crate) const SITES: [&str; 2] = ["madrid", "seville"];
/// The name of the simulated engine.
pub(crate) const NAME: &str = "localhost";

/// Hosts at each site of the large world.
const HOSTS: usize = 100;
/// Virtual machines of the large world.
const VMS: usize = 4_000;
/// Data centers, with a cluster each.
const DATA_CENTERS: usize = 4;
/// File domains, with a row each.
const FILE_DOMAINS: usize = 100;
/// Block domains, with four portals each.
const BLOCK_DOMAINS: usize = 100;
const PORTALS: usize = 4;

/// 200 hosts, 500 connections, 4,000 VMs, in four data centers. Hosts have loopback addresses, so that a real probe of one goes nowhere.
pub(crate) fn large() -> WorldSpec {
    let data_centers = (0..DATA_CENTERS).map(|number| DataCenterSpec { name: format!("dc{number}") }).collect();
    let clusters = (0..DATA_CENTERS).map(|number| ClusterSpec {
        name: format!("cluster{number}"),
        data_center: Some(format!("dc{number}")),
        fencing_policy: Default::default(),
    });
    let mut sites: Vec<SiteSpec> = (0..SITES.len()).map(site).collect();
    let witnesses = vec!["127.3.0.53".to_owned()];
    sites.push(SiteSpec { name: "elsewhere".to_owned(), active: false, hosts: Vec::new(), witnesses });
    let mut spec = WorldSpec {
        seed: 1,
        options: Default::default(),
        data_centers,
        clusters: clusters.collect(),
        sites,
        domains: (0..FILE_DOMAINS + BLOCK_DOMAINS).map(domain).collect(),
        vms: (0..VMS).map(vm).collect(),
    };
    spec.options.dead_lease = 5_000;
    spec
}

fn site(index: usize) -> SiteSpec {
    let name = SITES[index];
    let host = |number: usize| {
        let mut host = HostSpec::new(format!("{name}-h{number}"), format!("127.{}.0.{}", index + 1, number + 1));
        host.cluster = Some(format!("cluster{}", number % DATA_CENTERS));
        host
    };
    let witnesses = vec![format!("127.{}.0.254", index + 1)];
    SiteSpec { name: name.to_owned(), active: index == 0, hosts: (0..HOSTS).map(host).collect(), witnesses }
}

fn domain(number: usize) -> DomainSpec {
    let file = number < FILE_DOMAINS;
    let copy = |site: usize| {
        let network = site + 1;
        if file {
            let address = format!("10.{network}.1.{}", number % 250 + 1);
            return vec![Target::Mount { address, path: format!("/exports/data{number}") }];
        }
        let portal = |portal: usize| Target::Portal {
            address: format!("10.{network}.{}.{}", 10 + portal, number % 250 + 1),
            port: 3260,
            target: format!("iqn.2016-01.example.{}:array{number}", SITES[site]),
        };
        (0..PORTALS).map(portal).collect()
    };
    let copies: BTreeMap<String, Vec<Target>> =
        SITES.iter().enumerate().map(|(index, name)| ((*name).to_owned(), copy(index))).collect();
    let storage = if file { StorageType::Nfs } else { StorageType::Iscsi };
    let mut domain = DomainSpec::new(format!("data{number}"), storage, copies);
    domain.data_center = Some(format!("dc{}", number % DATA_CENTERS));
    domain.master = number < DATA_CENTERS;
    domain
}

fn vm(number: usize) -> VmSpec {
    let host = number % HOSTS;
    let mut vm = VmSpec::new(format!("vm{number}"));
    vm.host = Some(format!("{}-h{host}", SITES[0]));
    // Domains and hosts take turns through the data centers in the same way.
    let turn = number / HOSTS % ((FILE_DOMAINS + BLOCK_DOMAINS) / DATA_CENTERS);
    vm.disks = vec![format!("data{}", turn * DATA_CENTERS + host % DATA_CENTERS)];
    vm.ha = number.is_multiple_of(2);
    vm
}

/// A plan that covers a whole world, for an engine at `url`.
pub(crate) fn plan(spec: &WorldSpec, url: &str, hooks: bool, extra: &str) -> String {
    plan_for(
        spec,
        PlanOptions {
            url,
            ca_file: Some("engine-ca.pem"),
            password: "file: engine.password",
            active: SITES[0],
            hooks,
            gateways: true,
            extra,
        },
    )
}

/// The address of the API on this port of the loopback.
pub(crate) fn api(port: u16) -> String {
    format!("https://{NAME}:{port}/ovirt-engine/api")
}
