//! The pool job of a data center: does its SPM answer, and if there is none, which host becomes it?

use super::ids::{DataCenterId, DomainId, HostId};
use super::model::About;
use super::queue::Due;
use super::reach::{Reach, Served};
use super::timers::{POOL_TICK, RECONSTRUCT_SHOWN, SPM_START};
use super::words::{DataCenterStatus, DomainStatus, DomainType, HostStatus, Severity};
use super::{SimTime, World};

/// What the engine remembers of a data center's SPM (lost with a restart), and the lease that is on the storage (not lost).
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    /// Makes older ticks void.
    pub(crate) turn: u32,
    /// Whether there is a connection to the SPM named in the row.
    pub(crate) connected: bool,
    /// The host whose reboot was confirmed while it was the SPM.
    pub(crate) fenced: Option<HostId>,
    /// The host an election prefers.
    pub(crate) preferred: Option<HostId>,
    /// An SPM start in progress.
    pub(crate) starting: Option<Starting>,
    pub(crate) token: u32,
    /// The SPM lease on the master domain.
    pub(crate) lease: Option<Lease>,
}

#[derive(Clone, Debug)]
pub(crate) struct Starting {
    pub(crate) host: HostId,
    tried: Vec<HostId>,
}

/// The SPM lease as the storage records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) owner: HostId,
    /// The site whose copy of the master it was taken on.
    pub(crate) site: String,
    /// When the storage takes the owner for dead; `None` while it renews.
    pub(crate) free_at: Option<SimTime>,
}

/// What an election makes of one candidate.
enum Verdict {
    Start,
    Adopt(HostId),
    /// Whoever may hold the role cannot be asked: the election ends until the next tick.
    Stop,
}

impl World {
    pub(crate) fn pool_tick_in(&mut self, data_center: DataCenterId, delay: u64) {
        let at = self.now.plus(delay);
        if let Some(row) = self.data_centers.get_mut(&data_center) {
            row.pool.turn += 1;
            let turn = row.pool.turn;
            self.queue.push(at, Due::PoolTick { data_center, turn });
        }
    }

    pub(crate) fn pool_tick(&mut self, data_center: DataCenterId, turn: u32) {
        let Some(row) = self.data_centers.get(&data_center) else { return };
        if row.pool.turn != turn {
            return;
        }
        self.pool_tick_in(data_center, POOL_TICK);
        if self.up_hosts(data_center).is_empty() {
            self.set_domains(data_center, &[DomainStatus::Active, DomainStatus::Inactive], DomainStatus::Unknown);
        }
        self.domains_preparing(data_center);
        let Some(row) = self.data_centers.get(&data_center) else { return };
        match row.status {
            DataCenterStatus::Up | DataCenterStatus::Problematic | DataCenterStatus::Contend => {}
            DataCenterStatus::Uninitialized | DataCenterStatus::Maintenance | DataCenterStatus::NotOperational => {
                return;
            }
        }
        if row.pool.starting.is_some() {
            return;
        }
        self.domain_health(data_center);
        if self.ask_spm(data_center) {
            return;
        }
        if self.data_centers.get(&data_center).is_some_and(|row| row.status == DataCenterStatus::Up) {
            self.set_data_center(data_center, DataCenterStatus::Problematic);
            self.pool_tick_in(data_center, 1_000);
            return;
        }
        self.elect(data_center, vec![]);
    }

    /// Asks the SPM the engine is connected to. `true`: nothing to elect, it works or cannot be asked.
    fn ask_spm(&mut self, data_center: DataCenterId) -> bool {
        let Some(row) = self.data_centers.get(&data_center) else { return true };
        let (connected, spm, status) = (row.pool.connected, row.spm_host, row.status);
        let Some(host) = spm.filter(|_| connected).and_then(|id| self.hosts.get(&id)) else {
            if let Some(row) = self.data_centers.get_mut(&data_center) {
                row.pool.connected = false;
            }
            return false;
        };
        let (id, noticed, is_spm) = (host.id, host.status != HostStatus::Up, host.outside.is_spm);
        let given_up = host.status == HostStatus::NonResponsive;
        match self.host_reach(host) {
            Reach::Answering if is_spm => {
                if status != DataCenterStatus::Up {
                    self.set_data_center(data_center, DataCenterStatus::Up);
                }
                self.report_domains(data_center);
                true
            }
            Reach::Answering => {
                if let Some(row) = self.data_centers.get_mut(&data_center) {
                    row.pool.connected = false;
                }
                false
            }
            // The call hangs until the monitor notices.
            Reach::Silent if !noticed => true,
            Reach::Silent | Reach::Refusing => {
                if given_up {
                    // Elections begin, and end at once while the storage names this host as owner and nobody confirmed it.
                    if let Some(row) = self.data_centers.get_mut(&data_center) {
                        row.pool.connected = false;
                    }
                    return false;
                }
                // A network error does not move the role.
                if status != DataCenterStatus::Problematic {
                    self.set_data_center(data_center, DataCenterStatus::Problematic);
                    let text = format!(
                        "Invalid status on Data Center {}. Setting Data Center status to Non Responsive (On host {}, Error: Network error during communication with the Host.).",
                        self.data_center_name(data_center),
                        self.host_name(id)
                    );
                    self.log_data_center(987, Severity::Warning, data_center, Some(id), text);
                }
                true
            }
        }
    }

    /// Hosts of a data center that are `up`.
    pub(crate) fn up_hosts(&self, data_center: DataCenterId) -> Vec<HostId> {
        self.hosts
            .values()
            .filter(|row| row.status == HostStatus::Up && self.data_center_of(row.cluster) == Some(data_center))
            .map(|row| row.id)
            .collect()
    }

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

    fn elect(&mut self, data_center: DataCenterId, mut tried: Vec<HostId>) {
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
                        self.connections.get(id).is_some_and(|row| self.served(domain, &row.target) == Served::Good)
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

    /// No candidate finds the master: the engine tries to give its role to another domain. In vain it is shown for a moment.
    fn reconstruct(&mut self, data_center: DataCenterId, master: DomainId, host: HostId) {
        let mut choices: Vec<_> = self
            .domains
            .values()
            .filter(|domain| {
                domain.id != master
                    && domain.kind == DomainType::Data
                    && domain.attached.is_some_and(|place| {
                        place.data_center == data_center
                            && matches!(place.status, DomainStatus::Active | DomainStatus::Unknown)
                    })
            })
            .map(|domain| (domain.last_master, domain.name.clone(), domain.id))
            .collect();
        choices.sort();
        let Some((_, _, to)) = choices.into_iter().next() else { return };
        let works = self.sees(host, to).is_some();
        let order = self.data_centers.get(&data_center).map_or(0, |row| row.master_version) + 1;
        if let Some(row) = self.data_centers.get_mut(&data_center) {
            row.master_version = order;
        }
        self.move_master(master, to, DomainStatus::Inactive);
        if let Some(domain) = self.domains.get_mut(&to) {
            domain.last_master = order;
        }
        let about = About { data_center: Some(data_center), domain: Some(master), ..About::default() };
        if works {
            if let Some(row) = self.data_centers.get_mut(&data_center) {
                row.pool.lease = None;
                row.spm_host = None;
            }
            let text =
                format!("Reconstruct Master Domain for Data Center {} completed.", self.data_center_name(data_center));
            self.log(984, Severity::Normal, about, text, "");
        } else {
            let text =
                format!("Failed to Reconstruct Master Domain for Data Center {}.", self.data_center_name(data_center));
            self.log(985, Severity::Error, about, text, "");
            let at = self.now.plus(RECONSTRUCT_SHOWN);
            self.queue.push(at, Due::MasterBack { data_center, from: to, to: master });
        }
    }

    pub(crate) fn master_back(&mut self, data_center: DataCenterId, from: DomainId, to: DomainId) {
        self.move_master(from, to, DomainStatus::Unknown);
        if let Some(place) = self.domains.get_mut(&to).and_then(|domain| domain.attached.as_mut())
            && place.data_center == data_center
        {
            place.status = DomainStatus::Unknown;
        }
    }

    fn move_master(&mut self, from: DomainId, to: DomainId, old: DomainStatus) {
        if let Some(domain) = self.domains.get_mut(&from) {
            domain.master = false;
            if let Some(place) = &mut domain.attached {
                place.status = old;
            }
        }
        if let Some(domain) = self.domains.get_mut(&to) {
            domain.master = true;
        }
    }

    /// Something changed outside: leases of owners that are gone begin to run out.
    pub(crate) fn physical_change(&mut self) {
        self.changes += 1;
        let free_at = self.now.plus(self.options.dead_lease);
        let ids: Vec<DataCenterId> = self.data_centers.keys().copied().collect();
        for id in ids {
            let Some(lease) = self.data_centers.get(&id).and_then(|row| row.pool.lease.clone()) else { continue };
            let renews = lease.free_at.is_none();
            let lives = self.hosts.get(&lease.owner).is_some_and(|row| row.outside.is_spm)
                && self.master(id).and_then(|master| self.sees(lease.owner, master)).as_deref() == Some(&lease.site);
            if renews && !lives {
                if let Some(row) = self.hosts.get_mut(&lease.owner)
                    && self.data_centers.get(&id).is_some_and(|dc| dc.pool.lease.as_ref() == Some(&lease))
                {
                    // A living host that lost the storage gives the role up; one whose copy was overtaken keeps it there.
                    row.outside.is_spm = false;
                }
                if let Some(row) = self.data_centers.get_mut(&id) {
                    row.pool.lease = Some(Lease { free_at: Some(free_at), ..lease });
                }
            }
        }
        self.vm_leases_change();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meets {
    Yes,
    /// Its storage is still being connected, and will not be.
    NotYet,
    Never,
}
