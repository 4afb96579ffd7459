//! The plan file of ovirt-dr: YAML to a validated [`Plan`], or findings with line, column and remedy.
//!
//! A *plan* is what an administrator wants for one engine: sites, evidence, storage pairs, virtual machines and policy.
//! A *finding* is one thing wrong (or doubtful) in the file. Entry function: [`parse`]. Beside it: [`set_active_site`] rewrites
//! the one line an operator edits, [`diff`] tells what differs between two plans, [`Plan::files`] which files one refers to.
//!
//! # Architecture invariants
//! - Never reads a file, a socket or a clock: text comes in, a value or findings go out.
//! - Only `parse.rs` names the YAML library; the types of the file never leave this crate.
//! - Never yields a half-understood plan: either every reference holds, or there is no plan.
//! - Never passes over what this version does not act on: that is a finding.
//! - Never stops at the first finding, unless the text is not YAML at all.
//! - Never holds a secret: only where one is to be found. One that stands in the file by mistake is masked in every finding.
//!
//! Reading order: `plan` (the validated value), `finding`, `parse` (text to tree, and the entry), `node` (the tree), `read` (tree
//! to plan, a file a section), then what is done with plans: `files`, `active_site`, `diff`.

mod plan;

mod finding;
mod node;
mod parse;
mod read;

mod active_site;
mod diff;
mod files;

#[cfg(test)]
mod tests;

pub use active_site::set_active_site;
pub use diff::diff;
pub use files::{FileKind, PlanFile};
pub use finding::{Finding, Level};
pub use parse::{MAX_BYTES, Parsed, parse};
pub use plan::*;
