//! What a value of the client must say of the JSON that it was read from.

use ovirt_client::clusters::Cluster;
use ovirt_client::data_centers::DataCenter;
use ovirt_client::disks::Disk;
use ovirt_client::events::Event;
use ovirt_client::hosts::{FenceAgent, Host, HostStorage};
use ovirt_client::jobs::Job;
use ovirt_client::root::ApiRoot;
use ovirt_client::storage::{StorageConnection, StorageDomain};
use ovirt_client::tags::Tag;
use ovirt_client::vms::{DiskAttachment, Vm};
use ovirt_client::{Action, Deleted, Listing};
use serde_json::Value;

type Facts = Vec<(&'static str, Option<String>)>;

/// A value that can be held against the JSON it came from.
pub(crate) trait Reads {
    /// Pointers into the JSON, and the text that must stand there; `None` where nothing may.
    fn facts(&self) -> Facts;

    /// Where value and JSON differ.
    fn differences(&self, body: &Value) -> Vec<String> {
        let facts = self.facts().into_iter();
        let wrong = facts.filter(|(pointer, read)| scalar(body.pointer(pointer)) != *read);
        wrong.map(|(pointer, read)| format!("{pointer}: read {read:?}, is {:?}", body.pointer(pointer))).collect()
    }
}

impl<T: Reads> Reads for Listing<T> {
    fn facts(&self) -> Facts {
        Vec::new()
    }

    fn differences(&self, body: &Value) -> Vec<String> {
        let mut differences: Vec<String> = self.unreadable.iter().map(|item| item.problem.clone()).collect();
        let elements = body.as_object().into_iter().flatten().find_map(|(_, list)| list.as_array());
        let elements = elements.map(Vec::as_slice).unwrap_or_default();
        if elements.len() != self.items.len() {
            differences.push(format!("{} elements, {} read", elements.len(), self.items.len()));
            return differences;
        }
        differences.extend(self.items.iter().zip(elements).flat_map(|(item, element)| item.differences(element)));
        differences
    }
}

impl Reads for Host {
    fn facts(&self) -> Facts {
        let pm = self.power_management.as_ref();
        vec![
            ("/id", Some(self.id.to_string())),
            ("/name", Some(self.name.clone())),
            ("/comment", self.comment.clone()),
            ("/address", self.address.clone()),
            ("/port", text(self.port)),
            ("/status", Some(self.status.to_string())),
            ("/status_detail", self.status_detail.clone()),
            ("/external_status", text(self.external_status.as_ref())),
            ("/cluster/id", text(self.cluster.as_ref())),
            ("/spm/priority", text(self.spm.as_ref().and_then(|spm| spm.priority))),
            ("/spm/status", text(self.spm.as_ref().and_then(|spm| spm.status.clone()))),
            ("/power_management/enabled", text(pm.and_then(|pm| pm.enabled))),
            ("/power_management/automatic_pm_enabled", text(pm.and_then(|pm| pm.automatic_pm_enabled))),
            ("/power_management/kdump_detection", text(pm.and_then(|pm| pm.kdump_detection))),
            ("/summary/active", text(self.summary.and_then(|summary| summary.active))),
            ("/summary/migrating", text(self.summary.and_then(|summary| summary.migrating))),
            ("/summary/total", text(self.summary.and_then(|summary| summary.total))),
            ("/tags/tag/0/id", text(self.tags.as_ref().and_then(|tags| tags.first()).map(|tag| &tag.id))),
        ]
    }
}

impl Reads for FenceAgent {
    fn facts(&self) -> Facts {
        vec![
            ("/id", Some(self.id.to_string())),
            ("/address", self.address.clone()),
            ("/type", self.agent_type.clone()),
            ("/order", text(self.order)),
        ]
    }
}

impl Reads for HostStorage {
    fn facts(&self) -> Facts {
        let unit = self.logical_units.first();
        vec![
            ("/type", text(self.storage_type.as_ref())),
            ("/logical_units/logical_unit/0/id", unit.and_then(|unit| unit.id.clone())),
            ("/logical_units/logical_unit/0/size", text(unit.and_then(|unit| unit.size))),
            ("/logical_units/logical_unit/0/target", unit.and_then(|unit| unit.target.clone())),
        ]
    }
}

impl Reads for Vm {
    fn facts(&self) -> Facts {
        let ha = self.high_availability;
        let placement = self.placement_policy.as_ref();
        let attachment = self.disk_attachments.as_ref().and_then(|attachments| attachments.first());
        vec![
            ("/id", Some(self.id.to_string())),
            ("/name", Some(self.name.clone())),
            ("/status", text(self.status.as_ref())),
            ("/status_detail", self.status_detail.clone()),
            ("/stop_reason", self.stop_reason.clone()),
            ("/host/id", text(self.host.as_ref())),
            ("/cluster/id", text(self.cluster.as_ref())),
            ("/high_availability/enabled", text(ha.and_then(|ha| ha.enabled))),
            ("/high_availability/priority", text(ha.and_then(|ha| ha.priority))),
            ("/lease/storage_domain/id", text(self.lease.as_ref())),
            ("/placement_policy/affinity", text(placement.and_then(|policy| policy.affinity.clone()))),
            ("/placement_policy/hosts/host/0/id", text(placement.and_then(|policy| policy.hosts.first()))),
            ("/start_time", text(self.start_time.map(|time| time.0))),
            ("/stop_time", text(self.stop_time.map(|time| time.0))),
            ("/run_once", text(self.run_once)),
            ("/next_run_configuration_exists", text(self.next_run_configuration_exists)),
            ("/fqdn", self.fqdn.clone()),
            ("/origin", self.origin.clone()),
            ("/stateless", text(self.stateless)),
            ("/memory", text(self.memory)),
            ("/tags/tag/0/name", self.tags.as_ref().and_then(|tags| tags.first()).map(|tag| tag.name.clone())),
            ("/disk_attachments/disk_attachment/0/id", text(attachment.map(|attachment| &attachment.id))),
        ]
    }
}

impl Reads for DiskAttachment {
    fn facts(&self) -> Facts {
        vec![
            ("/id", Some(self.id.to_string())),
            ("/active", text(self.active)),
            ("/bootable", text(self.bootable)),
            ("/disk/id", text(self.disk.as_ref().map(|disk| &disk.id))),
            ("/disk/status", self.disk.as_ref().and_then(|disk| disk.status.clone())),
        ]
    }
}

impl Reads for Disk {
    fn facts(&self) -> Facts {
        vec![
            ("/id", Some(self.id.to_string())),
            ("/name", self.name.clone()),
            ("/status", self.status.clone()),
            ("/storage_type", text(self.storage_type.as_ref())),
            ("/shareable", text(self.shareable)),
            ("/storage_domains/storage_domain/0/id", text(self.storage_domains.first())),
        ]
    }
}

impl Reads for StorageConnection {
    fn facts(&self) -> Facts {
        vec![
            ("/id", Some(self.id.to_string())),
            ("/type", Some(self.storage_type.to_string())),
            ("/address", self.address.clone()),
            ("/path", self.path.clone()),
            ("/port", text(self.port)),
            ("/target", self.target.clone()),
            ("/username", self.username.clone()),
            ("/vfs_type", self.vfs_type.clone()),
            ("/mount_options", self.mount_options.clone()),
            ("/nfs_version", self.nfs_version.clone()),
            ("/nfs_retrans", text(self.nfs_retrans)),
            ("/nfs_timeo", text(self.nfs_timeo)),
        ]
    }
}

impl Reads for StorageDomain {
    fn facts(&self) -> Facts {
        let storage = self.storage.as_ref();
        let group = storage.and_then(|storage| storage.volume_group.as_ref());
        vec![
            ("/id", Some(self.id.to_string())),
            ("/name", Some(self.name.clone())),
            ("/type", text(self.domain_type.as_ref())),
            ("/master", text(self.master)),
            ("/status", text(self.status.as_ref())),
            ("/external_status", text(self.external_status.as_ref())),
            ("/available", text(self.available)),
            ("/used", text(self.used)),
            ("/data_centers/data_center/0/id", text(self.data_centers.first())),
            ("/storage/type", text(storage.and_then(|storage| storage.storage_type.clone()))),
            ("/storage/address", storage.and_then(|storage| storage.address.clone())),
            ("/storage/path", storage.and_then(|storage| storage.path.clone())),
            ("/storage/volume_group/id", group.and_then(|group| group.id.clone())),
            (
                "/storage/volume_group/logical_units/logical_unit/0/portal",
                group.and_then(|group| group.logical_units.first()).and_then(|unit| unit.portal.clone()),
            ),
        ]
    }
}

impl Reads for Cluster {
    fn facts(&self) -> Facts {
        vec![
            ("/id", Some(self.id.to_string())),
            ("/name", Some(self.name.clone())),
            ("/data_center/id", text(self.data_center.as_ref())),
            ("/fencing_policy/enabled", text(self.fencing_policy.as_ref().map(|policy| policy.enabled()))),
        ]
    }

    fn differences(&self, body: &Value) -> Vec<String> {
        let facts = self.facts().into_iter();
        let wrong = facts.filter(|(pointer, read)| scalar(body.pointer(pointer)) != *read);
        let mut differences: Vec<String> = wrong.map(|(pointer, read)| format!("{pointer}: read {read:?}")).collect();
        if self.fencing_policy.as_ref().map(|policy| policy.as_value()) != body.get("fencing_policy") {
            differences.push("the fencing policy is not kept whole".to_owned());
        }
        differences
    }
}

impl Reads for DataCenter {
    fn facts(&self) -> Facts {
        vec![
            ("/id", Some(self.id.to_string())),
            ("/name", Some(self.name.clone())),
            ("/status", Some(self.status.to_string())),
            ("/storage_format", self.storage_format.clone()),
            ("/local", text(self.local)),
        ]
    }
}

impl Reads for Tag {
    fn facts(&self) -> Facts {
        vec![
            ("/id", Some(self.id.to_string())),
            ("/name", Some(self.name.clone())),
            ("/description", self.description.clone()),
            ("/parent/id", text(self.parent.as_ref())),
        ]
    }
}

impl Reads for Job {
    fn facts(&self) -> Facts {
        vec![
            ("/id", Some(self.id.to_string())),
            ("/description", self.description.clone()),
            ("/status", Some(self.status.to_string())),
            ("/start_time", text(self.start_time.map(|time| time.0))),
            ("/end_time", text(self.end_time.map(|time| time.0))),
            ("/last_updated", text(self.last_updated.map(|time| time.0))),
        ]
    }
}

impl Reads for Event {
    fn facts(&self) -> Facts {
        vec![
            ("/id", Some(self.id.to_string())),
            ("/code", text(self.code)),
            ("/severity", text(self.severity.as_ref())),
            ("/time", text(self.time.map(|time| time.0))),
            ("/description", self.description.clone()),
            ("/correlation_id", self.correlation_id.clone()),
            ("/origin", self.origin.clone()),
            ("/host/id", text(self.host.as_ref())),
            ("/vm/id", text(self.vm.as_ref())),
            ("/cluster/id", text(self.cluster.as_ref())),
            ("/data_center/id", text(self.data_center.as_ref())),
            ("/storage_domain/id", text(self.storage_domain.as_ref())),
        ]
    }
}

impl Reads for ApiRoot {
    fn facts(&self) -> Facts {
        vec![
            ("/product_info/instance_id", self.product_info.instance_id.clone()),
            ("/product_info/version/full_version", self.product_info.version.full_version.clone()),
            ("/product_info/version/major", text(self.product_info.version.major)),
            ("/time", text(self.time.map(|time| time.0))),
            ("/authenticated_user/id", text(self.authenticated_user.as_ref())),
            ("/summary/hosts/total", text(self.summary.as_ref().and_then(|summary| summary.hosts.total))),
            ("/summary/vms/active", text(self.summary.as_ref().and_then(|summary| summary.vms.active))),
        ]
    }
}

impl Reads for Action {
    fn facts(&self) -> Facts {
        let power = self.power_management.as_ref();
        vec![
            ("/status", Some(self.status.to_string())),
            ("/job/id", text(self.job.as_ref())),
            ("/power_management/status", text(power.and_then(|power| power.status.clone()))),
        ]
    }
}

impl Reads for Deleted {
    fn facts(&self) -> Facts {
        vec![("/status", Some("complete".to_owned()))]
    }
}

impl Reads for Value {
    fn facts(&self) -> Facts {
        Vec::new()
    }

    fn differences(&self, body: &Value) -> Vec<String> {
        if self == body { Vec::new() } else { vec!["the JSON is not handed on as it is".to_owned()] }
    }
}

fn text<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn scalar(value: Option<&Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => Some(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => None,
    }
}
