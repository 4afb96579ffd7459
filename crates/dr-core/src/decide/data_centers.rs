//! Data centers come up as a consequence: no call forces it, so all there is to do is to say what each waits for.

use std::time::Duration;

use crate::scene::Scene;
use crate::{DataCenter, DataCenterId, DataCenterStatus, Decision, Goal, HostStatus, Refusal, Spm, Wait};

/// An `up` that has lasted this long counts: `contend` flaps and `spm` flashes (hosts.md 6.4).
pub(crate) const DATA_CENTER_SETTLES: Duration = Duration::from_secs(10);
/// After this long without progress a dead SPM is said to own the storage.
const NO_PROGRESS: Duration = Duration::from_secs(300);

/// Whether a data center is up in this read.
pub(crate) fn is_up(scene: &Scene, id: &DataCenterId) -> bool {
    scene.data_centers.iter().any(|data_center| data_center.id == *id && data_center.status == DataCenterStatus::Up)
}

/// Explains each affected data center, and notes those that have arrived.
pub(crate) fn watch(scene: &Scene, decision: &mut Decision) {
    for data_center in scene.data_centers.iter().filter(|data_center| scene.affected.contains(&data_center.id)) {
        if data_center.status == DataCenterStatus::Up {
            let settled = scene.now.since(data_center.since) >= DATA_CENTER_SETTLES;
            if settled && !super::storage::is_pending(scene) && standby_is_up(scene, data_center) {
                super::reach(scene, decision, Goal::DataCenterUp(data_center.id.0.clone()));
            }
            domains(scene, data_center, decision);
        } else if !super::storage::is_pending(scene) {
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
    let here = |host: &&&crate::Host| scene.data_center(host).is_some_and(|dc| dc.id == data_center.id);
    let dead_spm = scene.lost.iter().filter(here).find(|host| host.spm == Spm::Spm);
    let contending = scene.standby.iter().filter(here).find(|host| host.spm != Spm::None);
    let on = if !standby_is_up(scene, data_center) {
        "no host of the new site is up yet".to_owned()
    } else if let Some(host) = dead_spm {
        format!("its SPM {} is not confirmed yet", host.name)
    } else if let Some(host) = contending {
        format!("{} takes the SPM role; the storage lease of the dead SPM may have to run out", host.name)
    } else if data_center.status == DataCenterStatus::NotOperational {
        "its SPM died while the engine was starting; confirming that host moves it on".to_owned()
    } else {
        "an SPM is elected every 10 s; storage may still name the dead one".to_owned()
    };
    if dead_spm.is_none() && standby_is_up(scene, data_center) {
        let confirmed = scene.transition.reached.iter().filter(|(goal, _)| matches!(goal, Goal::Confirmed(_)));
        let last_move = confirmed.map(|(_, at)| *at).chain(first_standby_up(scene, data_center)).max();
        let since = last_move.map_or(Duration::ZERO, |at| scene.now.since(at));
        if since >= NO_PROGRESS {
            decision.refusals.push(Refusal::DeadSpmOwnsStorage { data_center: data_center.name.clone(), since });
        }
    }
    decision.waits.push(Wait::DataCenter {
        name: data_center.name.clone(),
        status: data_center.status.to_string(),
        on,
    });
}

fn standby_is_up(scene: &Scene, data_center: &DataCenter) -> bool {
    first_standby_up(scene, data_center).is_some()
}

fn first_standby_up(scene: &Scene, data_center: &DataCenter) -> Option<crate::Time> {
    let here = scene.standby.iter().filter(|host| scene.data_center(host).is_some_and(|dc| dc.id == data_center.id));
    here.filter(|host| host.status == HostStatus::Up).map(|host| host.since).min()
}
