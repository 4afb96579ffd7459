//! Rehearsal: a plan for a simulated world, and the daemon's edges into that world.

mod edges;
mod plan;
mod written;

pub use edges::{SimHooks, SimProber, SimTransport};
pub use plan::{PlanOptions, plan_for, two_sites_and_a_witness};
pub use written::{PlanText, WrittenPlan, plan_of_file};

/// Password of the simulated engine's account.
pub const PASSWORD: &str = "secret";
