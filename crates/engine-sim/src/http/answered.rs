//! Answers given before: a client that looks every second mostly sees what it saw.

use std::collections::BTreeMap;

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use rustc_hash::FxHashMap;

use super::answer::Answer;
use super::request::Call;
use crate::world::{
    Cluster, ClusterId, Connection, ConnectionId, DataCenterId, DataCenterStatus, Disk, DiskId, Domain, DomainId, Tag,
    TagId, World,
};

/// Reads answered since what they show last changed: the world as a whole, or the part of it that such documents show.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    world: Kept,
    clusters: Part<Clusters>,
    pools: Part<Pools>,
    connections: Part<BTreeMap<ConnectionId, Connection>>,
    tags: Part<BTreeMap<TagId, Tag>>,
    /// How often something changed for another reason than time, and how many events there are.
    events: Part<(u64, usize)>,
}

/// Answers of one state of what they show.
#[derive(Debug, Default)]
struct Kept {
    /// The world's revision in which that state was last seen.
    revision: u64,
    answers: FxHashMap<Vec<u8>, Answer>,
}

/// A part of the world as it was, with the answers that show nothing else.
#[derive(Debug, Default)]
struct Part<T> {
    was: T,
    kept: Kept,
}

/// What documents of clusters show, and lists of them are searched by.
#[derive(Debug, Default, PartialEq)]
struct Clusters {
    clusters: BTreeMap<ClusterId, Cluster>,
    data_centers: Vec<String>,
}

/// What documents of data centers and storage domains show.
#[derive(Debug, Default, PartialEq)]
struct Pools {
    data_centers: Vec<(DataCenterId, DataCenterStatus, String, String)>,
    clusters: BTreeMap<ClusterId, Cluster>,
    domains: BTreeMap<DomainId, Domain>,
    connections: BTreeMap<ConnectionId, Connection>,
    disks: BTreeMap<DiskId, Disk>,
}

impl Answered {
    /// The answer that this read got when all that it shows was as it is now.
    pub(crate) fn get(&mut self, world: &World, call: &Call, key: &[u8]) -> Option<&Answer> {
        self.kept(world, call).answers.get(key)
    }

    /// Keeps an answer until something changes that it shows.
    pub(crate) fn keep(&mut self, world: &World, call: &Call, key: Vec<u8>, answer: Answer) {
        self.kept(world, call).answers.insert(key, answer);
    }

    fn kept(&mut self, world: &World, call: &Call) -> &mut Kept {
        match call.segments.first().map(String::as_str) {
            Some("clusters") => self.clusters.now(world, Clusters::are, Clusters::of),
            Some("datacenters" | "storagedomains") => self.pools.now(world, Pools::are, Pools::of),
            Some("storageconnections") => {
                self.connections.now(world, |was, world| *was == world.connections, |world| world.connections.clone())
            }
            Some("tags") => self.tags.now(world, |was, world| *was == world.tags, |world| world.tags.clone()),
            Some("events") => self.events.now(world, |was, world| *was == events(world), events),
            Some(_) | None => self.world.now(world, false),
        }
    }
}

/// What documents of events show of the world: they never change, and names only by somebody's hand.
fn events(world: &World) -> (u64, usize) {
    (world.revision - world.by_time, world.events.len())
}

impl Kept {
    /// The answers that still count; `same` says that what they show is as it was, whatever else has changed.
    fn now(&mut self, world: &World, same: bool) -> &mut Kept {
        if self.revision != world.revision {
            self.revision = world.revision;
            if !same {
                self.answers.clear();
            }
        }
        self
    }
}

impl<T> Part<T> {
    fn now(&mut self, world: &World, are: fn(&T, &World) -> bool, of: fn(&World) -> T) -> &mut Kept {
        let same = self.kept.revision == world.revision || are(&self.was, world);
        if !same {
            self.was = of(world);
        }
        self.kept.now(world, same)
    }
}

impl Clusters {
    fn of(world: &World) -> Clusters {
        let data_centers = world.data_centers.values().map(|each| each.name.clone());
        Clusters { clusters: world.clusters.clone(), data_centers: data_centers.collect() }
    }

    /// Compared in place: most reads find everything as it was.
    fn are(&self, world: &World) -> bool {
        self.clusters == world.clusters
            && self.data_centers.iter().eq(world.data_centers.values().map(|each| &each.name))
    }
}

impl Pools {
    fn of(world: &World) -> Pools {
        let data_centers = world.data_centers.values();
        Pools {
            data_centers: data_centers
                .map(|each| (each.id, each.status, each.name.clone(), each.description.clone()))
                .collect(),
            clusters: world.clusters.clone(),
            domains: world.domains.clone(),
            connections: world.connections.clone(),
            disks: world.disks.clone(),
        }
    }

    fn are(&self, world: &World) -> bool {
        let data_centers = self.data_centers.iter().map(|(id, status, name, text)| (id, status, name, text));
        let now = world.data_centers.values().map(|each| (&each.id, &each.status, &each.name, &each.description));
        data_centers.eq(now)
            && self.domains == world.domains
            && self.connections == world.connections
            && self.clusters == world.clusters
            && self.disks == world.disks
    }
}

/// All of a read that its answer follows from, but for who asks. `None`: it is no read, something goes wrong with it, or it is of the root
/// document, which shows the time.
pub(crate) fn key(call: &Call) -> Option<Vec<u8>> {
    if call.method != Method::GET || call.fault.is_some() || call.segments.is_empty() {
        return None;
    }
    let mut key = Vec::with_capacity(256);
    for part in [&call.base, " ", &call.path, "?", &call.query] {
        key.extend_from_slice(part.as_bytes());
    }
    for (name, value) in &call.headers {
        if name != AUTHORIZATION && name != CONTENT_LENGTH && name != "correlation-id" {
            for part in [b"\n", name.as_str().as_bytes(), b": ", value.as_bytes()] {
                key.extend_from_slice(part);
            }
        }
    }
    Some(key)
}
