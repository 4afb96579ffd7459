//! Shared parts of the end-to-end tests: the real loop of one plan against a simulated engine, in one process, on tokio's clock.
//!
//! Under a paused clock minutes of engine time pass in milliseconds, and the same world and the same orders give the same story.

mod rig;

pub mod process;

pub use rig::{MemoryPlan, Rig};
