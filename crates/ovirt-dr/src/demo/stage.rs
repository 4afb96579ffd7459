//! The stage: world, engine over TLS on a loopback, plan folder, state database, daemon.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dr_core::{Said, Time};
use dr_daemon::{Clock, Daemon, Door, PlanHandle, Ports, Report, Store};
use engine_sim::world::{HostStatus, SshManner, VmStatus, World, WorldSpec};
use engine_sim::{Engine, Server, Settings};

use super::view::{Promise, View};
use super::{Fault, Options, SITES};
use crate::rehearsal::{PASSWORD, PlanOptions, SimHooks, SimProber, plan_for, two_sites_and_a_witness};

/// Name of the plan.
const PLAN: &str = "erp";
/// How long the fault `lock` holds the fence lock, in engine time: as long as the engine's own treatment of a mute SSH port.
const LOCK: Duration = Duration::from_secs(121);

/// Everything that plays.
pub(super) struct Stage {
    pub(super) url: String,
    pub(super) plan: PathBuf,
    pub(super) handle: PlanHandle,
    engine: Engine,
    server: Server,
    daemon: Daemon,
    clock: Clock,
    dir: PathBuf,
    // Removes the folder at the end, unless it was named or is to be kept.
    temporary: Option<tempfile::TempDir>,
}

impl Stage {
    /// Sets the stage: after this the daemon runs and reads its plan.
    pub(super) async fn set(options: &Options) -> Result<Stage, String> {
        let (dir, temporary) = folder(options)?;
        let spec = world(options);
        let made = World::new(&spec)?;
        let engine = Engine::new(made, Settings { speed: options.speed, seed: options.seed, ..Settings::default() });
        let server =
            Server::start(engine.clone(), ([127, 0, 0, 1], 0).into(), "localhost").await.map_err(|e| e.to_string())?;
        let url = format!("https://localhost:{}/ovirt-engine/api", server.addr().port());
        let plans = dir.join("plans");
        write_plan(&plans, &spec, &url, server.ca_pem()).map_err(|error| format!("{}: {error}", plans.display()))?;

        let clock = Clock::real_at(options.speed);
        let journal = Store::open(&dir.join("state.sqlite3")).await.map_err(|error| error.to_string())?;
        let ports = Ports {
            clock: clock.clone(),
            journal: Arc::new(journal),
            prober: Arc::new(SimProber(engine.clone())),
            hooks: Arc::new(SimHooks(engine.clone())),
            door: Door::Https,
            twins: dr_daemon::Twins::default(),
        };
        let socket = options.keep.then(|| dir.join("control.sock"));
        let daemon = Daemon::start(&plans, socket.as_deref(), ports).await.map_err(|error| error.to_string())?;
        let handle = daemon.plan(PLAN).await.ok_or_else(|| format!("the daemon does not watch {}", plans.display()))?;
        let plan = plans.join(format!("{PLAN}.yaml"));
        Ok(Stage { url, plan, handle, engine, server, daemon, clock, dir, temporary })
    }

    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(super) fn report(&self) -> Report {
        self.handle.report.borrow().clone()
    }

    /// A duration of engine time on tokio's clock.
    pub(super) fn in_tokio_time(&self, duration: Duration) -> Duration {
        self.clock.in_tokio_time(duration)
    }

    /// Lets engine time pass.
    pub(super) async fn pass(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// Waits until the report is as wanted.
    pub(super) async fn until(&self, limit: Duration, wanted: impl Fn(&Report) -> bool) -> Result<(), String> {
        let mut reports = self.handle.report.clone();
        let waited = tokio::time::timeout(self.in_tokio_time(limit), reports.wait_for(wanted)).await;
        match waited {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("the plan's loop ended".to_owned()),
            Err(_) => Err(format!("not within {} of engine time: {:#?}", Said(limit), self.report())),
        }
    }

    /// Cuts the power of the active site.
    pub(super) fn lose(&self, fault: Option<Fault>) -> Result<(), String> {
        self.engine.world(|world| {
            world.lose_site(SITES[0])?;
            if fault == Some(Fault::Lock) {
                let host = world.host_named(&format!("{}-h1", SITES[0])).ok_or("no host")?.id;
                // Longer than the engine takes to see the loss, so that it is still held when the confirmation comes.
                world.hold_fence_lock(host, u64::try_from((LOCK * 2).as_millis()).unwrap_or(u64::MAX));
            }
            Ok(())
        })
    }

    /// Waits until the engine itself sees every host of the lost site `non_responsive`.
    pub(super) async fn lost_is_seen(&self, limit: Duration) -> Result<(), String> {
        let lost = || {
            self.engine.world(|world| {
                let mut hosts = world.hosts.values().filter(|host| host.site == SITES[0]);
                hosts.all(|host| host.status == HostStatus::NonResponsive)
            })
        };
        let deadline = self.now().plus(limit);
        while !lost() {
            if self.now() > deadline {
                return Err("the engine does not see the loss".to_owned());
            }
            self.pass(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    /// Flips `active_site` as an operator's editor does: a new file in place of the old one.
    pub(super) fn flip(&self, site: &str) -> Result<(), String> {
        let edit = || -> std::io::Result<()> {
            let text = fs::read_to_string(&self.plan)?;
            let flipped = text.replacen(&format!("active_site: {}", SITES[0]), &format!("active_site: {site}"), 1);
            let new = self.plan.with_extension("yaml.new");
            fs::write(&new, flipped)?;
            fs::rename(&new, &self.plan)
        };
        edit().map_err(|error| format!("{}: {error}", self.plan.display()))
    }

    /// Lets the chosen thing go wrong when its moment has come; true once it did.
    pub(super) async fn go_wrong(&self, fault: Option<Fault>, report: &Report) -> Result<bool, String> {
        let Some(fault) = fault else { return Ok(false) };
        match fault {
            Fault::Lock => Ok(false),
            Fault::Restart => {
                let middle = report.phase == dr_core::Phase::Activating && report.progress.hosts_confirmed.0 > 0;
                if middle {
                    self.engine.restart();
                }
                Ok(middle)
            }
            Fault::Return => {
                let refused = !report.refusals.is_empty();
                if refused {
                    self.pass(Duration::from_secs(60)).await;
                    self.answers_on_ssh(false)?;
                }
                Ok(refused)
            }
        }
    }

    /// Lets the SSH port of a lost host answer although nothing else there does, or fall silent.
    pub(super) fn answers_on_ssh(&self, answers: bool) -> Result<(), String> {
        let manner = if answers { SshManner::Mute } else { SshManner::AsLink };
        self.engine.world(|world| {
            let host = world.host_named(&format!("{}-h2", SITES[0])).ok_or("no host")?.id;
            world.set_host_ssh(host, manner);
            Ok(())
        })
    }

    /// Mutating requests so far.
    pub(super) fn mutations(&self) -> usize {
        self.engine.mutations().len()
    }

    /// What was promised and what was seen.
    pub(super) fn proof(&self, closed: &Report, late_mutations: usize, passes: u64) -> Vec<Promise> {
        let (up, of) = self.engine.world(|world| {
            let at = |vm: &engine_sim::world::Vm| {
                let host = vm.host.and_then(|id| world.hosts.get(&id));
                vm.status == VmStatus::Up && host.is_some_and(|host| host.site == SITES[1])
            };
            (world.vms.values().filter(|vm| at(vm)).count(), world.vms.len())
        });
        let parked = self.engine.world(|world| {
            let mut lost = world.hosts.values().filter(|host| host.site == SITES[0]);
            lost.all(|host| host.status == HostStatus::Maintenance)
        });
        let violations = self.engine.violations();
        let exceptions = closed.last_closed.as_ref().map(|closed| closed.exceptions.clone()).unwrap_or_default();
        let report = self.report();
        let mut promises = vec![
            Promise { text: format!("{up} of {of} VMs up at {}", SITES[1]), holds: up == of },
            Promise { text: format!("every host of {} parked in maintenance", SITES[0]), holds: parked },
            Promise { text: format!("{} owed", report.owed.len()), holds: report.owed.is_empty() },
            Promise { text: format!("{} exceptions", exceptions.len()), holds: exceptions.is_empty() },
            Promise {
                text: format!("{} violations seen by the simulated engine", violations.len()),
                holds: violations.is_empty(),
            },
            Promise {
                text: format!("{late_mutations} mutating calls in the next {passes} passes"),
                holds: late_mutations == 0,
            },
        ];
        promises.extend(violations.iter().map(|violation| Promise { text: violation.text.clone(), holds: false }));
        promises.extend(exceptions.into_iter().map(|text| Promise { text, holds: false }));
        promises
    }

    /// Leaves everything running until interrupted, and says how to look at it.
    pub(super) async fn keep(&self, view: &View) {
        let socket = self.dir.join("control.sock");
        view.heading("Everything keeps running; Ctrl-C ends it");
        view.say(&format!("ovirt-dr --socket {} status", socket.display()));
        view.say(&format!("ovirt-dr --socket {} history {PLAN}", socket.display()));
        view.say(&format!("the plan: {}   the engine: {} (admin@internal, {PASSWORD})", self.plan.display(), self.url));
        // An error here means that the signal cannot be waited for: then there is nothing to keep running for.
        let _ = tokio::signal::ctrl_c().await;
    }

    /// Ends daemon and engine.
    pub(super) async fn end(self) {
        self.daemon.stop().await;
        self.server.shutdown();
        drop(self.temporary);
    }
}

fn world(options: &Options) -> WorldSpec {
    let mut spec = two_sites_and_a_witness(SITES, usize::from(options.hosts), usize::from(options.vms), options.seed);
    let last = spec.vms.len().min(5);
    for (index, vm) in spec.vms.iter_mut().enumerate() {
        vm.ha = index < 5;
        vm.lease = (index + 1 == last).then(|| "data-nfs".to_owned());
        vm.priority = 50;
    }
    spec
}

fn folder(options: &Options) -> Result<(PathBuf, Option<tempfile::TempDir>), String> {
    if let Some(dir) = &options.dir {
        fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        if dir.join("state.sqlite3").exists() {
            return Err(format!("{} holds the state of an earlier run; name a new folder, or empty it", dir.display()));
        }
        return Ok((dir.clone(), None));
    }
    let made = tempfile::Builder::new().prefix("ovirt-dr-demo-").tempdir().map_err(|error| error.to_string())?;
    Ok((made.path().to_owned(), Some(made)))
}

fn write_plan(plans: &std::path::Path, spec: &WorldSpec, url: &str, ca_pem: &str) -> std::io::Result<()> {
    fs::create_dir_all(plans.join("hooks"))?;
    fs::write(plans.join("engine-ca.pem"), ca_pem)?;
    let secret = plans.join("engine.password");
    let mut file = fs::File::create(&secret)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    writeln!(file, "{PASSWORD}")?;
    for site in SITES {
        let hook = plans.join("hooks").join(format!("promote-{site}"));
        fs::write(
            &hook,
            "#!/bin/sh\n# In the demonstration the simulated array promotes itself; a real hook speaks to a real array here.\nexit 0\n",
        )?;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755))?;
    }
    let plan = plan_for(
        spec,
        PlanOptions {
            url,
            ca_file: Some("engine-ca.pem"),
            password: "file: engine.password",
            active: SITES[0],
            hooks: true,
            gateways: true,
            extra: "",
        },
    );
    fs::write(plans.join(format!("{PLAN}.yaml")), plan)
}
