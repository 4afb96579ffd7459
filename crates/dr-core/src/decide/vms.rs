//! Virtual machines: what ran at the lost site runs at the new one, highly available ones first.
//!
//! The engine restarts highly available VMs by itself about 16 s after the first host is up; one that fails can hold back those of lower
//! priority for ten minutes. So whatever is down when the storage is ready is started by us; starting a queued one is tolerated (vms.md 2.4).

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use crate::scene::Scene;
use crate::{Decision, FrozenVm, Goal, Step, StepKey, StepKind, Time, Vm, VmId, VmStatus, Wait};

use super::data_centers;

/// A started VM is shown `down` for this long at most before its start counts as failed: the engine polls hosts every 3 s, VMs every 15 s.
const START_SHOWS: Duration = Duration::from_secs(20);
/// Names of missing VMs that a wait lists.
const NAMES_SHOWN: usize = 5;

/// Virtual machines of the transition that are not up and have not been, with what the engine shows of them.
pub(crate) fn missing<'a>(scene: &'a Scene) -> Vec<(&'a FrozenVm, Option<&'a Vm>)> {
    let Some(vms) = scene.vms else { return scene.transition.vms.iter().map(|vm| (vm, None)).collect() };
    let by_id: HashMap<&VmId, &Vm> = vms.iter().map(|vm| (&vm.id, vm)).collect();
    let found = scene.transition.vms.iter().map(|frozen| (frozen, by_id.get(&frozen.id).copied()));
    let unreached = found.filter(|(frozen, _)| scene.transition.reached_at(&Goal::VmUp(frozen.id.0.clone())).is_none());
    unreached.filter(|(_, vm)| vm.is_none_or(|vm| vm.status != VmStatus::Up)).collect()
}

/// When the turn of a VM came: its data center was up.
pub(crate) fn turn(scene: &Scene, vm: &Vm) -> Option<Time> {
    let data_center = scene.data_center_of(&vm.cluster)?;
    scene.transition.reached_at(&Goal::DataCenterUp(data_center.id.0.clone()))
}

/// Whether a VM has had its time and is given up.
pub(crate) fn is_given_up(scene: &Scene, vm: Option<&Vm>) -> bool {
    let Some(vm) = vm else { return scene.vms.is_some() };
    turn(scene, vm).is_some_and(|at| scene.now.since(at) >= scene.plan.vms.timeout)
}

/// Starts what is down, as many side by side as the plan allows.
pub(crate) fn start(scene: &Scene, decision: &mut Decision) {
    let Some(vms) = scene.vms else { return };
    arrived(scene, vms, decision);
    let mut missing = missing(scene);
    if missing.is_empty() {
        return;
    }
    let begun = scene.affected.iter().any(|id| data_centers::is_up(scene, id)) && !super::storage::is_pending(scene);
    if begun || scene.transition.committed {
        let of = scene.transition.vms.len();
        let names = missing.iter().map(|(vm, _)| vm.name.clone()).take(NAMES_SHOWN).collect();
        decision.waits.push(Wait::Vms { up: of - missing.len(), of, missing: names });
    }
    if !begun || super::hosts::any_returned(scene) {
        return;
    }
    missing.sort_by_key(|(frozen, _)| (!frozen.ha, Reverse(frozen.priority)));
    let flying = scene.memory.in_flight.keys().filter(|key| key.kind == StepKind::StartVm).count();
    let mut free = (scene.plan.vms.parallel as usize).saturating_sub(flying);
    for (frozen, vm) in missing {
        if free == 0 {
            break;
        }
        let Some(vm) = vm.filter(|vm| vm.status == VmStatus::Down && may_start(scene, vm)) else { continue };
        if scene.offer(decision, Step::StartVm { vm: vm.id.clone(), name: frozen.name.clone() }) {
            free -= 1;
        }
    }
}

fn arrived(scene: &Scene, vms: &[Vm], decision: &mut Decision) {
    if super::storage::is_pending(scene) {
        return;
    }
    let by_id: HashMap<&VmId, &Vm> = vms.iter().map(|vm| (&vm.id, vm)).collect();
    for frozen in &scene.transition.vms {
        if by_id.get(&frozen.id).is_some_and(|vm| vm.status == VmStatus::Up) {
            super::reach(scene, decision, Goal::VmUp(frozen.id.0.clone()));
        }
    }
}

/// Its data center is up, every data domain there is active, it has time left, and a start of ours is not still being taken.
fn may_start(scene: &Scene, vm: &Vm) -> bool {
    let Some(data_center) = scene.data_center_of(&vm.cluster) else { return false };
    let key = StepKey { kind: StepKind::StartVm, object: vm.id.0.clone() };
    let just_started = scene.transition.done.get(&key).is_some_and(|at| scene.now.since(*at) < START_SHOWS);
    let mut domains = scene.domains.iter().filter(|domain| domain.data && domain.data_center == data_center.id);
    let ready = domains.all(|domain| domain.status == "active" || !domain.is_connected_by_hosts());
    data_centers::is_up(scene, &data_center.id) && ready && !just_started && !is_given_up(scene, Some(vm))
}
