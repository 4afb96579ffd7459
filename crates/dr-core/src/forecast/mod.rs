//! The forecast: each step's expected effect is applied to what was observed, and it is decided again, until nothing changes.
//!
//! Preview, expected time and rehearsal all use the one planner; only the durations in `world` are assumed.

mod world;

use std::time::Duration;

use dr_plan::{Mode, Plan, SiteName};

use crate::{
    Confirmation, Decision, Entry, Memory, Observed, Phase, Refusal, Spm, Step, StepKind, Time, decide, opening,
};

use world::World;

/// What a transition is expected to do and to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Steps in the order in which they are taken, with the time since the beginning at which each starts.
    pub steps: Vec<(Duration, Step)>,
    /// When each phase is expected to end, counted from the beginning.
    pub phases: Vec<(Phase, Duration)>,
    /// When the last virtual machine is expected to be up; when all is done if there is none.
    pub up: Duration,
    /// When everything is expected to be done.
    pub total: Duration,
    /// How much longer it may take at most, because storage names the dead SPM until its lease runs out; zero if no SPM is lost.
    pub lease: Duration,
    /// What stopped the forecast, if it did not arrive.
    pub stuck: Vec<String>,
    /// What a person has to do on the way.
    pub persons: Vec<String>,
}

/// UNVERIFIED: how long storage names a dead SPM (hosts.md 6.4 derives about 140 s from the lease's own rules; it may be much less).
pub const DEAD_SPM_LEASE: Duration = Duration::from_secs(140);
/// Rounds of a forecast at most: more means that the planner does not arrive.
const MOST_ROUNDS: usize = 3_000;
/// After so many rounds, what happens within [`GRAIN`] is looked at together: thousands of virtual machines would need as many rounds.
const FINE_ROUNDS: usize = 200;
/// How finely a long forecast looks.
const GRAIN: Duration = Duration::from_millis(500);

/// Forecasts the open transition, or a loss of the active site and a flip to the plan's `to`.
pub fn forecast(plan: &Plan, to: &SiteName, observed: &Observed, memory: &Memory, now: Time) -> Forecast {
    let mut plan = plan.clone();
    plan.policy.mode = Mode::Act;
    let mut world = World::new(observed.clone(), memory.clone(), now);
    world.memory.paused = None;
    world.memory.breached = None;
    if world.memory.transition.is_none() {
        let from = memory.accepted.clone().unwrap_or_else(|| plan.active_site.0.clone());
        plan.active_site = to.clone();
        let opened = opening(&plan, String::new(), observed, memory, &from, "forecast", "forecast");
        world.memory.apply(now, &Entry::Opened(Box::new(opened)));
        world.lose_site(&plan, &from);
    }
    let spm_is_lost = spm_is_lost(&plan, &world);
    let mut result = run(&plan, &mut world);
    result.lease = if spm_is_lost { DEAD_SPM_LEASE } else { Duration::ZERO };
    result.phases.retain(|(_, end)| *end > Duration::ZERO);
    result
}

/// Whether a host of the losing site is SPM, or was when the engine last heard of it.
fn spm_is_lost(plan: &Plan, world: &World) -> bool {
    let Some(transition) = &world.memory.transition else { return false };
    let lost = || plan.sites.iter().filter(|(site, _)| transition.has_lost(&site.0));
    let hosts = world.observed.hosts.seen().map(Vec::as_slice).unwrap_or_default();
    hosts.iter().any(|host| host.spm != Spm::None && lost().any(|(_, site)| site.hosts.contains(&host.name)))
}

fn run(plan: &Plan, world: &mut World) -> Forecast {
    let began = world.now;
    let mut steps = Vec::new();
    let mut phases: Vec<(Phase, Duration)> = Vec::new();
    let mut persons = Vec::new();
    let mut up = None;
    let mut decision = Decision::default();
    let mut seen = None;
    for round in 0..MOST_ROUNDS {
        decision = seen.take().unwrap_or_else(|| look(plan, world));
        let elapsed = world.now.since(began);
        if let Some((_, end)) = phases.last_mut() {
            *end = elapsed;
        }
        if phases.last().is_none_or(|(phase, _)| *phase != decision.phase) {
            phases.push((decision.phase, elapsed));
        }
        if up.is_none() && (decision.phase == Phase::Settling || decision.closing.is_some()) {
            up = Some(elapsed);
        }
        if decision.closing.is_some() {
            break;
        }
        let mut changed = note(world, &decision);
        changed |= answer_persons(world, &decision, &mut persons);
        for step in decision.steps.clone() {
            steps.push((elapsed, step.clone()));
            world.take(step);
            changed = true;
        }
        if !changed {
            seen = pass_quietly(plan, world, decision.phase);
            if let Some((_, end)) = phases.last_mut() {
                *end = world.now.since(began);
            }
            if seen.is_some() {
                continue;
            }
        }
        let grain = if round < FINE_ROUNDS { Duration::ZERO } else { GRAIN };
        if !world.advance(changed, grain) {
            break;
        }
    }
    let total = world.now.since(began);
    let stuck = if decision.closing.is_some() { Vec::new() } else { reasons(&decision) };
    Forecast { steps, phases, up: up.unwrap_or(total), total, lease: Duration::ZERO, stuck, persons }
}

/// One pass at the world's time.
fn look(plan: &Plan, world: &mut World) -> Decision {
    world.look();
    decide(plan, &world.observed, &world.memory, world.now)
}

/// Moves on to the first second, before the next change, in which something is concluded, and yields that; else to the last one in which
/// nothing is. What time alone brings stays once it has come, so the second is found by halving: looked at one by one, a calm wait would cost
/// more than all that happens.
fn pass_quietly(plan: &Plan, world: &mut World, phase: Phase) -> Option<Decision> {
    let began = world.now;
    let at = |seconds| began.plus(Duration::from_secs(seconds));
    let (mut quiet, mut end) = (0, world.quiet_seconds() + 1);
    let mut concluded = None;
    let mut next = end - 1;
    while quiet < next {
        world.now = at(next);
        let decision = look(plan, world);
        if is_quiet(&decision, phase) {
            quiet = next;
        } else {
            end = next;
            concluded = Some(decision);
        }
        next = quiet.midpoint(end);
    }
    world.now = at(if concluded.is_some() { end } else { quiet });
    concluded
}

/// Whether nothing comes of a decision.
fn is_quiet(decision: &Decision, phase: Phase) -> bool {
    let asks = |refusal: &Refusal| {
        matches!(refusal, Refusal::PromotionConfirmation { .. } | Refusal::AttestationNeeded { .. })
    };
    decision.phase == phase
        && decision.steps.is_empty()
        && decision.reached.is_empty()
        && decision.proven.is_none()
        && decision.closing.is_none()
        && !decision.refusals.iter().any(asks)
}

fn reasons(decision: &Decision) -> Vec<String> {
    let refusals = decision.refusals.iter().map(ToString::to_string);
    refusals.chain(decision.waits.iter().map(ToString::to_string)).collect()
}

/// Journals what was concluded; says whether there was anything.
fn note(world: &mut World, decision: &Decision) -> bool {
    let Some(epoch) = world.memory.transition.as_ref().map(|transition| transition.epoch) else { return false };
    if let Some(evidence) = &decision.proven {
        world.memory.apply(world.now, &Entry::Proven { epoch, evidence: evidence.clone() });
    }
    if !decision.reached.is_empty() {
        world.memory.apply(world.now, &Entry::Reached { epoch, goals: decision.reached.clone() });
    }
    decision.proven.is_some() || !decision.reached.is_empty()
}

/// What only a person can say is assumed to be said at once, and listed; says whether there was anything.
fn answer_persons(world: &mut World, decision: &Decision, persons: &mut Vec<String>) -> bool {
    let mut answered = false;
    for refusal in &decision.refusals {
        let (confirmation, said) = if let Refusal::PromotionConfirmation { site } = refusal {
            (Confirmation::Promoted, format!("confirm that the replica at {site} is writable"))
        } else if let Refusal::AttestationNeeded { site } = refusal {
            (Confirmation::SiteDown, format!("vouch that {site} is down"))
        } else {
            continue;
        };
        persons.push(said);
        let entry = Entry::Confirmed { confirmation, by: "forecast".to_owned(), reason: String::new() };
        world.memory.apply(world.now, &entry);
        answered = true;
    }
    answered
}

impl Forecast {
    /// What a preview says about the critical path, in the order of the phases.
    pub fn waits_for(&self) -> Vec<String> {
        let kinds = [
            (StepKind::Promote, "replica promoted"),
            (StepKind::ConfirmRebooted, "dead hosts confirmed"),
            (StepKind::Activate, "standby hosts up"),
        ];
        let has = |kind| self.steps.iter().any(|(_, step)| step.key().kind == kind);
        let mut path: Vec<String> =
            kinds.iter().filter(|(kind, _)| has(*kind)).map(|(_, said)| (*said).to_owned()).collect();
        path.push("data center up".to_owned());
        path
    }
}
