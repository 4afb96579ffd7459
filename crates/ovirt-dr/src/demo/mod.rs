//! The demonstration: a simulated engine, a plan, the daemon; a site is lost, the plan is flipped, and proof is shown.

mod stage;
mod timeline;
mod view;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use dr_daemon::Report;

use stage::Stage;
use timeline::Timeline;
use view::View;

/// The site that is lost, and the one that takes over.
const SITES: [&str; 2] = ["madrid", "seville"];
/// Passes without a mutating call that prove that it stays.
const QUIET_PASSES: u64 = 20;
/// The engine may need this long to see that a site is gone; its own floor is 90 s.
const LOSS_IS_SEEN: Duration = Duration::from_secs(300);
/// A failover that takes longer has failed.
const FAILOVER_ENDS: Duration = Duration::from_secs(3600);

/// What the demonstration shows.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How many times faster than the wall clock the engine and the daemon live; 1 is real time
    #[arg(long, default_value_t = 20.0, value_name = "X")]
    pub speed: f64,
    /// Hosts at each of the two sites
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub hosts: u16,
    /// Virtual machines; five of them are highly available, one has a lease
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4000))]
    pub vms: u16,
    /// Decides every duration of the simulated engine
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Something that goes wrong on the way
    #[arg(long, value_enum, value_name = "WHAT")]
    pub fault: Option<Fault>,
    /// Leave everything running at the end and say how to look at it
    #[arg(long)]
    pub keep: bool,
    /// Folder for plan, keys and state; a new one under the system's temporary folder without it
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Something that goes wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// The engine holds the fence lock of a lost host for two minutes
    Lock,
    /// The engine restarts in the middle
    Restart,
    /// A lost host answers again before it is confirmed: refused, until it falls silent
    Return,
}

/// Runs the demonstration. Exit code 0 if everything that it promises was seen, else 1.
pub async fn run(options: Options) -> ExitCode {
    let view = View::new(io::stdout().is_terminal());
    match play(&options, &view).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            view.problem(&error);
            ExitCode::FAILURE
        }
    }
}

async fn play(options: &Options, view: &View) -> Result<(), String> {
    if !options.speed.is_finite() || options.speed < 0.1 || options.speed > 200.0 {
        return Err(format!("--speed {} is not sensible; choose between 0.1 and 200", options.speed));
    }
    let stage = Stage::set(options).await?;
    view.follow(&stage.handle, options.speed);
    view.say(&format!(
        "A simulated engine at {} with {} + {} hosts and {} VMs; time runs {} times faster than on the wall.",
        stage.url, options.hosts, options.hosts, options.vms, options.speed
    ));
    view.say(&format!("The plan is {}; read it, it is what an administrator writes.", stage.plan.display()));
    view.heading("Calm");
    stage.until(LOSS_IS_SEEN, |report| report.converged && report.passes >= 3).await?;
    // A few rounds of probes in calm times: only what was seen answering counts as silent later.
    stage.pass(Duration::from_secs(30)).await;

    view.heading("madrid loses power");
    stage.lose(options.fault)?;
    stage.lost_is_seen(LOSS_IS_SEEN).await?;
    if options.fault == Some(Fault::Return) {
        stage.answers_on_ssh(true)?;
        stage.pass(Duration::from_secs(15)).await;
    }

    view.heading("An operator edits one line of the plan");
    let mut timeline = Timeline::begin(&stage, SITES[1]).await?;
    stage.flip(SITES[1])?;
    let closed = fail_over(&stage, options.fault, &mut timeline).await?;

    view.heading("And now nothing changes");
    let before = stage.mutations();
    let passes = stage.report().passes;
    stage.until(LOSS_IS_SEEN * 3, |report| report.passes >= passes + QUIET_PASSES).await?;
    let after = stage.mutations();

    view.heading("Timeline");
    view.lines(&timeline.lines(&closed));
    view.heading("Proof");
    let proof = stage.proof(&closed, after - before, QUIET_PASSES);
    let holds = view.proof(&proof);
    if options.keep && holds {
        stage.keep(view).await;
    }
    stage.end().await;
    if holds { Ok(()) } else { Err("not everything that was promised holds; see above".to_owned()) }
}

/// Waits for the end of the transition, and lets things go wrong on the way.
async fn fail_over(stage: &Stage, fault: Option<Fault>, timeline: &mut Timeline) -> Result<Report, String> {
    let mut reports = stage.handle.report.clone();
    let limit = stage.in_tokio_time(FAILOVER_ENDS);
    let mut fault = fault;
    let mut opened = false;
    let watched = tokio::time::timeout(limit, async {
        loop {
            let report = reports.borrow_and_update().clone();
            timeline.note(stage.now(), &report);
            opened |= report.transition.is_some();
            if opened && report.transition.is_none() {
                return Ok(report);
            }
            if stage.go_wrong(fault, &report).await? {
                fault = None;
            }
            reports.changed().await.map_err(|_| "the plan's loop ended".to_owned())?;
        }
    });
    watched
        .await
        .map_err(|_| format!("the failover did not end within an hour of engine time: {:#?}", stage.report()))?
}
