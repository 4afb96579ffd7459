//! The management network, and the one interface that each host has in it. Nothing in the world depends on them.

use serde_json::{Value, json};

use super::links::{Frame, actions, links};
use crate::world::{DataCenter, DataCenterId, Host};

/// An interface of a host.
pub(crate) fn host_nic(frame: &Frame, host: &Host, network: Option<DataCenterId>) -> Value {
    let href = format!("{}/nics/{}", frame.href("hosts", host.id), host.id);
    let mut tree = json!({
        "boot_protocol": "static",
        "bridged": "true",
        "custom_configuration": "false",
        "ip": {"address": host.address, "netmask": "255.0.0.0", "version": "v4"},
        "ipv6": {"gateway": "::", "version": "v6"},
        "ipv6_boot_protocol": "none",
        "mac": {"address": "52:54:00:00:00:01"},
        "mtu": "1500",
        "properties": {},
        "speed": "10000000000",
        "status": "up",
        "host": frame.reference("hosts", host.id),
        "actions": actions(&href, &[]),
        "name": "eth0",
        "link": links(
            &href,
            &["networklabels", "networkattachments", "linklayerdiscoveryprotocolelements", "statistics"],
        ),
        "href": href,
        "id": host.id.to_string(),
    });
    if let Some(data_center) = network {
        tree["network"] = frame.reference("networks", data_center);
    }
    tree
}

/// The management network of a data center.
pub(crate) fn network(frame: &Frame, data_center: &DataCenter) -> Value {
    let href = frame.href("networks", data_center.id);
    json!({
        "mtu": "0",
        "port_isolation": "false",
        "stp": "false",
        "usages": {"usage": ["vm"]},
        "vdsm_name": "ovirtmgmt",
        "data_center": frame.reference("datacenters", data_center.id),
        "name": "ovirtmgmt",
        "description": "Default Management Network",
        "comment": "",
        "link": links(&href, &["networklabels", "permissions", "vnicprofiles"]),
        "href": href,
        "id": data_center.id.to_string(),
    })
}
