//! What a user of plan files relies on, through the public functions of this crate.

mod active_site;
mod corpus;
mod diff;
mod findings;
mod fuzz;
mod samples;

use crate::{Plan, parse};

/// A plan that is right, for tests to change one thing in.
const GOOD: &str = include_str!("../../../plans/two-sites.yaml");

/// The plan of a text that must be right.
fn plan(text: &str) -> Plan {
    let parsed = parse("plan", text);
    let shown: Vec<String> = parsed.findings.iter().map(ToString::to_string).collect();
    parsed.plan.unwrap_or_else(|| panic!("{}", shown.join("\n")))
}

/// The good plan with one passage replaced, which must be there.
fn good_but(passage: &str, instead: &str) -> String {
    assert!(GOOD.contains(passage), "`{passage}` is not in the sample");
    GOOD.replacen(passage, instead, 1)
}
