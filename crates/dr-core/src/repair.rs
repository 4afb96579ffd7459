//! Debts that the journal does not know, read back from the tags that an earlier daemon left in the engine.
//!
//! They are given back by the way that every cancelled transition takes: nothing but giving back is done in it.

use std::collections::{BTreeMap, BTreeSet};

use dr_plan::{Plan, SiteName};
use serde::Deserialize;
use serde_json::Value;

use crate::decide::is_settled;
use crate::flip::older;
use crate::observed::Left;
use crate::{ClusterId, Entry, GONE_AFTER, Host, HostId, Memory, Observed, Opening, OwedKey, OwedTag, Said};

/// A debt as its tag tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What is owed.
    pub what: OwedKey,
    /// The object's name.
    pub name: String,
    /// What is put back: the tag's original, or what the engine shows if somebody has switched it on again.
    pub original: String,
    /// VDSM's port of a host; 0 if the engine does not list it any more.
    pub port: u16,
    /// The plan that left it.
    pub plan: String,
    /// The failover that left it.
    pub epoch: u64,
    /// What becomes of it.
    pub fate: Fate,
}

/// What giving back a found debt comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is switched on again, then its tag is removed.
    GivenBack,
    /// It is on already: its tag is removed.
    OnAlready,
    /// The engine does not list the object: its tag is removed.
    Gone,
}

/// A tag's description as every daemon of this project writes it.
#[derive(Deserialize)]
struct Description {
    v: u64,
    plan: String,
    epoch: u64,
    kind: String,
    id: String,
    name: String,
    original: Value,
}

/// The debts that the engine carries and the journal does not know, or knows from an earlier failover only.
///
/// # Errors
/// Why they cannot be given back now, and what to do: the engine cannot be read, a tag is not one of ours, or the engine would at once fence
/// a host that does not answer.
pub fn found_debts(plan: &Plan, observed: &Observed, memory: &Memory) -> Result<Vec<Found>, String> {
    let (Some(tags), Some(hosts), Some(clusters)) =
        (observed.owed_tags.seen(), observed.hosts.seen(), observed.clusters.seen())
    else {
        return Err("the engine must be readable: its tags, hosts and clusters".to_owned());
    };
    let known: BTreeSet<String> = memory.owed.keys().map(OwedKey::tag_name).collect();
    let later = |left: &Left| left.plan == plan.name && left.epoch > memory.epoch;
    let mut found = Vec::new();
    for tag in tags.iter().filter(|tag| !known.contains(&tag.name) || tag.left_by().is_some_and(later)) {
        let (what, said) = read(tag)?;
        let (fate, original, port) = match &what {
            OwedKey::Fencing(id) => match clusters.iter().find(|cluster| cluster.id == *id) {
                None => (Fate::Gone, said.original.to_string(), 0),
                Some(cluster) if cluster.fencing => (Fate::OnAlready, cluster.fencing_policy.clone(), 0),
                Some(_) => (Fate::GivenBack, said.original.to_string(), 0),
            },
            OwedKey::PowerManagement(id) => match hosts.iter().find(|host| host.id == *id) {
                None => (Fate::Gone, "true".to_owned(), 0),
                Some(host) if host.power_management => (Fate::OnAlready, "true".to_owned(), host.port),
                Some(host) => (Fate::GivenBack, "true".to_owned(), host.port),
            },
        };
        found.push(Found { what, name: said.name, original, port, plan: said.plan, epoch: said.epoch, fate });
    }
    // Inside a transition each debt is given back when its own reason is gone, as always; one that is not the newest is over.
    let is_alone = memory.transition.is_none() || later_than_known(plan, &found, memory).is_some();
    let short = observed.left_out.iter().find(|(_, since)| observed.at.since(**since) < GONE_AFTER);
    if let Some((host, _)) = short.filter(|_| is_alone && !found.is_empty()) {
        return Err(format!(
            "{host} is not in the engine's list of hosts, so nobody knows whether the engine would fence it. If it was removed, that is clear once it \
             has been missing for {}; then, or when it is listed again: ovirt-dr repair {}",
            Said(GONE_AFTER),
            plan.name
        ));
    }
    if is_alone
        && let Some(host) = hosts.iter().find(|host| !is_settled(host) && found.iter().any(|debt| concerns(debt, host)))
    {
        return Err(format!(
            "{} is {}: with power management and fencing back, the engine would treat it at once. Confirm and park it, or wait until it \
             is up, then: ovirt-dr repair {}",
            host.name, host.status, plan.name
        ));
    }
    Ok(found)
}

/// What is journalled so that these debts are given back: each of them, and a transition from the active site to itself that is cancelled
/// from its beginning. Inside an open transition they simply belong to it, unless the engine's tags tell of a later one: then that of the
/// journal is over, and whether the site that the `file` names is active already is for a person to say.
///
/// # Errors
/// No site was ever accepted as the active one.
pub fn repair(
    plan: &Plan,
    (text, file): (&str, &SiteName),
    found: &[Found],
    memory: &Memory,
    by: &str,
    why: &str,
) -> Result<Vec<Entry>, String> {
    let later = later_than_known(plan, found, memory);
    let owed = |debt: &Found| Entry::Owed {
        what: debt.what.clone(),
        name: debt.name.clone(),
        original: debt.original.clone(),
        port: debt.port,
        anew: later.is_some(),
    };
    let mut entries: Vec<Entry> = found.iter().map(owed).collect();
    if memory.transition.is_some() && later.is_none() {
        return Ok(entries);
    }
    let Some(active) = &memory.accepted else {
        return Err(format!(
            "the journal does not know which site is active; look, put the plan's active_site right, then: ovirt-dr accept-world {}",
            plan.name
        ));
    };
    let newest = found.iter().map(|debt| debt.epoch).max().unwrap_or(0);
    let epoch = newest.max(memory.epoch).max(memory.epoch_seen) + 1;
    entries.push(Entry::Opened(Box::new(Opening {
        epoch,
        from: active.clone(),
        to: active.clone(),
        by: by.to_owned(),
        why: why.to_owned(),
        plan: text.to_owned(),
        rows: BTreeMap::new(),
        hosts: BTreeMap::new(),
        vms: Vec::new(),
    })));
    entries.push(Entry::Cancelled { epoch, by: by.to_owned(), why: why.to_owned() });
    if let Some(newest) = later.filter(|_| file.0 != *active) {
        let reason = older(&plan.name, &file.0, active, newest, memory.epoch);
        entries.push(Entry::Held { from: active.clone(), to: file.0.clone(), reason });
    }
    Ok(entries)
}

/// The newest failover of this plan among these debts, if the journal ends before it.
fn later_than_known(plan: &Plan, found: &[Found], memory: &Memory) -> Option<u64> {
    let ours = found.iter().filter(|debt| debt.plan == plan.name && debt.epoch > memory.epoch);
    ours.map(|debt| debt.epoch).max()
}

fn read(tag: &OwedTag) -> Result<(OwedKey, Description), String> {
    let broken = |why: &str| {
        format!(
            "the tag {} cannot be read ({why}). Switch on again by hand what it stands for, then delete it in the engine",
            tag.name
        )
    };
    let said: Description = serde_json::from_str(&tag.description).map_err(|error| broken(&error.to_string()))?;
    if said.v != 1 {
        return Err(broken(&format!("it is of version {}; a newer ovirt-dr left it", said.v)));
    }
    let what = match said.kind.as_str() {
        "fencing" => OwedKey::Fencing(ClusterId::from(said.id.as_str())),
        "power_management" => OwedKey::PowerManagement(HostId::from(said.id.as_str())),
        kind => return Err(broken(&format!("unknown kind {kind}"))),
    };
    if what.tag_name() != tag.name {
        return Err(broken("its name belongs to another object"));
    }
    let whole = said.original.as_object().is_some_and(|original| !original.is_empty());
    if whole { Ok((what, said)) } else { Err(broken("it holds no original")) }
}

fn concerns(debt: &Found, host: &Host) -> bool {
    match &debt.what {
        OwedKey::Fencing(cluster) => host.cluster == *cluster && debt.fate == Fate::GivenBack,
        OwedKey::PowerManagement(id) => host.id == *id && debt.fate == Fate::GivenBack,
    }
}
