//! Engine time: tokio time since the start, times a speed. Under tokio's paused clock it is a manual clock for free.

use std::time::Duration;

use tokio::time::Instant;

/// Converts between tokio's clock and engine time in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EngineClock {
    anchor: Instant,
    /// Engine time at the anchor.
    at_anchor: u64,
    speed: f64,
}

/// Slower than this a sleeper would never wake; faster, milliseconds would be lost.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.001..=100_000.0;

impl EngineClock {
    /// A clock at engine time zero.
    pub(crate) fn new(speed: f64) -> EngineClock {
        EngineClock { anchor: Instant::now(), at_anchor: 0, speed: clamp(speed) }
    }

    /// Engine time now, in milliseconds.
    pub(crate) fn now(&self) -> u64 {
        let elapsed = self.anchor.elapsed().as_secs_f64() * 1000.0 * self.speed;
        // Rounding keeps a sleeper that wakes exactly at its due time from reading one millisecond less.
        self.at_anchor + whole(elapsed)
    }

    /// When engine time `due` will be reached, on tokio's clock.
    pub(crate) fn instant_of(&self, due: u64) -> Instant {
        let ahead = Duration::from_millis(due.saturating_sub(self.at_anchor)).div_f64(self.speed);
        self.anchor + ahead
    }

    /// Changes the speed from now on.
    pub(crate) fn set_speed(&mut self, speed: f64) {
        let now = self.now();
        *self = EngineClock { anchor: Instant::now(), at_anchor: now, speed: clamp(speed) };
    }

    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }
}

fn clamp(speed: f64) -> f64 {
    if speed.is_nan() { 1.0 } else { speed.clamp(*SPEEDS.start(), *SPEEDS.end()) }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "elapsed time is never negative and far below 2^63 ms"
)]
fn whole(milliseconds: f64) -> u64 {
    milliseconds.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_runs_at_the_chosen_speed() {
        let mut clock = EngineClock::new(10.0);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(clock.now(), 30_000);
        clock.set_speed(1.0);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.now(), 32_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleeper_wakes_at_its_due_time() {
        let clock = EngineClock::new(7.0);
        tokio::time::sleep_until(clock.instant_of(12_345)).await;
        assert!((12_345..=12_352).contains(&clock.now()), "{}", clock.now());
    }
}
