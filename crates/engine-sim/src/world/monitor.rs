//! The engine's monitoring of one host.

/// What the engine remembers of a host beside its row; lost with a restart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Monitor {}
