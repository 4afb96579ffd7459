//! Virtual machines: from `wait_for_launch` to `up`, down again, and what hosts report of their guests.

use super::ids::{HostId, JobId, VmId};
use super::model::Exit;
use super::queue::Due;
use super::timers::{LAUNCH, RERUN, RERUN_HOSTS, SHUTDOWN_IGNORED};
use super::words::{Affinity, HostStatus, JobStatus, Severity, VmStatus};
use super::{SimTime, World};

/// A run of a VM: what the engine remembers of it, and its lease on the storage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    /// Makes older steps void.
    pub(crate) token: u32,
    /// Hosts that this start was tried on.
    pub(crate) tried: Vec<HostId>,
    pub(crate) origin: Origin,
    pub(crate) job: Option<JobId>,
    pub(crate) correlation: String,
    /// Destination of a migration.
    pub(crate) towards: Option<HostId>,
    /// A change of the lease holds the VM until then.
    pub(crate) held_until: SimTime,
    /// The VM lease as the storage records it; survives a restart of the engine.
    pub(crate) lease: Option<VmLease>,
    pub(crate) ignores_shutdown: bool,
    /// Whether the end in progress is one that the guest has no say in.
    pub(crate) hard_end: bool,
    /// Whether a client's start of this run was accepted.
    pub(crate) asked_for: bool,
}

/// Who started a VM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    #[default]
    User,
    /// The HA runner.
    Ha,
    /// The lease path out of `unknown`.
    Lease,
}

/// A VM lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VmLease {
    pub(crate) holder: HostId,
    /// When it can be taken over; `None` while it is renewed.
    pub(crate) free_at: Option<SimTime>,
}

impl Run {
    /// The run is over; what is on the storage stays.
    pub(crate) fn end(&mut self) {
        self.token += 1;
        self.tried.clear();
        self.towards = None;
        self.asked_for = false;
    }
}

impl World {
    /// Hosts a VM may be started on, the best first: settled, then the emptiest.
    pub(crate) fn schedule(&self, vm: VmId, tried: &[HostId]) -> Vec<HostId> {
        let Some(vm) = self.vms.get(&vm) else { return vec![] };
        let pinned = vm.placement.affinity == Affinity::Pinned && !vm.placement.hosts.is_empty();
        let mut hosts: Vec<_> = self
            .hosts
            .values()
            .filter(|row| {
                row.cluster == vm.cluster
                    && row.status == HostStatus::Up
                    && !tried.contains(&row.id)
                    && (!pinned || vm.placement.hosts.contains(&row.id))
            })
            .map(|row| {
                let load = self.load(row.id);
                (row.monitor.settling.is_some(), load, row.name.as_str(), row.id)
            })
            .collect();
        hosts.sort();
        hosts.into_iter().map(|(_, _, _, id)| id).collect()
    }

    /// Sends a VM to a host.
    pub(crate) fn launch(&mut self, vm: VmId, host: HostId, origin: Origin) {
        let now = self.now;
        self.concerns(vm, host);
        self.move_vm(vm, Some(host));
        if let Some(row) = self.vms.get_mut(&vm) {
            row.status = VmStatus::WaitForLaunch;
            row.start_time = Some(now);
            row.next_run_configuration_exists = false;
            row.stop_reason = None;
            row.run.origin = origin;
            row.run.token += 1;
            let token = row.run.token;
            self.queue.push(now.plus(LAUNCH), Due::VmStep { vm, token });
        }
        if origin != Origin::User {
            let text = format!("Trying to restart VM {} on Host {}", self.vm_name(vm), self.host_name(host));
            self.log_vm(506, Severity::Normal, vm, Some(host), text, "");
        }
    }

    pub(crate) fn vm_step(&mut self, vm: VmId, token: u32) {
        let Some(row) = self.vms.get(&vm) else { return };
        if row.run.token != token {
            return;
        }
        let Some(host) = row.host else { return };
        match row.status {
            VmStatus::WaitForLaunch => self.create_guest(vm, host),
            VmStatus::PoweringUp => self.guest_is_up(vm, host),
            VmStatus::PoweringDown => self.guest_is_down(vm, host),
            VmStatus::Migrating => self.migrated(vm, host),
            VmStatus::Unassigned
            | VmStatus::Down
            | VmStatus::Up
            | VmStatus::Paused
            | VmStatus::Unknown
            | VmStatus::NotResponding
            | VmStatus::RebootInProgress
            | VmStatus::SavingState
            | VmStatus::RestoringState
            | VmStatus::Suspended
            | VmStatus::ImageLocked => {}
        }
    }

    fn again(&mut self, vm: VmId, after: u64) {
        if let Some(row) = self.vms.get(&vm) {
            let token = row.run.token;
            self.queue.push(self.now.plus(after), Due::VmStep { vm, token });
        }
    }

    /// The host takes the VM, or refuses and the next one is tried.
    fn create_guest(&mut self, vm: VmId, host: HostId) {
        if !self.answers(host) {
            // The host is lost; its monitor will say so.
            self.again(vm, 2_000);
            return;
        }
        match self.may_run(vm, host) {
            Ok(()) => {
                let boot = self.options.guest_boot;
                let jitter = self.rng.between(0, boot / 4);
                self.take_guest(vm, host);
                if let Some(row) = self.vms.get_mut(&vm) {
                    row.status = VmStatus::PoweringUp;
                }
                self.again(vm, boot.saturating_sub(LAUNCH) + jitter);
            }
            Err(why) => {
                let text = format!("VM {} is down with error. Exit message: {why}", self.vm_name(vm));
                self.log_vm(119, Severity::Error, vm, Some(host), text, "");
                self.rerun(vm, host);
            }
        }
    }

    fn rerun(&mut self, vm: VmId, host: HostId) {
        let Some(row) = self.vms.get_mut(&vm) else { return };
        row.run.tried.push(host);
        let (tried, origin) = (row.run.tried.clone(), row.run.origin);
        let next = if tried.len() < RERUN_HOSTS { self.schedule(vm, &tried).first().copied() } else { None };
        if let Some(next) = next {
            self.launch(vm, next, origin);
            if let Some(row) = self.vms.get_mut(&vm) {
                row.run.token += 1;
            }
            self.again(vm, RERUN);
        } else {
            self.start_failed(vm, host);
        }
    }

    fn start_failed(&mut self, vm: VmId, host: HostId) {
        let Some(row) = self.vms.get(&vm) else { return };
        let (origin, job) = (row.run.origin, row.run.job);
        let name = row.name.clone();
        let correlation = row.run.correlation.clone();
        self.end_job(job, JobStatus::Failed);
        match origin {
            Origin::User => {
                let text = format!("Failed to run VM {name} (User: {}).", super::log::USER);
                self.log_vm(54, Severity::Error, vm, Some(host), text, &correlation);
            }
            Origin::Ha | Origin::Lease => {
                let text = format!("Failed to restart VM {name} on Host {}", self.host_name(host));
                self.log_vm(507, Severity::Error, vm, Some(host), text, "");
            }
        }
        self.vm_down(vm, Exit::Error);
        self.ha_start_failed(vm);
    }

    fn guest_is_up(&mut self, vm: VmId, host: HostId) {
        if !self.answers(host) {
            self.again(vm, 2_000);
            return;
        }
        if !self.runs_on(vm, host) {
            return;
        }
        let Some(row) = self.vms.get_mut(&vm) else { return };
        row.status = VmStatus::Up;
        row.run.tried.clear();
        let (job, name, correlation) = (row.run.job.take(), row.name.clone(), row.run.correlation.clone());
        self.end_job(job, JobStatus::Finished);
        let text = format!("VM {name} started on Host {}", self.host_name(host));
        self.log_vm(32, Severity::Normal, vm, Some(host), text, &correlation);
        self.ha_done(vm);
    }

    fn guest_is_down(&mut self, vm: VmId, host: HostId) {
        let ignores = self.vms.get(&vm).is_some_and(|row| row.run.ignores_shutdown && !row.run.hard_end);
        if !self.answers(host) {
            self.again(vm, 2_000);
            return;
        }
        if ignores {
            if let Some(row) = self.vms.get_mut(&vm) {
                row.status = VmStatus::Up;
                row.run.token += 1;
            }
            let text = format!("Shutdown of VM {} failed.", self.vm_name(vm));
            self.log_vm(74, Severity::Warning, vm, Some(host), text, "");
            return;
        }
        self.drop_guest(vm, host);
        let text = format!("VM {} is down. Exit message: User shut down from within the guest", self.vm_name(vm));
        self.log_vm(61, Severity::Normal, vm, Some(host), text, "");
        self.vm_down(vm, Exit::Normal);
        self.ha_done(vm);
    }

    /// Begins to shut a VM down, gracefully or not.
    pub(crate) fn power_down(&mut self, vm: VmId, hard: bool) {
        let ignored = !hard && self.vms.get(&vm).is_some_and(|row| row.run.ignores_shutdown);
        let takes = if hard {
            self.rng.between(700, 2_500)
        } else if ignored {
            SHUTDOWN_IGNORED
        } else {
            self.rng.between(self.options.guest_shutdown / 2, self.options.guest_shutdown)
        };
        let Some(row) = self.vms.get_mut(&vm) else { return };
        row.status = VmStatus::PoweringDown;
        row.run.token += 1;
        row.run.hard_end = hard;
        self.again(vm, takes);
    }

    /// Begins a live migration.
    pub(crate) fn migrate(&mut self, vm: VmId, to: Option<HostId>) -> bool {
        let Some(from) = self.vms.get(&vm).and_then(|row| row.host) else { return false };
        let to = to.or_else(|| self.schedule(vm, &[from]).first().copied());
        let Some(to) = to else { return false };
        let takes = self.options.migration;
        if let Some(row) = self.vms.get_mut(&vm) {
            row.status = VmStatus::Migrating;
            row.run.token += 1;
            row.run.towards = Some(to);
        }
        self.migrating.insert(vm);
        self.concerns(vm, from);
        self.again(vm, takes);
        true
    }

    fn migrated(&mut self, vm: VmId, from: HostId) {
        let Some(to) = self.vms.get_mut(&vm).and_then(|row| row.run.towards.take()) else { return };
        let moves = self.answers(from) && self.answers(to) && self.status_of(to) == Some(HostStatus::Up);
        if moves && self.image_domains(vm).into_iter().all(|domain| self.sees(to, domain).is_some()) {
            self.drop_guest(vm, from);
            self.take_guest(vm, to);
            self.move_vm(vm, Some(to));
            let text = format!("Migration completed (VM: {}, Source: {}).", self.vm_name(vm), self.host_name(from));
            self.log_vm(63, Severity::Normal, vm, Some(to), text, "");
        } else {
            let text = format!("Migration failed (VM: {}, Source: {}).", self.vm_name(vm), self.host_name(from));
            self.log_vm(65, Severity::Error, vm, Some(from), text, "");
        }
        if let Some(row) = self.vms.get_mut(&vm) {
            row.status = VmStatus::Up;
        }
    }
}
