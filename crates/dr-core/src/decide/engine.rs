//! Is the engine that answers the one that the journal knows, and are its debts ours?

use std::collections::BTreeSet;

use dr_plan::Plan;

use crate::hash::HashSet;
use crate::{Decision, Entry, Memory, Observed, OwedKey, OwedTag, Refusal};

/// A twin that woke up with the old site, or an engine restored from a backup: nothing is done until a person vouches for it.
pub(crate) fn is_another(observed: &Observed, memory: &Memory, decision: &mut Decision) -> bool {
    let (Some(found), Some((known, known_event))) = (observed.engine.seen(), &memory.engine) else { return false };
    if found.instance_id != *known {
        let (known, found) = (known.clone(), found.instance_id.clone());
        decision.refusals.push(Refusal::OtherEngine { known, found });
        return true;
    }
    match found.event_id {
        Some(event) if event < *known_event => {
            decision.refusals.push(Refusal::EngineWentBack { known: *known_event, found: event });
            true
        }
        Some(_) | None => false,
    }
}

/// Tags of ours that the journal knows nothing of: another daemon's debts, or those of a lost or older database. A debt that it does know may
/// have been made anew since: a tag of a later failover of this plan is none that it knows.
pub(crate) fn unknown_debts(plan: &str, observed: &Observed, memory: &Memory) -> Option<Refusal> {
    let tags = observed.owed_tags.seen().filter(|tags| !tags.is_empty())?;
    let known: HashSet<String> = memory.owed.keys().map(OwedKey::tag_name).collect();
    let (mut unknown, mut plans, mut newest) = (Vec::new(), BTreeSet::new(), None);
    for tag in tags {
        let left = tag.left_by();
        let later = left.filter(|left| left.plan == plan && left.epoch > memory.epoch).map(|left| left.epoch);
        if later.is_none() && known.contains(&tag.name) {
            continue;
        }
        newest = newest.max(later);
        plans.extend(left.map(|left| left.plan.clone()).filter(|of| of != plan));
        unknown.push(tag.name.clone());
    }
    let later = newest.map(|newest| (newest, memory.epoch));
    (!unknown.is_empty()).then(|| Refusal::UnknownDebts { tags: unknown, later, plans: plans.into_iter().collect() })
}

/// The newest failover of this plan that a tag tells of, if the journal's newest is an older one: it is that of an earlier day.
pub(crate) fn later_epoch(plan: &str, observed: &Observed, memory: &Memory) -> Option<u64> {
    let tags = observed.owed_tags.seen().into_iter().flatten();
    let ours = tags.filter_map(OwedTag::left_by).filter(|left| left.plan == plan);
    ours.map(|left| left.epoch).max().filter(|newest| *newest > memory.epoch)
}

/// The number that the next failover must be above, to be journalled: the tags may be gone when it opens.
pub fn epoch_seen(plan: &Plan, observed: &Observed, memory: &Memory) -> Option<Entry> {
    let epoch = later_epoch(&plan.name, observed, memory)?;
    (epoch > memory.epoch_seen).then_some(Entry::EpochSeen { epoch })
}
