//! The wall clock of a simulation, which somebody may set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dr_core::Time;
use tokio::time::Instant;

/// A wall clock that goes on with tokio's time, and jumps when it is set. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct WallClock {
    began: Instant,
    began_at: Time,
    /// How far it was set ahead altogether, in milliseconds.
    ahead: Arc<AtomicI64>,
}

impl WallClock {
    /// A clock that shows `began_at` now.
    pub fn starting_at(began_at: Time) -> Self {
        Self { began: Instant::now(), began_at, ahead: Arc::default() }
    }

    /// Somebody sets it, so many milliseconds ahead or back.
    pub fn jump(&self, by_ms: i64) {
        self.ahead.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// What it shows.
    pub fn now(&self) -> Time {
        let Time(unset) = self.began_at.plus(self.began.elapsed());
        Time(unset.saturating_add_signed(self.ahead.load(Ordering::Relaxed)))
    }
}
