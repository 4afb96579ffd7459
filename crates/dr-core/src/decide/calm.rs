//! Calm times: drift is reported and never corrected, since an administrator may be patching a host.

use std::collections::{BTreeMap, BTreeSet};

use dr_plan::{Plan, SiteName};

use crate::hash::{HashMap, HashSet};
use crate::{
    ClusterId, DataCenterId, DataCenterStatus, Decision, Host, HostStatus, Life, Memory, Observed, Refusal,
    resolve_rows,
};

/// Reports what differs from the accepted site, and what would stand in the way of a failover.
pub(crate) fn report(plan: &Plan, observed: &Observed, memory: &Memory, decision: &mut Decision) {
    decision.refusals.extend(super::engine::unknown_debts(&plan.name, observed, memory));
    super::engine::is_another(observed, memory, decision);
    let Some(accepted) = &memory.accepted else { return };
    decision.drift = differences(plan, observed, accepted);
    decision.drift.extend(obstacles(plan, observed, accepted));
}

/// Where the engine differs from the plan with `active` as its active site: what makes a plan match the world, or drift from it.
pub(crate) fn differences(plan: &Plan, observed: &Observed, active: &str) -> Vec<String> {
    let mut differences = Vec::new();
    let site = SiteName(active.to_owned());
    if let Some(hosts) = observed.hosts.seen() {
        let by_name: HashMap<&str, &Host> = hosts.iter().map(|host| (host.name.as_str(), host)).collect();
        for (name, of) in &plan.sites {
            for host in &of.hosts {
                let Some(found) = by_name.get(host.as_str()) else {
                    differences.push(format!("host {host} does not exist in the engine"));
                    continue;
                };
                if *name == site && found.status != HostStatus::Up {
                    differences.push(format!("host {host} of {name} is {}, the plan wants it up", found.status));
                } else if *name != site && found.status.life() != Life::Lost {
                    differences.push(format!(
                        "standby host {host} of {name} is {}, the plan wants it in maintenance",
                        found.status
                    ));
                }
            }
        }
    }
    if let Some(connections) = observed.connections.seen() {
        let (rows, problems) = resolve_rows(plan, connections, &BTreeMap::new());
        differences.extend(problems.iter().map(ToString::to_string));
        for row in rows {
            match row.at(&site) {
                Some(wanted) if *wanted != row.connection.details => {
                    differences.push(format!(
                        "connection {} is {}, the plan wants {wanted}",
                        row.name, row.connection.details
                    ));
                }
                Some(_) => {}
                None => differences.push(format!("connection {} has no value at {site}", row.name)),
            }
        }
    }
    differences
}

/// What would stand in the way of a failover: said in calm times so that it is no surprise.
fn obstacles(plan: &Plan, observed: &Observed, active: &str) -> Vec<String> {
    let (Some(hosts), Some(clusters)) = (observed.hosts.seen(), observed.clusters.seen()) else { return Vec::new() };
    let data_center_of: HashMap<&ClusterId, &DataCenterId> =
        clusters.iter().filter_map(|cluster| Some((&cluster.id, cluster.data_center.as_ref()?))).collect();
    let named: HashSet<&str> = plan.sites.values().flat_map(|site| &site.hosts).map(String::as_str).collect();
    let ours = hosts.iter().filter(|host| named.contains(host.name.as_str()));
    let affected: BTreeSet<&DataCenterId> =
        ours.filter_map(|host| data_center_of.get(&host.cluster).copied()).collect();
    let mut obstacles = Vec::new();
    for host in hosts.iter().filter(|host| !named.contains(host.name.as_str()) && host.status.life() == Life::Alive) {
        if data_center_of.get(&host.cluster).is_some_and(|dc| affected.contains(dc)) {
            obstacles
                .push(format!("host {} is {} and not in the plan: it would refuse a failover", host.name, host.status));
        }
    }
    if let Some(domains) = observed.domains.seen() {
        for domain in crate::scene::uncovered(plan, domains, &affected, &[]) {
            obstacles
                .push(format!("storage domain {} has no replica in the plan: it would refuse a failover", domain.name));
        }
    }
    for data_center in observed.data_centers.seen().into_iter().flatten() {
        if affected.contains(&data_center.id) && data_center.status != DataCenterStatus::Up {
            obstacles.push(format!("data center {} is {}", data_center.name, data_center.status));
        }
    }
    obstacles.extend(without_spm(plan, observed, active, hosts, &data_center_of));
    obstacles
}

/// Standby sites of which no host may become SPM of a data center.
fn without_spm(
    plan: &Plan,
    observed: &Observed,
    active: &str,
    hosts: &[Host],
    data_center_of: &HashMap<&ClusterId, &DataCenterId>,
) -> Vec<String> {
    if hosts.iter().all(|host| host.may_be_spm.is_some()) {
        return Vec::new();
    }
    let standby = plan.sites.iter().filter(|(site, _)| site.0 != active);
    let site_of: HashMap<&str, &SiteName> =
        standby.flat_map(|(site, of)| of.hosts.iter().map(move |host| (host.as_str(), site))).collect();
    let mut there: BTreeMap<(&SiteName, &DataCenterId), Vec<&Host>> = BTreeMap::new();
    for host in hosts {
        if let (Some(site), Some(data_center)) = (site_of.get(host.name.as_str()), data_center_of.get(&host.cluster)) {
            there.entry((site, data_center)).or_default().push(host);
        }
    }
    let without = there.into_iter().filter(|(_, hosts)| hosts.iter().all(|host| host.may_be_spm.is_none()));
    let said = without.map(|((site, id), hosts)| {
        let data_center = observed.data_centers.seen().into_iter().flatten().find(|dc| dc.id == *id);
        let data_center = data_center.map_or_else(|| id.0.clone(), |dc| dc.name.clone());
        let hosts = hosts.iter().map(|host| host.name.clone()).collect();
        Refusal::NoHostMayBeSpm { site: site.0.clone(), data_center, hosts }.to_string()
    });
    said.collect()
}
