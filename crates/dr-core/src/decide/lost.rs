//! Lost hosts: confirmed as rebooted, verified, and parked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::evidence::{HostEvidence, is_known_to_be_off};
use crate::invariants::Invariant;
use crate::planted::breaks;
use crate::scene::Scene;
use crate::{
    DataCenter, DataCenterId, DataCenterStatus, Decision, Goal, Host, HostStatus, Refusal, Spm, Step, StepKind, Time,
    Wait,
};

use super::proof::{Proof, is_returned};

/// A confirmation's effect is looked for this long before it is repeated.
const CONFIRMATION_SHOWS: Duration = Duration::from_secs(10);
/// The longest it is looked for, when it was repeated in vain.
const CONFIRMATION_SHOWS_AT_LAST: Duration = Duration::from_secs(60);

/// Confirms each lost host, verifies that the engine shows the effect, parks it.
pub(crate) fn confirm_and_park(scene: &Scene, proof: &Proof, promoted: bool, decision: &mut Decision) {
    let gates = gates(scene, proof, promoted, decision);
    // The SPM host first: its data center waits for it.
    let (spm, others): (Vec<&Host>, Vec<&Host>) = scene.lost.iter().partition(|host| host.spm == Spm::Spm);
    for host in spm.into_iter().chain(others) {
        let open = scene.data_center(host).is_some_and(|dc| gates.get(&dc.id).is_some_and(|gate| *gate));
        match &host.status {
            HostStatus::Maintenance => {
                if breaks(Invariant::I6) {
                    scene.offer(decision, Step::Activate { host: host.id.clone(), name: host.name.clone() });
                }
                if !proof.needed {
                    super::reach(scene, decision, Goal::Parked(host.id.0.clone()));
                }
            }
            HostStatus::Down if still_shown(scene, host).is_none() => {
                if open {
                    park(scene, host, decision);
                }
            }
            HostStatus::NonResponsive | HostStatus::Down => lost_host(scene, host, open, decision),
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
            | HostStatus::Other(_) => not_lost(scene, proof, host, decision),
        }
    }
}

/// A host that is not silent, or not yet: it must not meet what runs now.
fn not_lost(scene: &Scene, proof: &Proof, host: &Host, decision: &mut Decision) {
    if breaks(Invariant::I1) {
        offer_confirmation(scene, host, decision);
    }
    let (name, status) = (host.name.clone(), host.status.to_string());
    if is_returned(scene, proof.needed, host) {
        decision.refusals.push(Refusal::LostHostReturned { host: name, status });
    } else if !proof.needed {
        // While the proof is needed it speaks of the host itself.
        decision.waits.push(Wait::HostUnsettled { host: name, status });
    }
}

/// The data centers whose lost hosts may be confirmed: every row there that does not wait for the confirmation itself is repointed, and the
/// engine has taken the activation of a standby host. Earlier, highly available VMs would burn their tries, and an engine restart would
/// forget the mark.
fn gates<'a>(
    scene: &Scene<'a>,
    proof: &Proof,
    promoted: bool,
    decision: &mut Decision,
) -> BTreeMap<&'a DataCenterId, bool> {
    let mut gates = BTreeMap::new();
    let mut most_missing = 0;
    for data_center in scene.lost.iter().filter_map(|host| scene.data_center(host)) {
        if gates.contains_key(&data_center.id) {
            continue;
        }
        let missing = scene.rows_missing_before_confirmation(&data_center.id);
        most_missing = most_missing.max(missing);
        let open = promoted && proof.allows() && missing == 0 && is_accepted(scene, data_center);
        gates.insert(&data_center.id, open);
    }
    if scene.transition.commitment.was_tried() && promoted && most_missing > 0 {
        decision.waits.push(Wait::RowsNotRepointed { missing: most_missing });
    }
    gates
}

/// Whether the engine has taken the activation of any standby host of a data center; where there is none, or where activation itself waits for
/// a row that waits for the confirmation, there is nothing to wait for.
fn is_accepted(scene: &Scene, data_center: &DataCenter) -> bool {
    let accepted = |host: &Host| {
        shows_activation(&host.status)
            || scene.transition.done_at(StepKind::Activate, &host.id.0).is_some()
            || scene.transition.reached_at(&Goal::HostUp(host.id.0.clone())).is_some()
    };
    let held = scene.rows_missing(&data_center.id) > 0;
    held || scene.standby_of(&data_center.id).next().is_none() || scene.standby_of(&data_center.id).any(accepted)
}

/// The statuses that only an activation leads to.
fn shows_activation(status: &HostStatus) -> bool {
    match status {
        HostStatus::Up
        | HostStatus::Unassigned
        | HostStatus::Connecting
        | HostStatus::Initializing
        | HostStatus::NonOperational => true,
        HostStatus::Maintenance
        | HostStatus::NonResponsive
        | HostStatus::Down
        | HostStatus::Reboot
        | HostStatus::Kdumping
        | HostStatus::Installing
        | HostStatus::PreparingForMaintenance
        | HostStatus::Error
        | HostStatus::InstallFailed
        | HostStatus::InstallingOs
        | HostStatus::PendingApproval
        | HostStatus::Other(_) => false,
    }
}

/// A lost host that does not answer: confirm it, or verify and park it.
fn lost_host(scene: &Scene, host: &Host, open: bool, decision: &mut Decision) {
    let Some(at) = scene.transition.was_confirmed(&host.id) else {
        if open {
            confirm(scene, host, decision);
        }
        return;
    };
    let still = still_shown(scene, host);
    if let Some(still) = &still {
        decision.waits.push(Wait::ConfirmationNotSeen { host: host.name.clone(), still: still.clone() });
    }
    if scene.observed.at < at {
        // What was read is older than the confirmation.
        return;
    }
    if still.is_none() {
        super::reach(scene, decision, Goal::Confirmed(host.id.0.clone()));
        if open {
            park(scene, host, decision);
        }
    } else if open && scene.now.since(at) >= shows(scene, at) {
        confirm(scene, host, decision);
    }
}

/// How long the effect of a confirmation is looked for: longer the longer it was in vain, since each holds up the engine for 20 s.
fn shows(scene: &Scene, at: Time) -> Duration {
    (at.since(scene.transition.opened) / 4).clamp(CONFIRMATION_SHOWS, CONFIRMATION_SHOWS_AT_LAST)
}

fn still_shown(scene: &Scene, host: &Host) -> Option<String> {
    if host.spm != Spm::None {
        return Some("its SPM role".to_owned());
    }
    match (host.vms as usize).max(scene.placed(host)) {
        0 => None,
        1 => Some("1 VM on it".to_owned()),
        n => Some(format!("{n} VMs on it")),
    }
}

fn park(scene: &Scene, host: &Host, decision: &mut Decision) {
    scene.offer(decision, Step::Park { host: host.id.clone(), name: host.name.clone() });
}

/// Confirms a dead host, if its evidence holds in this very pass.
fn confirm(scene: &Scene, host: &Host, decision: &mut Decision) {
    // Said by the proof if there is none.
    let Some(data_center) = scene.data_center(host) else { return };
    if host.spm == Spm::Spm && !takes_confirmation(&data_center.status) {
        decision.waits.push(Wait::DataCenterNotProblematic {
            host: host.name.clone(),
            data_center: format!("{} is {}", data_center.name, data_center.status),
        });
        return;
    }
    let Some(losing) = scene.losing(host) else { return };
    let evidence = scene.evidence(losing);
    let site = losing.name.to_owned();
    match evidence.of_host(host) {
        HostEvidence::Answers(probe) => {
            let (host, probe) = (Some(host.name.clone()), probe.to_string());
            decision.refusals.push(Refusal::ProbeAnswers { site, host, probe });
        }
        HostEvidence::Silent { .. } => offer_confirmation(scene, host, decision),
        HostEvidence::NotYet { .. } | HostEvidence::Unreadable { .. } | HostEvidence::NeverSeen
            if evidence.is_vouched() =>
        {
            offer_confirmation(scene, host, decision);
        }
        HostEvidence::NotYet { so_far } => decision.waits.push(Wait::Silence { what: host.name.clone(), so_far }),
        HostEvidence::Unreadable { probe, why } => {
            decision.waits.push(Wait::ProbeUnreadable { probe: probe.to_string(), why });
        }
        HostEvidence::NeverSeen if is_known_to_be_off(host) => offer_confirmation(scene, host, decision),
        HostEvidence::NeverSeen => {
            let hosts = vec![host.name.clone()];
            decision.refusals.push(Refusal::EvidenceNeverSeen { site, hosts });
        }
    }
}

/// The engine confirms an SPM host only while its data center does not answer (hosts.md 0.3).
fn takes_confirmation(status: &DataCenterStatus) -> bool {
    match status {
        DataCenterStatus::Problematic | DataCenterStatus::NotOperational | DataCenterStatus::Maintenance => true,
        DataCenterStatus::Up
        | DataCenterStatus::Contend
        | DataCenterStatus::Uninitialized
        | DataCenterStatus::Other(_) => false,
    }
}

fn offer_confirmation(scene: &Scene, host: &Host, decision: &mut Decision) {
    let lifted = |port: &&u16| {
        let probe = dr_plan::Probe { address: host.address.clone(), port: **port };
        !scene.transition.ignores(host, &probe)
    };
    let Some(losing) = scene.losing(host) else { return };
    let ports = losing.site.evidence.host_ports.iter().filter(lifted).copied().collect();
    let (name, address) = (host.name.clone(), host.address.clone());
    scene.offer(decision, Step::ConfirmRebooted { host: host.id.clone(), name, address, ports });
}
