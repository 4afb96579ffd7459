//! Flips: when a change of `active_site` is accepted, held or refused. An edge acts, a level never does.

use std::time::Duration;

use dr_plan::{Plan, Site, SiteName};

use crate::{Answer, Host, HostStatus, Life, Memory, Observed, Said, Time, Transition, opening};

/// How a flip came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The file says so.
    ByFile,
    /// A person asked for a failover by command: the file's line was rewritten for them.
    Failover {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// A person asked to take the world as it is.
    AcceptWorld {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

/// What the file as read twice means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing changes.
    Nothing,
    /// The world matches the plan (or a person says so): taken as it is.
    Adopt {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// A transition opens.
    Open {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// The open transition is cancelled.
    Cancel {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// A person must confirm.
    Hold {
        /// Why, in words, and what would change it.
        reason: String,
    },
    /// The held flip is gone: the file names the accepted site again.
    DropHold,
    /// The file disagrees with the accepted site, and did so before: never acted on.
    Disagrees {
        /// In words.
        text: String,
    },
    /// The engine must be readable first.
    NotYet {
        /// Why.
        text: String,
    },
}

/// Judges the plan's file against what is remembered.
///
/// `other_changes` lists what else than `active_site` differs from the plan that was in force.
pub fn judge_flip(
    plan: &Plan,
    other_changes: &[String],
    asked: &Asked,
    observed: Option<&Observed>,
    memory: &Memory,
    now: Time,
) -> Verdict {
    let file = plan.active_site.0.as_str();
    let Some(accepted) = memory.accepted.as_deref() else { return first_sight(plan, asked, observed, memory) };
    if file == accepted {
        return match asked {
            Asked::AcceptWorld { by, why } if memory.transition.is_none() => {
                Verdict::Adopt { by: by.clone(), why: why.clone() }
            }
            Asked::ByFile | Asked::Failover { .. } | Asked::AcceptWorld { .. } if memory.held.is_some() => {
                Verdict::DropHold
            }
            Asked::ByFile | Asked::Failover { .. } | Asked::AcceptWorld { .. } => Verdict::Nothing,
        };
    }
    let (by, why) = match asked {
        Asked::ByFile => ("file edit".to_owned(), "active_site was edited".to_owned()),
        Asked::Failover { by, why } | Asked::AcceptWorld { by, why } => (by.clone(), why.clone()),
    };
    if let Asked::AcceptWorld { .. } = asked {
        return match &memory.transition {
            None => Verdict::Adopt { by, why },
            Some(transition) => Verdict::Disagrees {
                text: format!(
                    "failover {} to {} is open: the world is taken as it is only in calm times",
                    transition.epoch, transition.to
                ),
            },
        };
    }
    let confirmed = memory.held.as_ref().filter(|held| held.to == file).and_then(|held| held.confirmed.clone());
    let edge = memory.seen.as_deref() != Some(file) || matches!(asked, Asked::Failover { .. });
    let held = memory.held.as_ref().is_some_and(|held| held.to == file);
    if !edge && !held {
        let text = format!(
            "the file names {file}, accepted is {accepted}, and the file did not change: nothing is done. Put the line right, or: \
             ovirt-dr failover {} {file}",
            plan.name
        );
        return Verdict::Disagrees { text };
    }
    // Of a journal that is older than the engine's tags it is not known what was flipped since: nothing is concluded from its edge.
    if let Some(newest) = observed.and_then(|observed| crate::decide::later_epoch(&plan.name, observed, memory)) {
        return Verdict::Hold { reason: older(&plan.name, file, accepted, newest, memory.epoch) };
    }
    if let Some(transition) = &memory.transition {
        if transition.cancelled {
            let text =
                format!("failover {} is being turned back; {file} is looked at again after that", transition.epoch);
            return Verdict::NotYet { text };
        }
        if file == transition.from && !transition.commitment.stands() {
            return Verdict::Cancel { by, why };
        }
        if confirmed.is_none() {
            return Verdict::Hold { reason: midway(plan, transition, file) };
        }
    }
    let Some(observed) = observed.filter(|observed| crate::scene::unreadable(observed).is_empty()) else {
        return Verdict::NotYet { text: "the engine must be readable before a transition opens".to_owned() };
    };
    if let Some(text) = unknown_debts(&plan.name, observed, memory) {
        return Verdict::NotYet { text };
    }
    if let Some(by) = confirmed {
        return Verdict::Open { by, why };
    }
    // Held until a person says more: not until the hour is over, nor until the site that was alive then is lost.
    if let Some(held) = memory.held.as_ref().filter(|held| held.to == file && *asked == Asked::ByFile) {
        return Verdict::Hold { reason: held.reason.clone() };
    }
    match objection(plan, other_changes, asked, observed, memory, accepted, now) {
        Some(reason) => Verdict::Hold { reason },
        None => Verdict::Open { by, why },
    }
}

/// Why a flip is held by a journal that ends before the failover that the engine's tags tell of.
pub(crate) fn older(plan: &str, file: &str, accepted: &str, newest: u64, known: u64) -> String {
    let known = if known == 0 { "no failover".to_owned() } else { format!("none after failover {known}") };
    format!(
        "the file names {file}, and by this state database {accepted} is active; but the engine's tags tell of failover {newest} and the database \
         knows {known}: it is older than the engine, and {file} may be active already. First give back what is owed: ovirt-dr repair {plan}. Then, \
         if {file} is active: ovirt-dr accept-world {plan}; to fail over to it: ovirt-dr confirm {plan} flip --reason \"...\""
    )
}

fn midway(plan: &Plan, transition: &Transition, file: &str) -> String {
    let (name, epoch, to) = (&plan.name, transition.epoch, &transition.to);
    if !transition.commitment.stands() {
        return format!(
            "active_site went to {file} while failover {epoch} to {to} is open. Turn that one back first: ovirt-dr abort {name}; or, to leave it \
             as it is and go to {file}: ovirt-dr confirm {name} flip --reason \"...\""
        );
    }
    format!(
        "active_site went to {file} while failover {epoch} to {to} is open and {}. Going there loses what was \
         written at {to} since, and needs the replica at {file} promoted. To go all the same: ovirt-dr confirm {name} flip --reason \"...\"",
        transition.commitment
    )
}

fn first_sight(plan: &Plan, asked: &Asked, observed: Option<&Observed>, memory: &Memory) -> Verdict {
    match asked {
        Asked::AcceptWorld { by, why } => return Verdict::Adopt { by: by.clone(), why: why.clone() },
        Asked::Failover { by, why } => {
            let Some(observed) = observed.filter(|observed| crate::scene::unreadable(observed).is_empty()) else {
                return Verdict::NotYet { text: "the engine must be readable before a transition opens".to_owned() };
            };
            if plan.sites.len() < 2 {
                return Verdict::NotYet { text: "the plan has one site only: nothing can fail over".to_owned() };
            }
            return match unknown_debts(&plan.name, observed, memory) {
                Some(text) => Verdict::NotYet { text },
                None => Verdict::Open { by: by.clone(), why: why.clone() },
            };
        }
        Asked::ByFile => {}
    }
    let Some(observed) = observed.filter(|observed| crate::scene::unreadable(observed).is_empty()) else {
        return Verdict::NotYet { text: "the engine must be readable before a plan is first accepted".to_owned() };
    };
    let mut differences = crate::decide::differences(plan, observed, &plan.active_site.0);
    if let Some(tag) = observed.owed_tags.seen().and_then(|tags| tags.first()) {
        differences.push(format!("the engine carries a debt of an earlier transition ({})", tag.name));
    }
    match differences.split_first() {
        None => Verdict::Adopt { by: "first sight".to_owned(), why: "the engine matches the plan".to_owned() },
        Some(_) if memory.held.as_ref().is_some_and(|held| held.confirmed.is_some()) => {
            Verdict::Adopt { by: "confirmation".to_owned(), why: "a person takes the world as it is".to_owned() }
        }
        Some((first, rest)) => {
            let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
            Verdict::Hold {
                reason: format!(
                    "first sight of this plan, and the engine does not match it: {first}{more}. Put it right, or: ovirt-dr accept-world {name}; or, \
                     if the site is lost: ovirt-dr failover {name} SITE",
                    name = plan.name
                ),
            }
        }
    }
}

/// A transition that opened beside debts which the journal does not know could neither act nor close.
fn unknown_debts(plan: &str, observed: &Observed, memory: &Memory) -> Option<String> {
    let refusal = crate::decide::unknown_debts(plan, observed, memory)?;
    Some(format!("no transition opens: {refusal}"))
}

fn objection(
    plan: &Plan,
    other_changes: &[String],
    asked: &Asked,
    observed: &Observed,
    memory: &Memory,
    accepted: &str,
    now: Time,
) -> Option<String> {
    let (name, file) = (&plan.name, &plan.active_site);
    if let Some(first) = other_changes.first() {
        return Some(format!(
            "the edit changes active_site to {file} and more ({first}). To accept it all: ovirt-dr confirm {name} flip --reason \"...\""
        ));
    }
    let ago = memory.last_flip.map(|at| now.since(at));
    if let Some(ago) = ago.filter(|ago| *ago < plan.policy.flap_guard) {
        return Some(too_soon(plan, memory, ago));
    }
    if *asked == Asked::ByFile && is_there_already(plan, observed, accepted) {
        return Some(format!(
            "the engine is as the plan wants it with {file} active: its hosts are up, its storage is in place, and {accepted} is parked. Was that flip \
             carried out before, by hand or by a daemon whose state database was lost? Then: ovirt-dr accept-world {name}. To fail over all the same: \
             ovirt-dr confirm {name} flip --reason \"...\""
        ));
    }
    if let Some(host) = alive_host(plan, observed, accepted).filter(|_| *asked == Asked::ByFile) {
        return Some(format!(
            "{accepted} is alive: {} is {} and answers. Is a planned migration meant? This version does failovers only. If {accepted} is to be given up: \
             power it off, then ovirt-dr confirm {name} flip --reason \"...\"",
            host.name, host.status
        ));
    }
    limits(plan, observed, memory, accepted)
}

/// A reason that is said once: of a flip that is held already it keeps the figure with which it was first held.
fn too_soon(plan: &Plan, memory: &Memory, ago: Duration) -> String {
    let (name, file, epoch) = (&plan.name, &plan.active_site.0, memory.epoch);
    let beginning = format!("active_site went to {file} ");
    let end = format!(
        " after failover {epoch}. A reverted file? To go there for real: ovirt-dr confirm {name} flip --reason \"...\""
    );
    let held = memory.held.as_ref().filter(|held| held.to == *file).map(|held| &held.reason);
    match held.filter(|reason| reason.starts_with(&beginning) && reason.ends_with(&end)) {
        Some(reason) => reason.clone(),
        None => format!("{beginning}{}{end}", Said(Duration::from_secs(ago.as_secs()))),
    }
}

/// The flip has been carried out: nothing would be left to do but to start virtual machines that somebody may have stopped since.
fn is_there_already(plan: &Plan, observed: &Observed, left: &str) -> bool {
    let site = plan.sites.get(&SiteName(left.to_owned()));
    let parked = |host: &Host| host.status == HostStatus::Maintenance;
    let all_parked = |site: &Site| {
        let mut hosts = observed.hosts.seen().into_iter().flatten().filter(|host| site.hosts.contains(&host.name));
        !site.hosts.is_empty() && hosts.all(parked)
    };
    site.is_some_and(all_parked) && crate::decide::differences(plan, observed, &plan.active_site.0).is_empty()
}

/// A host of the site that is alive for the engine and answers a probe: no failover can be meant without a word more.
fn alive_host<'a>(plan: &Plan, observed: &'a Observed, site: &str) -> Option<&'a Host> {
    let of = plan.sites.get(&SiteName(site.to_owned()))?;
    let hosts = observed.hosts.seen()?.iter().filter(|host| of.hosts.contains(&host.name));
    let answers = |host: &&Host| {
        of.evidence.host_ports.iter().any(|port| {
            let probe = dr_plan::Probe { address: host.address.clone(), port: *port };
            observed.probes.get(&probe).is_some_and(|state| matches!(state.last, Answer::Accepted | Answer::Refused))
        })
    };
    hosts.filter(|host| host.status.life() == Life::Alive).find(answers)
}

fn limits(plan: &Plan, observed: &Observed, memory: &Memory, from: &str) -> Option<String> {
    let hosts = plan
        .sites
        .iter()
        .filter(|(name, _)| name.0 == from || **name == plan.active_site)
        .map(|(_, site)| site.hosts.len())
        .sum();
    let opening = opening(plan, String::new(), observed, memory, from, "", "");
    let counts = [
        ("hosts", plan.policy.limits.hosts, hosts),
        ("connections", plan.policy.limits.connections, opening.rows.len()),
        ("VMs", plan.policy.limits.vms, opening.vms.len()),
    ];
    let over = counts.into_iter().find_map(|(what, limit, count)| {
        let limit = limit.map(|limit| limit as usize)?;
        (count > limit).then_some((what, limit, count))
    });
    over.map(|(what, limit, count)| {
        format!(
            "this failover would touch {count} {what}, the plan's limit is {limit}. To go on: ovirt-dr confirm {} flip --reason \"...\"",
            plan.name
        )
    })
}
