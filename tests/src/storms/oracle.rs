//! What must hold, whatever happens: read from the world itself, never from what the daemon says of it.

use std::collections::BTreeSet;

use dr_core::{HostId, Memory, OwedKey};
use engine_sim::world::HostStatus;
use ovirt_dr::rehearsal::PASSWORD;

use crate::Rig;

use super::clocks::ClockWatch;
use super::removal::{PlanWatch, has_entry, has_host};
use super::scene::Scene;

/// What was seen so far, so that each look costs only what is new.
#[derive(Default)]
pub(super) struct Watcher {
    memory: Memory,
    seq: u64,
    mutations: usize,
    /// Requests that changed something, all of them.
    pub(super) made: Vec<String>,
    /// The journal was lost or is an older one: what is off is known by its tag only, until a person says `repair`.
    forgotten: bool,
    /// Tags that somebody took away.
    untagged: BTreeSet<String>,
    /// The daemon's clock.
    pub(super) clock: ClockWatch,
    /// The plans that it may act on.
    pub(super) plans: PlanWatch,
}

impl Watcher {
    /// Somebody is about to take our tags away: what is off without one is not the daemon's doing.
    pub(super) fn tags_taken_away(&mut self, rig: &Rig) {
        self.untagged.extend(tags(rig));
    }

    /// Another journal is read from its beginning.
    pub(super) fn journal_replaced(&mut self) {
        self.memory = Memory::default();
        self.seq = 0;
        self.forgotten = true;
        self.clock.journal_replaced();
    }

    /// The world saw nothing that must never happen, nobody unnamed was touched, and what is switched off is owed and tagged.
    pub(super) async fn always(&mut self, rig: &Rig, scene: &Scene) -> Result<(), String> {
        let violations = rig.engine.violations();
        if !violations.is_empty() {
            return Err(format!("violations: {violations:#?}"));
        }
        for stamped in rig.entries_after(self.seq).await {
            self.seq = stamped.seq;
            self.memory.apply(stamped.at, &stamped.entry);
            self.clock.hears(&stamped)?;
            if scene.wide {
                self.plans.hears(&self.memory);
            }
        }
        if let Some(breach) = &self.memory.breached {
            return Err(format!("a step of the daemon was stopped: {breach}"));
        }
        let new = rig.mutations_after(&mut self.mutations);
        if !new.is_empty() {
            for name in &scene.unnamed {
                let id = rig.engine.look(|world| world.host_named(name).map(|host| host.id.to_string()));
                if let Some(touched) = id.and_then(|id| new.iter().find(|one| one.contains(&id))) {
                    return Err(format!("I3: the unnamed host {name} was touched: {touched}"));
                }
            }
            // What only the engine's tags still tell is given back whatever the plan says.
            if scene.wide && !self.forgotten {
                self.plans.names(&new, rig, scene)?;
            }
            self.made.extend(new);
        }
        let off = switched_off(rig, scene);
        if off.is_empty() {
            return Ok(());
        }
        let tags = tags(rig);
        for key in off {
            if !self.forgotten && !self.memory.owed.contains_key(&key) {
                return Err(format!("I4: {key:?} is off and not owed in the journal"));
            }
            if !tags.contains(&key.tag_name()) && !self.untagged.contains(&key.tag_name()) {
                return Err(format!("I4: {key:?} is off and has no tag; tags: {tags:?}"));
            }
        }
        Ok(())
    }
}

/// I12: the engine's password is in nothing that a person or a file gets to see.
pub(super) async fn keeps_secrets(rig: &Rig) -> Result<(), String> {
    let said = rig.story();
    if let Some(line) = said.lines().find(|line| line.contains(PASSWORD)) {
        return Err(format!("I12: the password is in the story: {line}"));
    }
    let entries = rig.entries().await;
    match entries.iter().find(|stamped| format!("{:?}", stamped.entry).contains(PASSWORD)) {
        Some(stamped) => Err(format!("I12: the password is in the journal, number {}", stamped.seq)),
        None if format!("{:?}", rig.report()).contains(PASSWORD) => {
            Err("I12: the password is in the report".to_owned())
        }
        None => Ok(()),
    }
}

/// What holds when the report says that there is nothing to do, with `site` active and this as the plan's text.
pub(super) fn converged(rig: &Rig, scene: &Scene, site: &str, watcher: &Watcher, text: &str) -> Result<(), String> {
    let plan = dr_plan::parse("erp", text).plan.ok_or("the file is no plan")?;
    let report = rig.report();
    let mut off = switched_off(rig, scene);
    // What neither a lost journal nor a tag that was taken away tells, nobody knows.
    off.retain(|key| !(watcher.forgotten && watcher.untagged.contains(&key.tag_name())));
    if !(report.owed.is_empty() && off.is_empty() && tags(rig).is_empty()) {
        return Err(format!("I4: converged, but owed {:?}, off {off:?}, tags {:?}", report.owed, tags(rig)));
    }
    if !report.drift.is_empty() || report.transition.is_some() {
        return Err(format!("converged with drift or a transition: {report:#?}"));
    }
    let hosts = scene.spec.sites.iter().filter(|each| each.name == site).flat_map(|each| &each.hosts);
    for host in hosts.filter(|host| has_host(&plan, &host.name)) {
        let status = rig.engine.look(|world| world.host_named(&host.name).map(|row| row.status));
        if status != Some(HostStatus::Up) {
            return Err(format!("converged, but {} is {status:?}", host.name));
        }
    }
    for domain in scene.spec.domains.iter().filter(|domain| has_entry(&plan, &domain.name)) {
        for target in domain.copies.get(site).into_iter().flatten() {
            if !rig.engine.look(|world| world.connections.values().any(|row| row.target == *target)) {
                return Err(format!("converged, but no connection of {} points at {target:?}", domain.name));
            }
        }
    }
    Ok(())
}

/// Whether a wait is one of those that time alone ends, within minutes: a silence, a moment's watch.
pub(super) fn ends_by_itself(wait: &str) -> bool {
    wait.contains(", counts after ") || wait.contains(", watched for a moment")
}

/// Power management and fencing that were on in the beginning and are off.
fn switched_off(rig: &Rig, scene: &Scene) -> Vec<OwedKey> {
    let had = |name: &str| {
        let mut hosts = scene.spec.sites.iter().flat_map(|site| &site.hosts);
        hosts.any(|host| host.name == name && host.power_management)
    };
    let fenced = |name: &str| scene.spec.clusters.iter().any(|each| each.name == name && each.fencing_policy.enabled);
    rig.engine.look(|world| {
        let hosts = world.hosts.values().filter(|host| !host.power_management.enabled && had(&host.name));
        let mut off: Vec<OwedKey> =
            hosts.map(|host| OwedKey::PowerManagement(HostId::from(host.id.to_string().as_str()))).collect();
        let clusters =
            world.clusters.values().filter(|cluster| !cluster.fencing_policy.enabled && fenced(&cluster.name));
        for cluster in clusters {
            off.push(OwedKey::Fencing(dr_core::ClusterId::from(cluster.id.to_string().as_str())));
        }
        off
    })
}

fn tags(rig: &Rig) -> Vec<String> {
    rig.engine.look(|world| {
        let ours = world.tags.values().filter(|tag| tag.name.starts_with("ovirt-dr"));
        ours.map(|tag| tag.name.clone()).collect()
    })
}
