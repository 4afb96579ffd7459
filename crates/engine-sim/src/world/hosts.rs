//! Requests about hosts: activate, deactivate, select as SPM, change, remove.

use super::World;
use super::command::{Answer, Begun, HostChange, Outcome, Refusal};
use super::ids::{AgentId, HostId};
use super::log::USER;
use super::model::FenceAgent;
use super::queue::Rest;
use super::timers::PREPARING_RETRY;
use super::words::{Affinity, DataCenterStatus, HostStatus, JobStatus, Severity, SpmStatus, VmStatus};

type Answered = Result<Answer, Refusal>;

impl World {
    /// `POST /hosts/{id}/activate`: 200 when the host is `unassigned`, long before it is of use.
    pub(crate) fn activate_host(&mut self, host: HostId, correlation: &str) -> Answered {
        let Some(row) = self.hosts.get(&host) else {
            return Err(Refusal::new(400, "Cannot activate Host. Invalid Host Id."));
        };
        match row.status {
            HostStatus::Up => return Err(Refusal::new(409, "Cannot activate Host. Host in Up status.")),
            HostStatus::NonResponsive => {
                return Err(Refusal::new(409, "Cannot activate Host. Host is in non responsive state."));
            }
            HostStatus::Unassigned
            | HostStatus::Down
            | HostStatus::Maintenance
            | HostStatus::Error
            | HostStatus::Installing
            | HostStatus::InstallFailed
            | HostStatus::Reboot
            | HostStatus::PreparingForMaintenance
            | HostStatus::NonOperational
            | HostStatus::PendingApproval
            | HostStatus::Initializing
            | HostStatus::Connecting
            | HostStatus::InstallingOs
            | HostStatus::Kdumping => {}
        }
        let job = self.start_job(format!("Activating Host {}", row.name), correlation);
        self.become_unassigned(host);
        let text = format!("Activation of host {{}} initiated by {USER}.");
        self.log_host(16, Severity::Normal, host, &text, correlation);
        self.end_job(Some(job), JobStatus::Finished);
        Ok(Answer { job: Some(job), outcome: Outcome::Done })
    }

    /// The beginning of every activation, asked for or by auto-recovery.
    pub(crate) fn become_unassigned(&mut self, host: HostId) {
        let answers = self.answers(host);
        if let Some(row) = self.hosts.get_mut(&host) {
            if row.status == HostStatus::Maintenance && answers {
                // A disconnection that was still due happens before anything else.
                row.outside.mounts.clear();
            }
            row.monitor.settling = None;
            row.monitor.token += 1;
        }
        self.set_status(host, HostStatus::Unassigned);
        let delay = self.rng.between(400, 2_900);
        self.poll_in(host, delay);
    }

    /// `POST /hosts/{id}/deactivate`
    pub(crate) fn deactivate_host(&mut self, host: HostId, reason: Option<String>, correlation: &str) -> Begun {
        match self.may_deactivate(host) {
            Err(refusal) => Begun::Answered(Err(refusal)),
            Ok(HostStatus::NonResponsive | HostStatus::Down) => {
                let busy = self.hosts.get(&host).map_or(self.now, |row| row.monitor.busy_until);
                let small = self.rng.between(100, 350);
                let at = busy.max(self.now).plus(small);
                self.block(at, Rest::Park { host, correlation: correlation.to_owned() })
            }
            Ok(_) => Begun::Answered(self.drain_host(host, reason, correlation)),
        }
    }

    fn may_deactivate(&self, host: HostId) -> Result<HostStatus, Refusal> {
        let Some(row) = self.hosts.get(&host) else {
            return Err(Refusal::new(400, "Cannot maintenance Host. Invalid Host Id."));
        };
        let no = |text: String| Err(Refusal::new(409, text));
        match row.status {
            HostStatus::Maintenance => {
                return no("Cannot switch Host to Maintenance mode. Host is already in Maintenance mode.".to_owned());
            }
            HostStatus::Up
            | HostStatus::NonResponsive
            | HostStatus::NonOperational
            | HostStatus::Error
            | HostStatus::PreparingForMaintenance
            | HostStatus::Down
            | HostStatus::InstallFailed => {}
            HostStatus::Unassigned
            | HostStatus::Installing
            | HostStatus::Reboot
            | HostStatus::PendingApproval
            | HostStatus::Initializing
            | HostStatus::Connecting
            | HostStatus::InstallingOs
            | HostStatus::Kdumping => {
                return no("Cannot switch Host to Maintenance mode. Host is not operational.".to_owned());
            }
        }
        let spm = self.spm_status(host);
        if spm == SpmStatus::Contending {
            return no("Cannot switch Host to Maintenance mode. Host is contending for Storage Pool Manager, please wait and try again.".to_owned());
        }
        if row.status == HostStatus::NonResponsive {
            if row.summary.total > 0 {
                return no("Cannot switch Host to Maintenance mode.\nHost still has running VMs on it and is in Non Responsive state.".to_owned());
            }
            if spm != SpmStatus::None {
                return no("Cannot switch Host to Maintenance mode.\nHost is Storage Pool Manager and is in Non Responsive state.".to_owned());
            }
            return Ok(row.status);
        }
        let running: Vec<_> = self.vms_on(host).filter(|vm| !vm.status.is_not_running()).collect();
        let pinned: Vec<&str> = running
            .iter()
            .filter(|vm| vm.placement.affinity == Affinity::Pinned && vm.placement.hosts.contains(&host))
            .map(|vm| vm.name.as_str())
            .collect();
        if !pinned.is_empty() {
            return no(format!(
                "Cannot switch the following Hosts to Maintenance mode: {}.\nOne or more running VMs are indicated as non-migratable. The non-migratable VMs are: {}.",
                row.name,
                pinned.join(", ")
            ));
        }
        let elsewhere = self
            .hosts
            .values()
            .any(|other| other.id != host && other.cluster == row.cluster && other.status == HostStatus::Up);
        if !running.is_empty() && !elsewhere {
            return no(format!(
                "Cannot switch the following Hosts to Maintenance mode: {}.\nThe Hosts are running VMs and there is no other Up Host in the Cluster to migrate them to.",
                row.name
            ));
        }
        Ok(row.status)
    }

    fn drain_host(&mut self, host: HostId, reason: Option<String>, correlation: &str) -> Answered {
        let stuck = self.hosts.get(&host).is_some_and(|row| row.outside.spm_stuck);
        if stuck && self.spm_status(host) == SpmStatus::Spm {
            let text = "Failed to change status of host {} due to a failure to stop the spm.";
            self.log_host(27, Severity::Warning, host, text, correlation);
            return Ok(Answer::default());
        }
        self.set_status(host, HostStatus::PreparingForMaintenance);
        if let Some(row) = self.hosts.get_mut(&host) {
            row.status_detail = reason.clone();
        }
        if self.spm_status(host) == SpmStatus::Spm {
            self.stop_spm(host);
        }
        let text = match reason {
            Some(reason) => format!("Host {{}} was switched to Maintenance mode by {USER} (Reason: {reason})."),
            None => format!("Host {{}} was switched to Maintenance mode by {USER}."),
        };
        let code = if text.contains("(Reason:") { 600 } else { 620 };
        self.log_host(code, Severity::Normal, host, &text, correlation);
        self.drain(host);
        let delay = self.rng.between(900, 2_900);
        self.poll_in(host, delay);
        Ok(Answer::default())
    }

    /// Sends the VMs of a host away.
    pub(crate) fn drain(&mut self, host: HostId) {
        let again = self.now.plus(PREPARING_RETRY);
        if let Some(row) = self.hosts.get_mut(&host) {
            row.monitor.drain_again = again;
        }
        let vms: Vec<_> = self.vms_on(host).filter(|vm| vm.status == VmStatus::Up).map(|vm| vm.id).collect();
        for vm in vms {
            self.migrate(vm, None);
        }
    }

    /// The tail of the deactivation of a host that does not answer: at once in maintenance, without the reason.
    pub(crate) fn parked(&mut self, host: HostId, correlation: &str) -> Answered {
        match self.status_of(host) {
            Some(HostStatus::NonResponsive | HostStatus::Down) => {
                let text = format!("Host {{}} was switched to Maintenance mode by {USER}.");
                self.log_host(620, Severity::Normal, host, &text, correlation);
                self.now_maintenance(host, None);
                Ok(Answer::default())
            }
            // It answered while the call hung: the ordinary way, or a refusal.
            Some(_) => match self.deactivate_host(host, None, correlation) {
                Begun::Answered(answered) => answered,
                Begun::Pending(_) => Ok(Answer::default()),
            },
            None => Err(Refusal::new(400, "Cannot maintenance Host. Invalid Host Id.")),
        }
    }

    /// `POST /hosts/{id}/forceselectspm`
    pub(crate) fn force_select_spm(&mut self, host: HostId, correlation: &str) -> Answered {
        let no = |text: String| Err(Refusal::new(409, format!("Cannot force select SPM. {text}")));
        let Some(row) = self.hosts.get(&host) else {
            return Err(Refusal::new(400, "Cannot force select SPM. Invalid Host Id."));
        };
        if row.status != HostStatus::Up {
            return no(format!("The Host {} is not up.", row.name));
        }
        if self.spm_status(host) != SpmStatus::None {
            return no(format!("The Host {} is already SPM or contending.", row.name));
        }
        if row.spm_priority < 0 {
            return Err(Refusal::new(400, "Cannot force select SPM. The Host is marked to not run SPM."));
        }
        let Some(data_center) = self.host_data_center(host) else {
            return no("Unknown Data Center status.".to_owned());
        };
        if self.data_centers.get(&data_center).is_none_or(|dc| dc.status != DataCenterStatus::Up) {
            return no("Unknown Data Center status.".to_owned());
        }
        if let Some(current) = self.data_centers.get(&data_center).and_then(|dc| dc.spm_host) {
            self.stop_spm(current);
        }
        if let Some(row) = self.data_centers.get_mut(&data_center) {
            row.pool.preferred = Some(host);
        }
        let text = format!("Host {{}} was force selected by {USER}");
        self.log_host(159, Severity::Normal, host, &text, correlation);
        let description = format!("Force selecting Host {} as SPM", self.host_name(host));
        Ok(self.done_as_job(description, correlation))
    }

    /// `PUT /hosts/{id}`: members merge; the fence agents are made anew whatever was sent.
    pub(crate) fn update_host(&mut self, host: HostId, change: HostChange, correlation: &str) -> Begun {
        let Some(row) = self.hosts.get(&host) else { return Begun::Answered(Err(Refusal::not_found())) };
        let enabled = change.pm_enabled.unwrap_or(row.power_management.enabled);
        if change.address.as_ref().is_some_and(|address| *address != row.address)
            && row.status != HostStatus::InstallFailed
        {
            return Begun::Answered(Err(Refusal::new(
                400,
                "Host Address can not be modified due to Security restrictions.  In order to change Host Address, Host has to be reinstalled",
            )));
        }
        if change.port.unwrap_or(54321) != row.port {
            return Begun::Answered(Err(Refusal::new(
                400,
                "The Host Port number cannot be changed without reinstalling the Host.",
            )));
        }
        if enabled && (change.has_agents || row.fence_agents.is_empty()) {
            return Begun::Answered(Err(Refusal::new(
                400,
                "Cannot edit Host. Power Management is enabled for Host but no Agent type selected.",
            )));
        }
        let turned_on = enabled && !row.power_management.enabled;
        let turned_off = !enabled && row.power_management.enabled;
        let agents = row.fence_agents.len();
        let fresh: Vec<AgentId> = (0..agents).map(|_| AgentId(self.rng.id())).collect();
        if let Some(row) = self.hosts.get_mut(&host) {
            let HostChange {
                name,
                comment,
                address,
                port: _,
                spm_priority,
                pm_enabled: _,
                automatic_pm_enabled,
                kdump_detection,
                has_agents,
            } = change;
            set(&mut row.name, name);
            set(&mut row.comment, comment);
            set(&mut row.address, address);
            set(&mut row.spm_priority, spm_priority);
            row.power_management.enabled = enabled;
            set(&mut row.power_management.automatic_pm_enabled, automatic_pm_enabled);
            if kdump_detection.is_some_and(|kdump| kdump != row.power_management.kdump_detection) {
                row.reinstallation_required = true;
            }
            set(&mut row.power_management.kdump_detection, kdump_detection);
            if has_agents {
                row.fence_agents.clear();
            }
            for (agent, id) in row.fence_agents.iter_mut().zip(fresh) {
                agent.id = id;
            }
        }
        let text = format!("Host {{}} configuration was updated by {USER}.");
        self.log_host(43, Severity::Normal, host, &text, correlation);
        if turned_off {
            self.log_host(
                9000,
                Severity::Alert,
                host,
                "Failed to verify Power Management configuration for Host {}.",
                "",
            );
        }
        if turned_on && self.proxy(host).is_some() {
            // The health check is synchronous; its outcome only raises alerts.
            if self.bmc_answers(host) {
                self.log_host(
                    496,
                    Severity::Normal,
                    host,
                    "Host {} power management was verified successfully.",
                    correlation,
                );
            } else {
                self.log_host(9001, Severity::Alert, host, "Power Management test failed for Host {}.", "");
                let at = self.now.plus(self.options.bmc_timeout);
                return self.block(at, Rest::Answer(Ok(Answer::default())));
            }
        }
        Begun::Answered(Ok(Answer::default()))
    }

    /// `POST /hosts/{id}/refresh`
    pub(crate) fn refresh_host(&mut self, host: HostId) -> Answered {
        if !self.hosts.contains_key(&host) {
            return Err(Refusal::new(400, "Cannot refresh Host. Invalid Host Id."));
        }
        if self.answers(host) {
            Ok(Answer::default())
        } else {
            Err(Refusal::new(400, "Failed to refresh Host capabilities: the Host does not answer."))
        }
    }

    /// `DELETE /hosts/{id}`: also frees its SPM id, which unblocks an election that waits for it.
    pub(crate) fn delete_host(&mut self, host: HostId) -> Answered {
        let Some(row) = self.hosts.get(&host) else { return Err(Refusal::not_found()) };
        let legal = matches!(
            row.status,
            HostStatus::Maintenance
                | HostStatus::NonResponsive
                | HostStatus::Down
                | HostStatus::Unassigned
                | HostStatus::NonOperational
                | HostStatus::InstallFailed
                | HostStatus::PendingApproval
                | HostStatus::InstallingOs
        );
        if !legal {
            return Err(Refusal::new(
                409,
                "Cannot remove Host. The Host is operational. Please switch Host to Maintenance mode first.",
            ));
        }
        if row.summary.total > 0 || self.vms_on(host).next().is_some() {
            return Err(Refusal::new(409, "Cannot remove Host. One or more VMs are running on the Host."));
        }
        self.remove_host(host);
        Ok(Answer::default())
    }

    pub(crate) fn add_fence_agent(
        &mut self,
        host: HostId,
        kind: String,
        address: String,
        username: String,
        order: u32,
    ) -> Answered {
        let id = AgentId(self.rng.id());
        let Some(row) = self.hosts.get_mut(&host) else { return Err(Refusal::not_found()) };
        row.fence_agents.push(FenceAgent { id, kind, address, username, order });
        Ok(Answer { job: None, outcome: Outcome::Agent(id) })
    }

    pub(crate) fn remove_fence_agent(&mut self, host: HostId, agent: AgentId, correlation: &str) -> Answered {
        let Some(row) = self.hosts.get_mut(&host) else { return Err(Refusal::not_found()) };
        let before = row.fence_agents.len();
        // Power management may stay on without an agent: the engine lets the last one go.
        row.fence_agents.retain(|known| known.id != agent);
        if row.fence_agents.len() == before {
            return Err(Refusal::not_found());
        }
        Ok(self.done_as_job(format!("Removing fence agent from host {host}"), correlation))
    }
}

pub(crate) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
