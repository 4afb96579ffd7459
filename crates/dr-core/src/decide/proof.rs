//! Is the losing site proven down, and is nothing else holding its storage?

use crate::evidence::judge_site;
use crate::scene::{Scene, holders};
use crate::{Answer, Decision, Goal, Life, Refusal, Wait};

/// What the proof allows.
pub(crate) struct Proof {
    /// Storage still has to change, or the site was never proven down: then it must be proven in this very pass.
    pub(crate) needed: bool,
    /// The losing site is proven down.
    pub(crate) proven: bool,
    /// No other host of an affected data center is alive.
    pub(crate) clear: bool,
    /// Something contradicts: nothing at all is done.
    pub(crate) contradicted: bool,
}

pub(crate) fn prove(scene: &Scene, decision: &mut Decision) -> Proof {
    let needed = super::storage::is_pending(scene) || scene.transition.proven.is_none();
    if !needed {
        return Proof { needed, proven: true, clear: true, contradicted: false };
    }
    let before = decision.refusals.len();
    for host in scene.missing_lost.iter().chain(&scene.missing_standby) {
        decision.refusals.push(Refusal::HostUnknown { host: (*host).to_owned() });
    }
    for problem in &scene.row_problems {
        decision.refusals.push(Refusal::RowProblem { text: problem.to_string() });
    }
    for domain in &scene.uncovered {
        let data_center = scene.data_centers.iter().find(|dc| dc.id == domain.data_center);
        decision.refusals.push(Refusal::DomainWithoutReplica {
            domain: domain.name.clone(),
            data_center: data_center.map_or_else(String::new, |dc| dc.name.clone()),
        });
    }
    let engine_agrees = the_engines_word(scene, decision);
    let clear = holders(scene, decision);
    let site = &scene.transition.from;
    let evidence = judge_site(
        scene.plan,
        site,
        scene.losing,
        &scene.lost,
        scene.observed,
        scene.memory,
        scene.transition,
        scene.now,
    );
    decision.refusals.extend(evidence.refusals);
    decision.waits.extend(evidence.waits);
    let proven = engine_agrees && evidence.proven.is_some();
    if proven && scene.transition.proven.is_none() {
        decision.proven = evidence.proven;
    }
    Proof { needed, proven, clear, contradicted: decision.refusals.len() > before }
}

/// Each lost host `non_responsive`, `down` or in `maintenance`.
fn the_engines_word(scene: &Scene, decision: &mut Decision) -> bool {
    let mut agrees = true;
    for host in &scene.lost {
        let status = host.status.to_string();
        match host.status.life() {
            Life::Lost => continue,
            Life::Unsettled => decision.waits.push(Wait::HostUnsettled { host: host.name.clone(), status }),
            Life::Alive if was_lost_before(scene, host) => {}
            Life::Alive if nothing_answers(scene, host) => {
                decision.waits.push(Wait::EngineHasNotNoticed { host: host.name.clone(), status });
            }
            Life::Alive => {
                let site = scene.transition.from.clone();
                decision.refusals.push(Refusal::SiteAlive { site, host: host.name.clone(), status });
            }
        }
        agrees = false;
    }
    agrees
}

/// Said as `LostHostReturned` by the file that looks after lost hosts.
fn was_lost_before(scene: &Scene, host: &crate::Host) -> bool {
    scene.transition.was_confirmed(&host.id).is_some()
        || scene.transition.reached_at(&Goal::Confirmed(host.id.0.clone())).is_some()
}

/// The newest round of every probe of this host met silence: the engine has merely not noticed the loss.
fn nothing_answers(scene: &Scene, host: &crate::Host) -> bool {
    let ports = &scene.losing.evidence.host_ports;
    !ports.is_empty()
        && ports.iter().all(|port| {
            let probe = dr_plan::Probe { address: host.address.clone(), port: *port };
            scene.observed.probes.get(&probe).is_some_and(|state| state.last == Answer::Silent)
        })
}
