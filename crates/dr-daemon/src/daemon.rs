//! The daemon: a loop for each plan of the folder, the socket, one state database.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dr_core::Time;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::connect::Door;
use crate::folder::{FolderError, PlanFolder};
use crate::hook::ProcessHooks;
use crate::keeper::Keeper;
use crate::plan_loop::Ports;
use crate::ports::{Journal, JournalError, Prober};
use crate::report::{PlanHandle, Report};
use crate::settings::Settings;
use crate::socket::{Plans, Socket, SocketError};
use crate::store::Store;
use crate::twins::Twins;

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
        // Whoever cannot read the state starts nothing.
        ports.journal.plans().await?;
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
        let keeper = Keeper::new(folder, ports, plans.clone());
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
