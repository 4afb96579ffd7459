//! The world's own watch over what must never happen.

use super::World;
use super::command::{Violation, ViolationKind};
use super::ids::{DataCenterId, DomainId, HostId, VmId};

impl World {
    pub(crate) fn violation(&mut self, kind: ViolationKind, text: String) {
        self.violations.push(Violation { at: self.now, kind, text });
    }

    /// A guest has begun to run on `host`.
    pub(crate) fn watch_guest(&mut self, vm: VmId, host: HostId) {
        let other =
            self.hosts.values().find(|row| row.id != host && self.runs_on(vm, row.id)).map(|row| row.name.clone());
        if let Some(other) = other {
            let text = format!("{} runs on {other} and on {}", self.vm_name(vm), self.host_name(host));
            self.violation(ViolationKind::VmOnTwoHosts, text);
        }
        for domain in self.image_domains(vm) {
            self.watch_copies(domain, host, &format!("{} starts", self.vm_name(vm)));
        }
    }

    /// A host has become SPM.
    pub(crate) fn watch_spms(&mut self, data_center: DataCenterId, host: HostId) {
        let other = self
            .hosts
            .values()
            .find(|row| {
                row.id != host
                    && row.outside.is_spm
                    && row.outside.alive()
                    && self.data_center_of(row.cluster) == Some(data_center)
            })
            .map(|row| row.name.clone());
        if let Some(other) = other {
            let text = format!("{other} and {} are SPM", self.host_name(host));
            self.violation(ViolationKind::TwoSpms, text);
        }
        if let Some(master) = self.master(data_center) {
            self.watch_copies(master, host, "the SPM starts");
        }
    }

    /// Two copies of a domain must not be written at once.
    fn watch_copies(&mut self, domain: DomainId, host: HostId, what: &str) {
        let Some(mine) = self.sees(host, domain) else { return };
        let Some(row) = self.domains.get(&domain) else { return };
        let other = self.hosts.values().find_map(|other| {
            let site = self.holds(other, row)?;
            let writes = !other.outside.guests.is_empty() || other.outside.is_spm;
            let writable = row.copies.get(&site).is_some_and(|copy| copy.writable);
            (other.id != host && site != mine && writes && writable).then(|| (other.name.clone(), site))
        });
        if let Some((other, site)) = other {
            let text = format!("{what} on {}'s copy of {} while {other} writes to {site}'s", mine, row.name);
            self.violation(ViolationKind::TwoCopiesWritten, text);
        }
    }

    /// The copies at `site` are about to be promoted.
    pub(crate) fn watch_promotion(&mut self, site: &str, domain: DomainId) {
        let Some(row) = self.domains.get(&domain) else { return };
        let holder = self.hosts.values().find_map(|host| {
            let held = self.holds(host, row)?;
            let writable = row.copies.get(&held).is_some_and(|copy| copy.writable);
            (held != site && writable).then(|| host.name.clone())
        });
        if let Some(holder) = holder {
            let text = format!("{}'s copy at {site} was promoted while {holder} held the other", row.name);
            self.violation(ViolationKind::PromotedUnderLivingHost, text);
        }
    }
}
