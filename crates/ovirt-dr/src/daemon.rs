//! `ovirt-dr daemon`: settings from the file and the command line, logging, then the daemon.

use std::path::PathBuf;
use std::sync::Arc;

use dr_daemon::{Log, Prober, Settings, TcpProber, init_log};

use crate::cli;
use crate::exit::{Exit, Failure};
use crate::probe_via::ProbeVia;

/// Runs until told to stop.
pub(crate) async fn run(asked: cli::Daemon, socket: Option<PathBuf>) -> Result<Exit, Failure> {
    let log = match asked.log {
        None => Log::Auto,
        Some(cli::Log::Text) => Log::Text,
        Some(cli::Log::Journald) => Log::Journald,
    };
    let settings = settings(&asked, socket)?;
    let prober: Arc<dyn Prober> = match &asked.probe_via {
        Some(url) => Arc::new(ProbeVia::new(url)?),
        None => Arc::new(TcpProber),
    };
    init_log(log, asked.debug).map_err(Failure::said)?;
    dr_daemon::run(&settings, prober).await.map_err(|error| Failure::said(error.to_string()))?;
    Ok(Exit::Done)
}

/// What the command line says stands above what the file says.
fn settings(asked: &cli::Daemon, socket: Option<PathBuf>) -> Result<Settings, Failure> {
    let file = Settings::read(asked.config.as_deref()).map_err(Failure::said)?;
    Ok(Settings {
        plans: asked.plans.clone().unwrap_or(file.plans),
        state: asked.state.clone().unwrap_or(file.state),
        socket: socket.unwrap_or(file.socket),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_stands_above_the_settings_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ovirt-dr.toml");
        std::fs::write(&file, "plans = \"/srv/plans\"\nstate = \"/srv/state\"\nsocket = \"/srv/socket\"\n").unwrap();
        let (config, plans) = (Some(file), Some(PathBuf::from("/home-made")));
        let asked = cli::Daemon { config, plans, state: None, log: None, debug: false, probe_via: None };
        let merged = settings(&asked, None).unwrap();
        let expected = |socket: &str| Settings {
            plans: PathBuf::from("/home-made"),
            state: PathBuf::from("/srv/state"),
            socket: PathBuf::from(socket),
        };
        assert_eq!(merged, expected("/srv/socket"));
        assert_eq!(settings(&asked, Some(PathBuf::from("/run/x"))).unwrap(), expected("/run/x"));
    }

    #[test]
    fn a_settings_file_that_was_named_must_exist() {
        let config = Some(PathBuf::from("/nonexistent/ovirt-dr.toml"));
        let asked = cli::Daemon { config, plans: None, state: None, log: None, debug: false, probe_via: None };
        assert!(matches!(settings(&asked, None), Err(Failure::Said(text)) if text.contains("cannot be read")));
    }
}
