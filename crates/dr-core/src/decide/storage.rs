//! The replica made writable, and the storage connections pointed at it.

use std::collections::BTreeSet;

use dr_plan::Promote;

use crate::hash::HashMap;
use crate::invariants::Invariant;
use crate::planted::breaks;
use crate::scene::{Scene, SceneRow};
use crate::{
    Confirmation, DataCenterId, Decision, Goal, Host, HostStatus, Life, Outcome, Refusal, RefusedClass, Step, StepKey,
    StepKind, Wait,
};

use super::proof::Proof;

/// Whether storage that hosts connect to still has to change: then every host of the affected data centers must be known not to hold it.
///
/// Rows behind no data domain never gate: hosts do not connect to them when they are activated.
pub(crate) fn must_change(scene: &Scene) -> bool {
    !scene.promoted || scene.any_row_missing()
}

/// Promotes the new site's replica once the old site is proven down; says whether that is done.
pub(crate) fn promote(scene: &Scene, proof: &Proof, decision: &mut Decision) -> bool {
    // Of whatever transition: while a replica is being promoted, nothing is known of which one is writable.
    let flying = scene.memory.in_flight.keys().find(|key| key.kind == StepKind::Promote);
    if let Some(key) = flying {
        decision.waits.push(Wait::Promotion { site: key.object.clone(), text: None });
        return false;
    }
    if scene.promoted {
        return true;
    }
    if !proof.allows() || standby_is_alive(scene) {
        return false;
    }
    let site = scene.transition.to.clone();
    match &scene.winning.promote {
        Promote::Nothing => return true,
        Promote::Confirm => decision.refusals.push(Refusal::PromotionConfirmation { site }),
        Promote::Hook { .. } => {
            let key = StepKey { kind: StepKind::Promote, object: site.clone() };
            let last = scene.transition.tries.get(&key).map(|tries| &tries.outcome);
            match last {
                Some(Outcome::Failed { text } | Outcome::Refused { class: RefusedClass::Other, text }) => {
                    decision.refusals.push(Refusal::PromotionFailed { site: site.clone(), text: text.clone() });
                }
                Some(
                    outcome @ (Outcome::AlreadySo
                    | Outcome::Done
                    | Outcome::Unconfirmed { .. }
                    | Outcome::Refused { .. }),
                ) => {
                    let text = outcome.text().map(str::to_owned);
                    decision.waits.push(Wait::Promotion { site: site.clone(), text });
                }
                None => decision.waits.push(Wait::Promotion { site: site.clone(), text: None }),
            }
            scene.offer(decision, Step::Promote { site });
        }
    }
    false
}

/// A standby host that is up, or on its way, before storage changes must be parked first.
pub(crate) fn standby_is_alive(scene: &Scene) -> bool {
    let holds = |host: &&Host| scene.life(host) != Life::Lost || host.may_still_hold(scene.now);
    scene.standby.iter().copied().any(|host| holds(&host) && !scene.activated_by_us(host))
}

/// Points every row of the plan at the new site. Portals of one domain go one after another: the engine locks the domain (storage.md 2.5).
pub(crate) fn repoint(scene: &Scene, proof: &Proof, promoted: bool, decision: &mut Decision) {
    let may = promoted && proof.allows() && !standby_is_alive(scene) && late_rows_may(scene, proof, decision);
    let may = may || breaks(Invariant::I2);
    let connected = connected_hosts(scene);
    let flying = scene.rows.iter().filter(|row| scene.memory.in_flight.contains_key(&row.key()));
    let mut locked: BTreeSet<&str> = flying.flat_map(locks).collect();
    for row in &scene.rows {
        // Said by the proof if the row has no value at the new site.
        let Some(wanted) = row.row.at(&scene.to) else { continue };
        let now = &row.row.connection.details;
        if now == wanted {
            if row.row.values.len() > 1 {
                super::reach(scene, decision, Goal::Repointed(row.row.key.word()));
            }
            continue;
        }
        let name = row.row.name.clone();
        let vouched = Confirmation::Connection { name: name.clone() };
        if row.row.is_foreign() && !scene.transition.confirmations.contains(&vouched) {
            let (now, wanted) = (now.clone(), wanted.clone());
            decision.refusals.push(Refusal::ConnectionForeign { name, now, wanted });
            continue;
        }
        if let Some(host) = row.domains.iter().find_map(|domain| connected.get(&domain.data_center)) {
            let (now, host) = (now.clone(), host.name.clone());
            decision.refusals.push(Refusal::ConnectionAstray { name, now, host });
            continue;
        }
        if !may || locks(row).iter().any(|lock| locked.contains(lock)) {
            continue;
        }
        let connection = row.row.connection.id.clone();
        if scene.offer(decision, Step::Repoint { connection, name, from: now.clone(), to: wanted.clone() }) {
            locked.extend(locks(row));
        }
    }
}

/// Rows that gate nothing may come late, when the proof is no longer asked for; still no host but the new site's may be alive.
fn late_rows_may(scene: &Scene, proof: &Proof, decision: &mut Decision) -> bool {
    if proof.needed || scene.rows.iter().all(|row| row.arrived(&scene.to)) {
        return true;
    }
    let lost = scene.lost.iter().all(|host| scene.life(host) == Life::Lost);
    super::proof::holders(scene, decision) && lost
}

fn locks<'a>(row: &SceneRow<'a>) -> Vec<&'a str> {
    if row.domains.is_empty() {
        vec![row.row.entry.name.as_str()]
    } else {
        row.domains.iter().map(|domain| domain.id.0.as_str()).collect()
    }
}

/// A standby host of each data center that we activated and that may be connected to what the rows said then: under it no row may change.
fn connected_hosts<'a>(scene: &Scene<'a>) -> HashMap<&'a DataCenterId, &'a Host> {
    let mut connected = HashMap::default();
    for host in scene.standby.iter().filter(|host| may_be_connected(scene, host)) {
        if let Some(data_center) = scene.data_center(host) {
            connected.entry(&data_center.id).or_insert(*host);
        }
    }
    connected
}

fn may_be_connected(scene: &Scene, host: &Host) -> bool {
    let key = StepKey { kind: StepKind::Activate, object: host.id.0.clone() };
    let parked = matches!(host.status, HostStatus::Maintenance | HostStatus::Down) && !host.may_still_hold(scene.now);
    scene.memory.in_flight.contains_key(&key) || (scene.activated_by_us(host) && !parked)
}
