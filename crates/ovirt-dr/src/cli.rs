//! The command line: every command, its arguments and its help, which teaches by example.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// The disaster switch for oVirt.
///
/// A plan says which hosts and which storage form a site, and which site is active. When a site is lost, `ovirt-dr failover SITE` makes
/// another one active; the daemon proves the loss, repoints the storage, brings the other site up and puts back what it switched off.
#[derive(Debug, Parser)]
#[command(
    name = "ovirt-dr",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
At three in the morning:
  ovirt-dr status                              where everything stands, and what is refused
  ovirt-dr preview erp seville                 what a failover would do, and how long it would take
  ovirt-dr failover erp seville --reason '...' make seville active
  ovirt-dr watch                               follow it

Exit codes: 0 done, 1 error, 64 wrong usage; the commands that have others say so."
)]
pub(crate) struct Cli {
    /// How results are written: for people, or as JSON
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Output::Text)]
    pub(crate) output: Output,
    /// The daemon's socket [default: /run/ovirt-dr/ovirt-dr.sock]
    #[arg(long, global = true, env = "OVIRT_DR_SOCKET", value_name = "PATH", hide_env_values = true)]
    pub(crate) socket: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show where every plan stands: active site, open transition, what it waits for, what it refuses, what is owed
    Status(Status),
    /// Follow a plan: its state and its story as it happens
    Watch(Watch),
    /// Show what a failover would do, step by step, without doing it
    Preview(Preview),
    /// Make a site the active one: opens a failover
    Failover(Failover),
    /// Cancel the open failover, while nothing was promoted or repointed
    #[command(after_help = "\
Examples:
  ovirt-dr abort --reason 'power is back'        where there is one plan only
  ovirt-dr abort erp --reason 'power is back'")]
    Abort(Because),
    /// Take the world as it is, with the plan's `active_site` as the active one; nothing is changed in the engine
    #[command(after_help = "\
Examples:
  ovirt-dr accept-world erp --reason 'failed over by hand before we had ovirt-dr'")]
    AcceptWorld(Because),
    /// Give back power management and fencing that an earlier daemon left switched off, when the journal does not know of it
    Repair(Repair),
    /// Say something that only a person can know, which lifts one refusal
    Confirm(Confirm),
    /// Do nothing until resumed; reading and reporting go on
    #[command(after_help = "\
Examples:
  ovirt-dr pause --reason 'array under repair'   where there is one plan only
  ovirt-dr pause erp --reason 'array under repair'")]
    Pause(Because),
    /// Go on after a pause
    #[command(after_help = "\
Examples:
  ovirt-dr resume                                where there is one plan only
  ovirt-dr resume erp")]
    Resume(OnPlan),
    /// Show what was journalled: who asked for what, what was done and what came of it
    History(History),
    /// Write the whole journal as JSON lines, for other programs
    Export(Export),
    /// Copy the state database while the daemon runs
    Backup(Backup),
    /// Check plan files: syntax, references, files; with --online also against the engine
    Check(Check),
    /// Watch a whole failover, against a simulated engine of its own
    #[command(after_help = "\
Examples:
  ovirt-dr demo
  ovirt-dr demo --speed 1 --hosts 20 --vms 100
  ovirt-dr demo --keep                         leave it running, to look at it with the other commands")]
    Demo(ovirt_dr::demo::Options),
    /// Run the daemon
    Daemon(Daemon),
    /// Run a simulated engine to rehearse with, or break things in it
    Sim(Sim),
    /// Print the completion script of a shell
    Completions(Completions),
    /// Print the manual page, or write all of them into a folder
    Man(Man),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ovirt-dr status
  ovirt-dr status erp
  ovirt-dr status --output json | jq '.plans[] | {plan, phase, converged}'")]
pub(crate) struct Status {
    /// Only this plan
    pub(crate) plan: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
On a terminal the state stays below the story and is kept up to date; elsewhere only the lines of the story are written.

Examples:
  ovirt-dr watch
  ovirt-dr watch erp
  ovirt-dr watch erp --output json             an object a line: {\"line\": ...} or {\"report\": ...}")]
pub(crate) struct Watch {
    /// Only this plan
    pub(crate) plan: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Lines with + bring something up, lines with - take something down, lines with ~ change a setting.
Exit codes: 0 nothing to do, 2 there are changes, 1 it would not arrive, or an error.

Examples:
  ovirt-dr preview                             the only plan, to its other site
  ovirt-dr preview erp seville
  ovirt-dr preview --offline ./erp.yaml        from the file alone, without daemon and engine")]
pub(crate) struct Preview {
    /// The plan; may be left out if there is only one
    #[arg(value_name = "PLAN")]
    pub(crate) first: Option<String>,
    /// The site that would become active; the other one if left out
    #[arg(value_name = "SITE")]
    pub(crate) second: Option<String>,
    /// Read this plan file and say what it means, without daemon and engine
    #[arg(long, value_name = "FILE")]
    pub(crate) offline: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    allow_missing_positional = true,
    after_help = "\
The daemon rewrites the plan's line `active_site` and opens a failover; who asked and why is journalled. It acts only once the \
other site is proven down: until then it says what it waits for or refuses.

Returns once the daemon has accepted. Exit codes with --wait: 0 converged, 3 a person is needed, 4 converged with exceptions, 1 error.

Examples:
  ovirt-dr failover seville --reason 'fire'    where there is one plan only
  ovirt-dr failover erp seville --reason 'fire in madrid'
  ovirt-dr failover erp seville --reason 'drill' --wait"
)]
pub(crate) struct Failover {
    /// The plan; may be left out if there is only one
    pub(crate) plan: Option<String>,
    /// The site that becomes active
    pub(crate) site: String,
    /// Why; kept in the journal
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Follow it and return when it has converged, or when a person is needed
    #[arg(long)]
    pub(crate) wait: bool,
    /// With --wait: how long a refusal may stand before a person is needed. The engine takes 90 s to notice a lost host
    #[arg(long, default_value = "2m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) patience: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct Because {
    /// The plan; may be left out if there is only one
    pub(crate) plan: Option<String>,
    /// Why; kept in the journal
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
For a state database that is new, or older than the engine: what was switched off stands in the engine's tags, with its original. \
Without --apply it is only shown.

Examples:
  ovirt-dr repair erp
  ovirt-dr repair erp --apply --reason 'state database lost with its disk'")]
pub(crate) struct Repair {
    /// The plan; may be left out if there is only one
    pub(crate) plan: Option<String>,
    /// Give it back, and remove the tags
    #[arg(long)]
    pub(crate) apply: bool,
    /// Why; kept in the journal
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct OnPlan {
    /// The plan; may be left out if there is only one
    pub(crate) plan: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    allow_missing_positional = true,
    after_help = "\
WHAT is one of
  flip              the held flip is meant
  site-down         the lost site is down
  promoted          the replica at the new site is writable
  engine            the engine that answers is the one engine alive
  connection:NAME   this connection may be written although somebody else changed it
  HOST              with --ignore PROBE: what answers on that probe is not this host

Examples:
  ovirt-dr confirm erp promoted --reason 'array failed over, ticket 4711'
  ovirt-dr confirm erp site-down --reason 'called the site: no power'
  ovirt-dr confirm erp mad-2 --ignore tcp:22 --reason 'the jump host answers there'
  ovirt-dr confirm flip --reason 'I mean it'   where there is one plan only"
)]
pub(crate) struct Confirm {
    /// The plan; may be left out if there is only one
    pub(crate) plan: Option<String>,
    /// What is confirmed; see below
    pub(crate) what: String,
    /// The probe whose answer is not the host's: tcp:PORT, or ADDRESS:PORT
    #[arg(long, value_name = "PROBE")]
    pub(crate) ignore: Option<String>,
    /// How you know; kept in the journal
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
With --verify the state database is read, not the daemon asked: as root or as the daemon's user, whether the daemon runs or not. Every
entry is to be readable, in its place, as its hash says, and possible after those before it. Exit codes then: 0 sound, 1 findings.

Examples:
  ovirt-dr history erp
  ovirt-dr history erp --limit 50 --all
  ovirt-dr history --verify                    is every entry of every plan as the daemon wrote it?
  ovirt-dr history erp --output json | jq '.entries[] | select(.entry == \"confirmed\")'")]
pub(crate) struct History {
    /// The plan; may be left out if there is only one
    pub(crate) plan: Option<String>,
    /// Only entries after this number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) after: Option<u64>,
    /// At most this many entries: the newest, or the first after --after
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    pub(crate) limit: usize,
    /// Also what was only observed: probes that answered, virtual machines that moved
    #[arg(long)]
    pub(crate) all: bool,
    /// Check every entry of every plan, or of this one, instead of showing them
    #[arg(long, conflicts_with_all = ["after", "limit", "all"])]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) state: StateFile,
}

/// Where the state database is, for commands that read it themselves.
#[derive(Debug, Args)]
pub(crate) struct StateFile {
    /// The state database [default: as the daemon's settings say, /var/lib/ovirt-dr/state.sqlite3]
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// The daemon's settings [default: /etc/ovirt-dr/ovirt-dr.toml, if it is there]
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A line is an object: {\"plan\", \"seq\", \"at\" (milliseconds since 1970), \"hash\", \"entry\": {\"entry\": KIND, ...}}, oldest first over all plans.
Members may be added, none is ever renamed or removed. Reads the state database: as root or as the daemon's user, whether the daemon
runs or not.

Examples:
  ovirt-dr export > journal.jsonl
  ovirt-dr export erp | jq -c 'select(.entry.entry == \"opened\")'")]
pub(crate) struct Export {
    /// Only this plan
    pub(crate) plan: Option<String>,
    #[command(flatten)]
    pub(crate) state: StateFile,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The copy is one moment of the database in one file, readable by its owner only, and checked like `ovirt-dr history --verify` does. An
existing file is refused. Reads the state database: as root or as the daemon's user, whether the daemon runs or not.

To restore it, stop the daemon, remove the database with its -wal and -shm, and put the copy in its place.

Examples:
  ovirt-dr backup /var/backups/ovirt-dr-$(date +%F).sqlite3
  ovirt-dr history --verify --state /var/backups/ovirt-dr-2026-10-01.sqlite3")]
pub(crate) struct Backup {
    /// The copy
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) state: StateFile,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 clean, 2 warnings only, 1 errors.

Examples:
  ovirt-dr check                               every plan in /etc/ovirt-dr
  ovirt-dr check ./erp.yaml
  ovirt-dr check --online --strict erp.yaml    also ask the engine; a warning is an error")]
pub(crate) struct Check {
    /// Plan files, or folders of them
    #[arg(value_name = "FILE|DIR", default_value = "/etc/ovirt-dr")]
    pub(crate) paths: Vec<PathBuf>,
    /// Log in to the engine and compare: names, connections, what would refuse a failover
    #[arg(long)]
    pub(crate) online: bool,
    /// Warnings are errors
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The daemon is usually run by systemd: systemctl enable --now ovirt-dr.

Examples:
  ovirt-dr daemon
  ovirt-dr daemon --plans ./plans --state ./state.db --socket ./ovirt-dr.sock --log text")]
pub(crate) struct Daemon {
    /// The daemon's own settings [default: /etc/ovirt-dr/ovirt-dr.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of the plans [default: /etc/ovirt-dr]
    #[arg(long, value_name = "DIR")]
    pub(crate) plans: Option<PathBuf>,
    /// The state database [default: /var/lib/ovirt-dr/state.sqlite3]
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Where the story goes [default: journald under systemd, else text]
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(crate) log: Option<Log>,
    /// Also write every request to the engine, without secrets
    #[arg(long)]
    pub(crate) debug: bool,
    /// Probe through the control door of `ovirt-dr sim`, whose hosts have no real addresses
    #[arg(long, value_name = "URL", hide = true)]
    pub(crate) probe_via: Option<String>,
    /// How fast the daemon's time passes: the same as that of `ovirt-dr sim --speed`, for rehearsals against it
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, hide = true)]
    pub(crate) speed: f64,
}

/// Where the story goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    /// Lines on standard output.
    Text,
    /// The systemd journal, with structured fields.
    Journald,
}

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Runs until interrupted. Without --world it has two sites, and `plans/rehearsal.yaml` is a plan for them. A world file says which sites, \
hosts, storage and virtual machines there are instead; `plans/worlds` has some, and docs/simulator.md all that can be written.

Examples:
  ovirt-dr sim --write-ca engine-ca.pem
  ovirt-dr sim --hosts 20 --vms 100 --speed 10
  ovirt-dr sim --world plans/worlds/hospital.yaml --write-ca try/engine-ca.pem --write-plan try/hospital.yaml
  ovirt-dr sim do 'lose-site madrid'
  ovirt-dr sim do 'promote seville'            what an array would do"
)]
pub(crate) struct Sim {
    #[command(subcommand)]
    pub(crate) command: Option<SimCommand>,
    #[command(flatten)]
    pub(crate) server: SimServer,
}

#[derive(Debug, Args)]
pub(crate) struct SimServer {
    /// Where the engine's API listens, with TLS; clients call it https://localhost:PORT
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    pub(crate) listen: SocketAddr,
    /// Where the control door listens; loopback only, since it has no login
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8444")]
    pub(crate) control: SocketAddr,
    /// Read the world from this file instead of making one of two sites
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hosts", "vms"])]
    pub(crate) world: Option<PathBuf>,
    /// Hosts at each of the two sites, madrid (active) and seville
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    pub(crate) hosts: usize,
    /// Virtual machines, running at madrid
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    pub(crate) vms: usize,
    /// Decides all durations and ids [default: that of the world file, or 1]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// How fast the engine's time passes
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) speed: f64,
    /// Write the certificate that clients must trust here
    #[arg(long, value_name = "FILE")]
    pub(crate) write_ca: Option<PathBuf>,
    /// Write a plan for this world here, and its promotion hooks into the folder `hooks` beside it
    #[arg(long, value_name = "FILE", requires = "write_ca")]
    pub(crate) write_plan: Option<PathBuf>,
}

/// What can be done with a running simulated engine.
#[derive(Debug, Subcommand)]
pub(crate) enum SimCommand {
    /// Break or mend something in a running simulated engine
    Do(SimDo),
    /// Show a running simulated engine's world as it really is
    Show(SimShow),
}

#[derive(Debug, Args)]
#[command(after_help = "\
An order is a word and what it needs, or the same as JSON.

Examples:
  ovirt-dr sim do 'lose-site madrid'           power cut: hosts, storage and network of the site
  ovirt-dr sim do 'promote seville'            its copies of the storage become writable, the others read-only
  ovirt-dr sim do 'restore-site madrid'
  ovirt-dr sim do 'power-off madrid-h1'
  ovirt-dr sim do 'set-host-link host=madrid-h2 link=refusing'
  ovirt-dr sim do restart-engine
  ovirt-dr sim do 'speed 10'
  ovirt-dr sim do '{\"set_copy_writable\": {\"domain\": \"data-nfs\", \"site\": \"seville\", \"writable\": true}}'")]
pub(crate) struct SimDo {
    /// The order
    #[arg(required = true)]
    pub(crate) order: Vec<String>,
    /// The control door of the simulated engine
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8444")]
    pub(crate) control: SocketAddr,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ovirt-dr sim show
  ovirt-dr sim show mutations")]
pub(crate) struct SimShow {
    /// What to show
    #[arg(value_enum, default_value_t = Shown::State)]
    pub(crate) what: Shown,
    /// The control door of the simulated engine
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8444")]
    pub(crate) control: SocketAddr,
}

/// What a simulated engine shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shown {
    /// Hosts, storage and virtual machines.
    State,
    /// What must never have happened and did.
    Violations,
    /// Requests that changed something.
    Mutations,
    /// The faults in force.
    Faults,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ovirt-dr completions bash > /etc/bash_completion.d/ovirt-dr
  ovirt-dr completions zsh > ~/.zfunc/_ovirt-dr")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ovirt-dr man | man -l -
  ovirt-dr man /usr/share/man/man1             a page for each command")]
pub(crate) struct Man {
    /// A folder to write all pages into
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[cfg(test)]
mod tests;
