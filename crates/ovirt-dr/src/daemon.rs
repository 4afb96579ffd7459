//! `ovirt-dr daemon`.

use std::path::PathBuf;

use crate::cli;
use crate::exit::{Exit, Failure};
use crate::probe_via::ProbeVia;

/// Runs until told to stop.
pub(crate) async fn run(asked: cli::Daemon, socket: Option<PathBuf>) -> Result<Exit, Failure> {
    let cli::Daemon { config, plans, state, log, probe_via } = asked;
    let _ = (config, plans, state, log, socket);
    let _prober = probe_via.map(|url| ProbeVia::new(&url)).transpose()?;
    Err(Failure::said("this build has no daemon yet"))
}
