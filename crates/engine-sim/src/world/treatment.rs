//! Power: the engine's own treatment of a host that stopped answering, and power actions that users ask for.

use super::ids::HostId;
use super::outside::{Bmc, Link, SshManner};
use super::queue::{Due, PowerStep};
use super::reach::Reach;
use super::timers::{
    FENCE_QUIET_AT_STARTUP, NOT_OPERATIONAL_RESET, POWER_ACTION, POWER_ACTION_DEAD, REBOOT_PROBE, REBOOT_TIMEOUT,
    SSH_DROPPED, SSH_MUTE, SSH_REFUSED, SSH_WORKS,
};
use super::words::{DataCenterStatus, HostStatus, Severity, SpmStatus};
use super::{SimTime, World};

impl World {
    /// Whether the fence lock of a host is held.
    pub(crate) fn fence_locked(&self, host: HostId) -> bool {
        self.hosts.get(&host).is_some_and(|row| row.monitor.fence_lock.is_some_and(|until| until > self.now))
    }

    pub(crate) fn lock_fence(&mut self, host: HostId, until: SimTime) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.monitor.fence_lock = Some(until);
        }
    }

    pub(crate) fn unlock_fence(&mut self, host: HostId) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.monitor.fence_lock = None;
        }
    }

    pub(crate) fn engine_age(&self) -> u64 {
        self.now.since(self.engine.started) + self.engine.age_at_start
    }

    /// The treatment of a host that has just become `non_responsive`; dropped if the lock is taken.
    pub(crate) fn treat(&mut self, host: HostId) {
        if self.fence_locked(host) {
            return;
        }
        if self.engine_age() < FENCE_QUIET_AT_STARTUP {
            self.treatment_skipped_at_startup(host);
            return;
        }
        let Some(policy) =
            self.hosts.get(&host).and_then(|row| self.clusters.get(&row.cluster)).map(|c| c.fencing_policy)
        else {
            return;
        };
        if !policy.enabled {
            let text = "Host {} became Non Responsive and was not restarted due to disabled fencing in the Cluster Fencing Policy.";
            self.log_host(9015, Severity::Alert, host, text, "");
            return;
        }
        if policy.skip_if_connectivity_broken && self.broken_share(host) >= policy.connectivity_threshold {
            let text = "Host {} became Non Responsive and was not restarted due to the Cluster Fencing Policy: too many hosts of the cluster have broken connectivity.";
            self.log_host(9013, Severity::Alert, host, text, "");
            return;
        }
        let held = self.soft_fence_takes(host);
        self.begin_power(host, held, PowerStep::SoftFenced);
    }

    /// Holds the fence lock and takes a step later.
    pub(crate) fn begin_power(&mut self, host: HostId, after: u64, step: PowerStep) {
        let at = self.now.plus(after);
        if let Some(row) = self.hosts.get_mut(&host) {
            row.monitor.fence_lock = Some(SimTime(u64::MAX));
            row.monitor.power_token += 1;
            let token = row.monitor.power_token;
            self.queue.push(at, Due::Power { host, token, step });
        }
    }

    pub(crate) fn power_step(&mut self, host: HostId, token: u32, step: PowerStep) {
        if self.hosts.get(&host).is_none_or(|row| row.monitor.power_token != token) {
            return;
        }
        match step {
            PowerStep::SoftFenced => self.soft_fenced(host),
            // The site was lost or cut off while the action ran: nobody carries it out.
            PowerStep::Stopped if !self.bmc_answers(host) => self.begin_power(host, 0, PowerStep::StopFailed),
            PowerStep::Stopped => {
                self.pull_the_plug(host);
                self.clear_vms(host);
                self.release_spm(host);
                self.begin_power(host, POWER_ACTION, PowerStep::Started);
            }
            PowerStep::Started => {
                if self.bmc_answers(host) {
                    self.power_on(host);
                }
                self.await_reboot(host);
            }
            PowerStep::Probe { since } => self.probe_reboot(host, since),
            PowerStep::StopFailed => {
                self.set_status(host, HostStatus::NonResponsive);
                let text = "Failed to power fence host {}. Please check the host status and it's power management settings, and then manually reboot it and click \"Confirm Host Has Been Rebooted\"";
                self.log_host(9002, Severity::Alert, host, text, "");
                self.unlock_fence(host);
                self.poll_in(host, 1_000);
            }
        }
    }

    /// The host is in `reboot` until it answers, or the time is up; polling takes over then.
    pub(crate) fn await_reboot(&mut self, host: HostId) {
        self.set_status(host, HostStatus::Reboot);
        let now = self.now;
        self.begin_power(host, REBOOT_PROBE, PowerStep::Probe { since: now });
    }

    fn probe_reboot(&mut self, host: HostId, since: SimTime) {
        let late = self.now.since(since) >= REBOOT_TIMEOUT;
        if !self.answers(host) && !late {
            self.begin_power(host, REBOOT_PROBE, PowerStep::Probe { since });
            return;
        }
        self.unlock_fence(host);
        let maintenance = self.hosts.get(&host).is_some_and(|row| row.monitor.maintenance_after);
        if maintenance {
            if let Some(row) = self.hosts.get_mut(&host) {
                row.monitor.maintenance_after = false;
            }
            self.now_maintenance(host, None);
            return;
        }
        self.set_status(host, HostStatus::NonResponsive);
        if let Some(row) = self.hosts.get_mut(&host) {
            row.monitor.attempts = super::timers::GRACE_ATTEMPTS + 1;
        }
        self.poll_in(host, 2_000);
    }

    fn soft_fenced(&mut self, host: HostId) {
        let Some(row) = self.hosts.get(&host) else { return };
        if row.outside.ssh == SshManner::Works && row.outside.alive() {
            self.log_host(75, Severity::Normal, host, "SSH Soft Fencing of host {} was successful.", "");
            if let Some(row) = self.hosts.get_mut(&host) {
                row.outside.link = Link::Answering;
            }
            self.unlock_fence(host);
            self.poll_in(host, 500);
            return;
        }
        let row_pm = row.power_management.enabled;
        let external_ok = row.external_status == "ok";
        let has_agents = !row.fence_agents.is_empty();
        if self.status_of(host) != Some(HostStatus::NonResponsive) {
            // It answered, or somebody parked it meanwhile.
            self.unlock_fence(host);
            return;
        }
        if !row_pm {
            let text = "Host {} became Non Responsive. It has no power management configured. Please check the host status, manually reboot it, and click \"Confirm Host Has Been Rebooted\"";
            self.log_host(9028, Severity::Alert, host, text, "");
            self.unlock_fence(host);
            return;
        }
        if !external_ok {
            self.log_host(
                423,
                Severity::Warning,
                host,
                "Host {} will not be fenced automatically because of its external status.",
                "",
            );
            self.unlock_fence(host);
            return;
        }
        if !has_agents || self.proxy(host).is_none() {
            let text = "Failed to power fence host {}. Please check the host status and it's power management settings, and then manually reboot it and click \"Confirm Host Has Been Rebooted\"";
            self.log_host(9002, Severity::Alert, host, text, "");
            self.unlock_fence(host);
            return;
        }
        self.log_host(539, Severity::Normal, host, "Auto fence for host {} was started.", "");
        self.set_status(host, HostStatus::Reboot);
        if self.bmc_answers(host) {
            self.begin_power(host, POWER_ACTION, PowerStep::Stopped);
        } else {
            self.begin_power(host, POWER_ACTION_DEAD, PowerStep::StopFailed);
        }
    }

    /// Cuts a host's power by its BMC.
    pub(crate) fn pull_the_plug(&mut self, host: HostId) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.die();
        }
        self.physical_change();
    }

    /// Whether a power action would reach the BMC.
    pub(crate) fn bmc_answers(&self, host: HostId) -> bool {
        self.hosts.get(&host).is_some_and(|row| match row.outside.bmc {
            Bmc::Living => true,
            Bmc::Dead => false,
            Bmc::WithSite => self.sites.get(&row.site).is_some_and(|site| site.network == Link::Answering),
        })
    }

    /// The host that would carry out a power action on another: of the cluster first, then of the data center.
    pub(crate) fn proxy(&self, host: HostId) -> Option<HostId> {
        let cluster = self.hosts.get(&host)?.cluster;
        let data_center = self.data_center_of(cluster);
        let able = |row: &super::model::Host| {
            row.id != host
                && (row.status == HostStatus::Up
                    || (row.status == HostStatus::NonOperational
                        && row.status_detail.as_deref() != Some("network_unreachable")))
        };
        self.hosts
            .values()
            .find(|row| able(row) && row.cluster == cluster)
            .or_else(|| self.hosts.values().find(|row| able(row) && self.data_center_of(row.cluster) == data_center))
            .map(|row| row.id)
    }

    fn soft_fence_takes(&self, host: HostId) -> u64 {
        let Some(row) = self.hosts.get(&host) else { return SSH_REFUSED };
        match row.outside.ssh {
            SshManner::Refuses => SSH_REFUSED,
            SshManner::Drops => SSH_DROPPED,
            SshManner::Mute => SSH_MUTE,
            SshManner::Works => SSH_WORKS,
            SshManner::AsLink => match self.host_reach(row) {
                Reach::Silent => SSH_DROPPED,
                Reach::Refusing | Reach::Answering => SSH_REFUSED,
            },
        }
    }

    /// Percent of the cluster's hosts that the engine cannot talk to.
    fn broken_share(&self, host: HostId) -> u32 {
        let Some(cluster) = self.hosts.get(&host).map(|row| row.cluster) else { return 0 };
        let hosts: Vec<_> = self.hosts.values().filter(|row| row.cluster == cluster).collect();
        let broken =
            hosts.iter().filter(|row| matches!(row.status, HostStatus::Connecting | HostStatus::NonResponsive)).count();
        u32::try_from(broken * 100 / hosts.len().max(1)).unwrap_or(100)
    }

    fn treatment_skipped_at_startup(&mut self, host: HostId) {
        let text = "Host {} became non responsive. Fence operation skipped as the system is still initializing and this is not a host where hosted engine was running on previously.";
        self.log_host(9003, Severity::Alert, host, text, "");
        if self.spm_status(host) == SpmStatus::None {
            return;
        }
        let Some(data_center) = self.host_data_center(host) else { return };
        let text = format!(
            "Fencing failed on Storage Pool Manager {} for Data Center {}. Setting status to Non-Operational.",
            self.host_name(host),
            self.data_center_name(data_center)
        );
        self.log_data_center(979, Severity::Error, data_center, Some(host), text);
        self.set_data_center(data_center, DataCenterStatus::NotOperational);
        self.queue.push(self.now.plus(NOT_OPERATIONAL_RESET), Due::NotOperationalEnds { data_center });
    }

    /// The one-shot timer: out of `not_operational` if a host is up at this very instant.
    pub(crate) fn not_operational_ends(&mut self, data_center: super::ids::DataCenterId) {
        let up = self
            .hosts
            .values()
            .any(|row| row.status == HostStatus::Up && self.data_center_of(row.cluster) == Some(data_center));
        if up
            && let Some(row) = self.data_centers.get_mut(&data_center)
            && row.status == DataCenterStatus::NotOperational
        {
            row.status = DataCenterStatus::Problematic;
        }
    }

    /// 300 s after the engine's start every host with power management that is still `non_responsive` is treated.
    pub(crate) fn startup_fencing(&mut self) {
        let hosts: Vec<HostId> = self
            .hosts
            .values()
            .filter(|row| row.status == HostStatus::NonResponsive && row.power_management.enabled)
            .map(|row| row.id)
            .collect();
        for host in hosts {
            self.treat(host);
        }
    }
}
