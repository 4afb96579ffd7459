//! What the types read from documents that a running engine wrote.

use ovirt_client::{
    ClusterId, DataCenterStatus, DiskStorageType, EngineTime, FenceType, HostStatus, JobStatus, Listing, Request,
    Severity, SpmStatus, StorageDomainStatus, StorageDomainType, StorageType, VmStatus, clusters, data_centers, disks,
    events, hosts, jobs, root, storage, tags, vms,
};
use serde_json::{Value, json};

use crate::fake::{FakeEngine, Reply};

/// A recorded document, cut to what matters.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{path}: {problem}"));
    serde_json::from_str(&text).expect("JSON")
}

/// Sends the request to an engine that answers with this document.
async fn answered<T>(request: Request<T>, document: Value) -> T {
    let target = format!("/ovirt-engine/api/{}", request.path_and_query());
    let target = target.trim_end_matches('/').to_owned();
    let engine = FakeEngine::new(move |call, _| (call.path == target).then(|| Reply::Json(200, document.clone())));
    engine.client().send(request).await.expect("an answer that can be read")
}

/// The same for lists, all of whose elements must be readable.
async fn listed<T>(request: Request<Listing<T>>, name: &str) -> Vec<T> {
    let listing = answered(request, fixture(name)).await;
    assert_eq!(listing.unreadable, []);
    listing.items
}

#[tokio::test]
async fn the_root_tells_identity_clock_and_whether_all_is_seen() {
    let root = answered(root::get(), fixture("root")).await;
    assert_eq!(root.product_info.instance_id.as_deref(), Some("34fe7a12-e800-11f1-9d24-02fc00000001"));
    assert_eq!(root.product_info.version.full_version.as_deref(), Some("4.5.8"));
    assert_eq!((root.product_info.version.major, root.product_info.version.minor), (Some(4), Some(5)));
    assert_eq!(root.time, Some(EngineTime(1_795_523_092_099)));
    assert!(root.sees_everything());
    assert_eq!(root.summary.expect("a summary").hosts.total, Some(6));
    let mut filtered = fixture("root");
    filtered.as_object_mut().expect("an object").remove("summary");
    assert!(!answered(root::get(), filtered).await.sees_everything());
}

#[tokio::test]
async fn hosts_show_status_spm_power_management_and_cluster() {
    let hosts = listed(hosts::list(), "hosts").await;
    let alpha = &hosts[0];
    assert_eq!((alpha.name.as_str(), &alpha.status), ("alpha-h1", &HostStatus::Up));
    assert_eq!(alpha.address.as_deref(), Some("127.0.1.1"));
    assert_eq!(alpha.port, Some(54321));
    assert_eq!(alpha.cluster, Some(ClusterId::new("04ccd4ac-272c-41a3-82c7-c1c1788fa3ec")));
    let spm = alpha.spm.as_ref().expect("spm");
    assert_eq!((spm.priority, &spm.status), (Some(5), &Some(SpmStatus::Spm)));
    assert_eq!(alpha.power_management.as_ref().and_then(|pm| pm.enabled), Some(true));
    assert_eq!(alpha.summary.and_then(|summary| summary.total), Some(1));
    assert_eq!(alpha.tags, None, "tags that were not asked for are not known to be none");
    assert_eq!(hosts[1].status, HostStatus::Maintenance);
}

#[tokio::test]
async fn a_whole_host_with_links_and_actions_reads_too() {
    let host = answered(hosts::get(&"x".into()), fixture("host_whole")).await;
    assert_eq!(host.name, "alpha-h1");
}

#[tokio::test]
async fn lost_hosts_still_show_their_vms_and_the_spm_role() {
    let hosts = listed(hosts::list(), "hosts_lost").await;
    assert!(hosts.iter().all(|host| host.status == HostStatus::NonResponsive));
    assert_eq!(hosts[0].summary.and_then(|summary| summary.total), Some(2));
    assert_eq!(hosts[0].spm.as_ref().and_then(|spm| spm.status.clone()), Some(SpmStatus::Spm));
}

#[tokio::test]
async fn followed_tags_are_some_also_when_there_are_none() {
    let mut document = fixture("hosts_with_tags");
    for (position, host) in document["host"].as_array_mut().expect("hosts").iter_mut().enumerate() {
        if position > 0 {
            host["tags"] = json!({});
        }
    }
    let hosts = answered(hosts::list_with_tags(), document).await.items;
    let names: Vec<_> = hosts[0].tags.iter().flatten().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["ovirt_dr_owed_pm"]);
    assert_eq!(hosts[1].tags, Some(Vec::new()));
}

#[tokio::test]
async fn fence_agents_and_the_luns_of_a_host_are_read() {
    let agents = listed(hosts::fence_agents(&"x".into()), "fence_agents").await;
    assert_eq!(agents[0].agent_type.as_deref(), Some("ipmilan"));
    assert_eq!((agents[0].order, agents[0].address.as_deref()), (Some(1), Some("127.100.1.1")));
    let storage = listed(hosts::storage(&"x".into()), "host_storage").await;
    assert_eq!(storage[0].storage_type, Some(StorageType::Iscsi));
    assert_eq!(storage[0].logical_units[0].paths, Some(1));
}

#[tokio::test]
async fn a_fencing_policy_is_kept_complete_and_switched() {
    let clusters = listed(clusters::list(), "clusters").await;
    let cluster = clusters.iter().find(|cluster| cluster.name == "dr-cluster").expect("the cluster");
    let policy = cluster.fencing_policy.as_ref().expect("a policy");
    assert!(policy.enabled());
    let off = policy.with_enabled(false);
    assert!(!off.enabled());
    assert_eq!(
        off.as_value(),
        &json!({
            "enabled": "false",
            "skip_if_connectivity_broken": { "enabled": "false", "threshold": "50" },
            "skip_if_gluster_bricks_up": "false",
            "skip_if_gluster_quorum_not_met": "false",
            "skip_if_sd_active": { "enabled": "false" },
        })
    );
    assert_eq!(off.with_enabled(true).as_value(), policy.as_value());
    let stored = serde_json::to_value(policy).expect("a value");
    assert_eq!(clusters::FencingPolicy::from_value(stored).as_ref(), Ok(policy));
}

#[test]
fn a_fencing_policy_that_does_not_say_whether_it_is_enabled_is_refused() {
    for wrong in [json!({}), json!({ "enabled": {} }), json!("true"), json!(null), json!({ "enabled": "perhaps" })] {
        assert!(clusters::FencingPolicy::from_value(wrong.clone()).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn data_centers_show_their_status() {
    let centers = listed(data_centers::list(), "data_centers").await;
    let by_name = |name: &str| centers.iter().find(|center| center.name == name).expect("a data center");
    assert_eq!(by_name("Default").status, DataCenterStatus::Uninitialized);
    assert_eq!(by_name("dr-dc").status, DataCenterStatus::Up);
    assert_eq!(by_name("dr-dc").local, Some(false));
    assert_eq!(by_name("dr-dc").storage_format.as_deref(), Some("v5"));
}

#[tokio::test]
async fn a_domain_has_a_status_under_its_data_center_only() {
    let alone = listed(storage::list_domains(), "domains").await;
    assert!(alone.iter().all(|domain| domain.status.is_none()));
    let attached = listed(data_centers::storage_domains(&"x".into()), "attached_domains").await;
    assert_eq!(attached.len(), 3);
    for domain in &attached {
        assert_eq!(domain.status, Some(StorageDomainStatus::Active));
        assert_eq!(domain.domain_type, Some(StorageDomainType::Data));
        assert_eq!(domain.data_centers.len(), 1);
    }
    assert_eq!(attached.iter().filter(|domain| domain.master == Some(true)).count(), 1);
}

#[tokio::test]
async fn a_block_domain_names_its_luns_with_portal_and_target() {
    let domains = listed(storage::list_domains(), "domains").await;
    let block = domains.iter().find(|domain| domain.name == "data-iscsi").expect("the domain");
    let storage = block.storage.as_ref().expect("storage");
    let lun = &storage.volume_group.as_ref().expect("a volume group").logical_units[0];
    assert_eq!((lun.address.as_deref(), lun.port), (Some("127.0.1.251"), Some(3260)));
    assert_eq!(lun.target.as_deref(), Some("iqn.2016-01.example.alpha:array1"));
    assert_eq!(lun.portal.as_deref(), Some("127.0.1.251:3260,1"));
    assert_eq!(lun.size, Some(1_073_741_824_000));
}

#[tokio::test]
async fn connections_of_every_type_are_read_and_say_where_they_point() {
    let connections = listed(storage::list_connections(), "connections").await;
    let mut types: Vec<_> = connections.iter().map(|connection| connection.storage_type.to_string()).collect();
    types.dedup();
    assert_eq!(types, ["nfs", "iscsi", "posixfs", "nfs", "iscsi", "localfs"]);
    assert_eq!(
        connections[2].place(),
        Some(storage::ConnectionPlace::Iscsi {
            address: "127.0.1.251".to_owned(),
            port: 3260,
            target: "iqn.2016-01.example.alpha:array1".to_owned()
        })
    );
    let options = connections.iter().find(|connection| connection.nfs_timeo.is_some()).expect("one with options");
    assert_eq!((options.nfs_timeo, options.nfs_retrans), (Some(600), Some(3)));
    assert_eq!(options.nfs_version.as_deref(), Some("v4_1"));
    assert_eq!(options.mount_options.as_deref(), Some("sec=sys"));
    assert!(connections.iter().all(|connection| connection.place().is_some()));
}

#[tokio::test]
async fn vms_show_host_ha_lease_and_start_time() {
    let vms = listed(vms::list(), "vms").await;
    assert_eq!((vms[0].name.as_str(), &vms[0].status), ("vm1", &Some(VmStatus::Up)));
    assert_eq!(vms[0].start_time, Some(EngineTime(1_795_523_033_964)));
    let ha = vms[0].high_availability.expect("high availability");
    assert_eq!((ha.enabled, ha.priority), (Some(true), Some(50)));
    assert_eq!((vms[0].run_once, vms[0].next_run_configuration_exists), (Some(false), Some(false)));
    assert_eq!(vms[0].lease, None);
    assert!(vms[1].lease.is_some());
    assert!(vms[0].host.is_some() && vms[0].cluster.is_some());
}

#[tokio::test]
async fn an_unknown_vm_still_shows_its_dead_host() {
    let vms = listed(vms::list(), "vms_unknown").await;
    assert_eq!(vms[0].status, Some(VmStatus::Unknown));
    assert!(vms[0].host.is_some());
}

#[tokio::test]
async fn followed_disks_name_their_domains() {
    let vms = listed(vms::list_with_disks_and_tags(), "vms_with_disks_and_tags").await;
    assert_eq!(vms[0].tags.as_ref().map(Vec::len), Some(1));
    assert_eq!(vms[1].tags, Some(Vec::new()));
    let attachment = &vms[0].disk_attachments.as_ref().expect("disks")[0];
    let disk = attachment.disk.as_ref().expect("the disk");
    assert_eq!(disk.storage_type, Some(DiskStorageType::Image));
    assert_eq!(disk.storage_domains, ["75294a18-edbc-4a3e-afe7-949314bd65ed".into()]);
    let attachments = listed(vms::disk_attachments(&"x".into()), "disk_attachments").await;
    assert_eq!((attachments[0].active, attachments[0].bootable), (Some(true), Some(true)));
    assert_eq!(listed(disks::list(), "disks").await[0].status.as_deref(), Some("ok"));
}

/// Composed from the API's model: the recorded engine had no direct LUN.
#[tokio::test]
async fn a_direct_lun_disk_names_the_ways_to_its_lun() {
    let document = json!({ "disk_attachment": [{ "id": "d1", "active": "true", "disk": {
        "id": "d1", "alias": "quorum", "storage_type": "lun",
        "lun_storage": { "type": "iscsi", "logical_units": { "logical_unit": [
            { "id": "3600a", "address": "10.1.0.11", "port": "3260", "target": "iqn.x:y", "disk_id": "d1" } ] } } } }] });
    let attachments = answered(vms::disk_attachments(&"v".into()), document).await.items;
    let disk = attachments[0].disk.as_ref().expect("the disk");
    assert_eq!(disk.storage_type, Some(DiskStorageType::Lun));
    let lun = &disk.lun_storage.as_ref().expect("the LUN").logical_units[0];
    assert_eq!((lun.address.as_deref(), lun.disk_id.as_ref()), (Some("10.1.0.11"), Some(&"d1".into())));
}

#[tokio::test]
async fn events_jobs_and_tags_are_read() {
    let events = listed(events::newest(40), "events").await;
    let started = events.iter().find(|event| event.code == Some(32)).expect("a start");
    assert!(started.vm.is_some() && started.host.is_some() && started.cluster.is_some());
    assert_eq!(started.severity, Some(Severity::Normal));
    assert!(started.id > 0 && started.time.is_some() && started.correlation_id.is_some());
    assert!(events.iter().any(|event| event.storage_domain.is_some()));
    let jobs = listed(jobs::list(), "jobs").await;
    assert!(jobs.iter().all(|job| job.start_time.is_some()));
    assert!(jobs.iter().any(|job| job.status == JobStatus::Finished));
    let tags = listed(tags::list(), "tags").await;
    let owed = tags.iter().find(|tag| tag.name == "ovirt-dr.owed.policy.dr-cluster").expect("the tag");
    let kept: Value = serde_json::from_str(owed.description.as_deref().expect("a description")).expect("JSON");
    assert_eq!(kept["skip_if_connectivity_broken"]["threshold"], "50");
}

#[tokio::test]
async fn an_empty_list_is_read_in_both_spellings() {
    for empty in [json!({}), json!({ "host": [] }), json!({ "link": [], "href": "/x" })] {
        let listing = answered(hosts::list(), empty).await;
        assert!(listing.items.is_empty() && listing.unreadable.is_empty());
    }
}

#[tokio::test]
async fn an_element_that_cannot_be_read_is_named_and_hides_no_other() {
    let mut document = fixture("hosts");
    document["host"][0]["port"] = json!("many");
    let listing = answered(hosts::list(), document).await;
    assert_eq!(listing.items.iter().map(|host| host.name.as_str()).collect::<Vec<_>>(), ["beta-h1"]);
    let lost = &listing.unreadable[0];
    assert_eq!(lost.name.as_deref(), Some("alpha-h1"));
    assert_eq!(lost.id.as_deref(), Some("38c0f7a0-a3c1-40fc-84c7-a29751335b52"));
    assert!(lost.problem.contains("whole number"), "{}", lost.problem);
}

#[tokio::test]
async fn a_host_without_a_status_is_unreadable_not_harmless() {
    let listing = answered(hosts::list(), json!({ "host": [{ "id": "h", "name": "n" }, 7, null] })).await;
    assert_eq!((listing.items.len(), listing.unreadable.len()), (0, 3));
}

#[tokio::test]
async fn a_link_without_an_id_is_unreadable_not_absent() {
    let host = json!({ "id": "h", "name": "n", "status": "up", "cluster": { "href": "/x" } });
    assert_eq!(answered(hosts::list(), json!({ "host": [host] })).await.unreadable.len(), 1);
}

#[tokio::test]
async fn scalars_and_dates_are_read_from_any_spelling() {
    for (enabled, port, priority, time) in [
        (json!("true"), json!("54322"), json!("-1"), json!(1_795_523_033_964_i64)),
        (json!(true), json!(54322), json!(-1), json!("1795523033964")),
        (json!(1), json!("54322"), json!(-1), json!("2026-11-24T13:03:53.964+02:00")),
        (json!("TRUE"), json!(54322), json!("-1"), json!("2026-11-24T11:03:53.964Z")),
    ] {
        let host = json!({ "id": "h", "name": "n", "status": "up", "port": port,
            "power_management": { "enabled": enabled }, "spm": { "priority": priority } });
        let host = answered(hosts::get(&"h".into()), host).await;
        assert_eq!(host.port, Some(54322));
        assert_eq!(host.power_management.and_then(|pm| pm.enabled), Some(true));
        assert_eq!(host.spm.and_then(|spm| spm.priority), Some(-1));
        let vm = answered(vms::get(&"v".into()), json!({ "id": "v", "name": "n", "start_time": time.clone() })).await;
        let expected = if time.is_string() && time.as_str().is_some_and(|t| t.contains('T')) {
            1_795_518_233_964
        } else {
            1_795_523_033_964
        };
        assert_eq!(vm.start_time, Some(EngineTime(expected)), "{time}");
        assert_eq!(vm.status, None);
    }
}

#[test]
fn unknown_words_are_kept_and_known_ones_speak_the_apis_language() {
    let word = HostStatus::from("half_up");
    assert_eq!(word, HostStatus::Other("half_up".to_owned()));
    assert_eq!(word.to_string(), "half_up");
    assert_ne!(HostStatus::from("UP"), HostStatus::Up);
    assert_eq!(HostStatus::from("non_responsive"), HostStatus::NonResponsive);
    assert_eq!(FenceType::Manual.to_string(), "manual");
    assert_eq!(DataCenterStatus::from("problematic").as_str(), "problematic");
}
