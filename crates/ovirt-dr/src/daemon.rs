//! `ovirt-dr daemon`: settings from the file and the command line, logging, then the daemon.

use std::path::PathBuf;
use std::sync::Arc;

use dr_daemon::{Clock, Log, Prober, Settings, TcpProber, init_log};

use crate::cli;
use crate::exit::{Exit, Failure};
use crate::probe_via::ProbeVia;

/// Runs until told to stop.
pub(crate) async fn run(asked: cli::Daemon, socket: Option<PathBuf>) -> Result<Exit, Failure> {
    let settings = settings(&asked, socket)?;
    let prober: Arc<dyn Prober> = match &asked.probe_via {
        Some(url) => Arc::new(ProbeVia::new(url)?),
        None => Arc::new(TcpProber),
    };
    let speed = speed(&asked)?;
    init_log(settings.log, asked.debug).map_err(Failure::said)?;
    dr_daemon::run(&settings, prober, Clock::real_at(speed)).await.map_err(|error| Failure::said(error.to_string()))?;
    Ok(Exit::Done)
}

/// Only a rehearsal may have another speed than the wall clock: real hosts and arrays do not hurry.
fn speed(asked: &cli::Daemon) -> Result<f64, Failure> {
    let cli::Daemon { speed, probe_via, .. } = asked;
    let real = (speed - 1.0).abs() < f64::EPSILON;
    if !real && probe_via.is_none() {
        return Err(Failure::Usage(
            "--speed is for rehearsals: it needs --probe-via, the simulated engine's".to_owned(),
        ));
    }
    if real || (0.1..=200.0).contains(speed) {
        return Ok(*speed);
    }
    Err(Failure::Usage(format!("--speed {speed} is not sensible; choose between 0.1 and 200")))
}

/// What the command line says stands above what the file says.
fn settings(asked: &cli::Daemon, socket: Option<PathBuf>) -> Result<Settings, Failure> {
    let file = Settings::read(asked.config.as_deref()).map_err(Failure::said)?;
    let log = match asked.log {
        None => file.log,
        Some(cli::Log::Text) => Log::Text,
        Some(cli::Log::Journald) => Log::Journald,
    };
    Ok(Settings {
        log,
        plans: asked.plans.clone().unwrap_or(file.plans),
        state: asked.state.clone().unwrap_or(file.state),
        socket: socket.unwrap_or(file.socket),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(config: Option<PathBuf>) -> cli::Daemon {
        cli::Daemon { config, plans: None, state: None, log: None, debug: false, probe_via: None, speed: 1.0 }
    }

    #[test]
    fn only_a_rehearsal_runs_faster_than_the_wall_clock() {
        assert!(matches!(speed(&asked(None)), Ok(speed) if speed < 1.1));
        assert!(matches!(speed(&cli::Daemon { speed: 20.0, ..asked(None) }), Err(Failure::Usage(_))));
        let via = |speed| cli::Daemon { speed, probe_via: Some("http://127.0.0.1:8444".to_owned()), ..asked(None) };
        assert!(matches!(speed(&via(20.0)), Ok(speed) if speed > 19.9));
        assert!(matches!(speed(&via(f64::NAN)), Err(Failure::Usage(_))));
    }

    #[test]
    fn the_command_line_stands_above_the_settings_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ovirt-dr.toml");
        std::fs::write(&file, "plans = \"/srv/plans\"\nstate = \"/srv/state\"\nsocket = \"/srv/socket\"\n").unwrap();
        let (config, plans) = (Some(file), Some(PathBuf::from("/home-made")));
        let asked = cli::Daemon { plans, ..asked(config) };
        let merged = settings(&asked, None).unwrap();
        let expected = |socket: &str| Settings {
            plans: PathBuf::from("/home-made"),
            state: PathBuf::from("/srv/state"),
            socket: PathBuf::from(socket),
            log: Log::Auto,
        };
        assert_eq!(merged, expected("/srv/socket"));
        assert_eq!(settings(&asked, Some(PathBuf::from("/run/x"))).unwrap(), expected("/run/x"));
    }

    #[test]
    fn a_settings_file_that_was_named_must_exist() {
        let config = Some(PathBuf::from("/nonexistent/ovirt-dr.toml"));
        assert!(matches!(settings(&asked(config), None), Err(Failure::Said(text)) if text.contains("cannot be read")));
    }
}
