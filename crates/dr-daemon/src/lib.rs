//! The daemon of ovirt-dr: every effect. It watches plans, observes engines, carries out what the core decided, journals and tells the story.
//!
//! A *port* is an edge that a simulation replaces: [`Journal`], [`Prober`], [`Hooks`], [`Clock`], and the client's own transport. Nothing else
//! is abstracted. Entry points: `run` (the whole daemon) and `PlanLoop` (one plan).
//!
//! # Architecture invariants
//! - Never makes a choice about an engine: what may be done was decided by `dr_core::decide`.
//! - Only the executor sends mutating requests, and only after the intent is journalled.
//! - Never waits for a slow request inside a pass.
//! - Never logs, journals or answers with a password or a token.
//!
//! Reading order: `clock`, `ports`, `report` and `story` (what an operator sees), `settings`, `store`, `folder`, `observe`, `execute`, then the loop.

mod api;
mod clock;
mod connect;
mod execute;
mod observe;
mod ports;
mod report;
mod since;
mod socket;

pub use clock::Clock;
pub use connect::{Door, connect};
pub use execute::{Executor, PromoteHook, StepContext};
pub use observe::Observer;
pub use ports::*;
pub use report::*;
pub use socket::{DEFAULT_SOCKET, Plans, SOCKET_GROUP, Socket, SocketError};
