//! The decision: one look at the world becomes the steps that may be taken now, and the reasons for everything else.
//!
//! A failover is not a list to walk down but conditions: whatever may run, runs. The files stand in the order in which a lost site's
//! workload usually passes them.

mod calm;
pub(crate) use calm::differences;
mod closing;
mod data_centers;
mod fencing;
mod hosts;
mod proof;
mod storage;
mod vms;

use dr_plan::{Mode, Plan};

use crate::scene::{Scene, unreadable};
use crate::{Decision, Memory, Observed, Phase, Refusal, Time, Wait};

/// Decides what may be done now. The same inputs always yield the same decision.
///
/// Without an open transition there are never steps: in calm times drift is reported, not corrected. Inside one, `plan` must be the plan that
/// was frozen when it opened.
pub fn decide(plan: &Plan, observed: &Observed, memory: &Memory, now: Time) -> Decision {
    let mut decision = Decision { waits: unreadable(observed), ..Decision::default() };
    let Some(transition) = &memory.transition else {
        calm::report(plan, observed, memory, &mut decision);
        return decision;
    };
    decision.phase = if transition.cancelled { Phase::TurningBack } else { Phase::Proving };
    if other_engine(observed, memory, &mut decision) {
        return decision;
    }
    let Some(scene) = Scene::look(plan, observed, memory, transition, now) else { return decision };
    if transition.cancelled {
        fencing::give_back(&scene, &mut decision);
        closing::close_cancelled(&scene, &mut decision);
    } else {
        failover(&scene, &mut decision);
    }
    withhold(plan, memory, &mut decision);
    decision
}

fn failover(scene: &Scene, decision: &mut Decision) {
    let proof = proof::prove(scene, decision);
    fencing::suspend(scene, &proof, decision);
    let promoted = storage::promote(scene, &proof, decision);
    storage::repoint(scene, &proof, promoted, decision);
    hosts::activate(scene, &proof, promoted, decision);
    hosts::confirm_and_park(scene, decision);
    data_centers::watch(scene, decision);
    vms::start(scene, decision);
    fencing::give_back(scene, decision);
    closing::close(scene, promoted, decision);
    decision.phase = phase(scene, &proof, promoted);
}

fn phase(scene: &Scene, proof: &proof::Proof, promoted: bool) -> Phase {
    let data_centers_up = scene.affected.iter().all(|id| data_centers::is_up(scene, id));
    if proof.needed && !proof.proven {
        Phase::Proving
    } else if !promoted {
        Phase::Promoting
    } else if scene.affected.iter().any(|id| scene.rows_missing(id) > 0) {
        Phase::Repointing
    } else if !data_centers_up {
        Phase::Activating
    } else if !vms::missing(scene).is_empty() {
        Phase::Starting
    } else {
        Phase::Settling
    }
}

/// A twin that woke up with the old site, or an engine restored from a backup: nothing is done until a person vouches for it.
fn other_engine(observed: &Observed, memory: &Memory, decision: &mut Decision) -> bool {
    let (Some(found), Some((known, known_event))) = (observed.engine.seen(), &memory.engine) else { return false };
    if found.instance_id != *known {
        let (known, found) = (known.clone(), found.instance_id.clone());
        decision.refusals.push(Refusal::OtherEngine { known, found });
        return true;
    }
    match found.event_id {
        Some(event) if event < *known_event => {
            decision.refusals.push(Refusal::EngineWentBack { known: *known_event, found: event });
            true
        }
        Some(_) | None => false,
    }
}

/// Observing and paused plans look and explain, and never act.
fn withhold(plan: &Plan, memory: &Memory, decision: &mut Decision) {
    let why = match (&memory.paused, plan.policy.mode) {
        (Some(why), _) => why.clone(),
        (None, Mode::Observe) => "the plan's mode is observe".to_owned(),
        (None, Mode::Act) => return,
    };
    let steps: Vec<String> = std::mem::take(&mut decision.steps).iter().map(ToString::to_string).collect();
    let why = if steps.is_empty() { why } else { format!("{why}; would now {}", steps.join(", ")) };
    decision.waits.insert(0, Wait::Paused { why });
}

/// Notes a goal that is reached and not yet journalled.
fn reach(scene: &Scene, decision: &mut Decision, goal: crate::Goal) {
    if scene.transition.reached_at(&goal).is_none() {
        decision.reached.push(goal);
    }
}
