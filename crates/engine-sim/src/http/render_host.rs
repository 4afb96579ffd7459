//! A host as `GET /hosts/{id}` shows it, its fence agents and its storage.

use serde_json::{Value, json};

use super::links::{Frame, actions, links, merged, object, set, word};
use crate::world::{Connection, FenceAgent, Host, SpmStatus, Target};

const ACTIONS: &[&str] = &[
    "activate",
    "install",
    "syncallnetworks",
    "deactivate",
    "iscsidiscover",
    "discoveriscsi",
    "iscsilogin",
    "unregisteredstoragedomainsdiscover",
    "upgradecheck",
    "copyhostnetworks",
    "setupnetworks",
    "upgrade",
    "approve",
    "commitnetconfig",
    "enrollcertificate",
    "fence",
    "forceselectspm",
    "refresh",
];

const LINKS: &[&str] = &[
    "fenceagents",
    "devices",
    "hooks",
    "nics",
    "numanodes",
    "storage",
    "networkattachments",
    "storageconnectionextensions",
    "unmanagednetworks",
    "externalnetworkproviderconfigurations",
    "cpuunits",
    "katelloerrata",
    "permissions",
    "tags",
    "affinitylabels",
    "statistics",
];

/// The whole host. `spm` is computed by the world from the data center's row.
pub(crate) fn host(frame: &Frame, host: &Host, spm: SpmStatus) -> Value {
    merged([machine(host), state(frame, host, spm), names(frame, host)])
}

/// The first members: what it is.
pub(crate) fn machine(host: &Host) -> Value {
    json!({
        "address": host.address,
        "auto_numa_status": "enable",
        "certificate": {"organization": "Test", "subject": format!("O=Test,CN={}", host.address)},
        "cpu": {
            "name": "Intel(R) Xeon(R) Gold 6226R (simulated)",
            "speed": 2600,
            "topology": {"cores": "8", "sockets": "1", "threads": "2"},
            "type": "Secure Intel Icelake Server Family",
        },
        "device_passthrough": {"enabled": "false"},
        "external_status": host.external_status,
        "hardware_information": {
            "family": "simulated",
            "manufacturer": "engine-sim",
            "product_name": "simulated host",
            "serial_number": host.name,
            "supported_rng_sources": {"supported_rng_source": ["random", "hwrng"]},
            "uuid": host.id.to_string().to_ascii_uppercase(),
            "version": "1",
        },
        "iscsi": {"initiator": format!("iqn.1994-05.com.redhat:{}", host.name)},
        "kdump_status": "disabled",
        "ksm": {"enabled": "true"},
        "libvirt_version": {
            "build": "0", "full_version": "libvirt-10.10.0-1.el9", "major": "10", "minor": "10", "revision": "0",
        },
        "max_scheduling_memory": "65961721856",
        "memory": "68719476736",
        "numa_supported": "false",
        "os": {
            "custom_kernel_cmdline": "",
            "description": "CentOS Stream 9 (simulated)",
            "reported_kernel_cmdline": "BOOT_IMAGE=/vmlinuz ro",
            "type": "RHEL",
            "version": {"full_version": "9 - 5.el9", "major": "9"},
        },
        "ovn_configured": "false",
    })
}

/// The next members: what becomes of it.
pub(crate) fn state(frame: &Frame, host: &Host, spm: SpmStatus) -> Value {
    let mut tree = json!({
        "port": word(host.port),
        "power_management": {
            "automatic_pm_enabled": word(host.power_management.automatic_pm_enabled),
            "enabled": word(host.power_management.enabled),
            "kdump_detection": word(host.power_management.kdump_detection),
            "pm_proxies": {},
        },
        "protocol": "stomp",
        "reinstallation_required": word(host.reinstallation_required),
        "se_linux": {"mode": "enforcing"},
        "spm": {"priority": word(host.spm_priority), "status": spm.as_str()},
        "ssh": {"port": "22"},
        "status": host.status.as_str(),
        "summary": {
            "active": word(host.summary.active),
            "migrating": word(host.summary.migrating),
            "total": word(host.summary.total),
        },
        "transparent_hugepages": {"enabled": "true"},
        "type": "rhel",
        "update_available": "false",
        "version": {
            "build": "7", "full_version": "vdsm-4.50.7-1.el9", "major": "4", "minor": "50", "revision": "0",
        },
        "vgpu_placement": "consolidated",
        "cluster": frame.reference("clusters", host.cluster),
    });
    set(&mut tree, "status_detail", host.status_detail.clone().map(Value::from));
    tree
}

/// All other members.
pub(crate) fn names(frame: &Frame, host: &Host) -> Value {
    let href = frame.href("hosts", host.id);
    object([
        ("actions", actions(&href, ACTIONS)),
        ("name", json!(host.name)),
        ("comment", json!(host.comment)),
        ("link", links(&href, LINKS)),
        ("href", Value::from(href)),
        ("id", json!(host.id.to_string())),
    ])
}

/// What an action answer shows of its host: links, no state.
pub(crate) fn host_of_action(frame: &Frame, id: impl std::fmt::Display) -> Value {
    let href = frame.href("hosts", &id);
    object([
        ("actions", actions(&href, ACTIONS)),
        ("link", links(&href, LINKS)),
        ("href", Value::from(href)),
        ("id", Value::from(id.to_string())),
    ])
}

/// One entry of `/hosts/{id}/fenceagents`; the password is never returned.
pub(crate) fn fence_agent(frame: &Frame, host: &Host, agent: &FenceAgent) -> Value {
    let href = format!("{}/fenceagents/{}", frame.href("hosts", host.id), agent.id);
    json!({
        "address": agent.address,
        "encrypt_options": "false",
        "order": word(agent.order),
        "type": agent.kind,
        "username": agent.username,
        "host": frame.reference("hosts", host.id),
        "href": href,
        "id": agent.id.to_string(),
    })
}

/// What an entry of `/hosts/{id}/storage` says of one LUN a host sees.
pub(crate) fn host_storage(frame: &Frame, host: &Host, lun: &super::render_domain::Lun<'_>) -> Value {
    let href = format!("{}/storage/{}", frame.href("hosts", host.id), lun.id);
    let mut unit = super::render_domain::logical_unit(lun);
    unit["active_paths"] = json!("1");
    unit["paths"] = json!("1");
    unit["status"] = json!("used");
    json!({
        "logical_units": {"logical_unit": [unit]},
        "type": "iscsi",
        "host": frame.reference("hosts", host.id),
        "href": href,
        "id": lun.id,
    })
}

/// Address, port and IQN of an iSCSI row.
pub(crate) fn portal_of(connection: &Connection) -> Option<(&str, u16, &str)> {
    match &connection.target {
        Target::Portal { address, port, target } => Some((address, *port, target)),
        Target::Mount { address: _, path: _ } => None,
    }
}
