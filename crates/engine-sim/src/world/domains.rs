//! Storage domains in their data center: statuses that follow the data center, activation, deactivation, health.

use super::World;
use super::command::{Answer, Begun, Refusal};
use super::ids::{DataCenterId, DomainId, HostId};
use super::model::{About, DiskStorage};
use super::queue::{Due, Rest};
use super::timers::DOMAIN_FAILURE;
use super::words::{DataCenterStatus, DomainStatus, DomainType, HostStatus, Severity};

/// What a domain shows as free and used, while somebody reports it.
const AVAILABLE: u64 = 45 << 30;

/// An activation whose storage answers, ms.
const ACTIVATION: u64 = 170;

impl World {
    /// Gives a data center another status; a bad one makes its active domains `unknown`.
    pub(crate) fn set_data_center(&mut self, data_center: DataCenterId, status: DataCenterStatus) {
        let Some(row) = self.data_centers.get_mut(&data_center) else { return };
        let before = row.status;
        row.status = status;
        let bad = matches!(status, DataCenterStatus::Problematic | DataCenterStatus::NotOperational);
        if bad && before != status {
            self.set_domains(data_center, &[DomainStatus::Active], DomainStatus::Unknown);
            if before == DataCenterStatus::Up && status == DataCenterStatus::Problematic {
                let text = format!(
                    "Invalid status on Data Center {}. Setting status to Non Responsive.",
                    self.data_center_name(data_center)
                );
                self.log_data_center(980, Severity::Warning, data_center, None, text);
            }
        }
    }

    pub(crate) fn set_domains(&mut self, data_center: DataCenterId, from: &[DomainStatus], to: DomainStatus) {
        for domain in self.domains.values_mut() {
            if let Some(place) = &mut domain.attached
                && place.data_center == data_center
                && from.contains(&place.status)
            {
                place.status = to;
            }
        }
    }

    pub(crate) fn set_domain(&mut self, domain: DomainId, status: DomainStatus) {
        if let Some(place) = self.domains.get_mut(&domain).and_then(|domain| domain.attached.as_mut()) {
            place.status = status;
        }
    }

    pub(crate) fn domain_status(&self, domain: DomainId) -> Option<DomainStatus> {
        self.domains.get(&domain)?.attached.map(|place| place.status)
    }

    /// The SPM reports what it was told: `unknown` becomes `active` with the same tick.
    pub(crate) fn report_domains(&mut self, data_center: DataCenterId) {
        let up = self.up_hosts(data_center);
        let ids: Vec<DomainId> = self.domains.keys().copied().collect();
        for id in ids {
            let seen = up.iter().any(|host| self.sees(*host, id).is_some());
            let Some(domain) = self.domains.get_mut(&id) else { continue };
            let Some(place) = domain.attached.as_mut().filter(|place| place.data_center == data_center) else {
                continue;
            };
            match place.status {
                DomainStatus::Unknown => place.status = DomainStatus::Active,
                DomainStatus::Inactive if seen => place.status = DomainStatus::Active,
                DomainStatus::Inactive
                | DomainStatus::Active
                | DomainStatus::Unattached
                | DomainStatus::Locked
                | DomainStatus::Maintenance
                | DomainStatus::PreparingForMaintenance
                | DomainStatus::Detaching
                | DomainStatus::Activating => {}
            }
            if seen {
                domain.available = Some(AVAILABLE);
                domain.used = Some(5 << 30);
            }
        }
    }

    /// A domain that hosts report bad for five minutes: all of them, and it is inactive; some, and those hosts are out.
    pub(crate) fn domain_health(&mut self, data_center: DataCenterId) {
        let hosts: Vec<HostId> = self
            .up_hosts(data_center)
            .into_iter()
            .filter(|id| self.hosts.get(id).is_some_and(|row| row.monitor.settling.is_none()))
            .collect();
        if hosts.is_empty() {
            return;
        }
        let domains: Vec<DomainId> = self
            .domains
            .values()
            .filter(|domain| {
                domain.kind == DomainType::Data
                    && domain.attached.is_some_and(|place| {
                        place.data_center == data_center
                            && matches!(place.status, DomainStatus::Active | DomainStatus::Unknown)
                    })
            })
            .map(|domain| domain.id)
            .collect();
        for id in domains {
            let blind: Vec<HostId> = hosts.iter().copied().filter(|host| self.sees(*host, id).is_none()).collect();
            let now = self.now;
            let Some(domain) = self.domains.get_mut(&id) else { continue };
            if blind.is_empty() {
                domain.bad_since = None;
                continue;
            }
            let since = *domain.bad_since.get_or_insert(now);
            if now.since(since) < DOMAIN_FAILURE {
                continue;
            }
            let (master, name) = (domain.master, domain.name.clone());
            domain.bad_since = None;
            if blind.len() < hosts.len() {
                for host in blind {
                    self.now_non_operational(host, "storage_domain_unreachable");
                }
            } else if !master {
                self.set_domain(id, DomainStatus::Inactive);
                let about = About { data_center: Some(data_center), domain: Some(id), ..About::default() };
                let text = format!(
                    "Storage Domain {name} (Data Center {}) was deactivated by system because it's not visible by any of the hosts.",
                    self.data_center_name(data_center)
                );
                self.log(970, Severity::Warning, about, text, "");
            }
        }
    }

    /// `preparing_for_maintenance` ends when every host has reported; one that does not respond never does.
    pub(crate) fn domains_preparing(&mut self, data_center: DataCenterId) {
        let blocked = self.hosts.values().any(|row| {
            row.status == HostStatus::NonResponsive && self.data_center_of(row.cluster) == Some(data_center)
        });
        if !blocked {
            self.set_domains(data_center, &[DomainStatus::PreparingForMaintenance], DomainStatus::Maintenance);
        }
    }

    /// `POST /datacenters/{dc}/storagedomains/{sd}/activate`: answers when the domain is active.
    pub(crate) fn activate_domain(&mut self, data_center: DataCenterId, domain: DomainId, correlation: &str) -> Begun {
        match self.begin_activation(data_center, domain) {
            Ok(_) => {
                let name = self.domains.get(&domain).map(|row| row.name.clone()).unwrap_or_default();
                let answer = self.done_as_job(format!("Activating Storage Domain {name}"), correlation);
                self.block(self.now.plus(ACTIVATION), Rest::Answer(Ok(answer)))
            }
            Err(refusal) => Begun::Answered(Err(refusal)),
        }
    }

    fn begin_activation(&mut self, data_center: DataCenterId, domain: DomainId) -> Result<Answer, Refusal> {
        let status = self.place(data_center, domain)?;
        let no = |text: String| Err(Refusal::new(409, text));
        match status {
            DomainStatus::Inactive
            | DomainStatus::Unknown
            | DomainStatus::Maintenance
            | DomainStatus::PreparingForMaintenance => {}
            DomainStatus::Active => return no(illegal("activate", status)),
            DomainStatus::Unattached | DomainStatus::Locked | DomainStatus::Detaching | DomainStatus::Activating => {
                return no(
                    "Cannot activate Storage. Related operation is currently in progress. Please try again later."
                        .to_owned(),
                );
            }
        }
        let master = self.domains.get(&domain).is_some_and(|row| row.master);
        let master_active =
            self.master(data_center).and_then(|id| self.domain_status(id)) == Some(DomainStatus::Active);
        if !master && !master_active {
            return no("Failed to activate Storage due to an error on the Data Center master Storage Domain.\n-Please activate the master Storage Domain first.".to_owned());
        }
        let hosts = self.up_hosts(data_center);
        if hosts.is_empty() {
            return no("Cannot activate Storage. There is no active Host in the Data Center.".to_owned());
        }
        let rows: Vec<_> = self
            .domains
            .get(&domain)
            .map(|row| {
                row.connections
                    .iter()
                    .filter_map(|id| self.connections.get(id))
                    .filter(|connection| self.served(row, &connection.target) == super::reach::Served::Good)
                    .map(|connection| (connection.id, connection.target.clone()))
                    .collect()
            })
            .unwrap_or_default();
        for host in &hosts {
            if let Some(row) = self.hosts.get_mut(host) {
                for (connection, target) in &rows {
                    row.outside.mounts.insert(*connection, target.clone());
                }
            }
        }
        if !hosts.iter().any(|host| self.sees(*host, domain).is_some()) {
            return Err(Refusal::new(400, ""));
        }
        self.set_domain(domain, if master { DomainStatus::Locked } else { DomainStatus::Activating });
        if let Some(row) = self.domains.get_mut(&domain) {
            row.activates = true;
        }
        self.queue.push(self.now.plus(ACTIVATION), Due::DomainStep { domain });
        Ok(Answer::default())
    }

    /// `POST /datacenters/{dc}/storagedomains/{sd}/deactivate`: 200 long before the domain is in maintenance.
    pub(crate) fn deactivate_domain(&mut self, data_center: DataCenterId, domain: DomainId) -> Result<Answer, Refusal> {
        let status = self.place(data_center, domain)?;
        let no = |text: String| Err(Refusal::new(409, text));
        match status {
            DomainStatus::Active | DomainStatus::Inactive => {}
            // The engine's text names another status than the domain's.
            DomainStatus::Unknown => return no(illegal("deactivate", DomainStatus::Inactive)),
            DomainStatus::Maintenance | DomainStatus::Unattached => return no(illegal("deactivate", status)),
            DomainStatus::Locked
            | DomainStatus::PreparingForMaintenance
            | DomainStatus::Detaching
            | DomainStatus::Activating => {
                return no(
                    "Cannot deactivate Storage. Related operation is currently in progress. Please try again later."
                        .to_owned(),
                );
            }
        }
        let leased: Vec<&str> = self
            .vms
            .values()
            .filter(|vm| vm.lease == Some(domain) && !vm.status.is_not_running())
            .map(|vm| vm.name.as_str())
            .collect();
        if !leased.is_empty() {
            return no(format!(
                "Cannot deactivate domain, the domain contains leases for the following running VMs: {}",
                leased.join(", ")
            ));
        }
        if self.vms.values().any(|vm| !vm.status.is_not_running() && self.vm_uses(vm, domain)) {
            return no("Cannot deactivate Storage. VMs in a state other than \"Down\" or \"Suspended\" were detected.\n-Please ensure all VMs associated with this Storage Domain are stopped and in the Down or Suspended state first.".to_owned());
        }
        self.set_domain(domain, DomainStatus::Locked);
        if let Some(row) = self.domains.get_mut(&domain) {
            row.activates = false;
        }
        self.queue.push(self.now.plus(8_000), Due::DomainStep { domain });
        Ok(Answer::default())
    }

    /// The background part of an activation or a deactivation ends.
    pub(crate) fn domain_step(&mut self, domain: DomainId) {
        let Some(row) = self.domains.get(&domain) else { return };
        let Some(place) = row.attached else { return };
        let data_center = place.data_center;
        match place.status {
            DomainStatus::Activating => self.set_domain(domain, DomainStatus::Active),
            DomainStatus::Locked if row.activates => {
                // The master: its activation elects the SPM.
                self.set_domain(domain, DomainStatus::Unknown);
                self.set_data_center(data_center, DataCenterStatus::Problematic);
                self.pool_tick_in(data_center, 100);
            }
            DomainStatus::Locked if row.master => self.master_leaves(data_center, domain),
            DomainStatus::Locked => self.set_domain(domain, DomainStatus::PreparingForMaintenance),
            DomainStatus::Unknown
            | DomainStatus::Unattached
            | DomainStatus::Active
            | DomainStatus::Inactive
            | DomainStatus::Maintenance
            | DomainStatus::PreparingForMaintenance
            | DomainStatus::Detaching => {}
        }
    }

    /// The master is deactivated: the role moves on, or the data center goes into maintenance with its last domain.
    fn master_leaves(&mut self, data_center: DataCenterId, domain: DomainId) {
        let another = self
            .domains
            .values()
            .find(|other| {
                other.id != domain
                    && other.kind == DomainType::Data
                    && other.attached.is_some_and(|place| {
                        place.data_center == data_center
                            && matches!(place.status, DomainStatus::Active | DomainStatus::Unknown)
                    })
            })
            .map(|other| other.id);
        if let Some(another) = another {
            if let Some(row) = self.domains.get_mut(&domain) {
                row.master = false;
            }
            if let Some(row) = self.domains.get_mut(&another) {
                row.master = true;
            }
            self.set_domain(domain, DomainStatus::PreparingForMaintenance);
        } else {
            self.set_domain(domain, DomainStatus::Maintenance);
            if let Some(spm) = self.data_centers.get(&data_center).and_then(|row| row.spm_host) {
                self.stop_spm(spm);
            }
            self.set_data_center(data_center, DataCenterStatus::Maintenance);
        }
    }

    /// Whether a VM has a disk image on a domain.
    pub(crate) fn vm_uses(&self, vm: &super::model::Vm, domain: DomainId) -> bool {
        vm.disks.iter().filter_map(|id| self.disks.get(id)).any(|disk| match &disk.storage {
            DiskStorage::Image { domain: on } => *on == domain,
            DiskStorage::Lun { .. } => false,
        })
    }

    fn place(&self, data_center: DataCenterId, domain: DomainId) -> Result<DomainStatus, Refusal> {
        self.domains
            .get(&domain)
            .and_then(|row| row.attached)
            .filter(|place| place.data_center == data_center)
            .map(|place| place.status)
            .ok_or_else(Refusal::not_found)
    }
}

fn illegal(action: &str, status: DomainStatus) -> String {
    let mut word = status.as_str().to_owned();
    if let Some(first) = word.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    format!("Cannot {action} Storage. The relevant Storage Domain's status is {word}.")
}
