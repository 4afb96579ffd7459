//! Behaviour of the world, by what a client of the engine relies on.

mod activation;
mod failover;
mod fencing;
mod highly_available;
mod restart;
mod rows;
mod storms;
mod timeline;
mod watched;

use super::*;

/// A world under test: commands by name, time in seconds, and what changed when.
pub(crate) struct Lab {
    pub(crate) world: World,
    /// Every change of a status word: second, object, new word.
    pub(crate) seen: Vec<(f64, String, String)>,
    last: BTreeMap<String, String>,
}

impl Lab {
    /// Two sites, `madrid` active with `hosts` hosts and `vms` VMs, `seville` parked.
    pub(crate) fn new(hosts: usize, vms: usize, seed: u64) -> Self {
        Self::of(&WorldSpec::two_sites(["madrid", "seville"], hosts, vms, seed))
    }

    pub(crate) fn of(spec: &WorldSpec) -> Self {
        let world = World::new(spec).unwrap();
        let mut lab = Self { world, seen: vec![], last: BTreeMap::new() };
        lab.look();
        lab.seen.clear();
        lab
    }

    /// Lets this many seconds pass, noting every change.
    pub(crate) fn pass(&mut self, seconds: f64) {
        let until = self.world.now.plus(millis(seconds));
        self.pass_until(until, |_| false);
    }

    /// Lets time pass until `done` or for `seconds`; whether it was done.
    pub(crate) fn wait(&mut self, seconds: f64, done: impl Fn(&World) -> bool) -> bool {
        let until = self.world.now.plus(millis(seconds));
        self.pass_until(until, done)
    }

    fn pass_until(&mut self, until: SimTime, done: impl Fn(&World) -> bool) -> bool {
        loop {
            if done(&self.world) {
                return true;
            }
            match self.world.next_event_at() {
                Some(at) if at <= until => self.world.advance_to(at),
                Some(_) | None => break,
            }
            self.look();
        }
        self.world.advance_to(until);
        self.look();
        done(&self.world)
    }

    pub(crate) fn look(&mut self) {
        let mut now: Vec<(String, String)> = vec![];
        for host in self.world.hosts.values() {
            now.push((host.name.clone(), host.status.to_string()));
            now.push((format!("{} spm", host.name), self.world.spm_status(host.id).to_string()));
        }
        for vm in self.world.vms.values() {
            now.push((vm.name.clone(), vm.status.to_string()));
        }
        for dc in self.world.data_centers.values() {
            now.push((dc.name.clone(), dc.status.to_string()));
        }
        for domain in self.world.domains.values() {
            let status = domain.attached.map_or("unattached".to_owned(), |place| place.status.to_string());
            now.push((domain.name.clone(), if domain.master { format!("{status} master") } else { status }));
        }
        let second = self.second();
        for (name, word) in now {
            if self.last.get(&name) != Some(&word) {
                self.seen.push((second, name.clone(), word.clone()));
                self.last.insert(name, word);
            }
        }
    }

    pub(crate) fn second(&self) -> f64 {
        seconds(self.world.now)
    }

    /// The first second from `from` on at which `name` showed `word`.
    pub(crate) fn at(&self, from: f64, name: &str, word: &str) -> f64 {
        self.seen
            .iter()
            .find(|(at, object, shown)| *at >= from && object == name && shown == word)
            .map(|(at, _, _)| *at)
            .unwrap_or_else(|| panic!("{name} never showed {word} after {from}: {:?}", self.of_object(name)))
    }

    /// All words an object showed.
    pub(crate) fn of_object(&self, name: &str) -> Vec<(f64, String)> {
        self.seen.iter().filter(|(_, object, _)| object == name).map(|(at, _, word)| (*at, word.clone())).collect()
    }

    pub(crate) fn host(&self, name: &str) -> HostId {
        self.world.host_named(name).unwrap().id
    }

    pub(crate) fn vm(&self, name: &str) -> VmId {
        self.world.vm_named(name).unwrap().id
    }

    pub(crate) fn status(&self, name: &str) -> HostStatus {
        self.world.host_named(name).unwrap().status
    }

    pub(crate) fn vm_status(&self, name: &str) -> VmStatus {
        self.world.vm_named(name).unwrap().status
    }

    pub(crate) fn dc(&self) -> DataCenterStatus {
        self.world.data_centers.values().next().unwrap().status
    }

    /// Sends a request and waits for its answer; the seconds it took.
    pub(crate) fn call(&mut self, command: Command) -> (f64, Result<Answer, Refusal>) {
        let begun = self.world.now;
        let result = match self.world.begin(command, "test") {
            Begun::Answered(result) => result,
            Begun::Pending(ticket) => self.answer(ticket),
        };
        self.look();
        (seconds(self.world.now) - seconds(begun), result)
    }

    /// Waits for the answer of a blocked request.
    pub(crate) fn answer(&mut self, ticket: Ticket) -> Result<Answer, Refusal> {
        loop {
            if let Some(result) = self.world.take(ticket) {
                return result;
            }
            let due = self.world.due(ticket).expect("the request is gone");
            self.pass_until(due, |_| false);
        }
    }

    /// Sends requests side by side and waits for all; the seconds they took together.
    pub(crate) fn together(&mut self, commands: Vec<Command>) -> (f64, Vec<Result<Answer, Refusal>>) {
        let begun = self.second();
        let flying: Vec<Begun> = commands.into_iter().map(|command| self.world.begin(command, "test")).collect();
        self.look();
        let results = flying
            .into_iter()
            .map(|begun| match begun {
                Begun::Answered(result) => result,
                Begun::Pending(ticket) => self.answer(ticket),
            })
            .collect();
        (self.second() - begun, results)
    }

    /// A request that must be answered.
    pub(crate) fn ok(&mut self, command: Command) -> f64 {
        let shown = format!("{command:?}");
        let (took, result) = self.call(command);
        result.unwrap_or_else(|refusal| panic!("{shown}: {refusal:?}"));
        took
    }

    /// A request that must be refused; status and detail.
    pub(crate) fn refused(&mut self, command: Command) -> (u16, String) {
        let shown = format!("{command:?}");
        match self.call(command).1 {
            Err(refusal) => (refusal.http_status, refusal.detail().to_owned()),
            Ok(answer) => panic!("{shown} was not refused: {answer:?}"),
        }
    }

    pub(crate) fn confirm(&self, name: &str) -> Command {
        Command::Fence { host: self.host(name), fence_type: FenceType::Manual, maintenance_after_restart: false }
    }

    pub(crate) fn park(&self, name: &str) -> Command {
        Command::DeactivateHost { host: self.host(name), reason: Some("test".to_owned()) }
    }

    pub(crate) fn activate(&self, name: &str) -> Command {
        Command::ActivateHost { host: self.host(name) }
    }

    pub(crate) fn start(&self, name: &str) -> Command {
        Command::StartVm { vm: self.vm(name) }
    }

    /// Switches a cluster's fencing policy.
    pub(crate) fn fencing(&mut self, enabled: bool) {
        let cluster = *self.world.clusters.keys().next().unwrap();
        let policy = FencingPolicy { enabled, ..FencingPolicy::default() };
        self.ok(Command::UpdateCluster {
            cluster,
            change: ClusterChange { fencing_policy: Some(policy), ..ClusterChange::default() },
        });
    }

    /// Repoints every row to the copies at `site`.
    pub(crate) fn repoint(&mut self, site: &str) {
        for command in self.repointing(site) {
            self.ok(command);
        }
    }

    pub(crate) fn repointing(&self, site: &str) -> Vec<Command> {
        let mut commands = vec![];
        for domain in self.world.domains.values() {
            let Some(copy) = domain.copies.get(site) else { continue };
            for (connection, target) in domain.connections.iter().zip(&copy.targets) {
                let change = match target.clone() {
                    Target::Mount { address, path } => {
                        ConnectionChange { address: Some(address), path: Some(path), ..ConnectionChange::default() }
                    }
                    Target::Portal { address, port, target } => ConnectionChange {
                        address: Some(address),
                        port: Some(u32::from(port)),
                        target: Some(target),
                        ..ConnectionChange::default()
                    },
                };
                commands.push(Command::UpdateConnection { connection: *connection, force: true, change });
            }
        }
        commands
    }

    /// Waits until all hosts of `site` are `non_responsive`.
    pub(crate) fn until_non_responsive(&mut self, site: &str) {
        let site = site.to_owned();
        assert!(self.wait(200.0, |world| {
            world.hosts.values().filter(|host| host.site == site).all(|host| host.status == HostStatus::NonResponsive)
        }));
    }

    pub(crate) fn hosts_of(&self, site: &str) -> Vec<String> {
        let mut names: Vec<String> =
            self.world.hosts.values().filter(|host| host.site == site).map(|host| host.name.clone()).collect();
        names.sort();
        names
    }

    pub(crate) fn kinds(&self) -> Vec<ViolationKind> {
        self.world.violations().iter().map(|violation| violation.kind).collect()
    }
}

pub(crate) fn millis(seconds: f64) -> u64 {
    // Tests speak in small positive seconds.
    std::time::Duration::from_secs_f64(seconds).as_millis().try_into().unwrap()
}

pub(crate) fn seconds(at: SimTime) -> f64 {
    std::time::Duration::from_millis(at.0).as_secs_f64()
}
