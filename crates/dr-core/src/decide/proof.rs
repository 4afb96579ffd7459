//! Is the losing site proven down, and is nothing else holding its storage?

use crate::invariants::Invariant;
use crate::planted::breaks;
use crate::scene::Scene;
use crate::{Decision, Host, Life, Refusal, Step, Wait};

/// What the proof allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof {
    /// Storage still has to change, or nothing was done yet: then the site must be proven down in this very pass.
    pub(crate) needed: bool,
    /// The losing site is proven down.
    pub(crate) proven: bool,
    /// No other host of an affected data center is alive.
    pub(crate) clear: bool,
    /// Something contradicts: nothing at all is done.
    pub(crate) contradicted: bool,
}

impl Proof {
    /// Whether storage may change and hosts may be woken, confirmed and parked.
    pub(crate) fn allows(&self) -> bool {
        self.proven && self.clear && !self.contradicted
    }
}

pub(crate) fn prove(scene: &Scene, decision: &mut Decision) -> Proof {
    let needed = super::storage::must_change(scene) || scene.transition.proven.is_none() || !scene.has_begun();
    let mut contradicted = has_returned(scene, needed);
    for row in scene.rows.iter().filter(|row| row.row.at(&scene.to).is_none()) {
        let text = format!("connection {} has no value at {}; add it to the plan", row.row.name, scene.to);
        decision.refusals.push(Refusal::RowProblem { text });
        contradicted = true;
    }
    for host in scene.lost.iter().chain(&scene.standby).filter(|host| scene.data_center(host).is_none()) {
        decision.refusals.push(Refusal::HostWithoutDataCenter { host: host.name.clone() });
        contradicted = true;
    }
    if !needed {
        return Proof { needed, proven: true, clear: true, contradicted };
    }
    let before = decision.refusals.len();
    the_plan_fits(scene, decision);
    let engine_agrees = the_engines_word(scene, decision);
    let clear = holders(scene, decision);
    let mut words = Some(String::new());
    let mut asks = Vec::new();
    for losing in &scene.losing {
        let evidence = scene.evidence(losing).of_site(&losing.hosts);
        decision.refusals.extend(evidence.refusals);
        asks.extend(evidence.asks);
        decision.waits.extend(evidence.waits);
        words = words.zip(evidence.proven).map(|(words, proven)| match words.as_str() {
            "" => proven,
            _ => format!("{words}; {} too: {proven}", losing.name),
        });
    }
    contradicted |= decision.refusals.len() > before;
    // Asking for a person's word contradicts nothing: what is done before the proof may be done.
    decision.refusals.extend(asks);
    let proven = engine_agrees && words.is_some();
    if proven && clear && !contradicted && scene.transition.proven.is_none() {
        decision.proven = words;
    }
    Proof { needed, proven, clear, contradicted }
}

/// Every host and row of the plan exists, and every data domain has a replica.
fn the_plan_fits(scene: &Scene, decision: &mut Decision) {
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
}

/// Each lost host `non_responsive`, `down` or in `maintenance`.
fn the_engines_word(scene: &Scene, decision: &mut Decision) -> bool {
    let mut agrees = true;
    let losing = |host: &Host| scene.losing(host);
    for host in &scene.lost {
        let status = host.status.to_string();
        match scene.life(host) {
            Life::Lost => continue,
            Life::Unsettled => decision.waits.push(Wait::HostUnsettled { host: host.name.clone(), status }),
            // Said as `LostHostReturned` by the file that looks after lost hosts.
            Life::Alive if is_returned(scene, true, host) => {}
            Life::Alive if losing(host).is_some_and(|losing| scene.evidence(losing).is_unnoticed(host)) => {
                decision.waits.push(Wait::EngineHasNotNoticed { host: host.name.clone(), status });
            }
            Life::Alive => {
                let site = losing(host).map_or(&scene.transition.from[..], |losing| losing.name).to_owned();
                decision.refusals.push(Refusal::SiteAlive { site, host: host.name.clone(), status });
            }
        }
        agrees = false;
    }
    agrees
}

/// Hosts that must not be alive while storage changes, sorted by what is to be done about them.
pub(crate) fn holders(scene: &Scene, decision: &mut Decision) -> bool {
    let mut clear = true;
    for (host, named) in &scene.others {
        let (name, status) = (host.name.clone(), host.status.to_string());
        match scene.life(host) {
            Life::Lost if host.may_still_hold(scene.now) => decision.waits.push(still_holds(name)),
            Life::Lost => continue,
            Life::Unsettled => decision.waits.push(Wait::HostUnsettled { host: name, status }),
            Life::Alive => {
                if breaks(Invariant::I3) {
                    scene.offer(decision, Step::Park { host: host.id.clone(), name: name.clone() });
                }
                let data_center = scene.data_center(host).map_or_else(|| "(unknown)".to_owned(), |dc| dc.name.clone());
                decision.refusals.push(Refusal::HostHoldsStorage { host: name, status, data_center, named: *named });
            }
        }
        clear = false;
    }
    clear
}

/// What is said of a host that is shown in maintenance before it has let go of its storage.
pub(crate) fn still_holds(host: String) -> Wait {
    Wait::HostUnsettled { host, status: "only just in maintenance and may still hold its storage".to_owned() }
}

/// Whether a host of the losing site is alive after something was done on the strength of its being lost.
pub(crate) fn is_returned(scene: &Scene, needed: bool, host: &Host) -> bool {
    scene.life(host) == Life::Alive
        && (!needed || scene.transition.commitment.stands() || scene.transition.was_confirmed(&host.id).is_some())
}

fn has_returned(scene: &Scene, needed: bool) -> bool {
    scene.lost.iter().any(|host| is_returned(scene, needed, host))
}
