//! Tables without randomness: the same keys lie in the same order in every run, and a lookup costs a few nanoseconds.
//!
//! Keys are ids and names of one engine, which its administrators choose; nobody gains by making them collide.

/// A table by key.
pub(crate) type HashMap<K, V> = rustc_hash::FxHashMap<K, V>;
/// A set of keys.
pub(crate) type HashSet<K> = rustc_hash::FxHashSet<K>;

/// An empty table with room for so many: one that grows is filled several times.
pub(crate) fn with_room<K, V>(room: usize) -> HashMap<K, V> {
    HashMap::with_capacity_and_hasher(room, rustc_hash::FxBuildHasher)
}
