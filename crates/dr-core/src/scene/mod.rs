//! What a decision inside a transition looks at: the plan's names resolved to what the engine shows, looked up once.
//!
//! Everything that a rule asks for each host, row or virtual machine is counted here in one sweep: a decision's cost stays linear.

mod offer;
mod storage;

pub(crate) use storage::{SceneRow, uncovered};

use std::collections::BTreeSet;
use std::time::Duration;

use dr_plan::{Plan, Site, SiteName};

use crate::evidence::Evidence;
use crate::hash::{HashMap, HashSet, with_room};
use crate::resolve::HostsBehind;
use crate::{
    Cluster, ClusterId, DataCenter, DataCenterId, Domain, FrozenVm, GONE_AFTER, Goal, Host, HostId, HostStatus, Life,
    Memory, Observed, Read, RowProblem, Spm, StepKey, StepKind, Time, Transition, Vm, VmId, Wait, resolve_rows,
};

/// One pass's world, seen from one open transition.
pub(crate) struct Scene<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) observed: &'a Observed,
    pub(crate) memory: &'a Memory,
    pub(crate) transition: &'a Transition,
    pub(crate) now: Time,
    pub(crate) to: SiteName,
    /// The site that this transition leaves, and those that earlier, unfinished ones had left, as far as hosts of theirs are not parked.
    pub(crate) losing: Vec<Losing<'a>>,
    pub(crate) winning: &'a Site,
    pub(crate) clusters: &'a [Cluster],
    pub(crate) data_centers: &'a [DataCenter],
    pub(crate) domains: &'a [Domain],
    /// Hosts of the losing sites that the engine knows.
    pub(crate) lost: Vec<&'a Host>,
    /// Hosts of the new site that the engine knows.
    pub(crate) standby: Vec<&'a Host>,
    /// Hosts of the new site that the engine does not know.
    pub(crate) missing_standby: Vec<&'a str>,
    /// Hosts of the losing site that the engine does not know.
    pub(crate) missing_lost: Vec<&'a str>,
    /// Data centers that the transition touches.
    pub(crate) affected: BTreeSet<&'a DataCenterId>,
    /// Hosts of affected data centers that belong to neither site, with whether the plan names them.
    pub(crate) others: Vec<(&'a Host, bool)>,
    pub(crate) rows: Vec<SceneRow<'a>>,
    pub(crate) row_problems: Vec<RowProblem>,
    /// Connected data domains of affected data centers that no entry of the plan covers.
    pub(crate) uncovered: Vec<&'a Domain>,
    /// The virtual machines that are to run, with what the engine shows of each.
    pub(crate) vms: Vec<(&'a FrozenVm, Option<&'a Vm>)>,
    /// Virtual machines that are not up at the new site and have not been in this transition.
    pub(crate) missing_vms: Vec<(&'a FrozenVm, Option<&'a Vm>)>,
    /// Ids of virtual machines that have been up at the new site in this transition.
    reached_vms: HashSet<&'a str>,
    /// Whether the new site's replica is writable.
    pub(crate) promoted: bool,
    /// Each with its place in [`Scene::losing`].
    lost_by_id: HashMap<&'a HostId, (&'a Host, usize)>,
    data_center_of_cluster: HashMap<&'a ClusterId, &'a DataCenter>,
    activated: HashSet<&'a str>,
    begun: bool,
    placed: HashMap<&'a HostId, usize>,
    /// Hosts on which a virtual machine is up.
    running: HashSet<&'a HostId>,
    missing_rows: HashMap<&'a DataCenterId, storage::MissingRows>,
    /// Data centers with a connected data domain that is not active.
    unready: HashSet<&'a DataCenterId>,
}

/// A site that loses the workload.
pub(crate) struct Losing<'a> {
    pub(crate) name: &'a str,
    pub(crate) site: &'a Site,
    /// Those of its hosts that the engine knows.
    pub(crate) hosts: Vec<&'a Host>,
}

/// Waits instead of a scene: something that every conclusion needs could not be read. What fails for one reason is one wait.
pub(crate) fn unreadable(observed: &Observed) -> Vec<Wait> {
    fn of<T>(read: &Read<T>, what: &'static str) -> Option<Wait> {
        match read {
            Read::Seen(_) => None,
            Read::Unreadable(why) => Some(Wait::EngineUnreadable { what, why: why.clone() }),
        }
    }
    let reads = [
        of(&observed.engine, "identity"),
        of(&observed.hosts, "hosts"),
        of(&observed.clusters, "clusters"),
        of(&observed.data_centers, "data centers"),
        of(&observed.domains, "storage domains"),
        of(&observed.connections, "storage connections"),
        of(&observed.vms, "virtual machines"),
        of(&observed.owed_tags, "tags"),
    ];
    let mut waits: Vec<Wait> = Vec::new();
    for wait in reads.into_iter().flatten() {
        let why = |wait: &Wait| if let Wait::EngineUnreadable { why, .. } = wait { Some(why.clone()) } else { None };
        if waits.iter().all(|known| why(known) != why(&wait)) {
            waits.push(wait);
        }
    }
    waits
}

impl<'a> Scene<'a> {
    /// Looks at a pass from the open transition; none if something is unreadable or the plan does not have both sites.
    pub(crate) fn look(
        plan: &'a Plan,
        observed: &'a Observed,
        memory: &'a Memory,
        transition: &'a Transition,
        now: Time,
    ) -> Option<Scene<'a>> {
        observed.engine.seen()?;
        observed.owed_tags.seen()?;
        let hosts = observed.hosts.seen()?;
        let clusters = observed.clusters.seen()?;
        let data_centers = observed.data_centers.seen()?;
        let domains = observed.domains.seen()?;
        let connections = observed.connections.seen()?;
        let vms = observed.vms.seen()?;
        let to = SiteName(transition.to.clone());
        let losing = plan.sites.get(&SiteName(transition.from.clone()))?;
        let winning = plan.sites.get(&to)?;

        let behind = HostsBehind::new(hosts, &transition.hosts);
        let (left, missing_lost) = behind.find_all(&losing.hosts);
        let mut losing = vec![Losing { name: &transition.from, site: losing, hosts: left }];
        losing.extend(transition.lost_before.keys().filter_map(|name| lost_before(plan, name, &behind)));
        let lost: Vec<&Host> = losing.iter().flat_map(|site| &site.hosts).copied().collect();
        let places = losing.iter().enumerate();
        let places = places.flat_map(|(at, site)| site.hosts.iter().map(move |host| (&host.id, (*host, at))));
        let lost_by_id = places.collect();
        let (standby, missing_standby) = behind.find_all(&winning.hosts);
        let by_id: HashMap<&DataCenterId, &DataCenter> = data_centers.iter().map(|dc| (&dc.id, dc)).collect();
        let mut data_center_of_cluster: HashMap<&ClusterId, &DataCenter> = with_room(clusters.len());
        data_center_of_cluster.extend(
            clusters.iter().filter_map(|cluster| Some((&cluster.id, *by_id.get(cluster.data_center.as_ref()?)?))),
        );

        let (rows, row_problems) = resolve_rows(plan, connections, &transition.rows);
        let rows = storage::scene_rows(rows, domains);
        let of_hosts = lost.iter().chain(&standby).filter_map(|host| data_center_of_cluster.get(&host.cluster));
        let moved = rows.iter().filter(|row| row.row.values.len() > 1);
        let of_rows = moved.flat_map(|row| row.domains.iter().map(|domain| &domain.data_center));
        let affected: BTreeSet<&DataCenterId> = of_hosts.map(|dc| &dc.id).chain(of_rows).collect();

        let others = others(plan, hosts, clusters, &affected, &lost, &standby);
        let uncovered = uncovered(plan, domains, &affected, &rows);
        let missing_rows = storage::missing_rows(&rows, &to, transition);
        let unconnected = |domain: &&Domain| domain.data && domain.is_connected_by_hosts() && domain.status != "active";
        let unready = domains.iter().filter(unconnected).map(|domain| &domain.data_center).collect();

        let vms_by_id: HashMap<&VmId, &Vm> = vms.iter().map(|vm| (&vm.id, vm)).collect();
        let frozen: Vec<_> = transition.vms.iter().map(|vm| (vm, vms_by_id.get(&vm.id).copied())).collect();
        let mut placed: HashMap<&HostId, usize> = with_room(hosts.len());
        for host in vms.iter().filter_map(|vm| vm.host.as_ref()) {
            *placed.entry(host).or_default() += 1;
        }
        let running = vms.iter().filter(|vm| vm.is_up()).filter_map(|vm| vm.host.as_ref()).collect();
        let mut scene = Scene {
            plan,
            observed,
            memory,
            transition,
            now,
            to,
            losing,
            winning,
            clusters,
            data_centers,
            domains,
            lost_by_id,
            lost,
            standby,
            missing_standby,
            missing_lost,
            affected,
            others,
            rows,
            row_problems,
            uncovered,
            vms: frozen,
            missing_vms: Vec::new(),
            reached_vms: reached_vms(transition),
            promoted: storage::is_promoted(winning, transition),
            data_center_of_cluster,
            begun: keys(memory, transition)
                .any(|key| matches!(key.kind, StepKind::Activate | StepKind::ConfirmRebooted)),
            activated: activated(memory, transition),
            placed,
            running,
            missing_rows,
            unready,
        };
        scene.missing_vms = scene.find_missing_vms();
        Some(scene)
    }

    fn find_missing_vms(&self) -> Vec<(&'a FrozenVm, Option<&'a Vm>)> {
        let up_elsewhere = |vm: &Vm| vm.is_up() && vm.host.as_ref().is_none_or(|host| self.lost_host(host).is_none());
        let missing =
            |(frozen, vm): &&(&FrozenVm, Option<&Vm>)| !self.has_been_up(frozen) && !vm.is_some_and(up_elsewhere);
        self.vms.iter().filter(missing).copied().collect()
    }

    /// Whether a virtual machine has been up at the new site in this transition.
    pub(crate) fn has_been_up(&self, vm: &FrozenVm) -> bool {
        self.reached_vms.contains(vm.id.0.as_str())
    }

    /// The losing site of a host.
    pub(crate) fn losing(&self, host: &Host) -> Option<&Losing<'a>> {
        self.lost_by_id.get(&host.id).and_then(|(_, at)| self.losing.get(*at))
    }

    /// The evidence on a losing site.
    pub(crate) fn evidence(&self, losing: &Losing<'a>) -> Evidence<'_> {
        Evidence {
            plan: self.plan,
            name: losing.name,
            site: losing.site,
            observed: self.observed,
            memory: self.memory,
            transition: self.transition,
            now: self.now,
        }
    }

    /// A host of the losing sites by its id.
    pub(crate) fn lost_host(&self, id: &HostId) -> Option<&'a Host> {
        self.lost_by_id.get(id).map(|(host, _)| *host)
    }

    /// Any host of the engine by its id.
    pub(crate) fn listed(&self, id: &HostId) -> Option<&'a Host> {
        self.lost_host(id).or_else(|| self.observed.hosts.seen()?.iter().find(|host| host.id == *id))
    }

    /// What a host's status says about its life in this pass.
    pub(crate) fn life(&self, host: &Host) -> Life {
        host.life(self.now)
    }

    /// How long something has been waited for that could happen from `time` on.
    pub(crate) fn awaited(&self, time: Time) -> Duration {
        self.now.since(self.transition.awaited_since(time))
    }

    /// Hosts of the losing site that the list leaves out and that may all the same be there, unconfirmed and fenced by the engine.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.missing_lost.iter().copied().filter(|name| !self.is_gone(name))
    }

    /// Whether a host that is not listed has been missing for long enough to count as removed.
    pub(crate) fn is_gone(&self, name: &str) -> bool {
        self.observed.left_out.get(name).is_some_and(|since| self.now.since(*since) >= GONE_AFTER)
    }

    /// The data center of a host.
    pub(crate) fn data_center(&self, host: &Host) -> Option<&'a DataCenter> {
        self.data_center_of(&host.cluster)
    }

    /// The data center of a cluster.
    pub(crate) fn data_center_of(&self, cluster: &ClusterId) -> Option<&'a DataCenter> {
        self.data_center_of_cluster.get(cluster).copied()
    }

    /// Standby hosts of a data center.
    pub(crate) fn standby_of<'s>(&'s self, id: &'s DataCenterId) -> impl Iterator<Item = &'a Host> + 's {
        self.standby.iter().copied().filter(move |host| self.data_center(host).is_some_and(|dc| dc.id == *id))
    }

    /// Virtual machines that the engine places on a host.
    pub(crate) fn placed(&self, host: &Host) -> usize {
        self.placed.get(&host.id).copied().unwrap_or(0)
    }

    /// Whether a host shows that its storage is connected: it is SPM, or a virtual machine is up on it.
    pub(crate) fn serves(&self, host: &Host) -> bool {
        host.spm == Spm::Spm || self.running.contains(&host.id)
    }

    /// Whether anything was done that a return of the losing site would meet: until then the proof must hold in each pass.
    pub(crate) fn has_begun(&self) -> bool {
        self.transition.commitment.stands() || self.begun
    }

    /// Whether a standby host was activated by this transition, or arrived in it, so that its being alive is as it should be.
    pub(crate) fn activated_by_us(&self, host: &Host) -> bool {
        self.activated.contains(host.id.0.as_str())
    }

    /// Whether every connected data domain of a data center is active.
    pub(crate) fn domains_active(&self, id: &DataCenterId) -> bool {
        !self.unready.contains(id)
    }
}

/// A site that an earlier, unfinished transition had left. Its parked hosts are like those of any other site: they may run and answer again.
fn lost_before<'a>(plan: &'a Plan, name: &'a str, behind: &HostsBehind<'a>) -> Option<Losing<'a>> {
    let site = plan.sites.get(&SiteName(name.to_owned()))?;
    let (mut hosts, _) = behind.find_all(&site.hosts);
    hosts.retain(|host| host.status != HostStatus::Maintenance);
    (!hosts.is_empty()).then_some(Losing { name, site, hosts })
}

/// Hosts that hold an affected data center's storage beside those of the two sites. A host whose cluster is not in the list of clusters (the
/// two lists are not one snapshot) may be in any data center, so it counts.
fn others<'a>(
    plan: &Plan,
    hosts: &'a [Host],
    clusters: &'a [Cluster],
    affected: &BTreeSet<&DataCenterId>,
    lost: &[&Host],
    standby: &[&Host],
) -> Vec<(&'a Host, bool)> {
    let data_centers: HashMap<&ClusterId, Option<&DataCenterId>> =
        clusters.iter().map(|cluster| (&cluster.id, cluster.data_center.as_ref())).collect();
    let ours: HashSet<&HostId> = lost.iter().chain(standby).map(|host| &host.id).collect();
    let named: HashSet<&str> = plan.sites.values().flat_map(|site| &site.hosts).map(String::as_str).collect();
    let holds = |host: &&Host| match data_centers.get(&host.cluster) {
        Some(Some(data_center)) => affected.contains(data_center),
        Some(None) => false,
        None => true,
    };
    let others = hosts.iter().filter(|host| !ours.contains(&host.id)).filter(holds);
    others.map(|host| (host, named.contains(host.name.as_str()))).collect()
}

/// Ids of the hosts that this transition activated, or may have, or found up when its storage was right.
fn activated<'a>(memory: &'a Memory, transition: &'a Transition) -> HashSet<&'a str> {
    let by_us = keys(memory, transition).filter(|key| key.kind == StepKind::Activate).map(|key| key.object.as_str());
    let arrived = transition.reached.keys().filter_map(|goal| match goal {
        Goal::HostUp(id) => Some(id.as_str()),
        Goal::Repointed(_) | Goal::Confirmed(_) | Goal::Parked(_) | Goal::DataCenterUp(_) | Goal::VmUp(_) => None,
    });
    by_us.chain(arrived).collect()
}

fn reached_vms(transition: &Transition) -> HashSet<&str> {
    let goals = transition.reached.keys();
    let vms = goals.filter_map(|goal| match goal {
        Goal::VmUp(id) => Some(id.as_str()),
        Goal::Repointed(_) | Goal::HostUp(_) | Goal::Confirmed(_) | Goal::Parked(_) | Goal::DataCenterUp(_) => None,
    });
    vms.collect()
}

/// Steps that this transition took, or may have.
fn keys<'a>(memory: &'a Memory, transition: &'a Transition) -> impl Iterator<Item = &'a StepKey> {
    transition.done.keys().chain(transition.tries.keys()).chain(memory.in_flight.keys())
}
