//! `/events`: what happened, newest first. No reliable signal of state: events are suppressed, merged and late.

use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::ids::{ClusterId, DataCenterId, HostId, StorageDomainId, VmId};
use crate::read::{self, EngineTime, Listing};
use crate::request::Request;
use crate::words::Severity;

/// `GET /events?max=N`: the newest.
pub fn newest(max: u32) -> Request<Listing<Event>> {
    Request::get_list("events", "event").with_query("max", max.to_string())
}

/// `GET /events?from=ID`: those with a greater id. An id can become visible after a greater one: overlap and drop what is known.
pub fn after(id: u64) -> Request<Listing<Event>> {
    Request::get_list("events", "event").with_query("from", id.to_string())
}

/// `POST /events`: writes a line of our own into the engine's log, as code 9801 to 9804 by severity.
pub fn add(origin: &str, severity: &Severity, custom_id: u32, description: &str) -> Request<Event> {
    Request::post(
        "events",
        json!({
            "origin": origin,
            "severity": severity.as_str(),
            "custom_id": custom_id.to_string(),
            "description": description,
        }),
    )
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// Its id, a number that grows; a smaller one than last time means that the engine was restored from a backup.
    #[serde(deserialize_with = "event_id")]
    pub id: u64,
    /// What kind of event; stable between versions, unlike the text.
    #[serde(default, deserialize_with = "read::number")]
    pub code: Option<u32>,
    /// How bad it is.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// When.
    #[serde(default)]
    pub time: Option<EngineTime>,
    /// English text.
    #[serde(default, deserialize_with = "read::text")]
    pub description: Option<String>,
    /// The correlation id of the request that caused it.
    #[serde(default, deserialize_with = "read::text")]
    pub correlation_id: Option<String>,
    /// Who wrote it, `oVirt` for the engine itself.
    #[serde(default, deserialize_with = "read::text")]
    pub origin: Option<String>,
    /// The host it is about; `None` too when the engine names one without its id, as it does in some lines about the SPM.
    #[serde(default, deserialize_with = "read::link_if_known")]
    pub host: Option<HostId>,
    /// The VM it is about.
    #[serde(default, deserialize_with = "read::link_if_known")]
    pub vm: Option<VmId>,
    /// The cluster it is about.
    #[serde(default, deserialize_with = "read::link_if_known")]
    pub cluster: Option<ClusterId>,
    /// The data center it is about.
    #[serde(default, deserialize_with = "read::link_if_known")]
    pub data_center: Option<DataCenterId>,
    /// The storage domain it is about.
    #[serde(default, deserialize_with = "read::link_if_known")]
    pub storage_domain: Option<StorageDomainId>,
}

fn event_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    read::number(deserializer)?.ok_or_else(|| serde::de::Error::custom("an event without an id"))
}
