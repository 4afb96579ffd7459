//! What a plan alone lets one imagine: its world in calm times, everything as the plan says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dr_core::{
    Cluster, ClusterId, Connection, DataCenter, DataCenterId, DataCenterStatus, Details, Domain, EngineIdentity, Host,
    HostId, HostStatus, Memory, Observed, Read, Spm, Time, Vm, VmStatus,
};
use dr_plan::{Plan, SiteName, StorageEntry, StorageKind, VDSM_PORT};

/// Virtual machines on each host of the active site.
const VMS_PER_HOST: usize = 2;

/// How long all has been as it is: a host only just in maintenance would be waited for.
const CALM_SINCE: Duration = Duration::from_secs(3600);

/// One data center with one cluster, in which all hosts of the plan are: those of the active site `up` with virtual machines, the others in
/// maintenance. A data domain behind each storage entry, at the active site. The plan was accepted. Ids are names.
pub fn calm_world(plan: &Plan, now: Time) -> (Observed, Memory) {
    let (data_center, cluster) = (DataCenterId::from("dr-dc"), ClusterId::from("dr-cluster"));
    let active = &plan.active_site;
    let since = Time(now.0.saturating_sub(u64::try_from(CALM_SINCE.as_millis()).unwrap_or(u64::MAX)));
    let mut hosts = Vec::new();
    let mut vms = Vec::new();
    for (number, (site, of_site)) in plan.sites.iter().enumerate() {
        for (index, name) in of_site.hosts.iter().enumerate() {
            let is_active = site == active;
            let placed = if is_active { VMS_PER_HOST } else { 0 };
            let id = HostId::from(name.as_str());
            hosts.push(Host {
                id: id.clone(),
                name: name.clone(),
                address: format!("198.51.{number}.{}", index + 1),
                port: VDSM_PORT,
                cluster: cluster.clone(),
                status: if is_active { HostStatus::Up } else { HostStatus::Maintenance },
                since,
                detail: None,
                spm: if is_active && index == 0 { Spm::Spm } else { Spm::None },
                may_be_spm: Some(since),
                power_management: true,
                vms: u32::try_from(placed).unwrap_or(u32::MAX),
            });
            for _ in 0..placed {
                let name = format!("vm{}", vms.len() + 1);
                vms.push(Vm {
                    id: name.as_str().into(),
                    name,
                    status: VmStatus::Up,
                    host: Some(id.clone()),
                    cluster: cluster.clone(),
                    ha: false,
                    priority: 1,
                });
            }
        }
    }
    let (mut domains, mut connections) = (Vec::new(), Vec::new());
    for entry in &plan.storage {
        let (name, storage_type, rows) = at(entry, active);
        domains.push(Domain {
            id: name.as_str().into(),
            name,
            data_center: data_center.clone(),
            data: true,
            storage_type: storage_type.clone(),
            status: "active".to_owned(),
            behind: rows.clone(),
        });
        connections.extend(rows.into_iter().enumerate().map(|(index, details)| {
            let id = entry.id.clone().unwrap_or_else(|| format!("{}/{index}", entry.name));
            Connection { id: id.as_str().into(), storage_type: storage_type.clone(), details }
        }));
    }
    let observed = Observed {
        at: now,
        engine: Read::Seen(EngineIdentity { instance_id: "the one engine".to_owned(), event_id: Some(1) }),
        hosts: Read::Seen(hosts),
        clusters: Read::Seen(vec![Cluster {
            id: cluster,
            name: "dr-cluster".to_owned(),
            data_center: Some(data_center.clone()),
            fencing_policy: "{\"enabled\":\"true\"}".to_owned(),
            fencing: true,
        }]),
        data_centers: Read::Seen(vec![DataCenter {
            id: data_center,
            name: "dr-dc".to_owned(),
            status: DataCenterStatus::Up,
            since,
        }]),
        domains: Read::Seen(domains),
        connections: Read::Seen(connections),
        vms: Read::Seen(Arc::new(vms)),
        owed_tags: Read::Seen(Vec::new()),
        left_out: BTreeMap::new(),
        probes: BTreeMap::new(),
    };
    (observed, Memory { accepted: Some(active.0.clone()), seen: Some(active.0.clone()), ..Memory::default() })
}

/// An entry's domain, storage type and rows while `site` is active.
fn at(entry: &StorageEntry, site: &SiteName) -> (String, String, Vec<Details>) {
    let name = entry.name.clone();
    match &entry.kind {
        StorageKind::File { storage_type, at } => {
            let rows = at.at(site).map(|v| Details::File { address: v.address.clone(), path: v.path.clone() });
            (name, storage_type.to_string(), rows.into_iter().collect())
        }
        StorageKind::Iscsi { at } => {
            let target = at.at(site);
            let portals = target.into_iter().flat_map(|v| v.portals.iter().map(|portal| (portal, v.target.clone())));
            let rows = portals.map(|(portal, target)| Details::Iscsi {
                address: portal.address.clone(),
                port: portal.port,
                target,
            });
            (name, "iscsi".to_owned(), rows.collect())
        }
        StorageKind::Fcp { domain } => (domain.clone(), "fcp".to_owned(), Vec::new()),
    }
}
