//! What must hold, whatever happens: read from the world itself, never from what the daemon says of it.

use dr_core::{HostId, Memory, OwedKey};
use engine_sim::world::HostStatus;
use tests::Rig;

use crate::scene::{Scene, UNNAMED};

/// The world saw nothing that must never happen, nobody unnamed was touched, and what is switched off is owed and tagged.
pub(crate) async fn always(rig: &Rig, scene: &Scene) -> Result<(), String> {
    let violations = rig.engine.violations();
    if !violations.is_empty() {
        return Err(format!("violations: {violations:#?}"));
    }
    let stranger = rig.engine.world(|world| world.host_named(UNNAMED).map(|host| host.id.to_string()));
    if let Some(touched) = stranger.and_then(|id| rig.mutations().into_iter().find(|one| one.contains(&id))) {
        return Err(format!("I3: the unnamed host was touched: {touched}"));
    }
    let off = switched_off(rig, scene);
    if off.is_empty() {
        return Ok(());
    }
    let entries = rig.entries().await;
    let memory = Memory::fold(entries.iter().map(|stamped| (stamped.at, &stamped.entry)));
    let tags = tags(rig);
    for key in off {
        if !memory.owed.contains_key(&key) {
            return Err(format!("I4: {key:?} is off and not owed in the journal"));
        }
        if !tags.contains(&key.tag_name()) {
            return Err(format!("I4: {key:?} is off and has no tag; tags: {tags:?}"));
        }
    }
    Ok(())
}

/// What holds when the report says that there is nothing to do, with `site` active.
pub(crate) fn converged(rig: &Rig, scene: &Scene, site: &str) -> Result<(), String> {
    let report = rig.report();
    let off = switched_off(rig, scene);
    if !(report.owed.is_empty() && off.is_empty() && tags(rig).is_empty()) {
        return Err(format!("I4: converged, but owed {:?}, off {off:?}, tags {:?}", report.owed, tags(rig)));
    }
    if !report.drift.is_empty() || report.transition.is_some() {
        return Err(format!("converged with drift or a transition: {report:#?}"));
    }
    let hosts = scene.spec.sites.iter().filter(|each| each.name == site).flat_map(|each| &each.hosts);
    for host in hosts.filter(|host| host.name != UNNAMED) {
        let status = rig.engine.world(|world| world.host_named(&host.name).map(|row| row.status));
        if status != Some(HostStatus::Up) {
            return Err(format!("converged, but {} is {status:?}", host.name));
        }
    }
    for domain in &scene.spec.domains {
        for target in domain.copies.get(site).into_iter().flatten() {
            if !rig.engine.world(|world| world.connections.values().any(|row| row.target == *target)) {
                return Err(format!("converged, but no connection of {} points at {target:?}", domain.name));
            }
        }
    }
    Ok(())
}

/// Power management and fencing that were on in the beginning and are off.
fn switched_off(rig: &Rig, scene: &Scene) -> Vec<OwedKey> {
    let had = |name: &str| {
        let mut hosts = scene.spec.sites.iter().flat_map(|site| &site.hosts);
        hosts.any(|host| host.name == name && host.power_management)
    };
    rig.engine.world(|world| {
        let hosts = world.hosts.values().filter(|host| !host.power_management.enabled && had(&host.name));
        let mut off: Vec<OwedKey> =
            hosts.map(|host| OwedKey::PowerManagement(HostId::from(host.id.to_string().as_str()))).collect();
        for cluster in world.clusters.values().filter(|cluster| !cluster.fencing_policy.enabled) {
            off.push(OwedKey::Fencing(dr_core::ClusterId::from(cluster.id.to_string().as_str())));
        }
        off
    })
}

fn tags(rig: &Rig) -> Vec<String> {
    rig.engine.world(|world| {
        let ours = world.tags.values().filter(|tag| tag.name.starts_with("ovirt-dr"));
        ours.map(|tag| tag.name.clone()).collect()
    })
}
