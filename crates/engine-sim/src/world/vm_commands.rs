//! Requests about VMs and what the engine refuses of them.

use super::World;
use super::command::{Answer, Outcome, Refusal, RefusalBody, ViolationKind, VmChange};
use super::hosts::set;
use super::ids::{HostId, VmId};
use super::log::USER;
use super::vms::Origin;
use super::words::{Affinity, DataCenterStatus, DiskStatus, DomainStatus, HostStatus, Severity, VmStatus};

type Answered = Result<Answer, Refusal>;

/// How long a changed lease holds its VM.
const LEASE_CHANGE: u64 = 6_000;

impl World {
    /// `POST /vms/{id}/start`: 200 when a host was found, long before the VM is up.
    pub(crate) fn start_vm(&mut self, vm: VmId, correlation: &str) -> Answered {
        let Some(row) = self.vms.get(&vm) else {
            return Err(Refusal {
                http_status: 500,
                body: RefusalBody::Fault {
                    reason: "Operation Failed".to_owned(),
                    detail: "java.lang.NullPointerException: Cannot invoke \"org.ovirt.engine.core.common.businessentities.VM.getStatus()\" because the return value of \"org.ovirt.engine.core.bll.RunVmCommand.getVm()\" is null".to_owned(),
                },
            });
        };
        if row.run.asked_for && !row.status.is_not_running() && row.status != VmStatus::Paused {
            let text = format!("{} was asked to start while it was {}", row.name, row.status);
            self.violation(ViolationKind::VmStartedTwice, text);
        }
        if let Err(refusal) = self.may_start(vm) {
            let text = format!(
                "Failed to run VM {} due to a failed validation: {} (User: {USER}).",
                self.vm_name(vm),
                refusal.detail()
            );
            self.log_vm(54, Severity::Error, vm, None, text, correlation);
            return Err(refusal);
        }
        if let Some(row) = self.vms.get_mut(&vm)
            && row.status == VmStatus::Paused
        {
            row.status = VmStatus::Up;
            return Ok(Answer::default());
        }
        let Some(host) = self.schedule(vm, &[]).first().copied() else {
            return Err(no_hosts());
        };
        let name = self.vm_name(vm);
        let job = self.start_job(format!("Launching VM {name}"), correlation);
        if let Some(row) = self.vms.get_mut(&vm) {
            row.run.job = Some(job);
            row.run.correlation = correlation.to_owned();
            row.run.asked_for = true;
        }
        self.launch(vm, host, Origin::User);
        let text = format!("VM {name} was started by {USER} (Host: {}).", self.host_name(host));
        self.log_vm(153, Severity::Normal, vm, Some(host), text, correlation);
        Ok(Answer { job: Some(job), outcome: Outcome::Done })
    }

    /// All checks of a start that a user asked for.
    pub(crate) fn may_start(&self, vm: VmId) -> Result<(), Refusal> {
        let Some(row) = self.vms.get(&vm) else { return Err(Refusal::not_found()) };
        let no = |text: String| Err(Refusal::new(409, format!("Cannot run VM. {text}")));
        if row.run.held_until > self.now {
            return no("VM is being updated.".to_owned());
        }
        match row.status {
            VmStatus::Down | VmStatus::Suspended | VmStatus::Unknown => {}
            VmStatus::Paused => {
                return if row.host.and_then(|host| self.status_of(host)) == Some(HostStatus::Up) {
                    Ok(())
                } else {
                    no("The Host it runs on is not up.".to_owned())
                };
            }
            VmStatus::Unassigned
            | VmStatus::Up
            | VmStatus::PoweringUp
            | VmStatus::Migrating
            | VmStatus::NotResponding
            | VmStatus::WaitForLaunch
            | VmStatus::RebootInProgress
            | VmStatus::SavingState
            | VmStatus::RestoringState
            | VmStatus::ImageLocked
            | VmStatus::PoweringDown => return Err(status_illegal("run", row.status)),
        }
        if row.status == VmStatus::Unknown {
            return Err(status_illegal("run", row.status));
        }
        let domains = self.image_domains(vm);
        if !domains.is_empty() {
            let up = self
                .data_center_of(row.cluster)
                .and_then(|id| self.data_centers.get(&id))
                .is_some_and(|dc| dc.status == DataCenterStatus::Up);
            if !up {
                return no("Unknown Data Center status.".to_owned());
            }
        }
        for domain in domains {
            match self.domain_status(domain) {
                Some(DomainStatus::Active) => {}
                Some(status) => {
                    return no(format!("The relevant Storage Domain's status is {}.", capital(status.as_str())));
                }
                None => return Err(Refusal::new(400, "Cannot run VM. The relevant Storage Domain does not exist.")),
            }
        }
        let locked: Vec<&str> = row
            .disks
            .iter()
            .filter_map(|id| self.disks.get(id))
            .filter(|disk| disk.status == DiskStatus::Locked)
            .map(|disk| disk.name.as_str())
            .collect();
        if !locked.is_empty() {
            return Err(Refusal::new(
                409,
                format!(
                    "Cannot run VM: The following disks are locked: {}. Please try again in a few minutes.",
                    locked.join(", ")
                ),
            ));
        }
        let up: Vec<&super::model::Host> =
            self.hosts.values().filter(|host| host.cluster == row.cluster && host.status == HostStatus::Up).collect();
        if up.is_empty() {
            return Err(no_hosts());
        }
        if self.schedule(vm, &[]).is_empty() {
            let mut text =
                "Cannot run VM. There is no host that satisfies current scheduling constraints. See below for details:"
                    .to_owned();
            for host in up {
                text.push_str(&format!(
                    ", The host {} did not satisfy internal filter PinToHost because the VM is not pinned to this host.",
                    host.name
                ));
            }
            return Err(Refusal::new(409, text));
        }
        Ok(())
    }

    /// `POST /vms/{id}/stop`
    pub(crate) fn stop_vm(&mut self, vm: VmId, reason: Option<String>, correlation: &str) -> Answered {
        self.end_vm(vm, reason, correlation, true)
    }

    /// `POST /vms/{id}/shutdown`: asks the guest; the engine never insists.
    pub(crate) fn shutdown_vm(&mut self, vm: VmId, reason: Option<String>, correlation: &str) -> Answered {
        self.end_vm(vm, reason, correlation, false)
    }

    fn end_vm(&mut self, vm: VmId, reason: Option<String>, correlation: &str, hard: bool) -> Answered {
        let verb = if hard { "stop" } else { "shutdown" };
        let Some(row) = self.vms.get_mut(&vm) else {
            return Err(Refusal::new(400, format!("Cannot {verb} VM. VM is not found.")));
        };
        match row.status {
            // Of a VM that is down: success, and a job all the same.
            VmStatus::Down | VmStatus::Suspended => {
                row.status = VmStatus::Down;
                let name = row.name.clone();
                return Ok(self.done_as_job(end_job(hard, &name), correlation));
            }
            VmStatus::Unknown | VmStatus::Unassigned | VmStatus::ImageLocked => {
                return Err(Refusal::new(409, format!("Cannot {verb} VM. VM is not running.")));
            }
            VmStatus::SavingState | VmStatus::RestoringState => {
                return Err(status_illegal(verb, row.status));
            }
            VmStatus::Up
            | VmStatus::PoweringUp
            | VmStatus::Paused
            | VmStatus::Migrating
            | VmStatus::NotResponding
            | VmStatus::WaitForLaunch
            | VmStatus::RebootInProgress
            | VmStatus::PoweringDown => {}
        }
        let graceful = !hard && matches!(row.status, VmStatus::Up | VmStatus::PoweringDown | VmStatus::Migrating);
        row.stop_reason.clone_from(&reason);
        let (host, name) = (row.host, row.name.clone());
        self.power_down(vm, !graceful);
        let why = reason.map(|reason| format!(" (Reason: {reason})")).unwrap_or_default();
        let on = host.map(|host| self.host_name(host)).unwrap_or_default();
        if graceful {
            let text = format!("VM shutdown initiated by {USER} on VM {name} (Host: {on}){why}.");
            self.log_vm(73, Severity::Normal, vm, host, text, correlation);
        } else {
            let text = format!("VM {name} powered off by {USER} (Host: {on}){why}.");
            self.log_vm(33, Severity::Normal, vm, host, text, correlation);
        }
        Ok(self.done_as_job(end_job(hard, &name), correlation))
    }

    /// `POST /vms/{id}/migrate`
    pub(crate) fn migrate_vm(&mut self, vm: VmId, to: Option<HostId>, correlation: &str) -> Answered {
        let Some(row) = self.vms.get(&vm) else {
            return Err(Refusal::new(400, "Cannot migrate VM. VM is not found."));
        };
        if !matches!(row.status, VmStatus::Up | VmStatus::PoweringUp) {
            return Err(Refusal::new(409, "Cannot migrate VM. VM is not running."));
        }
        if row.placement.affinity == Affinity::Pinned {
            return Err(Refusal::new(409, "Cannot migrate VM. VM is pinned to Host."));
        }
        let name = row.name.clone();
        let job = self.start_job(format!("Migrating VM {name}"), correlation);
        if self.migrate(vm, to) {
            let text = format!("Migration initiated by {USER} (VM: {name}).");
            self.log_vm(62, Severity::Normal, vm, None, text, correlation);
            self.end_job(Some(job), super::words::JobStatus::Finished);
            Ok(Answer { job: Some(job), outcome: Outcome::Done })
        } else {
            self.end_job(Some(job), super::words::JobStatus::Failed);
            Err(Refusal::new(
                409,
                "Cannot migrate VM. There is no host that satisfies current scheduling constraints. See below for details:",
            ))
        }
    }

    /// `PUT /vms/{id}`: HA, priority, comment and placement at once in every status, memory only with the next run.
    pub(crate) fn update_vm(&mut self, vm: VmId, change: VmChange, correlation: &str) -> Answered {
        let Some(row) = self.vms.get(&vm) else { return Err(Refusal::not_found()) };
        if row.run.held_until > self.now {
            return Err(Refusal::new(409, "Cannot edit VM. VM is being updated."));
        }
        if row.next_run_configuration_exists && row.status != VmStatus::Down {
            return Err(Refusal::new(
                400,
                "Cannot hot change memory because memory next run configuration already exists.",
            ));
        }
        if change.ha_priority.is_some_and(|priority| priority > 100) {
            return Err(Refusal::new(400, "Cannot edit VM. The priority should be between 0 and 100."));
        }
        if let Some(placement) = &change.placement
            && let Some(host) = row.host
            && !placement.hosts.is_empty()
            && !placement.hosts.contains(&host)
        {
            let on = self.host_name(host);
            return Err(Refusal::new(
                409,
                format!(
                    "Cannot edit VM. Running VM is hosted on {on}. Include {on} in dedicated hosts, or migrate VM to dedicated host prior to pinning."
                ),
            ));
        }
        let keeps_lease = change.lease.unwrap_or(row.lease);
        let ha = change.ha_enabled.unwrap_or(row.high_availability.enabled);
        if keeps_lease.is_some() && keeps_lease != row.lease && !ha {
            return Err(Refusal::new(409, "Cannot edit VM. VM leases are supported only for highly available VMs."));
        }
        let now = self.now;
        let Some(row) = self.vms.get_mut(&vm) else { return Err(Refusal::not_found()) };
        let VmChange { name, description, comment, ha_enabled, ha_priority, memory, placement, lease } = change;
        set(&mut row.name, name);
        set(&mut row.description, description);
        set(&mut row.comment, comment);
        set(&mut row.high_availability.enabled, ha_enabled);
        set(&mut row.high_availability.priority, ha_priority);
        set(&mut row.placement, placement);
        if let Some(memory) = memory.filter(|memory| *memory != row.memory) {
            if row.status == VmStatus::Down {
                row.memory = memory;
            } else {
                row.next_run_configuration_exists = true;
            }
        }
        if let Some(lease) = lease.filter(|lease| *lease != row.lease) {
            row.lease = lease;
            row.run.held_until = now.plus(LEASE_CHANGE);
            if lease.is_none() {
                row.run.lease = None;
                if row.status != VmStatus::Down {
                    row.next_run_configuration_exists = true;
                }
            }
        }
        let text = format!("VM {} configuration was updated by {USER}.", row.name);
        let host = row.host;
        self.log_vm(35, Severity::Normal, vm, host, text, correlation);
        Ok(Answer::default())
    }
}

fn no_hosts() -> Refusal {
    Refusal::new(400, "There are no hosts to use. Check that the cluster contains at least one host in Up state.")
}

fn status_illegal(verb: &str, status: VmStatus) -> Refusal {
    let word: String = status.as_str().split('_').map(capital).collect();
    Refusal::new(409, format!("Cannot {verb} VM because the VM is in {word} status."))
}

fn end_job(hard: bool, name: &str) -> String {
    if hard { format!("Stopping VM {name}") } else { format!("Shutting down VM {name}") }
}

fn capital(word: &str) -> String {
    let mut word = word.to_owned();
    if let Some(first) = word.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    word
}
