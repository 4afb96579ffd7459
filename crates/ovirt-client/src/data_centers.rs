//! `/datacenters`: their status, and the storage domains attached to them with their real status.

use serde::Deserialize;

use crate::ids::{DataCenterId, StorageDomainId};
use crate::read::{self, Listing};
use crate::request::{Action, Request, segment};
use crate::storage::StorageDomain;
use crate::words::DataCenterStatus;

/// `GET /datacenters`.
pub fn list() -> Request<Listing<DataCenter>> {
    Request::get_list("datacenters", "data_center")
}

/// `GET /datacenters/{id}`.
pub fn get(id: &DataCenterId) -> Request<DataCenter> {
    Request::get_one(path(id))
}

/// `GET /datacenters/{id}/storagedomains`: the only place where a domain's real status is shown.
pub fn storage_domains(id: &DataCenterId) -> Request<Listing<StorageDomain>> {
    Request::get_list(format!("{}/storagedomains", path(id)), "storage_domain")
}

/// `POST /datacenters/{id}/storagedomains/{id}/activate`: connects the domain on all hosts that are up, inside the call.
pub fn activate_storage_domain(id: &DataCenterId, domain: &StorageDomainId) -> Request<Action> {
    Request::action(format!("{}/storagedomains/{}/activate", path(id), segment(domain.as_str())))
}

/// `POST /datacenters/{id}/storagedomains/{id}/deactivate`: answers `complete` long before the domain is in maintenance.
pub fn deactivate_storage_domain(id: &DataCenterId, domain: &StorageDomainId) -> Request<Action> {
    Request::action(format!("{}/storagedomains/{}/deactivate", path(id), segment(domain.as_str())))
}

/// A data center.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DataCenter {
    /// Its id.
    pub id: DataCenterId,
    /// Its name.
    #[serde(deserialize_with = "read::required_text")]
    pub name: String,
    /// Its status.
    pub status: DataCenterStatus,
    /// Format of its storage domains, `v5` for one; absent until the first is attached.
    #[serde(default, deserialize_with = "read::text")]
    pub storage_format: Option<String>,
    /// Whether its storage is local to one host.
    #[serde(default, deserialize_with = "read::flag")]
    pub local: Option<bool>,
}

fn path(id: &DataCenterId) -> String {
    format!("datacenters/{}", segment(id.as_str()))
}
