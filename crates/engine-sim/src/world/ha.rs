//! The HA runner: VMs that ended with an error are started again, the higher priority first, ten times soon and then rarely.

use super::SimTime;
use super::World;
use super::ids::VmId;
use super::model::Exit;
use super::queue::Due;
use super::timers::{HA_BLOCKED_MAX, HA_LONG, HA_SHORT, HA_SHORT_TRIES, HA_TICK};
use super::vms::Origin;
use super::words::{HostStatus, Severity, VmStatus};

/// A VM's place in the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Queued {
    tries: u32,
    next_at: SimTime,
    /// How long it was held back by higher priorities so far.
    blocked: u64,
    /// The runner's last look at it while it was held back.
    blocked_at: Option<SimTime>,
}

impl World {
    /// Queues those VMs that are highly available and ended with an error.
    pub(crate) fn queue_ha(&mut self, vms: &[VmId]) {
        let now = self.now;
        let mut any = false;
        for id in vms {
            if let Some(vm) = self.vms.get_mut(id)
                && vm.high_availability.enabled
                && vm.status == VmStatus::Down
                && vm.exit == Exit::Error
                && vm.ha.is_none()
            {
                vm.ha = Some(Queued { next_at: now, ..Queued::default() });
                any = true;
            }
        }
        if any {
            self.ha_tick_at(now.plus(HA_TICK / 2));
        }
    }

    fn ha_tick_at(&mut self, at: SimTime) {
        self.engine.ha_turn += 1;
        let turn = self.engine.ha_turn;
        self.queue.push(at, Due::HaTick { turn });
    }

    pub(crate) fn ha_tick(&mut self, turn: u32) {
        if self.engine.ha_turn != turn {
            return;
        }
        let mut queue: Vec<_> = self
            .vms
            .values()
            .filter(|vm| vm.ha.is_some())
            .map(|vm| (std::cmp::Reverse(vm.high_availability.priority), vm.name.clone(), vm.id))
            .collect();
        queue.sort();
        // The highest priority that is still down or starting holds back all below it.
        let highest = queue.first().map(|(priority, _, _)| priority.0);
        let mut soonest: Option<SimTime> = None;
        for (priority, _, id) in queue {
            let at = if highest.is_some_and(|highest| highest > priority.0) && self.held_back(id) {
                Some(self.now.plus(HA_TICK))
            } else {
                self.try_ha(id)
            };
            soonest = match (soonest, at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        if let Some(at) = soonest {
            self.ha_tick_at(at.max(self.now.plus(HA_TICK)));
        }
    }

    /// Counts the time a VM is held back; `false` when it has waited long enough.
    fn held_back(&mut self, vm: VmId) -> bool {
        let now = self.now;
        let Some(entry) = self.vms.get_mut(&vm).and_then(|vm| vm.ha.as_mut()) else { return false };
        if entry.blocked >= HA_BLOCKED_MAX {
            return false;
        }
        if let Some(last) = entry.blocked_at {
            entry.blocked += now.since(last);
        }
        entry.blocked_at = Some(now);
        true
    }

    /// Starts a queued VM if its time has come; when to look at it again.
    fn try_ha(&mut self, vm: VmId) -> Option<SimTime> {
        let now = self.now;
        let row = self.vms.get(&vm)?;
        let next_at = row.ha.as_ref()?.next_at;
        if row.status != VmStatus::Down {
            // Starting: it stays in the queue, as its priority still counts, until it is up.
            return None;
        }
        if !row.high_availability.enabled || row.exit != Exit::Error {
            self.ha_done(vm);
            return None;
        }
        if next_at > now {
            return Some(next_at);
        }
        if let Some(host) = self.schedule(vm, &[]).first().copied() {
            self.launch(vm, host, Origin::Ha);
            return None;
        }
        self.ha_start_failed(vm);
        self.vms.get(&vm)?.ha.as_ref().map(|entry| entry.next_at)
    }

    /// A start of a queued VM failed: again soon, and after ten tries only every half hour.
    pub(crate) fn ha_start_failed(&mut self, vm: VmId) {
        let now = self.now;
        let Some(row) = self.vms.get_mut(&vm) else { return };
        let name = row.name.clone();
        if row.ha.is_none() {
            self.queue_ha(&[vm]);
            return;
        }
        let Some(entry) = &mut row.ha else { return };
        entry.tries += 1;
        entry.next_at = now.plus(if entry.tries < HA_SHORT_TRIES { HA_SHORT } else { HA_LONG });
        let at = entry.next_at;
        let text = format!("Restart of the Highly Available VM {name} failed.");
        self.log_vm(9603, Severity::Error, vm, None, text, "");
        self.ha_tick_at(at.min(now.plus(HA_TICK)));
    }

    /// A VM leaves the queue; those below it may have their turn.
    pub(crate) fn ha_done(&mut self, vm: VmId) {
        if let Some(row) = self.vms.get_mut(&vm)
            && row.ha.take().is_some()
        {
            let at = self.now.plus(HA_TICK / 2);
            self.ha_tick_at(at);
        }
    }

    /// After the engine's start every highly available VM that is down with an error is queued again.
    pub(crate) fn requeue_ha(&mut self) {
        for vm in self.vms.values_mut() {
            vm.ha = None;
        }
        let all: Vec<VmId> = self.vms.keys().copied().collect();
        self.queue_ha(&all);
    }

    /// At minutes divisible by five hosts that are `non_operational` are activated again.
    pub(crate) fn auto_recovery(&mut self) {
        self.plan_auto_recovery();
        let hosts: Vec<_> = self
            .hosts
            .values()
            .filter(|row| {
                row.status == HostStatus::NonOperational
                    && row.status_detail.as_deref() != Some("he_host_in_non_he_cluster")
            })
            .map(|row| row.id)
            .collect();
        for host in hosts {
            self.become_unassigned(host);
            // Written at once: it means only that the attempt began.
            self.log_host(9502, Severity::Normal, host, "Host {} was autorecovered.", "");
        }
    }

    pub(crate) fn plan_auto_recovery(&mut self) {
        let period = super::timers::AUTO_RECOVERY;
        let wall = self.unix_ms(self.now);
        let next = (wall / period + 1) * period;
        self.queue.push(self.now.plus(next - wall), Due::AutoRecovery);
    }
}
