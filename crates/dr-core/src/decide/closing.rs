//! When a transition is over: every object has reached its goal, or has had its time; and nothing is owed.

use std::time::Duration;

use crate::invariants::Invariant;
use crate::planted::breaks;
use crate::scene::Scene;
use crate::{DataCenter, Decision, FrozenVm, Goal, HostStatus, StepKey, StepKind, Wait};

use super::proof::Proof;
use super::{data_centers, vms};

/// How long a standby host may take to be up, counted from the data center's being up, before it is an exception.
const HOST_PATIENCE: Duration = Duration::from_secs(600);
/// How long a data domain may take to be active, and a late row to be repointed, counted likewise.
const STORAGE_PATIENCE: Duration = Duration::from_secs(600);

/// Names that a wait lists.
const NAMES_SHOWN: usize = 5;

/// Closes a cancelled transition once nothing is owed.
pub(crate) fn close_cancelled(scene: &Scene, decision: &mut Decision) {
    if scene.memory.owed.is_empty() && scene.memory.in_flight.is_empty() {
        decision.closing = Some(Vec::new());
    }
}

/// Closes a transition whose every object has arrived or is given up. Whatever holds it open is said, here or by the file that it belongs to.
pub(crate) fn close(scene: &Scene, proof: &Proof, decision: &mut Decision) {
    let parked = scene.lost.iter().all(|host| host.status == HostStatus::Maintenance);
    let quiet = decision.steps.is_empty() && scene.memory.in_flight.is_empty() && scene.memory.owed.is_empty();
    let quiet = quiet || breaks(Invariant::I10);
    let left_out: Vec<&str> = scene.left_out().collect();
    let storage_done = proof.proven && scene.transition.proven.is_some() && !super::storage::must_change(scene);
    if !storage_done || !parked || !quiet {
        return;
    }
    // Nothing is owed for it, and yet it is neither confirmed nor known to be removed.
    if !left_out.is_empty() {
        decision.waits.extend(left_out.into_iter().map(|host| Wait::LeftOut { host: host.to_owned() }));
        return;
    }
    let mut exceptions = Vec::new();
    let mut watched = Vec::new();
    let settled = data_centers_settled(scene, &mut exceptions, &mut watched);
    let rows = rows(scene, &mut exceptions);
    let hosts = hosts(scene, &mut exceptions, &mut watched);
    let domains = domains(scene, &mut exceptions);
    let vms = virtual_machines(scene, &mut exceptions);
    if settled && rows && hosts && domains && vms {
        decision.closing = Some(exceptions);
    } else if !watched.is_empty() {
        decision.waits.push(Wait::Settling { what: said(&watched) });
    }
}

/// `b1 is up`, `b1, b2 and 38 more are up`.
fn said(names: &[String]) -> String {
    let shown = names.iter().take(NAMES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match (names.len(), names.len().saturating_sub(NAMES_SHOWN)) {
        (1, _) => format!("{shown} is up"),
        (_, 0) => format!("{shown} are up"),
        (_, more) => format!("{shown} and {more} more are up"),
    }
}

/// Every affected data center that has a host at the new site is up, and has been for a while.
fn data_centers_settled(scene: &Scene, exceptions: &mut Vec<String>, watched: &mut Vec<String>) -> bool {
    let mut settled = true;
    for data_center in scene.data_centers.iter().filter(|data_center| scene.affected.contains(&data_center.id)) {
        if scene.standby_of(&data_center.id).next().is_none() {
            exceptions.push(format!("data center {} has no host of {}", data_center.name, scene.to));
            continue;
        }
        if !data_centers::comes_up_by_itself(&data_center.status) {
            exceptions.push(format!("data center {} is {}", data_center.name, data_center.status));
            settled &= scene.awaited(scene.transition.opened) >= STORAGE_PATIENCE;
            continue;
        }
        let up = data_centers::is_up(scene, &data_center.id);
        let reached = reached_up(scene, data_center);
        if up && !reached && data_centers::first_standby_up(scene, data_center).is_some() {
            watched.push(format!("data center {}", data_center.name));
        }
        settled &= up && reached;
    }
    settled
}

fn reached_up(scene: &Scene, data_center: &DataCenter) -> bool {
    scene.transition.reached_at(&Goal::DataCenterUp(data_center.id.0.clone())).is_some()
}

/// Time since the newest affected data center was seen up for good; since the transition opened if none can ever be.
fn since_up(scene: &Scene) -> Duration {
    let reached = scene.transition.reached.iter().filter(|(goal, _)| matches!(goal, Goal::DataCenterUp(_)));
    scene.awaited(reached.map(|(_, at)| *at).max().unwrap_or(scene.transition.opened))
}

fn rows(scene: &Scene, exceptions: &mut Vec<String>) -> bool {
    let late = scene.rows.iter().filter(|row| !row.arrived(&scene.to));
    let before = exceptions.len();
    exceptions.extend(late.map(|row| format!("connection {} is not repointed", row.row.name)));
    exceptions.len() == before || since_up(scene) >= STORAGE_PATIENCE
}

fn hosts(scene: &Scene, exceptions: &mut Vec<String>, watched: &mut Vec<String>) -> bool {
    let mut done = true;
    for host in &scene.standby {
        if scene.transition.reached_at(&Goal::HostUp(host.id.0.clone())).is_some() {
            continue;
        }
        let detail = host.detail.as_ref().map_or_else(String::new, |detail| format!(" ({detail})"));
        exceptions.push(format!("host {} is {}{detail}", host.name, host.status));
        let data_center_is_up = scene.data_center(host).is_some_and(|dc| data_centers::is_up(scene, &dc.id));
        if host.status == HostStatus::Up && data_center_is_up {
            watched.push(host.name.clone());
        }
        done &= since_up(scene) >= HOST_PATIENCE;
    }
    let gone = scene.missing_standby.iter().chain(&scene.missing_lost);
    exceptions.extend(gone.map(|host| format!("host {host} does not exist in the engine")));
    done
}

fn domains(scene: &Scene, exceptions: &mut Vec<String>) -> bool {
    let mut done = true;
    for domain in scene.domains.iter().filter(|domain| domain.data && scene.affected.contains(&domain.data_center)) {
        if domain.status == "active" || !domain.is_connected_by_hosts() {
            continue;
        }
        exceptions.push(format!("storage domain {} is {}", domain.name, domain.status));
        done &= since_up(scene) >= STORAGE_PATIENCE;
    }
    done
}

fn virtual_machines(scene: &Scene, exceptions: &mut Vec<String>) -> bool {
    let mut done = true;
    for (frozen, vm) in &scene.missing_vms {
        done &= vms::is_given_up(scene, *vm);
        exceptions.push(match vm {
            Some(vm) => format!("VM {} is {}{}", frozen.name, vm.status, last_words(scene, frozen)),
            None => format!("VM {} does not exist any more", frozen.name),
        });
    }
    done
}

fn last_words(scene: &Scene, vm: &FrozenVm) -> String {
    let key = StepKey { kind: StepKind::StartVm, object: vm.id.0.clone() };
    let text = scene.transition.tries.get(&key).and_then(|tries| tries.outcome.text());
    text.map_or_else(String::new, |text| format!(": {text}"))
}
