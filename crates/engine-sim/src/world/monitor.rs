//! The engine's monitoring of one host: polls, grace, `connecting`, `non_responsive`, and the way back.

use super::ids::HostId;
use super::queue::Due;
use super::reach::Reach;
use super::timers::{
    ATTEMPT_GAP, CONNECT_ATTEMPT, GRACE, GRACE_ATTEMPTS, GRACE_SPM, GRACE_VM, HEARTBEAT, LEASE_RESTART_FIRST, POLL,
    POLLS_PER_REPORT,
};
use super::words::{HostStatus, Severity, SpmStatus, VmStatus};
use super::{SimTime, World};

/// What the engine remembers of a host beside its row; lost with a restart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Monitor {
    /// Last good poll; `None` since the engine started.
    pub(crate) last_ok: Option<SimTime>,
    /// Failures since.
    pub(crate) attempts: u32,
    /// Makes older polls void.
    pub(crate) turn: u32,
    /// Until when an attempt to connect holds the monitor; whoever writes the host's row waits for it.
    pub(crate) busy_until: SimTime,
    /// Good polls, for the slower reports.
    pub(crate) polls: u32,
    /// The storage connection in progress behind an `up` that is not settled.
    pub(crate) settling: Option<u32>,
    /// Since when.
    pub(crate) settling_since: SimTime,
    /// Makes older settlings and disconnections void.
    pub(crate) token: u32,
    /// Until when the fence lock is held; `SimTime(u64::MAX)` while an action runs on.
    pub(crate) fence_lock: Option<SimTime>,
    /// Makes older power steps void.
    pub(crate) power_token: u32,
    /// User's power actions, for the quiet time.
    pub(crate) stopped_at: Option<SimTime>,
    pub(crate) started_at: Option<SimTime>,
    /// Whether a restart ends in maintenance.
    pub(crate) maintenance_after: bool,
    /// The world's count of upheavals when its guests were last taken over.
    pub(crate) upheavals_seen: u64,
    /// Whether something happened since that concerns its guests alone.
    pub(crate) looks_again: bool,
    /// Migrations away are tried again then.
    pub(crate) drain_again: SimTime,
}

/// Whether hosts of this status are polled.
pub(crate) fn is_polled(status: HostStatus) -> bool {
    match status {
        HostStatus::Unassigned
        | HostStatus::Up
        | HostStatus::NonResponsive
        | HostStatus::Error
        | HostStatus::PreparingForMaintenance
        | HostStatus::NonOperational
        | HostStatus::Initializing
        | HostStatus::Connecting => true,
        HostStatus::Down
        | HostStatus::Maintenance
        | HostStatus::Installing
        | HostStatus::InstallFailed
        | HostStatus::Reboot
        | HostStatus::PendingApproval
        | HostStatus::InstallingOs
        | HostStatus::Kdumping => false,
    }
}

impl World {
    /// Begins to poll a host, first after `delay`; a poll already planned is dropped.
    pub(crate) fn poll_in(&mut self, host: HostId, delay: u64) {
        let at = self.now.plus(delay);
        if let Some(row) = self.hosts.get_mut(&host) {
            row.monitor.turn += 1;
            let turn = row.monitor.turn;
            self.queue.push(at, Due::Poll { host, turn });
        }
    }

    /// Gives a host another status; the reason is dropped unless the caller sets one after.
    pub(crate) fn set_status(&mut self, host: HostId, status: HostStatus) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.status = status;
            row.status_detail = None;
        }
    }

    pub(crate) fn status_of(&self, host: HostId) -> Option<HostStatus> {
        self.hosts.get(&host).map(|host| host.status)
    }

    pub(crate) fn poll(&mut self, host: HostId, turn: u32) {
        let Some(row) = self.hosts.get(&host) else { return };
        if row.monitor.turn != turn || !is_polled(row.status) {
            return;
        }
        // A connection that was alive fails by its heartbeat, everything else by an attempt to connect.
        let was_connected = row.monitor.attempts == 0
            && row.monitor.last_ok.is_some()
            && matches!(
                row.status,
                HostStatus::Up | HostStatus::NonOperational | HostStatus::PreparingForMaintenance | HostStatus::Error
            );
        match self.host_reach(row) {
            Reach::Answering => {
                if self.poll_answered(host) {
                    self.queue.push(self.now.plus(POLL), Due::Poll { host, turn });
                }
            }
            Reach::Refusing => {
                let delay = if was_connected { self.rng.between(500, 2_500) } else { 0 };
                self.queue.push(self.now.plus(delay), Due::PollFailed { host, turn });
            }
            Reach::Silent if was_connected => {
                let delay = self.rng.between(HEARTBEAT.0, HEARTBEAT.1);
                self.queue.push(self.now.plus(delay), Due::PollFailed { host, turn });
            }
            Reach::Silent => {
                let until = self.now.plus(CONNECT_ATTEMPT);
                if let Some(row) = self.hosts.get_mut(&host) {
                    row.monitor.busy_until = until;
                }
                self.queue.push(until, Due::PollFailed { host, turn });
            }
        }
    }

    pub(crate) fn poll_failed(&mut self, host: HostId, turn: u32) {
        let Some(row) = self.hosts.get(&host) else { return };
        if row.monitor.turn != turn || !is_polled(row.status) {
            return;
        }
        let reach = self.host_reach(row);
        if reach == Reach::Answering {
            // It came back while the attempt ran.
            self.queue.push(self.now.plus(500), Due::Poll { host, turn });
            return;
        }
        let gap = match reach {
            Reach::Silent => self.rng.between(ATTEMPT_GAP.0, ATTEMPT_GAP.1),
            Reach::Refusing | Reach::Answering => POLL,
        };
        self.queue.push(self.now.plus(gap), Due::Poll { host, turn });
        let grace = self.grace(host);
        let now = self.now;
        let Some(row) = self.hosts.get_mut(&host) else { return };
        row.monitor.attempts += 1;
        let in_grace = row.monitor.attempts <= GRACE_ATTEMPTS
            || row.monitor.last_ok.is_some_and(|last_ok| now <= last_ok.plus(grace));
        let status = row.status;
        if in_grace {
            match status {
                HostStatus::Up
                | HostStatus::Unassigned
                | HostStatus::NonOperational
                | HostStatus::Initializing
                | HostStatus::Error => self.now_connecting(host, grace, reach),
                HostStatus::Connecting
                | HostStatus::NonResponsive
                | HostStatus::PreparingForMaintenance
                | HostStatus::Down
                | HostStatus::Maintenance
                | HostStatus::Installing
                | HostStatus::InstallFailed
                | HostStatus::Reboot
                | HostStatus::PendingApproval
                | HostStatus::InstallingOs
                | HostStatus::Kdumping => {}
            }
        } else if status != HostStatus::NonResponsive {
            self.now_non_responsive(host);
        }
    }

    /// Grace of a host since its last good poll.
    fn grace(&self, host: HostId) -> u64 {
        let vms = self.hosts.get(&host).map_or(0, |row| u64::from(row.summary.total));
        let spm = if self.spm_status(host) == SpmStatus::None { 0 } else { GRACE_SPM };
        (GRACE + spm + GRACE_VM * vms) / 1000 * 1000
    }

    fn now_connecting(&mut self, host: HostId, grace: u64, reach: Reach) {
        self.set_status(host, HostStatus::Connecting);
        let managed = self.hosts.get(&host).is_some_and(|row| row.power_management.enabled);
        if managed {
            let text = format!(
                "Host {{}} is not responding. It will stay in Connecting state for a grace period of {} seconds and after that an attempt to fence the host will be issued.",
                grace / 1000
            );
            self.log_host(9008, Severity::Warning, host, &text, "");
        } else {
            let text = "Host {} is not responding. Host cannot be fenced automatically because power management for the host is disabled.";
            self.log_host(9027, Severity::Warning, host, text, "");
        }
        if self.spm_status(host) != SpmStatus::None
            && reach == Reach::Silent
            && let Some(data_center) = self.host_data_center(host)
        {
            // The pool job hung in a call to this host and learns of it with the monitor.
            let delay = self.rng.between(0, 400);
            self.pool_tick_in(data_center, delay);
        }
    }

    fn now_non_responsive(&mut self, host: HostId) {
        self.set_status(host, HostStatus::NonResponsive);
        self.log_host(12, Severity::Error, host, "Host {} is non responsive.", "");
        let vms: Vec<_> = self.vms_on(host).filter(|vm| !vm.status.is_not_running()).map(|vm| vm.id).collect();
        for id in vms {
            if let Some(vm) = self.vms.get_mut(&id) {
                vm.status = VmStatus::Unknown;
                vm.run.token += 1;
            }
            let text = format!("VM {} was set to the Unknown status.", self.vm_name(id));
            self.log_vm(142, Severity::Warning, id, None, text, "");
        }
        if let Some(row) = self.hosts.get_mut(&host) {
            row.monitor.settling = None;
            row.monitor.looks_again = true;
            let turn = row.monitor.turn;
            self.queue.push(self.now.plus(LEASE_RESTART_FIRST), Due::LeaseRestart { host, turn });
        }
        self.treat(host);
    }

    /// Whether the host is polled on.
    fn poll_answered(&mut self, host: HostId) -> bool {
        let (now, upheavals) = (self.now, self.upheavals);
        let Some(row) = self.hosts.get_mut(&host) else { return false };
        row.monitor.last_ok = Some(now);
        row.monitor.attempts = 0;
        row.monitor.busy_until = now;
        row.monitor.polls = row.monitor.polls.wrapping_add(1);
        let report = row.monitor.polls % POLLS_PER_REPORT == 0;
        let same_guests = row.monitor.upheavals_seen == upheavals && !row.monitor.looks_again;
        match row.status {
            // Nearly always: the host is not looked up again, which costs most where there are many.
            HostStatus::Up | HostStatus::NonOperational | HostStatus::Error if same_guests && !report => return true,
            HostStatus::Unassigned | HostStatus::Connecting | HostStatus::NonResponsive | HostStatus::Initializing => {
                // Seen `up` before its storage is connected: the trap that every client must survive.
                self.set_status(host, HostStatus::Up);
                self.report_guests(host);
                self.report_summary(host);
                self.begin_settling(host);
            }
            HostStatus::Up | HostStatus::NonOperational | HostStatus::Error => {
                self.report_guests(host);
                if report {
                    self.report_summary(host);
                }
            }
            HostStatus::PreparingForMaintenance => {
                self.report_guests(host);
                self.report_summary(host);
                self.preparing(host);
            }
            HostStatus::Down
            | HostStatus::Maintenance
            | HostStatus::Installing
            | HostStatus::InstallFailed
            | HostStatus::Reboot
            | HostStatus::PendingApproval
            | HostStatus::InstallingOs
            | HostStatus::Kdumping => {}
        }
        self.status_of(host).is_some_and(is_polled)
    }

    /// Takes over the host's own counters.
    fn report_summary(&mut self, host: HostId) {
        let migrating = u32::try_from(self.migrating_from(host)).unwrap_or(u32::MAX);
        if let Some(row) = self.hosts.get_mut(&host) {
            let total = u32::try_from(row.outside.guests.len()).unwrap_or(u32::MAX);
            row.summary.total = total;
            row.summary.active = total;
            row.summary.migrating = migrating;
        }
    }

    /// A host that prepares for maintenance is there when nothing runs on it.
    fn preparing(&mut self, host: HostId) {
        if self.hosts.get(&host).is_some_and(|row| row.monitor.settling.is_some()) {
            // The storage connection in progress holds the monitor; its failure wins over the deactivation.
            return;
        }
        let busy = self.hosts.get(&host).is_some_and(|row| !row.outside.guests.is_empty())
            || self.vms_on(host).any(|vm| !vm.status.is_not_running());
        if !busy {
            let reason = self.hosts.get(&host).and_then(|row| row.status_detail.clone());
            self.now_maintenance(host, reason);
        } else if self.hosts.get(&host).is_some_and(|row| row.monitor.drain_again <= self.now) {
            self.drain(host);
        }
    }

    /// The host is shown in maintenance; its storage is let go a little later.
    pub(crate) fn now_maintenance(&mut self, host: HostId, reason: Option<String>) {
        let delay = self.rng.between(self.options.disconnect / 2, self.options.disconnect);
        if let Some(row) = self.hosts.get_mut(&host) {
            row.status = HostStatus::Maintenance;
            row.status_detail = reason;
            row.monitor.settling = None;
            row.monitor.token += 1;
            row.monitor.turn += 1;
            row.monitor.attempts = 0;
            row.summary = super::model::Summary::default();
            let token = row.monitor.token;
            self.queue.push(self.now.plus(delay), Due::Disconnect { host, token });
        }
    }

    pub(crate) fn disconnect(&mut self, host: HostId, token: u32) {
        let answers = self.answers(host);
        if let Some(row) = self.hosts.get_mut(&host)
            && row.monitor.token == token
            && row.status == HostStatus::Maintenance
            && answers
        {
            row.outside.mounts.clear();
        }
    }
}
