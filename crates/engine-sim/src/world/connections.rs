//! `/storageconnections`: the rows that a failover repoints, and all that the engine checks before it does.

use super::World;
use super::command::{Answer, Begun, ConnectionChange, Outcome, Refusal, RefusalBody, ViolationKind};
use super::hosts::set;
use super::ids::{ConnectionId, DomainId};
use super::model::{Connection, DiskStorage, Host, Target};
use super::queue::Rest;
use super::settle::shown;
use super::words::{DomainStatus, HostStatus, JobStatus, StorageType, VmStatus};

type Answered = Result<Answer, Refusal>;

const EDIT: &str = "Cannot edit Storage Connection.";
const LOCKED: &str = "Related operation is currently in progress. Please try again later.";
const ADD: &str = "Cannot add Storage Connection.";

impl World {
    /// `PUT /storageconnections/{id}`: one row is written; no host is told.
    pub(crate) fn update_connection(
        &mut self,
        id: ConnectionId,
        force: bool,
        change: ConnectionChange,
        correlation: &str,
    ) -> Begun {
        // A monitored command: the answer does not name its job, only a search by correlation id finds it.
        let job = self.start_job("Updating storage connection details".to_owned(), correlation);
        let result = self.write_connection(id, force, change);
        self.end_job(Some(job), if result.is_ok() { JobStatus::Finished } else { JobStatus::Failed });
        match result {
            Ok(answer) => {
                // The domains stay locked for the length of the call: edits of portals of one domain collide.
                let at = self.now.plus(self.rng.between(20, 90));
                for domain in self.domains.values_mut().filter(|domain| domain.connections.contains(&id)) {
                    domain.locked_until = at;
                }
                self.block(at, Rest::Answer(Ok(answer)))
            }
            Err(refusal) => Begun::Answered(Err(refusal)),
        }
    }

    fn write_connection(&mut self, id: ConnectionId, force: bool, change: ConnectionChange) -> Answered {
        let Some(row) = self.connections.get(&id) else { return Err(Refusal::not_found()) };
        let host = change.host;
        let kind = row.kind;
        if change.kind.is_some_and(|wanted| wanted != kind) {
            // Seen: an NFS row sent as iSCSI is refused for the members it then lacks.
            return Err(match change.kind {
                Some(StorageType::Iscsi) => Refusal::new(400, "Target details cannot be empty."),
                Some(
                    StorageType::Nfs
                    | StorageType::Posixfs
                    | StorageType::Glusterfs
                    | StorageType::Fcp
                    | StorageType::Localfs,
                )
                | None => Refusal::new(400, format!("{EDIT} The storage type cannot be changed.")),
            });
        }
        let wanted = merged(row, change)?;
        check(&wanted)?;
        if kind == StorageType::Glusterfs && host.is_none() {
            return Err(Refusal::new(500, "General command validation failure."));
        }
        if let Some(other) = self.connections.values().find(|other| other.id != id && other.target == wanted.target) {
            return Err(self.already_exists(EDIT, other.id));
        }
        let domains = self.domains_of(id);
        let locked = domains.iter().filter_map(|id| self.domains.get(id)).any(|domain| domain.locked_until > self.now);
        if locked {
            return Err(Refusal::new(409, format!("{EDIT} {LOCKED}")));
        }
        self.may_edit(id, &domains, force)?;
        if let Some(Err(())) = host {
            return Err(Refusal::new(400, "Internal Engine Error"));
        }
        self.watch_connection_write(id, &wanted.target);
        self.connections.insert(id, wanted);
        if host.is_some() {
            // The trap of the member `host`: the domain is thrown into maintenance, whatever it was.
            for domain in domains {
                self.set_domain(domain, DomainStatus::Maintenance);
            }
        }
        Ok(Answer::default())
    }

    /// The domains a row is used by.
    fn domains_of(&self, id: ConnectionId) -> Vec<DomainId> {
        self.domains.values().filter(|domain| domain.connections.contains(&id)).map(|domain| domain.id).collect()
    }

    /// Domains must be in maintenance or unattached, or forced; VMs with a direct LUN behind the row must be down in any case.
    fn may_edit(&self, id: ConnectionId, domains: &[DomainId], force: bool) -> Result<(), Refusal> {
        let mut running = vec![];
        for vm in self.vms.values().filter(|vm| vm.status != VmStatus::Down) {
            let behind = vm.disks.iter().filter_map(|disk| self.disks.get(disk)).any(|disk| match &disk.storage {
                DiskStorage::Lun { connections, .. } => connections.contains(&id),
                DiskStorage::Image { .. } => false,
            });
            if behind {
                running.push(vm.name.clone());
            }
        }
        let mut busy = vec![];
        for domain in domains.iter().filter_map(|id| self.domains.get(id)) {
            match domain.attached.map(|place| place.status) {
                None | Some(DomainStatus::Maintenance) => {}
                Some(DomainStatus::Locked | DomainStatus::Activating | DomainStatus::Detaching) => {
                    return Err(Refusal::new(409, format!("{EDIT} {LOCKED}")));
                }
                Some(
                    DomainStatus::Unknown
                    | DomainStatus::Unattached
                    | DomainStatus::Active
                    | DomainStatus::Inactive
                    | DomainStatus::PreparingForMaintenance,
                ) => {
                    if !force {
                        busy.push(domain.name.clone());
                    }
                }
            }
        }
        let vms = running.join(", ");
        let names = busy.join(", ");
        match (running.is_empty(), busy.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => Err(Refusal::new(
                400,
                format!("{EDIT} The data domains {names} should be in maintenance or unattached."),
            )),
            (false, true) => Err(Refusal::new(400, format!("{EDIT} The following VMs should be down: {vms}."))),
            (false, false) => Err(Refusal::new(
                400,
                format!(
                    "{EDIT} The following VMs should be down: {vms}. The data domains {names} should be in maintenance or unattached."
                ),
            )),
        }
    }

    fn already_exists(&self, action: &str, other: ConnectionId) -> Refusal {
        let names: Vec<String> = self
            .domains_of(other)
            .iter()
            .filter_map(|id| self.domains.get(id).map(|domain| domain.name.clone()))
            .collect();
        Refusal::new(409, format!("{action} Storage connection {other} already exists for {}.", names.join(",")))
    }

    /// `POST /storageconnections`
    pub(crate) fn add_connection(&mut self, kind: StorageType, change: ConnectionChange) -> Answered {
        let incomplete = |member: &str| Refusal {
            http_status: 400,
            body: RefusalBody::Fault {
                reason: "Incomplete parameters".to_owned(),
                detail: format!("StorageConnection [{member}] required for add"),
            },
        };
        let target = match kind {
            StorageType::Fcp => return Err(Refusal::new(400, "connection field cannot be empty.")),
            StorageType::Iscsi => {
                let (Some(address), Some(target)) = (change.address.clone(), change.target.clone()) else {
                    return Err(incomplete(if change.address.is_none() { "address" } else { "target" }));
                };
                let Some(port) = change.port.and_then(|port| u16::try_from(port).ok()) else {
                    return Err(incomplete("port"));
                };
                Target::Portal { address, port, target }
            }
            StorageType::Nfs | StorageType::Posixfs | StorageType::Glusterfs | StorageType::Localfs => {
                let Some(path) = change.path.clone() else { return Err(incomplete("path")) };
                let address = change.address.clone().unwrap_or_default();
                if address.is_empty() && kind == StorageType::Nfs {
                    return Err(incomplete("address"));
                }
                split_at_colons(kind, address, path)
            }
        };
        if kind == StorageType::Glusterfs && change.host.is_none() {
            return Err(Refusal::new(500, "General command validation failure."));
        }
        match change.host {
            Some(Err(())) => return Err(Refusal::new(400, format!("{ADD} Invalid Host Id."))),
            Some(Ok(host)) if self.status_of(host) != Some(HostStatus::Up) && kind == StorageType::Glusterfs => {
                let name = self.host_name(host);
                return Err(Refusal::new(
                    409,
                    format!(
                        "{ADD} Host {name} cannot connect to Glusterfs. Verify that glusterfs-cli package is installed on the host."
                    ),
                ));
            }
            Some(Ok(host)) if self.status_of(host) != Some(HostStatus::Up) => {
                return Err(Refusal::new(409, format!("{ADD} Host should be in Up state.")));
            }
            Some(Ok(_)) | None => {}
        }
        let id = ConnectionId(self.rng.id());
        let mut row = Connection::new(id, kind, target);
        row = merged(&row, ConnectionChange { address: None, path: None, port: None, target: None, ..change })?;
        check(&row)?;
        if let Some(other) = self.connections.values().find(|other| other.target == row.target) {
            return Err(self.already_exists(ADD, other.id));
        }
        self.connections.insert(id, row);
        Ok(Answer { job: None, outcome: Outcome::Connection(id) })
    }

    /// `DELETE /storageconnections/{id}`
    pub(crate) fn remove_connection(&mut self, id: ConnectionId, correlation: &str) -> Answered {
        if !self.connections.contains_key(&id) {
            return Err(Refusal::not_found());
        }
        let names: Vec<String> = self
            .domains_of(id)
            .iter()
            .filter_map(|id| self.domains.get(id).map(|domain| domain.name.clone()))
            .collect();
        if !names.is_empty() {
            return Err(Refusal::new(
                409,
                format!(
                    "Cannot remove Storage Connection. Storage connection parameters are used by the following storage domains : {}.",
                    names.join(",")
                ),
            ));
        }
        self.connections.remove(&id);
        Ok(self.done_as_job("Removing storage connection".to_owned(), correlation))
    }

    /// A living host that holds the row at its old place goes on writing there: nobody tells it. One that came to life while the engine sat on
    /// the request is nobody's fault: a request that has left cannot be called back.
    fn watch_connection_write(&mut self, id: ConnectionId, wanted: &Target) {
        let Some(row) = self.connections.get(&id) else { return };
        if row.target == *wanted {
            return;
        }
        let asked = self.asked_at.unwrap_or(self.now);
        let lived = |host: &Host| host.outside.alive() && host.outside.alive_since <= asked;
        let holder = self
            .hosts
            .values()
            .find(|host| lived(host) && host.outside.mounts.get(&id).is_some_and(|held| held != wanted))
            .map(|host| host.name.clone());
        if let Some(holder) = holder {
            let text = format!("{} was written as {} while {holder} held it", shown(&row.target), shown(wanted));
            self.violation(ViolationKind::ConnectionWrittenUnderLivingHost, text);
        }
    }
}

impl Connection {
    /// A row with nothing but its place.
    pub(crate) fn new(id: ConnectionId, kind: StorageType, target: Target) -> Self {
        Self {
            id,
            kind,
            target,
            portal: None,
            username: None,
            password: None,
            nfs_version: None,
            nfs_retrans: None,
            nfs_timeo: None,
            mount_options: None,
            vfs_type: None,
        }
    }
}

/// The row with the members of a body laid over it, by the rules of its type.
/// A new POSIX row is kept as one text and read again between its first colons: of several monitors with ports little is left.
fn split_at_colons(kind: StorageType, address: String, path: String) -> Target {
    if kind != StorageType::Posixfs || address.starts_with('[') || !address.contains(':') {
        return Target::Mount { address, path };
    }
    let mut parts = address.splitn(3, ':').map(str::to_owned);
    Target::Mount { address: parts.next().unwrap_or_default(), path: parts.next().unwrap_or(path) }
}

fn merged(row: &Connection, change: ConnectionChange) -> Result<Connection, Refusal> {
    let mut row = row.clone();
    let ConnectionChange {
        kind: _,
        address,
        path,
        port,
        target,
        portal,
        username,
        password,
        nfs_version,
        nfs_retrans,
        nfs_timeo,
        mount_options,
        vfs_type,
        host: _,
    } = change;
    row.target = match (row.kind, row.target) {
        (StorageType::Posixfs | StorageType::Glusterfs, old @ Target::Mount { .. }) => match (address, path) {
            (Some(address), Some(path)) => Target::Mount { address, path },
            // A path alone drops the address; an address alone changes nothing.
            (None, Some(path)) => Target::Mount { address: String::new(), path },
            (Some(_) | None, None) => old,
        },
        (
            StorageType::Nfs | StorageType::Localfs | StorageType::Iscsi | StorageType::Fcp,
            Target::Mount { address: old_address, path: old_path },
        ) => {
            if old_address.starts_with('[') && (address.is_some() != path.is_some()) {
                return Err(illegal_path());
            }
            Target::Mount { address: address.unwrap_or(old_address), path: path.unwrap_or(old_path) }
        }
        (_, Target::Portal { address: old_address, port: old_port, target: old_target }) => Target::Portal {
            address: address.unwrap_or(old_address),
            port: match port {
                None => old_port,
                Some(port) => u16::try_from(port)
                    .ok()
                    .filter(|port| *port > 0)
                    .ok_or_else(|| Refusal::new(400, "Invalid port number. Port should be greater than 0."))?,
            },
            target: target.unwrap_or(old_target),
        },
    };
    let text = |field: &mut Option<String>, value: Option<String>| {
        if let Some(value) = value {
            *field = (!value.is_empty()).then_some(value);
        }
    };
    text(&mut row.portal, portal);
    text(&mut row.username, username);
    text(&mut row.password, password);
    text(&mut row.mount_options, mount_options);
    text(&mut row.vfs_type, vfs_type);
    set(&mut row.nfs_version, nfs_version.map(Some));
    set(&mut row.nfs_retrans, nfs_retrans.map(Some));
    set(&mut row.nfs_timeo, nfs_timeo.map(Some));
    Ok(row)
}

fn check(row: &Connection) -> Result<(), Refusal> {
    if row.nfs_timeo.is_some_and(|timeo| !(1..=6000).contains(&timeo)) {
        return Err(Refusal::new(
            400,
            "NFS Timeout should be between 1 and 6000, Attribute: privateStorageServerConnection.nfsTimeo",
        ));
    }
    if row.nfs_retrans.is_some_and(|retrans| retrans > 32767) {
        return Err(Refusal::new(
            400,
            "NFS Retransmissions should be between 0 and 32767, Attribute: privateStorageServerConnection.nfsRetrans",
        ));
    }
    match &row.target {
        Target::Mount { address, path } => {
            let bare_ipv6 = address.contains(':') && !address.starts_with('[');
            let odd = |text: &str| text.chars().any(|c| c.is_whitespace() || !c.is_ascii());
            if row.kind == StorageType::Nfs
                && (address.is_empty() || bare_ipv6 || !path.starts_with('/') || odd(address) || odd(path))
            {
                return Err(illegal_path());
            }
            if path.is_empty() && address.is_empty() {
                return Err(Refusal::new(400, "connection field cannot be empty."));
            }
        }
        Target::Portal { address, target, .. } => {
            if target.is_empty() {
                return Err(Refusal::new(400, "Target details cannot be empty."));
            }
            if address.is_empty() {
                return Err(Refusal::new(400, "connection field cannot be empty."));
            }
        }
    }
    let managed: &[&str] = match row.kind {
        StorageType::Nfs => &[
            "timeo",
            "retrans",
            "vfs_type",
            "protocol_version",
            "nfsvers",
            "vers",
            "minorversion",
            "addr",
            "clientaddr",
        ],
        StorageType::Posixfs => &["vfs_type", "addr", "clientaddr"],
        StorageType::Iscsi | StorageType::Glusterfs | StorageType::Fcp | StorageType::Localfs => &[],
    };
    let options = row.mount_options.as_deref().unwrap_or_default();
    let found: Vec<&str> = options
        .split(',')
        .map(|option| option.split('=').next().unwrap_or_default().trim())
        .filter(|key| managed.contains(key))
        .collect();
    if found.is_empty() {
        Ok(())
    } else {
        Err(Refusal::new(
            400,
            format!(
                "{EDIT} Custom mount options contain the following duplicate managed options: {}.",
                found.join(", ")
            ),
        ))
    }
}

fn illegal_path() -> Refusal {
    Refusal::new(400, "Mount path is illegal, please use [IP:/path or FQDN:/path] convention.")
}
