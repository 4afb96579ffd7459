//! The pool job of a data center: does its SPM answer, and if there is none, which host becomes it?

use super::ids::{DataCenterId, DomainId, HostId};
use super::model::About;
use super::queue::Due;
use super::reach::Reach;
use super::timers::{POOL_TICK, RECONSTRUCT_SHOWN};
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
    pub(crate) tried: Vec<HostId>,
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

    /// No candidate finds the master: the engine tries to give its role to another domain. In vain it is shown for a moment.
    pub(crate) fn reconstruct(&mut self, data_center: DataCenterId, master: DomainId, host: HostId) {
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
        self.upheavals += 1;
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
