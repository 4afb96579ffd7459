//! Connections, clusters, tags, domains: what is merged, replaced and refused.

use super::*;

fn connection(lab: &Lab, domain: &str) -> ConnectionId {
    lab.world.domain_named(domain).unwrap().connections[0]
}

fn put(connection: ConnectionId, force: bool, change: ConnectionChange) -> Command {
    Command::UpdateConnection { connection, force, change }
}

fn path(path: &str) -> ConnectionChange {
    ConnectionChange { path: Some(path.to_owned()), ..ConnectionChange::default() }
}

#[test]
fn a_connection_in_use_needs_force_and_a_duplicate_is_refused_even_so() {
    let mut lab = Lab::new(2, 4, 1);
    let master = connection(&lab, "data-master");
    let (code, text) = lab.refused(put(master, false, path("/other")));
    assert_eq!(code, 400);
    assert_eq!(
        text,
        "[Cannot edit Storage Connection. The data domains data-master should be in maintenance or unattached.]"
    );
    let (code, text) = lab.refused(put(master, true, path("/exports/data-nfs")));
    let other = connection(&lab, "data-nfs");
    assert_eq!(code, 409);
    assert_eq!(
        text,
        format!("[Cannot edit Storage Connection. Storage connection {other} already exists for data-nfs.]")
    );
    let (code, text) = lab.refused(put(master, true, path("relative")));
    assert_eq!((code, text.contains("Mount path is illegal")), (400, true));
    assert_eq!(lab.refused(put(ConnectionId(1), true, path("/x"))).0, 404);
    let iscsi = ConnectionChange { kind: Some(StorageType::Iscsi), ..path("/x") };
    assert_eq!(lab.refused(put(master, true, iscsi)), (400, "[Target details cannot be empty.]".to_owned()));
    let timeo = ConnectionChange { nfs_timeo: Some(9000), ..ConnectionChange::default() };
    assert!(lab.refused(put(master, true, timeo)).1.contains("NFS Timeout should be between 1 and 6000"));
}

#[test]
fn a_put_with_a_host_throws_the_domain_into_maintenance() {
    let mut lab = Lab::new(2, 4, 1);
    let row = connection(&lab, "data-iscsi");
    let host = lab.host("madrid-h1");
    let unknown = ConnectionChange { host: Some(Err(())), ..ConnectionChange::default() };
    assert_eq!(lab.refused(put(row, true, unknown)), (400, "[Internal Engine Error]".to_owned()));
    let change = ConnectionChange { host: Some(Ok(host)), ..ConnectionChange::default() };
    lab.ok(put(row, true, change));
    assert_eq!(lab.world.domain_named("data-iscsi").unwrap().attached.unwrap().status, DomainStatus::Maintenance);
    let dc = *lab.world.data_centers.keys().next().unwrap();
    let domain = lab.world.domain_named("data-iscsi").unwrap().id;
    lab.ok(Command::ActivateDomain { data_center: dc, domain });
    lab.pass(2.0);
    assert_eq!(lab.world.domain_named("data-iscsi").unwrap().attached.unwrap().status, DomainStatus::Active);
}

#[test]
fn half_a_posix_target_is_lost_or_ignored() {
    let mut lab = Lab::new(1, 0, 1);
    let id = lab
        .world
        .insert_connection(StorageType::Posixfs, Target::Mount { address: "ceph".to_owned(), path: "/a".to_owned() });
    let address = ConnectionChange { address: Some("other".to_owned()), ..ConnectionChange::default() };
    lab.ok(put(id, true, address));
    assert_eq!(lab.world.connections[&id].target, Target::Mount { address: "ceph".to_owned(), path: "/a".to_owned() });
    lab.ok(put(id, true, path("/b")));
    assert_eq!(lab.world.connections[&id].target, Target::Mount { address: String::new(), path: "/b".to_owned() });
}

#[test]
fn a_row_behind_a_direct_lun_is_locked_while_its_vm_is_not_down_whatever_the_force() {
    let mut spec = WorldSpec::two_sites(["madrid", "seville"], 2, 2, 1);
    spec.vms[0].direct_lun = vec![Target::Portal {
        address: "10.1.0.251".to_owned(),
        port: 3260,
        target: "iqn.2016-01.example.madrid:luns".to_owned(),
    }];
    let mut lab = Lab::of(&spec);
    let row = lab
        .world
        .connections
        .values()
        .find(|row| matches!(&row.target, Target::Portal { target, .. } if target.ends_with(":luns")))
        .unwrap()
        .id;
    let change = ConnectionChange { address: Some("10.2.0.251".to_owned()), ..ConnectionChange::default() };
    let (code, text) = lab.refused(put(row, true, change.clone()));
    assert_eq!(code, 400);
    assert!(text.contains("vm1"), "{text}");
    lab.ok(Command::StopVm { vm: lab.vm("vm1"), reason: None });
    lab.pass(5.0);
    lab.ok(put(row, true, change));
}

#[test]
fn a_fencing_policy_is_replaced_whole() {
    let mut lab = Lab::new(1, 0, 1);
    let cluster = *lab.world.clusters.keys().next().unwrap();
    let change = |policy| ClusterChange { fencing_policy: Some(policy), ..ClusterChange::default() };
    let full = FencingPolicy { skip_if_sd_active: true, connectivity_threshold: 75, ..FencingPolicy::default() };
    lab.ok(Command::UpdateCluster { cluster, change: change(full) });
    lab.ok(Command::UpdateCluster {
        cluster,
        change: change(FencingPolicy { enabled: false, ..FencingPolicy::default() }),
    });
    assert!(!lab.world.clusters[&cluster].fencing_policy.skip_if_sd_active);
    let broken = ClusterChange { skip_without_enabled: true, ..change(full) };
    assert_eq!(lab.refused(Command::UpdateCluster { cluster, change: broken }).0, 500);
    assert!(!lab.world.clusters[&cluster].fencing_policy.enabled, "nothing was stored");
}

#[test]
fn tags_have_the_engines_rules_and_outlive_everything() {
    let mut lab = Lab::new(1, 1, 1);
    let create = |name: &str, description: &str| Command::CreateTag {
        name: name.to_owned(),
        description: description.to_owned(),
        parent: None,
    };
    let answer = lab.call(create("ovirt-dr.owed", "{\"json\":1}")).1.unwrap();
    let Outcome::Tag(tag) = answer.outcome else { panic!("no tag") };
    assert_eq!(lab.refused(create("ovirt-dr.owed", "")), (409, "[The specified Tag name already exists.]".to_owned()));
    assert_eq!(lab.refused(create("a b", "")).0, 400);
    assert_eq!(lab.refused(create(&"x".repeat(51), "")).0, 400);
    assert_eq!(lab.refused(create("long", &"x".repeat(4001))).0, 400);
    let host = lab.host("madrid-h1");
    let assign = || Command::AssignTag { to: Tagged::Host(host), name: "ovirt-dr.owed".to_owned() };
    lab.ok(assign());
    lab.ok(assign());
    let other = Command::AssignTag { to: Tagged::Host(host), name: "nobody".to_owned() };
    assert_eq!(lab.refused(other), (404, "Entity not found: nobody".to_owned()));
    lab.world.restart_engine();
    assert!(lab.world.hosts[&host].tags.contains(&tag));
    let unassign = || Command::UnassignTag { from: Tagged::Host(host), tag };
    lab.ok(unassign());
    assert_eq!(lab.refused(unassign()).0, 404);
    lab.ok(Command::DeleteTag { tag });
    assert!(lab.world.tags.is_empty());
}

#[test]
fn a_domain_in_use_cannot_be_deactivated_and_an_unknown_one_neither() {
    let mut lab = Lab::new(3, 8, 1);
    let dc = *lab.world.data_centers.keys().next().unwrap();
    let domain = |lab: &Lab, name: &str| lab.world.domain_named(name).unwrap().id;
    let leave = |id| Command::DeactivateDomain { data_center: dc, domain: id, force: false };
    let (code, text) = lab.refused(leave(domain(&lab, "data-nfs")));
    assert_eq!(code, 409);
    assert!(text.contains("contains leases for the following running VMs: vm8"), "{text}");
    assert!(lab.refused(leave(domain(&lab, "data-iscsi"))).1.contains("VMs in a state other than"));
    let (code, text) = lab.refused(Command::ActivateDomain { data_center: dc, domain: domain(&lab, "data-nfs") });
    assert_eq!((code, text.contains("status is Active")), (409, true));
    lab.world.refuse_site("madrid").unwrap();
    lab.until_non_responsive("madrid");
    assert_eq!(lab.refused(leave(domain(&lab, "data-iscsi"))).0, 409);
    let (code, text) = lab.refused(Command::ActivateDomain { data_center: dc, domain: domain(&lab, "data-nfs") });
    assert_eq!((code, text.contains("Please activate the master Storage Domain first")), (409, true));
}

#[test]
fn probes_meet_hosts_arrays_and_witnesses_as_they_are() {
    let mut lab = Lab::new(2, 2, 1);
    let host = lab.world.host_named("madrid-h1").unwrap().address.clone();
    let all = |lab: &Lab| {
        [
            lab.world.reachable(&host, 54321),
            lab.world.reachable(&host, 22),
            lab.world.reachable("10.1.0.250", 2049),
            lab.world.reachable("10.1.0.254", 443),
            lab.world.reachable("10.2.0.254", 443),
        ]
    };
    assert_eq!(all(&lab), [Reach::Answering; 5]);
    assert_eq!(lab.world.reachable(&host, 80), Reach::Refusing);
    assert_eq!(lab.world.reachable("192.0.2.1", 22), Reach::Silent);
    lab.world.lose_site("madrid").unwrap();
    assert_eq!(all(&lab), [Reach::Silent, Reach::Silent, Reach::Silent, Reach::Silent, Reach::Answering]);
    lab.world.refuse_site("madrid").unwrap();
    assert_eq!(all(&lab)[0], Reach::Refusing);
}

#[test]
fn a_world_is_read_from_its_description_and_bad_names_are_named() {
    let spec = WorldSpec::two_sites(["madrid", "seville"], 2, 3, 1);
    let text = serde_json::to_string(&spec).unwrap();
    let again: WorldSpec = serde_json::from_str(&text).unwrap();
    assert_eq!(World::new(&again).unwrap().hosts.len(), 4);
    let mut bad = spec;
    bad.vms[0].disks = vec!["nowhere".to_owned()];
    assert_eq!(World::new(&bad).err().as_deref(), Some("VM `vm1`: no domain `nowhere`"));
}

#[test]
fn storage_lost_by_all_hosts_pauses_vms_and_takes_the_spm() {
    let mut lab = Lab::new(2, 4, 1);
    lab.pass(20.0);
    lab.world.lose_storage("madrid").unwrap();
    lab.pass(60.0);
    assert_eq!(lab.vm_status("vm1"), VmStatus::Paused);
    assert_eq!(lab.dc(), DataCenterStatus::Problematic);
    assert_eq!(lab.status("madrid-h1"), HostStatus::Up);
    lab.world.restore_site("madrid").unwrap();
    lab.pass(400.0);
    assert_eq!(lab.vm_status("vm1"), VmStatus::Up);
    assert_eq!(lab.dc(), DataCenterStatus::Up);
}

#[test]
fn edits_of_two_portals_of_one_domain_at_once_collide_and_of_two_domains_do_not() {
    let mut lab = Lab::new(1, 0, 1);
    let host = lab.host("madrid-h1");
    lab.world.power_off(host);
    let iscsi = lab.world.domain_named("data-iscsi").unwrap().connections.clone();
    let (portals, mounts): (Vec<Command>, Vec<Command>) = lab.repointing("seville").into_iter().partition(
        |command| matches!(command, Command::UpdateConnection { connection, .. } if iscsi.contains(connection)),
    );
    let (took, results) = lab.together(mounts);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert!(took < 0.1, "{took}");
    let (_, results) = lab.together(portals.clone());
    let refused: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].http_status, 409);
    assert!(refused[0].detail().contains("Related operation is currently in progress"));
    for portal in portals {
        lab.ok(portal);
    }
}
