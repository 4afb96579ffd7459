//! Activation, and the `up` that is not yet one.

use super::*;

/// The site lost, confirmed and parked; the standby hosts untouched.
fn parked(spec: &WorldSpec) -> Lab {
    let mut lab = Lab::of(spec);
    lab.fencing(false);
    lab.pass(20.0);
    lab.world.refuse_site("madrid").unwrap();
    lab.until_non_responsive("madrid");
    for host in lab.hosts_of("madrid") {
        lab.ok(lab.confirm(&host));
        lab.ok(lab.park(&host));
    }
    lab.seen.clear();
    lab
}

fn spec(seed: u64) -> WorldSpec {
    WorldSpec::two_sites(["madrid", "seville"], 3, 8, seed)
}

#[test]
fn a_host_shows_up_before_its_storage_is_connected() {
    let mut lab = parked(&spec(1));
    let begun = lab.second();
    lab.ok(lab.activate("seville-h1"));
    assert_eq!(lab.status("seville-h1"), HostStatus::Unassigned);
    lab.pass(60.0);
    let up = lab.at(begun, "seville-h1", "up");
    let out = lab.at(begun, "seville-h1", "non_operational");
    assert!(up - begun < 3.5, "{up}");
    assert!((3.0..9.0).contains(&(out - up)), "{}", out - up);
    let host = lab.world.host_named("seville-h1").unwrap();
    assert_eq!(host.status_detail.as_deref(), Some("storage_domain_unreachable"));
    let codes: Vec<u32> = lab.world.events.iter().map(|event| event.code).collect();
    assert!(codes.contains(&994) && codes.contains(&522) && codes.contains(&16));
}

#[test]
fn storage_that_vanished_keeps_the_false_up_for_more_than_a_minute() {
    let mut lab = Lab::of(&spec(1));
    lab.pass(20.0);
    lab.world.lose_site("madrid").unwrap();
    lab.until_non_responsive("madrid");
    let begun = lab.second();
    lab.ok(lab.activate("seville-h1"));
    lab.pass(130.0);
    let shown = lab.at(begun, "seville-h1", "non_operational") - lab.at(begun, "seville-h1", "up");
    assert!((70.0..110.0).contains(&shown), "{shown}");
}

#[test]
fn a_replica_that_is_not_promoted_keeps_hosts_out_and_the_data_center_down() {
    let mut lab = parked(&spec(1));
    lab.repoint("seville");
    for host in lab.hosts_of("seville") {
        lab.ok(lab.activate(&host));
    }
    lab.pass(60.0);
    for host in lab.hosts_of("seville") {
        assert_eq!(lab.status(&host), HostStatus::NonOperational);
    }
    assert_eq!(lab.dc(), DataCenterStatus::Problematic);
    let (code, text) = lab.refused(lab.start("vm7"));
    assert_eq!((code, text.as_str()), (409, "[Cannot run VM. Unknown Data Center status.]"));
    // Auto-recovery tries at minutes divisible by five, says so at once, and fails.
    lab.pass(600.0);
    let tries: Vec<_> = lab.world.events.iter().filter(|event| event.code == 9502).collect();
    assert!(tries.len() >= 3, "{}", tries.len());
    assert!(tries.iter().all(|event| lab.world.unix_ms(event.at) % 300_000 < 10));
    assert_eq!(lab.status("seville-h1"), HostStatus::NonOperational);
    // Promoted, the next attempt by hand works.
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    lab.ok(lab.activate("seville-h1"));
    assert!(lab.wait(200.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)));
    assert_eq!(lab.status("seville-h1"), HostStatus::Up);
}

#[test]
fn a_promoted_copy_brings_the_dead_owners_lease_and_the_election_waits_for_it() {
    let mut lab = parked(&spec(1));
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    let promoted = lab.second();
    lab.repoint("seville");
    lab.ok(lab.activate("seville-h1"));
    lab.pass(200.0);
    let contend = lab.at(promoted, "dr-dc", "contend") - promoted;
    let up = lab.at(promoted, "dr-dc", "up") - promoted;
    assert!(contend < 20.0, "{contend}");
    assert!((139.0..143.0).contains(&up), "{up}");
    assert_eq!(lab.at(promoted, "data-master", "active master") - promoted, up);
    assert!(lab.world.events.iter().any(|event| event.code == 204));
}

#[test]
fn a_copy_that_is_not_behind_its_server_moves_the_master_role_for_a_moment() {
    let mut spec = spec(1);
    spec.options.unpromoted = Unpromoted::AbsentBehindServer;
    let mut lab = parked(&spec);
    lab.repoint("seville");
    lab.ok(lab.activate("seville-h1"));
    lab.pass(60.0);
    assert_eq!(lab.status("seville-h1"), HostStatus::Up);
    assert_eq!(lab.dc(), DataCenterStatus::Problematic);
    let words: Vec<String> = lab.of_object("data-master").into_iter().map(|(_, word)| word).collect();
    assert!(words.contains(&"inactive".to_owned()), "{words:?}");
    assert_eq!(words.last().map(String::as_str), Some("unknown master"));
    assert!(lab.world.events.iter().any(|event| event.code == 985));
}

#[test]
fn a_stale_row_of_one_data_domain_keeps_every_host_out() {
    let mut lab = parked(&spec(1));
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    let nfs = lab.world.domain_named("data-nfs").unwrap().connections.clone();
    for command in lab.repointing("seville") {
        if !matches!(&command, Command::UpdateConnection { connection, .. } if nfs.contains(connection)) {
            lab.ok(command);
        }
    }
    lab.ok(lab.activate("seville-h1"));
    lab.pass(30.0);
    assert_eq!(lab.status("seville-h1"), HostStatus::NonOperational);
}

#[test]
fn one_portal_of_two_is_enough() {
    let mut lab = parked(&spec(1));
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    let dead = lab.world.domain_named("data-iscsi").unwrap().connections[1];
    for command in lab.repointing("seville") {
        if !matches!(&command, Command::UpdateConnection { connection, .. } if *connection == dead) {
            lab.ok(command);
        }
    }
    lab.ok(lab.activate("seville-h1"));
    lab.pass(30.0);
    assert_eq!(lab.status("seville-h1"), HostStatus::Up);
}

#[test]
fn a_deactivation_during_the_unsettled_up_is_lost() {
    let mut lab = parked(&spec(1));
    lab.ok(lab.activate("seville-h1"));
    assert!(lab.wait(5.0, |world| world.host_named("seville-h1").unwrap().status == HostStatus::Up));
    lab.ok(lab.park("seville-h1"));
    assert_eq!(lab.status("seville-h1"), HostStatus::PreparingForMaintenance);
    lab.pass(20.0);
    assert_eq!(lab.status("seville-h1"), HostStatus::NonOperational);
}

#[test]
fn activating_twice_is_accepted_until_it_is_up_and_then_a_409() {
    let mut lab = Lab::of(&spec(1));
    lab.pass(5.0);
    lab.ok(lab.activate("seville-h1"));
    lab.ok(lab.activate("seville-h1"));
    assert!(lab.wait(10.0, |world| world.host_named("seville-h1").unwrap().status == HostStatus::Up));
    let (code, text) = lab.refused(lab.activate("seville-h1"));
    assert_eq!((code, text.as_str()), (409, "[Cannot activate Host. Host in Up status.]"));
}

#[test]
fn a_planned_move_needs_no_confirmation_and_elects_quickly() {
    let mut lab = Lab::of(&spec(1));
    lab.pass(20.0);
    for vm in 1..=8 {
        lab.ok(Command::ShutdownVm { vm: lab.vm(&format!("vm{vm}")), reason: Some("move".to_owned()) });
    }
    assert!(lab.wait(60.0, |world| world.vms.values().all(|vm| vm.status == VmStatus::Down)));
    for host in ["madrid-h3", "madrid-h2", "madrid-h1"] {
        lab.ok(lab.park(host));
    }
    assert!(lab.wait(60.0, |world| { world.hosts.values().all(|host| host.status == HostStatus::Maintenance) }));
    assert_eq!(lab.world.host_named("madrid-h1").unwrap().status_detail.as_deref(), Some("test"));
    lab.pass(15.0);
    lab.world.promote("seville", OtherCopies::ReadOnly).unwrap();
    lab.repoint("seville");
    let begun = lab.second();
    for host in lab.hosts_of("seville") {
        lab.ok(lab.activate(&host));
    }
    assert!(lab.wait(60.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)));
    assert!(lab.second() - begun < 25.0);
    for vm in 1..=8 {
        lab.ok(lab.start(&format!("vm{vm}")));
    }
    assert!(lab.wait(30.0, |world| world.vms.values().all(|vm| vm.status == VmStatus::Up)));
    assert_eq!(lab.world.violations(), []);
}

#[test]
fn a_deactivation_whose_spm_stop_fails_answers_200_and_leaves_the_host_up() {
    let mut lab = Lab::of(&spec(1));
    lab.pass(5.0);
    let host = lab.host("madrid-h1");
    lab.world.set_spm_stuck(host, true);
    lab.ok(lab.park("madrid-h1"));
    lab.pass(30.0);
    assert_eq!(lab.status("madrid-h1"), HostStatus::Up);
    assert!(lab.world.events.iter().any(|event| event.code == 27));
}

#[test]
fn an_spm_start_ends_when_its_host_is_lost() {
    let mut lab = parked(&spec(1));
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    lab.repoint("seville");
    lab.ok(lab.activate("seville-h1"));
    assert!(lab.wait(30.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Contend)));
    let host = lab.host("seville-h1");
    lab.world.power_off(host);
    lab.pass(3.0);
    assert_eq!(lab.dc(), DataCenterStatus::Problematic);
}

#[test]
fn one_host_that_reaches_no_storage_ends_non_operational_while_the_others_come_up() {
    let mut lab = parked(&spec(1));
    lab.world.promote("seville", OtherCopies::ReadOnly).unwrap();
    lab.repoint("seville");
    let cut = lab.host("seville-h2");
    lab.world.set_storage_cut(cut, true);
    for host in lab.hosts_of("seville") {
        lab.ok(lab.activate(&host));
    }
    assert!(lab.wait(300.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)));
    lab.pass(120.0);
    let statuses: Vec<HostStatus> = lab.hosts_of("seville").iter().map(|host| lab.status(host)).collect();
    assert_eq!(statuses, [HostStatus::Up, HostStatus::NonOperational, HostStatus::Up]);
    lab.world.set_storage_cut(cut, false);
    lab.ok(lab.activate("seville-h2"));
    lab.pass(60.0);
    assert_eq!(lab.status("seville-h2"), HostStatus::Up);
}
