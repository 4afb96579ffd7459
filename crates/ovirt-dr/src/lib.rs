//! The parts of `ovirt-dr` that its own tests use too: rehearsing against the simulated engine.
//!
//! A *rehearsal* runs the real daemon against a world that can be broken at will. Entry functions: [`rehearsal::plan_for`], [`demo::run`].
//!
//! # Architecture invariants
//! - Never reaches a real engine: everything here speaks to a simulated one.
//! - Only the demonstration prints; the rest yields values.
//! - Never decides anything about a failover: that is the daemon's core.
//!
//! Reading order: `rehearsal`, `demo`.

pub mod demo;
pub mod rehearsal;
