//! `/vms`: statuses, start and stop, high availability, disks.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::disks::Disk;
use crate::ids::{ClusterId, DiskId, HostId, StorageDomainId, VmId};
use crate::read::{self, EngineTime, Listing};
use crate::request::{Action, Request, segment};
use crate::tags::{self, Tag};
use crate::words::{VmAffinity, VmStatus};

/// `GET /vms`: all VMs. Large (10 KB each): not on every round. Filter here, not by `search`.
pub fn list() -> Request<Listing<Vm>> {
    Request::get_list("vms", "vm")
}

/// `GET /vms?follow=tags`: all VMs with their tags, about twice the engine's time.
pub fn list_with_tags() -> Request<Listing<Vm>> {
    list().with_query("follow", "tags")
}

/// `GET /vms?follow=diskattachments.disk,tags`: all VMs with tags and disks, several queries inside the engine for each VM.
pub fn list_with_disks_and_tags() -> Request<Listing<Vm>> {
    list().with_query("follow", "diskattachments.disk,tags")
}

/// `GET /vms/{id}`.
pub fn get(id: &VmId) -> Request<Vm> {
    Request::get_one(path(id))
}

/// `GET /vms/{id}/diskattachments?follow=disk`.
pub fn disk_attachments(id: &VmId) -> Request<Listing<DiskAttachment>> {
    Request::get_list(format!("{}/diskattachments", path(id)), "disk_attachment").with_query("follow", "disk")
}

/// `POST /vms/{id}/start`. The answer comes when a host accepted it; the job runs until the VM is up.
pub fn start(id: &VmId) -> Request<Action> {
    Request::action(format!("{}/start", path(id)))
}

/// `POST /vms/{id}/stop`: pulls the plug. Of a VM that is down: success.
pub fn stop(id: &VmId, reason: Option<&str>) -> Request<Action> {
    with_reason(Request::action(format!("{}/stop", path(id))), reason)
}

/// `POST /vms/{id}/shutdown`: asks the guest. If the guest refuses the VM returns to `up`; the engine never stops it by force.
pub fn shut_down(id: &VmId, reason: Option<&str>) -> Request<Action> {
    with_reason(Request::action(format!("{}/shutdown", path(id))), reason)
}

/// `PUT /vms/{id}`: switches high availability, applied at once in every status, also `unknown`; the priority stays unless given.
pub fn set_high_availability(id: &VmId, enabled: bool, priority: Option<i32>) -> Request<Vm> {
    let mut high_availability = Map::new();
    high_availability.insert("enabled".to_owned(), Value::String(enabled.to_string()));
    if let Some(priority) = priority {
        high_availability.insert("priority".to_owned(), Value::String(priority.to_string()));
    }
    Request::put(path(id), json!({ "high_availability": high_availability }))
}

/// A virtual machine.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Vm {
    /// Its id.
    pub id: VmId,
    /// Its name.
    #[serde(deserialize_with = "read::required_text")]
    pub name: String,
    /// Its status; absent for a VM with an illegal image.
    #[serde(default)]
    pub status: Option<VmStatus>,
    /// Why it is paused, or what happens to it while down.
    #[serde(default, deserialize_with = "read::text")]
    pub status_detail: Option<String>,
    /// The reason given to the last stop or shutdown; no failure cause.
    #[serde(default, deserialize_with = "read::text")]
    pub stop_reason: Option<String>,
    /// The host it runs on; an `unknown` VM still shows its dead host.
    #[serde(default, deserialize_with = "read::link")]
    pub host: Option<HostId>,
    /// Its cluster.
    #[serde(default, deserialize_with = "read::link")]
    pub cluster: Option<ClusterId>,
    /// High availability.
    #[serde(default)]
    pub high_availability: Option<HighAvailability>,
    /// The domain that holds its lease, if it has one.
    #[serde(default, deserialize_with = "lease")]
    pub lease: Option<StorageDomainId>,
    /// Where it may run.
    #[serde(default)]
    pub placement_policy: Option<PlacementPolicy>,
    /// When it was started; only while it runs.
    #[serde(default)]
    pub start_time: Option<EngineTime>,
    /// When it stopped last.
    #[serde(default)]
    pub stop_time: Option<EngineTime>,
    /// Started with overrides that end with this run.
    #[serde(default, deserialize_with = "read::flag")]
    pub run_once: Option<bool>,
    /// Changes wait for the next start.
    #[serde(default, deserialize_with = "read::flag")]
    pub next_run_configuration_exists: Option<bool>,
    /// Name that the guest agent reported.
    #[serde(default, deserialize_with = "read::text")]
    pub fqdn: Option<String>,
    /// Where it comes from: `managed_hosted_engine` and `external` refuse most actions.
    #[serde(default, deserialize_with = "read::text")]
    pub origin: Option<String>,
    /// Guaranteed to be the same after each start: changes are thrown away.
    #[serde(default, deserialize_with = "read::flag")]
    pub stateless: Option<bool>,
    /// Memory in bytes.
    #[serde(default, deserialize_with = "read::number")]
    pub memory: Option<u64>,
    /// Its tags; `None` when they were not asked for.
    #[serde(default, deserialize_with = "tags::nested")]
    pub tags: Option<Vec<Tag>>,
    /// Its disks; `None` when they were not asked for.
    #[serde(default, deserialize_with = "attachments")]
    pub disk_attachments: Option<Vec<DiskAttachment>>,
}

/// `high_availability` of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct HighAvailability {
    /// Whether the engine restarts it.
    #[serde(default, deserialize_with = "read::flag")]
    pub enabled: Option<bool>,
    /// 0 to 100; one stuck VM of high priority holds back all lower ones for ten minutes.
    #[serde(default, deserialize_with = "read::number")]
    pub priority: Option<i32>,
}

/// `placement_policy` of a VM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlacementPolicy {
    /// Whether it may migrate.
    #[serde(default)]
    pub affinity: Option<VmAffinity>,
    /// The hosts it is bound to; empty means any.
    #[serde(default, deserialize_with = "hosts")]
    pub hosts: Vec<HostId>,
}

/// A disk's attachment to a VM.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DiskAttachment {
    /// The same as the disk's id.
    pub id: DiskId,
    /// Whether it is plugged.
    #[serde(default, deserialize_with = "read::flag")]
    pub active: Option<bool>,
    /// Whether the VM boots from it.
    #[serde(default, deserialize_with = "read::flag")]
    pub bootable: Option<bool>,
    /// The disk; only its id unless it was asked for.
    #[serde(default)]
    pub disk: Option<Disk>,
}

fn with_reason(request: Request<Action>, reason: Option<&str>) -> Request<Action> {
    match reason {
        Some(reason) => request.with_body(json!({ "reason": reason })),
        None => request,
    }
}

fn lease<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StorageDomainId>, D::Error> {
    /// `lease` of a VM.
    #[derive(Deserialize)]
    struct Lease {
        #[serde(default, deserialize_with = "read::link")]
        storage_domain: Option<StorageDomainId>,
    }
    Ok(Option::<Lease>::deserialize(deserializer)?.and_then(|lease| lease.storage_domain))
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<HostId>, D::Error> {
    read::nested_links(deserializer, "host")
}

fn attachments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<DiskAttachment>>, D::Error> {
    read::nested(deserializer, "disk_attachment")
}

fn path(id: &VmId) -> String {
    format!("vms/{}", segment(id.as_str()))
}
