//! `/storagedomains` and `/storageconnections`.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::ids::{DataCenterId, DiskId, StorageConnectionId, StorageDomainId};
use crate::read::{self, Listing};
use crate::request::{Deleted, Request, segment};
use crate::words::{ExternalStatus, StorageDomainStatus, StorageDomainType, StorageType};

/// `GET /storagedomains`. The status shown here is only ever `unattached` or absent; ask the data center for the real one.
pub fn list_domains() -> Request<Listing<StorageDomain>> {
    Request::get_list("storagedomains", "storage_domain")
}

/// `GET /storagedomains/{id}`.
pub fn get_domain(id: &StorageDomainId) -> Request<StorageDomain> {
    Request::get_one(format!("storagedomains/{}", segment(id.as_str())))
}

/// `GET /storagedomains/{id}/storageconnections`: the rows behind a domain.
///
/// Empty for Fibre Channel, but also, with 200, for a domain that does not exist.
pub fn connections_of_domain(id: &StorageDomainId) -> Request<Listing<StorageConnection>> {
    Request::get_list(format!("storagedomains/{}/storageconnections", segment(id.as_str())), "storage_connection")
}

/// `GET /storageconnections`: all rows of the engine.
pub fn list_connections() -> Request<Listing<StorageConnection>> {
    Request::get_list("storageconnections", "storage_connection")
}

/// `GET /storageconnections/{id}`.
pub fn get_connection(id: &StorageConnectionId) -> Request<StorageConnection> {
    Request::get_one(connection_path(id))
}

/// `PUT /storageconnections/{id}?force=true`: repoints the row, answered by the row as it is now.
///
/// `force` lets it pass while the domain is `unknown` or even active, so the caller must know that no host uses it: connected
/// hosts are not told and go on writing to the old place. The body never names a `host`, which would throw the domain into maintenance.
pub fn repoint_connection(id: &StorageConnectionId, to: &ConnectionPlace) -> Request<StorageConnection> {
    Request::put(connection_path(id), to.body()).with_query("force", "true")
}

/// `DELETE /storageconnections/{id}`; refused while a domain or disk uses it.
pub fn delete_connection(id: &StorageConnectionId) -> Request<Deleted> {
    Request::delete(connection_path(id))
}

/// Where a storage connection points, always complete: the engine's merging of halves loses or garbles the other half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionPlace {
    /// NFS, POSIX or Gluster.
    File {
        /// Host name or IP address, IPv6 in brackets; a few POSIX file systems have none.
        address: Option<String>,
        /// Path there.
        path: String,
    },
    /// iSCSI.
    Iscsi {
        /// Portal address.
        address: String,
        /// Portal port, 3260 as a rule.
        port: u16,
        /// Target IQN.
        target: String,
    },
}

impl ConnectionPlace {
    fn body(&self) -> Value {
        let mut body = Map::new();
        let mut put = |name: &str, value: &str| body.insert(name.to_owned(), Value::String(value.to_owned()));
        match self {
            Self::File { address, path } => {
                if let Some(address) = address {
                    put("address", address);
                }
                put("path", path);
            }
            Self::Iscsi { address, port, target } => {
                put("address", address);
                put("port", &port.to_string());
                put("target", target);
            }
        }
        Value::Object(body)
    }
}

/// A storage connection: one row that tells hosts where a domain or direct LUN is. Passwords are never returned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StorageConnection {
    /// Its id.
    pub id: StorageConnectionId,
    /// Its type.
    #[serde(rename = "type")]
    pub storage_type: StorageType,
    /// Server, or iSCSI portal address.
    #[serde(default, deserialize_with = "read::text")]
    pub address: Option<String>,
    /// Path on the server.
    #[serde(default, deserialize_with = "read::text")]
    pub path: Option<String>,
    /// iSCSI portal port.
    #[serde(default, deserialize_with = "read::number")]
    pub port: Option<u16>,
    /// iSCSI target IQN.
    #[serde(default, deserialize_with = "read::text")]
    pub target: Option<String>,
    /// iSCSI portal group; taken, but not returned by the engines seen.
    #[serde(default, deserialize_with = "read::text")]
    pub portal: Option<String>,
    /// iSCSI user.
    #[serde(default, deserialize_with = "read::text")]
    pub username: Option<String>,
    /// File system type of a POSIX mount, `ceph` for one.
    #[serde(default, deserialize_with = "read::text")]
    pub vfs_type: Option<String>,
    /// Extra mount options.
    #[serde(default, deserialize_with = "read::text")]
    pub mount_options: Option<String>,
    /// NFS version, `auto` or `v4_1` for instance.
    #[serde(default, deserialize_with = "read::text")]
    pub nfs_version: Option<String>,
    /// NFS retransmissions.
    #[serde(default, deserialize_with = "read::number")]
    pub nfs_retrans: Option<u32>,
    /// NFS timeout in tenths of a second.
    #[serde(default, deserialize_with = "read::number")]
    pub nfs_timeo: Option<u32>,
}

impl StorageConnection {
    /// Where it points, if its members make a complete place.
    pub fn place(&self) -> Option<ConnectionPlace> {
        if self.storage_type == StorageType::Iscsi {
            return Some(ConnectionPlace::Iscsi {
                address: self.address.clone()?,
                port: self.port?,
                target: self.target.clone()?,
            });
        }
        Some(ConnectionPlace::File { address: self.address.clone(), path: self.path.clone()? })
    }
}

/// A storage domain, alone or attached to a data center.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StorageDomain {
    /// Its id.
    pub id: StorageDomainId,
    /// Its name.
    #[serde(deserialize_with = "read::required_text")]
    pub name: String,
    /// Its type; absent for managed block storage.
    #[serde(default, rename = "type")]
    pub domain_type: Option<StorageDomainType>,
    /// Whether it is the master of its data center.
    #[serde(default, deserialize_with = "read::flag")]
    pub master: Option<bool>,
    /// Its status; real only when read under a data center, and absent there while uninitialized.
    #[serde(default)]
    pub status: Option<StorageDomainStatus>,
    /// Set by outside tools.
    #[serde(default)]
    pub external_status: Option<ExternalStatus>,
    /// What it lies on.
    #[serde(default)]
    pub storage: Option<DomainStorage>,
    /// The data centers it is attached to; more than one only for ISO and export domains.
    #[serde(default, deserialize_with = "data_centers")]
    pub data_centers: Vec<DataCenterId>,
    /// Free space in bytes; absent when unknown.
    #[serde(default, deserialize_with = "read::number")]
    pub available: Option<u64>,
    /// Used space in bytes; absent when unknown.
    #[serde(default, deserialize_with = "read::number")]
    pub used: Option<u64>,
}

/// `storage` of a domain.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DomainStorage {
    /// Its type.
    #[serde(default, rename = "type")]
    pub storage_type: Option<StorageType>,
    /// Server of a file domain.
    #[serde(default, deserialize_with = "read::text")]
    pub address: Option<String>,
    /// Path of a file domain.
    #[serde(default, deserialize_with = "read::text")]
    pub path: Option<String>,
    /// File system type of a POSIX domain.
    #[serde(default, deserialize_with = "read::text")]
    pub vfs_type: Option<String>,
    /// Extra mount options.
    #[serde(default, deserialize_with = "read::text")]
    pub mount_options: Option<String>,
    /// NFS version.
    #[serde(default, deserialize_with = "read::text")]
    pub nfs_version: Option<String>,
    /// Volume group of a block domain.
    #[serde(default)]
    pub volume_group: Option<VolumeGroup>,
}

/// Volume group of a block domain.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct VolumeGroup {
    /// Its id.
    #[serde(default, deserialize_with = "read::text")]
    pub id: Option<String>,
    /// Its LUNs: one entry for each LUN and connection with iSCSI, one for each LUN with Fibre Channel.
    #[serde(default, deserialize_with = "logical_units")]
    pub logical_units: Vec<LogicalUnit>,
}

/// A LUN, or one way to it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LogicalUnit {
    /// World-wide id of the LUN; a replica often has another.
    #[serde(default, deserialize_with = "read::text")]
    pub id: Option<String>,
    /// Portal address.
    #[serde(default, deserialize_with = "read::text")]
    pub address: Option<String>,
    /// Portal port.
    #[serde(default, deserialize_with = "read::number")]
    pub port: Option<u16>,
    /// Target IQN.
    #[serde(default, deserialize_with = "read::text")]
    pub target: Option<String>,
    /// `address:port,group`, another format than a connection's `portal`.
    #[serde(default, deserialize_with = "read::text")]
    pub portal: Option<String>,
    /// Size in bytes.
    #[serde(default, deserialize_with = "read::number")]
    pub size: Option<u64>,
    /// Paths the host sees.
    #[serde(default, deserialize_with = "read::number")]
    pub paths: Option<u32>,
    /// The domain that uses it.
    #[serde(default, deserialize_with = "read::text")]
    pub storage_domain_id: Option<String>,
    /// The volume group that it belongs to.
    #[serde(default, deserialize_with = "read::text")]
    pub volume_group_id: Option<String>,
    /// The direct-LUN disk that uses it.
    #[serde(default, deserialize_with = "disk_id")]
    pub disk_id: Option<DiskId>,
}

pub(crate) fn logical_units<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<LogicalUnit>, D::Error> {
    read::nested(deserializer, "logical_unit").map(Option::unwrap_or_default)
}

fn data_centers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DataCenterId>, D::Error> {
    read::nested_links(deserializer, "data_center")
}

fn disk_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DiskId>, D::Error> {
    read::text(deserializer).map(|id| id.map(DiskId::from))
}

fn connection_path(id: &StorageConnectionId) -> String {
    format!("storageconnections/{}", segment(id.as_str()))
}
