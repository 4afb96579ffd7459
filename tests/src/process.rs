//! Real processes: the built `ovirt-dr`, started as an administrator starts it, in a folder of its own.
//!
//! Time is real here, only faster: simulator and daemon live [`SPEED`] times as fast as the wall clock. Everything is asked for through the
//! program itself: `status` and `watch` over the daemon's socket, `sim do` and `sim show` over the simulator's control door.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use dr_daemon::Report;
use ovirt_client::{Client, EngineUrl, HttpTransport, Trust};
use ovirt_dr::rehearsal::PASSWORD;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How many times as fast as the wall clock everything lives.
pub const SPEED: u32 = 20;
/// The simulator's speed while it finds out by itself that a site is lost, which takes 90 s and more.
const SPEED_OF_LOSS: u32 = 400;
/// Whatever is awaited comes within this time, on a machine that has other things to do as well.
const LIMIT: Duration = Duration::from_secs(60);
/// Pause between two looks at something that gives no sign by itself.
const LOOK: Duration = Duration::from_millis(50);
/// Name of the plan.
pub const PLAN: &str = "erp";

/// The built program. It is built first if it is missing or older than what it is made of.
///
/// # Panics
/// It cannot be built.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // .../target/debug/deps/process-0123456789abcdef
        let test = std::env::current_exe().expect("a test knows its own path");
        let folder = test.ancestors().nth(2).expect("a test lies two folders below those of the profile").to_owned();
        let program = folder.join("ovirt-dr");
        if !is_fresh(&program) {
            let mut cargo = std::process::Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--locked", "--package", "ovirt-dr", "--bin", "ovirt-dr"]);
            if folder.ends_with("release") {
                cargo.arg("--release");
            }
            let built = cargo.current_dir(root()).status().expect("cargo can be started");
            assert!(built.success(), "{} is missing or old, and `cargo build -p ovirt-dr` failed", program.display());
        }
        program
    })
}

/// Whether the program is as new as every source that cargo's `.d` file beside it names.
fn is_fresh(program: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let Ok(sources) = std::fs::read_to_string(program.with_extension("d")) else { return false };
    let built = changed(program);
    let mut sources = sources.split_whitespace().skip(1).map(Path::new);
    program.exists() && sources.all(|source| source.exists() && changed(source) <= built)
}

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// How a command ended and what it said.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Standard output as JSON.
    ///
    /// # Panics
    /// It is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }
}

/// Waits until `look` yields something.
///
/// # Panics
/// It does not within a minute.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let found = tokio::time::timeout(LIMIT, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("not within {LIMIT:?}: {what}"))
}

/// A folder with plan, state and socket; a simulator; and the daemon, which can be killed and started again.
pub struct Rehearsal {
    folder: TempDir,
    sim: Child,
    url: String,
    control: String,
    daemon: Option<Child>,
    log: Arc<Mutex<String>>,
}

impl Rehearsal {
    /// A simulator of the usual world, and the plan `plans/rehearsal.yaml` with its hook, as the pages say; no daemon yet.
    pub async fn new() -> Rehearsal {
        let folder = TempDir::with_prefix("ovirt-dr-test-").expect("a temporary folder");
        let plans = folder.path().join("plans");
        std::fs::create_dir_all(plans.join("hooks")).expect("a folder");
        let (listen, ca) = ("127.0.0.1:0", plans.join("engine-ca.pem"));
        let mut sim = Command::new(program());
        let speed = SPEED.to_string();
        sim.args(["--output", "json", "sim", "--listen", listen, "--control", listen, "--speed", &speed]);
        sim.arg("--write-ca").arg(ca).stdout(Stdio::piped()).kill_on_drop(true);
        let mut sim = sim.spawn().expect("the simulator starts");
        let told = json_of(sim.stdout.as_mut().expect("piped")).await;
        let word = |name: &str| told[name].as_str().expect("a URL").to_owned();
        let (url, control) = (word("url"), word("control").trim_start_matches("http://").to_owned());
        let rehearsal = Rehearsal { folder, sim, url, control, daemon: None, log: Arc::default() };
        let port = |address: &str| address.rsplit(':').next().unwrap_or_default().trim_end_matches('/').to_owned();
        let engine_port = port(rehearsal.url.trim_end_matches("/ovirt-engine/api"));
        let plan = sample("plans/rehearsal.yaml").replace("localhost:8443", &format!("localhost:{engine_port}"));
        rehearsal.write_plan(&plan);
        let hook =
            sample("plans/hooks/promote-simulated").replace("port=8444", &format!("port={}", port(&rehearsal.control)));
        let path = plans.join("hooks/promote-simulated");
        std::fs::write(&path, hook).expect("a hook");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
        rehearsal
    }

    /// The same in calm times: the daemon has adopted the plan and has seen every probed address answer.
    pub async fn calm() -> Rehearsal {
        let mut rehearsal = Rehearsal::new().await;
        rehearsal.start_daemon().await;
        // Two ports of six hosts, two gateways, one witness.
        until("every probe answers", async || {
            let history = rehearsal.ovirt_dr(&["history", PLAN, "--output", "json"]).await;
            let answered = |entry: &&Value| entry["entry"] == "probe_answered";
            let entries = history.code.filter(|code| *code == 0).map(|_| history.json())?;
            (entries["entries"].as_array()?.iter().filter(answered).count() >= 15).then_some(())
        })
        .await;
        rehearsal.report_is("converged", |report| report.converged).await;
        rehearsal
    }

    /// Where everything is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The plan's file.
    pub fn plan(&self) -> PathBuf {
        self.path("plans").join(format!("{PLAN}.yaml"))
    }

    /// The plan's text.
    pub fn plan_text(&self) -> String {
        std::fs::read_to_string(self.plan()).expect("a plan")
    }

    /// Writes the plan as an editor does: a new file in place of the old one.
    pub fn write_plan(&self, text: &str) {
        let new = self.path("plans").join(".new");
        std::fs::write(&new, text).expect("a file");
        std::fs::rename(new, self.plan()).expect("a plan");
    }

    /// Runs a command to its end.
    pub async fn ovirt_dr(&self, words: &[&str]) -> Ended {
        let output = self.command(words).output();
        let output = tokio::time::timeout(LIMIT, output).await.unwrap_or_else(|_| panic!("no end: {words:?}"));
        let output = output.expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(words).env("OVIRT_DR_SOCKET", self.path("s.sock")).env("OVIRT_DR_PASSWORD", PASSWORD);
        command.env_remove("SUDO_USER").stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// The daemon's command line.
    pub fn daemon_words(&self) -> Vec<String> {
        let path = |name: &str| self.path(name).display().to_string();
        let (plans, state, via) = (path("plans"), path("state.db"), format!("http://{}", self.control));
        let words = ["daemon", "--plans", &plans, "--state", &state, "--log", "text", "--probe-via", &via, "--speed"];
        words.into_iter().map(str::to_owned).chain([SPEED.to_string()]).collect()
    }

    /// Starts the daemon, and waits until it answers on its socket.
    pub async fn start_daemon(&mut self) {
        self.start_daemon_with(PLAN).await;
    }

    /// The same while the plan's file has this name.
    pub async fn start_daemon_with(&mut self, plan: &str) {
        let words = self.daemon_words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut daemon = self.command(&words).stderr(Stdio::piped()).spawn().expect("the daemon starts");
        let log = Arc::clone(&self.log);
        let mut lines = BufReader::new(daemon.stderr.take().expect("piped")).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
            }
        });
        self.daemon = Some(daemon);
        until("the plan is watched", async || self.report_of(plan).await).await;
    }

    /// `kill -9`.
    pub async fn kill_9(&mut self) {
        let mut daemon = self.daemon.take().expect("a running daemon");
        daemon.kill().await.expect("the daemon can be killed");
        self.note("kill -9");
    }

    /// SIGTERM; yields the daemon's exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        let mut daemon = self.daemon.take().expect("a running daemon");
        let pid = daemon.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).expect("it runs");
        kill_process(pid, Signal::TERM).expect("the daemon can be told");
        let ended = tokio::time::timeout(LIMIT, daemon.wait()).await.expect("the daemon ends");
        ended.expect("an end").code()
    }

    /// The number of the daemon's process.
    pub fn daemon_id(&self) -> u32 {
        self.daemon.as_ref().and_then(Child::id).expect("a running daemon")
    }

    /// What the daemons wrote so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, text: &str) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push_str(&format!("-- {text}\n"));
    }

    /// The plan's report, if the daemon answers.
    pub async fn report(&self) -> Option<Report> {
        self.report_of(PLAN).await
    }

    /// The report of a plan of this name, if the daemon has one.
    pub async fn report_of(&self, plan: &str) -> Option<Report> {
        let status = self.ovirt_dr(&["status", plan, "--output", "json"]).await;
        (status.code == Some(0)).then(|| serde_json::from_str(&status.stdout).expect("a report"))
    }

    /// Polls the report until it is as wanted.
    pub async fn report_is(&self, what: &str, wanted: impl Fn(&Report) -> bool) -> Report {
        let found = async {
            loop {
                if let Some(report) = self.report().await.filter(|report| wanted(report)) {
                    return report;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let found = tokio::time::timeout(LIMIT, found).await;
        found.unwrap_or_else(|_| panic!("the report is not {what} within {LIMIT:?}\n{}", self.log()))
    }

    /// Follows the plan: every report as the daemon publishes it.
    pub fn follow(&self) -> Follower {
        let mut child = self.command(&["watch", PLAN, "--output", "json"]);
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Follower { _child: child, lines, seen: Vec::new() }
    }

    /// An order to the simulator.
    pub async fn order(&self, order: &str) {
        self.note(order);
        let ended = self.ovirt_dr(&["sim", "do", order, "--control", &self.control]).await;
        assert_eq!(ended.code, Some(0), "{order}: {ended:?}");
    }

    /// What the simulator shows: `state`, `violations`, `mutations`.
    pub async fn show(&self, what: &str) -> Value {
        self.ovirt_dr(&["sim", "show", what, "--control", &self.control]).await.json()
    }

    /// The active site is lost, and the engine has seen it.
    pub async fn lose(&self, site: &str) {
        self.order(&format!("lose-site {site}")).await;
        self.order(&format!("speed {SPEED_OF_LOSS}")).await;
        until("the engine sees the loss", async || {
            let state = self.show("state").await;
            let mut hosts = state["hosts"].as_array()?.iter().filter(|host| host["site"] == site);
            hosts.all(|host| host["status"] == "non_responsive").then_some(())
        })
        .await;
        self.order(&format!("speed {SPEED}")).await;
    }

    /// The plan's line `active_site` is edited.
    pub fn flip(&self, from: &str, to: &str) {
        let text = self.plan_text();
        let flipped = text.replacen(&format!("active_site: {from}"), &format!("active_site: {to}"), 1);
        assert_ne!(text, flipped, "the plan's site is {from}");
        self.note(&format!("active_site: {to}"));
        self.write_plan(&flipped);
    }

    /// The engine's API with the right CA, as another client.
    ///
    /// # Panics
    /// The simulator's CA or URL are unusable.
    pub fn api(&self) -> Client {
        let pem = std::fs::read(self.path("plans/engine-ca.pem")).expect("a CA");
        let transport = HttpTransport::new(&Trust::CaPem(pem)).expect("a usable CA");
        let url = EngineUrl::parse(&self.url).expect("a URL");
        Client::new(url, "admin@internal", PASSWORD.to_owned().into(), transport)
    }

    /// The URL of the engine's API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the simulator still runs.
    pub fn sim_runs(&mut self) -> bool {
        matches!(self.sim.try_wait(), Ok(None))
    }
}

/// Reports as they are published.
pub struct Follower {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
}

impl Follower {
    /// Reads on until a report is as wanted; a daemon that is gone meanwhile is waited for.
    ///
    /// # Panics
    /// There is none within a minute; says which phases were seen.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Report) -> bool) -> Report {
        let found = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                let told: Value = serde_json::from_str(&line).expect("JSON a line");
                let Some(report) = told.get("report") else { continue };
                let report: Report = serde_json::from_value(report.clone()).expect("a report");
                let phase = report.phase.to_string();
                if self.seen.last() != Some(&phase) {
                    self.seen.push(phase);
                }
                if wanted(&report) {
                    return Some(report);
                }
            }
            None
        };
        let found = tokio::time::timeout(LIMIT, found).await.ok().flatten();
        found.unwrap_or_else(|| panic!("no report was {what}; phases seen: {}", self.seen.join(", ")))
    }
}

/// A file of the repository.
fn sample(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Reads until there is a whole JSON document.
async fn json_of(from: &mut (impl AsyncRead + Unpin)) -> Value {
    let mut text = Vec::new();
    loop {
        let mut piece = [0; 1024];
        let length = from.read(&mut piece).await.expect("its output can be read");
        assert_ne!(length, 0, "the simulator ended at once");
        text.extend_from_slice(&piece[..length]);
        if let Ok(value) = serde_json::from_slice(&text) {
            return value;
        }
    }
}
