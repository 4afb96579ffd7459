//! Lines about what the engine shows: hosts, data centers, virtual machines.

use std::collections::BTreeMap;

use dr_core::{DataCenterStatus, Host, HostStatus, Observed, Spm, VmStatus};
use dr_plan::{Plan, SiteName};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::report::Level;

use super::{NAMES_IN_A_LINE, names};

/// What changed between two passes, hosts in the same new status together.
pub(super) fn changes(plan: &Plan, before: &Observed, now: &Observed, open: bool) -> Vec<(Level, String)> {
    let mut lines = hosts(plan, before, now, open);
    lines.extend(data_centers(before, now));
    lines
}

fn hosts(plan: &Plan, before: &Observed, now: &Observed, open: bool) -> Vec<(Level, String)> {
    let (Some(were), Some(are)) = (before.hosts.seen(), now.hosts.seen()) else { return Vec::new() };
    let were: FxHashMap<&str, &Host> = were.iter().map(|host| (host.id.0.as_str(), host)).collect();
    let named: FxHashSet<&str> = plan.sites.values().flat_map(|site| &site.hosts).map(String::as_str).collect();
    let mut by_status: BTreeMap<String, Vec<&Host>> = BTreeMap::new();
    for host in are.iter().filter(|host| named.contains(host.name.as_str())) {
        if were.get(host.id.0.as_str()).is_some_and(|was| was.status != host.status) {
            by_status.entry(host.status.to_string()).or_default().push(host);
        }
    }
    let mut lines = Vec::new();
    for hosts in by_status.values() {
        let mut all: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
        all.sort_unstable();
        let who = names(&all, "hosts");
        match &hosts[0].status {
            HostStatus::Up => lines.push((Level::Info, format!("{who} up"))),
            HostStatus::Maintenance => lines.push((Level::Info, format!("{who} parked in maintenance"))),
            HostStatus::Connecting if open => lines.push((Level::Info, format!("engine sees {who} connecting"))),
            HostStatus::Connecting => lines.push((Level::Warning, format!("engine sees {who} connecting"))),
            HostStatus::NonResponsive => lines.push(non_responsive(plan, now, hosts, &who, open)),
            HostStatus::NonOperational => {
                let detail = hosts[0].detail.as_deref().unwrap_or("no reason given");
                lines.push((Level::Warning, format!("{who} non_operational: {detail}")));
            }
            // Between two statuses: the wait says so if it lasts.
            HostStatus::Unassigned | HostStatus::PreparingForMaintenance | HostStatus::Initializing => {}
            HostStatus::Down
            | HostStatus::Reboot
            | HostStatus::Kdumping
            | HostStatus::Installing
            | HostStatus::Error
            | HostStatus::InstallFailed
            | HostStatus::InstallingOs
            | HostStatus::PendingApproval
            | HostStatus::Other(_) => lines.push((Level::Warning, format!("{who} {}", hosts[0].status))),
        }
    }
    lines
}

fn non_responsive(plan: &Plan, now: &Observed, hosts: &[&Host], who: &str, open: bool) -> (Level, String) {
    let unknown = now.vms.seen().map_or(0, |vms| vms.iter().filter(|vm| vm.status == VmStatus::Unknown).count());
    let vms = match unknown {
        0 => String::new(),
        1 => "; 1 VM unknown".to_owned(),
        n => format!("; {n} VMs unknown"),
    };
    let lost = |site: &SiteName| {
        let all = plan.sites.get(site).map(|site| site.hosts.as_slice()).unwrap_or_default();
        let seen = now.hosts.seen().map(Vec::as_slice).unwrap_or_default();
        let silent =
            |name: &String| seen.iter().any(|host| host.name == *name && host.status == HostStatus::NonResponsive);
        !all.is_empty() && all.iter().all(silent)
    };
    let ours =
        hosts.iter().any(|host| plan.sites.get(&plan.active_site).is_some_and(|site| site.hosts.contains(&host.name)));
    let hint =
        if !open && ours && lost(&plan.active_site) { ". Nothing is done until someone flips active_site" } else { "" };
    (Level::Warning, format!("{who} non_responsive{vms}{hint}"))
}

fn data_centers(before: &Observed, now: &Observed) -> Vec<(Level, String)> {
    let (Some(were), Some(are)) = (before.data_centers.seen(), now.data_centers.seen()) else { return Vec::new() };
    let mut lines = Vec::new();
    for data_center in are {
        let Some(was) = were.iter().find(|was| was.id == data_center.id) else { continue };
        if was.status == data_center.status {
            continue;
        }
        let name = &data_center.name;
        match &data_center.status {
            DataCenterStatus::Up => lines.push((Level::Info, up(name, &data_center.id.0, now))),
            DataCenterStatus::Problematic => {
                let spm = spm(&data_center.id.0, now).filter(|host| host.status != HostStatus::Up);
                let why = spm.map_or_else(String::new, |host| format!(": its SPM {} does not answer", host.name));
                lines.push((Level::Warning, format!("data center {name} is problematic{why}")));
            }
            // It flaps for as long as storage names a dead owner: the wait tells of it.
            DataCenterStatus::Contend => {}
            DataCenterStatus::NotOperational
            | DataCenterStatus::Maintenance
            | DataCenterStatus::Uninitialized
            | DataCenterStatus::Other(_) => {
                lines.push((Level::Warning, format!("data center {name} is {}", data_center.status)));
            }
        }
    }
    lines
}

fn up(name: &str, id: &str, now: &Observed) -> String {
    let spm = spm(id, now).map_or_else(String::new, |host| format!(", SPM {}", host.name));
    let domains = now.domains.seen().map(Vec::as_slice).unwrap_or_default();
    let active = domains.iter().filter(|domain| domain.data_center.0 == id && domain.status == "active");
    let mut active: Vec<&str> = active.map(|domain| domain.name.as_str()).collect();
    active.sort_unstable();
    let domains = match active.len() {
        0 => String::new(),
        1 => format!("; domain {} active", active[0]),
        n if n > NAMES_IN_A_LINE => format!("; {n} domains active"),
        _ => format!("; domains {} active", active.join(", ")),
    };
    format!("data center {name} up{spm}{domains}")
}

fn spm<'a>(data_center: &str, now: &'a Observed) -> Option<&'a Host> {
    let clusters = now.clusters.seen()?;
    let here = |host: &&Host| {
        let of =
            clusters.iter().find(|cluster| cluster.id == host.cluster).and_then(|cluster| cluster.data_center.as_ref());
        of.is_some_and(|of| of.0 == data_center)
    };
    now.hosts.seen()?.iter().filter(here).find(|host| host.spm != Spm::None)
}
