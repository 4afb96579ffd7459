//! A daemon starts on its own state only, says in one sentence why it does not, and ends when it is told to.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use tests::process::{Ended, Rehearsal};

/// Where SQLite keeps `user_version` in the file: four bytes, the highest first.
const USER_VERSION_AT: u64 = 60;

/// Runs a daemon that must not start.
async fn refused(rehearsal: &Rehearsal, further: &[&str]) -> Ended {
    let words = rehearsal.daemon_words();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(further.iter().copied()).collect();
    let ended = rehearsal.ovirt_dr(&words).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "one sentence: {}", ended.stderr);
    ended
}

#[tokio::test]
async fn a_second_daemon_on_the_same_state_is_told_who_holds_it() {
    let mut rehearsal = Rehearsal::new().await;
    rehearsal.start_daemon().await;
    let other = rehearsal.path("other.sock").display().to_string();
    let ended = refused(&rehearsal, &["--socket", &other]).await;
    let holder = format!("process {} holds it: one daemon per database. Stop that one first", rehearsal.daemon_id());
    assert!(ended.stderr.contains(&holder), "{}", ended.stderr);
    assert!(rehearsal.report().await.is_some(), "the first one is not disturbed");
    assert!(!Path::new(&other).exists());

    // Another state, but the same socket.
    let state = rehearsal.path("other.db").display().to_string();
    let ended = rehearsal
        .ovirt_dr(&[&["daemon", "--state", &state, "--plans"], [plans(&rehearsal).as_str()].as_slice()].concat())
        .await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("another daemon answers on"), "{}", ended.stderr);
    assert!(rehearsal.report().await.is_some(), "the first one is not disturbed");
}

fn plans(rehearsal: &Rehearsal) -> String {
    rehearsal.path("plans").display().to_string()
}

#[tokio::test]
async fn sigterm_ends_it_cleanly_and_the_next_start_goes_on_from_there() {
    let mut rehearsal = Rehearsal::new().await;
    rehearsal.start_daemon().await;
    rehearsal.report_is("adopted", |report| report.accepted_site.is_some()).await;
    assert_eq!(rehearsal.terminate().await, Some(0), "{}", rehearsal.log());
    assert!(!rehearsal.path("s.sock").exists(), "its socket is removed");
    let ended = rehearsal.ovirt_dr(&["status"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("is it running?"), "{}", ended.stderr);

    rehearsal.start_daemon().await;
    let report = rehearsal.report_is("read", |report| report.as_of.is_some()).await;
    assert_eq!(report.accepted_site.as_deref(), Some("madrid"));
    let adopted = rehearsal.log().matches("madrid accepted as active").count();
    assert_eq!(adopted, 1, "it is remembered, not seen for the first time again:\n{}", rehearsal.log());
}

#[tokio::test]
async fn a_state_of_a_newer_version_is_left_as_it_is() {
    let mut rehearsal = Rehearsal::new().await;
    rehearsal.start_daemon().await;
    assert_eq!(rehearsal.terminate().await, Some(0));
    let path = rehearsal.path("state.db");
    assert!(!rehearsal.path("state.db-wal").exists(), "a clean end leaves one file, which can be copied");
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(USER_VERSION_AT)).unwrap();
    file.write_all(&99_u32.to_be_bytes()).unwrap();
    let ended = refused(&rehearsal, &[]).await;
    assert!(ended.stderr.contains("it is of version 99, this daemon knows"), "{}", ended.stderr);
    assert!(ended.stderr.contains("Install that one again, or restore a database from before"), "{}", ended.stderr);
    let mut version = [0; 4];
    file.seek(SeekFrom::Start(USER_VERSION_AT)).unwrap();
    file.read_exact(&mut version).unwrap();
    assert_eq!(u32::from_be_bytes(version), 99);
}

#[tokio::test]
async fn what_is_missing_is_named_with_the_remedy() {
    let rehearsal = Rehearsal::new().await;
    let ended = refused(&rehearsal, &["--socket", "/nonexistent/s.sock"]).await;
    assert!(ended.stderr.contains("/nonexistent/s.sock cannot be opened"), "{}", ended.stderr);
    assert!(ended.stderr.contains("its folder must exist and be writable"), "{}", ended.stderr);
    std::fs::rename(rehearsal.path("plans"), rehearsal.path("elsewhere")).unwrap();
    let ended = refused(&rehearsal, &[]).await;
    assert!(ended.stderr.contains("plans cannot be watched"), "{}", ended.stderr);
    assert!(ended.stderr.contains("create it, or name another with --plans"), "{}", ended.stderr);
    let nowhere = ["daemon", "--state", "/nonexistent/state.db", "--plans", "/nonexistent"];
    let ended = rehearsal.ovirt_dr(&nowhere).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("create it, or name another with --state"), "{}", ended.stderr);
    let ended = rehearsal.ovirt_dr(&["daemon", "--speed", "20"]).await;
    assert_eq!(ended.code, Some(64), "only a rehearsal may hurry: {ended:?}");
}
