//! The audit log and the jobs.

use super::ids::{ClusterId, DataCenterId, HostId, JobId, VmId};
use super::model::{About, Event, Job};
use super::words::{JobStatus, Severity};
use super::{SimTime, World};

/// Who asked: a request with its correlation id, or the engine itself.
pub(crate) const USER: &str = "admin@internal-authz";

impl World {
    /// Writes an event and gives its id.
    pub(crate) fn log(&mut self, code: u32, severity: Severity, about: About, text: String, correlation: &str) -> u64 {
        // Ids have gaps in a real engine too: a client must not count on neighbours.
        self.next_event_id += 1 + self.rng.between(0, 1);
        let id = self.next_event_id;
        self.events.push(Event {
            id,
            at: self.now,
            code,
            severity,
            description: text,
            correlation_id: (!correlation.is_empty()).then(|| correlation.to_owned()),
            about,
            origin: "oVirt".to_owned(),
            custom_id: None,
        });
        id
    }

    /// The event of a session's first request. Clients count on it: with it the log of an engine that answers them is never empty.
    pub(crate) fn log_login(&mut self, correlation: &str) {
        self.revision += 1;
        // No draw for the id: who logs in, and how often, must not change what happens to the world.
        self.next_event_id += 1;
        self.events.push(Event {
            id: self.next_event_id,
            at: self.now,
            code: 30,
            severity: Severity::Normal,
            description: format!("User {USER} connecting from '127.0.0.1' using session '{correlation}' logged in."),
            correlation_id: Some(correlation.to_owned()),
            about: About::default(),
            origin: "oVirt".to_owned(),
            custom_id: None,
        });
    }

    pub(crate) fn log_host(&mut self, code: u32, severity: Severity, host: HostId, text: &str, correlation: &str) {
        let name = self.host_name(host);
        let text = text.replace("{}", &name);
        let about = self.about_host(host);
        self.log(code, severity, about, text, correlation);
    }

    pub(crate) fn log_vm(
        &mut self,
        code: u32,
        severity: Severity,
        vm: VmId,
        host: Option<HostId>,
        text: String,
        correlation: &str,
    ) {
        let about = About { host, vm: Some(vm), cluster: self.vms.get(&vm).map(|vm| vm.cluster), ..About::default() };
        self.log(code, severity, about, text, correlation);
    }

    pub(crate) fn log_data_center(
        &mut self,
        code: u32,
        severity: Severity,
        data_center: DataCenterId,
        host: Option<HostId>,
        text: String,
    ) {
        let about = About { data_center: Some(data_center), host, ..About::default() };
        self.log(code, severity, about, text, "");
    }

    pub(crate) fn about_host(&self, host: HostId) -> About {
        About { host: Some(host), cluster: self.hosts.get(&host).map(|host| host.cluster), ..About::default() }
    }

    pub(crate) fn host_name(&self, host: HostId) -> String {
        self.hosts.get(&host).map_or_else(|| "<UNKNOWN>".to_owned(), |host| host.name.clone())
    }

    pub(crate) fn vm_name(&self, vm: VmId) -> String {
        self.vms.get(&vm).map_or_else(|| "<UNKNOWN>".to_owned(), |vm| vm.name.clone())
    }

    pub(crate) fn data_center_name(&self, data_center: DataCenterId) -> String {
        self.data_centers.get(&data_center).map_or_else(|| "<UNKNOWN>".to_owned(), |row| row.name.clone())
    }

    /// The data center of a cluster.
    pub(crate) fn data_center_of(&self, cluster: ClusterId) -> Option<DataCenterId> {
        self.clusters.get(&cluster).map(|cluster| cluster.data_center)
    }

    /// The data center of a host.
    pub(crate) fn host_data_center(&self, host: HostId) -> Option<DataCenterId> {
        self.data_center_of(self.hosts.get(&host)?.cluster)
    }

    pub(crate) fn start_job(&mut self, description: String, correlation: &str) -> JobId {
        let id = JobId(self.rng.id());
        let correlation_id =
            if correlation.is_empty() { format!("{:08x}", self.rng.next() >> 32) } else { correlation.to_owned() };
        self.jobs.insert(
            id,
            Job { id, description, status: JobStatus::Started, start_time: self.now, end_time: None, correlation_id },
        );
        id
    }

    pub(crate) fn end_job(&mut self, job: Option<JobId>, status: JobStatus) {
        let now: SimTime = self.now;
        if let Some(job) = job.and_then(|id| self.jobs.get_mut(&id))
            && job.end_time.is_none()
        {
            job.status = status;
            job.end_time = Some(now);
        }
    }
}
