//! The `vms` section: which virtual machines follow the active site.

use std::time::Duration;

use super::fields::Fields;
use super::report::Report;
use super::scalars::{choice, duration, list, text, whole};
use crate::node::{Node, Value};
use crate::plan::Vms;

/// Start requests in flight, unless the plan says otherwise.
const PARALLEL: u32 = 10;
/// More start requests at once gain nothing: the engine takes them one after another.
const MOST_PARALLEL: u32 = 256;
/// How long a virtual machine may take to be up, unless the plan says otherwise.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);
const ONE_GROUP: &str = "the one group of this version is `{ name: all, select: { remaining: was_running } }`";

/// What holds without a `vms` section: what ran is started.
pub(crate) fn default_vms() -> Vms {
    Vms { was_running: true, parallel: PARALLEL, timeout: TIMEOUT }
}

pub(crate) fn vms(node: &Node, report: &mut Report<'_>) -> Option<Vms> {
    let mut fields = Fields::open(node, "`vms`", report)?;
    let groups = fields.take("groups");
    let parallel = fields.take("parallel");
    if let Some(never) = fields.take_entry("never_start") {
        report.unsupported(
            never.key_at,
            "`vms.never_start`",
            "remove it, and switch these virtual machines off high availability and down before a failover",
        );
    }
    fields.close(report);

    let mut vms = default_vms();
    let mut right = true;
    match parallel.map(|node| whole(node, "`vms.parallel`", 1..=MOST_PARALLEL, report)) {
        Some(Some(parallel)) => vms.parallel = parallel,
        Some(None) => right = false,
        None => {}
    }
    if let Some(node) = groups {
        let groups = list(node, "`vms.groups`", report)?;
        vms.was_running = !groups.is_empty();
        if let Some(first) = groups.first() {
            vms.timeout = group(first, report)?;
        }
        for further in groups.iter().skip(1) {
            report.unsupported(further.at, "more than one group", ONE_GROUP);
            right = false;
        }
    }
    right.then_some(vms)
}

/// The one group there may be; yields its timeout.
fn group(node: &Node, report: &mut Report<'_>) -> Option<Duration> {
    let mut fields = Fields::open(node, "a group of `vms.groups`", report)?;
    let name = fields.need("name", "all");
    let select = fields.need("select", "{ remaining: was_running }");
    let timeout = fields.take("timeout");
    if let Some(ready) = fields.take("ready")
        && !matches!(&ready.value, Value::Text(word) if word == "running")
    {
        report.unsupported(
            ready.at,
            "`ready` other than `running`",
            "remove it: a virtual machine counts when it is up",
        );
    }
    if let Some(failure) = fields.take_entry("on_failure") {
        report.unsupported(
            failure.key_at,
            "`on_failure`",
            "remove it: with one group there is nothing to halt; what does not start is listed as an exception",
        );
    }
    fields.close(report);
    let name = name.and_then(|node| text(node, "`name`", report));
    let selected = select.and_then(|node| self::select(node, report));
    let timeout = match timeout {
        Some(node) => duration(node, "`timeout`", Duration::from_secs(1), report),
        None => Some(TIMEOUT),
    };
    name.and(selected).and(timeout)
}

fn select(node: &Node, report: &mut Report<'_>) -> Option<()> {
    let mut fields = Fields::open(node, "`select`", report)?;
    let mut unsupported = false;
    for key in ["names", "tag"] {
        if let Some(entry) = fields.take_entry(key) {
            report.unsupported(entry.key_at, &format!("`select: {{ {key}: ... }}`"), ONE_GROUP);
            unsupported = true;
        }
    }
    let remaining = if unsupported { fields.take("remaining") } else { fields.need("remaining", "was_running") };
    fields.close(report);
    choice(remaining?, "`remaining`", &["was_running"], report).map(|_| ())
}
