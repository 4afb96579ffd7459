//! Values of iSCSI entries: a target and its portals.

use super::addresses::portal;
use super::fields::Fields;
use super::report::Report;
use super::scalars::{list, text};
use super::storage::Placed;
use crate::node::{Node, Place};
use crate::plan::IscsiTarget;

/// The target, and where each of its portals stands.
pub(crate) fn iscsi_target(node: &Node, report: &mut Report<'_>) -> Option<(IscsiTarget, Vec<Place>)> {
    let mut fields = Fields::open(node, "a value of type `iscsi`", report)?;
    let target = fields.need("target", "iqn.2015-01.com.example:vol1");
    let portals = fields.need("portals", "[10.1.0.11, 10.1.0.12]");
    fields.close(report);
    let target = target.and_then(|node| iqn(node, report));

    let listed = list(portals?, "`portals`", report)?;
    let read: Vec<_> = listed.iter().filter_map(|node| Some((portal(node, "a portal", report)?, node.at))).collect();
    if listed.is_empty() {
        report.error(portals?.at, "`portals` lists no portal", "list at least one, as in `[10.1.0.11]`");
    }
    if listed.is_empty() || read.len() != listed.len() {
        return None;
    }
    let (portals, places) = read.into_iter().unzip();
    Some((IscsiTarget { target: target?, portals }, places))
}

fn iqn(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let written = text(node, "`target`", report)?;
    let named = ["iqn.", "eui.", "naa."].iter().any(|prefix| written.starts_with(prefix));
    if named && !written.contains(char::is_whitespace) {
        return Some(written.to_owned());
    }
    report.error(
        node.at,
        "`target` is not an iSCSI name",
        "write the array's IQN, as in `iqn.2015-01.com.example:vol1`",
    );
    None
}

/// Portals pair up by position, so every site needs as many.
pub(crate) fn check_pairs(what: &str, read: &[Placed<(IscsiTarget, Vec<Place>)>], report: &mut Report<'_>) {
    let Some(first) = read.first() else { return };
    let site =
        |placed: &Placed<_>| placed.site.as_ref().map_or_else(|| "`same`".to_owned(), |site| format!("`{site}`"));
    let expected = first.value.0.portals.len();
    for other in read.iter().filter(|other| other.value.0.portals.len() != expected) {
        let count = other.value.0.portals.len();
        report.error(
            other.at,
            format!("{what} has not as many portals at {} ({count}) as at {} ({expected})", site(other), site(first)),
            "portals pair up by position: list as many; a surplus one may point to an address that is not in use",
        );
    }
}
