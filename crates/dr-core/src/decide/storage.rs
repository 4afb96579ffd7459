//! The replica made writable, and the storage connections pointed at it.

use std::collections::BTreeSet;

use dr_plan::Promote;

use crate::scene::{Scene, SceneRow};
use crate::{Confirmation, Decision, Goal, Life, Outcome, Refusal, RefusedClass, Step, StepKey, StepKind, Wait};

use super::proof::Proof;

/// Whether storage still has to change: then every host of the affected data centers must be known not to hold it.
pub(crate) fn is_pending(scene: &Scene) -> bool {
    !is_promoted(scene) || scene.rows.iter().any(|row| !row.arrived(&scene.to) && !is_late(scene, row))
}

/// A row that hosts do not connect to when they are activated: it never gates, and may be written after they came up.
fn is_late(scene: &Scene, row: &SceneRow) -> bool {
    row.domains.is_empty() || scene.waits_for_direct_lun(row)
}

fn is_promoted(scene: &Scene) -> bool {
    match &scene.winning.promote {
        // Nothing was to be promoted; what counts is whether rows are still to be written.
        Promote::Nothing => true,
        Promote::Confirm => scene.transition.confirmations.contains(&Confirmation::Promoted),
        Promote::Hook { .. } => {
            scene.transition.confirmations.contains(&Confirmation::Promoted)
                || scene.transition.done_at(StepKind::Promote, &scene.transition.to).is_some()
        }
    }
}

/// Promotes the new site's replica once the old site is proven down; says whether that is done.
pub(crate) fn promote(scene: &Scene, proof: &Proof, decision: &mut Decision) -> bool {
    if is_promoted(scene) {
        return true;
    }
    if !proof.proven || !proof.clear || proof.contradicted || standby_is_alive(scene) {
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
                Some(Outcome::Failed { text }) => {
                    decision.refusals.push(Refusal::PromotionFailed { site: site.clone(), text: text.clone() });
                }
                Some(outcome) => {
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
    scene.standby.iter().any(|host| host.status.life() != Life::Lost && !scene.activated_by_us(host))
}

/// Points every row of the plan at the new site. Portals of one domain go one after another: the engine locks the domain (storage.md 2.5).
pub(crate) fn repoint(scene: &Scene, proof: &Proof, promoted: bool, decision: &mut Decision) {
    let mut locked: BTreeSet<&str> = BTreeSet::new();
    for row in &scene.rows {
        let key = StepKey { kind: StepKind::Repoint, object: row.row.connection.id.0.clone() };
        if scene.memory.in_flight.contains_key(&key) {
            locked.extend(locks(row));
        }
    }
    for row in &scene.rows {
        let Some(wanted) = row.row.at(&scene.to) else {
            let text = format!("connection {} has no value at {}; nothing of it is touched", row.row.name, scene.to);
            decision.refusals.push(Refusal::RowProblem { text });
            continue;
        };
        let now = &row.row.connection.details;
        if now == wanted {
            arrived(scene, row, decision);
            continue;
        }
        let name = row.row.name.clone();
        let vouched = Confirmation::Connection { name: name.clone() };
        if row.row.is_foreign() && !scene.transition.confirmations.contains(&vouched) {
            let (now, wanted) = (now.clone(), wanted.clone());
            decision.refusals.push(Refusal::ConnectionForeign { name, now, wanted });
            continue;
        }
        if let Some(host) = alive_on_its_storage(scene, row) {
            decision.refusals.push(Refusal::ConnectionAstray { name, now: now.clone(), host });
            continue;
        }
        let may = promoted && proof.proven && proof.clear && !proof.contradicted && !standby_is_alive(scene);
        if !may || locks(row).iter().any(|lock| locked.contains(lock)) {
            continue;
        }
        let connection = row.row.connection.id.clone();
        if scene.offer(decision, Step::Repoint { connection, name, from: now.clone(), to: wanted.clone() }) {
            locked.extend(locks(row));
        }
    }
}

fn locks<'a>(row: &'a SceneRow) -> Vec<&'a str> {
    if row.domains.is_empty() {
        vec![row.row.key.entry.as_str()]
    } else {
        row.domains.iter().map(|domain| domain.id.0.as_str()).collect()
    }
}

fn arrived(scene: &Scene, row: &SceneRow, decision: &mut Decision) {
    if row.row.values.len() > 1 {
        super::reach(scene, decision, Goal::Repointed(row.row.key.word()));
    }
}

/// A living standby host that we activated is connected to what the rows said then. Only a row that it does not connect to may change now.
fn alive_on_its_storage(scene: &Scene, row: &SceneRow) -> Option<String> {
    let behind = |host: &&&crate::Host| {
        let data_center = scene.data_center(host);
        row.domains.iter().any(|domain| data_center.is_some_and(|dc| dc.id == domain.data_center))
    };
    let by_refusal = |key: &StepKey| scene.transition.tries.get(key).map(|tries| &tries.outcome);
    let key = StepKey { kind: StepKind::Repoint, object: row.row.connection.id.0.clone() };
    if let Some(Outcome::Refused { class: RefusedClass::DirectLunInUse, .. }) = by_refusal(&key) {
        return None;
    }
    let host = scene
        .standby
        .iter()
        .filter(behind)
        .find(|host| host.status.life() == Life::Alive && scene.activated_by_us(host));
    host.map(|host| host.name.clone())
}
