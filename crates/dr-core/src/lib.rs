//! The pure heart of ovirt-dr: a plan, what one pass observed and what the journal remembers become a decision.
//!
//! An *observation* is what one pass read, failed reads included. *Memory* is the fold of the durable journal. A *decision* holds the steps
//! that may be taken now, what waits and why, what is refused and what would change that, and where the world drifts from the plan.
//! Entry functions: [`decide`], [`judge_flip`], [`forecast`].
//!
//! # Architecture invariants
//! - Never reads a clock, a file, a socket, a database or a random number: they come in as arguments.
//! - Only [`decide`] makes choices; whoever carries out a step makes none.
//! - Never takes an unreadable thing for an absent one, nor an unknown status word for a safe one.
//! - Never yields a step on something that the plan does not name.
//! - Only the journal's entries and the steps in them are serialised; everything else is free to change.
//!
//! Reading order: `time`; `ids`, `host` and `observed` (what comes in); `step`, `wait`, `refusal` and `decision` (what goes out); `journal`,
//! `tries`, `commitment` and `memory` (what is kept); `resolve`, `evidence` and `scene` (what a decision looks at); `decide` with a file per concern; `flip`,
//! `opening` and `repair`; `forecast`; `invariants`, which judges each step once more, and `planted`, where tests break them.
//! The tests are worlds in a few lines of text.

mod hash;
mod time;

mod host;
mod ids;
mod observed;

mod decision;
mod refusal;
mod step;
mod wait;

mod commitment;
mod journal;
mod memory;
mod tries;

mod evidence;
mod resolve;
mod scene;

mod decide;

mod flip;
mod left_out;
mod opening;
mod repair;

mod forecast;

pub mod invariants;

#[doc(hidden)]
pub mod planted;

#[cfg(test)]
mod tests;

pub use commitment::Commitment;
pub use decide::{decide, epoch_seen};
pub use decision::*;
pub use evidence::{HostEvidence, SILENCE, SILENCE_FRESH, SILENT_ROUNDS};
pub use flip::*;
pub use forecast::*;
pub use host::*;
pub use ids::*;
pub use journal::*;
pub use left_out::*;
pub use memory::*;
pub use observed::*;
pub use opening::*;
pub use refusal::*;
pub use repair::*;
pub use resolve::{Details, Row, RowKey, RowProblem, resolve_rows};
pub use step::*;
pub use time::*;
pub use tries::*;
pub use wait::*;
