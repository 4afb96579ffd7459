//! The forecast: each step's expected effect is applied to what was observed, and it is decided again, until nothing changes.
//!
//! Preview, expected time and rehearsal all use the one planner; only the durations below are assumed.

use std::time::Duration;

use dr_plan::{Plan, SiteName};

use crate::{
    Answer, Confirmation, DataCenterStatus, Decision, Details, Entry, HostStatus, Memory, Observed, Outcome, OwedKey,
    Phase, ProbeState, Read, Refusal, SILENCE, SILENT_ROUNDS, Spm, Step, StepKind, Time, VmStatus, decide, opening,
};

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
    /// What stopped the forecast, if it did not arrive.
    pub stuck: Vec<String>,
    /// What a person has to do on the way.
    pub persons: Vec<String>,
}

/// Assumed durations, seen on a running engine (hosts.md 5 and 6, storage.md 6.3).
mod takes {
    use std::time::Duration;

    pub(super) const PUT: Duration = Duration::from_millis(100);
    pub(super) const ACTIVATE: Duration = Duration::from_millis(300);
    pub(super) const UP_AFTER_ACTIVATION: Duration = Duration::from_secs(3);
    /// Black-holed hosts: 4 to 19 s, however many side by side.
    pub(super) const CONFIRM: Duration = Duration::from_secs(15);
    pub(super) const PARK: Duration = Duration::from_millis(400);
    pub(super) const PROMOTE: Duration = Duration::from_secs(5);
    /// From SPM confirmed and a host up to data center up: one tick of 10 s and an SPM start.
    pub(super) const ELECTION: Duration = Duration::from_secs(12);
    pub(super) const START: Duration = Duration::from_millis(300);
    pub(super) const BOOT: Duration = Duration::from_secs(4);
}

/// One assumed change of the world.
#[derive(Clone, Debug)]
enum Change {
    Ends(u64, Outcome),
    HostStatus(String, HostStatus),
    Cleared(String),
    VmStatus(String, VmStatus),
    Row(String, Details),
    Fencing(String, bool),
    PowerManagement(String, bool),
    DataCenterUp,
}

struct World {
    observed: Observed,
    memory: Memory,
    now: Time,
    pending: Vec<(Time, Change)>,
    next_id: u64,
}

/// Steps of a forecast at most: more means that the planner does not arrive.
const MOST_ROUNDS: usize = 5_000;

/// Forecasts the open transition, or a loss of the active site and a flip to the plan's `to`.
pub fn forecast(plan: &Plan, to: &SiteName, observed: &Observed, memory: &Memory, now: Time) -> Forecast {
    let mut plan = plan.clone();
    let mut world = World {
        observed: observed.clone(),
        memory: memory.clone(),
        now,
        pending: Vec::new(),
        next_id: memory.last_intent + 1,
    };
    world.memory.paused = None;
    plan.policy.mode = dr_plan::Mode::Act;
    if world.memory.transition.is_none() {
        let from = memory.accepted.clone().unwrap_or_else(|| plan.active_site.0.clone());
        plan.active_site = to.clone();
        let opened = opening(&plan, String::new(), observed, memory, &from, "forecast", "forecast");
        world.memory.apply(now, &Entry::Opened(Box::new(opened)));
        lose_site(&plan, &from, &mut world);
    }
    let mut result = run(&plan, &mut world);
    result.phases.retain(|(_, end)| *end > Duration::ZERO);
    result
}

fn run(plan: &Plan, world: &mut World) -> Forecast {
    let began = world.now;
    let mut steps = Vec::new();
    let mut phases: Vec<(Phase, Duration)> = Vec::new();
    let mut persons = Vec::new();
    let mut up = None;
    let mut decision = Decision::default();
    for _ in 0..MOST_ROUNDS {
        world.observed.at = world.now;
        keep_silent(world);
        decision = decide(plan, &world.observed, &world.memory, world.now);
        let elapsed = world.now.since(began);
        match phases.last_mut() {
            Some((phase, end)) if *phase == decision.phase => *end = elapsed,
            _ => {
                if let Some((_, end)) = phases.last_mut() {
                    *end = elapsed;
                }
                phases.push((decision.phase, elapsed));
            }
        }
        let vms_up = matches!(decision.phase, Phase::Settling) || decision.closing.is_some();
        if vms_up && up.is_none() {
            up = Some(elapsed);
        }
        if decision.closing.is_some() {
            break;
        }
        note(world, &decision);
        answer_persons(world, &decision, &mut persons);
        for step in decision.steps.clone() {
            steps.push((elapsed, step.clone()));
            take(world, step);
        }
        if !advance(world) {
            break;
        }
    }
    let total = world.now.since(began);
    let stuck = if decision.closing.is_some() { Vec::new() } else { reasons(&decision) };
    Forecast { steps, phases, up: up.unwrap_or(total), total, stuck, persons }
}

fn reasons(decision: &Decision) -> Vec<String> {
    let refusals = decision.refusals.iter().map(ToString::to_string);
    refusals.chain(decision.waits.iter().map(ToString::to_string)).collect()
}

/// The world of a lost site: its hosts `non_responsive`, their VMs `unknown`, its data centers `problematic`, its probes silent for long.
fn lose_site(plan: &Plan, from: &str, world: &mut World) {
    let Some(site) = plan.sites.get(&SiteName(from.to_owned())) else { return };
    let now = world.now;
    let mut lost = Vec::new();
    if let Read::Seen(hosts) = &mut world.observed.hosts {
        for host in hosts.iter_mut().filter(|host| site.hosts.contains(&host.name)) {
            lost.push((host.id.clone(), host.address.clone(), host.spm));
            if host.status != HostStatus::Maintenance {
                host.status = HostStatus::NonResponsive;
            }
        }
    }
    if let Read::Seen(vms) = &mut world.observed.vms {
        for vm in vms.iter_mut().filter(|vm| vm.status.runs()) {
            if vm.host.as_ref().is_some_and(|host| lost.iter().any(|(id, _, _)| id == host)) {
                vm.status = VmStatus::Unknown;
            }
        }
    }
    if lost.iter().any(|(_, _, spm)| *spm != Spm::None) {
        for data_center in seen(&mut world.observed.data_centers) {
            data_center.status = DataCenterStatus::Problematic;
        }
        for domain in seen(&mut world.observed.domains).iter_mut().filter(|domain| domain.status == "active") {
            "unknown".clone_into(&mut domain.status);
        }
    }
    let silent = ProbeState {
        last: Answer::Silent,
        at: now,
        silent_since: Some(Time(now.0.saturating_sub(2 * u64::try_from(SILENCE.as_millis()).unwrap_or(0)))),
        silent_rounds: SILENT_ROUNDS,
    };
    let of_hosts = lost.iter().flat_map(|(_, address, _)| {
        site.evidence.host_ports.iter().map(|port| dr_plan::Probe { address: address.clone(), port: *port })
    });
    for probe in of_hosts.chain(site.evidence.also.iter().cloned()).collect::<Vec<_>>() {
        world.memory.answered.insert(probe.to_string());
        world.observed.probes.insert(probe, silent.clone());
    }
    for witness in &plan.witnesses {
        let answers = ProbeState { last: Answer::Accepted, at: now, silent_since: None, silent_rounds: 0 };
        world.observed.probes.insert(witness.clone(), answers);
    }
}

/// Probes keep saying what they said.
fn keep_silent(world: &mut World) {
    let now = world.now;
    for state in world.observed.probes.values_mut() {
        state.at = now;
    }
}

fn note(world: &mut World, decision: &Decision) {
    let Some(epoch) = world.memory.transition.as_ref().map(|transition| transition.epoch) else { return };
    if let Some(evidence) = &decision.proven {
        world.memory.apply(world.now, &Entry::Proven { epoch, evidence: evidence.clone() });
    }
    if !decision.reached.is_empty() {
        world.memory.apply(world.now, &Entry::Reached { epoch, goals: decision.reached.clone() });
    }
}

/// What only a person can say is assumed to be said at once, and listed.
fn answer_persons(world: &mut World, decision: &Decision, persons: &mut Vec<String>) {
    for refusal in &decision.refusals {
        let confirmation = match refusal {
            Refusal::PromotionConfirmation { site } => {
                persons.push(format!("confirm that the replica at {site} is writable"));
                Confirmation::Promoted
            }
            Refusal::AttestationNeeded { site } => {
                persons.push(format!("vouch that {site} is down"));
                Confirmation::SiteDown
            }
            _ => continue,
        };
        let entry = Entry::Confirmed { confirmation, by: "forecast".to_owned(), reason: String::new() };
        world.memory.apply(world.now, &entry);
        world.pending.push((world.now, Change::DataCenterUp));
    }
}

/// Journals the step and schedules what it is expected to lead to.
fn take(world: &mut World, step: Step) {
    let id = world.next_id;
    world.next_id += 1;
    let epoch = world.memory.transition.as_ref().map_or(0, |transition| transition.epoch);
    let now = world.now;
    let intent = Entry::Intent { id, epoch, step: step.clone(), correlation_id: String::new() };
    world.memory.apply(now, &intent);
    let mut after = |delay: Duration, change| world.pending.push((now.plus(delay), change));
    let done = Change::Ends(id, Outcome::Done);
    match step {
        Step::SuspendFencing { cluster, name, original } => {
            after(takes::PUT, Change::Fencing(cluster.0.clone(), false));
            after(takes::PUT, done);
            world.memory.apply(now, &Entry::Owed { what: OwedKey::Fencing(cluster), name, original, port: 0 });
        }
        Step::SuspendPowerManagement { host, name, port } => {
            after(takes::PUT, Change::PowerManagement(host.0.clone(), false));
            after(takes::PUT, done);
            let original = "true".to_owned();
            world.memory.apply(now, &Entry::Owed { what: OwedKey::PowerManagement(host), name, original, port });
        }
        Step::Promote { .. } => after(takes::PROMOTE, done),
        Step::Repoint { connection, to, .. } => {
            after(takes::PUT, Change::Row(connection.0, to));
            after(takes::PUT, done);
        }
        Step::Activate { host, .. } => {
            after(Duration::ZERO, Change::HostStatus(host.0.clone(), HostStatus::Unassigned));
            after(takes::ACTIVATE, done);
            after(takes::UP_AFTER_ACTIVATION, Change::HostStatus(host.0, HostStatus::Up));
        }
        Step::ConfirmRebooted { host, .. } => {
            after(takes::CONFIRM, Change::Cleared(host.0));
            after(takes::CONFIRM, done);
        }
        Step::Park { host, .. } => {
            after(takes::PARK, Change::HostStatus(host.0, HostStatus::Maintenance));
            after(takes::PARK, done);
        }
        Step::StartVm { vm, .. } => {
            after(takes::START, Change::VmStatus(vm.0.clone(), VmStatus::Starting("powering_up".to_owned())));
            after(takes::START, done);
            after(takes::BOOT, Change::VmStatus(vm.0, VmStatus::Up));
        }
        Step::RestoreFencing { cluster, .. } => {
            after(takes::PUT, Change::Fencing(cluster.0.clone(), true));
            after(takes::PUT, done);
            world.memory.apply(now, &Entry::GivenBack { what: OwedKey::Fencing(cluster) });
        }
        Step::RestorePowerManagement { host, .. } => {
            after(takes::PUT, Change::PowerManagement(host.0.clone(), true));
            after(takes::PUT, done);
            world.memory.apply(now, &Entry::GivenBack { what: OwedKey::PowerManagement(host) });
        }
    }
}

/// Moves to the next change, or a little on while things settle; false when nothing will ever change.
fn advance(world: &mut World) -> bool {
    if let Some(at) = world.pending.iter().map(|(at, _)| *at).min() {
        world.now = world.now.max(at);
        let (due, later) = std::mem::take(&mut world.pending).into_iter().partition(|(at, _)| *at <= world.now);
        world.pending = later;
        for (_, change) in due {
            apply(world, change);
        }
        return true;
    }
    let settling = world.memory.transition.as_ref().is_some_and(|transition| {
        let newest = transition.reached.values().chain(transition.done.values()).max();
        newest.is_some_and(|at| world.now.since(*at) < Duration::from_secs(60))
    });
    world.now = world.now.plus(Duration::from_secs(1));
    settling
}

fn apply(world: &mut World, change: Change) {
    let now = world.now;
    match change {
        Change::Ends(id, outcome) => world.memory.apply(now, &Entry::Outcome { id, outcome }),
        Change::HostStatus(id, status) => {
            for host in seen(&mut world.observed.hosts).iter_mut().filter(|host| host.id.0 == id) {
                host.status = status.clone();
                host.since = now;
            }
            elect(world);
        }
        Change::Cleared(id) => {
            for host in seen(&mut world.observed.hosts).iter_mut().filter(|host| host.id.0 == id) {
                host.spm = Spm::None;
                host.vms = 0;
            }
            for vm in seen(&mut world.observed.vms) {
                if vm.host.as_ref().is_some_and(|host| host.0 == id) {
                    vm.status = VmStatus::Down;
                    vm.host = None;
                }
            }
            elect(world);
        }
        Change::VmStatus(id, status) => {
            for vm in seen(&mut world.observed.vms).iter_mut().filter(|vm| vm.id.0 == id) {
                vm.status = status.clone();
            }
        }
        Change::Row(id, details) => {
            for row in seen(&mut world.observed.connections).iter_mut().filter(|row| row.id.0 == id) {
                row.details = details.clone();
            }
        }
        Change::Fencing(id, on) => {
            for cluster in seen(&mut world.observed.clusters).iter_mut().filter(|cluster| cluster.id.0 == id) {
                cluster.fencing = on;
            }
        }
        Change::PowerManagement(id, on) => {
            for host in seen(&mut world.observed.hosts).iter_mut().filter(|host| host.id.0 == id) {
                host.power_management = on;
            }
        }
        Change::DataCenterUp => {
            if spm_is_free(world) {
                for data_center in seen(&mut world.observed.data_centers) {
                    if data_center.status != DataCenterStatus::Up {
                        data_center.status = DataCenterStatus::Up;
                        data_center.since = now;
                    }
                }
                for domain in seen(&mut world.observed.domains).iter_mut().filter(|domain| domain.status == "unknown") {
                    "active".clone_into(&mut domain.status);
                }
            }
        }
    }
}

/// An election ends some time after the dead SPM is confirmed and a host is up.
fn elect(world: &mut World) {
    let waiting = world.pending.iter().any(|(_, change)| matches!(change, Change::DataCenterUp));
    if !waiting && spm_is_free(world) {
        world.pending.push((world.now.plus(takes::ELECTION), Change::DataCenterUp));
    }
}

fn spm_is_free(world: &World) -> bool {
    let hosts = world.observed.hosts.seen().map(Vec::as_slice).unwrap_or_default();
    hosts.iter().any(|host| host.status == HostStatus::Up)
        && !hosts.iter().any(|host| host.spm == Spm::Spm && host.status != HostStatus::Up)
}

fn seen<T>(read: &mut Read<Vec<T>>) -> &mut [T] {
    match read {
        Read::Seen(values) => values,
        Read::Unreadable(_) => &mut [],
    }
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
