//! The pool job of a data center.

/// What the engine and the storage remember of a data center's SPM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {}
