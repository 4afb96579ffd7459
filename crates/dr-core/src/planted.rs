//! Defects planted on purpose, one for each invariant, so that a test can show that the simulation finds them. Without the feature `planted`,
//! which only the tests' package asks for, the question is always answered with no, and the compiler leaves the defects out.

use crate::invariants::Invariant;

#[cfg(feature = "planted")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Invariant>> = const { std::cell::Cell::new(None) };
}

/// From now on the code on this thread breaks that invariant; none mends it.
#[cfg(feature = "planted")]
pub fn plant(invariant: Option<Invariant>) {
    PLANTED.set(invariant);
}

/// Whether the code that asks is to break this invariant.
#[cfg(feature = "planted")]
pub fn breaks(invariant: Invariant) -> bool {
    PLANTED.get() == Some(invariant)
}

/// Whether the code that asks is to break this invariant: never.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn breaks(_: Invariant) -> bool {
    false
}
