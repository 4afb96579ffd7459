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

/// Whether a data center is up in this read.
pub(crate) fn is_up(scene: &Scene, id: &DataCenterId) -> bool {
    scene.data_centers.iter().any(|data_center| data_center.id == *id && data_center.status == DataCenterStatus::Up)
}

/// Whether the storage that a data center's hosts connect to is the new site's, the old site having been proven down.
pub(crate) fn has_new_storage(scene: &Scene, id: &DataCenterId) -> bool {
    scene.affected.contains(id)
        && scene.transition.proven.is_some()
        && super::storage::is_promoted(scene)
        && scene.rows_missing(id) == 0
}

/// Explains each affected data center, and notes those that have arrived.
pub(crate) fn watch(scene: &Scene, proof: &Proof, decision: &mut Decision) {
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
    let contending = scene.standby.iter().filter(here).find(|host| host.spm != Spm::None);
    let standby_up = first_standby_up(scene, data_center);
    let on = if scene.standby_of(&data_center.id).next().is_none() {
        format!("no host of {} belongs to it", scene.to)
    } else if standby_up.is_none() {
        "no host of the new site is up yet".to_owned()
    } else if let Some(host) = dead_spm {
        format!("its SPM {} is not confirmed yet", host.name)
    } else if let Some(host) = foreign_spm {
        format!("its SPM {} is {} and not one of {}: confirm it by hand", host.name, host.status, scene.transition.from)
    } else if let Some(host) = contending {
        format!("{} takes the SPM role; the storage lease of the dead SPM may have to run out", host.name)
    } else {
        by_status(&data_center.status).to_owned()
    };
    if dead_spm.is_none() && foreign_spm.is_none() && comes_up_by_itself(&data_center.status) {
        let since = standby_up.map_or(Duration::ZERO, |up| scene.now.since(last_move(scene, data_center, up)));
        if since >= NO_PROGRESS {
            decision.refusals.push(Refusal::DeadSpmOwnsStorage { data_center: data_center.name.clone(), since });
        }
    }
    let (name, status) = (data_center.name.clone(), data_center.status.to_string());
    decision.waits.push(Wait::DataCenter { name, status, on });
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
    confirmed.chain([standby_up]).max().unwrap_or(standby_up)
}

pub(crate) fn first_standby_up(scene: &Scene, data_center: &DataCenter) -> Option<Time> {
    let up = scene.standby_of(&data_center.id).filter(|host| host.status == HostStatus::Up);
    up.map(|host| host.since).min()
}
