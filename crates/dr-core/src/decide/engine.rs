//! Is the engine that answers the one that the journal knows, and are its debts ours?

use std::collections::HashSet;

use crate::{Decision, Memory, Observed, OwedKey, Refusal};

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

/// Tags of ours that the journal knows nothing of: another daemon's debts, or those of a lost database.
pub(crate) fn unknown_debts(observed: &Observed, memory: &Memory) -> Option<Refusal> {
    let known: HashSet<String> = memory.owed.keys().map(OwedKey::tag_name).collect();
    let tags = observed.owed_tags.seen().into_iter().flatten().map(|tag| &tag.name);
    let tags: Vec<String> = tags.filter(|name| !known.contains(*name)).cloned().collect();
    (!tags.is_empty()).then_some(Refusal::UnknownDebts { tags })
}
