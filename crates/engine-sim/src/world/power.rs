//! `POST /hosts/{id}/fence` with power management: stop, start, restart, status.

use super::World;
use super::command::{Answer, Begun, Outcome, Refusal, RefusalBody};
use super::ids::HostId;
use super::log::USER;
use super::queue::{PowerStep, Rest};
use super::timers::{FENCE_QUIET, FENCE_QUIET_AT_STARTUP, POWER_ACTION, POWER_ACTION_DEAD};
use super::words::{FenceType, HostStatus, Severity};

impl World {
    pub(crate) fn fence(
        &mut self,
        host: HostId,
        fence_type: FenceType,
        maintenance_after_restart: bool,
        correlation: &str,
    ) -> Begun {
        if fence_type == FenceType::Manual {
            return self.confirm_rebooted(host, correlation);
        }
        if !self.hosts.contains_key(&host) {
            return Begun::Answered(Err(unknown_host(fence_type)));
        }
        if fence_type == FenceType::Status {
            let wait = if self.bmc_answers(host) { 150 } else { self.options.bmc_timeout };
            let wait = if self.proxy(host).is_some() { wait } else { 50 };
            return self.block(self.now.plus(wait), Rest::PowerStatus { host });
        }
        if let Err(refusal) = self.may_power(host, fence_type) {
            return Begun::Answered(Err(refusal));
        }
        let answers = self.bmc_answers(host);
        let takes = if answers { POWER_ACTION } else { POWER_ACTION_DEAD };
        let at = self.now.plus(takes);
        let correlation_id = correlation.to_owned();
        self.lock_fence(host, at.plus(1));
        match fence_type {
            FenceType::Stop => {
                let before = self.status_of(host).unwrap_or(HostStatus::Maintenance);
                self.set_status(host, HostStatus::Down);
                self.block(at, Rest::PowerStop { host, correlation: correlation_id, before })
            }
            FenceType::Start => {
                if self.status_of(host) != Some(HostStatus::Maintenance) {
                    self.set_status(host, HostStatus::Reboot);
                }
                self.block(at, Rest::PowerStart { host, correlation: correlation_id })
            }
            FenceType::Restart => {
                let maintenance = maintenance_after_restart || self.status_of(host) == Some(HostStatus::Maintenance);
                if let Some(row) = self.hosts.get_mut(&host) {
                    row.monitor.maintenance_after = maintenance;
                }
                self.set_status(host, HostStatus::Reboot);
                // A restart whose stop failed answers 200 all the same.
                let step = if answers { PowerStep::Stopped } else { PowerStep::StopFailed };
                self.begin_power(host, takes, step);
                let job = self.start_job(format!("Restarting Host {}", self.host_name(host)), correlation);
                let text = format!("Host {{}} was restarted by {USER}.");
                self.log_host(41, Severity::Normal, host, &text, correlation);
                let answer = Answer { job: Some(job), outcome: Outcome::Done };
                self.block(self.now.plus(takes * 2), Rest::Answer(Ok(answer)))
            }
            FenceType::Manual | FenceType::Status => Begun::Answered(Ok(Answer::default())),
        }
    }

    fn may_power(&self, host: HostId, fence_type: FenceType) -> Result<(), Refusal> {
        let failed =
            |text: &str| Refusal::new(409, format!("{text}, Cannot {fence_type} Host. Fence operation failed."));
        let Some(row) = self.hosts.get(&host) else { return Err(unknown_host(fence_type)) };
        if self.fence_locked(host) {
            return Err(failed(&format!(
                "Cannot {fence_type} Host. Another power management action is already in progress."
            )));
        }
        if !row.power_management.enabled {
            return Err(failed("Power Management is disabled for this Host"));
        }
        if row.fence_agents.is_empty() {
            return Err(Refusal::new(
                400,
                format!("Cannot {fence_type} Host. Power Management is enabled for Host but no Agent type selected."),
            ));
        }
        if self.engine_age() < FENCE_QUIET_AT_STARTUP {
            return Err(failed("Power Management operations are disabled during the system's startup"));
        }
        let last = match fence_type {
            FenceType::Start => row.monitor.stopped_at,
            FenceType::Stop | FenceType::Restart => row.monitor.started_at,
            FenceType::Manual | FenceType::Status => None,
        };
        if let Some(last) = last
            && self.now.since(last) < FENCE_QUIET
        {
            let left = (FENCE_QUIET - self.now.since(last)).div_ceil(1000);
            return Err(failed(&format!(
                "Another Power Management operation is still running, please retry in {left} Sec."
            )));
        }
        if self.proxy(host).is_none() {
            return Err(failed(
                "There is no other Host in the Data Center that can be used to run the Power Management operation",
            ));
        }
        let legal = match fence_type {
            FenceType::Stop => row.status == HostStatus::Maintenance,
            FenceType::Start => matches!(
                row.status,
                HostStatus::Down | HostStatus::NonResponsive | HostStatus::Reboot | HostStatus::Maintenance
            ),
            FenceType::Restart | FenceType::Manual | FenceType::Status => true,
        };
        if legal { Ok(()) } else { Err(failed(&format!("Host status {} does not allow this operation", row.status))) }
    }

    pub(crate) fn power_stopped(
        &mut self,
        host: HostId,
        before: HostStatus,
        correlation: &str,
    ) -> Result<Answer, Refusal> {
        self.unlock_fence(host);
        if !self.bmc_answers(host) {
            self.set_status(host, before);
            let text = format!("Failed to stop Host {{}}, (User: {USER}).");
            self.log_host(137, Severity::Error, host, &text, correlation);
            return Err(Refusal::new(409, "Cannot ${action} ${type}. Fence operation failed."));
        }
        self.pull_the_plug(host);
        self.clear_vms(host);
        let now = self.now;
        if let Some(row) = self.hosts.get_mut(&host) {
            row.monitor.stopped_at = Some(now);
        }
        let text = format!("Host {{}} was stopped by {USER}.");
        self.log_host(21, Severity::Normal, host, &text, correlation);
        let job = self.start_job(format!("Stopping Host {}", self.host_name(host)), correlation);
        self.end_job(Some(job), super::words::JobStatus::Finished);
        Ok(Answer { job: Some(job), outcome: Outcome::Done })
    }

    pub(crate) fn power_started(&mut self, host: HostId, correlation: &str) -> Result<Answer, Refusal> {
        self.unlock_fence(host);
        let parked = self.status_of(host) == Some(HostStatus::Maintenance);
        if !self.bmc_answers(host) {
            if !parked {
                self.set_status(host, HostStatus::NonResponsive);
                self.poll_in(host, 2_000);
            }
            let text = format!("Failed to start Host {{}}, (User: {USER}).");
            self.log_host(118, Severity::Error, host, &text, correlation);
            return Err(Refusal::new(409, "Cannot ${action} ${type}. Fence operation failed."));
        }
        self.power_on(host);
        let now = self.now;
        if let Some(row) = self.hosts.get_mut(&host) {
            row.monitor.started_at = Some(now);
        }
        if !parked {
            self.await_reboot(host);
        }
        let text = format!("Host {{}} was started by {USER}.");
        self.log_host(20, Severity::Normal, host, &text, correlation);
        let job = self.start_job(format!("Starting Host {}", self.host_name(host)), correlation);
        self.end_job(Some(job), super::words::JobStatus::Finished);
        Ok(Answer { job: Some(job), outcome: Outcome::Done })
    }

    pub(crate) fn power_status(&mut self, host: HostId) -> Result<Answer, Refusal> {
        let outcome = if self.proxy(host).is_none() {
            Outcome::PowerUnreadable(
                "There is no other Host in the Data Center that can be used to test the Power Management settings."
                    .to_owned(),
            )
        } else if !self.bmc_answers(host) {
            let address = self
                .hosts
                .get(&host)
                .and_then(|row| row.fence_agents.first())
                .map(|agent| agent.address.clone())
                .unwrap_or_default();
            Outcome::PowerUnreadable(format!("Unable to connect/login to fencing device at {address}"))
        } else if self.hosts.get(&host).is_some_and(|row| row.outside.powered) {
            Outcome::Power("on")
        } else {
            Outcome::Power("off")
        };
        Ok(Answer { job: None, outcome })
    }
}

fn unknown_host(fence_type: FenceType) -> Refusal {
    match fence_type {
        FenceType::Status => Refusal {
            http_status: 400,
            body: RefusalBody::BareFault {
                reason: "Operation Failed".to_owned(),
                detail: Some("cannot invoke \"org.ovirt.engine.core.common.businessentities.vds.getid()\" because \"this.fencedhost\" is null".to_owned()),
            },
        },
        FenceType::Manual | FenceType::Restart | FenceType::Start | FenceType::Stop => Refusal::new(
            400,
            format!("The selected Host does not exist., Cannot {fence_type} Host. Fence operation failed."),
        ),
    }
}
