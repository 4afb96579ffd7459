//! Virtual machines.

/// A run of a VM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {}
