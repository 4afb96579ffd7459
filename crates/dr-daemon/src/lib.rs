//! The daemon of ovirt-dr: every effect.
