//! `GET /ovirt-engine/api`: who the engine is, its clock, and whether we see everything.

use serde::Deserialize;

use crate::ids::UserId;
use crate::read::{self, EngineTime};
use crate::request::Request;

/// Asks for the root document. It answers 200 even while the engine's database is down, so it proves no health.
pub fn get() -> Request<ApiRoot> {
    Request::get_one("")
}

/// The root document.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ApiRoot {
    /// Name, version and identity of the installation.
    #[serde(default)]
    pub product_info: ProductInfo,
    /// Counters; absent for accounts that see only their own objects, without any number while the engine's database is away.
    #[serde(default)]
    pub summary: Option<Summary>,
    /// The engine's clock.
    #[serde(default)]
    pub time: Option<EngineTime>,
    /// The account that is logged in.
    #[serde(default, deserialize_with = "read::link")]
    pub authenticated_user: Option<UserId>,
}

impl ApiRoot {
    /// Whether this account is known to see all objects: only then does an empty list mean that there are none.
    pub fn sees_everything(&self) -> bool {
        self.summary.as_ref().is_some_and(|summary| summary.hosts.total.is_some())
    }
}

/// `product_info` of the root document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ProductInfo {
    /// Identifies the installation: another id means another engine.
    #[serde(default, deserialize_with = "read::text")]
    pub instance_id: Option<String>,
    /// `oVirt Engine`.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
    /// Its version.
    #[serde(default)]
    pub version: Version,
}

/// A version as the API gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Version {
    /// As people write it, `4.5.8-1.el9`.
    #[serde(default, deserialize_with = "read::text")]
    pub full_version: Option<String>,
    /// First number.
    #[serde(default, deserialize_with = "read::number")]
    pub major: Option<u32>,
    /// Second number.
    #[serde(default, deserialize_with = "read::number")]
    pub minor: Option<u32>,
    /// Third number.
    #[serde(default, deserialize_with = "read::number")]
    pub build: Option<u32>,
    /// Fourth number.
    #[serde(default, deserialize_with = "read::number")]
    pub revision: Option<u32>,
}

/// `summary` of the root document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Summary {
    /// Hosts; active are those up or preparing for maintenance.
    #[serde(default)]
    pub hosts: Count,
    /// Storage domains.
    #[serde(default)]
    pub storage_domains: Count,
    /// Virtual machines; active includes those in `unknown`.
    #[serde(default)]
    pub vms: Count,
}

/// A pair of counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Count {
    /// In use.
    #[serde(default, deserialize_with = "read::number")]
    pub active: Option<u64>,
    /// All.
    #[serde(default, deserialize_with = "read::number")]
    pub total: Option<u64>,
}
