//! What holds in every world, however odd.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::shown;
use super::world::{NOW, World, ago, any_world, ours, says, silent};
use crate::{Answer, Decision, Entry, HostStatus, Life, Outcome, Read, Step, StepKind, VmStatus, Wait};

/// A decision as sets of words: what must not depend on the order in which the engine lists things.
fn words(decision: &Decision) -> BTreeSet<String> {
    shown(decision).lines().map(str::to_owned).collect()
}

fn steps(decision: &Decision) -> BTreeSet<String> {
    decision.steps.iter().map(ToString::to_string).collect()
}

fn read<T>(read: &mut Read<Vec<T>>) -> &mut Vec<T> {
    match read {
        Read::Seen(values) => values,
        Read::Unreadable(why) => panic!("{why}"),
    }
}

/// Moves the first few of a list to its end.
fn rotate<T>(list: &mut Read<Vec<T>>, by: usize) {
    rotate_list(read(list), by);
}

fn rotate_list<T>(list: &mut [T], by: usize) {
    if !list.is_empty() {
        let by = by % list.len();
        list.rotate_left(by);
        list.reverse();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_engines_lists_means_nothing(text in any_world(), by in 0_usize..5) {
        let world = World::read(&text);
        let mut other = world.clone();
        rotate(&mut other.observed.hosts, by);
        rotate(&mut other.observed.clusters, by);
        rotate(&mut other.observed.data_centers, by);
        rotate(&mut other.observed.domains, by);
        rotate(&mut other.observed.connections, by);
        if let Read::Seen(vms) = &mut other.observed.vms {
            rotate_list(Arc::make_mut(vms).as_mut_slice(), by);
        }
        prop_assert_eq!(words(&world.decide()), words(&other.decide()), "{}", text);
    }

    #[test]
    fn the_same_world_is_decided_the_same(text in any_world()) {
        let world = World::read(&text);
        prop_assert_eq!(world.decide(), world.decide());
    }

    #[test]
    fn without_a_transition_there_are_no_steps(text in any_world()) {
        let mut world = World::read(&text);
        world.memory.transition = None;
        prop_assert_eq!(steps(&world.decide()), BTreeSet::new(), "{}", text);
    }

    #[test]
    fn a_probe_that_is_not_silent_adds_no_step(text in any_world(), which in 0_usize..12, how in 0_usize..4) {
        let world = World::read(&text);
        let mut other = world.clone();
        let of_the_site = |probe: &&dr_plan::Probe| !world.plan.witnesses.contains(probe);
        let silent_now = |probe: &&dr_plan::Probe| {
            let state = &world.observed.probes[probe];
            state.last == Answer::Silent && state.at == ago(2)
        };
        let probes: Vec<_> = world.observed.probes.keys().filter(of_the_site).filter(silent_now).cloned().collect();
        let Some(probe) = probes.get(which % probes.len().max(1)).cloned() else { return Ok(()) };
        match how {
            0 => drop(other.observed.probes.insert(probe.clone(), says(Answer::Accepted))),
            1 => drop(other.observed.probes.insert(probe.clone(), says(Answer::Unreadable("no route".to_owned())))),
            2 => drop(other.observed.probes.insert(probe.clone(), silent(5, 1))),
            _ => drop(other.observed.probes.remove(&probe)),
        }
        let (before, after) = (steps(&world.decide()), steps(&other.decide()));
        prop_assert!(after.is_subset(&before), "{probe}: {before:?} became {after:?} in {text}");
    }

    #[test]
    fn a_witness_that_does_not_answer_adds_no_step(text in any_world(), how in 0_usize..3) {
        let world = World::read(&text);
        let mut other = world.clone();
        let witness = other.plan.witnesses[0].clone();
        match how {
            0 => drop(other.observed.probes.insert(witness, silent(300, 9))),
            1 => drop(other.observed.probes.insert(witness, says(Answer::Unreadable("no route".to_owned())))),
            _ => drop(other.observed.probes.remove(&witness)),
        }
        let (before, after) = (steps(&world.decide()), steps(&other.decide()));
        prop_assert!(after.is_subset(&before), "{before:?} became {after:?} in {text}");
    }

    #[test]
    fn an_unknown_status_adds_no_step_but_parking_that_standby_host(text in any_world(), which in 0_usize..8) {
        let world = World::read(&text);
        let mut other = world.clone();
        let hosts = read(&mut other.observed.hosts);
        let which = which % hosts.len();
        hosts[which].status = HostStatus::Other("levitating".to_owned());
        let park = Step::Park { host: hosts[which].id.clone(), name: hosts[which].name.clone() }.to_string();
        let name = hosts[which].name.clone();
        let lost = name.starts_with('a');
        let (before, after) = (steps(&world.decide()), steps(&other.decide()));
        let added: Vec<&String> = after.difference(&before).filter(|step| lost || **step != park).collect();
        prop_assert!(added.is_empty(), "{name} added {added:?} to {before:?} in {text}");
    }

    #[test]
    fn whatever_cannot_be_read_nothing_is_done(text in any_world(), which in 0_usize..8) {
        let what = ["identity", "hosts", "clusters", "data centers", "domains", "connections", "vms", "tags"][which];
        let world = World::read(&format!("{text}unreadable {what}\n"));
        prop_assert_eq!(steps(&world.decide()), BTreeSet::new());
    }

    #[test]
    fn there_is_always_a_reason(text in any_world()) {
        let world = World::read(&text);
        let decision = world.decide();
        let moves = !decision.steps.is_empty() || !world.memory.in_flight.is_empty() || decision.closing.is_some()
            || decision.proven.is_some() || !decision.reached.is_empty();
        prop_assert!(moves || !decision.waits.is_empty() || !decision.refusals.is_empty(), "nothing is said in {text}");
    }

    #[test]
    fn nothing_is_said_twice(text in any_world()) {
        let decision = World::read(&text).decide();
        let waits: Vec<String> = decision.waits.iter().map(Wait::topic).collect();
        let refusals: Vec<String> = decision.refusals.iter().map(crate::Refusal::topic).collect();
        for said in [waits, refusals] {
            let once: BTreeSet<&String> = said.iter().collect();
            prop_assert_eq!(once.len(), said.len(), "{:?} in {}", said, text);
        }
    }

    #[test]
    fn no_two_steps_meet_on_one_object(text in any_world()) {
        let world = World::read(&text);
        let decision = world.decide();
        let lane = |step: &Step| {
            let key = step.key();
            let lane = match key.kind {
                StepKind::Activate | StepKind::ConfirmRebooted | StepKind::Park => "host",
                StepKind::SuspendFencing | StepKind::RestoreFencing => "policy",
                StepKind::SuspendPowerManagement | StepKind::RestorePowerManagement => "power",
                StepKind::Promote => "promotion",
                StepKind::Repoint => "row",
                StepKind::StartVm => "vm",
            };
            (lane, key.object)
        };
        let flying: BTreeSet<_> = world.memory.in_flight.values().map(|flying| lane(&flying.step)).collect();
        let all: Vec<_> = decision.steps.iter().map(lane).collect();
        let once: BTreeSet<_> = all.iter().cloned().collect();
        prop_assert_eq!(once.len(), all.len(), "{:?} in {}", all, text);
        prop_assert!(once.is_disjoint(&flying), "{:?} beside {:?} in {}", once, flying, text);
    }

    #[test]
    fn the_order_in_which_steps_are_taken_and_end_means_nothing(text in any_world(), by in 0_usize..5) {
        let mut world = World::read(&text);
        let mut decision = world.decide();
        let mut other = world.clone();
        let keys: Vec<_> = decision.steps.iter().map(Step::key).collect();
        world.journal(&decision);
        rotate_list(&mut decision.steps, by);
        other.journal(&decision);
        prop_assert_eq!(words(&world.decide()), words(&other.decide()), "once they are begun, {}", text);
        for (world, keys) in [(&mut world, keys.clone()), (&mut other, keys.into_iter().rev().collect())] {
            for key in keys {
                let id = world.memory.in_flight[&key].id;
                world.memory.apply(NOW, &Entry::Outcome { id, outcome: Outcome::Done });
            }
        }
        prop_assert_eq!(words(&world.decide()), words(&other.decide()), "once they have ended, {}", text);
    }

    #[test]
    fn no_step_breaks_an_invariant(text in any_world()) {
        let world = World::read(&text);
        let decision = world.decide();
        for step in &decision.steps {
            if let Err(why) = is_safe(&world, step) {
                prop_assert!(false, "{step}: {why} in {text}");
            }
        }
    }

    #[test]
    fn every_step_passes_the_second_judgement_once_it_is_journalled(text in any_world()) {
        let mut world = World::read(&text);
        let decision = world.decide();
        world.journal(&decision);
        for step in &decision.steps {
            if let Err(breach) = world.judged(step) {
                prop_assert!(false, "{breach} in {text}");
            }
        }
        if decision.closing.is_some() {
            prop_assert_eq!(crate::invariants::closing(&world.memory), Ok(()));
        }
    }

    #[test]
    fn a_closed_transition_owes_nothing(text in any_world()) {
        let world = World::read(&text);
        if world.decide().closing.is_some() {
            prop_assert!(world.memory.owed.is_empty() && world.memory.in_flight.is_empty(), "{}", text);
        }
    }
}

/// The invariants, written down a second time and without the planner's own words.
fn is_safe(world: &World, step: &Step) -> Result<(), &'static str> {
    let hosts = world.observed.hosts.seen().expect("readable");
    let alive = |status: &HostStatus| status.life() != Life::Lost;
    let find = |name: &str| hosts.iter().find(|host| host.name == name);
    let lost_alive = hosts.iter().any(|host| ours(world, host, "a") && alive(&host.status));
    match step {
        Step::ConfirmRebooted { name, .. } => {
            let host = find(name).ok_or("no such host")?;
            let answers = world.observed.probes.iter().any(|(probe, state)| {
                let transition = world.memory.transition.as_ref().expect("open");
                probe.address == host.address && state.last.is_alive() && !transition.ignores(host, probe)
            });
            if !ours(world, host, "a") {
                Err("it is not of the losing site")
            } else if alive(&host.status) {
                Err("the engine sees it alive")
            } else if answers {
                Err("it answers")
            } else {
                Ok(())
            }
        }
        Step::Repoint { name, .. } => {
            let activated = |host: &crate::Host| {
                let activate = crate::StepKey { kind: StepKind::Activate, object: host.id.0.clone() };
                let transition = world.memory.transition.as_ref().expect("open");
                let arrived = transition.reached_at(&crate::Goal::HostUp(host.id.0.clone())).is_some();
                ours(world, host, "b")
                    && (arrived
                        || transition.done.contains_key(&activate)
                        || transition.tries.contains_key(&activate)
                        || world.memory.in_flight.contains_key(&activate))
            };
            if hosts.iter().any(|host| alive(&host.status) && !activated(host)) && !name.starts_with("lun") {
                return Err("a host is alive");
            }
            Ok(())
        }
        Step::Promote { .. } => {
            if hosts.iter().any(|host| alive(&host.status) && !ours(world, host, "b")) {
                return Err("a host is alive");
            }
            Ok(())
        }
        Step::Activate { name, .. } => {
            let host = find(name).ok_or("no such host")?;
            if !ours(world, host, "b") {
                return Err("it is not of the new site");
            }
            if lost_alive && hosts.iter().any(|host| ours(world, host, "a") && host.status.life() == Life::Alive) {
                return Err("a lost host is alive");
            }
            let behind = world.observed.domains.seen().expect("readable").iter().filter(|domain| domain.data);
            let old = behind.flat_map(|domain| &domain.behind).any(|details| details.to_string().contains("nas-a"));
            if old { Err("a row still points at the old site") } else { Ok(()) }
        }
        Step::Park { name, .. } => {
            let host = find(name).ok_or("no such host")?;
            let lost = ours(world, host, "a");
            if lost && alive(&host.status) {
                return Err("a lost host that is alive is not ours to park");
            }
            if lost || ours(world, host, "b") { Ok(()) } else { Err("the plan does not name it") }
        }
        Step::StartVm { name, .. } => {
            let vm = world.observed.vms.seen().expect("readable").iter().find(|vm| vm.name == *name);
            if vm.ok_or("no such VM")?.status != VmStatus::Down {
                return Err("it is not down");
            }
            if hosts.iter().any(|host| ours(world, host, "a") && host.status.life() == Life::Alive) {
                return Err("a lost host is alive");
            }
            Ok(())
        }
        Step::SuspendFencing { .. } | Step::SuspendPowerManagement { .. } => {
            if hosts.iter().any(|host| ours(world, host, "a") && host.status.life() == Life::Alive) {
                return Err("a host of the losing site is alive");
            }
            Ok(())
        }
        Step::RestoreFencing { .. } | Step::RestorePowerManagement { .. } => {
            if world.memory.owed.is_empty() {
                Err("nothing is owed")
            } else {
                Ok(())
            }
        }
    }
}
