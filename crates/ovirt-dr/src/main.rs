//! The one binary of ovirt-dr: the daemon, the operators' commands, the simulator and its demonstration.
//!
//! An operator's command asks the daemon over its Unix socket and shows the answer unchanged: texts, reasons and remedies are the daemon's.
//! Entry function: `main`, which ends with an exit code that scripts may rely on.
//!
//! # Architecture invariants
//! - Never decides anything about an engine: what is shown was decided by `dr_core`, asked through the daemon.
//! - Never changes anything without a running daemon: `check` and `preview --offline` only read.
//! - Only `out` writes to standard output and standard error.
//! - Only the words carry meaning; colour repeats them, and is absent off a terminal.
//!
//! Reading order: `cli` (what can be asked), `exit` and `out` (how it ends and is written), `wire` and `client` (the daemon's API),
//! `plans`, `operate`, `status`, `preview`, `history`, `waiting` and `watch` (operators), `backup`, `export` and `state` (the journal itself),
//! `check` and `online` (administrators), `daemon`, `sim` and `probe_via` (rehearsals), `manual`.

mod cli;
mod exit;
mod out;

mod client;
mod wire;

mod history;
mod operate;
mod plans;
mod preview;
mod status;
mod waiting;
mod watch;

mod backup;
mod export;
mod state;

mod check;
mod online;

mod daemon;
mod probe_via;
mod sim;

mod manual;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dr_daemon::Command as Ask;

use crate::cli::{Cli, Command};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::out::Out;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for; whether they can be written matters to nobody any more.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let out = Out::new(cli.output);
    match run(cli, out) {
        Ok(code) => code,
        Err(Failure::ReaderGone) => Exit::Done.into(),
        Err(failure @ Failure::Said(_)) => {
            out.failure(&failure);
            Exit::Failed.into()
        }
        Err(failure @ Failure::Usage(_)) => {
            out.failure(&failure);
            Exit::Usage.into()
        }
    }
}

fn run(cli: Cli, out: Out) -> Result<ExitCode, Failure> {
    let Cli { output: _, socket, command } = cli;
    // The daemon mostly waits. In one thread its memory is reused pass after pass; with several, each keeps room for the largest list.
    let simulates = matches!(command, Command::Demo(_) | Command::Sim(_));
    let mut runtime = if simulates {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::said(format!("the runtime cannot start: {error}")))?;
    runtime.block_on(dispatch(command, socket, out))
}

async fn dispatch(command: Command, socket: Option<PathBuf>, out: Out) -> Result<ExitCode, Failure> {
    let client = Client::at(socket.as_deref());
    let exit = match command {
        Command::Status(asked) => operate::status(&client, asked.plan, out).await,
        Command::Watch(asked) => watch::run(&client, asked.plan, out).await,
        Command::Preview(asked) => match asked.offline {
            Some(file) => check::preview(&file, asked.second.or(asked.first), out),
            None => {
                let (plan, site) = plans::and_site(&client, asked.first, asked.second).await?;
                operate::preview(&client, &plan, site, out).await
            }
        },
        Command::Failover(asked) => operate::failover(&client, asked, out).await,
        Command::Abort(asked) => because(&client, asked, out, |by, reason| Ask::Abort { by, reason }).await,
        Command::AcceptWorld(asked) => because(&client, asked, out, |by, reason| Ask::AcceptWorld { by, reason }).await,
        Command::Repair(asked) => {
            let plan = plans::meant(&client, asked.plan).await?;
            let command = Ask::Repair { apply: asked.apply, by: operate::by(), reason: asked.reason };
            operate::ask(&client, &plan, &command, out).await
        }
        Command::Pause(asked) => because(&client, asked, out, |by, reason| Ask::Pause { by, reason }).await,
        Command::Resume(asked) => {
            let plan = plans::meant(&client, asked.plan).await?;
            operate::ask(&client, &plan, &Ask::Resume { by: operate::by() }, out).await
        }
        Command::Confirm(asked) => {
            let confirmation = operate::confirmation(&asked.what, asked.ignore)?;
            let plan = plans::meant(&client, asked.plan).await?;
            let command = Ask::Confirm { confirmation, by: operate::by(), reason: asked.reason };
            operate::ask(&client, &plan, &command, out).await
        }
        Command::History(asked) if asked.verify => history::verify::run(asked.plan.as_deref(), &asked.state, out).await,
        Command::History(asked) => operate::history(&client, asked, out).await,
        Command::Export(asked) => export::run(asked, out).await,
        Command::Backup(asked) => backup::run(asked, out).await,
        Command::Check(asked) => check::run(asked, out).await,
        Command::Demo(asked) => return Ok(ovirt_dr::demo::run(asked).await),
        Command::Daemon(asked) => daemon::run(asked, socket).await,
        Command::Sim(asked) => sim::run(asked, out).await,
        Command::Completions(asked) => manual::completions(&asked, out),
        Command::Man(asked) => manual::man(asked, out),
    };
    exit.map(ExitCode::from)
}

async fn because(
    client: &Client,
    asked: cli::Because,
    out: Out,
    command: fn(String, String) -> Ask,
) -> Result<Exit, Failure> {
    let plan = plans::meant(client, asked.plan).await?;
    operate::ask(client, &plan, &command(operate::by(), asked.reason), out).await
}
