//! Virtual machines: what ran at the lost site runs at the new one, highly available ones first.
//!
//! The engine restarts highly available VMs by itself about 16 s after the first host is up; one that fails can hold back those of lower
//! priority for ten minutes. So whatever is down when the storage is ready is started by us; starting a queued one is tolerated (vms.md 2.4).

use std::cmp::Reverse;
use std::time::Duration;

use crate::invariants::Invariant;
use crate::planted::breaks;
use crate::scene::Scene;
use crate::{DataCenter, Decision, FrozenVm, Goal, Step, StepKey, StepKind, Time, Vm, VmStatus, Wait};

use super::data_centers;
use super::proof::Proof;

/// A started VM is shown `down` for this long at most before its start counts as failed: the engine polls hosts every 3 s, VMs every 15 s.
const START_SHOWS: Duration = Duration::from_secs(20);
/// Names of missing VMs that a wait lists.
const NAMES_SHOWN: usize = 5;

/// When the turn of a VM came: its data center was up. One whose data center cannot come up at the new site has had its turn from the start.
fn turn(scene: &Scene, vm: &Vm) -> Option<Time> {
    let comes_up =
        |dc: &&DataCenter| scene.standby_of(&dc.id).next().is_some() && data_centers::comes_up_by_itself(&dc.status);
    let here = scene.data_center_of(&vm.cluster).filter(comes_up);
    match here {
        Some(data_center) => scene.transition.reached_at(&Goal::DataCenterUp(data_center.id.0.clone())),
        None => Some(scene.transition.opened),
    }
}

/// Whether a VM has had its time and is given up, or is gone.
pub(crate) fn is_given_up(scene: &Scene, vm: Option<&Vm>) -> bool {
    let Some(vm) = vm else { return true };
    turn(scene, vm).is_some_and(|at| scene.awaited(at) >= scene.plan.vms.timeout)
}

/// Starts what is down, as many side by side as the plan allows.
pub(crate) fn start(scene: &Scene, proof: &Proof, decision: &mut Decision) {
    if !proof.proven {
        return;
    }
    arrived(scene, decision);
    let missing = &scene.missing_vms;
    if missing.is_empty() {
        return;
    }
    let ready = |id: &&&crate::DataCenterId| data_centers::has_new_storage(scene, id);
    let begun = scene.affected.iter().filter(ready).any(|id| data_centers::is_up(scene, id));
    if begun || scene.has_begun() {
        let of = scene.vms.len();
        let names = missing.iter().map(|(vm, _)| vm.name.clone()).take(NAMES_SHOWN).collect();
        decision.waits.push(Wait::Vms { up: of - missing.len(), of, missing: names });
    }
    if !begun || proof.contradicted {
        return;
    }
    let mut down: Vec<(&FrozenVm, &Vm)> = missing
        .iter()
        .filter_map(|(frozen, vm)| Some((*frozen, (*vm)?)))
        .filter(|(_, vm)| (vm.status == VmStatus::Down || breaks(Invariant::I8)) && may_start(scene, vm))
        .collect();
    down.sort_by_key(|(frozen, _)| (!frozen.ha, Reverse(frozen.priority)));
    let flying = scene.memory.in_flight.keys().filter(|key| key.kind == StepKind::StartVm).count();
    let mut free = (scene.plan.vms.parallel as usize).saturating_sub(flying);
    for (frozen, vm) in down {
        if free == 0 {
            break;
        }
        if scene.offer(decision, Step::StartVm { vm: vm.id.clone(), name: frozen.name.clone() }) {
            free -= 1;
        }
    }
}

/// Notes what is up at the new site; what is shown on a lost host is not.
fn arrived(scene: &Scene, decision: &mut Decision) {
    for (frozen, vm) in &scene.vms {
        let Some(vm) = vm.filter(|vm| vm.is_up() && !scene.has_been_up(frozen)) else { continue };
        let at_the_new_site = vm.host.as_ref().is_none_or(|host| scene.lost_host(host).is_none());
        let has_storage =
            scene.data_center_of(&vm.cluster).is_some_and(|dc| data_centers::has_new_storage(scene, &dc.id));
        if at_the_new_site && has_storage {
            super::reach(scene, decision, Goal::VmUp(frozen.id.0.clone()));
        }
    }
}

/// Its data center is up, every data domain there is active, it has time left, and a start of ours is not still being taken.
fn may_start(scene: &Scene, vm: &Vm) -> bool {
    let Some(data_center) = scene.data_center_of(&vm.cluster) else { return false };
    let key = StepKey { kind: StepKind::StartVm, object: vm.id.0.clone() };
    let just_started = scene.transition.done.get(&key).is_some_and(|at| scene.now.since(*at) < START_SHOWS);
    data_centers::has_new_storage(scene, &data_center.id)
        && data_centers::is_up(scene, &data_center.id)
        && scene.domains_active(&data_center.id)
        && !just_started
        && !is_given_up(scene, Some(vm))
}
