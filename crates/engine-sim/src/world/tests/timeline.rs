//! Times and orders of a loss, as recorded on a running engine.

use super::*;

const LOST_AT: f64 = 30.0;

fn lost(seed: u64, how: impl Fn(&mut World)) -> Lab {
    let mut lab = Lab::new(3, 8, seed);
    lab.pass(LOST_AT);
    lab.seen.clear();
    how(&mut lab.world);
    lab.pass(200.0);
    lab
}

/// Within a third of a recorded span.
fn near(at: f64, low: f64, high: f64) -> bool {
    let at = at - LOST_AT;
    at >= low - low / 3.0 && at <= high + high / 3.0
}

#[test]
fn a_black_holed_site_is_lost_in_the_recorded_order_and_time() {
    for seed in 0..10 {
        let lab = lost(seed, |world| world.lose_site("madrid").unwrap());
        let first = lab.seen.first().unwrap();
        assert_eq!(first.2, "connecting", "{:?}", lab.seen);
        for host in ["madrid-h1", "madrid-h2", "madrid-h3"] {
            assert!(near(lab.at(0.0, host, "connecting"), 15.0, 22.0), "{:?}", lab.seen);
            let gone = lab.at(0.0, host, "non_responsive");
            assert!(near(gone, 62.0, 90.0), "{host} {gone}");
            assert_eq!(lab.of_object(host).len(), 2);
        }
        let problematic = lab.at(0.0, "dr-dc", "problematic");
        assert!(near(problematic, 15.0, 18.0), "{problematic}");
        assert_eq!(lab.at(0.0, "data-master", "unknown master"), problematic);
        assert_eq!(lab.at(0.0, "vm1", "unknown"), lab.at(0.0, "madrid-h1", "non_responsive"));
        // The SPM has 20 s more grace.
        let spm = lab.at(0.0, "madrid-h1", "non_responsive");
        assert!(spm - LOST_AT > 80.0, "{spm}");
    }
}

#[test]
fn a_refusing_site_is_noticed_sooner_and_given_up_as_late() {
    for seed in 0..10 {
        let lab = lost(seed, |world| world.refuse_site("madrid").unwrap());
        for host in ["madrid-h2", "madrid-h3"] {
            assert!(near(lab.at(0.0, host, "connecting"), 1.0, 6.0));
            assert!(near(lab.at(0.0, host, "non_responsive"), 62.0, 66.0));
        }
        assert!(lab.at(0.0, "dr-dc", "problematic") - LOST_AT <= 11.0);
        let spm = lab.at(0.0, "madrid-h1", "non_responsive") - LOST_AT;
        assert!((78.0..90.0).contains(&spm), "{spm}");
    }
}

#[test]
fn a_lost_host_still_shows_the_spm_role_and_its_vms() {
    let lab = lost(3, |world| world.lose_site("madrid").unwrap());
    let host = lab.world.host_named("madrid-h1").unwrap();
    assert_eq!(lab.world.spm_status(host.id), SpmStatus::Spm);
    assert_eq!(host.summary.total, 3);
    assert_eq!(lab.world.vm_named("vm1").unwrap().host, Some(host.id));
}

#[test]
fn the_events_of_a_loss_carry_the_engines_codes_and_texts() {
    let lab = lost(3, |world| world.lose_site("madrid").unwrap());
    let has = |code: u32, part: &str| {
        lab.world.events.iter().any(|event| event.code == code && event.description.contains(part))
    };
    assert!(has(9008, "It will stay in Connecting state for a grace period of 81 seconds"));
    assert!(has(12, "Host madrid-h1 is non responsive."));
    assert!(has(142, "VM vm1 was set to the Unknown status."));
    assert!(has(987, "Invalid status on Data Center dr-dc."));
    assert!(lab.world.events.windows(2).all(|pair| pair[0].id < pair[1].id && pair[0].at <= pair[1].at));
}

#[test]
fn the_same_seed_gives_the_same_world_however_time_is_cut() {
    let run = |step: u64| {
        let mut world = World::new(&WorldSpec::two_sites(["madrid", "seville"], 3, 8, 5)).unwrap();
        world.advance_to(SimTime(10_000));
        world.lose_site("madrid").unwrap();
        let mut at = 10_000;
        while at < 300_000 {
            at = (at + step).min(300_000);
            world.advance_to(SimTime(at));
        }
        let events: Vec<_> =
            world.events.iter().map(|event| (event.at, event.code, event.description.clone())).collect();
        let hosts: Vec<_> = world.hosts.values().map(|host| (host.id, host.status)).collect();
        (events, hosts)
    };
    assert_eq!(run(300_000), run(7));
    let other = World::new(&WorldSpec::two_sites(["madrid", "seville"], 3, 8, 6)).unwrap();
    let same = World::new(&WorldSpec::two_sites(["madrid", "seville"], 3, 8, 5)).unwrap();
    assert_ne!(other.instance_id, same.instance_id);
}

#[test]
fn a_calm_world_stays_calm() {
    let mut lab = Lab::new(3, 8, 1);
    lab.pass(3.0 * 3600.0);
    assert!(lab.seen.is_empty(), "{:?}", lab.seen);
    assert_eq!(lab.world.violations(), []);
}

#[test]
fn a_host_that_comes_back_within_grace_is_up_again_with_its_vms() {
    let mut lab = Lab::new(3, 8, 1);
    lab.pass(LOST_AT);
    let host = lab.host("madrid-h2");
    lab.world.set_host_link(host, Link::Silent);
    assert!(lab.wait(40.0, |world| world.host_named("madrid-h2").unwrap().status == HostStatus::Connecting));
    lab.world.set_host_link(host, Link::Answering);
    assert!(lab.wait(30.0, |world| world.host_named("madrid-h2").unwrap().status == HostStatus::Up));
    lab.pass(60.0);
    assert_eq!(lab.status("madrid-h2"), HostStatus::Up);
    assert_eq!(lab.vm_status("vm2"), VmStatus::Up);
}
