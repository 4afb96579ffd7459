//! Rehearsal: a plan for a simulated world, and the daemon's edges into that world.

mod edges;
mod plan;

pub use edges::{SimHooks, SimProber, SimTransport};
pub use plan::{PlanOptions, plan_for, two_sites_and_a_witness};

/// Password of the simulated engine's account.
pub const PASSWORD: &str = "secret";
