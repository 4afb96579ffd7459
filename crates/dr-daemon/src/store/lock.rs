//! One daemon per state database: a lock that the kernel releases when its holder ends, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::trouble::trouble;
use crate::ports::JournalError;

/// The kernel releases the lock of a killed daemon a moment after its socket is gone: a restart may be quicker.
const RELEASED_WITHIN: Duration = Duration::from_secs(1);
/// Pause between two tries.
const AGAIN: Duration = Duration::from_millis(50);

/// The held lock; released when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    // Closing the file releases the lock.
    _file: File,
}

impl Lock {
    /// Takes the lock beside the database. The lock file stays for ever: removing it would let two daemons hold two files of one name.
    ///
    /// # Errors
    /// Another process holds it, with its number; or the lock file cannot be written.
    pub(super) async fn take(database: &Path) -> Result<Lock, JournalError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let unusable = |error: io::Error| {
            let text = format!(
                "its lock file {} cannot be used: {error}; the daemon needs the right to write the file and its folder",
                path.display()
            );
            trouble(database, text)
        };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = options.map_err(unusable)?;
        let mut waited = Duration::ZERO;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if waited < RELEASED_WITHIN => {
                    tokio::time::sleep(AGAIN).await;
                    waited += AGAIN;
                }
                Err(Errno::WOULDBLOCK) => return Err(trouble(database, held_by(&mut file))),
                Err(error) => return Err(unusable(error.into())),
            }
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(unusable)?;
        Ok(Lock { _file: file })
    }
}

fn held_by(file: &mut File) -> String {
    let mut holder = String::new();
    // Without its number the message is as true.
    let _ = file.read_to_string(&mut holder);
    let holder = holder.trim();
    let holder = if holder.is_empty() { "another process".to_owned() } else { format!("process {holder}") };
    format!("{holder} holds it: one daemon per database. Stop that one first")
}
