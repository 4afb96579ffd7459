//! Standby hosts: parked while storage changes, activated once it has.

use std::time::Duration;

use crate::scene::Scene;
use crate::{DataCenterStatus, Decision, Goal, Host, HostStatus, Life, Step, Wait};

use super::proof::Proof;

/// `up` is shown before storage is connected (hosts.md 0.8): it counts when it has lasted this long, the data center is up and the host is of
/// use, as SPM or for a virtual machine.
const HOST_SETTLES: Duration = Duration::from_secs(15);
/// Of a host that does nothing yet it is not known whether its storage is connected: storage that does not answer was seen to take 79 s to
/// fail, all of them shown as `up`; a storage with more connections takes longer.
const IDLE_HOST_SETTLES: Duration = Duration::from_secs(120);
/// Shortest pause before a host that fell to `non_operational` is activated again.
const REACTIVATE_FIRST: Duration = Duration::from_secs(30);
/// Longest such pause: the engine itself tries every five minutes (hosts.md 6.3).
const REACTIVATE_LONGEST: Duration = Duration::from_secs(300);

/// Activates the standby hosts once every row behind the data domains of their data center points at the new site.
pub(crate) fn activate(scene: &Scene, proof: &Proof, promoted: bool, decision: &mut Decision) {
    let storage_changes = super::storage::must_change(scene);
    for host in &scene.standby {
        // A host that arrived is not acted on again: somebody may have parked it to patch it.
        let goal = Goal::HostUp(host.id.0.clone());
        if scene.transition.reached_at(&goal).is_some() {
            continue;
        }
        if storage_changes && scene.life(host) == Life::Alive && !scene.activated_by_us(host) {
            park_first(scene, proof, host, decision);
            continue;
        }
        // Said by the proof if there is none.
        let Some(data_center) = scene.data_center(host) else { continue };
        let gate = promoted && proof.allows() && scene.rows_missing(&data_center.id) == 0;
        let step = Step::Activate { host: host.id.clone(), name: host.name.clone() };
        match &host.status {
            HostStatus::Up => {
                let settles = if scene.serves(host) { HOST_SETTLES } else { IDLE_HOST_SETTLES };
                let lasting = scene.now.since(host.since) >= settles;
                if lasting && data_center.status == DataCenterStatus::Up && scene.transition.proven.is_some() {
                    super::reach(scene, decision, goal);
                }
            }
            HostStatus::Maintenance | HostStatus::Down | HostStatus::InstallFailed => {
                if storage_changes && host.may_still_hold(scene.now) && !scene.activated_by_us(host) {
                    decision.waits.push(super::proof::still_holds(host.name.clone()));
                } else if gate {
                    scene.offer(decision, step);
                }
            }
            HostStatus::NonOperational => {
                not_up(decision, host);
                let elapsed = scene.now.since(scene.transition.opened);
                let pause = (elapsed / 4).clamp(REACTIVATE_FIRST, REACTIVATE_LONGEST);
                if gate && scene.now.since(host.since) >= pause {
                    scene.offer(decision, step);
                }
            }
            HostStatus::NonResponsive
            | HostStatus::Connecting
            | HostStatus::Unassigned
            | HostStatus::Reboot
            | HostStatus::Kdumping
            | HostStatus::Initializing
            | HostStatus::Installing
            | HostStatus::PreparingForMaintenance
            | HostStatus::Error
            | HostStatus::InstallingOs
            | HostStatus::PendingApproval
            | HostStatus::Other(_) => not_up(decision, host),
        }
    }
}

/// A host that was up before the storage changes would go on writing to the old copy.
fn park_first(scene: &Scene, proof: &Proof, host: &Host, decision: &mut Decision) {
    let (name, status) = (host.name.clone(), host.status.to_string());
    decision.waits.push(Wait::StandbyIsUp { host: name.clone(), status });
    if proof.allows() && host.status != HostStatus::PreparingForMaintenance {
        scene.offer(decision, Step::Park { host: host.id.clone(), name });
    }
}

fn not_up(decision: &mut Decision, host: &Host) {
    let status = match &host.detail {
        Some(detail) => format!("{} ({detail})", host.status),
        None => host.status.to_string(),
    };
    decision.waits.push(Wait::HostNotUp { host: host.name.clone(), status });
}
