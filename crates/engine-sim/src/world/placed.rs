//! Which virtual machines the database has on which host, kept beside the rows, so that a look at one host costs what is on that host
//! and not what there is in the world.

use std::collections::BTreeSet;

use super::World;
use super::ids::{HostId, VmId};
use super::model::Vm;
use super::words::VmStatus;

impl World {
    /// The virtual machines that the database has on a host, in the order of their ids.
    pub(crate) fn vms_on(&self, host: HostId) -> impl Iterator<Item = &Vm> {
        self.placed.get(&host).into_iter().flatten().filter_map(|id| self.vms.get(id))
    }

    /// How many they are.
    pub(crate) fn load(&self, host: HostId) -> usize {
        self.placed.get(&host).map_or(0, BTreeSet::len)
    }

    /// How many of them migrate.
    pub(crate) fn migrating_from(&mut self, host: HostId) -> usize {
        let (vms, migrating) = (&self.vms, &mut self.migrating);
        // What begins to migrate is entered; what ends, in one way or another, is found out here.
        migrating.retain(|id| vms.get(id).is_some_and(|vm| vm.status == VmStatus::Migrating));
        migrating.iter().filter_map(|id| vms.get(id)).filter(|vm| vm.host == Some(host)).count()
    }

    /// The one place that writes the host of a virtual machine's row.
    pub(crate) fn move_vm(&mut self, vm: VmId, host: Option<HostId>) {
        let Some(row) = self.vms.get_mut(&vm) else { return };
        if let Some(before) = std::mem::replace(&mut row.host, host)
            && let Some(there) = self.placed.get_mut(&before)
        {
            there.remove(&vm);
        }
        if let Some(host) = host {
            self.placed.entry(host).or_default().insert(vm);
        }
    }

    /// Something happened to a virtual machine: the hosts that it concerns look at their guests with their next poll, all others need not.
    pub(crate) fn concerns(&mut self, vm: VmId, host: HostId) {
        self.changes += 1;
        let on = self.vms.get(&vm).and_then(|row| row.host);
        for row in self.hosts.values_mut() {
            if row.id == host || Some(row.id) == on || row.outside.guests.contains_key(&vm) {
                row.monitor.looks_again = true;
            }
        }
    }
}
