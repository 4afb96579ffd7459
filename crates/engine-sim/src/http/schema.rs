//! Which members a request body may have, by the engine's model class. A member that is not listed is refused.
//!
//! Members that this simulation does not read are listed too (kind `Any`): the engine knows them, so it accepts them.

/// How a member is read.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Accepted as it is, unread.
    Any,
    Text,
    Bool,
    Int,
    /// One of these words, in any case.
    Enum(&'static [&'static str]),
    Object(&'static Schema),
    /// `{"member": [ ... ]}`: the engine wraps each list in an object.
    List(&'static str, &'static Schema),
}

/// One class of the engine's model.
pub(crate) struct Schema {
    /// The Java class name, which appears in refusals.
    pub(crate) class: &'static str,
    /// The class of a list of these.
    pub(crate) list_class: &'static str,
    read: &'static [(&'static str, Kind)],
    /// Names with spaces between: known to the engine, not read here.
    unread: &'static str,
}

impl Schema {
    pub(crate) fn kind_of(&self, member: &str) -> Option<Kind> {
        if let Some((_, kind)) = self.read.iter().find(|(name, _)| *name == member) {
            return Some(*kind);
        }
        (BASE.contains(&member) || self.unread.split(' ').any(|name| name == member)).then_some(Kind::Any)
    }
}

/// Members of every entity that a body may carry without effect.
const BASE: &[&str] = &["actions", "link", "href"];

use Kind::{Bool, Enum, Int, List, Object, Text};

const ID_NAME: &[(&str, Kind)] = &[("id", Text), ("name", Text)];

/// A reference to another object, by id or name.
macro_rules! reference {
    ($name:ident, $class:literal, $list:literal) => {
        static $name: Schema =
            Schema { class: $class, list_class: $list, read: ID_NAME, unread: "comment description" };
    };
}
reference!(CLUSTER_REF, "Cluster", "Clusters");
reference!(HOST_REF, "Host", "Hosts");
reference!(STORAGE_DOMAIN_REF, "StorageDomain", "StorageDomains");
reference!(TAG_REF, "Tag", "Tags");
reference!(VM_REF, "Vm", "Vms");

pub(crate) static HOST: Schema = Schema {
    class: "Host",
    list_class: "Hosts",
    read: &[
        ("id", Text),
        ("name", Text),
        ("comment", Text),
        ("address", Text),
        ("port", Int),
        ("cluster", Object(&CLUSTER_REF)),
        ("type", Enum(&["rhel", "ovirt_node", "rhev_h"])),
        ("spm", Object(&SPM)),
        ("power_management", Object(&POWER_MANAGEMENT)),
        ("agents", List("agent", &AGENT)),
        ("root_password", Text),
    ],
    unread: "description affinity_labels auto_numa_status certificate cpu cpu_units device_passthrough devices \
             display external_host_provider external_network_provider_configurations external_status \
             hardware_information hooks hosted_engine iscsi katello_errata kdump_status ksm libvirt_version \
             max_scheduling_memory memory network_attachments network_operation_in_progress nics numa_nodes \
             numa_supported os override_iptables ovn_configured permissions protocol reinstallation_required se_linux \
             ssh statistics status status_detail storage_connection_extensions storages summary tags \
             transparent_hugepages unmanaged_networks update_available version vgpu_placement",
};

static SPM: Schema = Schema { class: "Spm", list_class: "Spms", read: &[("priority", Int)], unread: "status" };

static POWER_MANAGEMENT: Schema = Schema {
    class: "PowerManagement",
    list_class: "PowerManagements",
    read: &[("enabled", Bool), ("automatic_pm_enabled", Bool), ("kdump_detection", Bool)],
    unread: "address agents options password pm_proxies status type username",
};

pub(crate) static AGENT: Schema = Schema {
    class: "Agent",
    list_class: "Agents",
    read: &[
        ("id", Text),
        ("address", Text),
        ("type", Text),
        ("username", Text),
        ("password", Text),
        ("order", Int),
        ("port", Int),
        ("encrypt_options", Bool),
    ],
    unread: "comment concurrent description host name options",
};

pub(crate) static CLUSTER: Schema = Schema {
    class: "Cluster",
    list_class: "Clusters",
    read: &[
        ("id", Text),
        ("name", Text),
        ("comment", Text),
        ("description", Text),
        ("fencing_policy", Object(&FENCING_POLICY)),
    ],
    unread: "affinity_groups ballooning_enabled bios_type cpu cpu_profiles custom_scheduling_policy_properties \
             data_center display enabled_features error_handling external_network_providers fips_mode firewall_type \
             gluster_hooks gluster_service gluster_tuned_profile gluster_volumes ha_reservation ksm \
             log_max_memory_used_threshold log_max_memory_used_threshold_type mac_pool maintenance_reason_required \
             management_network memory_policy migration network_filters networks optional_reason permissions \
             required_rng_sources scheduling_policy serial_number supported_versions switch_type threads_as_cores \
             trusted_service tunnel_migration upgrade_correlation_id upgrade_in_progress upgrade_percent_complete \
             version virt_service vnc_encryption",
};

static FENCING_POLICY: Schema = Schema {
    class: "FencingPolicy",
    list_class: "FencingPolicies",
    read: &[
        ("enabled", Bool),
        ("skip_if_sd_active", Object(&SKIP_IF_SD_ACTIVE)),
        ("skip_if_connectivity_broken", Object(&SKIP_IF_CONNECTIVITY_BROKEN)),
        ("skip_if_gluster_bricks_up", Bool),
        ("skip_if_gluster_quorum_not_met", Bool),
    ],
    unread: "",
};

static SKIP_IF_SD_ACTIVE: Schema =
    Schema { class: "SkipIfSdActive", list_class: "SkipIfSdActives", read: &[("enabled", Bool)], unread: "" };

static SKIP_IF_CONNECTIVITY_BROKEN: Schema = Schema {
    class: "SkipIfConnectivityBroken",
    list_class: "SkipIfConnectivityBrokens",
    read: &[("enabled", Bool), ("threshold", Int)],
    unread: "",
};

pub(crate) static STORAGE_CONNECTION: Schema = Schema {
    class: "StorageConnection",
    list_class: "StorageConnections",
    read: &[
        ("id", Text),
        ("address", Text),
        ("path", Text),
        ("port", Int),
        ("target", Text),
        ("portal", Text),
        ("username", Text),
        ("password", Text),
        ("mount_options", Text),
        ("vfs_type", Text),
        ("nfs_version", Enum(&["auto", "v3", "v4", "v4_0", "v4_1", "v4_2"])),
        ("nfs_retrans", Int),
        ("nfs_timeo", Int),
        (
            "type",
            Enum(&[
                "nfs",
                "iscsi",
                "posixfs",
                "glusterfs",
                "localfs",
                "fcp",
                "cinder",
                "glance",
                "managed_block_storage",
            ]),
        ),
        ("host", Object(&HOST_REF)),
    ],
    unread: "comment description gluster_volume name",
};

pub(crate) static STORAGE_DOMAIN: Schema = Schema {
    class: "StorageDomain",
    list_class: "StorageDomains",
    read: &[("id", Text), ("name", Text), ("comment", Text), ("description", Text)],
    unread: "available backup block_size committed critical_space_action_blocker data_center data_centers \
             discard_after_delete disk_profiles disk_snapshots disks external_status files host images import master \
             permissions status storage storage_connections storage_format supports_discard \
             supports_discard_zeroes_data templates type used vms warning_low_space_indicator wipe_after_delete",
};

pub(crate) static VM: Schema = Schema {
    class: "Vm",
    list_class: "Vms",
    read: &[
        ("id", Text),
        ("name", Text),
        ("comment", Text),
        ("description", Text),
        ("memory", Int),
        ("high_availability", Object(&HIGH_AVAILABILITY)),
        ("lease", Object(&LEASE)),
        ("placement_policy", Object(&PLACEMENT_POLICY)),
    ],
    unread: "affinity_labels applications auto_pinning_policy bios cdroms cluster console cpu cpu_pinning_policy \
             cpu_profile cpu_shares creation_time custom_compatibility_version custom_cpu_model \
             custom_emulated_machine custom_properties delete_protected disk_attachments display domain \
             external_host_provider floppies fqdn graphics_consoles guest_operating_system guest_time_zone \
             has_illegal_images host host_devices initialization instance_type io katello_errata large_icon \
             mediated_devices memory_policy migration migration_downtime multi_queues_enabled \
             next_run_configuration_exists nics numa_nodes numa_tune_mode origin original_template os payloads \
             permissions placement_policy quota reported_devices rng_device run_once serial_number sessions \
             small_icon snapshots soundcard_enabled sso start_paused start_time stateless statistics status \
             status_detail stop_reason stop_time storage_domain storage_error_resume_behaviour tags template \
             time_zone tpm_enabled tunnel_migration type usb use_latest_template_version virtio_scsi \
             virtio_scsi_multi_queues virtio_scsi_multi_queues_enabled vm_pool watchdogs",
};

static HIGH_AVAILABILITY: Schema = Schema {
    class: "HighAvailability",
    list_class: "HighAvailabilities",
    read: &[("enabled", Bool), ("priority", Int)],
    unread: "",
};

static LEASE: Schema = Schema {
    class: "StorageDomainLease",
    list_class: "StorageDomainLeases",
    read: &[("storage_domain", Object(&STORAGE_DOMAIN_REF))],
    unread: "",
};

static PLACEMENT_POLICY: Schema = Schema {
    class: "VmPlacementPolicy",
    list_class: "VmPlacementPolicies",
    read: &[("affinity", Enum(&["migratable", "user_migratable", "pinned"])), ("hosts", List("host", &HOST_REF))],
    unread: "",
};

pub(crate) static TAG: Schema = Schema {
    class: "Tag",
    list_class: "Tags",
    read: &[("id", Text), ("name", Text), ("description", Text), ("parent", Object(&TAG_REF))],
    unread: "comment group host template user vm",
};

pub(crate) static EVENT: Schema = Schema {
    class: "Event",
    list_class: "Events",
    read: &[
        ("id", Text),
        ("description", Text),
        ("origin", Text),
        ("custom_id", Int),
        ("flood_rate", Int),
        ("severity", Enum(&["normal", "warning", "error", "alert"])),
        ("host", Object(&HOST_REF)),
        ("vm", Object(&VM_REF)),
    ],
    unread: "cluster code comment correlation_id custom_data data_center index log_on_host name storage_domain \
             template time user",
};

/// The one class of all action bodies: each action takes its own few of these members and ignores the rest.
pub(crate) static ACTION: Schema = Schema {
    class: "Action",
    list_class: "Actions",
    read: &[
        ("async", Bool),
        ("force", Bool),
        ("reason", Text),
        ("fence_type", Text),
        ("maintenance_after_restart", Bool),
        ("host", Object(&HOST_REF)),
        ("storage_domain", Object(&STORAGE_DOMAIN_REF)),
        ("grace_period", Object(&GRACE_PERIOD)),
    ],
    unread: "id name comment description activate allow_partial_import attachment authorized_key auto_pinning_policy \
             bricks certificates check_connectivity clone clone_permissions cluster collapse_snapshots \
             commit_on_success connection connectivity_timeout correlation_id data_center delete_source_image \
             deploy_hosted_engine details directory discard_snapshots discovered_targets disk disk_profile disks \
             exclusive fault filename filter fix_layout grace_period image image_transfer import_as_template \
             is_attached iscsi iscsi_targets job lease logical_units maintenance_enabled \
             migrate_vms_in_affinity_closure modified_bonds modified_labels modified_network_attachments network \
             option pause permission power_management proxy_ticket quota reassign_bad_macs reboot \
             registration_configuration remote_viewer_connection_file removed_bonds removed_labels \
             removed_network_attachments resolution_type restore_memory root_password seal snapshot source_host ssh \
             status stop_gluster_service storage_domains succeeded synchronized_network_attachments template ticket \
             timeout undeploy_hosted_engine upgrade_action upgrade_percent_complete use_cloud_init use_ignition \
             use_initialization use_sysprep virtual_functions_configuration vm vnic_profile_mappings volatile",
};

static GRACE_PERIOD: Schema =
    Schema { class: "GracePeriod", list_class: "GracePeriods", read: &[("expiry", Int)], unread: "" };
