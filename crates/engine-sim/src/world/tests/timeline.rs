//! Times and orders as recorded on a running engine.
