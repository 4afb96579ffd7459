//! What befalls the world, and what people do to it behind the engine's back.

use super::World;
use super::ids::{HostId, VmId};
use super::model::Target;
use super::outside::{Bmc, SshManner};
use super::words::HostStatus;

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

/// What becomes of the copies at the other sites when one is promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherCopies {
    /// The array turns them read-only (a planned reversal, or an array that fences its peer).
    ReadOnly,
    /// They stay writable: whoever still reaches them writes to a lost branch.
    StayWritable,
}

impl World {
    /// Power cut: hosts off, array off, every packet to the site vanishes. An unknown site is an error.
    pub fn lose_site(&mut self, _site: &str) -> Result<(), String> {
        Ok(())
    }

    /// Power cut of hosts and array while the network still refuses (RST).
    pub fn refuse_site(&mut self, _site: &str) -> Result<(), String> {
        Ok(())
    }

    /// Only the management network is cut: hosts and guests live on and hold their storage.
    pub fn partition_site(&mut self, _site: &str) -> Result<(), String> {
        Ok(())
    }

    /// The array of the site stops serving.
    pub fn lose_storage(&mut self, _site: &str) -> Result<(), String> {
        Ok(())
    }

    /// Everything at the site works again; hosts without power boot.
    pub fn restore_site(&mut self, _site: &str) -> Result<(), String> {
        Ok(())
    }

    /// Cuts the power of one host.
    pub fn power_off(&mut self, _host: HostId) {}

    /// Gives one host power; it boots for a while.
    pub fn power_on(&mut self, _host: HostId) {}

    /// Changes what a host's network does.
    pub fn set_host_link(&mut self, _host: HostId, _link: super::outside::Link) {}

    /// Changes what a host's SSH port does.
    pub fn set_host_ssh(&mut self, _host: HostId, _ssh: SshManner) {}

    /// Changes what a host's BMC does.
    pub fn set_host_bmc(&mut self, _host: HostId, _bmc: Bmc) {}

    /// The array makes the copies at this site writable.
    pub fn promote(&mut self, _site: &str, _others: OtherCopies) -> Result<(), String> {
        Ok(())
    }

    /// Makes the copy of one domain at this site writable, or read-only.
    pub fn set_copy_writable(&mut self, _domain: &str, _site: &str, _writable: bool) -> Result<(), String> {
        Ok(())
    }

    /// Stops the engine: nothing is polled, nothing scheduled; hosts and guests go on. Locks, marks and blocked requests are gone.
    pub fn stop_engine(&mut self) {}

    /// Starts the engine again from its database.
    pub fn start_engine(&mut self) {}

    /// Stop and start in one instant.
    pub fn restart_engine(&mut self) {
        self.stop_engine();
        self.start_engine();
    }

    /// Something holds the fence lock of a host for this long (ms).
    pub fn hold_fence_lock(&mut self, _host: HostId, _for_millis: u64) {}

    /// A person renames a host.
    pub fn rename_host(&mut self, host: HostId, name: &str) {
        if let Some(host) = self.hosts.get_mut(&host) {
            host.name = name.to_owned();
        }
    }

    /// A person removes a host behind all guards.
    pub fn remove_host(&mut self, host: HostId) {
        self.hosts.remove(&host);
    }

    /// A person adds a host in maintenance; its new id.
    pub fn add_host(&mut self, _site: &str, _spec: &super::spec::HostSpec) -> Result<HostId, String> {
        Err("not yet".to_owned())
    }

    /// A person changes where a connection row points, without the API's guards.
    pub fn change_connection(&mut self, connection: super::ids::ConnectionId, target: Target) {
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.target = target;
        }
    }

    /// Writes a host status into the row (a hand in the database, or a state that is hard to reach).
    pub fn set_host_status(&mut self, host: HostId, status: HostStatus) {
        if let Some(host) = self.hosts.get_mut(&host) {
            host.status = status;
        }
    }

    /// A guest dies with an error on its host.
    pub fn kill_guest(&mut self, _vm: VmId) {}

    /// How an address answers on a TCP port: hosts on their VDSM port and 22, arrays on their storage ports, witnesses on any.
    /// An address nobody has is silent.
    pub fn reachable(&self, _address: &str, _port: u16) -> Reach {
        Reach::Silent
    }
}
