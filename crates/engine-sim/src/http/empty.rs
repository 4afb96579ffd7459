//! Collections that exist in the API and hold nothing here, with the names their XML has.

use serde_json::json;

use super::answer::Answer;

/// Path segment and root name.
const NAMES: &[(&str, &str)] = &[
    ("affinitygroups", "affinity_groups"),
    ("affinitylabels", "affinity_labels"),
    ("applications", "applications"),
    ("backups", "backups"),
    ("bookmarks", "bookmarks"),
    ("cdroms", "cdroms"),
    ("checkpoints", "checkpoints"),
    ("clusterlevels", "cluster_levels"),
    ("cpuprofiles", "cpu_profiles"),
    ("devices", "host_devices"),
    ("diskprofiles", "disk_profiles"),
    ("disksnapshots", "disk_snapshots"),
    ("domains", "domains"),
    ("enabledfeatures", "cluster_features"),
    ("externalhostproviders", "external_host_providers"),
    ("externaltemplateimports", "external_template_imports"),
    ("externalvmimports", "external_vm_imports"),
    ("graphicsconsoles", "graphics_consoles"),
    ("groups", "groups"),
    ("hooks", "hooks"),
    ("hostdevices", "host_devices"),
    ("icons", "icons"),
    ("imagetransfers", "image_transfers"),
    ("instancetypes", "instance_types"),
    ("iscsibonds", "iscsi_bonds"),
    ("katelloerrata", "katello_errata"),
    ("macpools", "mac_pools"),
    ("mediateddevices", "vm_mediated_devices"),
    ("networkattachments", "network_attachments"),
    ("networkfilters", "network_filters"),
    ("networks", "networks"),
    ("nics", "nics"),
    ("numanodes", "vm_numa_nodes"),
    ("openstackimageproviders", "openstack_image_providers"),
    ("openstacknetworkproviders", "openstack_network_providers"),
    ("openstackvolumeproviders", "openstack_volume_providers"),
    ("operatingsystems", "operation_systems"),
    ("permissions", "permissions"),
    ("qoss", "qoss"),
    ("quotas", "quotas"),
    ("reporteddevices", "reported_devices"),
    ("roles", "roles"),
    ("schedulingpolicies", "scheduling_policies"),
    ("schedulingpolicyunits", "scheduling_policy_units"),
    ("sessions", "sessions"),
    ("statistics", "statistics"),
    ("steps", "steps"),
    ("templates", "templates"),
    ("users", "users"),
    ("vmpools", "vm_pools"),
    ("vms", "vms"),
    ("vnicprofiles", "vnic_profiles"),
    ("watchdogs", "watchdogs"),
];

/// Whether a top-level collection of this name exists without anything in it.
pub(crate) fn is_collection(segment: &str) -> bool {
    // Those of the list that exist only below an object are refused as unknown at the top.
    const BELOW_ONLY: &[&str] = &[
        "affinitygroups",
        "applications",
        "backups",
        "cdroms",
        "checkpoints",
        "devices",
        "disksnapshots",
        "enabledfeatures",
        "graphicsconsoles",
        "hooks",
        "hostdevices",
        "iscsibonds",
        "mediateddevices",
        "networkattachments",
        "nics",
        "numanodes",
        "qoss",
        "quotas",
        "reporteddevices",
        "sessions",
        "statistics",
        "steps",
        "watchdogs",
    ];
    NAMES.iter().any(|(name, _)| *name == segment) && !BELOW_ONLY.contains(&segment)
}

/// The empty list of this path segment.
pub(crate) fn collection(segment: &str) -> Answer {
    let root = NAMES.iter().find(|(name, _)| *name == segment).map_or("collection", |(_, root)| root);
    Answer::ok(root, json!({}))
}
