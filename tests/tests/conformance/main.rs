//! Client and simulated engine held against what a running engine was recorded to say (`tests/fixtures/recorded`).
//!
//! `UPDATE_EXPECT=1 cargo test -p tests --test conformance` writes the tables anew, `docs/conformance.md` among them; each new line
//! of theirs needs a reason. `cargo xtask test` and `-- --nocapture` show the counts.

mod recording;

mod client;
mod client_requests;
mod client_values;

mod compare;
mod replay;
mod scenes;
mod stage;
mod watch;

mod differences;
mod simulator;
mod timeline_reasons;
mod timelines;
