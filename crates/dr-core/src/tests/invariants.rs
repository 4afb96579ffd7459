//! Steps that must never leave, made by hand: each is found, and named by the invariant that it would break.

use crate::invariants::{Invariant, closing, frozen};
use crate::{Decision, Details, Entry, Memory, Opening, Step, Time};

use super::world::World;

/// A site that is lost and proven down, with its standby.
const LOST: &str = "
    site a: a1 non_responsive pm spm
    site b: b1 maintenance
    site c: c1 maintenance
    host x1 maintenance
    nfs data1
    vm web down
    vm other down
    proven
";

fn journalled(world: &str, step: &Step) -> World {
    let mut world = World::read(world);
    world.journal(&Decision { steps: vec![step.clone()], ..Decision::default() });
    world
}

fn verdict(world: &World, step: &Step) -> String {
    match world.judged(step) {
        Ok(()) => "may leave".to_owned(),
        Err(breach) => format!("{:?}: {}", breach.invariant, breach.text),
    }
}

/// What is said of a step that is about to leave with its debt and intent journalled.
fn said(world: &str, step: &Step) -> String {
    verdict(&journalled(world, step), step)
}

/// The lost site with one line more.
fn with(line: &str) -> String {
    format!("{LOST}\n{line}\n")
}

fn host(kind: fn(crate::HostId, String) -> Step, name: &str) -> Step {
    kind(name.into(), name.to_owned())
}

fn confirm(name: &str) -> Step {
    Step::ConfirmRebooted { host: name.into(), name: name.to_owned(), address: name.to_owned(), ports: vec![54321, 22] }
}

fn activate(name: &str) -> Step {
    host(|host, name| Step::Activate { host, name }, name)
}

fn park(name: &str) -> Step {
    host(|host, name| Step::Park { host, name }, name)
}

fn start(name: &str) -> Step {
    Step::StartVm { vm: name.into(), name: name.to_owned() }
}

fn at(site: &str, name: &str) -> Details {
    super::world::details("nfs", name, site, 0)
}

fn repoint() -> Step {
    Step::Repoint {
        connection: "data1/0".into(),
        name: "data1".to_owned(),
        from: at("a", "data1"),
        to: at("b", "data1"),
    }
}

fn suspend(original: &str) -> Step {
    Step::SuspendFencing { cluster: "main".into(), name: "main".to_owned(), original: original.to_owned() }
}

#[test]
fn what_may_leave_does() {
    let steps = [
        confirm("a1"),
        activate("b1"),
        park("a1"),
        park("b1"),
        repoint(),
        Step::Promote { site: "b".to_owned() },
        suspend("{\"enabled\":\"true\"}"),
        Step::SuspendPowerManagement { host: "a1".into(), name: "a1".to_owned(), port: 54321 },
    ];
    for step in steps {
        assert_eq!(said(LOST, &step), "may leave", "{step}");
    }
    assert_eq!(said(&LOST.replace("nfs data1", "nfs data1 at=b domain=active"), &start("web")), "may leave");
    let give_back = Step::RestorePowerManagement { host: "a1".into(), name: "a1".to_owned(), port: 54321 };
    assert_eq!(said(&with("cancelled\nowed pm a1"), &give_back), "may leave");
}

#[test]
fn a_living_host_is_not_confirmed() {
    let up = LOST.replace("a1 non_responsive", "a1 up");
    assert_eq!(said(&up, &confirm("a1")), "I1: confirm that a1 has been rebooted: the engine sees it up");
    let odd = LOST.replace("a1 non_responsive", "a1 levitating");
    assert_eq!(said(&odd, &confirm("a1")), "I1: confirm that a1 has been rebooted: the engine sees it levitating");
    let answers = with("probe a1:22 answers");
    assert_eq!(said(&answers, &confirm("a1")), "I1: confirm that a1 has been rebooted: a1:22 answers");
    let lifted = with("probe a1:22 answers\nignore a1 tcp:22");
    assert_eq!(said(&lifted, &confirm("a1")), "may leave");
    let blind =
        Step::ConfirmRebooted { host: "a1".into(), name: "a1".to_owned(), address: "a1".to_owned(), ports: vec![] };
    assert_eq!(said(LOST, &blind), "I1: confirm that a1 has been rebooted: the last look would leave out a1:54321");
}

#[test]
fn storage_does_not_change_under_a_living_host() {
    let text = "I2: connection data1 to nas-b:/data1 (now nas-a:/data1): ";
    for host in ["host x1 up", "site c: c1 up", "site b: b1 up", "site a: a1 connecting"] {
        let world = with(host);
        let name = host.split([' ', ':']).find(|word| word.ends_with('1')).expect("a host");
        let status = host.rsplit(' ').next().expect("a status");
        let expected = format!("{text}{name} is {status} and may hold this storage");
        assert_eq!(said(&world.replace("host x1 maintenance\n", ""), &repoint()), expected);
        assert!(
            said(&world.replace("host x1 maintenance\n", ""), &Step::Promote { site: "b".to_owned() })
                .starts_with("I2: ")
        );
    }
    let parked_now = with("site b: b1 maintenance for=20");
    assert_eq!(said(&parked_now, &repoint()), format!("{text}b1 is maintenance and may hold this storage"));
    assert_eq!(said(&with("site b: b1 maintenance for=40"), &repoint()), "may leave");
    assert_eq!(said(&with("site a: a1 maintenance for=20"), &repoint()), "may leave", "it had died before");
    // A host that we activated is where it should be; still nothing is repointed under it.
    let ours = with("site b: b1 up\ndone activate b1");
    assert!(said(&ours, &repoint()).starts_with("I2: "));
    assert_eq!(said(&ours.replace("nfs data1", "nfs data1 domain=none"), &repoint()), "may leave");
    let unproven = LOST.replace("proven", "");
    assert_eq!(said(&unproven, &repoint()), format!("{text}the lost site is not proven down"));
}

#[test]
fn nothing_unnamed_is_touched() {
    for step in [activate("x1"), confirm("x1"), park("x1"), start("stray")] {
        assert!(said(LOST, &step).starts_with("I3: "), "{}", said(LOST, &step));
    }
    let row =
        Step::Repoint { connection: "foreign".into(), name: "x".to_owned(), from: at("a", "x"), to: at("b", "x") };
    assert!(said(LOST, &row).starts_with("I3: "));
    let cluster =
        Step::SuspendFencing { cluster: "lab".into(), name: "lab".to_owned(), original: "{\"a\":1}".to_owned() };
    assert!(said(LOST, &cluster).starts_with("I3: "));
}

#[test]
fn what_is_switched_off_is_owed_whole() {
    let step = suspend("{\"enabled\":\"true\"}");
    let mut world = journalled(LOST, &step);
    world.memory.owed.clear();
    assert_eq!(
        verdict(&world, &step),
        "I4: suspend fencing of cluster main: its complete policy is not owed in the journal"
    );
    assert!(said(LOST, &suspend("")).starts_with("I4: "), "an empty policy could never be put back");
    let power = Step::SuspendPowerManagement { host: "a1".into(), name: "a1".to_owned(), port: 54321 };
    let mut world = journalled(LOST, &power);
    world.memory.owed.clear();
    assert!(verdict(&world, &power).starts_with("I4: "));
    let other = Step::RestoreFencing { cluster: "main".into(), name: "main".to_owned(), original: "{}".to_owned() };
    assert!(said(LOST, &other).starts_with("I4: "), "nothing is owed");
    assert!(said(&with("owed fencing main"), &other).starts_with("I4: "), "another policy is owed");
}

#[test]
fn the_journal_comes_first() {
    let world = World::read(LOST);
    assert_eq!(verdict(&world, &activate("b1")), "I5: activate b1 is not journalled");
    let other = journalled(LOST, &confirm("a1"));
    let blind =
        Step::ConfirmRebooted { host: "a1".into(), name: "a1".to_owned(), address: "a1".to_owned(), ports: vec![] };
    assert!(verdict(&other, &blind).starts_with("I5: "), "what is journalled is another step");
}

#[test]
fn one_transition_goes_to_one_site() {
    for step in [activate("a1"), confirm("b1"), activate("c1"), park("c1"), Step::Promote { site: "a".to_owned() }] {
        assert!(said(LOST, &step).starts_with("I6: "), "{}", said(LOST, &step));
    }
    let back = Step::Repoint {
        connection: "data1/0".into(),
        name: "data1".to_owned(),
        from: at("b", "data1"),
        to: at("a", "data1"),
    };
    assert!(said(LOST, &back).starts_with("I6: "));
    assert!(said(&with("cancelled"), &activate("b1")).starts_with("I6: "));
    assert!(said(&with("site b: b1 up\ndone activate b1"), &park("b1")).starts_with("I6: "));
    assert!(said(&with("site a: a1 up"), &park("a1")).starts_with("I6: "));
    let mut older = journalled(LOST, &activate("b1"));
    older.memory.in_flight.values_mut().for_each(|flying| flying.epoch -= 1);
    assert!(verdict(&older, &activate("b1")).starts_with("I6: "));
    let mut calm = journalled(LOST, &activate("b1"));
    calm.memory.transition = None;
    assert!(verdict(&calm, &activate("b1")).starts_with("I6: "));
}

#[test]
fn a_paused_or_observing_plan_changes_nothing() {
    assert!(said(&with("paused"), &activate("b1")).starts_with("I7: "));
    assert!(said(&with("plan mode=observe"), &activate("b1")).starts_with("I7: "));
}

#[test]
fn no_machine_is_started_twice_or_without_its_storage() {
    let ready = LOST.replace("nfs data1", "nfs data1 at=b domain=active");
    assert_eq!(
        said(&ready.replace("vm web down", "vm web powering_up"), &start("web")),
        "I8: start web: it is powering_up"
    );
    assert_eq!(said(&ready.replace("vm web down", "vm web unknown"), &start("web")), "I8: start web: it is unknown");
    assert_eq!(said(LOST, &start("web")), "I8: start web: storage domain data1 is unknown");
    let back = ready.replace("a1 non_responsive", "a1 up");
    assert_eq!(said(&back, &start("web")), "I8: start web: lost host a1 is up");
}

#[test]
fn whatever_is_unreadable_no_step_leaves() {
    for what in ["identity", "hosts", "clusters", "data centers", "domains", "connections", "vms", "tags"] {
        let said = said(&with(&format!("unreadable {what}")), &activate("b1"));
        assert!(said.starts_with("I11: "), "{what}: {said}");
    }
    for how in ["unreadable", "absent", "stale"] {
        let world = with(&format!("probe a1:22 {how}"));
        assert!(said(&world, &confirm("a1")).starts_with("I11: "), "{how}");
        assert_eq!(said(&format!("{world}vouched\n"), &confirm("a1")), "may leave", "{how}");
    }
}

const PLAN: &str = include_str!("../../../../plans/two-sites.yaml");

#[test]
fn a_transition_follows_the_plan_that_it_was_opened_with() {
    let plan = dr_plan::parse("erp", PLAN).plan.expect("a sample");
    let mut memory = Memory::default();
    let text = |plan: &str| {
        let opening = Opening {
            epoch: 1,
            from: "a".to_owned(),
            to: "b".to_owned(),
            by: String::new(),
            why: String::new(),
            plan: plan.to_owned(),
            rows: std::collections::BTreeMap::new(),
            hosts: std::collections::BTreeMap::new(),
            vms: Vec::new(),
        };
        Entry::Opened(Box::new(opening))
    };
    memory.apply(Time(1), &text(PLAN));
    assert_eq!(frozen(&plan, &memory, &mut None), Ok(()));
    let mut today = plan.clone();
    "renamed".clone_into(&mut today.name);
    today.policy.mode = dr_plan::Mode::Observe;
    assert_eq!(frozen(&today, &memory, &mut None), Ok(()), "its name and its mode may be today's");
    today.policy.parallel += 1;
    assert_eq!(frozen(&today, &memory, &mut None).map_err(|breach| breach.invariant), Err(Invariant::I9));
    memory.apply(Time(2), &text("no plan"));
    assert_eq!(frozen(&plan, &memory, &mut None).map_err(|breach| breach.invariant), Err(Invariant::I9));
}

#[test]
fn what_closes_is_at_rest() {
    assert_eq!(closing(&World::read(LOST).memory), Ok(()));
    let owed = closing(&World::read(&with("owed pm a1")).memory);
    assert_eq!(owed.map_err(|breach| breach.invariant), Err(Invariant::I4));
    let flying = closing(&World::read(&with("flying park a1")).memory);
    assert_eq!(flying.map_err(|breach| breach.invariant), Err(Invariant::I10));
}

#[test]
fn after_a_breach_nothing_is_done_until_a_person_resumes() {
    let mut world = World::read(LOST);
    assert!(!world.decide().steps.is_empty());
    let breached = Entry::Breached { invariant: Invariant::I3, text: "park x1".to_owned() };
    world.memory.apply(super::world::NOW, &breached);
    let decision = world.decide();
    assert_eq!(decision.steps, Vec::new());
    let said = decision.refusals[0].said("erp");
    assert!(
        said.contains("invariant I3 (nothing is touched that the plan does not name) would be broken: park x1"),
        "{said}"
    );
    assert!(said.contains("ovirt-dr resume erp"), "{said}");
    world.memory.apply(super::world::NOW, &Entry::Resumed { by: "ana".to_owned() });
    assert!(!world.decide().steps.is_empty());
}

#[test]
fn nothing_is_given_back_while_a_lost_host_is_left_out_of_the_list() {
    let original = "{\"enabled\":\"true\"}".to_owned();
    let fencing = Step::RestoreFencing { cluster: "main".into(), name: "main".to_owned(), original };
    let power = Step::RestorePowerManagement { host: "a2".into(), name: "a2".to_owned(), port: 54321 };
    for (step, owed) in [(fencing, "owed fencing main"), (power, "owed pm a2")] {
        let world = |a2: &str| {
            format!("site a: a1 maintenance, a2 gone for={a2}\nsite b: b1 maintenance\nnfs data1\nproven\n{owed}\n")
        };
        let left_out = said(&world("30"), &step);
        assert!(left_out.starts_with("I11:") && left_out.contains("the list leaves out a2"), "{left_out}");
        assert_eq!(said(&world("600"), &step), "may leave");
    }
}
