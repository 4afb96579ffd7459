//! Hosts that the engine's list leaves out: a list may be short for a while, so that is not taken for "removed" at once.

use std::collections::BTreeMap;
use std::time::Duration;

use dr_plan::Plan;

use crate::hash::HashSet;
use crate::{Memory, Observed, OwedKey, Time};

/// A host that complete answers leave out for this long without a break was removed from the engine.
pub const GONE_AFTER: Duration = Duration::from_secs(600);

/// The hosts that an answer leaves out although the plan names them or something is owed for them, each with the time since when that is so
/// without a break; `before` is what this said of the pass before. A pass that is not complete says nothing and breaks it.
pub fn left_out(
    plan: &Plan,
    observed: &Observed,
    memory: &Memory,
    before: &BTreeMap<String, Time>,
) -> BTreeMap<String, Time> {
    let Some(hosts) = observed.hosts.seen().filter(|_| crate::scene::unreadable(observed).is_empty()) else {
        return BTreeMap::new();
    };
    let (names, ids): (HashSet<&str>, HashSet<&str>) =
        hosts.iter().map(|host| (host.name.as_str(), host.id.0.as_str())).unzip();
    let planned = plan.sites.values().flat_map(|site| &site.hosts).filter(|name| !names.contains(name.as_str()));
    // Renamed in the middle of a transition, a host is there all the same.
    let renamed = |name: &&String| {
        let id = memory.transition.as_ref().and_then(|transition| transition.hosts.get(*name));
        id.is_some_and(|id| ids.contains(id.0.as_str()))
    };
    let planned = planned.filter(|name| !renamed(name));
    let owed = memory.owed.iter().filter_map(|(what, owed)| match what {
        OwedKey::PowerManagement(id) => (!ids.contains(id.0.as_str())).then_some(&owed.name),
        OwedKey::Fencing(_) => None,
    });
    let since = |name: &String| before.get(name).copied().unwrap_or(observed.at);
    planned.chain(owed).map(|name| (name.clone(), since(name))).collect()
}
