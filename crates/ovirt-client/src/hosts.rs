//! `/hosts`: statuses, power management, fencing, parking and activation.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ids::{ClusterId, FenceAgentId, HostId};
use crate::read::{self, Listing};
use crate::request::{Action, Request, segment};
use crate::storage::{self, LogicalUnit};
use crate::tags::{self, Tag};
use crate::words::{ExternalStatus, FenceType, HostStatus, SpmStatus, StorageType};

/// The VDSM port that the engine assumes when a PUT names none.
pub const DEFAULT_PORT: u16 = 54321;

/// `GET /hosts`: all hosts. Filter here, not in the engine: a malformed search answers 200 with an empty list.
pub fn list() -> Request<Listing<Host>> {
    Request::get_list("hosts", "host")
}

/// `GET /hosts?follow=tags`: all hosts with their tags, one more query inside the engine for each host.
pub fn list_with_tags() -> Request<Listing<Host>> {
    list().with_query("follow", "tags")
}

/// `GET /hosts/{id}`.
pub fn get(id: &HostId) -> Request<Host> {
    Request::get_one(path(id))
}

/// `GET /hosts/{id}/fenceagents`. They cannot be followed from the host: both spellings end in a 500.
pub fn fence_agents(id: &HostId) -> Request<Listing<FenceAgent>> {
    Request::get_list(format!("{}/fenceagents", path(id)), "agent")
}

/// `GET /hosts/{id}/storage`: the LUNs that the host sees. Refused with 400 while the host is not up.
pub fn storage(id: &HostId) -> Request<Listing<HostStorage>> {
    Request::get_list(format!("{}/storage", path(id)), "host_storage")
}

/// `POST /hosts/{id}/activate`. `complete` means that the command was taken; `up` shows before storage is connected.
pub fn activate(id: &HostId) -> Request<Action> {
    Request::action(format!("{}/activate", path(id)))
}

/// `POST /hosts/{id}/deactivate`: parks the host, migrating its VMs away if it is alive.
///
/// The answer may be 200 with the host still `up`, or a refusal with the host left `preparing_for_maintenance`: look again.
/// The engine drops `reason` when the host is `non_responsive`.
pub fn deactivate(id: &HostId, reason: Option<&str>) -> Request<Action> {
    let request = Request::action(format!("{}/deactivate", path(id)));
    match reason {
        Some(reason) => request.with_body(json!({ "reason": reason })),
        None => request,
    }
}

/// `POST /hosts/{id}/fence`.
///
/// With [`FenceType::Manual`] this confirms that the host was rebooted: its VMs are set down and may start elsewhere,
/// and nothing checks that it is dead. While the host is `connecting` the engine answers 200 and clears nothing.
pub fn fence(id: &HostId, fence_type: &FenceType) -> Request<Action> {
    Request::action(format!("{}/fence", path(id))).with_body(json!({ "fence_type": fence_type.as_str() }))
}

/// `POST /hosts/{id}/forceselectspm`. 200 also when the current SPM could not be stopped.
pub fn force_select_spm(id: &HostId) -> Request<Action> {
    Request::action(format!("{}/forceselectspm", path(id)))
}

/// `PUT /hosts/{id}`: switches power management on or off and changes nothing else.
///
/// `port` is the host's present VDSM port: the engine takes an absent one for 54321 and refuses that as a change.
/// The body never has `agents`, which would delete the host's fence agents.
pub fn set_power_management(id: &HostId, enabled: bool, port: Option<u16>) -> Request<Host> {
    let mut body = Map::new();
    body.insert("power_management".to_owned(), json!({ "enabled": enabled.to_string() }));
    if let Some(port) = port.filter(|port| *port != DEFAULT_PORT) {
        body.insert("port".to_owned(), Value::String(port.to_string()));
    }
    Request::put(path(id), Value::Object(body))
}

/// A host.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Host {
    /// Its id.
    pub id: HostId,
    /// Its name.
    #[serde(deserialize_with = "read::required_text")]
    pub name: String,
    /// Free text of the administrators.
    #[serde(default, deserialize_with = "read::text")]
    pub comment: Option<String>,
    /// Name or IP address that the engine connects to.
    #[serde(default, deserialize_with = "read::text")]
    pub address: Option<String>,
    /// VDSM port.
    #[serde(default, deserialize_with = "read::number")]
    pub port: Option<u16>,
    /// Its status.
    pub status: HostStatus,
    /// Why it is `non_operational`, or the reason given when it was parked.
    #[serde(default, deserialize_with = "read::text")]
    pub status_detail: Option<String>,
    /// Set by outside tools.
    #[serde(default)]
    pub external_status: Option<ExternalStatus>,
    /// Its cluster; the data center is the cluster's.
    #[serde(default, deserialize_with = "read::link")]
    pub cluster: Option<ClusterId>,
    /// SPM role and priority.
    #[serde(default)]
    pub spm: Option<Spm>,
    /// Power management settings; the agents are elsewhere.
    #[serde(default)]
    pub power_management: Option<PowerManagement>,
    /// VM counters as last reported: stale on a dead host until a manual fence sets them to zero.
    #[serde(default)]
    pub summary: Option<VmSummary>,
    /// Its tags; `None` when they were not asked for.
    #[serde(default, deserialize_with = "tags::nested")]
    pub tags: Option<Vec<Tag>>,
}

/// `spm` of a host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Spm {
    /// -1 (never) to 10, 5 by default.
    #[serde(default, deserialize_with = "read::number")]
    pub priority: Option<i32>,
    /// Its role.
    #[serde(default)]
    pub status: Option<SpmStatus>,
}

/// `power_management` of a host as a GET shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PowerManagement {
    /// Whether the engine may use the fence agents.
    #[serde(default, deserialize_with = "read::flag")]
    pub enabled: Option<bool>,
    /// Power saving by the cluster's scheduling policy; not fencing.
    #[serde(default, deserialize_with = "read::flag")]
    pub automatic_pm_enabled: Option<bool>,
    /// Whether to wait for a crash dump before fencing.
    #[serde(default, deserialize_with = "read::flag")]
    pub kdump_detection: Option<bool>,
}

/// `summary` of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct VmSummary {
    /// VMs up.
    #[serde(default, deserialize_with = "read::number")]
    pub active: Option<u32>,
    /// VMs migrating.
    #[serde(default, deserialize_with = "read::number")]
    pub migrating: Option<u32>,
    /// All VMs on it; while not zero a `non_responsive` host cannot be parked.
    #[serde(default, deserialize_with = "read::number")]
    pub total: Option<u32>,
}

/// A fence agent. Its password is never returned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FenceAgent {
    /// Its id, which changes with every PUT on the host.
    pub id: FenceAgentId,
    /// Address of the management board.
    #[serde(default, deserialize_with = "read::text")]
    pub address: Option<String>,
    /// Kind of agent, `ipmilan` for one.
    #[serde(default, rename = "type", deserialize_with = "read::text")]
    pub agent_type: Option<String>,
    /// Place in the order of trying.
    #[serde(default, deserialize_with = "read::number")]
    pub order: Option<u32>,
}

/// One storage that a host sees.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct HostStorage {
    /// Its type.
    #[serde(default, rename = "type")]
    pub storage_type: Option<StorageType>,
    /// Its LUNs.
    #[serde(default, deserialize_with = "storage::logical_units")]
    pub logical_units: Vec<LogicalUnit>,
}

fn path(id: &HostId) -> String {
    format!("hosts/{}", segment(id.as_str()))
}
