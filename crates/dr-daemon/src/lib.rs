//! The daemon of ovirt-dr: every effect. It watches plans, observes engines, carries out what the core decided, journals and tells the story.
//!
//! A *port* is an edge that a simulation replaces: [`Journal`], [`Prober`], [`Hooks`], [`Clock`], and the client's own transport. Nothing else
//! is abstracted. Entry points: [`run`] and [`Daemon`] (all plans of a folder), [`PlanLoop`] (one plan).
//!
//! # Architecture invariants
//! - Never makes a choice about an engine: what may be done was decided by `dr_core::decide`.
//! - Only the executor sends mutating requests, and only after the intent is journalled.
//! - Never waits for a slow request inside a pass.
//! - Never logs, journals or answers with a password or a token.
//!
//! Reading order: `clock`, `ports`, `report` and `story` (what an operator sees), `settings`, `store`, `folder`, `observe`, `execute`, then the loop.

mod clock;
mod log;
mod ports;
mod report;
mod settings;
mod story;
mod wall_clock;

mod connect;
#[cfg(test)]
mod fake_engine;
mod since;

mod observe;

mod execute;
mod owed_tags;

mod hook;
mod memory_journal;
mod probe;
mod store;

mod folder;
mod plan_file;
mod plan_loop;
mod twins;

mod api;
mod daemon;
mod debtors;
mod keeper;
mod socket;

pub use clock::Clock;
pub use connect::{Door, connect};
pub use daemon::{Daemon, DaemonError, RunError, run};
pub use execute::{Executor, PromoteHook, StepContext};
pub use folder::{FolderError, FoundPlan, PlanFolder};
pub use hook::ProcessHooks;
pub use log::{Log, init_log};
pub use memory_journal::MemoryJournal;
pub use observe::Observer;
pub use plan_file::{OnDisk, check_files};
pub use plan_loop::{PlanLoop, PlanText, Ports};
pub use ports::*;
pub use probe::{PROBE_PATIENCE, TcpProber};
pub use report::*;
pub use settings::{SETTINGS_FILE, Settings};
pub use socket::{DEFAULT_SOCKET, Plans, SOCKET_GROUP, Socket, SocketError};
pub use store::{Exported, Finding, Store, Verified, VerifiedPlan, contradictions};
pub use twins::Twins;
pub use wall_clock::WallClock;
