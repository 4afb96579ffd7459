//! What a disk does to a database, on the real file: said with the remedy, nothing acknowledged is lost, and it goes on afterwards.

use super::*;

async fn set(store: &Store, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&store.pool).await.unwrap();
}

async fn fails(store: &Store, entry: Entry) -> String {
    store.append("erp", vec![(Time(7), seen("half")), (Time(7), entry)]).await.unwrap_err().to_string()
}

/// The fault is over: it goes on, and nothing is there of what was refused.
async fn goes_on(store: &Store, before: usize) {
    store.append("erp", vec![(Time(8), seen("after"))]).await.unwrap();
    let rows = store.read("erp").await.unwrap();
    assert_eq!(rows.len(), before + 1);
    assert!(!sites(&rows).contains(&"half"), "all or none");
    assert_eq!(store.verify().await.unwrap().findings, []);
}

#[tokio::test]
async fn a_full_disk_is_said_and_waited_out() {
    let (_dir, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.append("erp", vec![(Time(1), seen("a"))]).await.unwrap();
    set(&store, "PRAGMA max_page_count = 1").await;
    let said = fails(&store, seen(&"long ".repeat(10_000))).await;
    assert!(said.contains("the disk is full: make room; the daemon goes on by itself"), "{said}");
    assert_eq!(sites(&store.read("erp").await.unwrap()), ["a"], "what is there can be read meanwhile");
    set(&store, "PRAGMA max_page_count = 1000000").await;
    goes_on(&store, 1).await;
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_said_and_waited_out() {
    let (_dir, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.append("erp", vec![(Time(1), seen("a"))]).await.unwrap();
    set(&store, "PRAGMA query_only = 1").await;
    let said = fails(&store, seen("b")).await;
    assert!(said.contains("the daemon needs the right to read and write the file and its folder"), "{said}");
    set(&store, "PRAGMA query_only = 0").await;
    goes_on(&store, 1).await;
}

#[tokio::test]
async fn a_file_that_another_program_locks_is_said_and_waited_out() {
    let (_dir, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.append("erp", vec![(Time(1), seen("a"))]).await.unwrap();
    let other = connect(&path, options(&path)).await.unwrap();
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    set(&store, "PRAGMA busy_timeout = 1").await;
    let said = fails(&store, seen("b")).await;
    assert!(said.contains("another program holds it"), "{said}");
    held.rollback().await.unwrap();
    goes_on(&store, 1).await;
}

#[tokio::test]
async fn a_folder_that_is_a_file_and_a_file_that_is_a_folder_are_said() {
    let (dir, path) = place();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let said = refusal(&dir.path().join("file/state.sqlite3")).await;
    assert!(said.contains("is no folder") && said.contains("--state"), "{said}");
    std::fs::create_dir(&path).unwrap();
    let said = refusal(&path).await;
    assert!(said.contains("needs the right to read and write the file"), "{said}");
}

/// Three entries at a time: `checkpointed` of them stand in the database, as many again in its write-ahead log.
async fn killed_with_a_log(path: &Path, batches: u64) {
    let store = Store::open(path).await.unwrap();
    for batch in 0..2 * batches {
        if batch == batches {
            set(&store, "PRAGMA wal_checkpoint(TRUNCATE)").await;
        }
        let entries = (0..3).map(|nth| (Time(batch), seen(&format!("{batch}.{nth}"))));
        store.append("erp", entries.collect()).await.unwrap();
    }
    let left = path.with_extension("left");
    as_left(path, &left);
}

/// Whatever befalls the log, its database opens with whole batches up to some point, and with all that had reached the database itself.
///
/// SQLite drops the log from the first frame on whose checksum is wrong, and says nothing: the chain of hashes is whole up to there, so the
/// loss cannot be seen here. It is the engine's tags that remember what was owed.
async fn opens_with_a_prefix(left: &Path, log: &[u8], checkpointed: usize, what: &str) -> usize {
    let (_dir, copy) = place();
    std::fs::copy(left, &copy).unwrap();
    std::fs::write(beside(&copy, "-wal"), log).unwrap();
    let store = Store::open(&copy).await.unwrap();
    let rows = store.read("erp").await.unwrap();
    let expected: Vec<String> = (0..rows.len()).map(|nth| format!("{}.{}", nth / 3, nth % 3)).collect();
    assert_eq!(sites(&rows), expected, "{what}");
    assert_eq!(rows.len() % 3, 0, "never half an append: {what}");
    assert!(rows.len() >= checkpointed, "{what}: {} rows", rows.len());
    assert_eq!(store.verify().await.unwrap().findings, [], "{what}");
    store.append("erp", vec![(Time(9), seen("on"))]).await.unwrap();
    rows.len()
}

#[tokio::test]
async fn a_log_that_is_cut_off_somewhere_costs_whole_appends_at_its_end_only() {
    let (_dir, path) = place();
    killed_with_a_log(&path, 5).await;
    let left = path.with_extension("left");
    let log = std::fs::read(beside(&left, "-wal")).unwrap();
    assert_eq!(opens_with_a_prefix(&left, &log, 15, "whole").await, 30, "everything that was acknowledged");
    let mut seen = Vec::new();
    for part in 0..24 {
        let cut = log.len() * part / 24;
        seen.push(opens_with_a_prefix(&left, &log[..cut], 15, &format!("cut at {cut}")).await);
    }
    assert!(seen.is_sorted() && seen[0] == 15 && seen[23] > 15, "{seen:?}");
}

#[tokio::test]
async fn a_log_with_a_flipped_bit_costs_whole_appends_from_there_on_only() {
    let (_dir, path) = place();
    killed_with_a_log(&path, 5).await;
    let left = path.with_extension("left");
    let log = std::fs::read(beside(&left, "-wal")).unwrap();
    let mut lost = 0;
    for part in 0..24 {
        let at = (log.len() - 1) * part / 23;
        let mut flipped = log.clone();
        flipped[at] ^= 0x10;
        lost += 30 - opens_with_a_prefix(&left, &flipped, 15, &format!("flipped at {at}")).await;
    }
    assert!(lost > 0, "a bit that is flipped is not believed");
}
