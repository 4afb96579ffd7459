//! A restart of the engine, and the elections it can block; elections against a living owner.

use super::*;

fn spec(seed: u64) -> WorldSpec {
    let mut spec = WorldSpec::two_sites(["madrid", "seville"], 3, 8, seed);
    spec.options.dead_lease = 900_000;
    spec
}

fn lost(seed: u64) -> Lab {
    let mut lab = Lab::of(&spec(seed));
    lab.fencing(false);
    lab.pass(20.0);
    lab.world.refuse_site("madrid").unwrap();
    lab.until_non_responsive("madrid");
    lab
}

#[test]
fn a_restart_shows_lost_hosts_unassigned_then_connecting_then_non_responsive() {
    let mut lab = lost(1);
    lab.world.restart_engine();
    lab.look();
    let begun = lab.second();
    assert_eq!(lab.status("madrid-h2"), HostStatus::Unassigned);
    assert_eq!(lab.refused(lab.confirm("madrid-h2")).0, 409);
    assert_eq!(lab.refused(lab.park("madrid-h2")).0, 409);
    lab.pass(30.0);
    let connecting = lab.at(begun, "madrid-h2", "connecting") - begun;
    let gone = lab.at(begun, "madrid-h2", "non_responsive") - begun;
    assert!(connecting <= 3.1, "{connecting}");
    assert!((6.0..10.0).contains(&gone), "{gone}");
}

#[test]
fn an_spm_lost_within_five_minutes_of_the_engines_start_makes_the_data_center_not_operational() {
    let mut lab = lost(1);
    lab.world.restart_engine();
    lab.pass(15.0);
    assert_eq!(lab.dc(), DataCenterStatus::NotOperational);
    assert!(lab.world.events.iter().any(|event| event.code == 979));
    assert!(!lab.world.fence_locked(lab.host("madrid-h1")), "no treatment, no lock");
    lab.ok(lab.confirm("madrid-h1"));
    assert_eq!(lab.dc(), DataCenterStatus::Problematic);
}

#[test]
fn not_operational_ends_by_itself_once_if_a_host_is_up_then() {
    let mut lab = lost(1);
    lab.world.restart_engine();
    lab.pass(15.0);
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    lab.repoint("seville");
    lab.ok(lab.activate("seville-h1"));
    lab.pass(60.0);
    assert_eq!(lab.dc(), DataCenterStatus::NotOperational);
    lab.pass(130.0);
    assert_eq!(lab.dc(), DataCenterStatus::Problematic);
}

#[test]
fn a_restart_between_confirmation_and_election_forgets_the_mark_and_blocks_the_election() {
    let mut lab = lost(1);
    for host in lab.hosts_of("madrid") {
        lab.ok(lab.confirm(&host));
    }
    lab.world.restart_engine();
    lab.pass(15.0);
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    lab.repoint("seville");
    for host in lab.hosts_of("seville") {
        lab.ok(lab.activate(&host));
    }
    lab.pass(60.0);
    assert_eq!(lab.dc(), DataCenterStatus::Problematic);
    assert!(lab.world.spm_status(lab.host("madrid-h1")) == SpmStatus::None);
    // A second confirmation and parking change nothing.
    lab.ok(lab.confirm("madrid-h1"));
    lab.ok(lab.park("madrid-h1"));
    lab.pass(60.0);
    assert_eq!(lab.dc(), DataCenterStatus::Problematic);
    // Meanwhile the engine started the HA VMs all the same.
    assert_eq!(lab.vm_status("vm1"), VmStatus::Up);
    // The way out: remove the dead host.
    let host = lab.host("madrid-h1");
    lab.ok(Command::RemoveHost { host });
    assert!(lab.wait(12.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Contend)));
}

#[test]
fn without_a_restart_the_mark_lets_the_election_begin() {
    let mut lab = lost(1);
    for host in lab.hosts_of("madrid") {
        lab.ok(lab.confirm(&host));
    }
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    lab.repoint("seville");
    lab.ok(lab.activate("seville-h1"));
    assert!(lab.wait(20.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Contend)));
}

#[test]
fn an_unconfirmed_dead_owner_blocks_the_election_until_its_lease_runs_out() {
    let mut spec = spec(1);
    spec.options.dead_lease = 140_000;
    let mut lab = Lab::of(&spec);
    lab.fencing(false);
    lab.pass(20.0);
    lab.world.refuse_site("madrid").unwrap();
    lab.until_non_responsive("madrid");
    lab.world.promote("seville", OtherCopies::StayWritable).unwrap();
    let promoted = lab.second();
    lab.repoint("seville");
    lab.ok(lab.activate("seville-h1"));
    lab.pass(135.0);
    assert_eq!(lab.dc(), DataCenterStatus::Problematic);
    lab.pass(25.0);
    assert_eq!(lab.dc(), DataCenterStatus::Up);
    assert!(lab.second() - promoted > 140.0);
}

#[test]
fn a_restart_of_a_healthy_engine_changes_nothing() {
    let mut lab = Lab::of(&spec(1));
    lab.pass(20.0);
    lab.world.stop_engine();
    lab.pass(20.0);
    lab.world.start_engine();
    lab.pass(600.0);
    assert!(lab.seen.is_empty(), "{:?}", lab.seen);
}

#[test]
fn a_stopped_engine_learns_nothing_and_loses_blocked_requests() {
    let mut lab = Lab::of(&spec(1));
    lab.fencing(false);
    lab.pass(20.0);
    lab.world.lose_site("madrid").unwrap();
    lab.until_non_responsive("madrid");
    lab.pass(5.0);
    let Begun::Pending(ticket) = lab.world.begin(lab.confirm("madrid-h2"), "c") else { panic!("it did not block") };
    lab.world.stop_engine();
    assert!(lab.world.due(ticket).is_none());
    lab.look();
    lab.seen.clear();
    lab.world.restore_site("madrid").unwrap();
    lab.pass(60.0);
    assert!(lab.seen.is_empty());
    lab.world.start_engine();
    lab.pass(60.0);
    assert_eq!(lab.status("madrid-h2"), HostStatus::Up);
}

#[test]
fn five_minutes_after_the_start_lost_hosts_with_power_management_are_treated() {
    let mut lab = Lab::of(&spec(1));
    lab.pass(20.0);
    let host = lab.host("madrid-h2");
    lab.world.set_host_ssh(host, SshManner::Refuses);
    lab.world.power_off(host);
    lab.world.set_host_link(host, Link::Silent);
    lab.world.restart_engine();
    lab.pass(200.0);
    assert_eq!(lab.status("madrid-h2"), HostStatus::NonResponsive);
    lab.world.set_host_link(host, Link::Answering);
    lab.pass(180.0);
    assert_eq!(lab.status("madrid-h2"), HostStatus::Up, "{:?}", lab.of_object("madrid-h2"));
}

#[test]
fn an_election_against_a_living_owner_flaps_and_ends_when_it_answers_again() {
    let mut lab = Lab::of(&spec(3));
    lab.fencing(false);
    lab.pass(20.0);
    let spm = lab.host("madrid-h1");
    lab.world.set_host_link(spm, Link::Refusing);
    assert!(lab.wait(40.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Problematic)));
    lab.ok(lab.confirm("madrid-h1"));
    let begun = lab.second();
    lab.seen.clear();
    lab.pass(90.0);
    let words: Vec<String> = lab.of_object("dr-dc").into_iter().map(|(_, word)| word).collect();
    assert!(words.len() > 10, "{words:?}");
    assert!(words.iter().all(|word| word == "contend" || word == "problematic"));
    let flash = lab.seen.iter().any(|(_, what, word)| what.ends_with(" spm") && word == "spm");
    assert!(flash, "now and then a loser is shown as SPM for a moment");
    lab.world.set_host_link(spm, Link::Answering);
    assert!(lab.wait(30.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)));
    assert_eq!(lab.world.spm_status(spm), SpmStatus::Spm);
    assert!(lab.second() > begun);
    assert_eq!(lab.kinds(), [ViolationKind::LivingHostConfirmed]);
}

#[test]
fn force_select_moves_the_role_within_seconds() {
    let mut lab = Lab::of(&spec(1));
    lab.pass(20.0);
    let host = lab.host("madrid-h3");
    lab.ok(Command::ForceSelectSpm { host });
    assert!(lab.wait(20.0, |world| world.spm_status(host) == SpmStatus::Spm
        && world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Up)));
    let (code, text) = lab.refused(Command::ForceSelectSpm { host });
    assert_eq!(
        (code, text.as_str()),
        (409, "[Cannot force select SPM. The Host madrid-h3 is already SPM or contending.]")
    );
}
