//! A simulated oVirt Engine: world, clock, faults and HTTPS.

pub mod world;
