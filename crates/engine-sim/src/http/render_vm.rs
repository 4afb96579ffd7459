//! A VM, its disk attachments and snapshots, and disks.

use serde_json::{Value, json};

use super::links::{Frame, NO_ID, actions, links, merged, object, set, word};
use crate::world::{DataCenterId, Disk, DiskStorage, Vm};

const ACTIONS: &[&str] = &[
    "migrate",
    "cancelmigration",
    "commitsnapshot",
    "clone",
    "freezefilesystems",
    "logon",
    "maintenance",
    "previewsnapshot",
    "autopincpuandnumanodes",
    "reordermacaddresses",
    "thawfilesystems",
    "undosnapshot",
    "screenshot",
    "reboot",
    "ticket",
    "shutdown",
    "start",
    "stop",
    "suspend",
    "reset",
    "export",
    "detach",
];

const LINKS: &[&str] = &[
    "snapshots",
    "applications",
    "hostdevices",
    "reporteddevices",
    "sessions",
    "backups",
    "checkpoints",
    "diskattachments",
    "nics",
    "numanodes",
    "watchdogs",
    "graphicsconsoles",
    "katelloerrata",
    "permissions",
    "tags",
    "affinitylabels",
    "cdroms",
    "mediateddevices",
    "statistics",
];

const DISK_ACTIONS: &[&str] = &["copy", "export", "move", "refreshlun", "convert", "sparsify", "reduce"];
const DISK_LINKS: &[&str] = &["disksnapshots", "permissions", "statistics"];
const QUOTA: &str = "ec9c7d7f-762c-442f-bb3a-09fb3c94e11e";
const DISK_PROFILE: &str = "262d0fe8-65f5-4487-a6f4-ea059c1e4533";

/// The whole VM; `address` is that of the host it runs on by the database.
pub(crate) fn vm(frame: &Frame, vm: &Vm, address: Option<&str>) -> Value {
    merged([run(frame, vm), names(frame, vm), display(vm, address), rest(frame, vm)])
}

/// The first members: what becomes of it.
pub(crate) fn run(frame: &Frame, vm: &Vm) -> Value {
    let running = !vm.status.is_not_running();
    let mut tree = json!({"next_run_configuration_exists": word(vm.next_run_configuration_exists)});
    if running {
        tree["run_once"] = json!("false");
        set(&mut tree, "start_time", vm.start_time.map(|at| frame.date(at)));
    }
    tree["status"] = json!(vm.status.as_str());
    set(&mut tree, "stop_reason", vm.stop_reason.clone().map(Value::from));
    set(&mut tree, "stop_time", vm.stop_time.map(|at| frame.date(at)));
    if running {
        set(&mut tree, "host", vm.host.map(|id| frame.reference("hosts", id)));
    }
    tree
}

/// The next members.
pub(crate) fn names(frame: &Frame, vm: &Vm) -> Value {
    object([
        ("original_template", frame.reference("templates", NO_ID)),
        ("template", frame.reference("templates", NO_ID)),
        ("actions", actions(&frame.href("vms", vm.id), ACTIONS)),
        ("name", json!(vm.name)),
        ("description", json!(vm.description)),
        ("comment", json!(vm.comment)),
        ("bios", json!({"boot_menu": {"enabled": "false"}, "type": "q35_sea_bios"})),
        ("cpu", json!({"architecture": "x86_64", "topology": {"cores": "1", "sockets": "1", "threads": "1"}})),
    ])
}

/// The member behind them; `address` is that of its host.
pub(crate) fn display(vm: &Vm, address: Option<&str>) -> Value {
    let mut tree = json!({});
    if let Some(address) = address.filter(|_| !vm.status.is_not_running()) {
        tree["address"] = json!(address);
        tree["port"] = json!("5900");
        // The engine writes the host's whole certificate, for consoles.
        tree["certificate"] = json!({
            "content": "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n",
            "organization": "Test",
            "subject": format!("O=Test,CN={address}"),
        });
    }
    for (member, value) in [
        ("allow_override", "false"),
        ("copy_paste_enabled", "true"),
        ("disconnect_action", "LOCK_SCREEN"),
        ("disconnect_action_delay", "0"),
        ("file_transfer_enabled", "true"),
        ("monitors", "1"),
        ("smartcard_enabled", "false"),
        ("type", "vnc"),
        ("video_type", "vga"),
    ] {
        tree[member] = json!(value);
    }
    object([("display", tree)])
}

/// All other members.
pub(crate) fn rest(frame: &Frame, vm: &Vm) -> Value {
    let href = frame.href("vms", vm.id);
    let mut tree = json!({"io": {"threads": "1"}});
    if let Some(lease) = vm.lease {
        tree["lease"] = json!({"storage_domain": frame.reference("storagedomains", lease)});
    }
    tree["memory"] = word(vm.memory);
    tree["migration"] = json!({
        "auto_converge": "inherit",
        "compressed": "inherit",
        "encrypted": "inherit",
        "parallel_migrations_policy": "inherit",
    });
    tree["origin"] = json!("ovirt");
    tree["os"] = json!({"boot": {"devices": {"device": ["hd"]}}, "type": "other"});
    tree["sso"] = json!({"methods": {"method": [{"id": "guest_agent"}]}});
    tree["stateless"] = json!("false");
    tree["type"] = json!("server");
    tree["usb"] = json!({"enabled": "false"});
    tree["cluster"] = frame.reference("clusters", vm.cluster);
    tree["quota"] = json!({"id": QUOTA});
    tree["link"] = links(&href, LINKS);
    tree["href"] = json!(href);
    tree["id"] = json!(vm.id.to_string());
    later_members(frame, vm, &mut tree);
    tree
}

/// The members that the engine writes after the base members.
fn later_members(frame: &Frame, vm: &Vm, tree: &mut Value) {
    tree["auto_pinning_policy"] = json!("disabled");
    tree["cpu_pinning_policy"] = json!("none");
    tree["cpu_shares"] = json!("0");
    tree["creation_time"] = Value::from(frame.epoch_ms.saturating_sub(86_400_000));
    tree["delete_protected"] = json!("false");
    tree["high_availability"] =
        json!({"enabled": word(vm.high_availability.enabled), "priority": word(vm.high_availability.priority)});
    tree["large_icon"] = frame.reference("icons", "ad017fd1-3954-4ae3-85ec-c921a29ba315");
    tree["memory_policy"] = json!({
        "ballooning": "true", "guaranteed": word(vm.memory), "max": word(vm.memory.saturating_mul(4)),
    });
    tree["migration_downtime"] = json!("-1");
    tree["multi_queues_enabled"] = json!("true");
    let mut placement = json!({"affinity": vm.placement.affinity.as_str()});
    if !vm.placement.hosts.is_empty() {
        let hosts: Vec<Value> = vm.placement.hosts.iter().map(|id| frame.reference("hosts", id)).collect();
        placement["hosts"] = json!({"host": hosts});
    }
    tree["placement_policy"] = placement;
    tree["small_icon"] = frame.reference("icons", "37afd13b-b5a2-4bb8-961f-d8e5c6bdd1bf");
    tree["start_paused"] = json!("false");
    // A lease together with high availability forces `kill`.
    let resume = if vm.lease.is_some() && vm.high_availability.enabled { "kill" } else { "auto_resume" };
    tree["storage_error_resume_behaviour"] = json!(resume);
    tree["time_zone"] = json!({"name": "Etc/GMT"});
    tree["virtio_scsi_multi_queues_enabled"] = json!("false");
    tree["cpu_profile"] = frame.reference("cpuprofiles", "5f1df9a9-7d5c-460b-888f-360b1640e708");
}

/// What an action answer shows of its VM.
pub(crate) fn vm_of_action(frame: &Frame, id: impl std::fmt::Display) -> Value {
    let href = frame.href("vms", &id);
    object([
        ("actions", actions(&href, ACTIONS)),
        ("link", links(&href, LINKS)),
        ("href", Value::from(href)),
        ("id", Value::from(id.to_string())),
    ])
}

/// A disk; `data_center` is where its domain is attached, for the quota link.
pub(crate) fn disk(frame: &Frame, disk: &Disk, data_center: Option<DataCenterId>) -> Value {
    let href = frame.href("disks", disk.id);
    let mut tree = match &disk.storage {
        DiskStorage::Image { domain } => {
            let mut tree = json!({
                "actual_size": word(disk.size),
                "alias": disk.name,
                "backup": "none",
                "content_type": "data",
                "format": "cow",
                "image_id": disk.id.to_string(),
                "propagate_errors": "false",
                "provisioned_size": word(disk.size),
                "qcow_version": "qcow2_v3",
                "shareable": "false",
                "sparse": "true",
                "status": disk.status.as_str(),
                "storage_type": "image",
                "total_size": word(disk.size),
                "wipe_after_delete": "false",
                "disk_profile": frame.reference("diskprofiles", DISK_PROFILE),
            });
            if let Some(data_center) = data_center {
                let href = format!("{}/quotas/{QUOTA}", frame.href("datacenters", data_center));
                tree["quota"] = json!({"href": href, "id": QUOTA});
            }
            tree["storage_domains"] = json!({"storage_domain": [frame.reference("storagedomains", domain)]});
            tree
        }
        DiskStorage::Lun { lun, connections: _ } => json!({
            "alias": disk.name,
            "backup": "none",
            "content_type": "data",
            "lun_storage": {"logical_units": {"logical_unit": [{"id": lun, "size": word(disk.size)}]}, "type": "iscsi"},
            "propagate_errors": "false",
            "shareable": "false",
            "storage_type": "lun",
            "wipe_after_delete": "false",
        }),
    };
    tree["actions"] = actions(&href, DISK_ACTIONS);
    tree["name"] = json!(disk.name);
    tree["description"] = json!("");
    tree["link"] = links(&href, DISK_LINKS);
    tree["href"] = json!(href);
    tree["id"] = json!(disk.id.to_string());
    tree
}

/// One entry of `/vms/{id}/diskattachments`; `followed` is the whole disk when the request follows it.
pub(crate) fn disk_attachment(frame: &Frame, vm: &Vm, disk: &Disk, followed: Option<Value>) -> Value {
    let disk_reference = followed.unwrap_or_else(|| frame.reference("disks", disk.id));
    json!({
        "active": "true",
        "bootable": word(vm.disks.first() == Some(&disk.id)),
        "interface": "virtio",
        "pass_discard": "false",
        "read_only": "false",
        "uses_scsi_reservation": "false",
        "disk": disk_reference,
        "vm": frame.reference("vms", vm.id),
        "link": [],
        "href": format!("{}/diskattachments/{}", frame.href("vms", vm.id), disk.id),
        "id": disk.id.to_string(),
    })
}

/// The one snapshot each VM has: its active layer.
pub(crate) fn active_snapshot(frame: &Frame, vm: &Vm) -> Value {
    let href = format!("{}/snapshots/{}", frame.href("vms", vm.id), vm.id);
    json!({
        "date": frame.epoch_ms.saturating_sub(86_400_000),
        "persist_memorystate": "false",
        "snapshot_status": "ok",
        "snapshot_type": "active",
        "actions": actions(&href, &["restore"]),
        "description": "Active VM",
        "link": [],
        "href": href,
        "id": vm.id.to_string(),
    })
}
