//! The simulated engine in the recorded world, asked by recorded requests whose ids are exchanged for its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use engine_sim::world::{
    DomainSpec, HostSpec, HostStatus, Options, SimTime, SiteSpec, StorageType, Target, VmSpec, World, WorldSpec,
};
use engine_sim::{Engine, Served, Settings};
use http::Request;
use serde_json::Value;
use tokio::time::Instant;

use crate::recording::{Exchange, exchanges, exchanges_of};

/// What the recorded world was like when a scene began.
#[derive(Clone, Copy)]
pub(crate) struct Cast {
    /// The site whose hosts are up.
    pub(crate) active: &'static str,
    pub(crate) hosts_per_site: usize,
    /// The host that holds the SPM role.
    pub(crate) spm: &'static str,
    /// The host of each of the eight VMs; empty for one that is down.
    pub(crate) vms: [&'static str; 8],
    /// How long a dead owner's lease is seen on the storage, in seconds: the simulation of the hosts was set to several values.
    pub(crate) dead_lease: u64,
    /// Decides where in their periods the engine's timers are, as chance did when it was recorded.
    pub(crate) seed: u64,
}

impl Cast {
    /// Site alpha as `production.jsonl` shows it.
    pub(crate) const PRODUCTION: Cast = Cast {
        active: "alpha",
        hosts_per_site: 3,
        spm: "alpha-h1",
        vms: ["alpha-h3", "alpha-h2", "alpha-h1", "alpha-h3", "alpha-h2", "alpha-h3", "alpha-h1", "alpha-h2"],
        dead_lease: 140,
        seed: 1,
    };

    /// The same with all VMs down.
    pub(crate) const IDLE: Cast = Cast { vms: [""; 8], ..Cast::PRODUCTION };

    fn spec(&self) -> WorldSpec {
        let site = |number: usize, name: &str| SiteSpec {
            name: name.to_owned(),
            active: name == self.active,
            hosts: (1..=self.hosts_per_site).map(|host| self.host(number, name, host)).collect(),
            witnesses: Vec::new(),
        };
        let mount = |path: &str| {
            copies(|number, _| Target::Mount { address: format!("127.0.{number}.250"), path: path.to_owned() })
        };
        let portal = copies(|number, name| Target::Portal {
            address: format!("127.0.{number}.251"),
            port: 3260,
            target: format!("iqn.2016-01.example.{name}:array1"),
        });
        let mut domains = vec![
            DomainSpec::new("data-master", StorageType::Nfs, mount("/exports/data-master")).as_master(),
            DomainSpec::new("data-nfs", StorageType::Nfs, mount("/exports/data-nfs")),
            DomainSpec::new("data-iscsi", StorageType::Iscsi, portal),
        ];
        for domain in &mut domains {
            domain.at = Some(self.active.to_owned());
        }
        WorldSpec {
            seed: self.seed,
            options: Options { dead_lease: self.dead_lease * 1000, guest_boot: 3_000, ..Options::default() },
            data_centers: Vec::new(),
            clusters: Vec::new(),
            sites: vec![site(1, "alpha"), site(2, "beta")],
            domains,
            vms: (1..=8).map(|number| self.vm(number)).collect(),
        }
    }

    fn host(&self, site: usize, name: &str, number: usize) -> HostSpec {
        let mut host = HostSpec::new(format!("{name}-h{number}"), format!("127.0.{site}.{number}"));
        // The SPM of a new world is its host of the highest priority.
        host.spm_priority = if host.name == self.spm { 10 } else { 5 };
        host
    }

    fn vm(&self, number: usize) -> VmSpec {
        let mut vm = VmSpec::new(format!("vm{number}"));
        vm.host = self.vms.get(number - 1).filter(|host| !host.is_empty()).map(|host| (*host).to_owned());
        vm.disks = vec![["data-nfs", "data-iscsi", "data-master"][(number - 1) % 3].to_owned()];
        vm.ha = number != 7;
        if number == 7 {
            vm.priority = 0;
            vm.disks = vec!["data-iscsi".to_owned()];
        }
        if number == 8 {
            vm.priority = 90;
            vm.lease = Some("data-nfs".to_owned());
            vm.disks = vec!["data-nfs".to_owned()];
        }
        vm
    }
}

fn copies(target: impl Fn(usize, &str) -> Target) -> BTreeMap<String, Vec<Target>> {
    ["alpha", "beta"].iter().zip(1..).map(|(name, number)| ((*name).to_owned(), vec![target(number, name)])).collect()
}

/// The engine, a token for it, and which recorded id is which of its own.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    token: Mutex<String>,
    ids: Mutex<BTreeMap<String, String>>,
    clock: SceneClock,
    /// The newest event when the scene began.
    newest_event: Mutex<u64>,
}

/// The seconds of a scene, and of the segment that is replayed. Clones are the same clock.
#[derive(Clone)]
pub(crate) struct SceneClock {
    /// When the segment began, and when the scene did.
    begun: Arc<Mutex<(Instant, Instant)>>,
}

impl SceneClock {
    fn start() -> Self {
        Self { begun: Arc::new(Mutex::new((Instant::now(), Instant::now()))) }
    }

    /// Begins the scene.
    pub(crate) fn begin(&self) {
        *lock(&self.begun) = (Instant::now(), Instant::now());
    }

    /// Begins a segment: recorded seconds count from `second`.
    pub(crate) fn begin_segment_at(&self, second: f64) {
        let now = Instant::now();
        lock(&self.begun).0 = now.checked_sub(Duration::from_secs_f64(second)).unwrap_or(now);
    }

    /// Waits until this second of the segment; not at all if it has passed.
    pub(crate) async fn until(&self, second: f64) {
        let at = lock(&self.begun).0 + Duration::from_secs_f64(second);
        tokio::time::sleep_until(at).await;
    }

    /// Waits until this second of the scene, and begins a segment there.
    pub(crate) async fn until_scene(&self, second: f64) {
        let at = lock(&self.begun).1 + Duration::from_secs_f64(second);
        tokio::time::sleep_until(at).await;
        self.begin_segment_at(0.0);
    }

    /// The second of the scene.
    pub(crate) fn second(&self) -> f64 {
        lock(&self.begun).1.elapsed().as_secs_f64()
    }
}

/// What the simulated engine answered.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    /// 0 where no answer came.
    pub(crate) status: u16,
    pub(crate) content_type: String,
    /// JSON where it is, else text; null for no body.
    pub(crate) body: Value,
}

impl Stage {
    pub(crate) async fn new(cast: &Cast) -> Stage {
        let world = World::new(&cast.spec()).expect("a world");
        let engine = Engine::new(world, Settings::default());
        let stage = Stage {
            engine,
            token: Mutex::default(),
            ids: Mutex::default(),
            clock: SceneClock::start(),
            newest_event: Mutex::default(),
        };
        stage.engine.world(|world| {
            for host in world.hosts.values_mut() {
                host.comment = format!("site {}", host.site);
                host.power_management.kdump_detection = false;
                host.spm_priority = 5;
            }
            // The recorded rows were made without a version.
            world.connections.values_mut().for_each(|row| row.nfs_version = None);
            // All VMs had been stopped before.
            world.vms.values_mut().for_each(|vm| vm.stop_time = Some(SimTime(0)));
        });
        stage.engine.set_ca_pem("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
        stage.log_in().await;
        for (name, at) in [("dr-db", "vm1"), ("dr-lab", "")] {
            stage.call("POST", "tags", &format!(r#"{{"name":"{name}"}}"#)).await;
            if !at.is_empty() {
                let vm = stage.id("vms", at);
                stage.call("POST", &format!("vms/{vm}/tags"), &format!(r#"{{"name":"{name}"}}"#)).await;
            }
        }
        stage.learn_names();
        stage
    }

    /// Logs in anew, as every client must after a restart.
    pub(crate) async fn log_in(&self) {
        let form = "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret";
        let request = Request::post("http://127.0.0.1:8080/ovirt-engine/sso/oauth/token")
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded");
        let served = self.engine.handle(request.body(Bytes::from(form)).expect("a request")).await;
        let token = got(served).body["access_token"].as_str().unwrap_or_default().to_owned();
        *lock(&self.token) = token;
    }

    /// A call of ours, outside the recording: method, path below the API, body.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> Got {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:8080/ovirt-engine/api/{path}"))
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("version", "4")
            .header("authorization", format!("Bearer {}", lock(&self.token)));
        got(self.engine.handle(request.body(Bytes::from(body.to_owned())).expect("a request")).await)
    }

    /// The token of the last login.
    pub(crate) fn token(&self) -> String {
        lock(&self.token).clone()
    }

    /// Asks at one of the engine's doors.
    pub(crate) async fn knock(&self, door: &str, token: &str) -> Got {
        let request = |method: &str, path: &str| {
            Request::builder()
                .method(method)
                .uri(format!("http://127.0.0.1:8080/ovirt-engine/{path}"))
                .header("accept", "application/json")
        };
        let with_token = |path: &str| request("GET", path).header("authorization", format!("Bearer {token}"));
        let (request, body) = match door {
            "restart.health" => (request("GET", "services/health"), ""),
            "restart.api_no_auth" => (request("GET", "api"), ""),
            "restart.hosts" | "restart.hosts_new_token" => (with_token("api/hosts"), ""),
            "restart.token" => {
                let form = "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret";
                (request("POST", "sso/oauth/token").header("content-type", "application/x-www-form-urlencoded"), form)
            }
            _ => (with_token("api"), ""),
        };
        got(self.engine.handle(request.body(Bytes::from(body)).expect("a request")).await)
    }

    /// The simulated engine's id of the object with this name.
    pub(crate) fn id(&self, collection: &str, name: &str) -> String {
        let names = self.names();
        let found = names.get(&(collection.to_owned(), name.to_owned()));
        found.unwrap_or_else(|| panic!("no {name} in {collection}")).clone()
    }

    pub(crate) fn clock(&self) -> &SceneClock {
        &self.clock
    }

    /// The recorded request, with ids, password and token of this engine.
    pub(crate) fn request(&self, exchange: &Exchange) -> Request<Bytes> {
        let mut path = self.translated(&exchange.path);
        if let Some((before, _)) = path.split_once("events?from=")
            && exchange.file != "transport"
        {
            path = format!("{before}events?from={}", lock(&self.newest_event));
        }
        let mut request =
            Request::builder().method(exchange.method.as_str()).uri(format!("http://127.0.0.1:8080{path}"));
        // The recording masks wrong tokens too.
        let token = match exchange.label.rsplit('.').next() {
            Some("bad_token") => "nonsense".to_owned(),
            Some(_) | None => lock(&self.token).clone(),
        };
        for (name, value) in &exchange.request_headers {
            let value = value.as_str().unwrap_or_default().replace("Bearer TOKEN", &format!("Bearer {token}"));
            request = request.header(name.as_str(), value);
        }
        let body = self.translated(&exchange.request_text()).replace("=PASSWORD", "=secret");
        let body = body.replace("token=TOKEN", &format!("token={}", lock(&self.token)));
        // A text that the recording masks for its length.
        let too_long = exchange.label.ends_with("too_long_description");
        let body = if too_long { body.replace("TOKEN", &"x".repeat(4001)) } else { body };
        request.body(Bytes::from(body)).expect("a request")
    }

    /// Remembers that these two ids are the same object, unless the recorded one is known.
    pub(crate) fn pair(&self, recorded: &str, ours: &str) {
        lock(&self.ids).entry(recorded.to_owned()).or_insert_with(|| ours.to_owned());
    }

    /// The same, whatever was known.
    pub(crate) fn pair_anew(&self, recorded: &str, ours: &str) {
        lock(&self.ids).insert(recorded.to_owned(), ours.to_owned());
    }

    /// From here on `events?from=` asks for what is new.
    pub(crate) fn note_newest_event(&self) {
        *lock(&self.newest_event) = self.engine.world(|world| world.events.last().map_or(0, |event| event.id));
    }

    /// Gives hosts and VMs the texts that the file shows of them first: they are left from earlier recordings.
    pub(crate) fn dress(&self, file: &str) {
        let mut texts: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
        let (reads, writes): (Vec<_>, Vec<_>) = exchanges_of(file).into_iter().partition(|each| each.method == "GET");
        for exchange in reads.into_iter().chain(writes) {
            visit(&exchange.answer, &mut |object| {
                if let (Some(name), Some(comment)) = (object["name"].as_str(), object["comment"].as_str()) {
                    let detail = object["status_detail"].as_str().filter(|_| object["status"] == "maintenance");
                    let text = || (comment.to_owned(), detail.map(str::to_owned));
                    texts.entry(name.to_owned()).or_insert_with(text);
                }
            });
        }
        self.engine.world(|world| {
            for host in world.hosts.values_mut() {
                let Some((comment, detail)) = texts.get(&host.name) else { continue };
                host.comment.clone_from(comment);
                if host.status == HostStatus::Maintenance {
                    host.status_detail.clone_from(detail);
                }
            }
            for vm in world.vms.values_mut() {
                if let Some((comment, _)) = texts.get(&vm.name) {
                    vm.comment.clone_from(comment);
                }
            }
        });
    }

    /// The text with each recorded id that is known exchanged for ours.
    fn translated(&self, text: &str) -> String {
        let ids = lock(&self.ids);
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(is_hex) {
            out.push_str(&rest[..at]);
            let word = rest[at..].split(|c| !(is_hex(c) || c == '-')).next().unwrap_or_default();
            out.push_str(ids.get(word).map_or(word, String::as_str));
            rest = &rest[at + word.len()..];
        }
        out.push_str(rest);
        out
    }

    /// Recorded ids are known by the names that recorded answers show beside them.
    fn learn_names(&self) {
        let ours = self.names();
        let mut pairs = Vec::new();
        for exchange in exchanges() {
            visit(&exchange.answer, &mut |object| {
                let (Some(href), Some(id)) = (object["href"].as_str(), object["id"].as_str()) else { return };
                let Some(collection) = href.rsplit('/').nth(1) else { return };
                let ours_iscsi = |target: &&str| target.starts_with("iqn.2016-01.example");
                let iscsi = object["target"].as_str().filter(ours_iscsi).map(|_| "iscsi");
                let Some(name) = object["name"].as_str().or(object["path"].as_str()).or(iscsi) else { return };
                let name = name.trim_start_matches("external-");
                if href.ends_with(&format!("/{collection}/{id}"))
                    && let Some(known) = ours.get(&(collection.to_owned(), name.to_owned()))
                {
                    pairs.push((id.to_owned(), known.clone()));
                }
            });
        }
        let mut ids = lock(&self.ids);
        // Rows that recordings make for themselves are met again by their answers.
        let first: BTreeMap<String, String> = pairs.into_iter().rev().collect();
        ids.extend(first);
    }

    /// Ids of this engine's objects by collection and name; connections by their path, or `iscsi`.
    fn names(&self) -> BTreeMap<(String, String), String> {
        self.engine.world(|world| {
            let mut names = BTreeMap::new();
            let mut put = |collection: &str, name: &str, id: String| {
                names.insert((collection.to_owned(), name.to_owned()), id);
            };
            world.hosts.values().for_each(|row| put("hosts", &row.name, row.id.to_string()));
            world.vms.values().for_each(|row| put("vms", &row.name, row.id.to_string()));
            world.domains.values().for_each(|row| put("storagedomains", &row.name, row.id.to_string()));
            world.clusters.values().for_each(|row| put("clusters", &row.name, row.id.to_string()));
            world.data_centers.values().for_each(|row| put("datacenters", &row.name, row.id.to_string()));
            world.tags.values().for_each(|row| put("tags", &row.name, row.id.to_string()));
            for row in world.connections.values() {
                match &row.target {
                    Target::Mount { address: _, path } => put("storageconnections", path, row.id.to_string()),
                    Target::Portal { address: _, port: _, target: _ } => {
                        put("storageconnections", "iscsi", row.id.to_string());
                    }
                }
            }
            names
        })
    }
}

/// An answer of the simulated engine in the recording's terms.
pub(crate) fn got(served: Served) -> Got {
    let response = match served {
        Served::Response(response) | Served::Cut(response) => response,
        Served::Refused | Served::Reset => return Got { status: 0, content_type: String::new(), body: Value::Null },
    };
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let body = match serde_json::from_str(&text) {
        Ok(json) => json,
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => Value::String(text),
    };
    Got { status: response.status().as_u16(), content_type: content_type.unwrap_or_default().to_owned(), body }
}

fn visit(tree: &Value, each: &mut impl FnMut(&Value)) {
    match tree {
        Value::Object(members) => {
            each(tree);
            members.values().for_each(|value| visit(value, each));
        }
        Value::Array(elements) => elements.iter().for_each(|value| visit(value, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_hex(c: char) -> bool {
    c.is_ascii_digit() || ('a'..='f').contains(&c)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
