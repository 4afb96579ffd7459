//! What befalls the world, and what people do to it behind the engine's back.

use super::World;
use super::ids::{ConnectionId, DomainId, HostId, VmId};
use super::model::{Connection, Target};
use super::outside::{Bmc, Link, SshManner};
use super::pool::Lease;
use super::queue::Due;
use super::spec::HostSpec;
use super::words::HostStatus;

/// What becomes of the copies at the other sites when one is promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherCopies {
    /// The array turns them read-only (a planned reversal, or an array that fences its peer).
    ReadOnly,
    /// They stay writable: whoever still reaches them writes to a lost branch.
    StayWritable,
}

type Done = Result<(), String>;

impl World {
    /// Power cut: hosts and array off, every packet to the site vanishes. An unknown site is an error, as below.
    pub fn lose_site(&mut self, site: &str) -> Done {
        self.cut_power(site, Link::Silent)
    }

    /// Power cut of hosts and array while something at the site still refuses connections (RST).
    pub fn refuse_site(&mut self, site: &str) -> Done {
        self.cut_power(site, Link::Refusing)
    }

    fn cut_power(&mut self, site: &str, network: Link) -> Done {
        let row = self.sites.get_mut(site).ok_or_else(|| format!("no site `{site}`"))?;
        row.network = network;
        row.storage_up = false;
        for host in self.hosts.values_mut().filter(|host| host.site == site) {
            host.outside.die();
        }
        self.physical_change();
        Ok(())
    }

    /// Only the management network is cut: hosts and guests live on and hold their storage.
    pub fn partition_site(&mut self, site: &str) -> Done {
        self.sites.get_mut(site).ok_or_else(|| format!("no site `{site}`"))?.network = Link::Silent;
        Ok(())
    }

    /// The array of the site stops serving.
    pub fn lose_storage(&mut self, site: &str) -> Done {
        self.sites.get_mut(site).ok_or_else(|| format!("no site `{site}`"))?.storage_up = false;
        self.physical_change();
        Ok(())
    }

    /// Everything at the site works again; hosts without power get it and boot.
    pub fn restore_site(&mut self, site: &str) -> Done {
        let row = self.sites.get_mut(site).ok_or_else(|| format!("no site `{site}`"))?;
        row.network = Link::Answering;
        row.storage_up = true;
        let hosts: Vec<HostId> = self.hosts.values().filter(|host| host.site == site).map(|host| host.id).collect();
        for host in hosts {
            if self.hosts.get(&host).is_some_and(|row| !row.outside.powered) {
                self.power_on(host);
            }
            self.set_host_link(host, Link::Answering);
        }
        self.physical_change();
        Ok(())
    }

    /// Cuts the power of one host.
    pub fn power_off(&mut self, host: HostId) {
        self.pull_the_plug(host);
    }

    /// Gives one host power; it boots for a while.
    pub fn power_on(&mut self, host: HostId) {
        let at = self.now.plus(self.options.host_boot);
        if let Some(row) = self.hosts.get_mut(&host)
            && !row.outside.powered
        {
            row.outside.boot(at);
            self.queue.push(at, Due::Booted { host });
        }
    }

    pub(crate) fn booted(&mut self, host: HostId) {
        let now = self.now;
        if let Some(row) = self.hosts.get_mut(&host)
            && row.outside.boots_at.is_some_and(|at| at <= now)
        {
            row.outside.boots_at = None;
            row.outside.alive_since = now;
        }
    }

    /// Changes what a host's own network does.
    pub fn set_host_link(&mut self, host: HostId, link: Link) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.link = link;
        }
    }

    /// Changes what a host's SSH port does.
    pub fn set_host_ssh(&mut self, host: HostId, ssh: SshManner) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.ssh = ssh;
        }
    }

    /// Changes what a host's BMC does.
    pub fn set_host_bmc(&mut self, host: HostId, bmc: Bmc) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.bmc = bmc;
        }
    }

    /// The array makes the copies at this site writable.
    pub fn promote(&mut self, site: &str, others: OtherCopies) -> Done {
        if !self.sites.contains_key(site) {
            return Err(format!("no site `{site}`"));
        }
        let domains: Vec<DomainId> =
            self.domains.values().filter(|domain| domain.copies.contains_key(site)).map(|domain| domain.id).collect();
        for domain in domains {
            self.promote_domain(domain, site, others);
        }
        self.physical_change();
        Ok(())
    }

    fn promote_domain(&mut self, domain: DomainId, site: &str, others: OtherCopies) {
        let already = self.domains.get(&domain).and_then(|row| row.copies.get(site)).is_none_or(|copy| copy.writable);
        if already && others == OtherCopies::StayWritable {
            return;
        }
        self.watch_promotion(site, domain);
        let now = self.now;
        let free_at = now.plus(self.options.dead_lease);
        let Some(row) = self.domains.get_mut(&domain) else { return };
        for (name, copy) in &mut row.copies {
            if name == site {
                copy.writable = true;
                copy.promoted_at = Some(now);
            } else if others == OtherCopies::ReadOnly {
                copy.writable = false;
            }
        }
        let (master, attached) = (row.master, row.attached);
        let vm_free_at = now.plus(self.options.dead_vm_lease);
        for vm in self.vms.values_mut().filter(|vm| vm.lease == Some(domain)) {
            // Whoever renews goes on at the other copy; here its lease runs out.
            if let Some(lease) = vm.run.lease.as_mut().filter(|lease| lease.free_at.is_none()) {
                lease.free_at = Some(vm_free_at);
            }
        }
        if !master {
            return;
        }
        let Some(place) = attached else { return };
        if let Some(pool) = self.data_centers.get_mut(&place.data_center).map(|row| &mut row.pool)
            && let Some(lease) = pool.lease.clone()
            && lease.site != site
        {
            // The copy brings the old owner's lease along; who waits for it to die begins to count now.
            pool.lease = Some(Lease { site: site.to_owned(), free_at: Some(free_at), ..lease });
        }
    }

    /// The array copies from this site to all others again, whose copies turn read-only: what comes before a way back.
    pub fn resync_from(&mut self, site: &str) -> Done {
        if !self.sites.contains_key(site) {
            return Err(format!("no site `{site}`"));
        }
        for domain in self.domains.values_mut().filter(|domain| domain.copies.contains_key(site)) {
            for (name, copy) in &mut domain.copies {
                copy.writable = name == site;
            }
        }
        self.physical_change();
        Ok(())
    }

    /// Makes the copy of one domain at this site writable (as [`World::promote`] with the others left as they are), or read-only.
    pub fn set_copy_writable(&mut self, domain: &str, site: &str, writable: bool) -> Done {
        let id = self.domain_named(domain).ok_or_else(|| format!("no domain `{domain}`"))?.id;
        if writable {
            self.promote_domain(id, site, OtherCopies::StayWritable);
        }
        self.domains
            .get_mut(&id)
            .and_then(|row| row.copies.get_mut(site))
            .ok_or_else(|| format!("`{domain}` has no copy at `{site}`"))?
            .writable = writable;
        self.physical_change();
        Ok(())
    }

    /// Something holds the fence lock of a host for this long (ms).
    pub fn hold_fence_lock(&mut self, host: HostId, for_millis: u64) {
        let until = self.now.plus(for_millis);
        self.lock_fence(host, until);
    }

    /// Makes every storage connection of a host slower by this much (ms).
    pub fn set_storage_delay(&mut self, host: HostId, millis: u64) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.storage_delay = millis;
        }
    }

    /// Cuts one host off from all storage, or mends that.
    pub fn set_storage_cut(&mut self, host: HostId, cut: bool) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.storage_cut = cut;
        }
        self.physical_change();
    }

    /// The SPM of this host cannot be stopped: its deactivation answers 200 and leaves it `up`.
    pub fn set_spm_stuck(&mut self, host: HostId, stuck: bool) {
        if let Some(row) = self.hosts.get_mut(&host) {
            row.outside.spm_stuck = stuck;
        }
    }

    /// A person renames a host.
    ///
    /// # Errors
    /// Another one has that name: the engine has no two of one name.
    pub fn rename_host(&mut self, host: HostId, name: &str) -> Result<(), String> {
        if self.host_named(name).is_some_and(|other| other.id != host) {
            return Err(format!("there is a host `{name}` already"));
        }
        if let Some(host) = self.hosts.get_mut(&host) {
            name.clone_into(&mut host.name);
        }
        Ok(())
    }

    /// A person removes a host behind all guards; its machine is switched off.
    pub fn remove_host(&mut self, host: HostId) {
        self.pull_the_plug(host);
        self.hosts.remove(&host);
        for row in self.data_centers.values_mut() {
            if row.spm_host == Some(host) {
                row.spm_host = None;
                row.pool.connected = false;
            }
        }
    }

    /// A person adds a host in maintenance; its new id. The cluster must exist.
    pub fn add_host(&mut self, site: &str, spec: &HostSpec) -> Result<HostId, String> {
        if !self.sites.contains_key(site) {
            return Err(format!("no site `{site}`"));
        }
        super::build::add_host(self, site, spec, false)
    }

    /// A person changes where a connection row points, without the API's guards.
    pub fn change_connection(&mut self, connection: ConnectionId, target: Target) {
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.target = target;
        }
    }

    /// A person adds a connection row that nothing uses.
    pub fn insert_connection(&mut self, kind: super::words::StorageType, target: Target) -> ConnectionId {
        let id = ConnectionId(self.rng.id());
        self.connections.insert(id, Connection::new(id, kind, target));
        id
    }

    /// Writes a host status into the row (a hand in the database, or a state that is hard to reach), and polls accordingly.
    pub fn set_host_status(&mut self, host: HostId, status: HostStatus) {
        self.set_status(host, status);
        self.poll_in(host, super::timers::POLL);
    }

    /// A guest dies with an error on its host; the engine learns of it with the next poll.
    pub fn kill_guest(&mut self, vm: VmId) {
        let hosts: Vec<HostId> =
            self.hosts.values().filter(|host| host.outside.guests.contains_key(&vm)).map(|host| host.id).collect();
        for host in hosts {
            self.drop_guest(vm, host);
        }
    }
}
