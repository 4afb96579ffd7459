//! Clusters and data centers.

use serde_json::{Value, json};

use super::links::{Frame, actions, links, word};
use crate::world::{Cluster, DataCenter, FencingPolicy};

const CLUSTER_ACTIONS: &[&str] = &["resetemulatedmachine", "syncallnetworks", "refreshglusterhealstatus", "upgrade"];
const CLUSTER_LINKS: &[&str] = &[
    "affinitygroups",
    "glusterhooks",
    "glustervolumes",
    "enabledfeatures",
    "externalnetworkproviders",
    "cpuprofiles",
    "networkfilters",
    "networks",
    "permissions",
];
const DATA_CENTER_LINKS: &[&str] =
    &["quotas", "qoss", "iscsibonds", "clusters", "networks", "storagedomains", "permissions"];
const MAC_POOL: &str = "58ca604b-017d-0374-0220-00000000014e";
const SCHEDULING_POLICY: &str = "b4ed2332-a7ac-4d5f-9596-99a439cb2812";

/// The whole cluster.
pub(crate) fn cluster(frame: &Frame, cluster: &Cluster) -> Value {
    let href = frame.href("clusters", cluster.id);
    json!({
        "ballooning_enabled": "true",
        "bios_type": "q35_sea_bios",
        "cpu": {"architecture": "x86_64", "type": "Secure Intel Cascadelake Server Family"},
        "custom_scheduling_policy_properties": {"property": [
            {"name": "HighUtilization", "value": "80"},
            {"name": "CpuOverCommitDurationMinutes", "value": "2"},
        ]},
        "error_handling": {"on_error": "migrate"},
        "fencing_policy": fencing_policy(&cluster.fencing_policy),
        "fips_mode": "disabled",
        "firewall_type": "firewalld",
        "gluster_service": "false",
        "ha_reservation": "false",
        "ksm": {"enabled": "true", "merge_across_nodes": "true"},
        "log_max_memory_used_threshold": "95",
        "log_max_memory_used_threshold_type": "percentage",
        "memory_policy": {"over_commit": {"percent": "100"}, "transparent_hugepages": {"enabled": "true"}},
        "migration": {
            "auto_converge": "inherit",
            "bandwidth": {"assignment_method": "auto"},
            "compressed": "inherit",
            "encrypted": "inherit",
            "parallel_migrations_policy": "disabled",
        },
        "required_rng_sources": {"required_rng_source": ["urandom"]},
        "switch_type": "legacy",
        "threads_as_cores": "false",
        "trusted_service": "false",
        "tunnel_migration": "false",
        "upgrade_in_progress": "false",
        "upgrade_percent_complete": "0",
        "version": {"major": "4", "minor": "7"},
        "virt_service": "true",
        "vnc_encryption": "true",
        "data_center": frame.reference("datacenters", cluster.data_center),
        "mac_pool": frame.reference("macpools", MAC_POOL),
        "scheduling_policy": frame.reference("schedulingpolicies", SCHEDULING_POLICY),
        "actions": actions(&href, CLUSTER_ACTIONS),
        "name": cluster.name,
        "description": cluster.description,
        "comment": cluster.comment,
        "link": links(&href, CLUSTER_LINKS),
        "href": href,
        "id": cluster.id.to_string(),
    })
}

fn fencing_policy(policy: &FencingPolicy) -> Value {
    json!({
        "enabled": word(policy.enabled),
        "skip_if_connectivity_broken": {
            "enabled": word(policy.skip_if_connectivity_broken),
            "threshold": word(policy.connectivity_threshold),
        },
        "skip_if_gluster_bricks_up": word(policy.skip_if_gluster_bricks_up),
        "skip_if_gluster_quorum_not_met": word(policy.skip_if_gluster_quorum_not_met),
        "skip_if_sd_active": {"enabled": word(policy.skip_if_sd_active)},
    })
}

/// The whole data center.
pub(crate) fn data_center(frame: &Frame, data_center: &DataCenter) -> Value {
    let href = frame.href("datacenters", data_center.id);
    let mut tree = json!({
        "local": "false",
        "quota_mode": "disabled",
        "status": data_center.status.as_str(),
        "storage_format": "v5",
        "supported_versions": {"version": [{"major": "4", "minor": "7"}]},
        "version": {"major": "4", "minor": "7"},
        "mac_pool": frame.reference("macpools", MAC_POOL),
        "actions": actions(&href, &["setmaster", "cleanfinishedtasks"]),
        "name": data_center.name,
    });
    // A data center made without a description has no such member, not an empty one.
    if !data_center.description.is_empty() {
        tree["description"] = json!(data_center.description);
    }
    tree["link"] = links(&href, DATA_CENTER_LINKS);
    tree["href"] = json!(href);
    tree["id"] = json!(data_center.id.to_string());
    tree
}
