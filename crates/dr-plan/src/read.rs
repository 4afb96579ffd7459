//! From the tree of the file to the validated plan: every reference holds, or there is no plan.

use self::fields::{Fields, printable};
use crate::node::{Node, Value};
use crate::plan::{Plan, Require};

pub(crate) mod report;

// How a section is read.
mod fields;

mod scalars;

mod addresses;
mod secrets;
mod words;

// The sections.
mod engine;

mod sites;

mod storage;

mod collisions;
mod iscsi;

mod vms;

mod policy;

pub(crate) use report::Report;

/// Reads the whole file, going on after whatever is wrong. A plan comes back only if nothing was.
pub(crate) fn plan(name: &str, root: &Node, report: &mut Report<'_>) -> Option<Plan> {
    secrets::hide_secrets(root, report);
    let mut fields = Fields::open(root, "the plan", report)?;
    let version = fields.need("version", "1");
    let active_site = fields.need("active_site", "madrid");
    let preferred_site = fields.take("preferred_site");
    let engine = fields.need("engine", "{ url: ..., username: ..., password: ... }");
    let sites = fields.need("sites", "{ madrid: { hosts: [...] }, seville: { hosts: [...] } }");
    let witnesses = fields.take("witnesses");
    let storage = fields.take("storage");
    let vms = fields.take("vms");
    let policy = fields.take("policy");
    if let Some(notify) = fields.take_entry("notify") {
        // The address of a webhook is a secret by itself.
        secrets::hide_all(notify.node, report);
        report.warning(
            notify.key_at,
            "`notify` is read but not used by this version",
            "watch the journal (`journalctl -u ovirt-dr`) or `ovirt-dr status`",
        );
    }
    fields.close(report);

    if let Some(node) = version {
        check_version(node, report);
    }
    let engine = engine.and_then(|node| engine::engine(node, report));
    let sites = sites.map(|node| sites::sites(node, report))?;
    let preferred_site = preferred_site.map(|node| sites.reference(node, "`preferred_site`", report));
    let active = active_site.and_then(|node| sites.reference(node, "`active_site`", report));
    if let Some(node) = active_site {
        sites.check_hosts(active.as_ref(), node.at, report);
    }
    let witnesses = match witnesses {
        Some(node) => sites::witnesses(node, &sites, report),
        None => Some(vec![]),
    };
    let storage = match storage {
        Some(node) => storage::storage(node, &sites, active.as_ref(), report),
        None => Some(vec![]),
    };
    let vms = match vms {
        Some(node) => vms::vms(node, report),
        None => Some(vms::default_vms()),
    };
    let policy = match policy {
        Some(node) => policy::policy(node, report),
        None => Some(policy::default_policy()),
    };
    let plan = Plan {
        name: name.to_owned(),
        active_site: active?,
        preferred_site: preferred_site.unwrap_or_default(),
        engine: engine?,
        sites: sites.values?,
        witnesses: witnesses?,
        storage: storage?,
        vms: vms?,
        policy: policy?,
    };
    if report.has_errors() {
        return None;
    }
    doubts(&plan, root, report);
    Some(plan)
}

fn check_version(node: &Node, report: &mut Report<'_>) {
    let spelling = report.spelling(node.at);
    if !matches!(node.value, Value::Number) || spelling != "1" {
        let message = format!("`version` cannot be `{}`", printable(spelling));
        report.error(node.at, message, "write `version: 1`, the one this program knows");
    }
}

/// What stands but may not be meant.
fn doubts(plan: &Plan, root: &Node, report: &mut Report<'_>) {
    let trusts_silence = plan.sites.values().any(|site| site.evidence.require == Require::Silence);
    if plan.witnesses.is_empty() && trusts_silence {
        report.warning(
            root.at,
            "there are no `witnesses`: a site's silence cannot be told from our own",
            "name an address outside of every site: `witnesses: [ { tcp: ns1.example.net:53 } ]`",
        );
    }
    if plan.storage.is_empty() {
        report.warning(
            root.at,
            "there is no `storage`: every data domain counts as being without a replica",
            "name each storage connection with its value at each site",
        );
    }
}
