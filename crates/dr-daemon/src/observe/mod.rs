//! One look at an engine: all reads side by side, each kept with its failure.
//!
//! A list counts only as a whole: one element that cannot be read makes all of it unreadable, since whoever looks for a living host must not
//! miss one. And it counts only if the account is known to see everything, since the engine answers others with shorter lists.

mod convert;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use dr_core::{Cluster, Connection, Domain, EngineIdentity, Observed, OwedTag, ProbeState, Read, Time, Vm};
use dr_plan::Probe;
use futures::future::{OptionFuture, join_all};
use ovirt_client::{
    Client, DataCenterId, Known, Listing, Request, clusters, data_centers, events, hosts, root, storage, tags, vms,
};

use crate::since::Since;

pub(crate) use convert::details;

/// The newest answer that lists something, and what was made of it.
type List<T, U> = Known<Listing<T>, Result<U, String>>;

/// What was made of the newest answers.
struct Answers {
    identity: Known<root::ApiRoot, Result<String, String>>,
    newest_event: Known<Listing<events::Event>, Option<u64>>,
    hosts: List<hosts::Host, Arc<Vec<hosts::Host>>>,
    clusters: List<clusters::Cluster, Vec<Cluster>>,
    data_centers: List<data_centers::DataCenter, Arc<Vec<data_centers::DataCenter>>>,
    domains: HashMap<DataCenterId, List<storage::StorageDomain, Vec<Domain>>>,
    connections: List<storage::StorageConnection, Vec<Connection>>,
    vms: List<vms::Vm, Arc<Vec<Vm>>>,
    tags: List<tags::Tag, Vec<OwedTag>>,
}

/// Reads an engine, pass after pass.
pub struct Observer {
    client: Client,
    hosts_since: Since,
    spm_since: Since,
    data_centers_since: Since,
    known: Answers,
    /// The newest read of the virtual machines.
    vms: Read<Arc<Vec<Vm>>>,
}

impl Observer {
    /// An observer that has seen nothing yet.
    pub fn new(client: Client) -> Self {
        let vms = Read::Unreadable("the virtual machines have not been read yet".to_owned());
        let known = Answers {
            // Its clock is all that mostly changes in the root document, and is not looked at here.
            identity: Known::but_for("time"),
            newest_event: Known::default(),
            hosts: Known::default(),
            clusters: Known::default(),
            data_centers: Known::default(),
            domains: HashMap::new(),
            connections: Known::default(),
            vms: Known::default(),
            tags: Known::default(),
        };
        Self {
            client,
            hosts_since: Since::default(),
            spm_since: Since::default(),
            data_centers_since: Since::default(),
            known,
            vms,
        }
    }

    /// Reads everything that a decision looks at, as of `now`. Virtual machines are read only if `read_vms`; else their last read is kept.
    /// Never fails: what could not be read says so.
    pub async fn observe(&mut self, probes: BTreeMap<Probe, ProbeState>, read_vms: bool, now: Time) -> Observed {
        let (client, known) = (&self.client, &mut self.known);
        let vms: OptionFuture<_> = read_vms
            .then(|| {
                list(client, vms::list(), "virtual machine", &mut known.vms, |vms| each(vms, convert::vm).map(Arc::new))
            })
            .into();
        // An engine that says nothing of itself counts for nothing: whoever waits is told at once, not after all the lists have failed too.
        let looked = tokio::try_join!(identity(client, &mut known.identity), async {
            Ok(tokio::join!(
                client.send_again(events::newest(1), &mut known.newest_event, |events| {
                    events.items.iter().map(|event| event.id).max()
                }),
                list(client, hosts::list(), "host", &mut known.hosts, |hosts| some(hosts, "hosts").map(Arc::new)),
                list(client, clusters::list(), "cluster", &mut known.clusters, |clusters| {
                    some(clusters, "clusters").and_then(|clusters| each(clusters, convert::cluster))
                }),
                data_centers_and_domains(client, &mut known.data_centers, &mut known.domains),
                list(client, storage::list_connections(), "storage connection", &mut known.connections, |rows| {
                    Ok(rows.into_iter().filter_map(convert::connection).collect())
                }),
                vms,
                list(client, tags::list(), "tag", &mut known.tags, |tags| {
                    Ok(tags.into_iter().filter_map(convert::owed_tag).collect())
                }),
            ))
        });
        let (instance_id, (newest, hosts, clusters, (data_centers, domains), connections, vms, tags)) = match looked {
            Ok(looked) => looked,
            Err(why) => return blind(&why, probes, now),
        };
        let engine = EngineIdentity { instance_id, event_id: newest.ok().flatten() };
        if let Some(vms) = vms {
            self.vms = read(vms);
        }
        let hosts = hosts.and_then(|hosts| {
            let words = hosts.iter().map(|host| (host.id.as_str(), host.status.as_str()));
            let since = self.hosts_since.update(words, now);
            let roles =
                hosts.iter().map(|host| (host.id.as_str(), if convert::may_be_spm(host) { "may" } else { "never" }));
            let spm_since = self.spm_since.update(roles, now);
            each(hosts.iter().zip(since.into_iter().zip(spm_since)), |(host, (since, spm_since))| {
                convert::host(host, since, spm_since)
            })
        });
        let data_centers = data_centers.map(|data_centers| {
            let words = data_centers.iter().map(|one| (one.id.as_str(), one.status.as_str()));
            let since = self.data_centers_since.update(words, now);
            data_centers.iter().zip(since).map(|(one, since)| convert::data_center(one, since)).collect()
        });
        Observed {
            at: now,
            engine: Read::Seen(engine),
            hosts: read(hosts),
            clusters: read(clusters),
            data_centers: read(data_centers),
            domains: read(domains),
            connections: read(connections),
            vms: self.vms.clone(),
            owed_tags: read(tags),
            left_out: BTreeMap::new(),
            probes,
        }
    }
}

/// The `instance_id` of the engine that answers, if the account is known to see all of it.
async fn identity(client: &Client, known: &mut Known<root::ApiRoot, Result<String, String>>) -> Result<String, String> {
    client.send_again(root::get(), known, identity_in).await.map_err(|error| error.to_string())?
}

fn identity_in(root: root::ApiRoot) -> Result<String, String> {
    if !root.sees_everything() {
        return Err(
            "the engine's answer has no summary: its database is away, or the account does not see all objects; \
                    in the latter case give the account the role SuperUser on the system"
                .to_owned(),
        );
    }
    let instance_id = root.product_info.instance_id.filter(|id| !id.is_empty());
    instance_id.ok_or("the engine does not say its product_info.instance_id: is the URL that of an engine?".to_owned())
}

/// Nothing counts.
fn blind(why: &str, probes: BTreeMap<Probe, ProbeState>, now: Time) -> Observed {
    fn unreadable<T>(why: &str) -> Read<T> {
        Read::Unreadable(why.to_owned())
    }
    Observed {
        at: now,
        engine: unreadable(why),
        hosts: unreadable(why),
        clusters: unreadable(why),
        data_centers: unreadable(why),
        domains: unreadable(why),
        connections: unreadable(why),
        vms: unreadable(why),
        owed_tags: unreadable(why),
        left_out: BTreeMap::new(),
        probes,
    }
}

/// What `make` makes of a whole list, or why it is not whole. Of one that is as in the answer before it was made already.
async fn list<T: Clone, U: Clone>(
    client: &Client,
    request: Request<Listing<T>>,
    kind: &str,
    known: &mut List<T, U>,
    make: impl FnOnce(Vec<T>) -> Result<U, String>,
) -> Result<U, String> {
    let whole = |listing: Listing<T>| {
        let Some(first) = listing.unreadable.first() else { return make(listing.items) };
        let who = first.name.as_ref().or(first.id.as_ref()).map_or("without a name", String::as_str);
        Err(format!("{kind} {who} cannot be read: {}", first.problem))
    };
    client.send_again(request, known, whole).await.map_err(|error| error.to_string())?
}

/// The data centers, and the domains of all of them: only there do domains show their status.
async fn data_centers_and_domains(
    client: &Client,
    known: &mut List<data_centers::DataCenter, Arc<Vec<data_centers::DataCenter>>>,
    known_domains: &mut HashMap<DataCenterId, List<storage::StorageDomain, Vec<Domain>>>,
) -> (Result<Arc<Vec<data_centers::DataCenter>>, String>, Result<Vec<Domain>, String>) {
    let make = |data_centers| some(data_centers, "data centers").map(Arc::new);
    let data_centers = match list(client, data_centers::list(), "data center", known, make).await {
        Ok(data_centers) => data_centers,
        Err(why) => return (Err(why.clone()), Err(format!("the data centers cannot be read: {why}"))),
    };
    // What is known of data centers that are gone goes too.
    let mut before = std::mem::take(known_domains);
    let mut known: Vec<_> = data_centers.iter().map(|one| (one, before.remove(&one.id).unwrap_or_default())).collect();
    let lists = join_all(known.iter_mut().map(|(data_center, known)| async {
        let id = dr_core::DataCenterId(data_center.id.as_str().to_owned());
        let request = data_centers::storage_domains(&data_center.id);
        let make = |domains| each(domains, |domain| convert::domain(domain, &id));
        let domains = list(client, request, "storage domain", known, make).await;
        domains.map_err(|why| format!("data center {}: {why}", data_center.name))
    }))
    .await;
    known_domains.extend(known.into_iter().map(|(one, known)| (one.id.clone(), known)));
    let domains = lists.into_iter().collect::<Result<Vec<_>, _>>().map(|lists| lists.into_iter().flatten().collect());
    (Ok(data_centers), domains)
}

/// Every engine has some: none at all means that the account does not see them.
fn some<T>(list: Vec<T>, what: &str) -> Result<Vec<T>, String> {
    if list.is_empty() {
        return Err(format!("the engine shows no {what} at all: give the account the role SuperUser on the system"));
    }
    Ok(list)
}

/// All of them, or what is wrong with the first that cannot be understood.
fn each<T, U>(
    items: impl IntoIterator<Item = T>,
    convert: impl FnMut(T) -> Result<U, String>,
) -> Result<Vec<U>, String> {
    items.into_iter().map(convert).collect()
}

fn read<T>(result: Result<T, String>) -> Read<T> {
    match result {
        Ok(value) => Read::Seen(value),
        Err(why) => Read::Unreadable(why),
    }
}
