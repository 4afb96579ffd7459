//! One look at an engine: all reads side by side, each kept with its failure.

use std::collections::BTreeMap;

use dr_core::{Observed, ProbeState, Read, Time, Vm};
use dr_plan::Probe;
use ovirt_client::Client;

use crate::since::Since;

/// Reads an engine, pass after pass.
pub struct Observer {
    client: Client,
    hosts_since: Since,
    data_centers_since: Since,
    vms: Read<Vec<Vm>>,
}

impl Observer {
    /// An observer that has seen nothing yet.
    pub fn new(client: Client) -> Self {
        let vms = Read::Unreadable("the virtual machines have not been read yet".to_owned());
        Self { client, hosts_since: Since::default(), data_centers_since: Since::default(), vms }
    }

    /// Reads everything that a decision looks at, as of `now`. Virtual machines are read only if `read_vms`; else their last read is kept.
    /// Never fails: what could not be read says so.
    pub async fn observe(&mut self, probes: BTreeMap<Probe, ProbeState>, read_vms: bool, now: Time) -> Observed {
        let unread = |what: &str| format!("{what} have not been read yet");
        let _ = (&self.client, &self.hosts_since, &self.data_centers_since, read_vms);
        Observed {
            at: now,
            engine: Read::Unreadable(unread("engine")),
            hosts: Read::Unreadable(unread("hosts")),
            clusters: Read::Unreadable(unread("clusters")),
            data_centers: Read::Unreadable(unread("data centers")),
            domains: Read::Unreadable(unread("domains")),
            connections: Read::Unreadable(unread("connections")),
            vms: self.vms.clone(),
            owed_tags: Read::Unreadable(unread("tags")),
            probes,
        }
    }
}
