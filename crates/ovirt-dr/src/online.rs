//! What only the engine can tell about a plan: names that do not resolve, and what would refuse a failover.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dr_core::{Memory, Observed, Read, RowProblem, Time, decide, forecast, resolve_rows};
use dr_daemon::{Clock, Door, Observer, connect};
use dr_plan::{Finding, Level, Plan, StorageKind};
use futures::{StreamExt, stream};
use ovirt_client::{Client, PARALLEL_READS};

/// Logs in, reads everything once, compares. `folder` is the plan's.
pub(crate) async fn ask(plan: &Plan, folder: &Path, door: &Door) -> Vec<Finding> {
    let now = Clock::real().now();
    let client = match connect(&plan.engine, folder, door) {
        Ok(client) => client,
        Err(text) => return vec![finding(plan, Level::Error, text, "check the `engine:` section of the plan")],
    };
    let observed = Observer::new(client.clone()).observe(BTreeMap::new(), true, now).await;
    let mut found = findings(plan, &observed, now);
    found.extend(without_agents(plan, &observed, &client).await);
    found
}

/// Hosts of the plan whose power management is on but has no fence agent: the engine refuses to switch it off (hosts.md 4.2).
async fn without_agents(plan: &Plan, observed: &Observed, client: &Client) -> Vec<Finding> {
    let hosts = observed.hosts.seen().into_iter().flatten();
    let hosts =
        hosts.filter(|host| host.power_management && plan.sites.values().any(|site| site.hosts.contains(&host.name)));
    let asked = stream::iter(hosts).map(async |host| {
        let id = ovirt_client::HostId::new(host.id.0.as_str());
        (host, client.send(ovirt_client::hosts::fence_agents(&id)).await)
    });
    let answers: Vec<_> = asked.buffered(PARALLEL_READS).collect().await;
    let mut findings = Vec::new();
    for (host, answer) in answers {
        match answer {
            Ok(agents) if agents.items.is_empty() && agents.unreadable.is_empty() => {
                let message = format!(
                    "power management of host {} is on but has no fence agent: it cannot be suspended",
                    host.name
                );
                let remedy = "give the host a fence agent in the engine, or switch its power management off";
                findings.push(finding(plan, Level::Warning, message, remedy));
            }
            Ok(_) => {}
            Err(error) => {
                let message = format!("the fence agents of host {} could not be read: {error}", host.name);
                findings.push(finding(plan, Level::Warning, message, "try again"));
            }
        }
    }
    findings
}

/// Everything that an observation has against a plan, the worst first.
pub(crate) fn findings(plan: &Plan, observed: &Observed, now: Time) -> Vec<Finding> {
    let unread = unreadable(plan, observed);
    if !unread.is_empty() {
        return unread;
    }
    let unresolved = names(plan, observed);
    if !unresolved.is_empty() {
        // What they would lead to is noise until they are mended.
        return unresolved;
    }
    let mut findings = Vec::new();
    let mut said = BTreeSet::new();
    for text in differences(plan, observed, now) {
        let remedy = "this is how the engine is now; in calm times it is reported and never corrected";
        said.insert(text.clone());
        findings.push(finding(plan, Level::Warning, text, remedy));
    }
    for site in plan.sites.keys().filter(|site| **site != plan.active_site) {
        for text in forecast(plan, site, observed, &memory(plan), now).stuck {
            if said.insert(text.clone()) {
                let message = format!("a failover to {site} would not arrive: {text}");
                findings.push(finding(plan, Level::Warning, message, "`ovirt-dr preview` shows how far it would come"));
            }
        }
    }
    findings
}

fn finding(plan: &Plan, level: Level, message: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding::without_place(&format!("{}.yaml", plan.name), level, message, remedy)
}

/// The plan as if it had been accepted as it stands.
fn memory(plan: &Plan) -> Memory {
    Memory { accepted: Some(plan.active_site.0.clone()), ..Memory::default() }
}

fn unreadable(plan: &Plan, observed: &Observed) -> Vec<Finding> {
    fn why<T>(what: &str, read: &Read<T>) -> Option<String> {
        match read {
            Read::Seen(_) => None,
            Read::Unreadable(why) => Some(format!("the engine's {what} could not be read: {why}")),
        }
    }
    let reads = [
        why("identity", &observed.engine),
        why("hosts", &observed.hosts),
        why("clusters", &observed.clusters),
        why("data centers", &observed.data_centers),
        why("storage domains", &observed.domains),
        why("storage connections", &observed.connections),
        why("virtual machines", &observed.vms),
        why("tags", &observed.owed_tags),
    ];
    let mut said = BTreeSet::new();
    let new = reads.into_iter().flatten().filter(|text| {
        // One cause makes every read fail; it is told once.
        let cause = text.split_once(": ").map_or(text.as_str(), |(_, cause)| cause).to_owned();
        said.insert(cause)
    });
    let remedy = "the daemon's account needs the role SuperUser on the whole system, and the engine must answer";
    new.map(|text| finding(plan, Level::Error, text, remedy)).collect()
}

/// Names of the plan that the engine does not know, and rows that do not resolve.
fn names(plan: &Plan, observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    let hosts: Vec<&str> = observed.hosts.seen().into_iter().flatten().map(|host| host.name.as_str()).collect();
    for (site, of_site) in &plan.sites {
        for host in of_site.hosts.iter().filter(|host| !hosts.contains(&host.as_str())) {
            let message = format!("host {host} of site {site} does not exist in the engine");
            findings.push(finding(plan, Level::Error, message, nearest(host, &hosts)));
        }
    }
    let domains: Vec<&str> = observed.domains.seen().into_iter().flatten().map(|domain| domain.name.as_str()).collect();
    for entry in &plan.storage {
        if let StorageKind::Fcp { domain } = &entry.kind
            && !domains.contains(&domain.as_str())
        {
            let message = format!("storage domain {domain} of entry {} does not exist in the engine", entry.name);
            findings.push(finding(plan, Level::Error, message, nearest(domain, &domains)));
        }
    }
    let connections = observed.connections.seen().map(Vec::as_slice).unwrap_or_default();
    let (_, problems) = resolve_rows(plan, connections, &BTreeMap::new());
    for problem in problems {
        let remedy = match &problem {
            RowProblem::NoneMatches { .. } => {
                let there: Vec<String> =
                    connections.iter().map(|row| format!("{} {}", row.storage_type, row.details)).collect();
                if there.is_empty() {
                    "the engine has no storage connection".to_owned()
                } else {
                    format!("the engine has {}", there.join("; "))
                }
            }
            RowProblem::SeveralMatch { .. } | RowProblem::IdDisagrees { .. } => {
                "`id:` is the connection's id in the engine".to_owned()
            }
            RowProblem::OtherType { .. } => "`type:` is the storage type as the engine names it".to_owned(),
        };
        findings.push(finding(plan, Level::Error, problem.to_string(), remedy));
    }
    findings
}

/// Drift, and what would stand in the way, as the daemon would report it in calm times.
fn differences(plan: &Plan, observed: &Observed, now: Time) -> Vec<String> {
    let decision = decide(plan, observed, &memory(plan), now);
    let refusals = decision.refusals.iter().map(|refusal| refusal.said(&plan.name));
    decision.drift.iter().cloned().chain(refusals).collect()
}

fn nearest(word: &str, known: &[&str]) -> String {
    let distance = |other: &&&str| strsim::damerau_levenshtein(word, other);
    match known.iter().min_by_key(distance).filter(|other| distance(other) <= 2) {
        Some(near) => format!("did you mean {near}?"),
        None if known.is_empty() => "the engine has none".to_owned(),
        None => format!("the engine has {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests;
