//! The client's types become the core's. A member that every engine sends and this one did not makes its object unreadable.

use dr_core::{
    Cluster, Connection, DataCenter, DataCenterStatus, Details, Domain, Host, HostStatus, OwedTag, Spm, Time, Vm,
    VmStatus,
};
use ovirt_client::{SpmStatus, StorageDomainType, StorageType, clusters, data_centers, hosts, storage, tags, vms};

/// `since`: of its status; `spm_since`: of what [`may_be_spm`] says.
pub(super) fn host(host: &hosts::Host, since: Time, spm_since: Time) -> Result<Host, String> {
    let missing = |what: &str| format!("host {} has no {what}", host.name);
    let cluster = host.cluster.as_ref().ok_or_else(|| missing("cluster"))?;
    let address = host.address.clone().ok_or_else(|| missing("address"))?;
    let spm = host.spm.as_ref().and_then(|spm| spm.status.as_ref()).ok_or_else(|| missing("spm.status"))?;
    let vms = host.summary.as_ref().and_then(|summary| summary.total).ok_or_else(|| missing("summary.total"))?;
    let settings = host.power_management.as_ref().and_then(|settings| settings.enabled);
    let power_management = settings.ok_or_else(|| missing("power_management.enabled"))?;
    Ok(Host {
        id: dr_core::HostId(host.id.as_str().to_owned()),
        name: host.name.clone(),
        address,
        port: host.port.unwrap_or(hosts::DEFAULT_PORT),
        cluster: dr_core::ClusterId(cluster.as_str().to_owned()),
        status: HostStatus::from_word(host.status.as_str()),
        since,
        detail: host.status_detail.clone().filter(|detail| !detail.is_empty()),
        spm: match spm {
            SpmStatus::None => Spm::None,
            SpmStatus::Contending => Spm::Contending,
            // A word we do not know is no word of safety: the host holds the role until the engine says `none`.
            SpmStatus::Spm | SpmStatus::Other(_) => Spm::Spm,
        },
        may_be_spm: may_be_spm(host).then_some(spm_since),
        power_management,
        vms,
    })
}

/// Only a priority that is seen to forbid it speaks against it.
pub(super) fn may_be_spm(host: &hosts::Host) -> bool {
    host.spm.as_ref().and_then(|spm| spm.priority).is_none_or(|priority| priority > -1)
}

pub(super) fn cluster(cluster: clusters::Cluster) -> Result<Cluster, String> {
    let missing = || format!("cluster {} has no fencing_policy", cluster.name);
    let policy = cluster.fencing_policy.ok_or_else(missing)?;
    Ok(Cluster {
        id: dr_core::ClusterId(cluster.id.into()),
        name: cluster.name,
        data_center: cluster.data_center.map(|id| dr_core::DataCenterId(id.into())),
        fencing_policy: policy.as_value().to_string(),
        fencing: policy.enabled(),
    })
}

pub(super) fn data_center(data_center: &data_centers::DataCenter, since: Time) -> DataCenter {
    DataCenter {
        id: dr_core::DataCenterId(data_center.id.as_str().to_owned()),
        name: data_center.name.clone(),
        status: DataCenterStatus::from_word(data_center.status.as_str()),
        since,
    }
}

/// A domain as the list of `data_center` shows it.
pub(super) fn domain(domain: storage::StorageDomain, data_center: &dr_core::DataCenterId) -> Result<Domain, String> {
    let data = match &domain.domain_type {
        // Absent for managed block storage, which holds disks.
        None | Some(StorageDomainType::Data | StorageDomainType::Other(_)) => true,
        Some(
            StorageDomainType::Iso | StorageDomainType::Export | StorageDomainType::Image | StorageDomainType::Volume,
        ) => false,
    };
    let storage = domain.storage;
    let storage_type = storage.as_ref().and_then(|storage| storage.storage_type.as_ref());
    let storage_type = storage_type.map(|word| word.as_str().to_owned()).unwrap_or_default();
    let behind = storage.map_or(Ok(Vec::new()), behind);
    let behind = behind.map_err(|problem| format!("storage domain {}: {problem}", domain.name))?;
    Ok(Domain {
        id: dr_core::DomainId(domain.id.into()),
        name: domain.name,
        data_center: data_center.clone(),
        data,
        storage_type,
        // The engine has no word for a domain that was attached and not yet initialized.
        status: domain.status.map_or_else(|| "uninitialized".to_owned(), |status| status.as_str().to_owned()),
        behind,
    })
}

/// Details of the rows behind a domain: one for file storage, one for each portal and target of iSCSI, none for Fibre Channel.
fn behind(storage: storage::DomainStorage) -> Result<Vec<Details>, String> {
    if let Some(path) = storage.path {
        return Ok(vec![Details::File { address: storage.address.unwrap_or_default(), path }]);
    }
    let units = storage.volume_group.map(|group| group.logical_units).unwrap_or_default();
    let mut rows = Vec::new();
    for unit in units {
        match (unit.address, unit.port, unit.target) {
            (Some(address), Some(port), Some(target)) => rows.push(Details::Iscsi { address, port, target }),
            // A LUN without a row behind it, as all of Fibre Channel: nothing to repoint.
            (None, _, None) => {}
            _ => return Err("one of its logical units has no complete address, port and target".to_owned()),
        }
    }
    // One entry for each LUN and row: the same few rows again and again.
    rows.sort();
    rows.dedup();
    Ok(rows)
}

/// A connection row. None if it does not say where it points: no row of a type that we repoint is like that, and it must match nothing.
pub(super) fn connection(row: storage::StorageConnection) -> Option<Connection> {
    let Some(details) = details(&row) else {
        tracing::debug!(id = row.id.as_str(), "a {} connection does not say where it points", row.storage_type);
        return None;
    };
    Some(Connection {
        id: dr_core::ConnectionId(row.id.into()),
        storage_type: row.storage_type.as_str().to_owned(),
        details,
    })
}

/// Where a row points, if it says so completely.
pub(crate) fn details(row: &storage::StorageConnection) -> Option<Details> {
    if row.storage_type == StorageType::Iscsi {
        return Some(Details::Iscsi { address: row.address.clone()?, port: row.port?, target: row.target.clone()? });
    }
    let path = row.path.clone().filter(|path| !path.is_empty())?;
    Some(Details::File { address: row.address.clone().unwrap_or_default(), path })
}

pub(super) fn vm(vm: vms::Vm) -> Result<Vm, String> {
    let missing = || format!("virtual machine {} has no cluster", vm.name);
    let cluster = vm.cluster.ok_or_else(missing)?;
    Ok(Vm {
        id: dr_core::VmId(vm.id.into()),
        name: vm.name,
        status: VmStatus::from_word(vm.status.as_ref().map(ovirt_client::VmStatus::as_str)),
        host: vm.host.map(|id| dr_core::HostId(id.into())),
        cluster: dr_core::ClusterId(cluster.into()),
        ha: vm.high_availability.and_then(|ha| ha.enabled).unwrap_or(false),
        priority: vm.high_availability.and_then(|ha| ha.priority).unwrap_or(0),
    })
}

/// A tag of ours; none for everybody else's.
pub(super) fn owed_tag(tag: tags::Tag) -> Option<OwedTag> {
    tag.name.starts_with(dr_core::OWED_TAG_PREFIX).then(|| OwedTag::new(tag.name, tag.description.unwrap_or_default()))
}
