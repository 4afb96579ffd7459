//! The plan file of ovirt-dr: YAML to a validated plan, or findings.
