//! Automatic fencing and power management: suspended while a transition is open, owed, given back object by object.

use crate::scene::Scene;
use crate::{Decision, Host, HostStatus, Life, Owed, OwedKey, Step, Wait};

use super::proof::Proof;

/// Suspends them as soon as no host of the losing site is alive: earlier than the proof is complete, since the engine's own treatment begins
/// the moment a host is `non_responsive` and would hold the lock that a confirmation needs (hosts.md 0.4, 0.5).
pub(crate) fn suspend(scene: &Scene, proof: &Proof, decision: &mut Decision) {
    if !scene.plan.policy.suspend_fencing || proof.contradicted || !proof.clear {
        return;
    }
    let alive = |host: &&Host| host.status.life() == Life::Alive;
    if proof.needed && scene.lost.iter().any(|host| alive(&host)) {
        return;
    }
    for cluster in scene.clusters.iter().filter(|cluster| cluster.fencing) {
        if scene.lost.iter().any(|host| host.cluster == cluster.id && !is_settled(host)) {
            let step = Step::SuspendFencing {
                cluster: cluster.id.clone(),
                name: cluster.name.clone(),
                original: cluster.fencing_policy.clone(),
            };
            scene.offer(decision, step);
        }
    }
    for host in scene.lost.iter().filter(|host| host.power_management && !is_settled(host)) {
        let step = Step::SuspendPowerManagement { host: host.id.clone(), name: host.name.clone(), port: host.port };
        scene.offer(decision, step);
    }
}

/// Puts back what is owed, each object as soon as its own reason is gone.
pub(crate) fn give_back(scene: &Scene, decision: &mut Decision) {
    let cancelled = scene.transition.cancelled;
    for (key, owed) in &scene.memory.owed {
        match key {
            OwedKey::PowerManagement(id) => {
                let host = scene.observed.hosts.seen().and_then(|hosts| hosts.iter().find(|host| host.id == *id));
                if cancelled || host.is_none_or(is_settled) {
                    let step =
                        Step::RestorePowerManagement { host: id.clone(), name: owed.name.clone(), port: owed.port };
                    scene.offer(decision, step);
                } else {
                    owe(decision, format!("power management of {}", owed.name), format!("{} is parked", owed.name));
                }
            }
            OwedKey::Fencing(id) => {
                let open: Vec<&str> = scene
                    .lost
                    .iter()
                    .filter(|host| host.cluster == *id && !is_settled(host))
                    .map(|host| host.name.as_str())
                    .collect();
                if cancelled || open.is_empty() {
                    scene.offer(decision, restore_fencing(id, owed));
                } else {
                    let until = if open.len() == 1 {
                        format!("{} is parked", open[0])
                    } else {
                        format!("{} hosts are parked", open.len())
                    };
                    owe(decision, format!("fencing of cluster {}", owed.name), until);
                }
            }
        }
    }
}

fn restore_fencing(id: &crate::ClusterId, owed: &Owed) -> Step {
    Step::RestoreFencing { cluster: id.clone(), name: owed.name.clone(), original: owed.original.clone() }
}

fn owe(decision: &mut Decision, what: String, until: String) {
    decision.waits.push(Wait::Owed { what, until });
}

/// A parked host is not fenced, and an up one may be: neither needs the suspension any more.
fn is_settled(host: &Host) -> bool {
    matches!(host.status, HostStatus::Maintenance | HostStatus::Up)
}
