//! The daemon's clock: wall time at the start plus monotonic time since, so that durations never jump.

use std::time::Duration;

use dr_core::Time;
use tokio::time::Instant;

use crate::wall_clock::WallClock;

/// Reads and awaits time. `speed` runs the daemon's own time faster than the wall, for demonstrations against a simulated engine.
#[derive(Clone, Debug)]
pub struct Clock {
    began: Instant,
    began_at: Time,
    speed: f64,
    wall: Wall,
}

/// The wall clock beside it.
#[derive(Clone, Debug)]
enum Wall {
    /// It means nothing: time is simulated.
    None,
    /// The machine's.
    Real,
    /// A simulated one.
    Simulated(WallClock),
}

impl Clock {
    /// The real time.
    pub fn real() -> Self {
        Self::real_at(1.0)
    }

    /// The real time at the start, then `speed` times as fast: for demonstrations against a simulated engine.
    pub fn real_at(speed: f64) -> Self {
        let wall = if (speed - 1.0).abs() < f64::EPSILON { Wall::Real } else { Wall::None };
        Self { wall, ..Self::starting_at(real_wall(), speed) }
    }

    /// The clock of a daemon that starts now, on a machine with this wall clock.
    pub fn on(wall: &WallClock) -> Self {
        Self { wall: Wall::Simulated(wall.clone()), ..Self::starting_at(wall.now(), 1.0) }
    }

    /// A clock that shows `began_at` now and runs `speed` times as fast as tokio's; paused tests and demonstrations use it.
    pub fn starting_at(began_at: Time, speed: f64) -> Self {
        Self { began: Instant::now(), began_at, speed, wall: Wall::None }
    }

    /// Wall clock minus this clock in milliseconds: it stays near zero unless somebody sets the wall clock, or the machine slept. None for
    /// a clock of simulated time.
    pub fn wall_offset(&self) -> Option<i64> {
        let ms = |time: Time| i64::try_from(time.0).unwrap_or(i64::MAX);
        let wall = match &self.wall {
            Wall::None => return None,
            Wall::Real => real_wall(),
            Wall::Simulated(wall) => wall.now(),
        };
        Some(ms(wall) - ms(self.now()))
    }

    /// This clock, set ahead if it lies before `earliest`, the newest time in the journal: what is remembered must not lie in the future, or no
    /// pause since then would ever end. A wall clock that was set back by much shows in the offset.
    pub fn not_before(self, earliest: Time) -> Self {
        let behind = earliest.since(self.now());
        Self { began_at: self.began_at.plus(behind), ..self }
    }

    /// Now.
    pub fn now(&self) -> Time {
        self.began_at.plus(self.began.elapsed().mul_f64(self.speed))
    }

    /// Returns after `duration` of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.in_tokio_time(duration)).await;
    }

    /// A duration of this clock's time as tokio's timers count it.
    pub fn in_tokio_time(&self, duration: Duration) -> Duration {
        if self.speed <= 0.0 { duration } else { duration.div_f64(self.speed) }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn real_wall() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_goes_on_from_the_journals_newest_entry_if_the_wall_clock_was_set_back() {
        let clock = Clock::starting_at(Time(1_000), 20.0);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.clone().not_before(Time(500)).now(), Time(21_000));
        let ahead = clock.not_before(Time(100_000));
        assert_eq!(ahead.now(), Time(100_000));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(ahead.now(), Time(120_000));
    }
}
