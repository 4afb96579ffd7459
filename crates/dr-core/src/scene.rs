//! What a decision inside a transition looks at: the plan's names resolved to what the engine shows, looked up once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use dr_plan::{Plan, Site, SiteName, StorageKind};

use crate::{
    Cluster, ClusterId, DataCenter, DataCenterId, Decision, Details, Domain, Host, HostId, Life, Memory, Observed,
    Outcome, Read, Refusal, RefusedClass, Row, RowProblem, Step, StepKey, StepKind, Time, Transition, Vm, Wait,
    resolve_rows,
};

/// One pass's world, seen from one open transition.
pub(crate) struct Scene<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) observed: &'a Observed,
    pub(crate) memory: &'a Memory,
    pub(crate) transition: &'a Transition,
    pub(crate) now: Time,
    pub(crate) to: SiteName,
    pub(crate) losing: &'a Site,
    pub(crate) winning: &'a Site,
    pub(crate) clusters: &'a [Cluster],
    pub(crate) data_centers: &'a [DataCenter],
    pub(crate) domains: &'a [Domain],
    /// Virtual machines, unless they could not be read.
    pub(crate) vms: Option<&'a [Vm]>,
    /// Hosts of the losing site that the engine knows.
    pub(crate) lost: Vec<&'a Host>,
    /// Hosts of the new site that the engine knows.
    pub(crate) standby: Vec<&'a Host>,
    /// Hosts of both sites that the engine does not know.
    pub(crate) missing_standby: Vec<&'a str>,
    pub(crate) missing_lost: Vec<&'a str>,
    /// Data centers that the transition touches.
    pub(crate) affected: BTreeSet<&'a DataCenterId>,
    /// Hosts of affected data centers that belong to neither site, with whether the plan names them.
    pub(crate) others: Vec<(&'a Host, bool)>,
    pub(crate) rows: Vec<SceneRow<'a>>,
    pub(crate) row_problems: Vec<RowProblem>,
    /// Connected data domains of affected data centers that no entry of the plan covers.
    pub(crate) uncovered: Vec<&'a Domain>,
    data_center_of_cluster: HashMap<&'a ClusterId, &'a DataCenterId>,
}

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
}

/// Waits instead of a scene: something that every conclusion needs could not be read.
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
    ];
    reads.into_iter().flatten().collect()
}

impl<'a> Scene<'a> {
    /// Looks at a pass from the open transition; none if something essential is unreadable or the plan has lost a site.
    pub(crate) fn look(
        plan: &'a Plan,
        observed: &'a Observed,
        memory: &'a Memory,
        transition: &'a Transition,
        now: Time,
    ) -> Option<Scene<'a>> {
        observed.engine.seen()?;
        let hosts = observed.hosts.seen()?;
        let clusters = observed.clusters.seen()?;
        let data_centers = observed.data_centers.seen()?;
        let domains = observed.domains.seen()?;
        let connections = observed.connections.seen()?;
        let (from, to) = (SiteName(transition.from.clone()), SiteName(transition.to.clone()));
        let losing = plan.sites.get(&from)?;
        let winning = plan.sites.get(&to)?;

        let by_name: HashMap<&str, &Host> = hosts.iter().map(|host| (host.name.as_str(), host)).collect();
        let find = |names: &'a [String]| {
            let (mut found, mut missing) = (Vec::new(), Vec::new());
            for name in names {
                match by_name.get(name.as_str()) {
                    Some(host) => found.push(*host),
                    None => missing.push(name.as_str()),
                }
            }
            (found, missing)
        };
        let (lost, missing_lost) = find(&losing.hosts);
        let (standby, missing_standby) = find(&winning.hosts);
        let data_center_of_cluster: HashMap<&ClusterId, &DataCenterId> =
            clusters.iter().filter_map(|cluster| Some((&cluster.id, cluster.data_center.as_ref()?))).collect();

        let (rows, row_problems) = resolve_rows(plan, connections, &transition.rows);
        let mut behind: HashMap<&Details, Vec<&Domain>> = HashMap::new();
        for domain in domains.iter().filter(|domain| domain.data) {
            for details in &domain.behind {
                behind.entry(details).or_default().push(domain);
            }
        }
        let rows: Vec<SceneRow> = rows
            .into_iter()
            .map(|row| {
                // Matched by any of the plan's values, since the two lists are not one snapshot.
                let values = row.values.iter().map(|(_, details)| details).chain([&row.connection.details]);
                let mut domains: Vec<&Domain> =
                    values.filter_map(|details| behind.get(details)).flatten().copied().collect();
                domains.sort_by(|a, b| a.id.cmp(&b.id));
                domains.dedup_by(|a, b| a.id == b.id);
                SceneRow { row, domains }
            })
            .collect();

        let of_hosts =
            lost.iter().chain(&standby).filter_map(|host| data_center_of_cluster.get(&host.cluster).copied());
        let moved = rows.iter().filter(|row| row.row.values.len() > 1);
        let of_rows = moved.flat_map(|row| row.domains.iter().map(|domain| &domain.data_center));
        let affected: BTreeSet<&DataCenterId> = of_hosts.chain(of_rows).collect();

        let ours: HashSet<&HostId> = lost.iter().chain(&standby).map(|host| &host.id).collect();
        let named: HashSet<&str> = plan.sites.values().flat_map(|site| &site.hosts).map(String::as_str).collect();
        let others = hosts
            .iter()
            .filter(|host| !ours.contains(&host.id))
            .filter(|host| data_center_of_cluster.get(&host.cluster).is_some_and(|dc| affected.contains(dc)))
            .map(|host| (host, named.contains(host.name.as_str())))
            .collect();
        let uncovered = uncovered(plan, domains, &affected);
        let vms = observed.vms.seen().map(Vec::as_slice);
        Some(Scene {
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
            vms,
            lost,
            standby,
            missing_standby,
            missing_lost,
            affected,
            others,
            rows,
            row_problems,
            uncovered,
            data_center_of_cluster,
        })
    }

    /// The data center of a host.
    pub(crate) fn data_center(&self, host: &Host) -> Option<&'a DataCenter> {
        self.data_center_of(&host.cluster)
    }

    /// The data center of a cluster.
    pub(crate) fn data_center_of(&self, cluster: &ClusterId) -> Option<&'a DataCenter> {
        let id = self.data_center_of_cluster.get(cluster)?;
        self.data_centers.iter().find(|data_center| data_center.id == **id)
    }

    /// Whether this row was refused because a direct LUN behind it belongs to a virtual machine that is not down yet.
    pub(crate) fn waits_for_direct_lun(&self, row: &SceneRow) -> bool {
        let key = StepKey { kind: StepKind::Repoint, object: row.row.connection.id.0.clone() };
        self.transition.tries.get(&key).is_some_and(|tries| match &tries.outcome {
            Outcome::Refused { class, .. } => *class == RefusedClass::DirectLunInUse,
            Outcome::AlreadySo | Outcome::Done | Outcome::Unconfirmed { .. } | Outcome::Failed { .. } => false,
        })
    }

    /// Rows behind data domains of a data center that do not point at the new site yet, rows that were not found included.
    pub(crate) fn rows_missing(&self, data_center: &DataCenterId) -> usize {
        let behind = |row: &&SceneRow| row.domains.iter().any(|domain| domain.data_center == *data_center);
        self.row_problems.len() + self.rows.iter().filter(behind).filter(|row| !row.arrived(&self.to)).count()
    }

    /// Whether a standby host was activated by this transition, so that its being alive is our doing.
    pub(crate) fn activated_by_us(&self, host: &Host) -> bool {
        let key = StepKey { kind: StepKind::Activate, object: host.id.0.clone() };
        self.transition.done.contains_key(&key)
            || self.memory.in_flight.contains_key(&key)
            || self.transition.tries.contains_key(&key)
    }

    /// Offers a step, unless one is in flight on the same object or its last try was too short ago.
    pub(crate) fn offer(&self, decision: &mut Decision, step: Step) -> bool {
        let key = step.key();
        let busy = lane_kinds(key.kind)
            .iter()
            .any(|kind| self.memory.in_flight.contains_key(&StepKey { kind: *kind, object: key.object.clone() }));
        if busy {
            return false;
        }
        if let Some(tries) = self.transition.tries.get(&key) {
            let text = tries.outcome.text().unwrap_or_default().to_owned();
            if let Outcome::Refused { class: RefusedClass::NoPermission, .. } = &tries.outcome {
                decision.refusals.push(Refusal::NoPermission { step: step.to_string(), text });
            } else {
                decision.waits.push(Wait::Retry { step: step.to_string(), tries: tries.count, text });
            }
            if self.now.since(tries.last) < tries.pause() {
                return false;
            }
        }
        decision.steps.push(step);
        true
    }
}

/// Kinds of steps that must not run side by side on one object. Power management is written beside a confirmation: the engine locks neither.
fn lane_kinds(kind: StepKind) -> &'static [StepKind] {
    match kind {
        StepKind::SuspendFencing | StepKind::RestoreFencing => &[StepKind::SuspendFencing, StepKind::RestoreFencing],
        StepKind::SuspendPowerManagement | StepKind::RestorePowerManagement => {
            &[StepKind::SuspendPowerManagement, StepKind::RestorePowerManagement]
        }
        StepKind::Activate | StepKind::ConfirmRebooted | StepKind::Park => {
            &[StepKind::Activate, StepKind::ConfirmRebooted, StepKind::Park]
        }
        StepKind::Promote => &[StepKind::Promote],
        StepKind::Repoint => &[StepKind::Repoint],
        StepKind::StartVm => &[StepKind::StartVm],
    }
}

pub(crate) fn uncovered<'a>(plan: &Plan, domains: &'a [Domain], affected: &BTreeSet<&DataCenterId>) -> Vec<&'a Domain> {
    let mut values: HashSet<Details> = HashSet::new();
    let mut fcp: HashSet<&str> = HashSet::new();
    for entry in &plan.storage {
        if let StorageKind::Fcp { domain } = &entry.kind {
            fcp.insert(domain);
        }
        values.extend(crate::resolve::entry_values(entry).into_iter().flatten().map(|(_, details)| details));
    }
    let covered = |domain: &&Domain| {
        fcp.contains(domain.name.as_str())
            || (!domain.behind.is_empty() && domain.behind.iter().all(|details| values.contains(details)))
    };
    domains
        .iter()
        .filter(|domain| domain.data && affected.contains(&domain.data_center) && domain.is_connected_by_hosts())
        .filter(|domain| !covered(domain))
        .collect()
}

/// Hosts that must not be alive while storage changes, sorted by what is to be done about them.
pub(crate) fn holders(scene: &Scene, decision: &mut Decision) -> bool {
    let mut clear = true;
    for (host, named) in &scene.others {
        let data_center = scene.data_center(host).map_or_else(String::new, |dc| dc.name.clone());
        match host.status.life() {
            Life::Lost => {}
            Life::Unsettled => {
                clear = false;
                decision.waits.push(Wait::HostUnsettled { host: host.name.clone(), status: host.status.to_string() });
            }
            Life::Alive => {
                clear = false;
                let (host, status) = (host.name.clone(), host.status.to_string());
                decision.refusals.push(Refusal::HostHoldsStorage { host, status, data_center, named: *named });
            }
        }
    }
    clear
}

/// A map from host to the virtual machines that the engine still places there.
pub(crate) fn vms_by_host(vms: &[Vm]) -> BTreeMap<&HostId, Vec<&Vm>> {
    let mut by_host: BTreeMap<&HostId, Vec<&Vm>> = BTreeMap::new();
    for vm in vms {
        if let Some(host) = &vm.host {
            by_host.entry(host).or_default().push(vm);
        }
    }
    by_host
}
