//! The engine's own timers, as its configuration has them by default. Milliseconds.
