//! The pure heart of ovirt-dr: plan, observed and memory to a decision.
