//! The plan's rows with the domains behind them, and the domains that the plan does not cover.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use dr_plan::{Plan, Promote, Site, SiteName, StorageEntry, StorageKind};

use crate::hash::{HashMap, HashSet};
use crate::resolve::entry_values;
use crate::{
    Confirmation, DataCenterId, Details, Domain, DomainId, Outcome, RefusedClass, Row, StepKey, StepKind, Transition,
    Tries,
};

use super::Scene;

/// A row of the plan with the data domains behind which it stands.
pub(crate) struct SceneRow<'a> {
    pub(crate) row: Row<'a>,
    pub(crate) domains: Vec<&'a Domain>,
}

impl SceneRow<'_> {
    /// Whether it points where the new site wants it.
    pub(crate) fn arrived(&self, to: &SiteName) -> bool {
        self.row.at(to) == Some(&self.row.connection.details)
    }

    /// Its name among steps.
    pub(crate) fn key(&self) -> StepKey {
        StepKey { kind: StepKind::Repoint, object: self.row.connection.id.0.clone() }
    }
}

/// Rows behind data domains of one data center that do not point at the new site yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MissingRows {
    all: usize,
    /// Those of them that were refused because a direct LUN behind them belongs to a virtual machine that is not down yet.
    held: usize,
}

pub(super) fn is_promoted(winning: &Site, transition: &Transition) -> bool {
    let confirmed = transition.confirmations.contains(&Confirmation::Promoted);
    match &winning.promote {
        // Nothing was to be promoted; what counts is whether rows are still to be written.
        Promote::Nothing => true,
        Promote::Confirm => confirmed,
        Promote::Hook { .. } => confirmed || transition.done_at(StepKind::Promote, &transition.to).is_some(),
    }
}

/// Whether the row's last try was refused because a direct LUN behind it belongs to a virtual machine that is not down yet.
fn is_held(transition: &Transition, row: &SceneRow) -> bool {
    transition.tries.get(&row.key()).is_some_and(|tries: &Tries| match &tries.outcome {
        Outcome::Refused { class, .. } => *class == RefusedClass::DirectLunInUse,
        Outcome::AlreadySo | Outcome::Done | Outcome::Unconfirmed { .. } | Outcome::Failed { .. } => false,
    })
}

pub(super) fn missing_rows<'a>(
    rows: &[SceneRow<'a>],
    to: &SiteName,
    transition: &Transition,
) -> HashMap<&'a DataCenterId, MissingRows> {
    let mut missing: HashMap<&DataCenterId, MissingRows> = HashMap::default();
    for row in rows.iter().filter(|row| !row.domains.is_empty() && !row.arrived(to)) {
        let held = usize::from(is_held(transition, row));
        let data_centers: HashSet<&DataCenterId> = row.domains.iter().map(|domain| &domain.data_center).collect();
        for data_center in data_centers {
            let count = missing.entry(data_center).or_default();
            count.all += 1;
            count.held += held;
        }
    }
    missing
}

/// The rows, each with the data domains behind it: matched by any of the plan's values, since the two lists are not one snapshot.
pub(super) fn scene_rows<'a>(rows: Vec<Row<'a>>, domains: &'a [Domain]) -> Vec<SceneRow<'a>> {
    let mut behind: HashMap<&Details, Vec<&Domain>> = HashMap::default();
    for domain in domains.iter().filter(|domain| domain.data) {
        for details in &domain.behind {
            behind.entry(details).or_default().push(domain);
        }
    }
    let with_domains = |row: Row<'a>| {
        let values = row.values.iter().map(|(_, details)| details).chain([&row.connection.details]);
        let mut domains: Vec<&Domain> = values.filter_map(|details| behind.get(details)).flatten().copied().collect();
        domains.sort_by(|a, b| a.id.cmp(&b.id));
        domains.dedup_by(|a, b| a.id == b.id);
        SceneRow { row, domains }
    };
    rows.into_iter().map(with_domains).collect()
}

/// Connected data domains of affected data centers that the plan does not cover. A row that somebody else has changed still covers its domain.
pub(crate) fn uncovered<'a>(
    plan: &Plan,
    domains: &'a [Domain],
    affected: &BTreeSet<&DataCenterId>,
    rows: &[SceneRow],
) -> Vec<&'a Domain> {
    let values = LazyCell::new(|| {
        let of_rows = rows.iter().flat_map(|row| row.row.values.iter().map(|(_, details)| details));
        of_rows.chain(rows.iter().map(|row| &row.row.connection.details)).collect::<HashSet<&Details>>()
    });
    let behind_rows: HashSet<&DomainId> = rows.iter().flat_map(|row| &row.domains).map(|domain| &domain.id).collect();
    let fcp: HashSet<&str> = plan.storage.iter().filter_map(fibre_channel).collect();
    let covered = |domain: &&Domain| {
        // Nearly always a domain has one row, and has been found behind it.
        let by_rows = (domain.behind.len() == 1 && behind_rows.contains(&domain.id))
            || (!domain.behind.is_empty() && domain.behind.iter().all(|details| values.contains(details)));
        by_rows || fcp.contains(domain.name.as_str())
    };
    let mut left: Vec<&Domain> = domains
        .iter()
        .filter(|domain| domain.data && affected.contains(&domain.data_center) && domain.is_connected_by_hosts())
        .filter(|domain| !covered(domain))
        .collect();
    // An entry whose row is not found covers its domain too; in calm times there is none, and nothing is copied for it.
    if !left.is_empty() {
        let of_entries = plan.storage.iter().flat_map(entry_values).flatten().map(|(_, details)| details);
        let all: HashSet<Details> = of_entries.chain(values.iter().copied().cloned()).collect();
        left.retain(|domain| domain.behind.is_empty() || !domain.behind.iter().all(|details| all.contains(details)));
    }
    left
}

/// The domain of a Fibre Channel entry, which has no row.
fn fibre_channel(entry: &StorageEntry) -> Option<&str> {
    match &entry.kind {
        StorageKind::Fcp { domain } => Some(domain),
        StorageKind::File { .. } | StorageKind::Iscsi { .. } => None,
    }
}

impl Scene<'_> {
    /// Rows behind data domains of a data center that do not point at the new site yet, rows that were not found included.
    pub(crate) fn rows_missing(&self, data_center: &DataCenterId) -> usize {
        self.row_problems.len() + self.missing_rows.get(data_center).map_or(0, |missing| missing.all)
    }

    /// Those of them that wait for nothing but their turn; the others wait for the confirmation of hosts.
    pub(crate) fn rows_missing_before_confirmation(&self, data_center: &DataCenterId) -> usize {
        self.row_problems.len() + self.missing_rows.get(data_center).map_or(0, |missing| missing.all - missing.held)
    }

    /// Whether any row behind a data domain does not point at the new site yet.
    pub(crate) fn any_row_missing(&self) -> bool {
        !self.row_problems.is_empty() || !self.missing_rows.is_empty()
    }
}
