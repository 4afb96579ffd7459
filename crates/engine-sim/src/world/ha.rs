//! High availability.

/// A VM's place in the queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queued {}
