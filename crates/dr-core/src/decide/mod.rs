//! The decision: one look at the world becomes the steps that may be taken now, and the reasons for everything else.
//!
//! A failover is not a list to walk down but conditions: whatever may run, runs. The files stand in the order in which a lost site's
//! workload usually passes them.

mod calm;
pub(crate) use calm::differences;
mod closing;
mod data_centers;
mod engine;
pub use engine::epoch_seen;
pub(crate) use engine::{later_epoch, unknown_debts};
mod fencing;
pub(crate) use fencing::is_settled;
mod lost;
mod proof;
mod standby;
mod storage;
mod vms;

use dr_plan::{Mode, Plan, SiteName};

use crate::invariants::Invariant;
use crate::planted::breaks;
use crate::scene::{Scene, unreadable};
use crate::{Decision, Goal, Memory, Observed, Phase, Refusal, StepKind, Time, Transition};

/// Decides what may be done now. The same inputs always yield the same decision.
///
/// Without an open transition there are never steps: in calm times drift is reported, not corrected. Inside one, `plan` must be the plan that
/// was frozen when it opened.
pub fn decide(plan: &Plan, observed: &Observed, memory: &Memory, now: Time) -> Decision {
    let mut decision = Decision { waits: unreadable(observed), ..Decision::default() };
    decision.refusals.extend(memory.breached.clone().map(|breach| Refusal::InvariantBroken { breach }));
    let Some(transition) = &memory.transition else {
        calm::report(plan, observed, memory, &mut decision);
        return decision;
    };
    decision.phase = remembered_phase(transition);
    decision.refusals.extend(engine::unknown_debts(&plan.name, observed, memory));
    // What this journal takes for the open transition is over: to explain its steps would be bad advice.
    let is_over = later_epoch(&plan.name, observed, memory).is_some();
    if engine::is_another(observed, memory, &mut decision) || is_over {
        return decision;
    }
    let Some(scene) = Scene::look(plan, observed, memory, transition, now) else {
        missing_sites(plan, transition, &mut decision);
        return decision;
    };
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
    standby::activate(scene, &proof, promoted, decision);
    lost::confirm_and_park(scene, &proof, promoted, decision);
    data_centers::watch(scene, &proof, decision);
    vms::start(scene, &proof, decision);
    fencing::give_back(scene, decision);
    closing::close(scene, &proof, decision);
    decision.steps.sort_by_key(|step| urgency(step.key().kind));
    decision.phase = phase(scene, &proof, promoted);
}

/// The order in which steps are taken where not all can be at once: what the way to running machines waits for goes first.
fn urgency(kind: StepKind) -> u8 {
    match kind {
        StepKind::SuspendFencing => 0,
        StepKind::SuspendPowerManagement => 1,
        StepKind::Promote => 2,
        StepKind::Repoint => 3,
        StepKind::Activate => 4,
        StepKind::ConfirmRebooted => 5,
        StepKind::StartVm => 6,
        StepKind::Park => 7,
        StepKind::RestoreFencing => 8,
        StepKind::RestorePowerManagement => 9,
    }
}

fn phase(scene: &Scene, proof: &proof::Proof, promoted: bool) -> Phase {
    let data_centers_up = scene.affected.iter().all(|id| data_centers::is_up(scene, id));
    if !scene.has_begun() && !proof.allows() {
        Phase::Proving
    } else if !promoted {
        Phase::Promoting
    } else if scene.any_row_missing() {
        Phase::Repointing
    } else if !data_centers_up {
        Phase::Activating
    } else if !scene.missing_vms.is_empty() {
        Phase::Starting
    } else {
        Phase::Settling
    }
}

/// Where the transition stood when it was last seen, for a pass that sees nothing.
fn remembered_phase(transition: &Transition) -> Phase {
    let any = |is: fn(&Goal) -> bool| transition.reached.keys().any(is);
    if transition.cancelled {
        Phase::TurningBack
    } else if any(|goal| matches!(goal, Goal::DataCenterUp(_))) {
        Phase::Starting
    } else if any(|goal| matches!(goal, Goal::HostUp(_) | Goal::Confirmed(_))) {
        Phase::Activating
    } else if any(|goal| matches!(goal, Goal::Repointed(_))) {
        Phase::Repointing
    } else if transition.proven.is_some() {
        Phase::Promoting
    } else {
        Phase::Proving
    }
}

fn missing_sites(plan: &Plan, transition: &Transition, decision: &mut Decision) {
    for site in [&transition.from, &transition.to] {
        if !plan.sites.contains_key(&SiteName(site.clone())) {
            decision.refusals.push(Refusal::SiteUnknown { site: site.clone() });
        }
    }
}

/// Steps that a plan which does not act names.
const STEPS_SHOWN: usize = 5;

/// Observing and paused plans, and those whose engine carries somebody else's debts, look and explain, and never act.
fn withhold(plan: &Plan, memory: &Memory, decision: &mut Decision) {
    if memory.breached.is_some() {
        decision.steps.clear();
        decision.closing = None;
    }
    if decision.refusals.iter().any(|refusal| matches!(refusal, Refusal::UnknownDebts { .. })) {
        decision.steps.clear();
        decision.closing = None;
    }
    if breaks(Invariant::I7) {
        return;
    }
    let why = match (&memory.paused, plan.policy.mode) {
        (Some(why), _) => format!("paused {why}"),
        (None, Mode::Observe) => "the plan's mode is observe".to_owned(),
        (None, Mode::Act) => return,
    };
    let steps = std::mem::take(&mut decision.steps);
    let mut shown: Vec<String> = steps.iter().take(STEPS_SHOWN).map(ToString::to_string).collect();
    if steps.len() > STEPS_SHOWN {
        shown.push(format!("and {} more", steps.len() - STEPS_SHOWN));
    }
    let why = if shown.is_empty() { why } else { format!("{why}; would now: {}", shown.join(", ")) };
    // What is not begun is not waited for.
    let promoting = memory.in_flight.keys().any(|key| key.kind == crate::StepKind::Promote);
    decision.waits.retain(|wait| promoting || !matches!(wait, crate::Wait::Promotion { text: None, .. }));
    decision.waits.insert(0, crate::Wait::Paused { why });
}

/// Notes a goal that is reached and not yet journalled.
fn reach(scene: &Scene, decision: &mut Decision, goal: Goal) {
    if scene.transition.reached_at(&goal).is_none() {
        decision.reached.push(goal);
    }
}
