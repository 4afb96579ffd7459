//! The state database, read beside the daemon: it runs, or it does not, or it refuses to start.
//!
//! Not through the socket: these commands are needed most when the daemon refuses the database, and a daemon that is asked for a
//! million entries has better things to do. SQLite's write-ahead log lets both go on side by side.

use std::path::PathBuf;

use dr_daemon::{Settings, Store};

use crate::cli::StateFile;
use crate::exit::Failure;

/// Where the database is: what the command line says stands above what the settings say.
pub(crate) fn path(asked: &StateFile) -> Result<PathBuf, Failure> {
    match &asked.state {
        Some(path) => Ok(path.clone()),
        None => Ok(Settings::read(asked.config.as_deref()).map_err(Failure::said)?.state),
    }
}

/// Opens it for reading.
pub(crate) async fn open(asked: &StateFile) -> Result<Store, Failure> {
    Store::open_to_read(&path(asked)?).await.map_err(|error| Failure::said(error.to_string()))
}
