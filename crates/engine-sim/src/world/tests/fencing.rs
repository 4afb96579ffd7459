//! Confirming, parking, and the engine's own treatment.

use super::*;

fn lose(lab: &mut Lab, how: impl Fn(&mut World)) {
    lab.pass(30.0);
    lab.seen.clear();
    how(&mut lab.world);
}

#[test]
fn confirming_a_connecting_host_answers_200_and_clears_nothing() {
    let mut lab = Lab::new(3, 8, 1);
    lose(&mut lab, |world| world.lose_site("madrid").unwrap());
    let (status, text) = lab.refused(lab.confirm("madrid-h2"));
    assert_eq!(status, 409);
    assert!(text.contains("Valid Host statuses are"), "{text}");
    assert!(lab.wait(30.0, |world| world.host_named("madrid-h2").unwrap().status == HostStatus::Connecting));
    let took = lab.ok(lab.confirm("madrid-h2"));
    assert!(took < 1.0);
    assert_eq!(lab.vm_status("vm2"), VmStatus::Up);
    assert_eq!(lab.world.host_named("madrid-h2").unwrap().summary.total, 3);
}

#[test]
fn confirming_a_connecting_spm_takes_its_role_once_the_data_center_is_problematic() {
    let mut lab = Lab::new(3, 8, 1);
    lose(&mut lab, |world| world.lose_site("madrid").unwrap());
    assert!(lab.wait(40.0, |world| world.data_centers.values().all(|dc| dc.status == DataCenterStatus::Problematic)));
    lab.ok(lab.confirm("madrid-h1"));
    assert_eq!(lab.world.spm_status(lab.host("madrid-h1")), SpmStatus::None);
    assert_eq!(lab.vm_status("vm1"), VmStatus::Up);
}

#[test]
fn confirming_the_spm_is_refused_while_the_data_center_is_up() {
    let mut tried = 0;
    for seed in 0..20 {
        let mut lab = Lab::new(3, 8, seed);
        lose(&mut lab, |world| world.refuse_site("madrid").unwrap());
        assert!(lab.wait(30.0, |world| world.host_named("madrid-h1").unwrap().status == HostStatus::Connecting));
        if lab.dc() != DataCenterStatus::Up {
            continue;
        }
        tried += 1;
        let (status, text) = lab.refused(lab.confirm("madrid-h1"));
        assert_eq!(status, 409);
        assert_eq!(text, "[Cannot confirm 'Host has been rebooted' Host. Unknown Data Center status.]");
    }
    assert!(tried > 5, "the window of seconds was met {tried} times");
}

#[test]
fn a_confirmation_of_a_silent_host_blocks_and_all_together_cost_what_one_costs() {
    let mut slowest = 0.0_f64;
    for seed in 0..12 {
        let mut lab = Lab::new(3, 8, seed);
        lab.fencing(false);
        lose(&mut lab, |world| world.lose_site("madrid").unwrap());
        lab.until_non_responsive("madrid");
        lab.pass(f64::from(u8::try_from(seed).unwrap()) * 1.7);
        let commands = ["madrid-h1", "madrid-h2", "madrid-h3"].iter().map(|name| lab.confirm(name)).collect();
        let (took, results) = lab.together(commands);
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert!(took < 21.0, "{took}");
        slowest = slowest.max(took);
        for host in ["madrid-h1", "madrid-h2", "madrid-h3"] {
            assert_eq!(lab.status(host), HostStatus::NonResponsive);
            assert_eq!(lab.world.host_named(host).unwrap().summary.total, 0);
        }
        let commands = ["madrid-h1", "madrid-h2", "madrid-h3"].iter().map(|name| lab.park(name)).collect();
        let (took, results) = lab.together(commands);
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert!(took < 21.0, "{took}");
        for host in ["madrid-h1", "madrid-h2", "madrid-h3"] {
            assert_eq!(lab.status(host), HostStatus::Maintenance);
            assert_eq!(lab.world.host_named(host).unwrap().status_detail, None, "the reason is lost on this way");
        }
    }
    assert!(slowest > 12.0, "{slowest}");
}

#[test]
fn vms_read_down_while_the_confirmation_still_blocks_and_the_rest_follows() {
    let mut lab = Lab::new(3, 8, 4);
    lab.fencing(false);
    lose(&mut lab, |world| world.lose_site("madrid").unwrap());
    lab.until_non_responsive("madrid");
    lab.pass(6.0);
    let Begun::Pending(ticket) = lab.world.begin(lab.confirm("madrid-h1"), "c") else { panic!("it did not block") };
    assert_eq!(lab.vm_status("vm1"), VmStatus::Down);
    assert_eq!(lab.world.host_named("madrid-h1").unwrap().summary.total, 3);
    let (status, text) = lab.refused(lab.confirm("madrid-h1"));
    assert_eq!(status, 409);
    assert!(text.contains("Another power management action is already in progress"), "{text}");
    lab.answer(ticket).unwrap();
    assert_eq!(lab.world.host_named("madrid-h1").unwrap().summary.total, 0);
    assert_eq!(lab.world.spm_status(lab.host("madrid-h1")), SpmStatus::None);
}

#[test]
fn the_treatment_holds_the_lock_by_what_the_ssh_port_does() {
    for (ssh, held) in [(SshManner::Refuses, 0.3), (SshManner::Drops, 60.0), (SshManner::Mute, 121.0)] {
        let mut lab = Lab::new(3, 8, 2);
        let host = lab.host("madrid-h2");
        lab.world.set_host_ssh(host, ssh);
        lose(&mut lab, |world| world.lose_site("madrid").unwrap());
        assert!(lab.wait(120.0, |world| world.host_named("madrid-h2").unwrap().status == HostStatus::NonResponsive));
        let lost = lab.second();
        lab.pass(0.1);
        let (status, text) = lab.refused(lab.confirm("madrid-h2"));
        assert_eq!(status, 409);
        assert_eq!(
            text,
            "[Cannot perform confirm 'Host has been rebooted'. Another power management action is already in progress.]"
        );
        let free = loop {
            lab.pass(0.25);
            if !lab.world.fence_locked(host) {
                break lab.second() - lost;
            }
        };
        assert!((free - held).abs() < 1.0, "{ssh:?}: {free}");
    }
}

#[test]
fn with_the_clusters_fencing_off_before_the_loss_there_is_no_lock() {
    let mut lab = Lab::new(3, 8, 2);
    lab.fencing(false);
    lose(&mut lab, |world| world.refuse_site("madrid").unwrap());
    lab.until_non_responsive("madrid");
    let took = lab.ok(lab.confirm("madrid-h1"));
    assert!(took < 0.5, "{took}");
    assert!(lab.world.events.iter().any(|event| event.code == 9015));
}

#[test]
fn a_lock_held_by_a_person_is_a_409_until_it_is_free() {
    let mut lab = Lab::new(3, 8, 2);
    lab.fencing(false);
    lose(&mut lab, |world| world.refuse_site("madrid").unwrap());
    lab.until_non_responsive("madrid");
    let host = lab.host("madrid-h3");
    lab.world.hold_fence_lock(host, 30_000);
    assert_eq!(lab.refused(lab.confirm("madrid-h3")).0, 409);
    lab.pass(30.5);
    lab.ok(lab.confirm("madrid-h3"));
}

#[test]
fn a_dead_host_is_parked_only_after_it_was_confirmed() {
    let mut lab = Lab::new(3, 8, 2);
    lab.fencing(false);
    lose(&mut lab, |world| world.refuse_site("madrid").unwrap());
    assert!(lab.wait(30.0, |world| world.host_named("madrid-h2").unwrap().status == HostStatus::Connecting));
    assert_eq!(lab.refused(lab.park("madrid-h2")).0, 409, "connecting");
    lab.until_non_responsive("madrid");
    let (status, text) = lab.refused(lab.park("madrid-h2"));
    assert_eq!(status, 409);
    assert_eq!(
        text,
        "[Cannot switch Host to Maintenance mode.\nHost still has running VMs on it and is in Non Responsive state.]"
    );
    assert_eq!(lab.refused(lab.activate("madrid-h2")).1, "[Cannot activate Host. Host is in non responsive state.]");
    lab.ok(lab.confirm("madrid-h2"));
    lab.ok(lab.park("madrid-h2"));
    let (status, text) = lab.refused(lab.park("madrid-h2"));
    assert_eq!((status, text.contains("already in Maintenance mode")), (409, true));
}

#[test]
fn a_confirmed_host_that_is_not_parked_rejoins_by_itself() {
    let mut lab = Lab::new(3, 8, 2);
    lab.fencing(false);
    lose(&mut lab, |world| world.refuse_site("madrid").unwrap());
    lab.until_non_responsive("madrid");
    lab.ok(lab.confirm("madrid-h2"));
    lab.world.restore_site("madrid").unwrap();
    assert!(lab.wait(60.0, |world| world.host_named("madrid-h2").unwrap().status == HostStatus::Up));
}

#[test]
fn power_management_that_works_restarts_the_host_and_its_vms() {
    let mut lab = Lab::new(3, 8, 2);
    let host = lab.host("madrid-h2");
    lab.world.set_host_ssh(host, SshManner::Refuses);
    lose(&mut lab, |world| {
        let host = world.host_named("madrid-h2").unwrap().id;
        world.power_off(host);
        world.set_host_link(host, Link::Refusing);
    });
    assert!(lab.wait(120.0, |world| world.host_named("madrid-h2").unwrap().status == HostStatus::Reboot));
    let host = lab.host("madrid-h2");
    lab.world.set_host_link(host, Link::Answering);
    let reboot = lab.second();
    lab.pass(120.0);
    assert!(lab.at(reboot, "vm2", "down") - reboot < 8.0);
    let back = lab.at(reboot, "madrid-h2", "up") - reboot;
    assert!((35.0..60.0).contains(&back), "{back}");
    let words: Vec<String> = lab.of_object("madrid-h2").into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["connecting", "non_responsive", "reboot", "non_responsive", "up"]);
    assert_eq!(lab.vm_status("vm2"), VmStatus::Up);
}

#[test]
fn a_dead_bmc_leaves_the_host_and_its_vms_as_they_were() {
    let mut lab = Lab::new(3, 8, 2);
    let host = lab.host("madrid-h2");
    lab.world.set_host_bmc(host, Bmc::Dead);
    lab.world.set_host_ssh(host, SshManner::Refuses);
    lose(&mut lab, |world| {
        let host = world.host_named("madrid-h2").unwrap().id;
        world.power_off(host);
    });
    lab.pass(200.0);
    assert_eq!(lab.status("madrid-h2"), HostStatus::NonResponsive);
    assert_eq!(lab.vm_status("vm2"), VmStatus::Unknown);
    assert!(lab.world.events.iter().any(|event| event.code == 9002));
}

#[test]
fn power_actions_start_and_stop_a_parked_host_and_keep_the_quiet_time() {
    let mut lab = Lab::new(3, 8, 2);
    lab.pass(10.0);
    let act = |lab: &Lab, fence_type| Command::Fence {
        host: lab.host("seville-h1"),
        fence_type,
        maintenance_after_restart: false,
    };
    let took = lab.ok(act(&lab, FenceType::Stop));
    assert!((5.0..6.0).contains(&took), "{took}");
    assert_eq!(lab.status("seville-h1"), HostStatus::Down);
    let (_, status) = lab.call(act(&lab, FenceType::Status));
    assert_eq!(status.unwrap().outcome, Outcome::Power("off"));
    let (code, text) = lab.refused(act(&lab, FenceType::Start));
    assert_eq!(code, 409);
    assert!(text.starts_with("[Another Power Management operation is still running, please retry in"), "{text}");
    lab.pass(181.0);
    lab.ok(act(&lab, FenceType::Start));
    assert_eq!(lab.status("seville-h1"), HostStatus::Reboot);
    assert!(lab.wait(60.0, |world| world.host_named("seville-h1").unwrap().status == HostStatus::Up));
}

#[test]
fn a_question_to_a_dead_bmc_is_a_200_that_failed() {
    let mut lab = Lab::new(3, 8, 2);
    lab.pass(10.0);
    let host = lab.host("seville-h1");
    lab.world.set_host_bmc(host, Bmc::Dead);
    let command = Command::Fence { host, fence_type: FenceType::Status, maintenance_after_restart: false };
    let answer = lab.call(command).1.unwrap();
    assert!(matches!(answer.outcome, Outcome::PowerUnreadable(reason) if reason.contains("fencing device")));
}

#[test]
fn every_put_of_a_host_renews_its_agents_and_a_member_agents_deletes_them() {
    let mut lab = Lab::new(3, 8, 2);
    let host = lab.host("madrid-h2");
    let put = |change| Command::UpdateHost { host, change };
    let before = lab.world.hosts[&host].fence_agents[0].id;
    lab.ok(put(HostChange { comment: Some("hello".to_owned()), ..HostChange::default() }));
    assert_ne!(lab.world.hosts[&host].fence_agents[0].id, before);
    let (code, _) = lab.refused(put(HostChange { has_agents: true, ..HostChange::default() }));
    assert_eq!(code, 400);
    lab.ok(put(HostChange { pm_enabled: Some(false), ..HostChange::default() }));
    assert_eq!(lab.world.hosts[&host].fence_agents.len(), 1);
    lab.ok(put(HostChange { has_agents: true, ..HostChange::default() }));
    assert!(lab.world.hosts[&host].fence_agents.is_empty());
    let (code, text) = lab.refused(put(HostChange { pm_enabled: Some(true), ..HostChange::default() }));
    assert_eq!(code, 400);
    assert!(text.contains("no Agent type selected"), "{text}");
}
