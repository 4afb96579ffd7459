//! Virtual machines: what runs where.

use std::collections::BTreeSet;

use super::make::{Known, numbered};
use super::shape::{FileShape, VmShape};
use super::{Place, Placed, Wrong, stores};
use crate::world::{DomainSpec, DomainType, VmSpec};

/// Most virtual machines of a world.
const MAX_VMS: usize = 50_000;

pub(super) fn vms(file: &FileShape, known: &Known, domains: &[DomainSpec]) -> Result<Vec<VmSpec>, Wrong> {
    let mut made: Vec<VmSpec> = Vec::new();
    let mut names = BTreeSet::new();
    for Placed { at, value: shape } in &file.vms {
        let group = Group::read(*at, shape, known, domains)?;
        for (index, name) in
            numbered(&shape.name, shape.count, *at, MAX_VMS.saturating_sub(made.len()), "virtual machines")?
                .into_iter()
                .enumerate()
        {
            if !names.insert(name.clone()) {
                let message = format!("there are two virtual machines `{name}`");
                return Err(Wrong::new(*at, message, "give one another name"));
            }
            let mut vm = group.like.clone();
            vm.name = name;
            if !group.hosts.is_empty() {
                vm.host = group.hosts.get(index % group.hosts.len()).cloned();
            }
            made.push(vm);
        }
    }
    Ok(made)
}

/// Virtual machines that differ in name and host only.
struct Group {
    like: VmSpec,
    /// Where they run, in turn; nowhere if they are down.
    hosts: Vec<String>,
}

impl Group {
    fn read(at: Place, shape: &VmShape, known: &Known, domains: &[DomainSpec]) -> Result<Group, Wrong> {
        if let Some(cluster) = &shape.cluster {
            known.check_cluster(cluster)?;
        }
        let hosts = Self::hosts(at, shape, known)?;
        let first = known.clusters.first().map(|(name, _)| name.as_str()).unwrap_or_default();
        let written = shape.cluster.as_ref().map(|cluster| cluster.value.as_str());
        let on = hosts.first().and_then(|name| known.hosts.iter().find(|host| host.name == *name));
        let cluster = on.map_or_else(|| written.unwrap_or(first), |host| host.cluster.as_str());
        let data_center = known.data_center_of(cluster).unwrap_or_default();
        for disk in &shape.disks {
            check_domain(disk, data_center, known, domains)?;
        }
        if let Some(lease) = &shape.lease {
            check_domain(lease, data_center, known, domains)?;
            if !shape.ha {
                let remedy = "write `ha: true` beside it";
                return Err(Wrong::new(lease.at, "only a highly available virtual machine has a lease", remedy));
            }
        }
        for host in &shape.pinned {
            known.host(host)?;
        }
        let mut like = VmSpec::new("");
        like.cluster = written.map(str::to_owned);
        like.disks = shape.disks.iter().map(|disk| disk.value.clone()).collect();
        if let Some(lun) = &shape.direct_lun {
            like.direct_lun = stores::portals(&Placed { at: lun.at, value: String::new() }, &lun.value)?;
        }
        like.ha = shape.ha;
        like.priority = shape.priority.unwrap_or(like.priority);
        like.lease = shape.lease.as_ref().map(|lease| lease.value.clone());
        like.pinned = shape.pinned.iter().map(|host| host.value.clone()).collect();
        like.memory = shape.memory_mib.map_or(like.memory, |mebibytes| mebibytes.saturating_mul(1 << 20));
        like.ignores_shutdown = shape.ignores_shutdown;
        Ok(Group { like, hosts })
    }

    fn hosts(at: Place, shape: &VmShape, known: &Known) -> Result<Vec<String>, Wrong> {
        if let Some(name) = &shape.host {
            let host = known.host(name)?;
            if shape.down {
                return Err(Wrong::new(name.at, "what is down runs nowhere", "remove `host` or `down`"));
            }
            if !host.up {
                let message = format!("host `{}` is not up at the beginning", name.value);
                return Err(Wrong::new(name.at, message, "name a host of the active site, or one with `active: true`"));
            }
            if let Some(cluster) = shape.cluster.as_ref().filter(|cluster| cluster.value != host.cluster) {
                let message = format!("host `{}` is not in cluster `{}`", name.value, cluster.value);
                return Err(Wrong::new(cluster.at, message, format!("it is in `{}`", host.cluster)));
            }
            return Ok(vec![name.value.clone()]);
        }
        if shape.down {
            return Ok(Vec::new());
        }
        let first = known.clusters.first().map(|(name, _)| name.as_str());
        let wanted = shape.cluster.as_ref().map(|cluster| cluster.value.as_str()).or(first);
        let pinned: Vec<&str> = shape.pinned.iter().map(|host| host.value.as_str()).collect();
        let able = known.hosts.iter().filter(|host| {
            host.up
                && host.at_active
                && Some(host.cluster.as_str()) == wanted
                && (pinned.is_empty() || pinned.contains(&host.name.as_str()))
        });
        let hosts: Vec<String> = able.map(|host| host.name.clone()).collect();
        if hosts.is_empty() {
            let message = format!("no host of the active site can run `{}`", shape.name);
            return Err(Wrong::new(at, message, "name another `cluster` or a `host`, or write `down: true`"));
        }
        Ok(hosts)
    }
}

fn check_domain(name: &Placed<String>, data_center: &str, known: &Known, domains: &[DomainSpec]) -> Result<(), Wrong> {
    let Some(domain) = domains.iter().find(|domain| domain.name == name.value) else {
        return Err(Wrong::unknown(name, "storage domain", domains.iter().map(|domain| domain.name.as_str())));
    };
    if domain.kind != DomainType::Data {
        let message = format!("`{}` holds no disks: it is of kind `{}`", name.value, domain.kind);
        return Err(Wrong::new(name.at, message, "name a data domain"));
    }
    let first = known.data_centers.first().map(String::as_str);
    let attached = domain.data_center.as_deref().or(first).unwrap_or_default();
    if attached != data_center {
        let message = format!("`{}` is not in data center `{data_center}`", name.value);
        let remedy = format!("it is in `{attached}`: name another domain, or another `cluster`");
        return Err(Wrong::new(name.at, message, remedy));
    }
    Ok(())
}
