//! Shared parts of the end-to-end tests: the real loop of one plan against a simulated engine, in one process, on tokio's clock.
//!
//! Under a paused clock minutes of engine time pass in milliseconds, and the same world and the same orders give the same story.
//!
//! # Architecture invariants
//! - Only `process` and `peers` start programs and live in real time; everything else lives on tokio's clock.
//! - Only the rig puts world, engine and loop together; a test says what happens to them.
//! - Never shares a world, a folder or a port between two tests.

mod calm;
mod cores;
mod edges;
mod plan;
mod rig;

pub mod process;

pub mod peers;

pub mod counts;

pub mod storms;

pub mod sweep;

pub use calm::calm_world;
pub use edges::CrashPoint;
pub use plan::plan_of;
pub use rig::{MemoryPlan, Rig};
