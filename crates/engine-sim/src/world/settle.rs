//! What happens behind the first `up` of a host: it connects the storage, or fails to and becomes `non_operational`.

use super::World;
use super::ids::{ConnectionId, DataCenterId, DomainId, HostId};
use super::model::{About, Target};
use super::queue::Due;
use super::reach::Served;
use super::words::{DataCenterStatus, DomainStatus, DomainType, HostStatus, Severity, StorageType};

/// What connecting all storage of a data center would give now.
struct Storage {
    /// How long it takes, ms.
    takes: u64,
    /// Rows that can be connected.
    good: Vec<(ConnectionId, Target)>,
    /// Domains whose failure fails the host.
    bad: Vec<DomainId>,
    /// Rows that failed, as the host reports them.
    failed: Vec<String>,
}

impl World {
    /// Begins to connect the storage of a host that has just become `up`.
    pub(crate) fn begin_settling(&mut self, host: HostId) {
        let now = self.now;
        let takes = match self.storage_matters(host) {
            Some(data_center) => self.look_at_storage(host, data_center).takes,
            None => 300,
        };
        let jitter = self.rng.between(0, takes / 4 + 200);
        let Some(row) = self.hosts.get_mut(&host) else { return };
        row.monitor.token += 1;
        let token = row.monitor.token;
        row.monitor.settling = Some(token);
        row.monitor.settling_since = now;
        self.queue.push(now.plus(takes + jitter), Due::Settled { host, token });
    }

    /// The storage is connected, or a connection has failed.
    pub(crate) fn settled(&mut self, host: HostId, token: u32) {
        let Some(row) = self.hosts.get_mut(&host) else { return };
        if row.monitor.settling != Some(token) {
            return;
        }
        row.monitor.settling = None;
        let status = row.status;
        if !matches!(status, HostStatus::Up | HostStatus::PreparingForMaintenance) || !self.answers(host) {
            return;
        }
        let Some(data_center) = self.storage_matters(host) else {
            self.host_is_up(host);
            return;
        };
        let storage = self.look_at_storage(host, data_center);
        if let Some(row) = self.hosts.get_mut(&host) {
            for (connection, target) in &storage.good {
                row.outside.mounts.insert(*connection, target.clone());
            }
            // What was paused for want of storage may go on.
            row.monitor.looks_again = true;
        }
        let pool_failed = storage.bad.is_empty() && !self.pool_connects(host, data_center);
        if storage.bad.is_empty() && !pool_failed {
            self.host_is_up(host);
            return;
        }
        for failed in &storage.failed {
            let text = format!(
                "The error message for connection {failed} returned by VDSM was: Problem while trying to mount target"
            );
            self.log(996, Severity::Error, About::default(), text, "");
        }
        if !storage.bad.is_empty() {
            let names: Vec<String> = storage
                .bad
                .iter()
                .filter_map(|domain| self.domains.get(domain).map(|domain| domain.name.clone()))
                .collect();
            let text = format!("Failed to connect Host {{}} to the Storage Domains {}.", names.join(","));
            self.log_host(188, Severity::Error, host, &text, "");
            self.log_host(994, Severity::Warning, host, "Failed to connect Host {} to Storage Servers", "");
        } else {
            let text = format!("Failed to connect Host {{}} to Storage Pool {}", self.data_center_name(data_center));
            self.log_host(995, Severity::Warning, host, &text, "");
        }
        self.now_non_operational(host, "storage_domain_unreachable");
    }

    /// The host is no longer of use; a deactivation that came in between is lost, as in a real engine.
    pub(crate) fn now_non_operational(&mut self, host: HostId, reason: &str) {
        let data_center = self.host_data_center(host);
        self.set_status(host, HostStatus::NonOperational);
        if let Some(row) = self.hosts.get_mut(&host) {
            row.status_detail = Some(reason.to_owned());
        }
        let pool = data_center.map(|id| self.data_center_name(id)).unwrap_or_default();
        let text = format!(
            "Host {{}} cannot access the Storage Domain(s) <UNKNOWN> attached to the Data Center {pool}. Setting Host state to Non-Operational."
        );
        self.log_host(522, Severity::Warning, host, &text, "");
    }

    fn host_is_up(&mut self, host: HostId) {
        if self.status_of(host) != Some(HostStatus::Up) {
            return;
        }
        self.log_host(13, Severity::Normal, host, "Status of host {} was set to Up.", "");
        if let Some(data_center) = self.host_data_center(host)
            && let Some(row) = self.data_centers.get_mut(&data_center)
            && row.status == DataCenterStatus::NotOperational
            && row.spm_host == Some(host)
        {
            row.status = DataCenterStatus::Problematic;
        }
    }

    /// The data center whose storage the host must connect, if any: in `uninitialized` and `maintenance` nothing is connected.
    fn storage_matters(&self, host: HostId) -> Option<DataCenterId> {
        let id = self.host_data_center(host)?;
        match self.data_centers.get(&id)?.status {
            DataCenterStatus::Uninitialized | DataCenterStatus::Maintenance => None,
            DataCenterStatus::Up
            | DataCenterStatus::NotOperational
            | DataCenterStatus::Problematic
            | DataCenterStatus::Contend => Some(id),
        }
    }

    fn look_at_storage(&self, host: HostId, data_center: DataCenterId) -> Storage {
        let delay = self.hosts.get(&host).map_or(0, |row| row.outside.storage_delay);
        let mut storage = Storage { takes: self.options.storage_connect, good: vec![], bad: vec![], failed: vec![] };
        for domain in self.domains.values() {
            let wanted = domain.attached.is_some_and(|place| {
                place.data_center == data_center
                    && matches!(place.status, DomainStatus::Active | DomainStatus::Unknown | DomainStatus::Inactive)
            });
            if !wanted || domain.storage == StorageType::Fcp {
                continue;
            }
            let mut reached = false;
            for connection in &domain.connections {
                let Some(row) = self.connections.get(connection) else { continue };
                let served = self.served_to(host, domain, &row.target);
                storage.takes = storage.takes.max(match served {
                    Served::Good | Served::Empty => self.options.storage_connect,
                    Served::Refused => self.options.storage_refused,
                    Served::Silent => self.options.storage_silent,
                });
                match served {
                    Served::Good | Served::Empty => {
                        reached = true;
                        storage.good.push((*connection, row.target.clone()));
                    }
                    Served::Refused | Served::Silent => storage.failed.push(shown(&row.target)),
                }
            }
            // A LUN needs one path that works; a mount has only one. ISO and export domains never fail a host.
            if !reached && domain.kind == DomainType::Data {
                storage.bad.push(domain.id);
            }
        }
        storage.takes += delay;
        storage
    }

    /// The pool connection and the health of all domains; both are forgiven while the master is inactive or unknown.
    fn pool_connects(&self, host: HostId, data_center: DataCenterId) -> bool {
        let forgiven = self.master(data_center).and_then(|id| self.domains.get(&id)).is_some_and(|master| {
            master.attached.is_some_and(|place| matches!(place.status, DomainStatus::Inactive | DomainStatus::Unknown))
        });
        forgiven
            || self
                .domains
                .values()
                .filter(|domain| {
                    domain.kind == DomainType::Data
                        && domain.attached.is_some_and(|place| {
                            place.data_center == data_center
                                && matches!(place.status, DomainStatus::Active | DomainStatus::Unknown)
                        })
                })
                .all(|domain| self.sees(host, domain.id).is_some())
    }

    /// The master domain of a data center.
    pub(crate) fn master(&self, data_center: DataCenterId) -> Option<DomainId> {
        self.domains
            .values()
            .find(|domain| domain.master && domain.attached.is_some_and(|place| place.data_center == data_center))
            .map(|domain| domain.id)
    }
}

/// A target as hosts write it.
pub(crate) fn shown(target: &Target) -> String {
    match target {
        Target::Mount { address, path } if address.is_empty() => path.clone(),
        Target::Mount { address, path } => format!("{address}:{path}"),
        Target::Portal { address, port, target } => format!("{target} {address}:{port}"),
    }
}
