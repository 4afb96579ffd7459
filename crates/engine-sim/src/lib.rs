//! A simulated oVirt Engine: a world of sites, hosts, storage and VMs, and the REST API over it, with faults on demand.
//! Programs are tested against it in process, under a paused clock, or over HTTPS as if it were an engine.
//!
//! # Words
//! - *world*: what is true, inside the engine's database and outside of it ([`world`]).
//! - *engine*: the process that serves the world, with its sessions, its clock and its faults ([`Engine`]).
//! - *engine time*: milliseconds since the engine was made; tokio's time multiplied by the speed.
//! - *mutation*: a `POST`, `PUT` or `DELETE` that reached the API.
//!
//! The entry function is [`Engine::handle`]. [`Server`] puts the same behind TLS, [`ControlDoor`] lets other
//! processes break things by name.
//!
//! # Architecture invariants
//! - Never knows a client of the API: it is an independent reading of the engine's contract.
//! - Never reads the machine's clock or draws randomness: time comes from tokio, ids from a seed.
//! - Only the world decides what a command does; the web side reads requests and writes answers.
//! - Only [`Engine`] holds a lock, and never across an await.
//!
//! Reading order: `world`, `state`, `engine`, `clock`, `sso`, `fault`, `faulty`, `http`, `order`, `server`, `control`.

pub mod world;

mod clock;
mod control;
mod engine;
mod fault;
mod faulty;
mod http;
mod order;
mod server;
mod sso;
mod state;
#[cfg(test)]
mod tests;
mod tls;

pub use control::ControlDoor;
pub use engine::{Engine, Served, Settings};
pub use fault::{FaultKind, FaultRule};
pub use order::Order;
pub use server::{Server, ServerError};
pub use state::Mutation;
pub use tls::TlsError;
