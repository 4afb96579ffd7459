//! Forecasts: they arrive, in the expected order, or say why they do not.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use dr_plan::SiteName;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::world::{NOW, World, any_sound_world, any_world};
use crate::{Forecast, Said, Step, StepKind, forecast};

/// Two living sites of which a is active.
const ALIVE: &str = "
    calm
    site a: a1 up spm pm vms=2, a2 up pm vms=1
    site b: b1 maintenance pm, b2 maintenance
    dc dc1 up
    nfs data1 domain=active
    iscsi san1 portals=2 domain=active
    nfs scratch same domain=active
    vm web1 up on=a1
    vm web2 up on=a1
    vm db1 up on=a2 ha prio=50
    vm other up on=b1
";

fn foreseen(text: &str) -> Forecast {
    let world = World::read(text);
    forecast(&world.plan, &SiteName("b".to_owned()), &world.observed, &world.memory, NOW)
}

#[expect(clippy::needless_pass_by_value, reason = "expect_test's own habit")]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&shown(&foreseen(text)));
}

fn shown(forecast: &Forecast) -> String {
    let mut text = String::new();
    let mut line = |what: String| writeln!(text, "{what}").expect("written");
    for (after, step) in &forecast.steps {
        line(format!("{:8} {step}", Said(*after).to_string()));
    }
    for (phase, end) in &forecast.phases {
        line(format!("{phase} until {}", Said(*end)));
    }
    for person in &forecast.persons {
        line(format!("a person: {person}"));
    }
    for why in &forecast.stuck {
        line(format!("stuck: {why}"));
    }
    line(format!("up after {}, done after {}", Said(forecast.up), Said(forecast.total)));
    text
}

#[test]
fn a_loss_of_the_active_site() {
    check(
        ALIVE,
        expect![[r#"
        0.0 s    suspend fencing of cluster main
        0.0 s    power management of a1 off
        0.0 s    power management of a2 off
        0.0 s    connection data1 to nas-b:/data1 (now nas-a:/data1)
        0.0 s    connection san1 portal 1 to b-portal-1:3260, target iqn.b:san1 (now a-portal-1:3260, target iqn.a:san1)
        0.1 s    connection san1 portal 2 to b-portal-2:3260, target iqn.b:san1 (now a-portal-2:3260, target iqn.a:san1)
        0.2 s    activate b1
        0.2 s    activate b2
        0.2 s    confirm that a1 has been rebooted
        0.2 s    confirm that a2 has been rebooted
        15 s     park a1 in maintenance
        15 s     park a2 in maintenance
        16 s     fencing of cluster main back as it was
        16 s     power management of a1 back on
        16 s     power management of a2 back on
        27 s     start db1
        27 s     start web1
        27 s     start web2
        repointing until 0.2 s
        activating until 27 s
        starting until 31 s
        settling until 38 s
        up after 31 s, done after 38 s
    "#]],
    );
}

#[test]
fn what_only_a_person_can_say_is_assumed_and_listed() {
    check(
        "
        calm
        site a: a1 up spm
        site b: b1 maintenance
        plan promote=confirm require=attestation
        dc dc1 up
        nfs data1 domain=active
        ",
        expect![[r#"
            0.0 s    suspend fencing of cluster main
            1.1 s    connection data1 to nas-b:/data1 (now nas-a:/data1)
            1.2 s    activate b1
            1.2 s    confirm that a1 has been rebooted
            16 s     park a1 in maintenance
            17 s     fencing of cluster main back as it was
            proving until 0.1 s
            promoting until 1.1 s
            repointing until 1.2 s
            activating until 28 s
            settling until 39 s
            a person: vouch that a is down
            a person: confirm that the replica at b is writable
            up after 28 s, done after 39 s
        "#]],
    );
}

#[test]
fn a_hook_and_fibre_channel() {
    check(
        "
        calm
        site a: a1 up spm
        site b: b1 maintenance
        plan promote=hook
        dc dc1 up
        fcp vault domain=active
        vm web1 up on=a1
        ",
        expect![[r#"
            0.0 s    suspend fencing of cluster main
            0.0 s    promote the replica at b
            5.0 s    activate b1
            5.0 s    confirm that a1 has been rebooted
            20 s     park a1 in maintenance
            20 s     fencing of cluster main back as it was
            32 s     start web1
            promoting until 5.0 s
            activating until 32 s
            starting until 36 s
            settling until 43 s
            up after 36 s, done after 43 s
        "#]],
    );
}

#[test]
fn what_would_refuse_is_why_it_is_stuck() {
    check(
        &format!("{ALIVE}\nhost x1 up\ndomain extra active"),
        expect![[r#"
        proving until 1 min 59 s
        stuck: storage domain extra of data center dc1 is not in the plan: hosts would fail on its old copy. Put it in maintenance, or add it to the plan
        stuck: x1 is up in data center dc1 and not in the plan: it still writes to the old copy. Put it in maintenance or power it off
        up after 2 min, done after 2 min
    "#]],
    );
}

#[test]
fn what_cannot_be_read_is_why_it_is_stuck() {
    check(
        &format!("{ALIVE}\nunreadable connections"),
        expect![[r#"
        proving until 1 min 59 s
        stuck: the engine's storage connections could not be read: 500 Internal Server Error
        up after 2 min, done after 2 min
    "#]],
    );
}

#[test]
fn an_open_transition_is_forecast_from_where_it_stands() {
    check(
        "
        site a: a1 non_responsive spm
        site b: b1 up for=20
        cluster main fencing=off
        owed fencing main
        proven
        nfs data1 at=b
        done repoint data1/0 40
        done activate b1 30
        vm web1 unknown on=a1
        ",
        expect![[r#"
            0.0 s    confirm that a1 has been rebooted
            15 s     park a1 in maintenance
            15 s     fencing of cluster main back as it was
            27 s     start web1
            activating until 27 s
            starting until 31 s
            settling until 38 s
            up after 31 s, done after 38 s
        "#]],
    );
}

#[test]
fn a_silence_that_has_just_begun_is_waited_out() {
    check(
        "
        site a: a1 non_responsive
        site b: b1 maintenance
        cluster main fencing=off
        probe a1 silent 20 rounds=1
        dc dc1 problematic
        nfs data1
        ",
        expect![[r#"
            40 s     connection data1 to nas-b:/data1 (now nas-a:/data1)
            40 s     activate b1
            40 s     confirm that a1 has been rebooted
            55 s     park a1 in maintenance
            proving until 40 s
            repointing until 40 s
            activating until 55 s
            settling until 1 min 6 s
            up after 55 s, done after 1 min 6 s
        "#]],
    );
}

#[test]
fn data_centers_come_up_each_with_its_own_hosts() {
    check(
        "
        calm
        site a: a1 up spm, a2 up spm dc=dc2
        site b: b1 maintenance, b2 maintenance dc=dc2
        dc dc1 up
        dc dc2 up
        nfs data1 domain=active
        nfs data2 domain=active dc=dc2
        ",
        expect![[r#"
            0.0 s    suspend fencing of cluster main
            0.0 s    suspend fencing of cluster main-dc2
            0.0 s    connection data1 to nas-b:/data1 (now nas-a:/data1)
            0.0 s    connection data2 to nas-b:/data2 (now nas-a:/data2)
            0.1 s    activate b1
            0.1 s    activate b2
            0.1 s    confirm that a1 has been rebooted
            0.1 s    confirm that a2 has been rebooted
            15 s     park a1 in maintenance
            15 s     park a2 in maintenance
            16 s     fencing of cluster main back as it was
            16 s     fencing of cluster main-dc2 back as it was
            repointing until 0.1 s
            activating until 27 s
            settling until 38 s
            up after 27 s, done after 38 s
        "#]],
    );
}

#[test]
fn the_critical_path_is_named() {
    let path = foreseen(&format!("{ALIVE}\nplan promote=hook")).waits_for();
    assert_eq!(path, ["replica promoted", "dead hosts confirmed", "standby hosts up", "data center up"]);
}

#[test]
fn two_hundred_hosts_five_hundred_connections_and_four_thousand_virtual_machines_arrive() {
    let hosts = |site: &str, status: &str| {
        let one = |i: usize| format!("{site}{i} {status}{} pm vms=40", if i == 0 && site == "a" { " spm" } else { "" });
        format!("site {site}: {}\n", (0..100).map(one).collect::<Vec<_>>().join(", "))
    };
    let mut text = format!("calm\n{}{}dc dc1 up\nplan parallel=100\n", hosts("a", "up"), hosts("b", "maintenance"));
    for i in 0..500 {
        writeln!(text, "nfs data{i} domain=active").expect("written");
    }
    for i in 0..4000 {
        writeln!(text, "vm vm{i} up on=a{}", i % 100).expect("written");
    }
    let forecast = foreseen(&text);
    assert_eq!(forecast.stuck, [""; 0]);
    let count = |kind| forecast.steps.iter().filter(|(_, step)| step.key().kind == kind).count();
    assert_eq!(count(StepKind::Repoint), 500);
    assert_eq!((count(StepKind::Activate), count(StepKind::ConfirmRebooted), count(StepKind::Park)), (100, 100, 100));
    assert_eq!(count(StepKind::StartVm), 4000);
    assert!(forecast.total.as_secs() < 180, "{:?}", forecast.total);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_forecast_arrives_or_says_why_not(text in any_world()) {
        let world = World::read(&text);
        let forecast = forecast(&world.plan, &SiteName("b".to_owned()), &world.observed, &world.memory, NOW);
        let arrives = forecast.stuck.is_empty();
        prop_assert!(arrives || forecast.stuck.iter().all(|why| !why.is_empty()), "{}", text);
        prop_assert!(forecast.steps.len() < 400, "{} steps in {text}", forecast.steps.len());
    }

    #[test]
    fn a_sound_world_arrives_and_no_step_is_taken_twice(text in any_sound_world()) {
        let forecast = foreseen(&text);
        prop_assert_eq!(&forecast.stuck, &Vec::<String>::new(), "{}", text);
        let keys: Vec<_> = forecast.steps.iter().map(|(_, step)| step.key()).collect();
        let once: BTreeSet<_> = keys.iter().collect();
        prop_assert_eq!(once.len(), keys.len(), "{:?} in {}", keys, text);
        let count = |kind| keys.iter().filter(|key| key.kind == kind).count();
        let lost = text.matches("up pm").count();
        prop_assert_eq!(count(StepKind::ConfirmRebooted), lost, "{}", text);
        prop_assert_eq!(count(StepKind::Park), lost, "{}", text);
        prop_assert_eq!(count(StepKind::StartVm), text.matches("\nvm ").count(), "{}", text);
        prop_assert!(forecast.total.as_secs() < 180, "{:?} in {}", forecast.total, text);
    }

    #[test]
    fn a_forecast_gives_back_what_it_suspends(text in any_world()) {
        let mut world = World::read(&text);
        world.memory.transition = None;
        world.memory.owed.clear();
        world.memory.accepted = Some("a".to_owned());
        let forecast = forecast(&world.plan, &SiteName("b".to_owned()), &world.observed, &world.memory, NOW);
        if forecast.stuck.is_empty() {
            let count = |is: fn(&Step) -> bool| forecast.steps.iter().filter(|(_, step)| is(step)).count();
            let suspended = count(|step| matches!(step, Step::SuspendFencing { .. } | Step::SuspendPowerManagement { .. }));
            let restored = count(|step| matches!(step, Step::RestoreFencing { .. } | Step::RestorePowerManagement { .. }));
            prop_assert_eq!(suspended, restored, "{}", text);
        }
    }
}

#[test]
fn without_a_host_that_may_become_spm_it_does_not_arrive() {
    let text =
        ALIVE.replace("b1 maintenance pm, b2 maintenance", "b1 maintenance pm never_spm, b2 maintenance never_spm");
    let stuck = foreseen(&text).stuck;
    assert!(stuck[0].starts_with("no host of b may become SPM of data center dc1"), "{stuck:#?}");
    let text = ALIVE.replace("b1 maintenance pm", "b1 maintenance pm never_spm");
    assert_eq!(foreseen(&text).stuck, Vec::<String>::new());
}
