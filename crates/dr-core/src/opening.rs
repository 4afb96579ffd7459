//! What is frozen when a transition opens, and what calm times teach for it.

use std::collections::BTreeMap;

use dr_plan::{Plan, SiteName};

use crate::hash::HashSet;
use crate::resolve::HostsBehind;
use crate::{Entry, FrozenVm, HostId, HostStatus, Memory, Observed, Opening, RanVm, VmId, VmStatus, resolve_rows};

/// What is frozen when a transition from `from` to the plan's active site opens.
pub fn opening(
    plan: &Plan,
    text: String,
    observed: &Observed,
    memory: &Memory,
    from: &str,
    by: &str,
    why: &str,
) -> Opening {
    let connections = observed.connections.seen().map(Vec::as_slice).unwrap_or_default();
    let (rows, _) = resolve_rows(plan, connections, &BTreeMap::new());
    let rows = rows.iter().map(|row| (row.key.word(), row.connection.id.clone())).collect();
    Opening {
        epoch: memory.epoch.max(memory.epoch_seen) + 1,
        from: from.to_owned(),
        to: plan.active_site.0.clone(),
        by: by.to_owned(),
        why: why.to_owned(),
        plan: text,
        rows,
        hosts: hosts_behind(plan, observed, memory),
        vms: if plan.vms.was_running { was_running(plan, observed, memory, from) } else { Vec::new() },
    }
}

/// The engine's host behind each host of the plan. One that an open transition knows already stays the one that it knew.
fn hosts_behind(plan: &Plan, observed: &Observed, memory: &Memory) -> BTreeMap<String, HostId> {
    let hosts = observed.hosts.seen().map(Vec::as_slice).unwrap_or_default();
    let none = BTreeMap::new();
    let known = memory.transition.as_ref().map_or(&none, |transition| &transition.hosts);
    let names = plan.sites.values().flat_map(|site| &site.hosts);
    let behind = HostsBehind::new(hosts, known);
    names.filter_map(|name| Some((name.clone(), behind.find(name)?.id.clone()))).collect()
}

/// The site that a first failover leaves, when none was ever accepted: the other one, if there are just two.
pub fn site_left<'a>(plan: &'a Plan, memory: &'a Memory) -> Option<&'a str> {
    let mut others = plan.sites.keys().filter(|site| **site != plan.active_site);
    match (&memory.accepted, others.next(), others.next()) {
        (Some(accepted), _, _) => Some(accepted),
        (None, Some(other), None) => Some(&other.0),
        (None, _, _) => None,
    }
}

/// What ran on hosts of a site when it was lost: last seen running there while the host was up, and what is `unknown` there now. The engine's
/// own fencing may have set some down before anybody flipped. What an unfinished transition was to bring up there belongs to it too.
fn was_running(plan: &Plan, observed: &Observed, memory: &Memory, from: &str) -> Vec<FrozenVm> {
    let Some(site) = plan.sites.get(&SiteName(from.to_owned())) else { return Vec::new() };
    let names: HashSet<&str> = site.hosts.iter().map(String::as_str).collect();
    let hosts = observed.hosts.seen().map(Vec::as_slice).unwrap_or_default();
    let lost: HashSet<&HostId> =
        hosts.iter().filter(|host| names.contains(host.name.as_str())).map(|host| &host.id).collect();
    let vms = observed.vms.seen().map(|vms| vms.as_slice()).unwrap_or_default();
    let ran = |vm: &crate::Vm| memory.ran.get(&vm.id).is_some_and(|ran| lost.contains(&ran.host));
    let there = |vm: &crate::Vm| {
        vm.host.as_ref().is_some_and(|host| lost.contains(host)) && (vm.status.runs() || vm.status == VmStatus::Unknown)
    };
    let unfinished = memory.transition.iter().filter(|transition| !transition.cancelled && transition.to == from);
    let carried: HashSet<&VmId> = unfinished.flat_map(|transition| &transition.vms).map(|vm| &vm.id).collect();
    let chosen = vms.iter().filter(|vm| ran(vm) || there(vm) || carried.contains(&vm.id));
    let mut frozen: Vec<FrozenVm> = chosen
        .map(|vm| FrozenVm { id: vm.id.clone(), name: vm.name.clone(), ha: vm.ha, priority: vm.priority })
        .collect();
    // Not listed is not gone: it is waited for, started when it is listed again, and named in the end if it never is.
    let listed: HashSet<&VmId> = vms.iter().map(|vm| &vm.id).collect();
    let unlisted = memory.ran.values().filter(|ran| lost.contains(&ran.host) && !listed.contains(&ran.id));
    frozen.extend(unlisted.map(|ran| FrozenVm { id: ran.id.clone(), name: ran.name.clone(), ha: false, priority: 0 }));
    frozen
}

/// What changed about who runs where, to be journalled in calm times.
pub fn ran_changes(observed: &Observed, memory: &Memory) -> Option<Entry> {
    let (hosts, vms) = (observed.hosts.seen()?, observed.vms.seen()?);
    let up: HashSet<&HostId> = hosts.iter().filter(|host| host.status == HostStatus::Up).map(|host| &host.id).collect();
    let mut running = Vec::new();
    let mut stopped: Vec<VmId> = Vec::new();
    let mut present = HashSet::default();
    for vm in vms.iter() {
        present.insert(&vm.id);
        let known = memory.ran.get(&vm.id);
        match &vm.host {
            Some(host) if vm.status.runs() && up.contains(host) => {
                if known.is_none_or(|known| known.host != *host) {
                    running.push(RanVm { id: vm.id.clone(), name: vm.name.clone(), host: host.clone() });
                }
            }
            // Stopped while its host was up: somebody wanted that. Stopped with its host: it still counts as running.
            _ if vm.status == VmStatus::Down && known.is_some_and(|known| up.contains(&known.host)) => {
                stopped.push(vm.id.clone());
            }
            Some(_) | None => {}
        }
    }
    // Not listed while its host was up: it was removed. Not listed when its host is lost proves nothing.
    let removed = memory.ran.iter().filter(|(id, ran)| !present.contains(id) && up.contains(&ran.host));
    stopped.extend(removed.map(|(id, _)| id.clone()));
    (!running.is_empty() || !stopped.is_empty()).then_some(Entry::Ran { running, stopped })
}
