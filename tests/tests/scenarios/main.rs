//! Stories: one world, what befalls it, and every line that an operator reads, ended by "and now nothing changes".
//!
//! `UPDATE_EXPECT=1 cargo test -p tests --test scenarios` writes the golden files anew; read the difference as an operator would.

mod stage;

mod failover;
mod troubles;

mod refusals;
mod returns;

mod edits;
mod flips;
mod persons;

mod clocks;
mod crashes;
mod databases;
mod disk;
mod engines;
mod lists;

mod alphabet;
