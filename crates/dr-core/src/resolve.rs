//! The plan's storage entries found among the engine's connection rows: by value, not by id.

use std::collections::BTreeMap;
use std::fmt;

use dr_plan::{Plan, SiteName, StorageEntry, StorageKind};
use serde::{Deserialize, Serialize};

use crate::hash::{HashMap, with_room};
use crate::{Connection, ConnectionId, Host, HostId};

/// Where a connection row points: its complete details, compared whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// File storage: address (may be empty for a POSIX file system) and path.
    File {
        /// Server.
        address: String,
        /// Exported path.
        path: String,
    },
    /// One iSCSI portal.
    Iscsi {
        /// Portal address.
        address: String,
        /// Portal port.
        port: u16,
        /// IQN.
        target: String,
    },
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Details::File { address, path } if address.is_empty() => f.write_str(path),
            Details::File { address, path } => write!(f, "{address}:{path}"),
            Details::Iscsi { address, port, target } => write!(f, "{address}:{port}, target {target}"),
        }
    }
}

/// One row that the plan speaks of: an entry, or one portal of an iSCSI entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RowKey {
    /// The plan's entry.
    pub entry: String,
    /// Position of the portal; 0 for file storage.
    pub portal: usize,
}

impl RowKey {
    /// The key as one word, for journal rows and maps of text: `san1/0`.
    pub fn word(&self) -> String {
        [self.entry.as_str(), "/", self.portal.to_string().as_str()].concat()
    }
}

/// A row of the plan with the engine's row behind it.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Which row of the plan.
    pub key: RowKey,
    /// How messages call it: the entry, with the portal's position where there are several.
    pub name: String,
    /// The plan's entry.
    pub entry: &'a StorageEntry,
    /// The engine's row.
    pub connection: &'a Connection,
    /// The plan's values: by site, or one that all sites share.
    pub values: Vec<(Option<&'a SiteName>, Details)>,
}

impl Row<'_> {
    /// Where the plan wants it when `site` is active; none if the entry has no value there.
    pub fn at(&self, site: &SiteName) -> Option<&Details> {
        self.values.iter().find(|(of, _)| of.is_none_or(|of| of == site)).map(|(_, details)| details)
    }

    /// Whether the row points at none of the plan's values: somebody else has changed it.
    pub fn is_foreign(&self) -> bool {
        !self.values.iter().any(|(_, details)| *details == self.connection.details)
    }
}

/// Why a row of the plan could not be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowProblem {
    /// No row of the engine has any of the entry's values.
    NoneMatches {
        /// The row's name.
        name: String,
        /// The values looked for.
        wanted: Vec<Details>,
    },
    /// More than one row has them.
    SeveralMatch {
        /// The row's name.
        name: String,
        /// The rows' ids.
        ids: Vec<ConnectionId>,
    },
    /// The pinned or frozen id does not exist, or points elsewhere.
    IdDisagrees {
        /// The row's name.
        name: String,
        /// What is wrong.
        text: String,
    },
    /// The row's storage type is not the plan's.
    OtherType {
        /// The row's name.
        name: String,
        /// The engine's type.
        found: String,
    },
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RowProblem::NoneMatches { name, wanted } => {
                let wanted: Vec<String> = wanted.iter().map(Details::to_string).collect();
                write!(
                    f,
                    "connection {name}: no storage connection of the engine is {}; correct the plan",
                    wanted.join(" or ")
                )
            }
            RowProblem::SeveralMatch { name, ids } => {
                let ids: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
                write!(
                    f,
                    "connection {name}: several storage connections match ({}); pin one with `id:`",
                    ids.join(", ")
                )
            }
            RowProblem::IdDisagrees { name, text } => write!(f, "connection {name}: {text}"),
            RowProblem::OtherType { name, found } => {
                write!(f, "connection {name}: the engine's row is of type {found}; correct `type:` in the plan")
            }
        }
    }
}

/// The plan's values of one entry's rows: a list of (site, details) for each portal position.
pub(crate) fn entry_values(entry: &StorageEntry) -> Vec<Vec<(Option<&SiteName>, Details)>> {
    match &entry.kind {
        StorageKind::File { at, .. } => {
            let values = at.values().into_iter();
            vec![
                values
                    .map(|(site, v)| (site, Details::File { address: v.address.clone(), path: v.path.clone() }))
                    .collect(),
            ]
        }
        StorageKind::Iscsi { at } => {
            let portals = at.values().iter().map(|(_, v)| v.portals.len()).max().unwrap_or(0);
            let of = |i: usize| {
                let values = at.values().into_iter();
                values
                    .filter_map(|(site, v)| {
                        let portal = v.portals.get(i)?;
                        let (address, port, target) = (portal.address.clone(), portal.port, v.target.clone());
                        Some((site, Details::Iscsi { address, port, target }))
                    })
                    .collect()
            };
            (0..portals).map(of).collect()
        }
        StorageKind::Fcp { .. } => Vec::new(),
    }
}

/// Finds every row of the plan. Inside a transition `frozen` says which id each row had when it opened, so that a row which somebody has
/// changed meanwhile is still found, and seen to be foreign.
pub fn resolve_rows<'a>(
    plan: &'a Plan,
    connections: &'a [Connection],
    frozen: &BTreeMap<String, ConnectionId>,
) -> (Vec<Row<'a>>, Vec<RowProblem>) {
    let mut by_details: HashMap<&Details, Vec<&Connection>> = with_room(connections.len());
    let mut by_id: HashMap<&str, &Connection> = with_room(connections.len());
    for connection in connections {
        by_details.entry(&connection.details).or_default().push(connection);
        by_id.insert(&connection.id.0, connection);
    }
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    for entry in &plan.storage {
        let portals = entry_values(entry);
        let several = portals.len() > 1;
        for (portal, values) in portals.into_iter().enumerate() {
            let key = RowKey { entry: entry.name.clone(), portal };
            let name = if several { format!("{} portal {}", entry.name, portal + 1) } else { entry.name.clone() };
            let frozen_id = if frozen.is_empty() { None } else { frozen.get(&key.word()).map(|id| id.0.as_str()) };
            let pinned = frozen_id.or(if several { None } else { entry.id.as_deref() });
            let mut found: Vec<&Connection> = match pinned {
                Some(id) => by_id.get(id).into_iter().copied().collect(),
                None => values.iter().filter_map(|(_, d)| by_details.get(d)).flatten().copied().collect(),
            };
            found.sort_by(|a, b| a.id.cmp(&b.id));
            found.dedup_by(|a, b| a.id == b.id);
            match found.as_slice() {
                [] if pinned.is_some() => problems.push(RowProblem::IdDisagrees {
                    name,
                    text: format!("the engine has no storage connection {}", pinned.unwrap_or_default()),
                }),
                [] => {
                    let wanted = values.into_iter().map(|(_, details)| details).collect();
                    problems.push(RowProblem::NoneMatches { name, wanted });
                }
                [connection] => {
                    let row = Row { key, name, entry, connection, values };
                    if entry.kind.storage_type() != connection.storage_type {
                        let found = connection.storage_type.clone();
                        problems.push(RowProblem::OtherType { name: row.name, found });
                    } else if frozen_id.is_none() && pinned.is_some() && row.is_foreign() {
                        let text = format!("its `id:` names a row that is {}", connection.details);
                        problems.push(RowProblem::IdDisagrees { name: row.name, text });
                    } else {
                        rows.push(row);
                    }
                }
                several => {
                    let ids = several.iter().map(|connection| connection.id.clone()).collect();
                    problems.push(RowProblem::SeveralMatch { name, ids });
                }
            }
        }
    }
    (rows, problems)
}

/// The engine's hosts by the names that a plan has for them: a host that is known by its id is followed through a renaming.
pub(crate) struct HostsBehind<'a> {
    known: &'a BTreeMap<String, HostId>,
    by_id: HashMap<&'a HostId, &'a Host>,
    by_name: HashMap<&'a str, &'a Host>,
}

impl<'a> HostsBehind<'a> {
    pub(crate) fn new(hosts: &'a [Host], known: &'a BTreeMap<String, HostId>) -> HostsBehind<'a> {
        let by_id: HashMap<&HostId, &Host> =
            if known.is_empty() { HashMap::default() } else { hosts.iter().map(|host| (&host.id, host)).collect() };
        let mut by_name: HashMap<&str, &Host> = hosts.iter().map(|host| (host.name.as_str(), host)).collect();
        // A host that is known under one name is not found under another one.
        for (name, id) in known {
            if let Some(host) = by_id.get(id).filter(|host| host.name != *name) {
                let _ = by_name.remove(host.name.as_str());
            }
        }
        HostsBehind { known, by_id, by_name }
    }

    /// The host that the plan calls so. One that was removed and added again has another id, and is found by its name.
    pub(crate) fn find(&self, name: &str) -> Option<&'a Host> {
        let known = self.known.get(name).and_then(|id| self.by_id.get(id));
        known.or_else(|| self.by_name.get(name)).copied()
    }

    /// Those of them that are there, and the names of the others.
    pub(crate) fn find_all<'n>(&self, names: &'n [String]) -> (Vec<&'a Host>, Vec<&'n str>) {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            match self.find(name) {
                Some(host) => found.push(host),
                None => missing.push(name.as_str()),
            }
        }
        (found, missing)
    }
}
