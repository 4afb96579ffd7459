//! One night of a sweep: what happens, the crash wherever it strikes, and what must hold at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use dr_core::invariants::Invariant;
use dr_core::planted::plant;
use dr_core::{Confirmation, Memory, OwedKey};
use dr_daemon::{Command, Report};
use engine_sim::world::{VmStatus, WorldSpec};
use ovirt_dr::rehearsal::two_sites_and_a_witness;

use crate::edges::Passed;
use crate::{CrashPoint, Rig, plan_of};

use super::Scenario;

/// The engine's event of a virtual machine that came up.
const VM_STARTED: u32 = 32;
/// Longest that anything may take, in seconds.
const LIMIT: u64 = 7200;
/// How long a killed daemon stays dead, in seconds.
const DEAD: u64 = 3;

/// What is left when a night is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    converged: bool,
    cancelled: bool,
    /// How often each virtual machine came up.
    starts: BTreeMap<String, usize>,
    /// Virtual machines that are up.
    up: Vec<String>,
    hosts: BTreeMap<String, String>,
    connections: Vec<String>,
}

/// A running night.
pub(super) struct Night {
    rig: Rig,
    scenario: Scenario,
    point: Option<CrashPoint>,
    /// Where the daemon that goes on is killed in its turn.
    again: Option<CrashPoint>,
    kills_left: usize,
    /// Sleeps in the code until the first crash.
    defect: Option<Invariant>,
    memory: Memory,
    seq: u64,
    passed: Passed,
}

impl Night {
    /// The daemon is started; nothing has happened yet.
    pub(super) fn of(scenario: Scenario, point: Option<CrashPoint>) -> Night {
        let spec = small();
        let mut plan = plan_of(&spec, true, "");
        if matches!(scenario, Scenario::FlippedBack | Scenario::Aborted) {
            plan = plan.replace("    promote:\n      hook: hooks/promote-seville\n", "    promote: confirm\n");
        }
        let rig = Rig::start(&spec, &plan);
        let again = (scenario == Scenario::Twice && point.is_some()).then_some(CrashPoint::AfterAny(1));
        Night {
            rig,
            scenario,
            point,
            again,
            kills_left: usize::from(point.is_some()) + usize::from(again.is_some()),
            defect: None,
            memory: Memory::default(),
            seq: 0,
            passed: Passed::default(),
        }
    }

    /// From the first crash on the daemon breaks this invariant.
    pub(super) fn breaks_later(&mut self, defect: Option<Invariant>) {
        self.defect = defect;
    }

    /// Everything that happens, and the end.
    pub(super) async fn told(&mut self) -> Result<End, String> {
        if self.scenario != Scenario::Failback {
            self.begin();
        }
        self.until(|report| report.accepted_site.is_some()).await?;
        self.pass(30).await?;
        self.lose("madrid").await?;
        self.flip("seville");
        match self.scenario {
            Scenario::Failover | Scenario::Reads | Scenario::Twice => {}
            Scenario::FlippedBack => {
                self.until_a_person_is_asked_to_promote().await?;
                self.flip("madrid");
            }
            Scenario::Aborted => {
                self.until_a_person_is_asked_to_promote().await?;
                let (by, reason) = ("ana".to_owned(), "madrid is coming back".to_owned());
                self.ask(&Command::Abort { by, reason }).await?;
            }
            Scenario::EngineRestart => {
                self.until(|report| report.progress.hosts_confirmed.0 == 2 || closed(report, 1)).await?;
                self.order("restart_engine")?;
            }
            Scenario::Failback => {
                self.until(|report| closed(report, 1)).await?;
                self.begin();
                self.order("restore_site madrid")?;
                self.order("resync_from seville")?;
                self.pass(300).await?;
                self.lose("seville").await?;
                self.flip("madrid");
                self.until(|report| report.held.is_some()).await?;
                let (by, reason) = ("ana".to_owned(), "seville is lost now".to_owned());
                self.ask(&Command::Confirm { confirmation: Confirmation::Flip, by, reason }).await?;
            }
        }
        let epoch = if self.scenario == Scenario::Failback { 2 } else { 1 };
        self.until(|report| closed(report, epoch)).await?;
        // What a closing leaves for the next passes belongs to the night as well.
        self.pass(60).await?;
        self.passed = self.rig.passed();
        self.end().await
    }

    /// What was passed from the beginning of the sweep to the end.
    pub(super) fn passed(&self) -> Passed {
        self.passed.clone()
    }

    /// How many crashes are still to strike.
    pub(super) fn kills_left(&self) -> usize {
        self.kills_left
    }

    /// What the daemon told, and what was done to it.
    pub(super) fn story(&self) -> String {
        self.rig.story()
    }

    fn begin(&self) {
        self.rig.count_passed();
        if let Some(point) = self.point {
            self.rig.crash_at(point);
        }
    }

    async fn until_a_person_is_asked_to_promote(&mut self) -> Result<(), String> {
        self.until(|report| report.refusals.iter().chain(&report.waits).any(|line| line.contains("make the replica")))
            .await?;
        self.pass(20).await
    }

    async fn lose(&mut self, site: &str) -> Result<(), String> {
        self.order(&format!("lose_site {site}"))?;
        self.pass(180).await
    }

    fn order(&self, order: &str) -> Result<(), String> {
        self.rig.note(order);
        self.rig.engine.order(order.parse()?)
    }

    fn flip(&self, site: &str) {
        self.rig.note(&format!("the file is edited: active_site: {site}"));
        self.rig.flip(site);
    }

    /// A person's command. Whoever got no answer because the daemon died asks again, and may hear that it is done.
    async fn ask(&mut self, command: &Command) -> Result<(), String> {
        self.rig.note(&format!("{command:?}"));
        let answered = tokio::select! {
            answer = self.rig.ask(command.clone()) => Some(answer),
            _ = self.rig.crashed(Duration::from_secs(LIMIT)) => None,
        };
        match answered {
            Some(answer) => answer.map(drop),
            None => {
                self.die().await?;
                self.pass(60).await?;
                let again = self.rig.ask(command.clone()).await;
                self.rig.note(&format!("asked again: {again:?}"));
                Ok(())
            }
        }
    }

    /// Waits until the report is as wanted.
    async fn until(&mut self, wanted: impl Fn(&Report) -> bool) -> Result<(), String> {
        for _ in 0..LIMIT {
            if wanted(&self.rig.report()) {
                return Ok(());
            }
            self.pass(1).await?;
        }
        Err(format!("not after {LIMIT} s: {:?}", self.rig.report()))
    }

    /// Lets so many seconds pass, with the crash if it strikes.
    async fn pass(&mut self, seconds: u64) -> Result<(), String> {
        for _ in 0..seconds {
            if self.rig.crashed(Duration::from_secs(1)).await {
                self.die().await?;
            }
            self.always().await?;
        }
        Ok(())
    }

    /// The daemon is dead where it stood, looked at, and started again.
    async fn die(&mut self) -> Result<(), String> {
        self.kills_left = self.kills_left.saturating_sub(1);
        self.rig.note("the daemon is killed");
        self.rig.kill();
        self.always().await?;
        self.rig.pass(Duration::from_secs(DEAD)).await;
        self.rig.note("the daemon is started");
        plant(self.defect);
        self.rig.restart();
        if let Some(point) = self.again.take() {
            self.rig.crash_at(point);
        }
        Ok(())
    }

    /// The world saw nothing forbidden, no step was stopped by an invariant, and what is switched off is owed and tagged.
    async fn always(&mut self) -> Result<(), String> {
        let violations = self.rig.engine.violations();
        if !violations.is_empty() {
            return Err(format!("violations: {violations:?}"));
        }
        for stamped in self.rig.entries_after(self.seq).await {
            self.seq = stamped.seq;
            self.memory.apply(stamped.at, &stamped.entry);
        }
        if let Some(breach) = &self.memory.breached {
            return Err(format!("a step of the daemon was stopped: {breach}"));
        }
        let tags = self.tags();
        for key in self.switched_off() {
            if !self.memory.owed.contains_key(&key) {
                return Err(format!("{key:?} is off and not owed in the journal"));
            }
            if !tags.contains(&key.tag_name()) {
                return Err(format!("{key:?} is off and has no tag"));
            }
        }
        Ok(())
    }

    /// Nothing is owed, nothing is off, nothing is done any more; what the world is like then.
    async fn end(&mut self) -> Result<End, String> {
        let before = self.rig.mutations();
        let passes = self.rig.report().passes;
        self.rig.until(Duration::from_secs(600), |report| report.passes >= passes + 20).await?;
        self.always().await?;
        let after = self.rig.mutations();
        if after.len() > before.len() {
            return Err(format!("it goes on after its end: {:?}", &after[before.len()..]));
        }
        let report = self.rig.report();
        let (off, tags) = (self.switched_off(), self.tags());
        if !(report.owed.is_empty() && off.is_empty() && tags.is_empty()) {
            return Err(format!("at the end owed {:?}, off {off:?}, tags {tags:?}", report.owed));
        }
        let turned_back = matches!(self.scenario, Scenario::FlippedBack | Scenario::Aborted);
        let closed = report.last_closed.clone().unwrap_or_default();
        if closed.cancelled != turned_back || !closed.exceptions.is_empty() || !(report.converged || turned_back) {
            return Err(format!("not the end that was to come: {report:?}"));
        }
        let end = self.rig.engine.world(|world| {
            let mut starts = BTreeMap::new();
            for event in world.events.iter().filter(|event| event.code == VM_STARTED) {
                let name = event.about.vm.and_then(|id| world.vms.get(&id)).map(|vm| vm.name.clone());
                *starts.entry(name.unwrap_or_default()).or_default() += 1;
            }
            let up = world.vms.values().filter(|vm| vm.status == VmStatus::Up);
            let mut up: Vec<String> = up.map(|vm| vm.name.clone()).collect();
            up.sort();
            let hosts = world.hosts.values().map(|host| (host.name.clone(), format!("{:?}", host.status)));
            let mut connections: Vec<String> =
                world.connections.values().map(|row| format!("{:?}", row.target)).collect();
            connections.sort();
            let (converged, cancelled) = (report.converged, closed.cancelled);
            End { converged, cancelled, starts, up, hosts: hosts.collect(), connections }
        });
        let most = match self.scenario {
            Scenario::Failover | Scenario::EngineRestart | Scenario::Reads | Scenario::Twice => 1,
            Scenario::FlippedBack | Scenario::Aborted => 0,
            Scenario::Failback => 2,
        };
        match end.starts.iter().find(|(_, count)| **count > most) {
            Some((name, count)) => Err(format!("{name} was started {count} times, not {most}")),
            None => Ok(end),
        }
    }

    fn switched_off(&self) -> Vec<OwedKey> {
        self.rig.engine.world(|world| {
            let hosts = world.hosts.values().filter(|host| !host.power_management.enabled);
            let hosts = hosts.map(|host| OwedKey::PowerManagement(host.id.to_string().as_str().into()));
            let clusters = world.clusters.values().filter(|cluster| !cluster.fencing_policy.enabled);
            hosts.chain(clusters.map(|one| OwedKey::Fencing(one.id.to_string().as_str().into()))).collect()
        })
    }

    fn tags(&self) -> Vec<String> {
        self.rig.engine.world(|world| {
            let ours = world.tags.values().filter(|tag| tag.name.starts_with("ovirt-dr"));
            ours.map(|tag| tag.name.clone()).collect()
        })
    }
}

fn closed(report: &Report, epoch: u64) -> bool {
    report.transition.is_none() && report.last_closed.as_ref().is_some_and(|closed| closed.epoch >= epoch)
}

/// Two hosts at each site, of which the second is never SPM, and four virtual machines, two of them highly available.
fn small() -> WorldSpec {
    let mut spec = two_sites_and_a_witness(["madrid", "seville"], 2, 4, 7);
    spec.options.dead_lease = 10_000;
    // Whoever is up first would be SPM: the end is to be the same whatever happened before.
    for host in spec.sites.iter_mut().filter_map(|site| site.hosts.last_mut()) {
        host.spm_priority = -1;
    }
    for (index, vm) in spec.vms.iter_mut().enumerate() {
        vm.ha = index % 2 == 1;
    }
    spec
}
