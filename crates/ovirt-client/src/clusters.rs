//! `/clusters`: membership and the fencing policy.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::ids::{ClusterId, DataCenterId};
use crate::read::{self, Listing};
use crate::request::{Request, segment};

/// `GET /clusters`.
pub fn list() -> Request<Listing<Cluster>> {
    Request::get_list("clusters", "cluster")
}

/// `GET /clusters/{id}`.
pub fn get(id: &ClusterId) -> Request<Cluster> {
    Request::get_one(path(id))
}

/// `PUT /clusters/{id}` with the whole fencing policy: the engine does not merge it, missing members fall back to defaults.
pub fn set_fencing_policy(id: &ClusterId, policy: &FencingPolicy) -> Request<Cluster> {
    Request::put(path(id), json!({ "fencing_policy": policy.as_value() }))
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Cluster {
    /// Its id.
    pub id: ClusterId,
    /// Its name.
    #[serde(deserialize_with = "read::required_text")]
    pub name: String,
    /// Its data center, if it is in one.
    #[serde(default, deserialize_with = "read::link")]
    pub data_center: Option<DataCenterId>,
    /// Its fencing policy.
    #[serde(default)]
    pub fencing_policy: Option<FencingPolicy>,
}

/// A cluster's fencing policy, kept complete as the engine gave it, because only a complete one may be put back.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct FencingPolicy {
    value: Value,
    #[serde(skip)]
    enabled: bool,
}

impl FencingPolicy {
    /// Takes a policy as it was read before; fails when it is no object or does not say whether it is enabled.
    pub fn from_value(value: Value) -> Result<Self, String> {
        /// The one member this crate reads.
        #[derive(Deserialize)]
        struct Enabled {
            #[serde(default, deserialize_with = "read::flag")]
            enabled: Option<bool>,
        }
        let Enabled { enabled } = Enabled::deserialize(&value).map_err(|problem| problem.to_string())?;
        let enabled = enabled.ok_or("a fencing policy without \"enabled\"")?;
        Ok(Self { value, enabled })
    }

    /// The complete policy.
    pub fn as_value(&self) -> &Value {
        &self.value
    }

    /// Whether the engine treats silent hosts by itself. Off stops all of it; fencing by hand still works.
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// The same policy, complete, with `enabled` changed.
    #[must_use]
    pub fn with_enabled(&self, enabled: bool) -> Self {
        let mut value = self.value.clone();
        if let Value::Object(members) = &mut value {
            members.insert("enabled".to_owned(), Value::String(enabled.to_string()));
        }
        Self { value, enabled }
    }
}

impl<'de> Deserialize<'de> for FencingPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn path(id: &ClusterId) -> String {
    format!("clusters/{}", segment(id.as_str()))
}
