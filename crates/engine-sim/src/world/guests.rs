//! Guests as they really run, and what hosts report of them.

use super::World;
use super::ids::{DomainId, HostId, VmId};
use super::model::{DiskStorage, Exit};
use super::outside::Guest;
use super::queue::Due;
use super::timers::LEASE_RESTART_AGAIN;
use super::vms::{Origin, VmLease};
use super::words::{HostStatus, Severity, VmStatus};

impl World {
    /// The guest really runs on `host` from now on.
    pub(crate) fn take_guest(&mut self, vm: VmId, host: HostId) {
        let now = self.now;
        self.concerns(vm, host);
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.guests.insert(vm, Guest { since: now });
        }
        if let Some(row) = self.vms.get_mut(&vm) {
            row.run.lease = row.lease.map(|_| VmLease { holder: host, free_at: None });
        }
        self.watch_guest(vm, host);
    }

    /// The guest ends on its host and lets its lease go.
    pub(crate) fn drop_guest(&mut self, vm: VmId, host: HostId) {
        self.concerns(vm, host);
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.guests.remove(&vm);
        }
        if let Some(row) = self.vms.get_mut(&vm)
            && row.run.lease.is_some_and(|lease| lease.holder == host)
        {
            row.run.lease = None;
        }
    }

    pub(crate) fn runs_on(&self, vm: VmId, host: HostId) -> bool {
        self.hosts.get(&host).is_some_and(|row| row.outside.alive() && row.outside.guests.contains_key(&vm))
    }

    /// Whether the host can run the VM: storage connected and writable, lease free.
    pub(crate) fn may_run(&self, vm: VmId, host: HostId) -> Result<(), String> {
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

    fn direct_lun_reached(&self, target: &super::model::Target) -> bool {
        self.reachable(target.address(), 3260) == super::reach::Reach::Answering
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

    /// A good poll: the host's own word about its guests counts more than the database.
    pub(crate) fn report_guests(&mut self, host: HostId) {
        let upheavals = self.upheavals;
        let Some(row) = self.hosts.get_mut(&host) else { return };
        if row.monitor.upheavals_seen == upheavals && !row.monitor.looks_again {
            return;
        }
        row.monitor.upheavals_seen = upheavals;
        row.monitor.looks_again = false;
        let guests: Vec<VmId> = row.outside.guests.keys().copied().collect();
        for id in &guests {
            self.guest_reported(*id, host);
        }
        let missing: Vec<VmId> = self
            .vms_on(host)
            .filter(|vm| {
                matches!(vm.status, VmStatus::Up | VmStatus::PoweringUp | VmStatus::Unknown | VmStatus::Paused)
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
            let since = self.hosts.get(&host).and_then(|row| row.outside.guests.get(&vm)).map(|guest| guest.since);
            if let Some(row) = self.vms.get_mut(&vm) {
                row.start_time = row.start_time.or(since);
                row.status = VmStatus::Up;
                row.run.token += 1;
                row.run.tried.clear();
            }
            self.move_vm(vm, Some(host));
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
            .vms_on(host)
            .filter(|vm| vm.status == VmStatus::Unknown && vm.lease.is_some())
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
}
