//! Each recorded file as a scene: the world it begins in, and what was done to the world while it was recorded.

use std::time::Duration;

use engine_sim::world::{DataCenterStatus, HostSpec, HostStatus, Link, OtherCopies, SshManner, World};

use crate::recording::{Exchange, Line, lines};
use crate::replay::{Replay, Replayed};
use crate::stage::{Cast, Stage};
use crate::watch::{Change, Watcher};

/// Files that are replayed, with the world they begin in.
pub(crate) const SCENES: &[(&str, Cast)] = &[
    ("transport", Cast::PRODUCTION),
    ("production", Cast::PRODUCTION),
    ("small", Cast::PRODUCTION),
    ("tags", Cast { active: "beta", spm: "beta-h1", hosts_per_site: 20, ..Cast::IDLE }),
    ("puts", Cast::PRODUCTION),
    ("agents", Cast::PRODUCTION),
    ("refusals", Cast { vms: placed("alpha", [3, 1, 3, 1, 1, 3, 3, 2]), ..Cast::PRODUCTION }),
    ("failover", Cast { seed: 4, ..Cast::PRODUCTION }),
    ("migration", Cast { seed: 3, ..BETA }),
    ("vm_unknown", Cast::PRODUCTION),
    ("vm_unknown_ha", Cast { vms: placed("alpha", [1, 3, 1, 3, 2, 3, 1, 3]), ..Cast::PRODUCTION }),
    ("refuse", Cast { spm: "alpha-h2", vms: placed("alpha", [1, 1, 2, 3, 2, 3, 1, 3]), ..Cast::PRODUCTION }),
    (
        "ssh_blackhole",
        Cast { seed: 3, spm: "alpha-h2", vms: placed("alpha", [3, 3, 2, 1, 1, 2, 1, 3]), ..Cast::PRODUCTION },
    ),
    (
        "pm_fencing",
        Cast { seed: 10, spm: "alpha-h2", vms: placed("alpha", [2, 3, 1, 1, 2, 3, 3, 2]), ..Cast::PRODUCTION },
    ),
    ("pm_start", Cast { dead_lease: 140, ..Cast::PRODUCTION }),
    ("fence_spm_dc_up", Cast::PRODUCTION),
    ("leased", Cast { spm: "alpha-h2", ..Cast::PRODUCTION }),
    ("false_fence", BETA),
    ("restart", Cast { seed: 8, dead_lease: 900, ..BETA }),
    ("restart_wayout", Cast { seed: 2, dead_lease: 150, ..BETA }),
    ("unpromoted", Cast { seed: 10, ..Cast::PRODUCTION }),
    ("database_down", Cast::PRODUCTION),
];

const BETA: Cast = Cast {
    active: "beta",
    hosts_per_site: 3,
    spm: "beta-h1",
    vms: placed("beta", [2, 2, 3, 2, 1, 3, 3, 1]),
    dead_lease: 140,
    seed: 1,
};

const fn placed(site: &str, hosts: [usize; 8]) -> [&'static str; 8] {
    let names = if matches!(site.as_bytes(), b"alpha") {
        ["", "alpha-h1", "alpha-h2", "alpha-h3"]
    } else {
        ["", "beta-h1", "beta-h2", "beta-h3"]
    };
    let mut vms = [""; 8];
    let mut at = 0;
    while at < 8 {
        vms[at] = names[hosts[at]];
        at += 1;
    }
    vms
}

/// Replays one file from its beginning to its end.
pub(crate) async fn replayed(file: &str, cast: &Cast) -> Replayed {
    let stage = Stage::new(cast).await;
    prepare(file, &stage).await;
    stage.dress(file);
    stage.note_newest_event();
    stage.clock().begin();
    let watcher = Watcher::start(&stage);
    let mut replay = Replay::new(&stage);
    for segment in segments(file) {
        let begin = segment.first().map_or(0.0, Item::at);
        stage.clock().begin_segment_at(begin);
        for item in &segment {
            match item {
                Item::Exchange(exchange) => {
                    if let Some(second) = cue(file, exchange, &stage, &mut replay).await {
                        stage.clock().begin_segment_at(second);
                    }
                    replay.send(exchange).await;
                }
                Item::Mark { at, note } => {
                    replay.finish(*at).await;
                    stage.clock().until(*at).await;
                    replay.replayed.marks.push(stage.clock().second());
                    befall(file, note, &stage).await;
                }
                Item::Watch { at, changes } => {
                    replay.finish(*at).await;
                    stage.clock().until(*at).await;
                    let second = stage.clock().second();
                    replay.replayed.recorded.extend(changes.iter().flat_map(|line| Change::read(second, line)));
                }
            }
        }
        replay.finish(f64::INFINITY).await;
    }
    if file == "failover" {
        // What follows is the planned move of `migration.jsonl`.
        replay.replayed.recorded = timeline("timeline-serial");
        replay.replayed.recorded.retain(|change| change.at < 460.0);
    }
    // The sampler went on for moments after the last request.
    stage.pass(4).await;
    replay.replayed.seen = watcher.seen();
    replay.replayed
}

enum Item {
    Exchange(Box<Exchange>),
    Mark { at: f64, note: String },
    Watch { at: f64, changes: Vec<String> },
}

impl Item {
    fn at(&self) -> f64 {
        match self {
            Item::Exchange(exchange) => exchange.at,
            Item::Mark { at, note: _ } | Item::Watch { at, changes: _ } => *at,
        }
    }

    /// The second at which it was over.
    fn end(&self) -> f64 {
        match self {
            Item::Exchange(exchange) => exchange.at + exchange.seconds,
            Item::Mark { at, note: _ } => *at,
            // The sampler wrote late: its lines begin nothing.
            Item::Watch { at: _, changes: _ } => f64::INFINITY,
        }
    }
}

/// A file in stretches of growing seconds: several were recorded in parts, whose seconds begin anew.
fn segments(file: &str) -> Vec<Vec<Item>> {
    let mut segments: Vec<Vec<Item>> = vec![Vec::new()];
    let mut latest = 0.0_f64;
    let mut items: Vec<Item> = lines(file)
        .into_iter()
        .filter_map(|line| match line {
            Line::Exchange(mut exchange) => {
                // Recorded in a second part, this long after the first began.
                if exchange.label == "vm_unknown_ha.start.vm8.later" {
                    exchange.at += 139.8;
                }
                Some(Item::Exchange(Box::new(exchange)))
            }
            Line::Mark { at, note } => Some(Item::Mark { at, note }),
            Line::Watch { at, changes } => Some(Item::Watch { at, changes }),
            Line::Other(_) => None,
        })
        .collect();
    // What the recording does not mark.
    let unmarked = match file {
        "restart" => Some((210.0, "the standby hosts get power")),
        "vm_unknown_ha" => Some((88.0, "alpha-h3 gets power")),
        "pm_fencing" => Some((80.0, "alpha-h1 boots, started by its power management")),
        _ => None,
    };
    if let Some((at, note)) = unmarked {
        let place = items.iter().position(|item| item.at() > at).unwrap_or(items.len());
        items.insert(place, Item::Mark { at, note: note.to_owned() });
    }
    for item in items {
        if item.end() + 0.05 < latest {
            segments.push(Vec::new());
            latest = 0.0;
        }
        if !matches!(item, Item::Watch { .. }) {
            latest = latest.max(item.at());
        }
        if let Some(segment) = segments.last_mut() {
            segment.push(item);
        }
    }
    for segment in &mut segments {
        segment.sort_by(|a, b| a.at().total_cmp(&b.at()));
    }
    segments
}

/// The changes of a file that is nothing but a timeline.
pub(crate) fn timeline(file: &str) -> Vec<Change> {
    let other = |line| match line {
        Line::Other(line) => Some(line),
        Line::Exchange(_) | Line::Mark { at: _, note: _ } | Line::Watch { at: _, changes: _ } => None,
    };
    let changes = lines(file).into_iter().filter_map(other).flat_map(|line| {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        Change::between(line["at"].as_f64().unwrap_or_default(), &text("what"), &text("was"), &text("is"))
    });
    changes.collect()
}

/// Brings the world to where the file begins.
async fn prepare(file: &str, stage: &Stage) {
    stage.pass(60).await;
    match file {
        "puts" => {
            stage.order("lose_site alpha");
            stage.until_lost("alpha").await;
            stage.confirm_all("alpha").await;
            stage.call_host("PUT", "alpha-h3", "", r#"{"power_management":{"enabled":"false"}}"#).await;
        }
        "agents" => {
            stage.fencing(false).await;
            stage.order("refuse_site alpha");
            stage.until_lost("alpha").await;
            stage.confirm_all("alpha").await;
            stage.park_all("alpha").await;
            for host in ["alpha-h1", "alpha-h2", "alpha-h3"] {
                stage.order(&format!("set_host_bmc host={host} bmc=dead"));
            }
            for host in ["beta-h1", "beta-h2"] {
                stage.without_storage(host);
            }
        }
        "failover" => {
            // The simulation of the hosts then swallowed VDSM's packets only: SSH was refused.
            for host in ["alpha-h1", "alpha-h2", "alpha-h3"] {
                stage.ssh(host, SshManner::Refuses);
            }
            stage.order("lose_site alpha");
        }
        "vm_unknown" => {
            stage.fencing(false).await;
            stage.order("refuse_site alpha");
            stage.until_lost("alpha").await;
        }
        "ssh_blackhole" => {
            stage.call_host("PUT", "alpha-h3", "", r#"{"power_management":{"enabled":"false"}}"#).await;
        }
        // What its first mark tells of the minutes before, the same seconds before.
        "pm_start" => {
            stage.fencing(false).await;
            stage.order("refuse_site alpha");
            stage.until_lost("alpha").await;
            stage.until_minute_of_recovery(99 + 477).await;
            stage.confirm_all("alpha").await;
            stage.pass(237).await;
            // It serves as proxy.
            stage.without_storage("beta-h2");
            let stopped = stage.call_host("POST", "beta-h3", "/fence", r#"{"fence_type":"stop"}"#).await;
            assert_eq!(stopped, 200);
            stage.until_minute_of_recovery(99 + 176).await;
            stage.promote("beta");
            stage.repoint("beta").await;
            stage.call_host("POST", "beta-h1", "/activate", "{}").await;
            let up = |world: &World| world.data_centers.values().all(|row| row.status == DataCenterStatus::Up);
            stage.wait(300, up).await;
            stage.until_minute_of_recovery(99).await;
        }
        "tags" => stage.engine.world(|world| world.tags.retain(|_, tag| tag.name != "dr-lab")),
        "leased" => stage.engine.world(|world| world.options.dead_vm_lease = 165_000),
        "pm_fencing" => stage.engine.world(|world| world.options.host_boot = 20_000),
        "restart" => {
            for host in ["alpha-h1", "alpha-h2", "alpha-h3"] {
                stage.lose_host(host, Link::Refusing);
            }
        }
        "restart_wayout" => {
            stage.order("refuse_site beta");
            stage.until_lost("beta").await;
            stage.confirm_all("beta").await;
            stage.restart().await;
            stage.promote("alpha");
            stage.repoint("alpha").await;
            for host in ["alpha-h1", "alpha-h2", "alpha-h3"] {
                stage.call_host("POST", host, "/activate", "{}").await;
            }
            stage.pass(60).await;
            stage.park_all("beta").await;
            stage.pass(60).await;
        }
        "unpromoted" => {
            stage.engine.world(|world| world.options.storage_refused = 3_500);
            stage.fencing(false).await;
            stage.order("refuse_site alpha");
            stage.until_lost("alpha").await;
            stage.confirm_all("alpha").await;
            stage.park_all("alpha").await;
            // The automatic recovery runs at full five minutes, the first one 231 s after this recording began.
            stage.until_minute_of_recovery(231).await;
        }
        _ => {}
    }
}

/// What the world did at a recorded mark. Marks that only describe are none of these.
async fn befall(file: &str, note: &str, stage: &Stage) {
    match file {
        "refuse" if note.starts_with("site alpha loses power") => stage.order("refuse_site alpha"),
        "ssh_blackhole" => {
            for host in ["alpha-h1", "alpha-h2", "alpha-h3"] {
                stage.ssh(host, SshManner::Mute);
            }
            stage.order("lose_site alpha");
        }
        "vm_unknown_ha" if note.ends_with("gets power") => {
            stage.engine.world(|world| world.options.host_boot = 2_000);
            stage.restore_host("alpha-h3");
        }
        "vm_unknown_ha" => stage.lose_host("alpha-h3", Link::Refusing),
        "pm_fencing" if note.ends_with("power management") => stage.link("alpha-h1", Link::Answering),
        "pm_fencing" => {
            stage.lose_host("alpha-h1", Link::Refusing);
            stage.ssh("alpha-h3", SshManner::Drops);
            stage.link("alpha-h3", Link::Silent);
            stage.order("set_host_bmc host=alpha-h1 bmc=living");
        }
        "fence_spm_dc_up" if note.starts_with("try 2") => stage.link("alpha-h1", Link::Refusing),
        "leased" if note == "host back" => stage.restore_host("alpha-h2"),
        "leased" => stage.lose_host("alpha-h2", Link::Refusing),
        "false_fence" if note.ends_with("comes back") => stage.link("beta-h1", Link::Answering),
        "false_fence" => stage.link("beta-h1", Link::Refusing),
        "restart" if note.starts_with("site beta") => stage.order("refuse_site beta"),
        "restart" if note.starts_with("engine stop") => stage.restart().await,
        "restart" if note.starts_with("promote") => stage.promote("alpha"),
        "restart" if note.ends_with("get power") => {
            for host in ["alpha-h1", "alpha-h2", "alpha-h3"] {
                stage.link(host, Link::Answering);
                stage.engine.world(|world| {
                    let id = world.host_named(host).map(|row| row.id).expect("a host");
                    world.options.host_boot = 8_000;
                    world.power_on(id);
                });
            }
        }
        // 25 s for each of its three connections.
        "unpromoted" if note.starts_with("repoint") => stage.order("set_storage_delay host=beta-h2 ms=70000"),
        "unpromoted" if note.starts_with("PUT") => stage.order("set_storage_delay host=beta-h2 ms=0"),
        "unpromoted" if note.starts_with("promote") => stage.promote("beta"),
        "database_down" if note.starts_with("database stopped") => stage.engine.set_database(false),
        "database_down" if note.starts_with("database started") => stage.engine.set_database(true),
        _ => {}
    }
}

/// What has to be so before a request makes sense; the second that it then is.
async fn cue(file: &str, exchange: &Exchange, stage: &Stage, replay: &mut Replay<'_>) -> Option<f64> {
    let up = |world: &World| world.data_centers.values().all(|row| row.status == DataCenterStatus::Up);
    match (file, exchange.label.as_str()) {
        // The parts of the serial failover, as many seconds after the power cut as `timeline-serial.jsonl` says.
        ("failover", "failover.lost.hosts") => stage.clock().until_scene(219.8).await,
        ("failover", "failover.connection.put.master") => {
            stage.clock().until_scene(235.9).await;
            stage.promote("beta");
        }
        ("failover", "failover.activate.beta-h1") => stage.clock().until_scene(289.0).await,
        ("failover", "failover.dr.hosts") => stage.clock().until_scene(446.9).await,
        ("migration", "migration.connection.put./exports/data-master") => {
            replay.finish(exchange.at).await;
            stage.clock().until(exchange.at).await;
            stage.promote("alpha");
        }
        ("fence_spm_dc_up", "fence_spm_dc_up.fence.connecting_spm.dc_up") => {
            // While the data center is still `up`: its pool job may be the first to notice, then try again.
            for _ in 0..20 {
                stage.connecting("alpha-h1").await;
                if stage.engine.world(|world| up(world)) {
                    return Some(exchange.at);
                }
                stage.link("alpha-h1", Link::Answering);
                stage.wait(60, |world| up(world)).await;
                stage.pass(3).await;
                stage.link("alpha-h1", Link::Refusing);
            }
        }
        ("false_fence", "false_fence.fence.spm.up.dc_up") if exchange.at > 1.0 => {
            replay.finish(exchange.at).await;
            stage.connecting("beta-h1").await;
            stage.wait(30, |world| !up(world)).await;
            return Some(exchange.at);
        }
        ("restart_wayout", "restart_wayout.deactivate.beta-h1") => {
            // The simulation has no way to add a host through the API: its world adds it.
            replay.finish(exchange.at).await;
            let spec = HostSpec::new("beta-h1", "127.0.2.1");
            let id = stage.engine.world(|world| world.add_host("beta", &spec)).expect("a site").to_string();
            let recorded = exchange.segments().and_then(|segments| segments.get(1).map(|id| (*id).to_owned()));
            stage.pair_anew(&recorded.unwrap_or_default(), &id);
            stage.order("restore_site beta");
            stage.call("POST", &format!("hosts/{id}/activate"), "{}").await;
            stage.pass(3).await;
            return Some(exchange.at);
        }
        ("database_down", "database_down.fresh_token.get.hosts") => stage.log_in().await,
        ("restart", "restart.after_restart.hosts") => {
            replay.finish(exchange.at).await;
            stage.clock().until(exchange.at).await;
            stage.call_host("POST", "beta-h2", "/fence", r#"{"fence_type":"manual"}"#).await;
        }
        _ => {}
    }
    None
}

impl Stage {
    /// An order to the world, as the simulator's control door takes it.
    pub(crate) fn order(&self, order: &str) {
        let read = order.parse().unwrap_or_else(|problem| panic!("{order}: {problem}"));
        self.engine.order(read).unwrap_or_else(|problem| panic!("{order}: {problem}"));
    }

    pub(crate) async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Waits until the world is so, no longer than `seconds`.
    pub(crate) async fn wait(&self, seconds: u64, so: impl Fn(&World) -> bool) {
        for _ in 0..seconds * 20 {
            if self.engine.world(|world| so(world)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not so within {seconds} s: {:#}", self.engine.dump());
    }

    /// Waits until the automatic recovery, which runs at full five minutes, has one run so many seconds ahead.
    async fn until_minute_of_recovery(&self, seconds: u64) {
        let rest = 300 - seconds % 300;
        while self.engine.world(|world| world.unix_ms(world.now) / 1000 % 300) != rest {
            self.pass(1).await;
        }
    }

    pub(crate) async fn until_lost(&self, site: &str) {
        let lost = |world: &World| {
            world.hosts.values().filter(|row| row.site == site).all(|row| row.status == HostStatus::NonResponsive)
        };
        self.wait(300, lost).await;
    }

    /// Waits until the host has just begun to be `connecting`.
    async fn connecting(&self, host: &str) {
        for _ in 0..60_000 {
            let so = |world: &mut World| world.host_named(host).is_some_and(|row| row.status == HostStatus::Connecting);
            if self.engine.world(so) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("{host} is not connecting");
    }

    pub(crate) async fn call_host(&self, method: &str, host: &str, below: &str, body: &str) -> u16 {
        let path = format!("hosts/{}{below}", self.id("hosts", host));
        self.call(method, &path, body).await.status
    }

    pub(crate) fn hosts_of(&self, site: &str) -> Vec<String> {
        self.engine
            .world(|world| world.hosts.values().filter(|row| row.site == site).map(|row| row.name.clone()).collect())
    }

    /// Confirms the hosts of a site one after another, as often as a lock makes it necessary.
    pub(crate) async fn confirm_all(&self, site: &str) {
        for host in self.hosts_of(site) {
            for _ in 0..60 {
                if self.call_host("POST", &host, "/fence", r#"{"fence_type":"manual"}"#).await == 200 {
                    break;
                }
                self.pass(5).await;
            }
        }
        let clear =
            |world: &World| world.hosts.values().filter(|row| row.site == site).all(|row| row.summary.total == 0);
        assert!(self.engine.world(|world| clear(world)), "the hosts of {site} are not confirmed");
    }

    pub(crate) async fn park_all(&self, site: &str) {
        for host in self.hosts_of(site) {
            assert_eq!(self.call_host("POST", &host, "/deactivate", "{}").await, 200, "{host}");
        }
        let parked = |world: &World| {
            world.hosts.values().filter(|row| row.site == site).all(|row| row.status == HostStatus::Maintenance)
        };
        self.wait(60, parked).await;
    }

    pub(crate) async fn fencing(&self, enabled: bool) {
        let body = format!(r#"{{"fencing_policy":{{"enabled":"{enabled}"}}}}"#);
        let path = format!("clusters/{}", self.id("clusters", "dr-cluster"));
        assert_eq!(self.call("PUT", &path, &body).await.status, 200);
    }

    pub(crate) fn ssh(&self, host: &str, manner: SshManner) {
        self.engine.world(|world| {
            let id = world.host_named(host).map(|row| row.id).expect("a host");
            world.set_host_ssh(id, manner);
        });
    }

    /// A host that was activated and could not connect to its storage.
    fn without_storage(&self, host: &str) {
        self.order(&format!("set_host_status host={host} status=non_operational"));
        self.engine.world(|world| {
            let row = world.hosts.values_mut().find(|row| row.name == host).expect("a host");
            row.status_detail = Some("storage_domain_unreachable".to_owned());
        });
    }

    pub(crate) fn link(&self, host: &str, link: Link) {
        self.engine.world(|world| {
            let id = world.host_named(host).map(|row| row.id).expect("a host");
            world.set_host_link(id, link);
        });
    }

    pub(crate) fn lose_host(&self, host: &str, link: Link) {
        self.order(&format!("power_off {host}"));
        self.link(host, link);
    }

    fn restore_host(&self, host: &str) {
        self.order(&format!("power_on {host}"));
        self.link(host, Link::Answering);
    }

    pub(crate) fn promote(&self, site: &str) {
        self.engine.world(|world| world.promote(site, OtherCopies::ReadOnly)).expect("a site");
    }

    pub(crate) async fn repoint(&self, site: &str) {
        let number = if site == "alpha" { 1 } else { 2 };
        for (row, body) in [
            ("/exports/data-master", format!(r#"{{"address":"127.0.{number}.250","path":"/exports/data-master"}}"#)),
            ("/exports/data-nfs", format!(r#"{{"address":"127.0.{number}.250","path":"/exports/data-nfs"}}"#)),
            (
                "iscsi",
                format!(
                    r#"{{"address":"127.0.{number}.251","port":"3260","target":"iqn.2016-01.example.{site}:array1"}}"#
                ),
            ),
        ] {
            let path = format!("storageconnections/{}?force=true", self.id("storageconnections", row));
            assert_eq!(self.call("PUT", &path, &body).await.status, 200, "{row}");
        }
    }

    /// Restarts the engine and logs in as soon as it serves.
    pub(crate) async fn restart(&self) {
        self.engine.restart();
        while self.engine.refuses_connections() {
            self.pass(1).await;
        }
        self.log_in().await;
    }
}
