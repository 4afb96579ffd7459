//! The world as a forecast imagines it: what each step is expected to lead to, and how long that takes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dr_plan::{Plan, Probe, SiteName};

use crate::hash::{HashMap, HashSet};
use crate::{
    Answer, ClusterId, ConnectionId, DataCenterId, DataCenterStatus, Details, Entry, HostId, HostStatus, Memory,
    Observed, Outcome, OwedKey, ProbeState, Read, SILENCE, SILENT_ROUNDS, Spm, Step, Time, Vm, VmId, VmStatus,
};

/// Assumed durations, seen on a running engine (hosts.md 5 and 6, storage.md 6.3).
mod takes {
    use std::time::Duration;

    pub(super) const PUT: Duration = Duration::from_millis(100);
    pub(super) const ACTIVATE: Duration = Duration::from_millis(300);
    pub(super) const UP_AFTER_ACTIVATION: Duration = Duration::from_secs(3);
    /// Black-holed hosts: 4 to 19 s, however many side by side.
    pub(super) const CONFIRM: Duration = Duration::from_secs(15);
    pub(super) const PARK: Duration = Duration::from_millis(400);
    pub(super) const PROMOTE: Duration = Duration::from_secs(5);
    /// From SPM confirmed and a host up to data center up: one tick of 10 s and an SPM start.
    pub(super) const ELECTION: Duration = Duration::from_secs(12);
    pub(super) const START: Duration = Duration::from_millis(300);
    pub(super) const BOOT: Duration = Duration::from_secs(4);
}

/// A forecast in which nothing happens for this long is stuck; nothing that passes by itself takes longer.
const IDLE: Duration = Duration::from_secs(120);

/// One assumed change.
#[derive(Clone, Debug)]
enum Change {
    Ends(u64),
    HostStatus(HostId, HostStatus),
    /// A confirmed host has lost its virtual machines and its SPM role.
    Cleared(HostId),
    VmStatus(VmId, VmStatus),
    Row(ConnectionId, Details),
    Fencing(ClusterId, bool),
    PowerManagement(HostId, bool),
    DataCenterUp(DataCenterId),
}

pub(super) struct World {
    pub(super) observed: Observed,
    pub(super) memory: Memory,
    pub(super) now: Time,
    began: Time,
    /// By the time at which they happen, in the order in which they were expected.
    pending: BTreeMap<Time, Vec<Change>>,
    electing: HashSet<DataCenterId>,
    last_change: Time,
    next_id: u64,
    hosts: HashMap<HostId, usize>,
    vms: HashMap<VmId, usize>,
    data_center_of: HashMap<ClusterId, DataCenterId>,
}

impl World {
    pub(super) fn new(mut observed: Observed, memory: Memory, now: Time) -> World {
        let next_id = memory.last_intent + 1;
        let hosts = seen(&mut observed.hosts).iter().enumerate().map(|(at, host)| (host.id.clone(), at)).collect();
        let places = vms(&mut observed.vms).iter().enumerate().map(|(at, vm)| (vm.id.clone(), at)).collect();
        let clusters = seen(&mut observed.clusters).iter();
        let data_center_of =
            clusters.filter_map(|cluster| Some((cluster.id.clone(), cluster.data_center.clone()?))).collect();
        World {
            observed,
            memory,
            now,
            began: now,
            pending: BTreeMap::new(),
            electing: HashSet::default(),
            last_change: now,
            next_id,
            hosts,
            vms: places,
            data_center_of,
        }
    }

    /// The world of a lost site: its hosts `non_responsive`, their VMs `unknown`, its data centers `problematic`, its probes silent for long.
    pub(super) fn lose_site(&mut self, plan: &Plan, from: &str) {
        let Some(site) = plan.sites.get(&SiteName(from.to_owned())) else { return };
        let now = self.now;
        let names: HashSet<&str> = site.hosts.iter().map(String::as_str).collect();
        let mut lost = HashSet::default();
        let mut addresses = Vec::new();
        let mut without_spm = HashSet::default();
        for host in seen(&mut self.observed.hosts).iter_mut().filter(|host| names.contains(host.name.as_str())) {
            lost.insert(host.id.clone());
            addresses.push(host.address.clone());
            if host.spm != Spm::None {
                without_spm.extend(self.data_center_of.get(&host.cluster).cloned());
            }
            if host.status != HostStatus::Maintenance {
                host.status = HostStatus::NonResponsive;
                host.since = now;
            }
        }
        for vm in vms(&mut self.observed.vms).iter_mut().filter(|vm| vm.status.runs()) {
            if vm.host.as_ref().is_some_and(|host| lost.contains(host)) {
                vm.status = VmStatus::Unknown;
            }
        }
        for data_center in seen(&mut self.observed.data_centers) {
            if without_spm.contains(&data_center.id) {
                data_center.status = DataCenterStatus::Problematic;
                data_center.since = now;
            }
        }
        for domain in seen(&mut self.observed.domains) {
            if domain.status == "active" && without_spm.contains(&domain.data_center) {
                "unknown".clone_into(&mut domain.status);
            }
        }
        let long_ago = Time(now.0.saturating_sub(2 * u64::try_from(SILENCE.as_millis()).unwrap_or(0)));
        self.memory.void_before = self.memory.void_before.filter(|void| *void < long_ago);
        let of_hosts = addresses.iter().flat_map(|address| {
            site.evidence.host_ports.iter().map(|port| Probe { address: address.clone(), port: *port })
        });
        for probe in of_hosts.chain(site.evidence.also.iter().cloned()) {
            self.memory.answered.insert(probe.to_string());
            let silent = ProbeState {
                last: Answer::Silent,
                at: now,
                silent_since: Some(long_ago),
                silent_rounds: SILENT_ROUNDS,
            };
            self.observed.probes.insert(probe, silent);
        }
        for witness in &plan.witnesses {
            let answers = ProbeState { last: Answer::Accepted, at: now, silent_since: None, silent_rounds: 0 };
            self.observed.probes.insert(witness.clone(), answers);
        }
    }

    /// A new pass: everything is read now, and probes keep saying what they said, each second. The time may also be one before the last pass.
    pub(super) fn look(&mut self) {
        let seconds = |until: Time| u32::try_from(until.since(self.began).as_secs()).unwrap_or(u32::MAX);
        let (rounds, before) = (seconds(self.now), seconds(self.observed.at));
        self.observed.at = self.now;
        for state in self.observed.probes.values_mut() {
            state.at = self.now;
            state.silent_rounds = state.silent_rounds.saturating_add(rounds).saturating_sub(before);
        }
    }

    /// How many whole seconds pass before the next change, or before the forecast counts as stuck.
    pub(super) fn quiet_seconds(&self) -> u64 {
        let until = self.pending.keys().next().copied().unwrap_or(self.last_change.plus(IDLE));
        until.since(self.now).saturating_sub(Duration::from_millis(1)).as_secs()
    }

    /// Journals the step and schedules what it is expected to lead to.
    pub(super) fn take(&mut self, step: Step) {
        let id = self.next_id;
        self.next_id += 1;
        let epoch = self.memory.transition.as_ref().map_or(0, |transition| transition.epoch);
        let now = self.now;
        if let Some(owed) = step.debt() {
            self.memory.apply(now, &owed);
        }
        self.memory.apply(now, &Entry::Intent { id, epoch, step: step.clone(), correlation_id: String::new() });
        match step {
            Step::SuspendFencing { cluster, .. } => self.after(takes::PUT, Change::Fencing(cluster, false), Some(id)),
            Step::RestoreFencing { cluster, .. } => {
                self.after(takes::PUT, Change::Fencing(cluster.clone(), true), Some(id));
                self.memory.apply(now, &Entry::GivenBack { what: OwedKey::Fencing(cluster) });
            }
            Step::SuspendPowerManagement { host, .. } => {
                self.after(takes::PUT, Change::PowerManagement(host, false), Some(id));
            }
            Step::RestorePowerManagement { host, .. } => {
                self.after(takes::PUT, Change::PowerManagement(host.clone(), true), Some(id));
                self.memory.apply(now, &Entry::GivenBack { what: OwedKey::PowerManagement(host) });
            }
            Step::Promote { .. } => self.schedule(takes::PROMOTE, Change::Ends(id)),
            Step::Repoint { connection, to, .. } => self.after(takes::PUT, Change::Row(connection, to), Some(id)),
            Step::Activate { host, .. } => {
                self.after(Duration::ZERO, Change::HostStatus(host.clone(), HostStatus::Unassigned), None);
                self.schedule(takes::ACTIVATE, Change::Ends(id));
                self.after(takes::UP_AFTER_ACTIVATION, Change::HostStatus(host, HostStatus::Up), None);
            }
            Step::ConfirmRebooted { host, .. } => self.after(takes::CONFIRM, Change::Cleared(host), Some(id)),
            Step::Park { host, .. } => {
                self.after(takes::PARK, Change::HostStatus(host, HostStatus::Maintenance), Some(id));
            }
            Step::StartVm { vm, .. } => {
                let powering_up = VmStatus::Starting("powering_up".to_owned());
                self.after(takes::START, Change::VmStatus(vm.clone(), powering_up), Some(id));
                self.after(takes::BOOT, Change::VmStatus(vm, VmStatus::Up), None);
            }
        }
    }

    /// Moves to the next change, or a little on while things settle; false when nothing will ever change.
    ///
    /// `changed`: something was concluded or begun in this round. Changes within `grain` happen together.
    pub(super) fn advance(&mut self, changed: bool, grain: Duration) -> bool {
        if changed {
            self.last_change = self.now;
        }
        let next = self.pending.keys().next().copied();
        let settled = self.now.plus(Duration::from_secs(1));
        match next {
            // What settles by itself is looked at each second, whatever else is under way.
            Some(at) if at <= settled => {
                let until = at.plus(grain);
                let later = self.pending.split_off(&Time(until.0 + 1));
                let due = std::mem::replace(&mut self.pending, later);
                for (at, changes) in due {
                    self.now = self.now.max(at);
                    changes.into_iter().for_each(|change| self.apply(change));
                }
                self.last_change = self.now;
                true
            }
            Some(_) => {
                self.now = settled;
                true
            }
            None => {
                self.now = settled;
                self.now.since(self.last_change) < IDLE
            }
        }
    }

    fn schedule(&mut self, delay: Duration, change: Change) {
        self.pending.entry(self.now.plus(delay)).or_default().push(change);
    }

    /// Schedules a change, with the end of the step `id` that leads to it.
    fn after(&mut self, delay: Duration, change: Change, id: Option<u64>) {
        self.schedule(delay, change);
        if let Some(id) = id {
            self.schedule(delay, Change::Ends(id));
        }
    }

    fn apply(&mut self, change: Change) {
        let now = self.now;
        match change {
            Change::Ends(id) => self.memory.apply(now, &Entry::Outcome { id, outcome: Outcome::Done }),
            Change::HostStatus(id, status) => {
                if let Some(host) = self.host(&id) {
                    host.status = status;
                    host.since = now;
                }
                self.elect(&id);
            }
            Change::Cleared(id) => {
                if let Some(host) = self.host(&id) {
                    host.spm = Spm::None;
                    host.vms = 0;
                }
                for vm in vms(&mut self.observed.vms) {
                    if vm.host.as_ref() == Some(&id) {
                        vm.status = VmStatus::Down;
                        vm.host = None;
                    }
                }
                self.elect(&id);
            }
            Change::VmStatus(id, status) => {
                let at = self.vms.get(&id).copied();
                let place = at.and_then(|at| self.place(at));
                if let Some(vm) = at.and_then(|at| vms(&mut self.observed.vms).get_mut(at)) {
                    vm.host = vm.host.take().or(place);
                    vm.status = status;
                }
            }
            Change::Row(id, details) => {
                for row in seen(&mut self.observed.connections).iter_mut().filter(|row| row.id == id) {
                    row.details = details.clone();
                }
            }
            Change::Fencing(id, on) => {
                for cluster in seen(&mut self.observed.clusters).iter_mut().filter(|cluster| cluster.id == id) {
                    cluster.fencing = on;
                }
            }
            Change::PowerManagement(id, on) => {
                if let Some(host) = self.host(&id) {
                    host.power_management = on;
                }
            }
            Change::DataCenterUp(id) => self.data_center_up(&id),
        }
    }

    /// A host that is up in the cluster of a virtual machine: they are spread evenly.
    fn place(&self, at: usize) -> Option<HostId> {
        let cluster = &self.observed.vms.seen()?.get(at)?.cluster;
        let hosts = self.observed.hosts.seen()?.iter();
        let up: Vec<_> = hosts.filter(|host| host.status == HostStatus::Up && host.cluster == *cluster).collect();
        up.get(at % up.len().max(1)).map(|host| host.id.clone())
    }

    fn data_center_up(&mut self, id: &DataCenterId) {
        self.electing.remove(id);
        if !self.can_elect(id) {
            return;
        }
        for data_center in seen(&mut self.observed.data_centers).iter_mut().filter(|dc| dc.id == *id) {
            if data_center.status != DataCenterStatus::Up {
                data_center.status = DataCenterStatus::Up;
                data_center.since = self.now;
            }
        }
        let of = &self.data_center_of;
        let hosts = seen(&mut self.observed.hosts).iter_mut();
        let here = hosts.filter(|host| of.get(&host.cluster) == Some(id) && host.status == HostStatus::Up);
        let mut here = here.filter(|host| host.may_be_spm.is_some());
        if let Some(spm) = here.next() {
            spm.spm = Spm::Spm;
        }
        for domain in seen(&mut self.observed.domains).iter_mut().filter(|domain| domain.data_center == *id) {
            if domain.status == "unknown" {
                "active".clone_into(&mut domain.status);
            }
        }
    }

    /// An election ends some time after the dead SPM is confirmed and a host is up.
    fn elect(&mut self, host: &HostId) {
        let cluster = self.host(host).map(|host| host.cluster.clone());
        let Some(id) = cluster.and_then(|cluster| self.data_center_of.get(&cluster).cloned()) else { return };
        if self.can_elect(&id) && self.electing.insert(id.clone()) {
            self.schedule(takes::ELECTION, Change::DataCenterUp(id));
        }
    }

    fn can_elect(&self, id: &DataCenterId) -> bool {
        let hosts = self.observed.hosts.seen().into_iter().flatten();
        let here: Vec<_> = hosts.filter(|host| self.data_center_of.get(&host.cluster) == Some(id)).collect();
        here.iter().any(|host| host.status == HostStatus::Up && host.may_be_spm.is_some())
            && !here.iter().any(|host| host.spm == Spm::Spm && host.status != HostStatus::Up)
    }

    fn host(&mut self, id: &HostId) -> Option<&mut crate::Host> {
        let at = *self.hosts.get(id)?;
        seen(&mut self.observed.hosts).get_mut(at)
    }
}

/// The virtual machines, which the forecast takes a copy of the first time.
fn vms(read: &mut Read<Arc<Vec<Vm>>>) -> &mut [Vm] {
    match read {
        Read::Seen(vms) => Arc::make_mut(vms).as_mut_slice(),
        Read::Unreadable(_) => &mut [],
    }
}

fn seen<T>(read: &mut Read<Vec<T>>) -> &mut [T] {
    match read {
        Read::Seen(values) => values,
        Read::Unreadable(_) => &mut [],
    }
}
