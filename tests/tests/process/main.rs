//! The program as it is installed: real processes, real files, a real socket, TLS; only the engine is simulated.

mod kill;
