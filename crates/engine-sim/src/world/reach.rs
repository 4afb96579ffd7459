//! What reaches what: the engine a host, a host its storage, a probe an address.

use super::SimTime;
use super::World;
use super::ids::{DomainId, HostId};
use super::model::{Domain, Host, Target};
use super::outside::{Link, SshManner};
use super::spec::Unpromoted;
use super::words::StorageType;

/// How an address answers a connection attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Accepts.
    Answering,
    /// Refuses at once.
    Refusing,
    /// Says nothing.
    Silent,
}

/// What a host meets where a connection row points, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Served {
    /// The copy is there and takes writes.
    Good,
    /// Something accepts the connection, but no writable copy is behind it.
    Empty,
    /// Refused at once, or a mount error.
    Refused,
    /// Packets vanish.
    Silent,
}

impl World {
    /// How a TCP port of an address answers: hosts on their VDSM port and 22, arrays on their storage ports, witnesses on
    /// any port. An address that nobody has is silent.
    pub fn reachable(&self, address: &str, port: u16) -> Reach {
        if let Some(host) = self.hosts.values().find(|host| host.address == address) {
            let reach = self.host_reach(host);
            return match reach {
                Reach::Answering if port == host.port || port == 22 => Reach::Answering,
                Reach::Answering => Reach::Refusing,
                Reach::Refusing | Reach::Silent if port == 22 => match host.outside.ssh {
                    SshManner::AsLink => reach,
                    SshManner::Refuses => Reach::Refusing,
                    SshManner::Drops => Reach::Silent,
                    SshManner::Mute | SshManner::Works => Reach::Answering,
                },
                Reach::Refusing | Reach::Silent => reach,
            };
        }
        if let Some(site) = self.sites.values().find(|site| site.witnesses.iter().any(|witness| witness == address)) {
            return link_reach(site.network);
        }
        for domain in self.domains.values() {
            for (site, replica) in &domain.copies {
                if replica.targets.iter().any(|target| target.address() == address) {
                    return self.storage_reach(site);
                }
            }
        }
        Reach::Silent
    }

    /// How the engine (and a probe) meets a host.
    pub(crate) fn host_reach(&self, host: &Host) -> Reach {
        let site = self.sites.get(&host.site).map_or(Link::Silent, |site| site.network);
        match site {
            Link::Silent => Reach::Silent,
            Link::Refusing => Reach::Refusing,
            Link::Answering => match host.outside.link {
                Link::Silent => Reach::Silent,
                Link::Refusing => Reach::Refusing,
                Link::Answering if host.outside.alive() => Reach::Answering,
                Link::Answering if host.outside.boots_at.is_some() => Reach::Refusing,
                Link::Answering => Reach::Silent,
            },
        }
    }

    /// Whether the engine can talk to a host now.
    pub(crate) fn answers(&self, host: HostId) -> bool {
        self.hosts.get(&host).is_some_and(|host| self.host_reach(host) == Reach::Answering)
    }

    fn storage_reach(&self, site: &str) -> Reach {
        match self.sites.get(site) {
            Some(site) if site.storage_up => Reach::Answering,
            Some(site) => match site.network {
                Link::Refusing => Reach::Refusing,
                Link::Answering | Link::Silent => Reach::Silent,
            },
            None => Reach::Silent,
        }
    }

    /// What this host meets at `target` when it looks for `domain`.
    pub(crate) fn served_to(&self, host: HostId, domain: &Domain, target: &Target) -> Served {
        let cut = self.hosts.get(&host).is_some_and(|row| row.outside.storage_cut);
        if cut { Served::Silent } else { self.served(domain, target) }
    }

    /// What any host meets at `target` when it looks for `domain`.
    pub(crate) fn served(&self, domain: &Domain, target: &Target) -> Served {
        // One target may be named by several sites that all reach it.
        let here = domain.copies.iter().filter(|(_, replica)| replica.targets.contains(target));
        let served = here.map(|(site, replica)| match self.storage_reach(site) {
            Reach::Silent => Served::Silent,
            Reach::Refusing => Served::Refused,
            Reach::Answering if replica.writable => Served::Good,
            Reach::Answering => match self.options.unpromoted {
                Unpromoted::RefusesConnection => Served::Refused,
                Unpromoted::AbsentBehindServer => Served::Empty,
            },
        });
        if let Some(best) = served.min() {
            return best;
        }
        // Nobody serves this domain there; the server may still exist for others.
        for other in self.domains.values() {
            for (site, replica) in &other.copies {
                if replica.targets.iter().any(|known| known.address() == target.address()) {
                    return match self.storage_reach(site) {
                        Reach::Silent => Served::Silent,
                        Reach::Refusing | Reach::Answering => Served::Refused,
                    };
                }
            }
        }
        Served::Silent
    }

    /// The site whose copy of `domain` a living host has connected and can write to.
    pub(crate) fn sees(&self, host: HostId, domain: DomainId) -> Option<String> {
        let host = self.hosts.get(&host)?;
        let domain = self.domains.get(&domain)?;
        if !host.outside.alive() || host.outside.storage_cut {
            return None;
        }
        if domain.storage == StorageType::Fcp {
            return self.fibre_site(host, domain);
        }
        for (connection, target) in &host.outside.mounts {
            if !domain.connections.contains(connection) || self.served(domain, target) != Served::Good {
                continue;
            }
            if let Some((site, _)) = domain.copies.iter().find(|(_, replica)| replica.targets.contains(target)) {
                return Some(site.clone());
            }
        }
        None
    }

    /// A fibre channel copy has no row: the host sees what its own site's array presents, else what any does.
    fn fibre_site(&self, host: &Host, domain: &Domain) -> Option<String> {
        let usable = |site: &String| {
            domain.copies.get(site).is_some_and(|replica| replica.writable)
                && self.sites.get(site).is_some_and(|site| site.storage_up)
        };
        if domain.copies.contains_key(&host.site) {
            return usable(&host.site).then(|| host.site.clone());
        }
        domain.copies.keys().find(|site| usable(site)).cloned()
    }

    /// The site whose copy of `domain` a powered host holds, writable or not, reachable or not.
    pub(crate) fn holds(&self, host: &Host, domain: &Domain) -> Option<String> {
        if !host.outside.alive() {
            return None;
        }
        if domain.storage == StorageType::Fcp {
            let in_use = !host.outside.guests.is_empty() || host.outside.is_spm;
            return if in_use { self.fibre_site(host, domain) } else { None };
        }
        host.outside.mounts.iter().find_map(|(connection, target)| {
            if !domain.connections.contains(connection) {
                return None;
            }
            domain.copies.iter().find(|(_, replica)| replica.targets.contains(target)).map(|(site, _)| site.clone())
        })
    }
}

impl super::outside::Outside {
    /// Whether it runs: it has power and has booted.
    pub fn alive(&self) -> bool {
        self.powered && self.boots_at.is_none()
    }

    /// Loses power: guests, mounts and roles are gone.
    pub(crate) fn die(&mut self) {
        self.powered = false;
        self.boots_at = None;
        self.mounts.clear();
        self.guests.clear();
        self.is_spm = false;
    }

    /// Gets power and boots until `at`.
    pub(crate) fn boot(&mut self, at: SimTime) {
        self.powered = true;
        self.boots_at = Some(at);
    }
}

fn link_reach(link: Link) -> Reach {
    match link {
        Link::Answering => Reach::Answering,
        Link::Refusing => Reach::Refusing,
        Link::Silent => Reach::Silent,
    }
}
