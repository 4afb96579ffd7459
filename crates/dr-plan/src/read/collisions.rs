//! Connections that would land on each other.
//!
//! The engine keeps the details of its connections unique, and force does not bypass that: two rows cannot take one value, and
//! a row cannot take the value that another one still has. So no value may appear twice in a plan.

use std::collections::HashMap;

use super::fields::printable;
use super::report::Report;
use crate::node::Place;
use crate::plan::{FileTarget, IscsiTarget, Portal, Probe, SiteName};

/// One row of the engine's connections, as one site's value of an entry describes it.
pub(crate) struct Row {
    entry: String,
    site: Option<SiteName>,
    /// Which portal of its entry it is; 0 for file storage.
    position: usize,
    /// All details that the engine compares.
    details: String,
    at: Place,
}

impl Row {
    pub(crate) fn of_file(entry: &str, site: Option<&SiteName>, target: &FileTarget, at: Place) -> Self {
        Self { entry: entry.to_owned(), site: site.cloned(), position: 0, details: target.to_string(), at }
    }

    /// A row for each portal.
    pub(crate) fn of_iscsi(
        entry: &str,
        site: Option<&SiteName>,
        (target, places): &(IscsiTarget, Vec<Place>),
        at: Place,
    ) -> Vec<Self> {
        let row = |(position, Portal { address, port }): (usize, &Portal)| Self {
            entry: entry.to_owned(),
            site: site.cloned(),
            position,
            details: format!("{} {}", Probe { address: address.clone(), port: *port }, target.target),
            at: places.get(position).copied().unwrap_or(at),
        };
        target.portals.iter().enumerate().map(row).collect()
    }

    fn site(&self) -> String {
        self.site.as_ref().map_or_else(|| "`same`".to_owned(), |site| format!("site `{site}`"))
    }
}

/// Finds every row whose details another one has.
pub(crate) fn check_rows(rows: &[Row], report: &mut Report<'_>) {
    let mut seen: HashMap<&str, Vec<&Row>> = HashMap::new();
    for row in rows {
        let earlier = seen.entry(&row.details).or_default();
        // One finding a row is enough to mend it; the rest would repeat it.
        if let Some((message, remedy)) = earlier.iter().find_map(|other| collision(row, other, rows)) {
            report.error(row.at, message, remedy);
        }
        earlier.push(row);
    }
}

fn collision(row: &Row, other: &Row, rows: &[Row]) -> Option<(String, String)> {
    let Row { entry, site, position, details, .. } = row;
    let (name, other_name, line) = (printable(entry), printable(&other.entry), other.at.line);
    let (here, there, details) = (row.site(), other.site(), printable(details));
    let different = format!("give each connection a value of its own; the other is in line {line}");
    if entry == &other.entry {
        if site == &other.site {
            return Some((format!("`{name}` has one portal twice at {here}: `{details}`"), different));
        }
        if position != &other.position {
            let message = format!(
                "`{name}` swaps its portals: portal {} at {here} is portal {} at {there}, `{details}`",
                position + 1,
                other.position + 1,
            );
            return Some((message, "list the portals in the same order at both sites".to_owned()));
        }
        // A portal that stays where it is needs no repointing and harms nothing; an entry that stays as a whole is no replica.
        let at = |wanted: &Option<SiteName>| {
            let rows = rows.iter().filter(|row| &row.entry == entry && &row.site == wanted);
            rows.map(|row| &row.details).collect::<Vec<_>>()
        };
        let whole = at(site) == at(&other.site);
        return (whole && *position == 0).then(|| {
            let message = format!("`{name}` points to `{details}` at {there} and at {here}: there is no replica");
            (message, "write it once as `same`, if all sites reach this one copy".to_owned())
        });
    }
    if site == &other.site || site.is_none() || other.site.is_none() {
        let message = format!("`{name}` points to the same connection as `{other_name}`: `{details}`");
        return Some((message, format!("one entry a connection is enough; the other is in line {line}")));
    }
    let message = format!(
        "`{name}` at {here} would land on `{other_name}` of {there}: both are `{details}`, and the engine refuses that"
    );
    Some((message, different))
}
