//! The daemon: a loop for each plan of the folder, the socket, one state database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dr_core::{Memory, Time};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::connect::Door;
use crate::folder::{FolderError, PlanFolder};
use crate::hook::ProcessHooks;
use crate::plan_file::OnDisk;
use crate::plan_loop::{PlanLoop, Ports};
use crate::ports::{Journal, JournalError, Prober};
use crate::report::{PlanHandle, Report};
use crate::settings::Settings;
use crate::socket::{Plans, Socket, SocketError};
use crate::store::Store;
use crate::twins::Twins;

/// Even without a sign from the folder it is looked at this often: some file systems give none.
const SLOW_REREAD: Duration = Duration::from_secs(30);
/// A plan that was just written appears within this time.
const PLAN_APPEARS: Duration = Duration::from_secs(10);

/// Pause between two signs of life for systemd's watchdog.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// A running daemon.
pub struct Daemon {
    plans: Plans,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    looked: Arc<Notify>,
}

/// Why the daemon could not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The state database.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The control socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The plan folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl Daemon {
    /// Watches the plans of `folder` and answers on `socket`, until stopped.
    ///
    /// # Errors
    /// The state database cannot be read, the folder cannot be watched, or the socket cannot be opened. Nothing was sent to any engine.
    pub async fn start(folder: &Path, socket: Option<&Path>, ports: Ports) -> Result<Daemon, DaemonError> {
        let stop = CancellationToken::new();
        let plans = Plans::default();
        let looked = Arc::new(Notify::new());
        let debtors = debtors(&ports).await?;
        let watched = PlanFolder::watch(folder)?;
        let mut tasks = Vec::new();
        if let Some(path) = socket {
            let socket = Socket::open(path).await?;
            let (plans, journal, stop) = (plans.clone(), Arc::clone(&ports.journal), stop.clone());
            tasks.push(tokio::spawn(async move {
                if let Err(error) = socket.serve(plans, journal, stop).await {
                    tracing::error!("the control socket has closed: {error}");
                }
            }));
        }
        let keeper = Keeper { folder: folder.to_owned(), ports, plans: plans.clone(), loops: BTreeMap::new(), debtors };
        tasks.push(tokio::spawn(keeper.keep(watched, stop.clone(), Arc::clone(&looked))));
        Ok(Daemon { plans, stop, tasks, looked })
    }

    /// The plans that are watched.
    pub fn plans(&self) -> Plans {
        self.plans.clone()
    }

    /// The plan of this name, once the folder was read; none if it does not appear.
    pub async fn plan(&self, name: &str) -> Option<PlanHandle> {
        let appears = async {
            loop {
                if let Some(handle) = self.plans.get(name) {
                    return handle;
                }
                self.looked.notified().await;
            }
        };
        tokio::time::timeout(PLAN_APPEARS, appears).await.ok()
    }

    /// Stops everything. Steps under way are left to the journal: the next start looks at them again.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            // A task that panicked has said so already.
            let _ = task.await;
        }
    }
}

/// Why the daemon ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It could not start.
    #[error(transparent)]
    Start(#[from] DaemonError),
    /// Signals cannot be received.
    #[error("signals cannot be received: {0}")]
    Signals(std::io::Error),
}

/// Runs the daemon until SIGTERM or SIGINT. Tells systemd when it is ready and when it stops. `clock` is the real one but for rehearsals.
///
/// # Errors
/// It could not start; nothing was sent to any engine then.
pub async fn run(settings: &Settings, prober: Arc<dyn Prober>, clock: Clock) -> Result<(), RunError> {
    let journal = Arc::new(Store::open(&settings.state).await.map_err(DaemonError::from)?);
    let clock = clock.not_before(newest(journal.as_ref()).await.map_err(DaemonError::from)?);
    let ports = Ports {
        clock,
        journal: Arc::clone(&journal) as Arc<dyn Journal>,
        prober,
        hooks: Arc::new(ProcessHooks),
        door: Door::Https,
        twins: Twins::default(),
    };
    // A limit on the size of files is a disk that is full: an error of the write, said and waited out, and no reason to die.
    let _oversize = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map_err(RunError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signals)?;
    let daemon = Daemon::start(&settings.plans, Some(&settings.socket), ports).await?;
    tracing::info!("watching {}, answering on {}", settings.plans.display(), settings.socket.display());
    tell_systemd(&[sd_notify::NotifyState::Ready]);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stay_alive(daemon.plans()) => {}
    }
    tell_systemd(&[sd_notify::NotifyState::Stopping]);
    daemon.stop().await;
    journal.close().await;
    Ok(())
}

/// Pets systemd's watchdog and keeps its STATUS= line, as long as this process schedules anything at all.
async fn stay_alive(plans: Plans) {
    loop {
        let said: Vec<String> = plans.list().iter().map(|plan| status_line(&plan.report.borrow())).collect();
        let status = said.join("; ");
        tell_systemd(&[sd_notify::NotifyState::Watchdog, sd_notify::NotifyState::Status(&status)]);
        tokio::time::sleep(SIGN_OF_LIFE).await;
    }
}

fn status_line(report: &Report) -> String {
    let site = report.accepted_site.as_deref().unwrap_or("not accepted yet");
    match &report.transition {
        Some(open) => format!("{}: {} to {}, {}", report.plan, open.from, open.to, report.phase),
        None => format!("{}: {site}", report.plan),
    }
}

fn tell_systemd(states: &[sd_notify::NotifyState<'_>]) {
    // Not run by systemd: nobody to tell.
    let _ = sd_notify::notify(states);
}

/// The newest time in the journal.
async fn newest(journal: &dyn Journal) -> Result<Time, JournalError> {
    let mut newest = Time(0);
    for name in journal.plans().await? {
        // An entry that cannot be read is said by its plan's loop.
        let last = journal.history(&name, None, 1).await.unwrap_or_default();
        newest = newest.max(last.last().map_or(Time(0), |stamped| stamped.at));
    }
    Ok(newest)
}

/// Plans with an open transition or debts, whose file must not be missed in silence.
async fn debtors(ports: &Ports) -> Result<Vec<String>, JournalError> {
    let mut debtors = Vec::new();
    for name in ports.journal.plans().await? {
        let stamped = match ports.journal.read(&name).await {
            Ok(stamped) => stamped,
            Err(error) => {
                // One plan's journal must not stand in the way of the others; its loop, if it has a file, says the same and does nothing.
                tracing::error!("{name}: {error}");
                continue;
            }
        };
        let memory = Memory::fold(stamped.iter().map(|one| (one.at, &one.entry)));
        if memory.transition.is_some() || !memory.owed.is_empty() {
            debtors.push(name);
        }
    }
    Ok(debtors)
}

/// Keeps a loop for every plan of the folder.
struct Keeper {
    folder: PathBuf,
    ports: Ports,
    plans: Plans,
    loops: BTreeMap<String, Running>,
    debtors: Vec<String>,
}

struct Running {
    wake: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Keeper {
    async fn keep(mut self, mut watched: PlanFolder, stop: CancellationToken, looked: Arc<Notify>) {
        loop {
            self.look(&watched);
            looked.notify_waiters();
            looked.notify_one();
            tokio::select! {
                () = stop.cancelled() => break,
                () = watched.changed() => {}
                () = tokio::time::sleep(SLOW_REREAD) => {}
            }
        }
        for running in self.loops.into_values() {
            running.task.abort();
        }
    }

    /// Starts loops for new plans, wakes the others: each rereads its own file.
    fn look(&mut self, watched: &PlanFolder) {
        let found = watched.scan();
        for plan in &found {
            match self.loops.get(&plan.name) {
                Some(running) if !running.task.is_finished() => running.wake.notify_one(),
                Some(_) | None => self.start(&plan.name, plan.path.clone()),
            }
        }
        // A debt without its plan alarms once for each time that something in the folder changes, and again at each slow look.
        for name in self.debtors.iter().filter(|name| !found.iter().any(|plan| plan.name == **name)) {
            tracing::error!(
                "{name}: its plan file is gone or renamed, but a transition is open or something is owed. Put {name}.yaml back into {}",
                self.folder.display()
            );
        }
    }

    fn start(&mut self, name: &str, path: PathBuf) {
        let wake = Arc::new(Notify::new());
        let file = Arc::new(OnDisk::new(path));
        let (plan_loop, handle) = PlanLoop::new(name, self.folder.clone(), file, self.ports.clone(), Arc::clone(&wake));
        let task = tokio::spawn(plan_loop.run());
        self.plans.insert(handle);
        self.loops.insert(name.to_owned(), Running { wake, task });
    }
}
