//! Data centers come up as a consequence: no call forces it, so all there is to do is to say what each waits for.

use std::time::Duration;

use crate::scene::Scene;
use crate::{
    DataCenter, DataCenterId, DataCenterStatus, Decision, Goal, Host, HostId, HostStatus, Life, Refusal, Spm, Time,
    Wait,
};

use super::proof::Proof;

/// An `up` that has lasted this long counts: `contend` flaps and `spm` flashes (hosts.md 6.4).
const DATA_CENTER_SETTLES: Duration = Duration::from_secs(10);
/// After this long without progress a dead SPM is said to own the storage.
const NO_PROGRESS: Duration = Duration::from_secs(300);

/// What only a person can do for a dead SPM that no failover has given up.
const BY_HAND: &str = "once it is known to be off, confirm by hand in the engine that it has been rebooted";

/// Whether a data center is up in this read.
pub(crate) fn is_up(scene: &Scene, id: &DataCenterId) -> bool {
    scene.data_centers.iter().any(|data_center| data_center.id == *id && data_center.status == DataCenterStatus::Up)
}

/// Whether the storage that a data center's hosts connect to is the new site's, the old site having been proven down.
pub(crate) fn has_new_storage(scene: &Scene, id: &DataCenterId) -> bool {
    scene.affected.contains(id) && scene.transition.proven.is_some() && scene.promoted && scene.rows_missing(id) == 0
}

/// Explains each affected data center, and notes those that have arrived.
pub(crate) fn watch(scene: &Scene, proof: &Proof, decision: &mut Decision) {
    for data_center in scene.data_centers.iter().filter(|data_center| scene.affected.contains(&data_center.id)) {
        // Said before anything is proven: a person can mend it meanwhile.
        if !proof.proven || data_center.status != DataCenterStatus::Up {
            decision.refusals.extend(without_spm(scene, data_center));
        }
    }
    if !proof.proven {
        return;
    }
    for data_center in scene.data_centers.iter().filter(|data_center| scene.affected.contains(&data_center.id)) {
        if !has_new_storage(scene, &data_center.id) {
            continue;
        }
        if data_center.status == DataCenterStatus::Up {
            let goal = Goal::DataCenterUp(data_center.id.0.clone());
            let settled = scene.now.since(data_center.since) >= DATA_CENTER_SETTLES;
            if first_standby_up(scene, data_center).is_none() && scene.transition.reached_at(&goal).is_none() {
                // Somebody parked the hosts that had come up: it is not ours to bring them back, and it holds everything open.
                explain(scene, data_center, decision);
            } else if settled {
                super::reach(scene, decision, goal);
            }
            domains(scene, data_center, decision);
        } else {
            explain(scene, data_center, decision);
        }
    }
}

fn domains(scene: &Scene, data_center: &DataCenter, decision: &mut Decision) {
    for domain in scene.domains.iter().filter(|domain| domain.data && domain.data_center == data_center.id) {
        if domain.status != "active" && domain.is_connected_by_hosts() {
            decision.waits.push(Wait::Domain { name: domain.name.clone(), status: domain.status.clone() });
        }
    }
}

fn explain(scene: &Scene, data_center: &DataCenter, decision: &mut Decision) {
    let here = |host: &&&Host| scene.data_center(host).is_some_and(|dc| dc.id == data_center.id);
    let dead_spm = scene.lost.iter().filter(here).find(|host| host.spm == Spm::Spm);
    let others = scene.others.iter().map(|(host, _)| host);
    let foreign_spm = others.filter(here).find(|host| host.spm == Spm::Spm && scene.life(host) == Life::Lost);
    let (dead_ours, contending): (Vec<&&Host>, Vec<&&Host>) = scene
        .standby
        .iter()
        .filter(here)
        .filter(|host| host.spm != Spm::None)
        .partition(|host| scene.life(host) == Life::Lost);
    let standby_up = first_standby_up(scene, data_center);
    let no_candidate = no_candidate(scene, data_center);
    let on = if scene.standby_of(&data_center.id).next().is_none() {
        format!("no host of {} belongs to it", scene.to)
    } else if standby_up.is_none() {
        "no host of the new site is up yet".to_owned()
    } else if let Some(host) = dead_spm {
        format!("its SPM {} is not confirmed yet", host.name)
    } else if let Some(host) = foreign_spm {
        format!("its SPM {} is {} and not one of {}: {BY_HAND}", host.name, host.status, scene.transition.from)
    } else if let Some(host) = dead_ours.first() {
        format!("its SPM {} is {} and one of the new site: bring it up, or {BY_HAND}", host.name, host.status)
    } else if let Some(host) = contending.first() {
        format!("{} takes the SPM role; the storage lease of the dead SPM may have to run out", host.name)
    } else if let Some(reason) = &no_candidate {
        reason.clone()
    } else {
        by_status(&data_center.status).to_owned()
    };
    if dead_spm.is_none()
        && foreign_spm.is_none()
        && dead_ours.is_empty()
        && no_candidate.is_none()
        && comes_up_by_itself(&data_center.status)
    {
        let since = standby_up.map_or(Duration::ZERO, |up| scene.now.since(last_move(scene, data_center, up)));
        if since >= NO_PROGRESS {
            decision.refusals.push(Refusal::DeadSpmOwnsStorage { data_center: data_center.name.clone(), since });
        }
    }
    let (name, status) = (data_center.name.clone(), data_center.status.to_string());
    decision.waits.push(Wait::DataCenter { name, status, on });
}

/// What stands in the way of any election at the new site, if every host of a data center there has a priority that says never.
fn without_spm(scene: &Scene, data_center: &DataCenter) -> Option<Refusal> {
    let here = scene.standby_of(&data_center.id);
    let hosts = here.map(|host| host.may_be_spm.is_none().then(|| host.name.clone())).collect::<Option<Vec<_>>>()?;
    // One of another site that is up may be elected too.
    (!hosts.is_empty() && candidates(scene, data_center).next().is_none()).then(|| Refusal::NoHostMayBeSpm {
        site: scene.to.0.clone(),
        data_center: data_center.name.clone(),
        hosts,
    })
}

/// Hosts that an election may choose now.
fn candidates<'a>(scene: &'a Scene, data_center: &'a DataCenter) -> impl Iterator<Item = &'a Host> {
    let others = scene.others.iter().map(|(host, _)| *host);
    let here = |host: &&Host| scene.data_center(host).is_some_and(|dc| dc.id == data_center.id);
    let all = scene.standby.iter().copied().chain(others).filter(here);
    all.filter(|host| host.status == HostStatus::Up && host.may_be_spm.is_some())
}

/// Why no election finds anybody although hosts of the new site are up.
fn no_candidate(scene: &Scene, data_center: &DataCenter) -> Option<String> {
    if candidates(scene, data_center).next().is_some() {
        return None;
    }
    let here = || scene.standby_of(&data_center.id);
    let up = here().filter(|host| host.status == HostStatus::Up).map(|host| host.name.clone()).collect::<Vec<_>>();
    if up.is_empty() {
        return None;
    }
    let may: Vec<String> = here().filter(|host| host.may_be_spm.is_some()).map(|host| host.name.clone()).collect();
    let site = &scene.to;
    Some(match may.as_slice() {
        [] => format!("no host of {site} may become SPM"),
        may => format!(
            "of {site} only {} may become SPM and {} not up",
            may.join(", "),
            if may.len() == 1 { "is" } else { "are" }
        ),
    })
}

/// Whether an election brings a data center up; one without a master domain, or whose master is in maintenance, waits for a person.
pub(crate) fn comes_up_by_itself(status: &DataCenterStatus) -> bool {
    match status {
        DataCenterStatus::Uninitialized | DataCenterStatus::Maintenance => false,
        DataCenterStatus::Up
        | DataCenterStatus::Problematic
        | DataCenterStatus::Contend
        | DataCenterStatus::NotOperational
        | DataCenterStatus::Other(_) => true,
    }
}

fn by_status(status: &DataCenterStatus) -> &'static str {
    match status {
        DataCenterStatus::NotOperational => {
            "its SPM died while the engine was starting; confirming that host moves it on"
        }
        DataCenterStatus::Maintenance => "its master domain is in maintenance: activate that domain",
        DataCenterStatus::Uninitialized => "it has no master domain: attach one",
        DataCenterStatus::Up
        | DataCenterStatus::Problematic
        | DataCenterStatus::Contend
        | DataCenterStatus::Other(_) => "an SPM is elected every 10 s; storage may still name the dead one",
    }
}

/// When anything last happened that an election waits for: a host confirmed, or the first standby host up.
fn last_move(scene: &Scene, data_center: &DataCenter, standby_up: Time) -> Time {
    let here = |id: &str| {
        let host = scene.lost_host(&HostId::from(id));
        host.is_some_and(|host| scene.data_center(host).is_some_and(|dc| dc.id == data_center.id))
    };
    let confirmed = scene.transition.reached.iter().filter_map(|(goal, at)| match goal {
        Goal::Confirmed(id) if here(id) => Some(*at),
        Goal::Confirmed(_)
        | Goal::Repointed(_)
        | Goal::HostUp(_)
        | Goal::Parked(_)
        | Goal::DataCenterUp(_)
        | Goal::VmUp(_) => None,
    });
    let allowed = scene.standby_of(&data_center.id).filter_map(|host| host.may_be_spm);
    confirmed.chain([standby_up]).chain(allowed.min()).max().unwrap_or(standby_up)
}

pub(crate) fn first_standby_up(scene: &Scene, data_center: &DataCenter) -> Option<Time> {
    let up = scene.standby_of(&data_center.id).filter(|host| host.status == HostStatus::Up);
    up.map(|host| host.since).min()
}
