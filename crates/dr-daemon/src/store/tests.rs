//! Both journals keep what they took, in order; the one on disk survives and refuses what it must.

use super::*;
use crate::memory_journal::MemoryJournal;

fn seen(site: &str) -> Entry {
    Entry::SiteSeen { site: site.to_owned() }
}

async fn keeps_what_it_took_in_order_and_by_plan(journal: &dyn Journal) {
    let first = journal.append("erp", vec![(Time(1), seen("a")), (Time(2), seen("b"))]).await.unwrap();
    let second = journal.append("crm", vec![(Time(3), seen("c"))]).await.unwrap();
    assert!(first[0] < first[1] && first[1] < second[0], "numbers rise over all plans");
    let erp: Vec<(Time, Entry)> =
        journal.read("erp").await.unwrap().into_iter().map(|one| (one.at, one.entry)).collect();
    assert_eq!(erp, [(Time(1), seen("a")), (Time(2), seen("b"))]);
    assert_eq!(journal.plans().await.unwrap(), ["crm", "erp"]);
    drop(journal.append("erp", vec![(Time(4), seen("never polled"))]));
    assert_eq!(journal.read("erp").await.unwrap().len(), 2, "a write that was never begun leaves no trace");
}

#[tokio::test]
async fn the_journal_in_memory_keeps_what_it_took() {
    keeps_what_it_took_in_order_and_by_plan(&MemoryJournal::default()).await;
}

#[tokio::test]
async fn the_journal_on_disk_keeps_what_it_took_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.sqlite3");
    let store = Store::open(&path).await.unwrap();
    keeps_what_it_took_in_order_and_by_plan(&store).await;
    store.pool.close().await;
    drop(store);
    let again = Store::open(&path).await.unwrap();
    assert_eq!(again.read("erp").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_second_daemon_is_told_who_holds_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.sqlite3");
    let _held = Store::open(&path).await.unwrap();
    let refused = Store::open(&path).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.sqlite3");
    let store = Store::open(&path).await.unwrap();
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&store.pool).await.unwrap();
    store.pool.close().await;
    drop(store);
    let refused = Store::open(&path).await.unwrap_err().to_string();
    assert!(refused.contains("version 99") && refused.contains("newer"), "{refused}");
}

#[tokio::test]
async fn a_missing_folder_and_a_file_that_is_no_database_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Store::open(&dir.path().join("nowhere/state.sqlite3")).await.unwrap_err().to_string();
    assert!(missing.contains("does not exist"), "{missing}");
    let path = dir.path().join("notes.txt");
    std::fs::write(
        &path,
        "this is a text and no database, and long enough to be seen as such by everybody ".repeat(20),
    )
    .unwrap();
    let refused = Store::open(&path).await.unwrap_err().to_string();
    assert!(refused.contains("no SQLite database"), "{refused}");
}

#[tokio::test]
async fn a_row_changed_by_hand_is_named_and_never_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("state.sqlite3")).await.unwrap();
    store.append("erp", vec![(Time(1), seen("a")), (Time(2), seen("b"))]).await.unwrap();
    sqlx::raw_sql("UPDATE journal SET entry = '{\"entry\":\"site_s' WHERE seq = 2").execute(&store.pool).await.unwrap();
    let refused = store.read("erp").await.unwrap_err().to_string();
    assert!(refused.contains("row 2"), "{refused}");
}
