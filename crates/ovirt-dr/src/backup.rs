//! `ovirt-dr backup`: a copy of the state database that is whole, while the daemon runs.

use std::io;
use std::path::Path;

use dr_daemon::Store;
use serde_json::json;

use crate::cli;
use crate::exit::{Exit, Failure};
use crate::out::Out;
use crate::state;

/// Writes the copy beside its final name and moves it there once it is whole, checked and on the disk.
pub(crate) async fn run(asked: cli::Backup, out: Out) -> Result<Exit, Failure> {
    let file = &asked.file;
    let exists =
        || Failure::said(format!("{} exists and was left alone; name another file, or remove it", file.display()));
    let unusable = |error: &io::Error| {
        Failure::said(format!(
            "the copy {} cannot be written: {error}; its folder must exist and be writable",
            file.display()
        ))
    };
    if file.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let store = state::open(&asked.state).await?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Mode 0600, and gone again unless it is kept: also the file that SQLite fills has these rights from its first byte on.
    let copy =
        tempfile::Builder::new().prefix(".ovirt-dr-backup-").tempfile_in(folder).map_err(|error| unusable(&error))?;
    let said = |error: dr_daemon::JournalError| Failure::said(error.to_string());
    store.copy_to(copy.path()).await.map_err(said)?;
    store.close().await;
    let copied = Store::open_to_read(copy.path()).await.map_err(said)?;
    let verified = copied.verify().await.map_err(said)?;
    copied.close().await;
    copy.as_file().sync_all().map_err(|error| unusable(&error))?;
    copy.persist_noclobber(file).map_err(|error| match error.error {
        error if error.kind() == io::ErrorKind::AlreadyExists => exists(),
        error => unusable(&error),
    })?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| unusable(&error))?;
    let (plans, entries, findings) = (verified.plans.len(), verified.entries(), verified.findings.len());
    if out.json {
        out.json(&json!({ "file": file, "plans": plans, "entries": entries, "findings": findings }))?;
    } else {
        out.line(format_args!("{}: {entries} entries of {plans} plans, as they stand in the journal", file.display()))?;
    }
    if findings > 0 {
        // A damaged journal is worth a copy too; but nobody may take it for a good one.
        out.remark(format_args!(
            "the journal has {findings} findings, and so has the copy: `ovirt-dr history --verify --state {}` names them",
            file.display()
        ));
        return Ok(Exit::Failed);
    }
    Ok(Exit::Done)
}
