//! The `storage` section: where each storage connection points at each site.

use std::collections::BTreeMap;

use super::addresses::file_address;
use super::collisions::{Row, check_rows};
use super::fields::{Entry, Fields, printable, unknown};
use super::iscsi::{check_pairs, iscsi_target};
use super::report::Report;
use super::scalars::text;
use super::sites::{RESERVED, Sites};
use super::words::nearest;
use crate::node::{Node, Place};
use crate::plan::{FileTarget, FileType, Placement, SiteName, StorageEntry, StorageKind};

const TYPES: &str = "types: `nfs`, `posixfs`, `iscsi`, `fcp`";

/// A value of an entry: which site it belongs to (none for a shared one), what, and where it stands.
pub(crate) struct Placed<T> {
    pub(crate) site: Option<SiteName>,
    pub(crate) at: Place,
    pub(crate) value: T,
}

/// Reads all entries; `active` is where the workload shall be, and so where every entry needs a value.
pub(crate) fn storage(
    node: &Node,
    sites: &Sites,
    active: Option<&SiteName>,
    report: &mut Report<'_>,
) -> Option<Vec<StorageEntry>> {
    let mut fields = Fields::open(node, "`storage`", report)?;
    let entries = fields.rest();
    let mut rows = vec![];
    let mut read = vec![];
    for entry in &entries {
        read.extend(storage_entry(entry, sites, active, &mut rows, report));
    }
    check_rows(&rows, report);
    check_names(&read, &entries, report);
    (read.len() == entries.len()).then_some(read)
}

fn storage_entry(
    entry: &Entry<'_>,
    sites: &Sites,
    active: Option<&SiteName>,
    rows: &mut Vec<Row>,
    report: &mut Report<'_>,
) -> Option<StorageEntry> {
    let name = entry.key;
    let what = format!("storage entry `{}`", printable(name));
    let mut fields = Fields::open(entry.node, &what, report)?;
    let kind = fields.need("type", "nfs");
    let id = fields.take_entry("id");
    let same = fields.take_entry("same");
    let domain = fields.take_entry("domain");
    if let Some(via) = fields.take_entry("via") {
        report.unsupported(via.key_at, "`via`", "remove it; connections are repointed through the API");
    }
    let at_sites = fields.rest();
    fields.close(report);
    check_name(entry, report);
    let kind = storage_type(kind?, report)?;
    if let (Some(domain), "nfs" | "posixfs" | "iscsi") = (domain, kind) {
        report.error(
            domain.key_at,
            format!("`domain` has no meaning for type `{kind}`"),
            "remove it; it belongs to type `fcp`",
        );
    }

    let values = Values { what: &what, same, at_sites: &at_sites, sites, active };
    let kind = match kind {
        "fcp" => fcp(entry, domain, id, &values, report),
        "iscsi" => {
            let read = values.read(iscsi_target, entry, report);
            check_pairs(&what, &read, report);
            rows.extend(
                read.iter().flat_map(|placed| Row::of_iscsi(name, placed.site.as_ref(), &placed.value, placed.at)),
            );
            let single = read.iter().all(|placed| placed.value.0.portals.len() <= 1);
            if let (Some(id), false) = (id, single) {
                report.error(
                    id.key_at,
                    format!("{what} has several portals, and so several connections; `id` names one"),
                    "remove `id`, or make one entry of each portal",
                );
            }
            let read = read.into_iter().map(|Placed { site, at, value: (value, _) }| Placed { site, at, value });
            placement(read.collect()).map(|at| StorageKind::Iscsi { at })
        }
        file_type => {
            let storage_type = if file_type == "nfs" { FileType::Nfs } else { FileType::Posixfs };
            let read = values.read(|node, report| file_target(node, storage_type, report), entry, report);
            rows.extend(read.iter().map(|placed| Row::of_file(name, placed.site.as_ref(), &placed.value, placed.at)));
            placement(read).map(|at| StorageKind::File { storage_type, at })
        }
    };
    let id = match id {
        Some(id) => Some(connection_id(id.node, report)?),
        None => None,
    };
    Some(StorageEntry { name: name.to_owned(), kind: kind?, id })
}

/// The name stands in every message about the entry.
fn check_name(entry: &Entry<'_>, report: &mut Report<'_>) {
    const LONGEST: usize = 255;
    let name = entry.key;
    if name.is_empty() || name.len() > LONGEST || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        report.error(
            entry.key_at,
            "the name of a storage entry must be one word",
            "name it after its storage domain, as `data1`",
        );
    }
}

fn storage_type<'n>(node: &'n Node, report: &mut Report<'_>) -> Option<&'n str> {
    let written = text(node, "`type`", report)?;
    match written {
        "nfs" | "posixfs" | "iscsi" | "fcp" => return Some(written),
        "glusterfs" => report.unsupported(
            node.at,
            "`type: glusterfs`",
            "keep the volume's name stable over both sites (a name that moves with the site), and leave the entry out",
        ),
        "localfs" => report.unsupported(node.at, "`type: localfs`", "a local disk has no replica; leave the entry out"),
        other => {
            let message = match nearest(other, &["nfs", "posixfs", "iscsi", "fcp"]) {
                Some(near) => format!("unknown storage type `{}`, did you mean `{near}`?", printable(other)),
                None => format!("unknown storage type `{}`", printable(other)),
            };
            report.error(node.at, message, TYPES);
        }
    }
    None
}

/// What stands for the values of an entry in the file: `same`, or one mapping a site.
struct Values<'a, 'n> {
    what: &'a str,
    same: Option<Entry<'n>>,
    at_sites: &'a [Entry<'n>],
    sites: &'a Sites,
    active: Option<&'a SiteName>,
}

impl Values<'_, '_> {
    /// Every value that is right, with its site; whatever is wrong or missing is a finding.
    fn read<T>(
        &self,
        mut value: impl FnMut(&Node, &mut Report<'_>) -> Option<T>,
        entry: &Entry<'_>,
        report: &mut Report<'_>,
    ) -> Vec<Placed<T>> {
        let mut read = vec![];
        let mut named = vec![];
        for at_site in self.at_sites {
            if let Some(site) = self.site(at_site, report) {
                named.push(site.clone());
                let at = at_site.key_at;
                read.extend(value(at_site.node, report).map(|value| Placed { site: Some(site), at, value }));
            }
        }
        let what = self.what;
        match (&self.same, self.at_sites.first()) {
            (Some(same), Some(at_site)) => {
                report.error(
                    at_site.key_at,
                    format!("{what} has `same` and a value of a site"),
                    "keep `same` if all sites reach one copy, else a value for each site",
                );
                value(same.node, report);
            }
            (Some(same), None) => {
                let at = same.key_at;
                read.extend(value(same.node, report).map(|value| Placed { site: None, at, value }));
            }
            (None, None) => {
                let example = self.sites.names().first().map_or("madrid", |name| *name).to_owned();
                report.error(
                    entry.key_at,
                    format!("{what} points nowhere"),
                    format!("give a value for each site, like `{example}: {{ ... }}`, or `same: {{ ... }}` for one shared copy"),
                );
            }
            (None, Some(_)) => self.check_missing(&named, entry, report),
        }
        read
    }

    fn site(&self, entry: &Entry<'_>, report: &mut Report<'_>) -> Option<SiteName> {
        let names = self.sites.names();
        if names.is_empty() {
            return Some(SiteName(entry.key.to_owned()));
        }
        if names.contains(&entry.key) {
            return Some(SiteName(entry.key.to_owned()));
        }
        let mut known = names.clone();
        known.extend(RESERVED);
        unknown(entry, &format!("sites and keys of {}", self.what), &known, report);
        None
    }

    /// A site without a value is no surprise for the night of the flip.
    fn check_missing(&self, named: &[SiteName], entry: &Entry<'_>, report: &mut Report<'_>) {
        let what = self.what;
        for site in self.sites.names() {
            if named.iter().any(|name| name.0 == site) {
                continue;
            }
            let remedy = format!("give a value for `{site}`, or `same` if all sites reach one copy");
            if self.active.is_some_and(|active| active.0 == site) {
                report.error(entry.key_at, format!("{what} has no value for the active site `{site}`"), remedy);
            } else {
                let message = format!("{what} has no value for site `{site}`: its domain cannot follow there");
                report.warning(entry.key_at, message, remedy);
            }
        }
    }
}

/// None if nothing was read: that was a finding.
fn placement<T>(read: Vec<Placed<T>>) -> Option<Placement<T>> {
    let mut sites = BTreeMap::new();
    for placed in read {
        match placed.site {
            None => return Some(Placement::Same(placed.value)),
            Some(site) => drop(sites.insert(site, placed.value)),
        }
    }
    (!sites.is_empty()).then_some(Placement::PerSite(sites))
}

fn fcp(
    entry: &Entry<'_>,
    domain: Option<Entry<'_>>,
    id: Option<Entry<'_>>,
    values: &Values<'_, '_>,
    report: &mut Report<'_>,
) -> Option<StorageKind> {
    let what = values.what;
    for other in id.iter().chain(&values.same).chain(values.at_sites) {
        let message = format!("`{}` has no meaning for type `fcp`", printable(other.key));
        report.error(
            other.key_at,
            message,
            "remove it; Fibre Channel has no connection to repoint, its domain is only waited for",
        );
    }
    let Some(domain) = domain else {
        report.error(
            entry.key_at,
            format!("{what} has no `domain`"),
            "name the storage domain, like `domain: fc-vault`",
        );
        return None;
    };
    Some(StorageKind::Fcp { domain: text(domain.node, "`domain`", report)?.to_owned() })
}

fn file_target(node: &Node, storage_type: FileType, report: &mut Report<'_>) -> Option<FileTarget> {
    let mut fields = Fields::open(node, format!("a value of type `{storage_type}`"), report)?;
    // A POSIX file system may be a device, which has no server.
    let address = match storage_type {
        FileType::Nfs => fields.need("address", "nas.example.com").map(Some),
        FileType::Posixfs => Some(fields.take("address")),
    };
    let path = fields.need("path", "/exports/data1");
    fields.close(report);
    let address = match address? {
        Some(node) => file_address(node, "`address`", report),
        None => Some(String::new()),
    };
    let path = path.and_then(|node| storage_path(node, report));
    Some(FileTarget { address: address?, path: path? })
}

fn storage_path(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let written = text(node, "`path`", report)?;
    let wrong = if !written.starts_with('/') {
        "is not absolute"
    } else if written.contains(char::is_whitespace) || !written.is_ascii() {
        "has a blank or a character beyond ASCII in it, which the engine refuses"
    } else if written.contains(':') {
        "has a colon in it, behind which the engine loses what follows"
    } else {
        return Some(written.to_owned());
    };
    report.error(node.at, format!("`path` {wrong}"), "write it from the root, as in `/exports/data1`");
    None
}

fn connection_id(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let written = text(node, "`id`", report)?;
    let groups: Vec<&str> = written.split('-').collect();
    let shape = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
    if shape && groups.iter().all(|group| group.chars().all(|c| c.is_ascii_hexdigit())) {
        return Some(written.to_owned());
    }
    report.error(
        node.at,
        "`id` is not the id of a connection",
        "write it as the engine shows it, as in `0a6e0f5c-0000-4000-8000-000000000001`, or remove it",
    );
    None
}

/// No connection id and no Fibre Channel domain in two entries.
fn check_names(read: &[StorageEntry], entries: &[Entry<'_>], report: &mut Report<'_>) {
    for (position, entry) in read.iter().enumerate() {
        for earlier in read.iter().take(position) {
            let shared = match (&entry.kind, &earlier.kind) {
                (StorageKind::Fcp { domain }, StorageKind::Fcp { domain: other }) if domain == other => "`domain`",
                _ if entry.id.is_some() && entry.id == earlier.id => "`id`",
                _ => continue,
            };
            let at =
                entries.iter().find(|written| written.key == entry.name).map_or(Place::TOP, |written| written.key_at);
            report.error(
                at,
                format!(
                    "storage entries `{}` and `{}` have the same {shared}",
                    printable(&earlier.name),
                    printable(&entry.name)
                ),
                "keep one of them",
            );
        }
    }
}
