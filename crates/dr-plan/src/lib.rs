//! The plan file of ovirt-dr: YAML to a validated [`Plan`], or findings with line, column and remedy.
//!
//! A *plan* is what an administrator wants for one engine: sites, evidence, storage pairs, virtual machines and policy.
//! A *finding* is one thing wrong (or doubtful) in the file. Entry function: `parse`.
//!
//! # Architecture invariants
//! - Never reads a file, a socket or a clock: text comes in, a value or findings go out.
//! - Only `parse.rs` names the YAML library; the types of the file never leave this crate.
//! - Never yields a half-understood plan: either every reference holds, or there is no plan.
//! - Never holds a secret: only where one is to be found.
//!
//! Reading order: `plan` (the validated value), then the parser and its findings.

mod plan;

pub use plan::*;
