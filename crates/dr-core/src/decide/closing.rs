//! When a transition is over: every object has reached its goal, or has had its time; and nothing is owed.

use std::time::Duration;

use crate::scene::Scene;
use crate::{DataCenterStatus, Decision, Goal, Host, HostStatus, Wait};

use super::vms;

/// How long a standby host may take to be up, counted from the data center's being up, before it is an exception.
const HOST_PATIENCE: Duration = Duration::from_secs(600);
/// How long a data domain may take to be active, counted likewise.
const DOMAIN_PATIENCE: Duration = Duration::from_secs(600);

/// Closes a cancelled transition once nothing is owed.
pub(crate) fn close_cancelled(scene: &Scene, decision: &mut Decision) {
    if scene.memory.owed.is_empty() && scene.memory.in_flight.is_empty() {
        decision.closing = Some(Vec::new());
    }
}

/// Closes a transition whose every object has arrived or is given up.
pub(crate) fn close(scene: &Scene, promoted: bool, decision: &mut Decision) {
    let storage_done = promoted && !super::storage::is_pending(scene);
    let parked = scene.lost.iter().all(|host| host.status == HostStatus::Maintenance);
    let quiet = decision.steps.is_empty() && scene.memory.in_flight.is_empty() && scene.memory.owed.is_empty();
    if !storage_done || !parked || !quiet || !data_centers_settled(scene) {
        return;
    }
    let mut exceptions = Vec::new();
    let rows = rows(scene, &mut exceptions);
    let hosts = hosts(scene, &mut exceptions);
    let domains = domains(scene, &mut exceptions);
    let vms = virtual_machines(scene, &mut exceptions);
    if rows && hosts && domains && vms {
        decision.closing = Some(exceptions);
    } else if let Some(host) = scene.standby.iter().find(|host| is_settling(scene, host)) {
        decision.waits.push(Wait::Settling { what: format!("{} is up", host.name) });
    }
}

fn is_settling(scene: &Scene, host: &Host) -> bool {
    host.status == HostStatus::Up && scene.transition.reached_at(&Goal::HostUp(host.id.0.clone())).is_none()
}

/// Every affected data center is up and has been for a while.
fn data_centers_settled(scene: &Scene) -> bool {
    scene.affected.iter().all(|id| {
        super::data_centers::is_up(scene, id)
            && scene.transition.reached_at(&Goal::DataCenterUp(id.0.clone())).is_some()
    })
}

/// Time since the newest affected data center was seen up for good.
fn since_up(scene: &Scene) -> Duration {
    let reached = scene.transition.reached.iter().filter(|(goal, _)| matches!(goal, Goal::DataCenterUp(_)));
    reached.map(|(_, at)| *at).max().map_or(Duration::ZERO, |at| scene.now.since(at))
}

fn rows(scene: &Scene, exceptions: &mut Vec<String>) -> bool {
    let late: Vec<&str> =
        scene.rows.iter().filter(|row| !row.arrived(&scene.to)).map(|row| row.row.name.as_str()).collect();
    let given_up = since_up(scene) >= DOMAIN_PATIENCE;
    exceptions.extend(late.iter().map(|name| format!("connection {name} is not repointed")));
    late.is_empty() || given_up
}

fn hosts(scene: &Scene, exceptions: &mut Vec<String>) -> bool {
    let mut done = true;
    for host in &scene.standby {
        if scene.transition.reached_at(&Goal::HostUp(host.id.0.clone())).is_some() {
            continue;
        }
        let detail = host.detail.as_ref().map_or_else(String::new, |detail| format!(" ({detail})"));
        exceptions.push(format!("host {} is {}{detail}", host.name, host.status));
        done &= since_up(scene) >= HOST_PATIENCE;
    }
    exceptions.extend(scene.missing_standby.iter().map(|host| format!("host {host} does not exist in the engine")));
    done
}

fn domains(scene: &Scene, exceptions: &mut Vec<String>) -> bool {
    let up = |id| scene.data_centers.iter().any(|dc| dc.id == id && dc.status == DataCenterStatus::Up);
    let mut done = true;
    for domain in scene.domains.iter().filter(|domain| domain.data && scene.affected.contains(&domain.data_center)) {
        if domain.status == "active" && up(domain.data_center.clone()) || !domain.is_connected_by_hosts() {
            continue;
        }
        exceptions.push(format!("storage domain {} is {}", domain.name, domain.status));
        done &= since_up(scene) >= DOMAIN_PATIENCE;
    }
    done
}

fn virtual_machines(scene: &Scene, exceptions: &mut Vec<String>) -> bool {
    let mut done = true;
    for (frozen, vm) in vms::missing(scene) {
        done &= vms::is_given_up(scene, vm);
        exceptions.push(match vm {
            Some(vm) => format!("VM {} is {}{}", frozen.name, vm.status, last_words(scene, frozen)),
            None => format!("VM {} does not exist any more", frozen.name),
        });
    }
    done
}

fn last_words(scene: &Scene, vm: &crate::FrozenVm) -> String {
    let key = crate::StepKey { kind: crate::StepKind::StartVm, object: vm.id.0.clone() };
    let text = scene.transition.tries.get(&key).and_then(|tries| tries.outcome.text());
    text.map_or_else(String::new, |text| format!(": {text}"))
}
