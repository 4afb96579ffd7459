//! One daemon per state database: a lock that the kernel releases when its holder ends, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::ports::JournalError;

/// The held lock; released when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    // Closing the file releases the lock.
    _file: File,
}

impl Lock {
    /// Takes the lock beside the database.
    ///
    /// # Errors
    /// Another process holds it, with its number; or the lock file cannot be written.
    pub(super) fn take(database: &Path) -> Result<Lock, JournalError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let trouble = |text: String| JournalError { place: database.display().to_string(), text };
        let unwritable = |error: std::io::Error| {
            trouble(format!("its lock file {} cannot be written: {error}", Path::new(&path).display()))
        };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(unwritable)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() {
                "another process".to_owned()
            } else {
                format!("process {}", holder.trim())
            };
            return Err(trouble(format!("{holder} holds it: one daemon per database. Stop that one first")));
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(unwritable)?;
        Ok(Lock { _file: file })
    }
}
