//! Standby hosts activated; lost hosts confirmed as rebooted, verified, and parked.

use std::time::Duration;

use crate::evidence::{HostEvidence, judge_host};
use crate::scene::{Scene, vms_by_host};
use crate::{
    Confirmation, DataCenterStatus, Decision, Goal, Host, HostStatus, Life, Refusal, Spm, Step, StepKey, StepKind, Wait,
};

use super::proof::Proof;

/// `up` is shown before storage is connected (hosts.md 0.8): it counts when it has lasted this long and the data center is up.
pub(crate) const HOST_SETTLES: Duration = Duration::from_secs(15);
/// A confirmation's effect is looked for this long before it is repeated.
const CONFIRMATION_SHOWS: Duration = Duration::from_secs(10);
/// Shortest pause before a host that fell to `non_operational` is activated again.
const REACTIVATE_FIRST: Duration = Duration::from_secs(30);
/// Longest such pause: the engine itself tries every five minutes (hosts.md 6.3).
const REACTIVATE_LONGEST: Duration = Duration::from_secs(300);

/// Activates the standby hosts once every row behind the data domains of their data center points at the new site.
pub(crate) fn activate(scene: &Scene, proof: &Proof, promoted: bool, decision: &mut Decision) {
    let pending = super::storage::is_pending(scene);
    for host in &scene.standby {
        let goal = Goal::HostUp(host.id.0.clone());
        let step = Step::Activate { host: host.id.clone(), name: host.name.clone() };
        if pending && host.status.life() == Life::Alive && !scene.activated_by_us(host) {
            let (name, status) = (host.name.clone(), host.status.to_string());
            decision.waits.push(Wait::StandbyIsUp { host: name.clone(), status });
            let lost_are_lost = scene.lost.iter().all(|host| host.status.life() == Life::Lost);
            if proof.clear && !proof.contradicted && lost_are_lost && host.status != HostStatus::PreparingForMaintenance
            {
                scene.offer(decision, Step::Park { host: host.id.clone(), name });
            }
            continue;
        }
        let Some(data_center) = scene.data_center(host) else { continue };
        let gate = promoted && !proof.contradicted && scene.rows_missing(&data_center.id) == 0;
        match &host.status {
            HostStatus::Up => {
                let lasting = scene.now.since(host.since) >= HOST_SETTLES;
                if lasting && data_center.status == DataCenterStatus::Up {
                    super::reach(scene, decision, goal);
                }
            }
            // Somebody parked it again after it had arrived: it may be patched.
            HostStatus::Maintenance if scene.transition.reached_at(&goal).is_some() => {}
            HostStatus::Maintenance | HostStatus::Down | HostStatus::InstallFailed => {
                if gate {
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

fn not_up(decision: &mut Decision, host: &Host) {
    let status = match &host.detail {
        Some(detail) => format!("{} ({detail})", host.status),
        None => host.status.to_string(),
    };
    decision.waits.push(Wait::HostNotUp { host: host.name.clone(), status });
}

/// Confirms each lost host, verifies that the engine shows the effect, parks it.
pub(crate) fn confirm_and_park(scene: &Scene, decision: &mut Decision) {
    let by_host = scene.vms.map(vms_by_host).unwrap_or_default();
    for host in &scene.lost {
        let placed = by_host.get(&host.id).map_or(0, Vec::len);
        match &host.status {
            HostStatus::Maintenance => {
                super::reach(scene, decision, Goal::Parked(host.id.0.clone()));
            }
            HostStatus::NonResponsive => lost_host(scene, host, placed, decision),
            HostStatus::Down if host.spm == Spm::None && host.vms == 0 && placed == 0 => park(scene, host, decision),
            HostStatus::Down => lost_host(scene, host, placed, decision),
            status if status.life() == Life::Alive && returned(scene, host) => {
                let (host, status) = (host.name.clone(), host.status.to_string());
                decision.refusals.push(Refusal::LostHostReturned { host, status });
            }
            // Before anything was committed the proof speaks of it; later it is waited for here.
            HostStatus::Up
            | HostStatus::Connecting
            | HostStatus::Unassigned
            | HostStatus::Reboot
            | HostStatus::Kdumping
            | HostStatus::Initializing
            | HostStatus::Installing
            | HostStatus::PreparingForMaintenance
            | HostStatus::NonOperational
            | HostStatus::Error
            | HostStatus::InstallFailed
            | HostStatus::InstallingOs
            | HostStatus::PendingApproval
            | HostStatus::Other(_) => {
                if !super::storage::is_pending(scene) {
                    let (host, status) = (host.name.clone(), host.status.to_string());
                    decision.waits.push(Wait::HostUnsettled { host, status });
                }
            }
        }
    }
}

/// A host of the losing site that is alive after its storage was repointed, or after it was confirmed: it must not meet what runs now.
fn returned(scene: &Scene, host: &Host) -> bool {
    scene.transition.was_confirmed(&host.id).is_some()
        || (scene.transition.committed && !super::storage::is_pending(scene))
}

/// Whether any lost host is alive again: then no virtual machine is started.
pub(crate) fn any_returned(scene: &Scene) -> bool {
    scene.lost.iter().any(|host| host.status.life() == Life::Alive && returned(scene, host))
}

/// A lost host that does not answer: confirm it, or verify and park it.
fn lost_host(scene: &Scene, host: &Host, placed: usize, decision: &mut Decision) {
    let done = scene.transition.was_confirmed(&host.id);
    if let Some(at) = done.filter(|at| scene.observed.at >= *at) {
        let still = still_shown(host, placed);
        let verified = still.is_none();
        if verified && scene.vms.is_some() {
            super::reach(scene, decision, Goal::Confirmed(host.id.0.clone()));
            park(scene, host, decision);
            return;
        }
        if let Some(still) = still {
            decision.waits.push(Wait::ConfirmationNotSeen { host: host.name.clone(), still });
        }
        if scene.now.since(at) < CONFIRMATION_SHOWS {
            return;
        }
    }
    confirm(scene, host, decision);
}

fn still_shown(host: &Host, placed: usize) -> Option<String> {
    if host.spm != Spm::None {
        return Some("its SPM role".to_owned());
    }
    match (host.vms as usize).max(placed) {
        0 => None,
        1 => Some("1 VM on it".to_owned()),
        n => Some(format!("{n} VMs on it")),
    }
}

fn park(scene: &Scene, host: &Host, decision: &mut Decision) {
    scene.offer(decision, Step::Park { host: host.id.clone(), name: host.name.clone() });
}

/// Confirms a dead host. Earlier than this, highly available VMs would burn their tries, and an engine restart would forget the mark.
fn confirm(scene: &Scene, host: &Host, decision: &mut Decision) {
    let Some(data_center) = scene.data_center(host) else { return };
    let missing = scene.rows.iter().filter(|row| !row.arrived(&scene.to) && !scene.waits_for_direct_lun(row));
    let missing = missing.filter(|row| row.domains.iter().any(|domain| domain.data_center == data_center.id)).count();
    if super::storage::is_pending(scene) || missing > 0 {
        if scene.transition.committed && missing > 0 {
            decision.waits.push(Wait::RowsNotRepointed { missing });
        }
        return;
    }
    let here: Vec<&&Host> = scene
        .standby
        .iter()
        .filter(|standby| scene.data_center(standby).is_some_and(|dc| dc.id == data_center.id))
        .collect();
    let accepted = |standby: &&&Host| {
        standby.status.life() != Life::Lost
            || scene.transition.done_at(StepKind::Activate, &standby.id.0).is_some()
            || scene
                .memory
                .in_flight
                .contains_key(&StepKey { kind: StepKind::ConfirmRebooted, object: standby.id.0.clone() })
    };
    if !here.is_empty() && !here.iter().any(accepted) {
        return;
    }
    if host.spm == Spm::Spm {
        match &data_center.status {
            DataCenterStatus::Problematic | DataCenterStatus::NotOperational | DataCenterStatus::Maintenance => {}
            DataCenterStatus::Up
            | DataCenterStatus::Contend
            | DataCenterStatus::Uninitialized
            | DataCenterStatus::Other(_) => {
                decision.waits.push(Wait::DataCenterNotProblematic {
                    host: host.name.clone(),
                    data_center: format!("{} is {}", data_center.name, data_center.status),
                });
                return;
            }
        }
    }
    let vouched = scene.transition.confirmations.contains(&Confirmation::SiteDown);
    let site = scene.transition.from.clone();
    match judge_host(scene.losing, host, scene.observed, scene.memory, Some(scene.transition), scene.now) {
        HostEvidence::Answers(probe) => {
            let (host, probe) = (Some(host.name.clone()), probe.to_string());
            decision.refusals.push(Refusal::ProbeAnswers { site, host, probe });
        }
        HostEvidence::Silent { .. } => offer_confirmation(scene, host, decision),
        HostEvidence::NotYet { .. } | HostEvidence::Unreadable { .. } | HostEvidence::NeverSeen if vouched => {
            offer_confirmation(scene, host, decision);
        }
        HostEvidence::NotYet { so_far } => decision.waits.push(Wait::Silence { what: host.name.clone(), so_far }),
        HostEvidence::Unreadable { probe, why } => {
            decision.waits.push(Wait::ProbeUnreadable { probe: probe.to_string(), why });
        }
        HostEvidence::NeverSeen => {
            let hosts = vec![host.name.clone()];
            decision.refusals.push(Refusal::EvidenceNeverSeen { site, hosts });
        }
    }
}

fn offer_confirmation(scene: &Scene, host: &Host, decision: &mut Decision) {
    let lifted = |port: &&u16| {
        let probe = dr_plan::Probe { address: host.address.clone(), port: **port };
        !scene.transition.ignores(&host.name, &probe)
    };
    let ports = scene.losing.evidence.host_ports.iter().filter(lifted).copied().collect();
    let (name, address) = (host.name.clone(), host.address.clone());
    scene.offer(decision, Step::ConfirmRebooted { host: host.id.clone(), name, address, ports });
}
