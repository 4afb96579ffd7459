//! The one binary of ovirt-dr.

fn main() {}
