//! Virtual machines: from `wait_for_launch` to `up`, down again, and what hosts report of their guests.

use super::ids::{DomainId, HostId, JobId, VmId};
use super::model::{DiskStorage, Exit};
use super::outside::Guest;
use super::queue::Due;
use super::timers::{LAUNCH, LEASE_RESTART_AGAIN, RERUN, RERUN_HOSTS, SHUTDOWN_IGNORED};
use super::words::{Affinity, HostStatus, JobStatus, Severity, VmStatus};
use super::{SimTime, World};

/// A run of a VM: what the engine remembers of it, and its lease on the storage.
#[derive(Clone, Debug, Default)]
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
                let load = self.vms.values().filter(|vm| vm.host == Some(row.id)).count();
                (row.monitor.settling.is_some(), load, row.name.clone(), row.id)
            })
            .collect();
        hosts.sort();
        hosts.into_iter().map(|(_, _, _, id)| id).collect()
    }

    /// Sends a VM to a host.
    pub(crate) fn launch(&mut self, vm: VmId, host: HostId, origin: Origin) {
        let now = self.now;
        self.changes += 1;
        if let Some(row) = self.vms.get_mut(&vm) {
            row.status = VmStatus::WaitForLaunch;
            row.host = Some(host);
            row.start_time = Some(now);
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

    /// The guest really runs on `host` from now on.
    pub(crate) fn take_guest(&mut self, vm: VmId, host: HostId) {
        let now = self.now;
        self.changes += 1;
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.guests.insert(vm, Guest { since: now });
        }
        if let Some(row) = self.vms.get_mut(&vm) {
            row.run.lease = row.lease.map(|_| VmLease { holder: host, free_at: None });
        }
        self.watch_guest(vm, host);
    }

    /// Whether the host can run the VM: storage connected and writable, lease free.
    fn may_run(&self, vm: VmId, host: HostId) -> Result<(), String> {
        let Some(row) = self.vms.get(&vm) else { return Err("unknown VM".to_owned()) };
        if let Some(domain) = self.image_domains(vm).into_iter().find(|domain| self.sees(host, *domain).is_none()) {
            let name = self.domains.get(&domain).map(|domain| domain.name.clone()).unwrap_or_default();
            return Err(format!("Storage domain does not exist or cannot be reached: {name}"));
        }
        for disk in row.disks.iter().filter_map(|id| self.disks.get(id)) {
            let DiskStorage::Lun { connections, .. } = &disk.storage else { continue };
            let reached = connections
                .iter()
                .filter_map(|id| self.connections.get(id))
                .any(|connection| self.direct_lun_reached(&connection.target));
            if !reached {
                return Err("Bad volume specification: the LUN cannot be reached".to_owned());
            }
        }
        if let Some(domain) = row.lease {
            if self.sees(host, domain).is_none() {
                return Err("Failed to acquire lock: the lease domain cannot be reached".to_owned());
            }
            let held = row
                .run
                .lease
                .is_some_and(|lease| lease.holder != host && lease.free_at.is_none_or(|free| free > self.now));
            if held {
                return Err("Failed to acquire lock: Lease is held by another host.".to_owned());
            }
        }
        Ok(())
    }

    /// Domains with images of a VM.
    pub(crate) fn image_domains(&self, vm: VmId) -> Vec<DomainId> {
        let Some(vm) = self.vms.get(&vm) else { return vec![] };
        vm.disks
            .iter()
            .filter_map(|id| self.disks.get(id))
            .filter_map(|disk| match &disk.storage {
                DiskStorage::Image { domain } => Some(*domain),
                DiskStorage::Lun { .. } => None,
            })
            .collect()
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

    pub(crate) fn runs_on(&self, vm: VmId, host: HostId) -> bool {
        self.hosts.get(&host).is_some_and(|row| row.outside.alive() && row.outside.guests.contains_key(&vm))
    }

    fn guest_is_down(&mut self, vm: VmId, host: HostId) {
        let ignores = self.vms.get(&vm).is_some_and(|row| row.run.ignores_shutdown && !row.run.tried.contains(&host));
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

    /// The guest ends on its host and lets its lease go.
    pub(crate) fn drop_guest(&mut self, vm: VmId, host: HostId) {
        self.changes += 1;
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.guests.remove(&vm);
        }
        if let Some(row) = self.vms.get_mut(&vm)
            && row.run.lease.is_some_and(|lease| lease.holder == host)
        {
            row.run.lease = None;
        }
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
        row.run.tried.clear();
        if hard {
            // Marks the end as one that the guest has no say in.
            row.run.tried.extend(row.host);
        }
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
        self.changes += 1;
        self.again(vm, takes);
        true
    }

    fn migrated(&mut self, vm: VmId, from: HostId) {
        let Some(to) = self.vms.get_mut(&vm).and_then(|row| row.run.towards.take()) else { return };
        let moves = self.answers(from) && self.answers(to) && self.status_of(to) == Some(HostStatus::Up);
        if moves && self.image_domains(vm).into_iter().all(|domain| self.sees(to, domain).is_some()) {
            self.drop_guest(vm, from);
            self.take_guest(vm, to);
            if let Some(row) = self.vms.get_mut(&vm) {
                row.host = Some(to);
            }
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

    /// A good poll: the host's own word about its guests counts more than the database.
    pub(crate) fn report_guests(&mut self, host: HostId) {
        let changes = self.changes;
        let Some(row) = self.hosts.get_mut(&host) else { return };
        if row.monitor.changes_seen == changes {
            return;
        }
        row.monitor.changes_seen = changes;
        let guests: Vec<VmId> = row.outside.guests.keys().copied().collect();
        for id in &guests {
            self.guest_reported(*id, host);
        }
        let missing: Vec<VmId> = self
            .vms
            .values()
            .filter(|vm| {
                vm.host == Some(host)
                    && matches!(vm.status, VmStatus::Up | VmStatus::PoweringUp | VmStatus::Unknown | VmStatus::Paused)
                    && !guests.contains(&vm.id)
            })
            .map(|vm| vm.id)
            .collect();
        for id in missing {
            let text = format!(
                "VM {} is down with error. Exit message: VM has been terminated on the host.",
                self.vm_name(id)
            );
            self.log_vm(119, Severity::Error, id, Some(host), text, "");
            self.vm_down(id, Exit::Error);
            self.queue_ha(&[id]);
        }
    }

    fn guest_reported(&mut self, vm: VmId, host: HostId) {
        let Some(row) = self.vms.get(&vm) else { return };
        let (status, on) = (row.status, row.host);
        let blind = self.image_domains(vm).into_iter().any(|domain| self.sees(host, domain).is_none());
        let elsewhere = on != Some(host);
        let lost = status == VmStatus::Unknown || elsewhere;
        if lost && row.run.towards != Some(host) {
            // After a false fence the engine just re-points the VM to whoever reports it.
            if let Some(row) = self.vms.get_mut(&vm) {
                row.status = VmStatus::Up;
                row.host = Some(host);
                row.run.token += 1;
                row.run.tried.clear();
            }
            let text = format!("VM {} status was restored to Up.", self.vm_name(vm));
            self.log_vm(163, Severity::Normal, vm, Some(host), text, "");
            self.ha_done(vm);
        } else if status == VmStatus::Up && blind {
            if let Some(row) = self.vms.get_mut(&vm) {
                row.status = VmStatus::Paused;
            }
            let text = format!("VM {} has been paused due to storage I/O problem.", self.vm_name(vm));
            self.log_vm(145, Severity::Error, vm, Some(host), text, "");
        } else if status == VmStatus::Paused && !blind {
            if let Some(row) = self.vms.get_mut(&vm) {
                row.status = VmStatus::Up;
            }
            let text = format!("VM {} has recovered from paused back to up.", self.vm_name(vm));
            self.log_vm(196, Severity::Normal, vm, Some(host), text, "");
        }
    }

    /// Something changed outside: leases of guests that are gone begin to run out.
    pub(crate) fn vm_leases_change(&mut self) {
        let free_at = self.now.plus(self.options.dead_vm_lease);
        let expiring: Vec<VmId> = self
            .vms
            .values()
            .filter(|vm| {
                vm.run.lease.is_some_and(|lease| lease.free_at.is_none() && !self.runs_on(vm.id, lease.holder))
            })
            .map(|vm| vm.id)
            .collect();
        for id in expiring {
            if let Some(lease) = self.vms.get_mut(&id).and_then(|vm| vm.run.lease.as_mut()) {
                lease.free_at = Some(free_at);
            }
        }
    }

    /// Leased VMs of a host that stays `non_responsive` are tried elsewhere, without any fencing.
    pub(crate) fn lease_restart(&mut self, host: HostId, turn: u32) {
        let Some(row) = self.hosts.get(&host) else { return };
        if row.status != HostStatus::NonResponsive || row.monitor.turn != turn {
            return;
        }
        self.queue.push(self.now.plus(LEASE_RESTART_AGAIN), Due::LeaseRestart { host, turn });
        let mut vms: Vec<_> = self
            .vms
            .values()
            .filter(|vm| vm.host == Some(host) && vm.status == VmStatus::Unknown && vm.lease.is_some())
            .map(|vm| (std::cmp::Reverse(vm.high_availability.priority), vm.name.clone(), vm.id))
            .collect();
        vms.sort();
        for (_, _, vm) in vms {
            let ha = self.vms.get(&vm).is_some_and(|row| row.high_availability.enabled);
            if !ha && self.may_start(vm).is_err() {
                continue;
            }
            // The database says `unknown` until the new host reports the VM, so only a start that works shows.
            let taker = self.schedule(vm, &[host]).into_iter().find(|to| self.may_run(vm, *to).is_ok());
            if let Some(to) = taker {
                self.launch(vm, to, Origin::Lease);
            }
        }
    }

    fn direct_lun_reached(&self, target: &super::model::Target) -> bool {
        self.reachable(target.address(), 3260) == super::reach::Reach::Answering
    }
}
