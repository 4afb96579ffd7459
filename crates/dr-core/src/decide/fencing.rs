//! Automatic fencing and power management: suspended while a transition is open, owed, given back object by object.

use crate::hash::HashMap;
use crate::scene::Scene;
use crate::{ClusterId, Decision, Host, HostId, HostStatus, Life, OwedKey, Step, Wait};

use super::proof::Proof;

/// Suspends them as soon as no host of the losing site is alive: earlier than the proof is complete, since the engine's own treatment begins
/// the moment a host is `non_responsive` and would hold the lock that a confirmation needs (hosts.md 0.4, 0.5).
pub(crate) fn suspend(scene: &Scene, proof: &Proof, decision: &mut Decision) {
    if !scene.plan.policy.suspend_fencing || proof.contradicted || !proof.clear {
        return;
    }
    if scene.lost.iter().any(|host| scene.life(host) == Life::Alive) {
        return;
    }
    let open = open_hosts(scene);
    for cluster in scene.clusters.iter().filter(|cluster| cluster.fencing && open.contains_key(&cluster.id)) {
        let step = Step::SuspendFencing {
            cluster: cluster.id.clone(),
            name: cluster.name.clone(),
            original: cluster.fencing_policy.clone(),
        };
        scene.offer(decision, step);
    }
    for host in scene.lost.iter().filter(|host| host.power_management && !is_settled(host)) {
        let step = Step::SuspendPowerManagement { host: host.id.clone(), name: host.name.clone(), port: host.port };
        scene.offer(decision, step);
    }
}

/// Puts back what is owed, each object as soon as its own reason is gone.
pub(crate) fn give_back(scene: &Scene, decision: &mut Decision) {
    let open = if scene.transition.cancelled { HashMap::default() } else { open_hosts(scene) };
    // Of a host that is not listed the cluster is not known: it may be any.
    let left_out = scene.left_out().next().filter(|_| !scene.transition.cancelled);
    for (key, owed) in &scene.memory.owed {
        let name = owed.name.clone();
        let until = match key {
            OwedKey::PowerManagement(_) if scene.transition.cancelled => None,
            OwedKey::PowerManagement(id) => power_management_until(scene, id, &name),
            OwedKey::Fencing(id) => match open.get(id).map(Vec::as_slice) {
                None | Some([]) => left_out.map(|host| format!("{host} is listed and parked")),
                Some([host]) => Some(format!("{} is parked", host.name)),
                Some(hosts) => Some(format!("{} hosts are parked", hosts.len())),
            },
        };
        let (what, step) = match key {
            OwedKey::PowerManagement(id) => (
                format!("power management of {name}"),
                Step::RestorePowerManagement { host: id.clone(), name, port: owed.port },
            ),
            OwedKey::Fencing(id) => (
                format!("fencing of cluster {name}"),
                Step::RestoreFencing { cluster: id.clone(), name, original: owed.original.clone() },
            ),
        };
        match until {
            Some(until) => decision.waits.push(Wait::Owed { what, until }),
            None => drop(scene.offer(decision, step)),
        }
    }
    if left_out.is_some() && !scene.memory.owed.is_empty() {
        decision.waits.extend(scene.left_out().map(|host| Wait::LeftOut { host: host.to_owned() }));
    }
}

/// What a host's power management waits for. One that the list leaves out is not given up before its time; one that it shows under a name
/// that the plan does not have, since somebody renamed it, is the same host. Hosts of other sites are nothing that this transition parks.
fn power_management_until(scene: &Scene, id: &HostId, name: &str) -> Option<String> {
    match scene.listed(id) {
        None if scene.is_gone(name) => None,
        None => Some(format!("{name} is listed and parked")),
        Some(host) if is_settled(host) => None,
        Some(host) if scene.lost_host(id).is_none() && is_of_another_site(scene, host) => None,
        Some(host) => Some(format!("{} is parked", host.name)),
    }
}

fn is_of_another_site(scene: &Scene, host: &Host) -> bool {
    scene.plan.sites.iter().any(|(site, of)| !scene.transition.has_lost(&site.0) && of.hosts.contains(&host.name))
}

/// Lost hosts that the engine would still fence, by cluster.
fn open_hosts<'a>(scene: &Scene<'a>) -> HashMap<&'a ClusterId, Vec<&'a Host>> {
    let mut open: HashMap<&ClusterId, Vec<&Host>> = HashMap::default();
    for host in scene.lost.iter().filter(|host| !is_settled(host)) {
        open.entry(&host.cluster).or_default().push(host);
    }
    open
}

/// A parked host is not fenced, and an up one may be: neither needs the suspension any more.
pub(crate) fn is_settled(host: &Host) -> bool {
    matches!(host.status, HostStatus::Maintenance | HostStatus::Up)
}
