//! The `policy` section: limits and habits.

use std::time::Duration;

use super::fields::Fields;
use super::report::Report;
use super::scalars::{boolean, choice, duration, list, whole};
use crate::node::Node;
use crate::plan::{Limits, Mode, Policy};

/// Actions in flight, unless the plan says otherwise: most of them only wait inside the engine.
const PARALLEL: u32 = 32;
/// More actions at once would only queue in the engine.
const MOST_PARALLEL: u32 = 256;
const INTERVAL: Duration = Duration::from_secs(10);
const FLAP_GUARD: Duration = Duration::from_secs(3600);
/// Reading more often would load the engine and tell nothing new.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// No engine has more hosts, connections or virtual machines.
const MOST: u32 = 1_000_000;

/// What holds without a `policy` section.
pub(crate) fn default_policy() -> Policy {
    Policy {
        suspend_fencing: true,
        flap_guard: FLAP_GUARD,
        mode: Mode::Act,
        interval: INTERVAL,
        parallel: PARALLEL,
        limits: Limits { hosts: None, connections: None, vms: None },
    }
}

pub(crate) fn policy(node: &Node, report: &mut Report<'_>) -> Option<Policy> {
    let mut fields = Fields::open(node, "`policy`", report)?;
    let suspend_fencing = fields.take("suspend_fencing").map(|node| boolean(node, "`policy.suspend_fencing`", report));
    let flap_guard = fields.take("flap_guard");
    let flap_guard = flap_guard.map(|node| duration(node, "`policy.flap_guard`", Duration::from_secs(1), report));
    let mode = fields.take("mode").map(|node| mode(node, report));
    let interval = fields.take("interval");
    let interval = interval.map(|node| duration(node, "`policy.interval`", SHORTEST_INTERVAL, report));
    let parallel = fields.take("parallel").map(|node| whole(node, "`policy.parallel`", 1..=MOST_PARALLEL, report));
    let limits = fields.take("limits").map(|node| limits(node, report));
    if let Some(windows) = fields.take_entry("windows")
        && list(windows.node, "`policy.windows`", report).is_some_and(|windows| !windows.is_empty())
    {
        report.warning(
            windows.key_at,
            "`policy.windows` is read but not used by this version",
            "keep to the windows yourself: a planned migration is not held back by them",
        );
    }
    fields.close(report);

    // What was not given keeps its default; what was given and is wrong leaves no policy.
    let default = default_policy();
    Some(Policy {
        suspend_fencing: suspend_fencing.unwrap_or(Some(default.suspend_fencing))?,
        flap_guard: flap_guard.unwrap_or(Some(default.flap_guard))?,
        mode: mode.unwrap_or(Some(default.mode))?,
        interval: interval.unwrap_or(Some(default.interval))?,
        parallel: parallel.unwrap_or(Some(default.parallel))?,
        limits: limits.unwrap_or(Some(default.limits))?,
    })
}

fn mode(node: &Node, report: &mut Report<'_>) -> Option<Mode> {
    let word = choice(node, "`policy.mode`", &["act", "observe"], report)?;
    Some(if word == "act" { Mode::Act } else { Mode::Observe })
}

fn limits(node: &Node, report: &mut Report<'_>) -> Option<Limits> {
    let mut fields = Fields::open(node, "`policy.limits`", report)?;
    let hosts = fields.take("hosts").map(|node| whole(node, "`limits.hosts`", 1..=MOST, report));
    let connections = fields.take("connections").map(|node| whole(node, "`limits.connections`", 1..=MOST, report));
    let vms = fields.take("vms").map(|node| whole(node, "`limits.vms`", 1..=MOST, report));
    fields.close(report);
    let given = |limit: Option<Option<u32>>| match limit {
        None => Some(None),
        Some(None) => None,
        Some(limit) => Some(limit),
    };
    Some(Limits { hosts: given(hosts)?, connections: given(connections)?, vms: given(vms)? })
}
