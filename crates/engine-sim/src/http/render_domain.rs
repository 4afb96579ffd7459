//! A storage domain, at the top level and below its data center: the status is shown only in the second place.

use serde_json::{Value, json};

use super::links::{Frame, actions, links, set, word};
use super::render_host::portal_of;
use crate::world::{Connection, DataCenterId, Domain, StorageType};

/// The place a domain is looked at from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// `/storagedomains/{id}`: `status` is `unattached` or absent.
    Top,
    /// `/datacenters/{id}/storagedomains/{id}`.
    DataCenter(DataCenterId),
}

/// A LUN seen through one portal.
pub(crate) struct Lun<'a> {
    pub(crate) id: &'a str,
    pub(crate) portal: Option<(&'a str, u16, &'a str)>,
    pub(crate) product: &'a str,
    pub(crate) domain: String,
    pub(crate) volume_group: &'a str,
}

const TOP_ACTIONS: &[&str] = &["isattached", "updateovfstore", "refreshluns", "reduceluns"];
const TOP_LINKS: &[&str] =
    &["disksnapshots", "diskprofiles", "disks", "storageconnections", "permissions", "templates", "vms"];
const ATTACHED_ACTIONS: &[&str] = &["activate", "deactivate"];
const GIB: u64 = 1 << 30;

/// The whole domain. `connections` are the rows behind it, `committed` the size of its disks in bytes.
pub(crate) fn domain(
    frame: &Frame,
    domain: &Domain,
    place: Place,
    connections: &[&Connection],
    committed: u64,
) -> Value {
    let mut tree = json!({});
    set(&mut tree, "available", domain.available.map(word));
    tree["backup"] = json!("false");
    tree["block_size"] = json!("512");
    tree["committed"] = word(committed / GIB * GIB);
    tree["critical_space_action_blocker"] = json!("5");
    tree["discard_after_delete"] = json!("false");
    tree["external_status"] = json!("ok");
    tree["master"] = word(domain.master);
    let status = match (place, &domain.attached) {
        (Place::Top, None) => Some("unattached"),
        (Place::Top, Some(_)) | (Place::DataCenter(_), None) => None,
        (Place::DataCenter(_), Some(attachment)) => Some(attachment.status.as_str()),
    };
    set(&mut tree, "status", status.map(Value::from));
    tree["storage"] = storage(domain, connections);
    tree["storage_format"] = json!("v5");
    tree["supports_discard"] = json!("false");
    tree["supports_discard_zeroes_data"] = json!("false");
    tree["type"] = json!(domain.kind.as_str());
    set(&mut tree, "used", domain.used.map(word));
    tree["warning_low_space_indicator"] = json!("10");
    tree["wipe_after_delete"] = json!("false");
    if let Some(attachment) = &domain.attached {
        let data_center = frame.reference("datacenters", attachment.data_center);
        if matches!(place, Place::DataCenter(_)) {
            tree["data_center"] = data_center.clone();
        }
        tree["data_centers"] = json!({"data_center": [data_center]});
    }
    let href = href(frame, domain, place);
    match place {
        Place::Top => tree["actions"] = actions(&href, TOP_ACTIONS),
        Place::DataCenter(_) => tree["actions"] = actions(&href, ATTACHED_ACTIONS),
    }
    tree["name"] = json!(domain.name);
    tree["description"] = json!("");
    tree["comment"] = json!("");
    match place {
        Place::Top => tree["link"] = links(&href, TOP_LINKS),
        Place::DataCenter(_) => tree["link"] = links(&href, &["disks"]),
    }
    tree["href"] = json!(href);
    tree["id"] = json!(domain.id.to_string());
    tree
}

/// What an action answer shows of its domain.
pub(crate) fn domain_of_action(frame: &Frame, domain: &Domain, data_center: DataCenterId) -> Value {
    let href = href(frame, domain, Place::DataCenter(data_center));
    let data_center = frame.reference("datacenters", data_center);
    json!({
        "data_center": data_center,
        "data_centers": {"data_center": [data_center]},
        "actions": actions(&href, ATTACHED_ACTIONS),
        "link": links(&href, &["disks"]),
        "href": href,
        "id": domain.id.to_string(),
    })
}

/// The LUN of a block domain, once a portal (once without a portal for FC).
pub(crate) fn luns<'a>(domain: &'a Domain, connections: &[&'a Connection]) -> Vec<Lun<'a>> {
    let Some(id) = domain.lun.as_deref() else { return Vec::new() };
    let lun = |portal| Lun {
        id,
        portal,
        product: &domain.name,
        domain: domain.id.to_string(),
        volume_group: domain.volume_group.as_deref().unwrap_or_default(),
    };
    match domain.storage {
        StorageType::Fcp => vec![lun(None)],
        StorageType::Iscsi => connections.iter().map(|connection| lun(portal_of(connection))).collect(),
        StorageType::Nfs | StorageType::Posixfs | StorageType::Glusterfs | StorageType::Localfs => Vec::new(),
    }
}

pub(crate) fn logical_unit(lun: &Lun<'_>) -> Value {
    let mut unit = json!({"active_paths": "0"});
    if let Some((address, port, target)) = lun.portal {
        unit["address"] = json!(address);
        unit["port"] = word(port);
        unit["portal"] = json!(format!("{address}:{port},1"));
        unit["target"] = json!(target);
    }
    unit["discard_max_size"] = json!("0");
    unit["discard_zeroes_data"] = json!("false");
    unit["lun_mapping"] = json!("1");
    unit["paths"] = json!("0");
    unit["product_id"] = json!(lun.product);
    unit["serial"] = json!(lun.id);
    unit["size"] = json!("1073741824000");
    unit["storage_domain_id"] = json!(lun.domain);
    unit["vendor_id"] = json!("LIO-ORG");
    unit["volume_group_id"] = json!(lun.volume_group);
    unit["id"] = json!(lun.id);
    unit
}

fn storage(domain: &Domain, connections: &[&Connection]) -> Value {
    match domain.storage {
        StorageType::Iscsi | StorageType::Fcp => {
            let units: Vec<Value> = luns(domain, connections).iter().map(logical_unit).collect();
            json!({
                "type": domain.storage.as_str(),
                "volume_group": {"logical_units": {"logical_unit": units}, "id": domain.volume_group},
            })
        }
        StorageType::Nfs | StorageType::Posixfs | StorageType::Glusterfs | StorageType::Localfs => {
            let mut tree = connections.first().map_or_else(|| json!({}), |row| super::render_connection::details(row));
            tree["type"] = json!(domain.storage.as_str());
            tree
        }
    }
}

fn href(frame: &Frame, domain: &Domain, place: Place) -> String {
    match place {
        Place::Top => frame.href("storagedomains", domain.id),
        Place::DataCenter(data_center) => {
            format!("{}/storagedomains/{}", frame.href("datacenters", data_center), domain.id)
        }
    }
}
