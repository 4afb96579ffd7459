//! "Confirm host has been rebooted": the manual fence. It powers nothing and checks nothing.

use super::World;
use super::command::{Answer, Begun, Refusal, RefusalBody, ViolationKind};
use super::ids::{HostId, VmId};
use super::log::USER;
use super::model::{Exit, Summary};
use super::queue::Rest;
use super::words::{DataCenterStatus, DomainStatus, HostStatus, Severity, SpmStatus, VmStatus};

impl World {
    /// `POST /hosts/{id}/fence` `manual`.
    pub(crate) fn confirm_rebooted(&mut self, host: HostId, correlation: &str) -> Begun {
        let Some(row) = self.hosts.get(&host) else {
            return Begun::Answered(Err(Refusal {
                http_status: 404,
                body: RefusalBody::BareFault {
                    reason: "Operation Failed".to_owned(),
                    detail: Some(format!("Entity not found: {host}")),
                },
            }));
        };
        if self.fence_locked(host) {
            return refused(
                "Cannot perform confirm 'Host has been rebooted'. Another power management action is already in progress.",
            );
        }
        let status = row.status;
        if !is_legal(status) {
            return refused(
                "Cannot confirm 'Host has been rebooted' Host. Valid Host statuses are \"Non operational\", \"Maintenance\" or \"Connecting\".",
            );
        }
        let was_spm = self.spm_status(host) == SpmStatus::Spm;
        let data_center = self.host_data_center(host).and_then(|id| self.data_centers.get(&id)).map(|dc| dc.status);
        let problematic = matches!(
            data_center,
            Some(DataCenterStatus::NotOperational | DataCenterStatus::Problematic | DataCenterStatus::Maintenance)
        );
        if was_spm && !problematic {
            return refused("Cannot confirm 'Host has been rebooted' Host. Unknown Data Center status.");
        }
        if row.outside.alive() {
            let text = format!("{} was confirmed rebooted while it was alive ({status})", row.name);
            self.violation(ViolationKind::LivingHostConfirmed, text);
        }
        let clears = matches!(status, HostStatus::NonResponsive | HostStatus::Reboot | HostStatus::Kdumping);
        let cleared = if clears { self.vms_down(host, correlation) } else { vec![] };
        let row_changes = clears
            && (!cleared.is_empty() || was_spm || self.hosts.get(&host).is_some_and(|row| row.summary.total > 0));
        let busy = self.hosts.get(&host).map_or(self.now, |row| row.monitor.busy_until);
        let small = self.rng.between(60, 300);
        // The poller holds the host's monitor while it tries to connect; who writes the row waits for it.
        let at = if row_changes { busy.max(self.now).plus(small) } else { self.now.plus(small) };
        self.lock_fence(host, at);
        self.block(at, Rest::Confirm { host, correlation: correlation.to_owned(), cleared })
    }

    /// The tail of the manual fence, when the host's row can be written.
    pub(crate) fn confirmed(&mut self, host: HostId, correlation: &str, cleared: &[VmId]) -> Result<Answer, Refusal> {
        self.unlock_fence(host);
        let clears = matches!(
            self.status_of(host),
            Some(HostStatus::NonResponsive | HostStatus::Reboot | HostStatus::Kdumping | HostStatus::Maintenance)
        );
        self.release_spm(host);
        if clears && let Some(row) = self.hosts.get_mut(&host) {
            row.summary = Summary::default();
        }
        self.queue_ha(cleared);
        if clears {
            let text = format!("All VMs' status on Non Responsive Host {{}} were changed to 'Down' by {USER}");
            self.log_host(348, Severity::Normal, host, &text, correlation);
        }
        self.log_host(494, Severity::Normal, host, "Manual fence for host {} was started.", correlation);
        Ok(Answer::default())
    }

    /// All VMs of a dead host go down with an error, the higher priority first; they still have to be queued.
    pub(crate) fn vms_down(&mut self, host: HostId, correlation: &str) -> Vec<VmId> {
        let mut vms: Vec<_> = self
            .vms_on(host)
            .filter(|vm| !vm.status.is_not_running())
            .map(|vm| (std::cmp::Reverse(vm.high_availability.priority), vm.name.clone(), vm.id))
            .collect();
        vms.sort();
        let name = self.host_name(host);
        for (_, vm_name, id) in &vms {
            self.vm_down(*id, Exit::Error);
            let text = format!("Vm {vm_name} was shut down due to {name} host reboot or manual fence");
            self.log_vm(143, Severity::Normal, *id, Some(host), text, correlation);
        }
        vms.into_iter().map(|(_, _, id)| id).collect()
    }

    /// VMs down and queued at once: after a power action.
    pub(crate) fn clear_vms(&mut self, host: HostId) {
        let cleared = self.vms_down(host, "");
        if let Some(row) = self.hosts.get_mut(&host) {
            row.summary = Summary::default();
        }
        self.queue_ha(&cleared);
    }

    /// If the host is the SPM: the data center follows its master domain, the role is given up and the mark "fenced" is set.
    pub(crate) fn release_spm(&mut self, host: HostId) {
        if self.spm_status(host) != SpmStatus::Spm {
            return;
        }
        let Some(data_center) = self.host_data_center(host) else { return };
        let master = self
            .master(data_center)
            .and_then(|id| self.domains.get(&id))
            .and_then(|domain| domain.attached)
            .map(|place| place.status);
        let status = match master {
            None => DataCenterStatus::Uninitialized,
            Some(DomainStatus::Maintenance) => DataCenterStatus::Maintenance,
            Some(DomainStatus::Active) => DataCenterStatus::Up,
            Some(
                DomainStatus::Unknown
                | DomainStatus::Unattached
                | DomainStatus::Inactive
                | DomainStatus::Locked
                | DomainStatus::PreparingForMaintenance
                | DomainStatus::Detaching
                | DomainStatus::Activating,
            ) => DataCenterStatus::Problematic,
        };
        let resets = matches!(master, Some(DomainStatus::Active | DomainStatus::Unknown | DomainStatus::Inactive));
        self.set_data_center(data_center, status);
        if let Some(row) = self.data_centers.get_mut(&data_center)
            && resets
        {
            row.spm_host = None;
            row.pool.connected = false;
            row.pool.fenced = Some(host);
        }
    }

    /// A VM ends, by the database.
    pub(crate) fn vm_down(&mut self, vm: VmId, exit: Exit) {
        let now = self.now;
        if let Some(row) = self.vms.get_mut(&vm) {
            // What waits for the next run goes on waiting when the run ended unseen.
            row.next_run_configuration_exists &= row.status == VmStatus::Unknown;
            row.status = VmStatus::Down;
            row.exit = exit;
            row.stop_time = Some(now);
            row.start_time = None;
            row.run.end();
        }
        self.move_vm(vm, None);
    }
}

fn is_legal(status: HostStatus) -> bool {
    match status {
        HostStatus::Down
        | HostStatus::InstallFailed
        | HostStatus::Maintenance
        | HostStatus::NonOperational
        | HostStatus::NonResponsive
        | HostStatus::Reboot
        | HostStatus::Installing
        | HostStatus::Connecting
        | HostStatus::Kdumping => true,
        HostStatus::Unassigned
        | HostStatus::Up
        | HostStatus::Error
        | HostStatus::PreparingForMaintenance
        | HostStatus::PendingApproval
        | HostStatus::Initializing
        | HostStatus::InstallingOs => false,
    }
}

fn refused(text: &str) -> Begun {
    Begun::Answered(Err(Refusal::new(409, text)))
}
