//! The election of an SPM: who may take the role from whom, and how long the storage makes the winner wait.

use super::World;
use super::ids::{DataCenterId, DomainId, HostId};
use super::pool::{Lease, Starting};
use super::queue::Due;
use super::reach::{Reach, Served};
use super::timers::{RECONSTRUCT_SHOWN, SPM_START};
use super::words::{DataCenterStatus, HostStatus, Severity};

/// What an election makes of one candidate.
enum Verdict {
    Start,
    Adopt(HostId),
    /// Whoever may hold the role cannot be asked: the election ends until the next tick.
    Stop,
}

impl World {
    fn candidates(&mut self, data_center: DataCenterId) -> Vec<HostId> {
        let preferred = self.data_centers.get(&data_center).and_then(|row| row.pool.preferred);
        let mut ranked = vec![];
        for host in self.up_hosts(data_center) {
            let Some(priority) = self.hosts.get(&host).map(|row| row.spm_priority) else { continue };
            if priority > -1 {
                ranked.push((preferred != Some(host), std::cmp::Reverse(priority), self.rng.next(), host));
            }
        }
        ranked.sort();
        ranked.into_iter().map(|(_, _, _, host)| host).collect()
    }

    pub(crate) fn elect(&mut self, data_center: DataCenterId, mut tried: Vec<HostId>) {
        let Some(master) = self.master(data_center) else { return };
        let mut asked = false;
        let mut absent = None;
        for host in self.candidates(data_center) {
            if tried.contains(&host) {
                continue;
            }
            match self.meets_master(host, master) {
                Meets::Yes => {}
                Meets::NotYet => continue,
                Meets::Never => {
                    absent = Some(host);
                    continue;
                }
            }
            asked = true;
            match self.verdict(data_center, host) {
                Verdict::Start => {
                    tried.push(host);
                    self.start_spm(data_center, host, tried);
                    return;
                }
                Verdict::Adopt(owner) => {
                    self.now_spm(data_center, owner);
                    return;
                }
                Verdict::Stop => break,
            }
        }
        self.no_spm(data_center, tried.last().copied());
        if let Some(host) = absent.filter(|_| !asked) {
            self.reconstruct(data_center, master, host);
        }
    }

    /// What the storage says about the owner of the role, and whether it may be taken from it.
    fn verdict(&self, data_center: DataCenterId, candidate: HostId) -> Verdict {
        let Some(pool) = self.data_centers.get(&data_center).map(|row| &row.pool) else { return Verdict::Stop };
        let Some(lease) = &pool.lease else { return Verdict::Start };
        let expired = lease.free_at.is_some_and(|at| at <= self.now);
        if expired || lease.owner == candidate || pool.fenced == Some(lease.owner) {
            return Verdict::Start;
        }
        let Some(owner) = self.hosts.get(&lease.owner) else { return Verdict::Start };
        let answers = self.host_reach(owner) == Reach::Answering;
        match owner.status {
            HostStatus::NonResponsive => Verdict::Stop,
            HostStatus::Up if answers && owner.outside.is_spm => Verdict::Adopt(owner.id),
            HostStatus::Up
            | HostStatus::NonOperational
            | HostStatus::Unassigned
            | HostStatus::Down
            | HostStatus::Maintenance
            | HostStatus::Error
            | HostStatus::Installing
            | HostStatus::InstallFailed
            | HostStatus::Reboot
            | HostStatus::PreparingForMaintenance
            | HostStatus::PendingApproval
            | HostStatus::Initializing
            | HostStatus::Connecting
            | HostStatus::InstallingOs
            | HostStatus::Kdumping => {
                if answers {
                    Verdict::Start
                } else {
                    Verdict::Stop
                }
            }
        }
    }

    fn start_spm(&mut self, data_center: DataCenterId, host: HostId, tried: Vec<HostId>) {
        let takes = self.rng.between(SPM_START.0, SPM_START.1);
        let soon = self.now.plus(takes);
        self.set_data_center(data_center, DataCenterStatus::Contend);
        let Some(row) = self.data_centers.get_mut(&data_center) else { return };
        row.spm_host = Some(host);
        row.pool.connected = false;
        row.pool.starting = Some(Starting { host, tried });
        row.pool.token += 1;
        let token = row.pool.token;
        self.queue.push(soon, Due::SpmStarted { data_center, token });
    }

    pub(crate) fn spm_started(&mut self, data_center: DataCenterId, token: u32) {
        let Some(row) = self.data_centers.get(&data_center) else { return };
        if row.pool.token != token {
            return;
        }
        let Some(starting) = row.pool.starting.clone() else { return };
        let lease = row.pool.lease.clone();
        let Some(master) = self.master(data_center) else { return };
        let host = starting.host;
        let lives = self.answers(host) && self.status_of(host) == Some(HostStatus::Up);
        if lives
            && let Some(lease) = &lease
            && let Some(free) = lease.free_at.filter(|free| *free > self.now && lease.owner != host)
        {
            // The host waits for the dead owner's lease; the engine asks every second.
            self.queue.push(free.min(self.now.plus(1_000)), Due::SpmStarted { data_center, token });
            return;
        }
        if lives && self.sees(host, master).is_none() && self.meets_master(host, master) == Meets::Yes {
            // Its storage is still being connected.
            self.queue.push(self.now.plus(500), Due::SpmStarted { data_center, token });
            return;
        }
        let held = lease.is_some_and(|lease| lease.owner != host && lease.free_at.is_none());
        if let Some(row) = self.data_centers.get_mut(&data_center) {
            row.pool.starting = None;
        }
        match self.sees(host, master) {
            Some(site) if lives && !held => {
                if let Some(row) = self.data_centers.get_mut(&data_center) {
                    row.pool.lease = Some(Lease { owner: host, site, free_at: None });
                }
                if let Some(row) = self.hosts.get_mut(&host) {
                    row.outside.is_spm = true;
                }
                self.watch_spms(data_center, host);
                self.now_spm(data_center, host);
            }
            Some(_) | None => self.elect(data_center, starting.tried),
        }
    }

    /// The election has a winner.
    fn now_spm(&mut self, data_center: DataCenterId, host: HostId) {
        if let Some(row) = self.data_centers.get_mut(&data_center) {
            row.spm_host = Some(host);
            row.pool.connected = true;
            row.pool.fenced = None;
            row.pool.preferred = None;
            row.pool.starting = None;
        }
        self.set_data_center(data_center, DataCenterStatus::Up);
        let address = self.hosts.get(&host).map(|row| row.address.clone()).unwrap_or_default();
        let text = format!(
            "Storage Pool Manager runs on Host {} (Address: {address}), Data Center {}.",
            self.host_name(host),
            self.data_center_name(data_center)
        );
        self.log_data_center(204, Severity::Normal, data_center, Some(host), text);
        self.report_domains(data_center);
    }

    /// The election has none. Now and then the loser is shown as SPM for a moment.
    fn no_spm(&mut self, data_center: DataCenterId, loser: Option<HostId>) {
        self.set_data_center(data_center, DataCenterStatus::Problematic);
        let flash = loser.is_some() && self.rng.between(0, 3) == 0;
        let Some(row) = self.data_centers.get_mut(&data_center) else { return };
        row.pool.starting = None;
        row.pool.connected = false;
        row.pool.token += 1;
        if let Some(loser) = loser {
            if flash {
                row.spm_host = Some(loser);
                self.queue.push(self.now.plus(RECONSTRUCT_SHOWN), Due::SpmForgotten { data_center, host: loser });
            } else {
                row.spm_host = None;
            }
        }
    }

    pub(crate) fn spm_forgotten(&mut self, data_center: DataCenterId, host: HostId) {
        if let Some(row) = self.data_centers.get_mut(&data_center)
            && row.spm_host == Some(host)
            && !row.pool.connected
            && row.pool.starting.is_none()
        {
            row.spm_host = None;
        }
    }

    /// Stops the role on a host that answers: the lease is released cleanly.
    pub(crate) fn stop_spm(&mut self, host: HostId) {
        if !self.answers(host) {
            return;
        }
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.is_spm = false;
        }
        for row in self.data_centers.values_mut() {
            if row.spm_host == Some(host) {
                row.spm_host = None;
                row.pool.connected = false;
                row.pool.starting = None;
                row.pool.token += 1;
            }
            if row.pool.lease.as_ref().is_some_and(|lease| lease.owner == host) {
                row.pool.lease = None;
            }
        }
    }

    /// Whether a candidate can connect the pool.
    fn meets_master(&self, host: HostId, master: DomainId) -> Meets {
        if self.sees(host, master).is_some() {
            return Meets::Yes;
        }
        let settling = self.hosts.get(&host).and_then(|row| row.monitor.settling.map(|_| row.monitor.settling_since));
        match settling {
            Some(since) => {
                let good = self.domains.get(&master).is_some_and(|domain| {
                    domain.connections.iter().any(|id| {
                        self.connections
                            .get(id)
                            .is_some_and(|row| self.served_to(host, domain, &row.target) == Served::Good)
                    })
                });
                if good {
                    Meets::Yes
                } else if self.now.since(since) < 60_000 {
                    Meets::NotYet
                } else {
                    Meets::Never
                }
            }
            None => Meets::Never,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meets {
    Yes,
    /// Its storage is still being connected, and will not be.
    NotYet,
    Never,
}
