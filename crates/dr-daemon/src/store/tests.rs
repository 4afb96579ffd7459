//! Both journals keep what they took, in order; the one on disk survives and refuses what it must.

mod chained;
mod faults;
mod suite;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use sqlx::AssertSqlSafe;

use super::*;
use crate::memory_journal::MemoryJournal;

fn seen(site: &str) -> Entry {
    Entry::SiteSeen { site: site.to_owned() }
}

fn sites(entries: &[Stamped]) -> Vec<&str> {
    entries
        .iter()
        .map(|one| if let Entry::SiteSeen { site } = &one.entry { site.as_str() } else { "something else" })
        .collect()
}

async fn keeps_what_it_took(journal: &dyn Journal) {
    let first = journal.append("erp", vec![(Time(1), seen("a")), (Time(2), seen("b"))]).await.unwrap();
    let second = journal.append("crm", vec![(Time(3), seen("c"))]).await.unwrap();
    assert!(first[0] < first[1] && first[1] < second[0], "numbers rise over all plans");
    let erp = journal.read("erp").await.unwrap();
    let erp: Vec<(u64, Time, Entry)> = erp.into_iter().map(|one| (one.seq, one.at, one.entry)).collect();
    assert_eq!(erp, [(first[0], Time(1), seen("a")), (first[1], Time(2), seen("b"))]);
    assert_eq!(journal.plans().await.unwrap(), ["crm", "erp"]);
    assert_eq!(journal.read("nobody").await.unwrap(), []);

    drop(journal.append("erp", vec![(Time(4), seen("never polled"))]));
    assert_eq!(journal.read("erp").await.unwrap().len(), 2, "a write that was never begun leaves no trace");

    journal.append("erp", vec![(Time(5), seen("d")), (Time(6), seen("e"))]).await.unwrap();
    let part = async |after, limit| {
        let told = journal.history("erp", after, limit).await.unwrap();
        told.iter().map(|one| one.entry["site"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(part(None, 3).await, ["b", "d", "e"], "the newest, oldest first");
    assert_eq!(part(Some(first[0]), 2).await, ["b", "d"], "the first ones after a known one");
    assert_eq!(part(Some(0), 100).await, ["a", "b", "d", "e"]);
}

#[tokio::test]
async fn the_journal_in_memory_keeps_what_it_took() {
    keeps_what_it_took(&MemoryJournal::default()).await;
}

#[tokio::test]
async fn the_journal_on_disk_keeps_what_it_took_over_a_restart() {
    let (_dir, path) = place();
    let store = Store::open(&path).await.unwrap();
    keeps_what_it_took(&store).await;
    let before = store.read("erp").await.unwrap();
    close(store).await;
    let again = Store::open(&path).await.unwrap();
    assert_eq!(again.read("erp").await.unwrap(), before);
}

#[tokio::test]
async fn a_daemon_that_dies_without_closing_loses_nothing_that_was_acknowledged() {
    let (_dir, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.append("erp", vec![(Time(1), seen("a"))]).await.unwrap();
    // What the kernel has of the files at this moment, write-ahead log included, is what a killed daemon leaves.
    let (_later, copy) = place();
    as_left(&path, &copy);
    let left = Store::open(&copy).await.unwrap();
    assert_eq!(sites(&left.read("erp").await.unwrap()), ["a"]);
}

#[test]
fn a_crash_in_memory_loses_what_was_not_durable_and_keeps_what_was() {
    let journal = MemoryJournal::default();
    let mut context = Context::from_waker(Waker::noop());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    let count = || match pin!(journal.read("erp")).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(rows) => rows.unwrap().len(),
        Poll::Pending => unreachable!("reading memory never waits"),
    };

    let mut begun = journal.append("erp", vec![(Time(1), seen("a")), (Time(2), seen("b"))]);
    assert!(begun.as_mut().poll(&mut context).is_pending());
    assert_eq!(count(), 0, "begun is not durable");
    journal.crash();
    assert!(matches!(begun.as_mut().poll(&mut context), Poll::Ready(Err(_))), "nobody may believe that it was written");
    assert_eq!(count(), 0);

    let mut durable = journal.append("erp", vec![(Time(3), seen("c")), (Time(4), seen("d"))]);
    assert!(durable.as_mut().poll(&mut context).is_pending());
    assert!(durable.as_mut().poll(&mut context).is_pending());
    journal.crash();
    drop(durable);
    assert_eq!(count(), 2, "durable before its caller heard of it");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_starts_while_a_killed_one_still_dies_waits_for_it() {
    let (_dir, path) = place();
    let dying = super::lock::Lock::take(&path).await.unwrap();
    let dies = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(dying);
    };
    let (next, ()) = tokio::join!(super::lock::Lock::take(&path), dies);
    assert!(next.is_ok());
}

#[tokio::test]
async fn a_second_daemon_is_told_who_holds_the_database() {
    let (_dir, path) = place();
    let held = Store::open(&path).await.unwrap();
    let refused = refusal(&path).await;
    assert!(refused.contains(&format!("process {} holds it", std::process::id())), "{refused}");
    close(held).await;
    Store::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_daemon_is_refused_and_not_a_byte_of_it_changes() {
    let (_dir, path) = place();
    raw(&path, "PRAGMA user_version = 99; CREATE TABLE anything (a)").await;
    let before = std::fs::read(&path).unwrap();
    let refused = refusal(&path).await;
    assert!(refused.contains("version 99") && refused.contains("newer"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn the_database_of_another_program_is_left_alone() {
    let (_dir, path) = place();
    raw(&path, "CREATE TABLE bookmarks (a)").await;
    let before = std::fs::read(&path).unwrap();
    let refused = refusal(&path).await;
    assert!(refused.contains("another program"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_missing_folder_and_a_file_that_is_no_database_are_said() {
    let (dir, path) = place();
    let missing = refusal(&dir.path().join("nowhere/state.sqlite3")).await;
    assert!(missing.contains("nowhere does not exist"), "{missing}");
    std::fs::write(
        &path,
        "this is a text and no database, and long enough to be seen as such by everybody ".repeat(20),
    )
    .unwrap();
    let refused = refusal(&path).await;
    assert!(refused.contains("no SQLite database"), "{refused}");
}

#[tokio::test]
async fn a_damaged_database_is_said_at_the_start_and_not_in_the_night() {
    let (_dir, path) = place();
    let store = Store::open(&path).await.unwrap();
    let many = (0..500).map(|at| (Time(at), seen(&format!("a site with a long name, number {at}")))).collect();
    store.append("erp", many).await.unwrap();
    close(store).await;
    let mut bytes = std::fs::read(&path).unwrap();
    // All but the first page, which is the one that says what the file is.
    bytes.iter_mut().skip(4096).for_each(|byte| *byte = 0x5a);
    std::fs::write(&path, bytes).unwrap();
    let refused = refusal(&path).await;
    assert!(refused.contains("damaged"), "{refused}");
}

#[tokio::test]
async fn what_cannot_be_written_says_whose_right_is_missing() {
    let (dir, path) = place();
    close(Store::open(&path).await.unwrap()).await;
    let reader = Store::open_to_read(&path).await.unwrap();
    let refused = reader.append("erp", vec![(Time(1), seen("a"))]).await.unwrap_err().to_string();
    assert!(refused.contains("needs the right"), "{refused}");
    let other = dir.path().join("other.sqlite3");
    std::fs::create_dir(dir.path().join("other.sqlite3.lock")).unwrap();
    let refused = refusal(&other).await;
    assert!(refused.contains("lock file") && refused.contains("needs the right"), "{refused}");
}

#[tokio::test]
async fn a_reader_beside_the_daemon_sees_what_it_wrote() {
    let (_dir, path) = place();
    let missing = Store::open_to_read(&path).await.unwrap_err().to_string();
    assert!(missing.contains("does not exist"), "{missing}");
    let store = Store::open(&path).await.unwrap();
    store.append("erp", vec![(Time(1), seen("a"))]).await.unwrap();
    let reader = Store::open_to_read(&path).await.unwrap();
    assert_eq!(sites(&reader.read("erp").await.unwrap()), ["a"]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_and_never_skipped() {
    for broken in ["{\"entry\":\"site_seen\"}", "{\"entry\":\"of_a_newer_daemon\"}", "[]"] {
        let (_dir, path) = place();
        let store = Store::open(&path).await.unwrap();
        store.append("erp", vec![(Time(1), seen("a")), (Time(2), seen("b"))]).await.unwrap();
        sqlx::query("UPDATE journal SET entry = ? WHERE seq = 2").bind(broken).execute(&store.pool).await.unwrap();
        let refused = store.read("erp").await.unwrap_err().to_string();
        assert!(refused.contains("row 2"), "{refused}");
    }
}

#[tokio::test]
async fn kinds_of_entries_can_be_counted_by_hand() {
    let (_dir, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.append("erp", vec![(Time(1), seen("a")), (Time(2), Entry::HoldDropped), (Time(3), seen("b"))]).await.unwrap();
    let rows = sqlx::query("SELECT kind, count(*) FROM journal GROUP BY kind ORDER BY kind")
        .fetch_all(&store.pool)
        .await
        .unwrap();
    let counted: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(counted, [("hold_dropped".to_owned(), 1), ("site_seen".to_owned(), 2)]);
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.sqlite3");
    (dir, path)
}

/// Copies a database as a killed daemon leaves it: with its write-ahead log, nothing brought together.
fn as_left(path: &Path, copy: &Path) {
    for end in ["", "-wal"] {
        std::fs::copy(beside(path, end), beside(copy, end)).unwrap();
    }
}

fn beside(path: &Path, end: &str) -> String {
    format!("{}{end}", path.display())
}

async fn close(store: Store) {
    store.pool.close().await;
}

async fn refusal(path: &Path) -> String {
    Store::open(path).await.expect_err("it must be refused").to_string()
}

/// Runs statements on a file that no daemon has seen.
async fn raw(path: &Path, sql: &str) {
    let pool = connect(path, options(path).create_if_missing(true)).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
    pool.close().await;
}
