//! The state database of a real daemon: killed in the middle of writes, on a full disk, edited by hand, copied and restored.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use dr_daemon::{Journal, Store};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tests::process::{PLAN, Rehearsal, until};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::kill::arrived;

#[tokio::test]
async fn kill_9_in_the_middle_of_writes_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut before = 0;
    for life in 1..=8 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_appender"));
        let mut child = child.arg(&path).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged: u64 = 0;
        for _ in 0..7 * life {
            acknowledged = lines.next_line().await.unwrap().expect("it appends until it is killed").parse().unwrap();
        }
        child.start_kill().unwrap();
        // What it said before it died counts as well.
        while let Ok(Some(line)) = lines.next_line().await {
            acknowledged = line.parse().unwrap_or(acknowledged);
        }
        child.wait().await.unwrap();
        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.verify().await.unwrap().findings, []);
        let numbers: Vec<u64> = store.read("erp").await.unwrap().iter().map(|one| one.seq).collect();
        let there = numbers.len() as u64;
        assert_eq!(numbers, (1..=there).collect::<Vec<u64>>());
        assert_eq!(there % 3, 0, "all or none");
        assert!(there >= acknowledged && acknowledged > before, "{there} there, {acknowledged} acknowledged");
        before = there;
        store.close().await;
    }
}

/// No file of the daemon grows beyond `bytes`: what it writes fails, as on a full disk.
fn limit_files(rehearsal: &Rehearsal, bytes: Option<u64>) {
    let pid = i32::try_from(rehearsal.daemon_id()).ok().and_then(Pid::from_raw);
    let known = prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None });
    known.expect("the limit of a process of ours can be set");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_more_stops_a_failover_and_with_room_it_arrives() {
    let mut rehearsal = Rehearsal::calm().await;
    limit_files(&rehearsal, Some(4096));
    rehearsal.lose("madrid").await;
    rehearsal.flip("madrid", "seville");
    let report = rehearsal
        .report_is("in trouble with its journal", |report| {
            report.engine_trouble.as_ref().is_some_and(|text| text.contains("the state database"))
        })
        .await;
    let trouble = report.engine_trouble.unwrap_or_default();
    assert!(trouble.contains("the disk does not work as it should"), "{trouble}");
    assert!(report.transition.is_none(), "nothing opens that is not journalled");
    assert!(rehearsal.log().contains("Nothing is done until the journal can be written"), "{}", rehearsal.log());
    assert_eq!(rehearsal.show("mutations").await, serde_json::json!([]), "{}", rehearsal.log());
    limit_files(&rehearsal, None);
    rehearsal.report_is("closed", |report| report.last_closed.is_some()).await;
    arrived(&mut rehearsal).await;
    let state = rehearsal.path("state.db").display().to_string();
    let verified = rehearsal.ovirt_dr(&["history", "--verify", "--state", &state]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[tokio::test]
async fn a_journal_edited_by_hand_is_only_looked_at_until_a_backup_is_restored() {
    let mut rehearsal = Rehearsal::calm().await;
    let at = |name: &str| rehearsal.path(name).display().to_string();
    let (state, copy) = (at("state.db"), at("copy.db"));

    // Everything works beside the running daemon.
    let exported = rehearsal.ovirt_dr(&["export", PLAN, "--state", &state]).await;
    let lines: Vec<Value> = exported.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(exported.code == Some(0) && lines.len() > 15, "{exported:?}");
    assert!(lines.iter().all(|line| line["plan"] == PLAN && line["entry"]["entry"].is_string()), "{exported:?}");
    let backup = rehearsal.ovirt_dr(&["backup", &copy, "--state", &state]).await;
    assert_eq!(backup.code, Some(0), "{backup:?}");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let again = rehearsal.ovirt_dr(&["backup", &copy, "--state", &state]).await;
    assert!(again.code == Some(1) && again.stderr.contains("exists and was left alone"), "{again:?}");
    for path in [&state, &copy] {
        let verified = rehearsal.ovirt_dr(&["history", "--verify", "--state", path]).await;
        assert_eq!(verified.code, Some(0), "{verified:?}");
        assert!(verified.stdout.contains("nothing found"), "{verified:?}");
    }

    assert_eq!(rehearsal.terminate().await, Some(0));
    let mut bytes = std::fs::read(&state).unwrap();
    let adopted = b"\"entry\":\"adopted\",\"site\":\"madrid\"";
    // SQLite leaves copies behind where a page was split: whichever of them counts is changed.
    let is_there = |at: &usize| bytes[*at..].starts_with(adopted);
    let places: Vec<usize> = (0..bytes.len()).filter(is_there).collect();
    assert!(!places.is_empty(), "the plan was adopted");
    for place in places {
        bytes[place + adopted.len() - 2] = b'x';
    }
    std::fs::write(&state, bytes).unwrap();
    let verified = rehearsal.ovirt_dr(&["history", "--verify", "--state", &state]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(verified.stdout.contains("(plan erp, ") && verified.stdout.contains("changed by hand"), "{verified:?}");

    rehearsal.start_daemon().await;
    let report = rehearsal.report_is("looked at", |report| report.passes >= 2).await;
    let trouble = report.engine_trouble.clone().unwrap_or_default();
    assert!(trouble.contains("changed by hand") && trouble.contains("restore the database from a backup"), "{trouble}");
    assert!(report.as_of.is_some() && !report.converged, "{report:?}");
    let asked = rehearsal.ovirt_dr(&["failover", PLAN, "seville", "--reason", "fire"]).await;
    assert!(asked.code == Some(1) && asked.stderr.contains("only looked at"), "{asked:?}");
    assert_eq!(rehearsal.show("mutations").await, serde_json::json!([]), "{}", rehearsal.log());

    assert_eq!(rehearsal.terminate().await, Some(0));
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{state}{end}"));
    }
    std::fs::copy(&copy, &state).unwrap();
    rehearsal.start_daemon().await;
    rehearsal.report_is("converged", |report| report.converged).await;
    assert!(until("mutations", async || Some(rehearsal.show("mutations").await)).await == serde_json::json!([]));
}

#[tokio::test]
async fn a_state_in_a_place_that_is_no_folder_is_said_with_the_remedy() {
    let rehearsal = Rehearsal::new().await;
    std::fs::write(rehearsal.path("file"), "").unwrap();
    let state = rehearsal.path("file/state.db").display().to_string();
    let words = rehearsal.daemon_words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let place = words.iter().position(|word| *word == "--state").expect("a state") + 1;
    let mut other = words.clone();
    other[place] = &state;
    let ended = rehearsal.ovirt_dr(&other).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("is no folder, or name another with --state"), "{}", ended.stderr);
}

#[tokio::test]
async fn an_entry_of_a_newer_daemon_is_named_and_shown_and_its_plan_only_looked_at() {
    let mut rehearsal = Rehearsal::calm().await;
    let state = rehearsal.path("state.db").display().to_string();
    assert_eq!(rehearsal.terminate().await, Some(0));
    let exported = rehearsal.ovirt_dr(&["export", "--state", &state]).await;
    let lines: Vec<Value> = exported.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [.., before, last] = lines.as_slice() else { panic!("{exported:?}") };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    // The newest entry becomes one of a kind that this version does not know, as its writer would have hashed it.
    let (was, kind) = (last["entry"].to_string(), text(&last["entry"]["entry"]));
    let unknown = "x".repeat(kind.len());
    let entry = was.replacen(&kind, &unknown, 1);
    let hashed = [&text(&before["hash"]), PLAN, &last["at"].to_string(), &entry].map(str::to_owned).join("\n");
    let hash = format!("{:x}", Sha256::digest(hashed));
    let mut bytes = std::fs::read(&state).unwrap();
    replace(&mut bytes, was.as_bytes(), entry.as_bytes());
    replace(&mut bytes, text(&last["hash"]).as_bytes(), hash.as_bytes());
    std::fs::write(&state, bytes).unwrap();

    rehearsal.start_daemon().await;
    let report = rehearsal.report_is("looked at", |report| report.passes >= 2).await;
    let trouble = report.engine_trouble.clone().unwrap_or_default();
    assert!(trouble.contains(&format!("`{unknown}`, which this version does not know")), "{trouble}");
    assert!(report.as_of.is_some() && !report.converged, "{report:?}");
    let asked = rehearsal.ovirt_dr(&["failover", PLAN, "seville", "--reason", "fire"]).await;
    assert!(asked.code == Some(1) && asked.stderr.contains("only looked at"), "{asked:?}");
    let history = rehearsal.ovirt_dr(&["history", PLAN]).await;
    assert!(history.stdout.contains(&format!("unknown to this version ({unknown})")), "{history:?}");
    let verified = rehearsal.ovirt_dr(&["history", "--verify", "--state", &state]).await;
    assert!(verified.code == Some(1) && verified.stdout.contains("Install that one again"), "{verified:?}");
    assert!(!verified.stdout.contains("by hand"), "{verified:?}");
    assert_eq!(rehearsal.terminate().await, Some(0));
    let again = rehearsal.ovirt_dr(&["export", "--state", &state]).await;
    assert!(again.stdout.lines().count() == lines.len() && again.stdout.contains(&entry), "nothing is lost: {again:?}");
    assert_eq!(rehearsal.show("mutations").await, serde_json::json!([]), "{}", rehearsal.log());
}

/// SQLite may leave copies behind: all of them are changed.
fn replace(bytes: &mut [u8], was: &[u8], is: &[u8]) {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(was)).collect();
    assert!(!places.is_empty(), "it is there");
    for place in places {
        bytes[place..place + is.len()].copy_from_slice(is);
    }
}
