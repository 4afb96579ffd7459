//! The stage of a story: the usual world, orders with their line in the story, and the end that every story shares.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use dr_core::{Confirmation, OwedKey};
use dr_daemon::{Command, Report};
use engine_sim::world::{HostChange, HostStatus, Target, VmStatus, WorldSpec};
use expect_test::ExpectFile;
use ovirt_dr::rehearsal::two_sites_and_a_witness;
use tests::Rig;

/// Longest that anything in a story may take.
const LIMIT: Duration = Duration::from_secs(3000);

/// A rig with the world that it began with.
pub(crate) struct Stage {
    pub(crate) rig: Rig,
    spec: WorldSpec,
}

/// Madrid and Seville with three hosts each, 20 virtual machines at Madrid, five of them highly available and one of those with a lease.
pub(crate) fn usual() -> WorldSpec {
    let mut spec = two_sites_and_a_witness(["madrid", "seville"], 3, 20, 1);
    spec.options.dead_lease = 20_000;
    for (index, vm) in spec.vms.iter_mut().enumerate() {
        vm.ha = index < 4 || index == 19;
    }
    spec
}

/// The usual world with Toledo beside, which has a replica of everything too.
pub(crate) fn three_sites() -> WorldSpec {
    let mut spec = usual();
    let there = |text: String| text.replace("seville", "toledo").replace("10.2.0.", "10.3.0.");
    let mut toledo = spec.sites[1].clone();
    toledo.name = there(toledo.name);
    toledo.witnesses = toledo.witnesses.into_iter().map(there).collect();
    for host in &mut toledo.hosts {
        (host.name, host.address) = (there(host.name.clone()), there(host.address.clone()));
    }
    spec.sites.insert(2, toledo);
    for domain in &mut spec.domains {
        let mut targets = domain.copies["seville"].clone();
        for one in &mut targets {
            match one {
                Target::Mount { address, .. } => *address = there(address.clone()),
                Target::Portal { address, target, .. } => {
                    (*address, *target) = (there(address.clone()), there(target.clone()));
                }
            }
        }
        domain.copies.insert("toledo".to_owned(), targets);
    }
    spec
}

/// The plan of a world with Madrid active, promotion by hooks, and further lines.
pub(crate) fn plan(spec: &WorldSpec, extra: &str) -> String {
    tests::plan_of(spec, true, extra)
}

/// The same, with Seville's replica made writable by a person.
pub(crate) fn promoted_by_hand(spec: &WorldSpec) -> String {
    plan(spec, "").replace("    promote:\n      hook: hooks/promote-seville\n", "    promote: confirm\n")
}

impl Stage {
    /// The usual world in calm times.
    pub(crate) async fn calm() -> Stage {
        let spec = usual();
        let plan = plan(&spec, "");
        Stage::of(spec, &plan).await
    }

    /// A world in calm times, the plan adopted, every host's answer seen.
    pub(crate) async fn of(spec: WorldSpec, plan: &str) -> Stage {
        let rig = Rig::start(&spec, plan);
        rig.until(LIMIT, |report| report.accepted_site.is_some()).await.unwrap_or_else(|why| panic!("{why}"));
        rig.pass(Duration::from_secs(30)).await;
        Stage { rig, spec }
    }

    /// A rig that stands already.
    pub(crate) fn with(rig: Rig, spec: WorldSpec) -> Stage {
        Stage { rig, spec }
    }

    /// A world as it is, with whatever the daemon thinks of it.
    pub(crate) async fn at_first_sight(spec: WorldSpec, plan: &str) -> Stage {
        let rig = Rig::start(&spec, plan);
        rig.pass(Duration::from_secs(30)).await;
        Stage { rig, spec }
    }

    /// Something befalls the world: an order of the simulator, as in a script.
    pub(crate) fn order(&self, order: &str) {
        self.rig.note(order);
        self.rig.engine.order(order.parse().expect("an order")).expect("a possible order");
    }

    /// The file's `active_site` is edited.
    pub(crate) fn flip(&self, site: &str) {
        self.rig.note(&format!("the file is edited: active_site: {site}"));
        self.rig.flip(site);
    }

    /// An administrator changes a host's SPM priority in the engine; -1 is never.
    pub(crate) fn spm_priority(&self, host: &str, priority: i32) {
        self.rig.note(&format!("in the engine: {host} gets the SPM priority {priority}"));
        self.rig.engine.world(|world| {
            let host = world.host_named(host).expect("such a host").id;
            let change = HostChange { spm_priority: Some(priority), ..HostChange::default() };
            let _ = world.begin(engine_sim::world::Command::UpdateHost { host, change }, "by-hand");
        });
    }

    /// A person gives a command; the answer is part of the story.
    pub(crate) async fn ask(&self, what: &str, command: Command) {
        self.rig.note(what);
        match self.rig.ask(command).await {
            Ok(answer) if self.rig.texts().contains(&answer) => {}
            Ok(answer) => self.rig.note(&format!("  answer: {answer}")),
            Err(why) => self.rig.note(&format!("  answered no: {why}")),
        }
    }

    /// A person confirms something.
    pub(crate) async fn confirm(&self, confirmation: Confirmation, reason: &str) {
        let what = match &confirmation {
            Confirmation::Flip => "flip".to_owned(),
            Confirmation::SiteDown => "site-down".to_owned(),
            Confirmation::Promoted => "promoted".to_owned(),
            Confirmation::IgnoreProbe { host, probe } => format!("{host} --ignore {probe}"),
            Confirmation::Connection { name } => format!("connection:{name}"),
            Confirmation::Engine { .. } => "engine".to_owned(),
        };
        let by = "ana".to_owned();
        let command = Command::Confirm { confirmation, by, reason: reason.to_owned() };
        self.ask(&format!("ana: ovirt-dr confirm erp {what} --reason \"{reason}\""), command).await;
    }

    /// Lets time pass.
    pub(crate) async fn seconds(&self, seconds: u64) {
        self.rig.pass(Duration::from_secs(seconds)).await;
    }

    /// Lets time pass until the report is as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&Report) -> bool) -> Report {
        self.rig.until(LIMIT, wanted).await.unwrap_or_else(|why| panic!("{why}"))
    }

    /// Lets time pass until the transition is closed.
    pub(crate) async fn until_closed(&self) -> Report {
        self.until(|report| report.transition.is_none() && report.last_closed.is_some()).await
    }

    /// Waits until the transition is closed with just these exceptions.
    pub(crate) async fn until_closed_with(&self, exceptions: &[&str]) {
        let closed = self.until_closed().await.last_closed.unwrap_or_default();
        let fits = closed.exceptions.len() == exceptions.len()
            && closed.exceptions.iter().zip(exceptions).all(|(is, begins)| is.starts_with(begins));
        assert!(fits, "{:#?}\n{}", closed.exceptions, self.rig.story());
    }

    /// The site is lost, the engine has seen it, and has given up treating its hosts.
    pub(crate) async fn lose(&self, site: &str) {
        self.order(&format!("lose_site {site}"));
        self.seconds(180).await;
    }

    /// Waits until a line of the daemon says this.
    pub(crate) async fn until_said(&self, text: &str) {
        self.world_is(|stage| stage.rig.texts().iter().any(|line| line.contains(text))).await;
    }

    /// Ends a story that converged: nothing is owed, nothing of ours is left in the engine.
    pub(crate) async fn converged(self, expected: ExpectFile) {
        let end = self.end().await;
        // What differs from the plan afterwards stands in the golden output.
        let report = self.rig.report();
        assert!(report.converged || (report.transition.is_none() && !report.drift.is_empty()), "{report:#?}\n{end}");
        self.owes_nothing(&end);
        expected.assert_eq(&end);
    }

    /// The world in which a transition arrived: nothing is owed any more, nothing else is done.
    pub(crate) async fn arrived(self) -> String {
        let end = self.end().await;
        assert!(self.rig.report().converged, "{:#?}\n{end}", self.rig.report());
        self.owes_nothing(&end);
        self.state()
    }

    /// Whatever is switched off at this moment is a debt in the journal and has a tag in the engine.
    pub(crate) async fn everything_off_is_owed_and_tagged(&self) {
        let entries = self.rig.entries().await;
        let memory = dr_core::Memory::fold(entries.iter().map(|stamped| (stamped.at, &stamped.entry)));
        let owed: Vec<String> = memory.owed.keys().map(|key| key.tag_name()).collect();
        let off = self.rig.engine.world(|world| {
            let hosts = world.hosts.values().filter(|host| !host.power_management.enabled);
            let hosts = hosts.map(|host| OwedKey::PowerManagement(host.id.to_string().as_str().into()));
            let clusters = world.clusters.values().filter(|cluster| !cluster.fencing_policy.enabled);
            let clusters = clusters.map(|cluster| OwedKey::Fencing(cluster.id.to_string().as_str().into()));
            let off: Vec<String> = hosts.chain(clusters).map(|key| key.tag_name()).collect();
            let tagged = |name: &String| world.tags.values().any(|tag| tag.name == *name);
            assert!(off.iter().all(tagged), "off without a tag: {off:?}\n{}", self.rig.story());
            off
        });
        assert!(off.iter().all(|name| owed.contains(name)), "off and not owed: {off:?}\n{}", self.rig.story());
    }

    /// Ends a story that was turned back while its site is still lost: nothing is owed, and nothing is done any more.
    pub(crate) async fn turned_back(self, expected: ExpectFile) {
        let end = self.end().await;
        assert!(self.rig.report().last_closed.is_some_and(|closed| closed.cancelled), "{end}");
        self.owes_nothing(&end);
        expected.assert_eq(&end);
    }

    /// Ends a story in which the daemon did not touch anything.
    pub(crate) async fn untouched(self, expected: ExpectFile) {
        let end = self.end().await;
        assert_eq!(self.rig.mutations(), Vec::<String>::new(), "{end}");
        self.owes_nothing(&end);
        expected.assert_eq(&end);
    }

    /// Asserts that nothing was changed so far.
    pub(crate) fn nothing_was_done(&self) {
        assert_eq!(self.rig.mutations(), Vec::<String>::new(), "{}", self.rig.story());
    }

    fn owes_nothing(&self, end: &str) {
        assert!(self.rig.report().owed.is_empty(), "{end}");
        assert_eq!(self.switched_off(), "nothing", "{end}");
        assert_eq!(self.tags(), "none", "{end}");
    }

    /// The whole story, its end state, and the proof that it stays so.
    async fn end(&self) -> String {
        let violations = self.rig.engine.violations();
        assert!(violations.is_empty(), "{violations:#?}\n{}", self.rig.story());
        let before = self.rig.mutations();
        let passes = self.rig.report().passes;
        self.until(|report| report.passes >= passes + 20).await;
        let after = self.rig.mutations();
        assert_eq!(after.len(), before.len(), "it goes on: {:?}\n{}", &after[before.len()..], self.rig.story());
        assert!(self.rig.engine.violations().is_empty());

        let mut end = self.rig.story();
        let _ = write!(end, "\n{}", self.state());
        let _ = writeln!(end, "mutating calls: {}{}", before.len(), by_kind(&before));
        end.push_str("violations: none\nand now nothing changes: 0 mutating calls in 20 passes\n");
        end
    }

    /// What the world is like, in a few lines.
    fn state(&self) -> String {
        let dump = self.rig.engine.dump();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
        let each = |list: &str| dump[list].as_array().cloned().unwrap_or_default();
        let mut state = String::new();
        for data_center in each("data_centers") {
            let (name, status, spm) = (&data_center["name"], &data_center["status"], &data_center["spm"]);
            let _ = writeln!(state, "data center {} {}, SPM {}", text(name), text(status), text(spm));
        }
        let mut hosts: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for host in each("hosts") {
            hosts.entry((text(&host["site"]), text(&host["status"]))).or_default().push(text(&host["name"]));
        }
        for ((_, status), mut names) in hosts {
            names.sort();
            let _ = writeln!(state, "hosts {status}: {}", names.join(", "));
        }
        let mut rows: Vec<String> = each("connections").iter().map(place).collect();
        rows.sort();
        let _ = writeln!(state, "connections: {}", rows.join(", "));
        let mut vms: BTreeMap<String, usize> = BTreeMap::new();
        for vm in each("vms") {
            *vms.entry(text(&vm["status"])).or_default() += 1;
        }
        let vms: Vec<String> = vms.into_iter().map(|(status, count)| format!("{count} {status}")).collect();
        let _ = writeln!(state, "VMs: {}", vms.join(", "));
        let _ = writeln!(state, "switched off: {}; tags: {}", self.switched_off(), self.tags());
        let report = self.rig.report();
        for (what, lines) in
            [("waits", &report.waits), ("refusals", &report.refusals), ("drift", &report.drift), ("owed", &report.owed)]
        {
            for line in lines {
                let _ = writeln!(state, "{what}: {line}");
            }
        }
        if let Some(held) = &report.held {
            let _ = writeln!(state, "held: {held}");
        }
        state
    }

    /// Hosts without power management and clusters without fencing that had them in the beginning.
    fn switched_off(&self) -> String {
        let had = |name: &str| {
            let mut hosts = self.spec.sites.iter().flat_map(|site| &site.hosts);
            hosts.any(|host| host.name == name && host.power_management)
        };
        let off = self.rig.engine.world(|world| {
            let hosts = world.hosts.values().filter(|host| !host.power_management.enabled && had(&host.name));
            let mut off: Vec<String> = hosts.map(|host| format!("power management of {}", host.name)).collect();
            let clusters = world.clusters.values().filter(|cluster| !cluster.fencing_policy.enabled);
            off.extend(clusters.map(|cluster| format!("fencing of {}", cluster.name)));
            off.sort();
            off
        });
        if off.is_empty() { "nothing".to_owned() } else { off.join(", ") }
    }

    fn tags(&self) -> String {
        let tags = self.rig.engine.world(|world| {
            let ours = world.tags.values().filter(|tag| tag.name.starts_with("ovirt-dr"));
            ours.map(|tag| tag.name.clone()).collect::<Vec<_>>()
        });
        if tags.is_empty() { "none".to_owned() } else { format!("{} of ours", tags.len()) }
    }

    /// Waits until the engine shows a host so.
    pub(crate) async fn host_is(&self, name: &str, status: HostStatus) {
        self.world_is(|stage| stage.rig.engine.world(|world| world.host_named(name).map(|h| h.status)) == Some(status))
            .await;
    }

    /// Waits until so many virtual machines are up.
    pub(crate) async fn vms_up(&self, count: usize) {
        let up = |stage: &Stage| {
            stage.rig.engine.world(|world| world.vms.values().filter(|vm| vm.status == VmStatus::Up).count())
        };
        self.world_is(|stage| up(stage) == count).await;
    }

    async fn world_is(&self, wanted: impl Fn(&Stage) -> bool) {
        for _ in 0..LIMIT.as_secs() * 5 {
            if wanted(self) {
                return;
            }
            self.rig.pass(Duration::from_millis(200)).await;
        }
        panic!("the world never became so\n{}", self.rig.story());
    }
}

fn place(target: &serde_json::Value) -> String {
    let of = |value: &serde_json::Value| {
        let word = |name: &str| value[name].as_str().map(str::to_owned);
        match (word("address"), word("path"), word("target")) {
            (Some(address), Some(path), _) => Some(format!("{address}:{path}")),
            (Some(address), None, Some(target)) => Some(format!("{address} {target}")),
            _ => None,
        }
    };
    let inside = || target.as_object().and_then(|object| object.values().find_map(of));
    of(target).or_else(inside).unwrap_or_else(|| target.to_string())
}

/// ` (3 POST hosts/fence, ...)`
fn by_kind(mutations: &[String]) -> String {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for one in mutations {
        let (method, path) = one.split_once(' ').unwrap_or((one, ""));
        let path = path.split('?').next().unwrap_or_default().trim_start_matches("/ovirt-engine/api/");
        let words: Vec<&str> = path.split('/').filter(|word| word.len() < 30).collect();
        *kinds.entry(format!("{} {method}", words.join("/"))).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) }
}
