//! `/disks`: where a VM's data lies, on a storage domain or directly on LUNs.

use serde::{Deserialize, Deserializer};

use crate::ids::{DiskId, StorageDomainId};
use crate::read::{self, Listing};
use crate::request::{Request, segment};
use crate::storage::{self, LogicalUnit};
use crate::words::{DiskStorageType, StorageType};

/// `GET /disks`.
pub fn list() -> Request<Listing<Disk>> {
    Request::get_list("disks", "disk")
}

/// `GET /disks/{id}`.
pub fn get(id: &DiskId) -> Request<Disk> {
    Request::get_one(format!("disks/{}", segment(id.as_str())))
}

/// A disk.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Disk {
    /// Its id.
    pub id: DiskId,
    /// Its name.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
    /// `ok`, `locked` or `illegal`; absent for direct LUNs.
    #[serde(default, deserialize_with = "read::text")]
    pub status: Option<String>,
    /// Image, LUN or other.
    #[serde(default)]
    pub storage_type: Option<DiskStorageType>,
    /// Whether several VMs may use it.
    #[serde(default, deserialize_with = "read::flag")]
    pub shareable: Option<bool>,
    /// The domains that hold it; none for direct LUNs.
    #[serde(default, deserialize_with = "storage_domains")]
    pub storage_domains: Vec<StorageDomainId>,
    /// The LUN behind a direct-LUN disk.
    #[serde(default)]
    pub lun_storage: Option<LunStorage>,
}

/// `lun_storage` of a direct-LUN disk.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LunStorage {
    /// iSCSI or Fibre Channel.
    #[serde(default, rename = "type")]
    pub storage_type: Option<StorageType>,
    /// The LUN, one entry for each way to it.
    #[serde(default, deserialize_with = "storage::logical_units")]
    pub logical_units: Vec<LogicalUnit>,
}

fn storage_domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<StorageDomainId>, D::Error> {
    read::nested_links(deserializer, "storage_domain")
}
