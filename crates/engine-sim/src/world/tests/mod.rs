//! Behaviour of the world, by what a user of the engine relies on.
