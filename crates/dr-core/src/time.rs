//! Time as the core sees it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970, taken from a clock that the edge keeps monotonic while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    /// How long ago `earlier` was; zero if it lies ahead (after a restart on a machine whose clock was set back).
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This time plus a duration.
    pub fn plus(self, duration: Duration) -> Time {
        Time(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// A duration as an operator says it: `0.3 s`, `9.9 s`, `41 s`, `2 min 8 s`, `1 h 4 min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said(pub Duration);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let seconds = self.0.as_secs();
        if ms < 9_950 {
            let tenths = (ms + 50) / 100;
            return write!(f, "{}.{} s", tenths / 10, tenths % 10);
        }
        let seconds = if seconds < 60 { u64::try_from((ms + 500) / 1000).unwrap_or(seconds) } else { seconds };
        match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
            (0, 0, s) => write!(f, "{s} s"),
            (0, m, 0) => write!(f, "{m} min"),
            (0, m, s) => write!(f, "{m} min {s} s"),
            (h, 0, _) => write!(f, "{h} h"),
            (h, m, _) => write!(f, "{h} h {m} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_an_operator_would() {
        let said = |ms| Said(Duration::from_millis(ms)).to_string();
        assert_eq!(said(260), "0.3 s");
        assert_eq!(said(9_900), "9.9 s");
        assert_eq!(said(9_960), "10 s");
        assert_eq!(said(59_700), "1 min");
        assert_eq!(said(128_000), "2 min 8 s");
        assert_eq!(said(3_600_000 * 2 + 240_000), "2 h 4 min");
    }
}
