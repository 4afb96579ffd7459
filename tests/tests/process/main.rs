//! The program as it is installed: real processes, real files, a real socket, TLS; only the engine is simulated.
//!
//! Reading order: `start` (what a daemon refuses to start on, and how it ends), `engine` (what it says of an engine that it may not trust),
//! `operate` (what scripts rely on), `kill` (a crash in each phase), `disk` (what may
//! befall the state database), `renamed` (a plan's file under another name), `twins` (two plans for one engine).

mod start;

mod engine;

mod operate;

mod kill;

mod disk;

mod renamed;

mod twins;
