//! What must never happen, judged a second time and apart from [`decide`](crate::decide): plain conditions over plan, observation and memory.
//!
//! The loop asks [`before`] of each step that is about to leave, once its debt and intent are journalled, [`frozen`] once for all of them, and
//! [`closing`] before a transition is closed. I10 (it arrives, and then rests) and I12 (no secret is ever said) are nothing that one step
//! can show: the storms look after I10, the client's tests and the storms after I12.

use std::cell::OnceCell;
use std::fmt;

use dr_plan::{Mode, Plan, Probe, SiteName};
use serde::{Deserialize, Serialize};

use crate::hash::HashMap;
use crate::resolve::entry_values;
use crate::{
    Answer, Cluster, ClusterId, ConnectionId, DataCenterId, Details, Domain, Goal, Host, HostId, HostStatus, Memory,
    Observed, OwedKey, Read, SILENCE_FRESH, Step, StepKey, StepKind, Time, Transition, VmId, VmStatus,
};

/// What must hold, whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is explained by its title")]
pub enum Invariant {
    I1,
    I2,
    I3,
    I4,
    I5,
    I6,
    I7,
    I8,
    I9,
    I10,
    I11,
    I12,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Invariant; 12] = [
        Invariant::I1,
        Invariant::I2,
        Invariant::I3,
        Invariant::I4,
        Invariant::I5,
        Invariant::I6,
        Invariant::I7,
        Invariant::I8,
        Invariant::I9,
        Invariant::I10,
        Invariant::I11,
        Invariant::I12,
    ];

    /// What it says.
    pub fn title(self) -> &'static str {
        match self {
            Invariant::I1 => "no living host is confirmed as rebooted",
            Invariant::I2 => "no storage changes under a living host",
            Invariant::I3 => "nothing is touched that the plan does not name",
            Invariant::I4 => "what is switched off is owed",
            Invariant::I5 => "the journal comes before the effect",
            Invariant::I6 => "one transition goes to one site",
            Invariant::I7 => "an observing or paused plan changes nothing",
            Invariant::I8 => "no virtual machine is started twice or without its storage",
            Invariant::I9 => "a transition follows the plan that it was opened with",
            Invariant::I10 => "what is closed is at rest",
            Invariant::I11 => "unreadable is never absent, silent or safe",
            Invariant::I12 => "no secret is said",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?} ({})", self.title())
    }
}

/// An invariant that would have been broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub invariant: Invariant,
    /// By what, in words.
    pub text: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {} would be broken: {}", self.invariant, self.text)
    }
}

fn hold(holds: bool, invariant: Invariant, text: impl FnOnce() -> String) -> Result<(), Breach> {
    if holds { Ok(()) } else { Err(Breach { invariant, text: text() }) }
}

/// Judges a step that is about to leave. Its debt and its intent must be in `memory` already; `plan` is the one that the step follows,
/// `observed` and `now` are those of the decision.
///
/// # Errors
/// The first invariant that the step would break.
pub fn before(step: &Step, plan: &Plan, observed: &Observed, memory: &Memory, now: Time) -> Result<(), Breach> {
    if let Some(why) = &memory.paused {
        return hold(false, Invariant::I7, || format!("{step}, while paused {why}"));
    }
    hold(plan.policy.mode == Mode::Act, Invariant::I7, || format!("{step}, while the plan only observes"))?;
    let Some(transition) = &memory.transition else {
        return hold(false, Invariant::I6, || format!("{step}, and no transition is open"));
    };
    let flying = memory.in_flight.get(&step.key());
    let Some(flying) = flying.filter(|flying| flying.step == *step) else {
        return hold(false, Invariant::I5, || format!("{step} is not journalled"));
    };
    let (of, open) = (flying.epoch, transition.epoch);
    hold(of == open, Invariant::I6, || format!("{step} belongs to failover {of}, open is {open}"))?;
    let gives_back = matches!(step, Step::RestoreFencing { .. } | Step::RestorePowerManagement { .. });
    hold(gives_back || !transition.cancelled, Invariant::I6, || {
        format!("{step}, although failover {open} turns back")
    })?;
    let sight = sight(step, observed)?;
    let named = plan.sites.iter().flat_map(|(site, of)| of.hosts.iter().map(move |host| (host.as_str(), site)));
    Look { step, plan, observed, memory, transition, now, sight, site_of: named.collect(), names: OnceCell::new() }
        .judge()
}

/// Whether `plan` is the one that the open transition was opened with; its name and its mode may be today's. `opened_with` keeps the frozen
/// text's plan with its epoch from one call to the next: parsing a long plan in every pass would cost more than all other checks.
///
/// # Errors
/// It is another one, or the frozen text is none: [`Invariant::I9`].
pub fn frozen(plan: &Plan, memory: &Memory, opened_with: &mut Option<(u64, Plan)>) -> Result<(), Breach> {
    let Some(transition) = &memory.transition else { return Ok(()) };
    let kept = opened_with.take().filter(|(epoch, _)| *epoch == transition.epoch);
    let parsed = kept.map(|(_, plan)| plan).or_else(|| dr_plan::parse(&plan.name, &transition.plan).plan);
    let Some(mut parsed) = parsed else {
        return hold(false, Invariant::I9, || "the plan of the open transition does not parse".to_owned());
    };
    parsed.name.clone_from(&plan.name);
    parsed.policy.mode = plan.policy.mode;
    let (_, opened_with) = opened_with.insert((transition.epoch, parsed));
    hold(*opened_with == *plan, Invariant::I9, || {
        let changes = dr_plan::diff(opened_with, plan).join("; ");
        format!("failover {} was opened with another plan ({changes})", transition.epoch)
    })
}

/// Whether the open transition may be closed: nothing is owed and nothing is under way.
///
/// # Errors
/// [`Invariant::I4`] or [`Invariant::I10`].
pub fn closing(memory: &Memory) -> Result<(), Breach> {
    if let Some(owed) = memory.owed.values().next() {
        return hold(false, Invariant::I4, || format!("closing while something of {} is owed", owed.name));
    }
    let flying = memory.in_flight.values().next();
    flying.map_or(Ok(()), |flying| hold(false, Invariant::I10, || format!("closing while under way: {}", flying.step)))
}

/// What a step relies on, all of it readable.
struct Sight<'a> {
    hosts: &'a [Host],
    clusters: &'a [Cluster],
    domains: &'a [Domain],
}

fn sight<'a>(step: &Step, observed: &'a Observed) -> Result<Sight<'a>, Breach> {
    fn of<'a, T>(read: &'a Read<T>, what: &str, step: &Step) -> Result<&'a T, Breach> {
        match read {
            Read::Seen(value) => Ok(value),
            Read::Unreadable(why) => {
                Err(Breach { invariant: Invariant::I11, text: format!("{step}, and the {what} are unreadable: {why}") })
            }
        }
    }
    of(&observed.engine, "engine's identity and history", step)?;
    of(&observed.owed_tags, "tags", step)?;
    of(&observed.data_centers, "data centers", step)?;
    of(&observed.connections, "storage connections", step)?;
    of(&observed.vms, "virtual machines", step)?;
    Ok(Sight {
        hosts: of(&observed.hosts, "hosts", step)?,
        clusters: of(&observed.clusters, "clusters", step)?,
        domains: of(&observed.domains, "storage domains", step)?,
    })
}

/// One step, and all that it is judged by.
struct Look<'a> {
    step: &'a Step,
    plan: &'a Plan,
    observed: &'a Observed,
    memory: &'a Memory,
    transition: &'a Transition,
    now: Time,
    sight: Sight<'a>,
    /// The plan's hosts by name.
    site_of: HashMap<&'a str, &'a SiteName>,
    /// What the plan calls the hosts that the transition knows by their ids; made when a host is met that is none of them under its own name.
    names: OnceCell<HashMap<&'a HostId, &'a str>>,
}

/// Where the plan has a host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Losing,
    Winning,
    Elsewhere,
    Nowhere,
}

impl<'a> Look<'a> {
    fn judge(&self) -> Result<(), Breach> {
        match self.step {
            Step::SuspendFencing { cluster, .. } => {
                let here = |host: &&Host| host.cluster == *cluster && self.at(host) == At::Losing;
                self.hold(
                    self.sight.hosts.iter().any(|host| here(&host)),
                    Invariant::I3,
                    "no host of the lost site is in it",
                )?;
                let owed = self.memory.owed.get(&OwedKey::Fencing(cluster.clone()));
                let whole = owed.is_some_and(|owed| is_an_object(&owed.original));
                self.hold(whole, Invariant::I4, "its complete policy is not owed in the journal")
            }
            Step::SuspendPowerManagement { host, .. } => {
                self.named(host, At::Losing)?;
                let owed = self.memory.owed.get(&OwedKey::PowerManagement(host.clone()));
                let whole = owed.is_some_and(|owed| owed.original == "true");
                self.hold(whole, Invariant::I4, "that it was on is not owed in the journal")
            }
            Step::RestoreFencing { cluster, original, .. } => {
                let owed = self.memory.owed.get(&OwedKey::Fencing(cluster.clone()));
                let same = owed.is_some_and(|owed| owed.original == *original);
                self.hold(same, Invariant::I4, "this policy is not what is owed")?;
                let lost = self.plan.sites.get(&SiteName(self.transition.from.clone()));
                lost.into_iter().flat_map(|site| &site.hosts).try_for_each(|name| self.not_left_out(name))
            }
            Step::RestorePowerManagement { host, port, .. } => {
                let owed = self.memory.owed.get(&OwedKey::PowerManagement(host.clone()));
                self.hold(owed.is_some_and(|owed| owed.port == *port), Invariant::I4, "it is not owed")?;
                let listed = self.sight.hosts.iter().any(|known| known.id == *host);
                if listed { Ok(()) } else { owed.map_or(Ok(()), |owed| self.not_left_out(&owed.name)) }
            }
            Step::Promote { site } => {
                self.hold(*site == self.transition.to, Invariant::I6, "that site does not become active")?;
                self.storage_may_change(&self.plans_details(), false)
            }
            Step::Repoint { connection, from, to, .. } => self.repoint(connection, from, to),
            Step::Activate { host, .. } => self.named(host, At::Winning).map(drop),
            Step::ConfirmRebooted { host, address, ports, .. } => self.confirm(host, address, ports),
            Step::Park { host, .. } => self.park(host),
            Step::StartVm { vm, .. } => self.start(vm),
        }
    }

    fn hold(&self, holds: bool, invariant: Invariant, text: &str) -> Result<(), Breach> {
        hold(holds, invariant, || format!("{}: {text}", self.step))
    }

    /// What the plan calls a host: one that was known by its id when the transition opened keeps its name, and nobody else gets it meanwhile.
    fn plans_name<'h>(&self, host: &'h Host) -> Option<&'h str>
    where
        'a: 'h,
    {
        let known = &self.transition.hosts;
        if known.get(&host.name) == Some(&host.id) {
            return Some(&host.name);
        }
        let names = self.names.get_or_init(|| known.iter().map(|(name, id)| (id, name.as_str())).collect());
        let renamed = names.get(&host.id).copied();
        renamed.or_else(|| (!known.get(&host.name).is_some_and(|id| self.is_listed(id))).then_some(host.name.as_str()))
    }

    fn is_listed(&self, id: &HostId) -> bool {
        self.sight.hosts.iter().any(|listed| listed.id == *id)
    }

    fn at(&self, host: &Host) -> At {
        match self.plans_name(host).and_then(|name| self.site_of.get(name)) {
            Some(site) if site.0 == self.transition.from => At::Losing,
            // Left by an earlier, unfinished transition, and not parked since.
            Some(site) if self.transition.has_lost(&site.0) && host.status != HostStatus::Maintenance => At::Losing,
            Some(site) if site.0 == self.transition.to => At::Winning,
            Some(_) => At::Elsewhere,
            None => At::Nowhere,
        }
    }

    /// I11: the engine would fence a host as soon as it has its fencing back, and one that the list leaves out may be there all the same. Who turns
    /// back wants that.
    fn not_left_out(&self, name: &str) -> Result<(), Breach> {
        let listed = || {
            let known = self.transition.hosts.get(name).is_some_and(|id| self.is_listed(id));
            known || self.sight.hosts.iter().any(|host| host.name == *name && self.plans_name(host) == Some(name))
        };
        let since = self.observed.left_out.get(name);
        let gone = || since.is_some_and(|since| self.now.since(*since) >= crate::GONE_AFTER);
        let known = self.transition.cancelled || listed() || gone();
        self.hold(known, Invariant::I11, &format!("the list leaves out {name}, and not for long"))
    }

    /// I3 and I6: the plan names the host, at the site where this is done.
    fn named(&self, id: &HostId, wanted: At) -> Result<&'a Host, Breach> {
        let host = self.sight.hosts.iter().find(|host| host.id == *id);
        let found = host.filter(|host| self.at(host) != At::Nowhere);
        let Some(host) = found else {
            return Err(Breach {
                invariant: Invariant::I3,
                text: format!("{}: the plan names no such host", self.step),
            });
        };
        self.hold(self.at(host) == wanted, Invariant::I6, "it is of another site than this is done to")?;
        Ok(host)
    }

    /// I1.
    fn confirm(&self, id: &HostId, address: &str, ports: &[u16]) -> Result<(), Breach> {
        let host = self.named(id, At::Losing)?;
        let status = &host.status;
        self.hold(!is_alive(status), Invariant::I1, &format!("the engine sees it {status}"))?;
        self.hold(host.address == address, Invariant::I1, &format!("{address} is not its address"))?;
        let name = self.plans_name(host).and_then(|name| self.site_of.get(name)).copied();
        let site = name.and_then(|name| self.plan.sites.get(name));
        let vouched = name.is_some_and(|name| self.transition.is_vouched(&name.0));
        for port in site.iter().flat_map(|site| &site.evidence.host_ports) {
            let probe = Probe { address: address.to_owned(), port: *port };
            if self.transition.ignores(host, &probe) {
                continue;
            }
            self.hold(ports.contains(port), Invariant::I1, &format!("the last look would leave out {probe}"))?;
            let state = self.observed.probes.get(&probe).filter(|state| self.now.since(state.at) <= SILENCE_FRESH);
            let answer = state.map(|state| &state.last);
            let answers = matches!(answer, Some(Answer::Accepted | Answer::Refused));
            self.hold(!answers, Invariant::I1, &format!("{probe} answers"))?;
            let silent = vouched || answer == Some(&Answer::Silent);
            self.hold(silent, Invariant::I11, &format!("nothing is known of {probe}, and nobody vouches for it"))?;
        }
        Ok(())
    }

    /// A lost host is parked when it is dead; a standby one only while nothing has made it ours.
    fn park(&self, id: &HostId) -> Result<(), Breach> {
        let host = self.sight.hosts.iter().find(|host| host.id == *id);
        if host.is_some_and(|host| self.at(host) == At::Winning) {
            let ours = host.is_some_and(|host| self.is_activated(host));
            return self.hold(!ours, Invariant::I6, "it was activated for the new site");
        }
        let host = self.named(id, At::Losing)?;
        self.hold(!is_alive(&host.status), Invariant::I6, &format!("it is of the lost site, and {}", host.status))
    }

    /// I2, I3 and I6 of a connection.
    fn repoint(&self, connection: &ConnectionId, from: &Details, to: &Details) -> Result<(), Breach> {
        let rows = self.observed.connections.seen();
        let row = rows.and_then(|rows| rows.iter().find(|row| row.id == *connection));
        let details = self.plans_details();
        let known = self.transition.rows.values().any(|id| id == connection)
            || row.is_some_and(|row| details.contains(&row.details));
        self.hold(known, Invariant::I3, "the plan names no such connection")?;
        let site = SiteName(self.transition.to.clone());
        let mut values = self.plan.storage.iter().flat_map(entry_values).flatten();
        let is_target = values.any(|(of, value)| of.is_none_or(|of| *of == site) && value == *to);
        self.hold(is_target, Invariant::I6, &format!("the plan does not have that at {}", site.0))?;
        self.storage_may_change(&[from.clone(), to.clone()], true)
    }

    /// I2: the site is proven down, and no host of a data center that these serve is alive. One that was activated by us is where it should
    /// be, but nothing is repointed under it.
    fn storage_may_change(&self, details: &[Details], under: bool) -> Result<(), Breach> {
        self.hold(self.transition.proven.is_some(), Invariant::I2, "the lost site is not proven down")?;
        let behind = |domain: &&Domain| domain.data && domain.behind.iter().any(|one| details.contains(one));
        let theirs: Vec<&DataCenterId> =
            self.sight.domains.iter().filter(behind).map(|domain| &domain.data_center).collect();
        let of_the_plan = self.sight.hosts.iter().filter(|host| matches!(self.at(host), At::Losing | At::Winning));
        let ours: Vec<&DataCenterId> =
            of_the_plan.filter_map(|host| self.cluster(&host.cluster)?.data_center.as_ref()).collect();
        // A host that had died and was parked after that holds nothing any more.
        let parked_living = |host: &Host| self.at(host) != At::Losing && host.may_still_hold(self.now);
        for host in self.sight.hosts.iter().filter(|host| is_alive(&host.status) || parked_living(host)) {
            // A host whose cluster is not listed may be anywhere.
            let known = self.cluster(&host.cluster);
            let is_in = |ids: &[&DataCenterId]| match known {
                Some(cluster) => cluster.data_center.as_ref().is_some_and(|id| ids.contains(&id)),
                None => true,
            };
            let expected = self.at(host) == At::Winning && self.is_activated(host);
            let holds = if expected { under && is_in(&theirs) } else { is_in(&theirs) || is_in(&ours) };
            let text = || format!("{}: {} is {} and may hold this storage", self.step, host.name, host.status);
            hold(!holds, Invariant::I2, text)?;
        }
        Ok(())
    }

    /// I8.
    fn start(&self, id: &VmId) -> Result<(), Breach> {
        self.hold(self.transition.vms.iter().any(|vm| vm.id == *id), Invariant::I3, "it is not of this failover")?;
        let vm = self.observed.vms.seen().and_then(|vms| vms.iter().find(|vm| vm.id == *id));
        let Some(vm) = vm else { return self.hold(false, Invariant::I3, "the engine has no such VM") };
        self.hold(vm.status == VmStatus::Down, Invariant::I8, &format!("it is {}", vm.status))?;
        let data_center = self.cluster(&vm.cluster).and_then(|cluster| cluster.data_center.as_ref());
        let Some(data_center) = data_center else { return self.hold(false, Invariant::I8, "its storage is not known") };
        let here = self.sight.domains.iter().filter(|domain| domain.data && domain.data_center == *data_center);
        for domain in here {
            let fit = domain.status == "active" || domain.status == "maintenance";
            self.hold(fit, Invariant::I8, &format!("storage domain {} is {}", domain.name, domain.status))?;
        }
        let back = |host: &&Host| self.at(host) == At::Losing && is_alive(&host.status) && !is_between(&host.status);
        match self.sight.hosts.iter().find(back) {
            Some(host) => self.hold(false, Invariant::I8, &format!("lost host {} is {}", host.name, host.status)),
            None => Ok(()),
        }
    }

    fn cluster(&self, id: &ClusterId) -> Option<&'a Cluster> {
        self.sight.clusters.iter().find(|cluster| cluster.id == *id)
    }

    /// The plan's values of what moves with the site.
    fn plans_details(&self) -> Vec<Details> {
        let rows = self.plan.storage.iter().flat_map(entry_values).filter(|values| values.len() > 1);
        rows.flatten().map(|(_, details)| details).collect()
    }

    /// Whether this transition activated the host, or may have, or saw it arrive.
    fn is_activated(&self, host: &Host) -> bool {
        let key = StepKey { kind: StepKind::Activate, object: host.id.0.clone() };
        self.transition.done.contains_key(&key)
            || self.transition.tries.contains_key(&key)
            || self.memory.in_flight.contains_key(&key)
            || self.transition.reached.contains_key(&Goal::HostUp(host.id.0.clone()))
    }
}

/// Every word but these three: such a host may run and write.
fn is_alive(status: &HostStatus) -> bool {
    !matches!(status, HostStatus::NonResponsive | HostStatus::Down | HostStatus::Maintenance)
}

/// On the way from one status to another.
fn is_between(status: &HostStatus) -> bool {
    matches!(
        status,
        HostStatus::Connecting
            | HostStatus::Unassigned
            | HostStatus::Reboot
            | HostStatus::Kdumping
            | HostStatus::Initializing
            | HostStatus::Installing
    )
}

/// A fencing policy is put back whole: what is owed must be one.
fn is_an_object(original: &str) -> bool {
    let value: Result<serde_json::Value, _> = serde_json::from_str(original);
    value.is_ok_and(|value| value.as_object().is_some_and(|object| !object.is_empty()))
}
