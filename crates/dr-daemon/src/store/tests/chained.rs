//! An entry that is not as it was written is named, and every other one is left in peace.

use dr_core::{Outcome, OwedKey};

use super::*;

/// Entries 1, 2 and 4 of erp, entry 3 of crm.
async fn four(path: &Path) -> Store {
    let store = Store::open(path).await.unwrap();
    store.append("erp", vec![(Time(1), seen("a")), (Time(2), seen("b"))]).await.unwrap();
    store.append("crm", vec![(Time(3), seen("c"))]).await.unwrap();
    store.append("erp", vec![(Time(4), seen("d"))]).await.unwrap();
    store
}

async fn by_hand(store: &Store, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&store.pool).await.unwrap();
}

#[tokio::test]
async fn what_the_daemon_wrote_is_sound_and_counted() {
    let (_dir, path) = place();
    let store = four(&path).await;
    let verified = store.verify().await.unwrap();
    assert_eq!((verified.findings.as_slice(), verified.entries()), ([].as_slice(), 4));
    let plans: Vec<(&str, usize)> = verified.plans.iter().map(|one| (one.plan.as_str(), one.entries)).collect();
    assert_eq!(plans, [("crm", 1), ("erp", 3)]);
}

#[tokio::test]
async fn an_entry_changed_by_hand_is_named_with_plan_number_time_and_remedy() {
    let changes = [
        (2, "UPDATE journal SET entry = '{\"entry\":\"site_seen\",\"site\":\"x\"}' WHERE seq = 2"),
        (2, "UPDATE journal SET at = 9 WHERE seq = 2"),
        (2, "UPDATE journal SET hash = 'x' WHERE seq = 2"),
        (2, "UPDATE journal SET entry = CAST(x'7b22656e747279223a22ff227d' AS TEXT) WHERE seq = 2"),
        (4, "DELETE FROM journal WHERE seq = 2"),
        (2, "DELETE FROM journal WHERE seq = 1"),
        (5, "INSERT INTO journal (plan, at, entry) VALUES ('erp', 5, '{\"entry\":\"hold_dropped\"}')"),
    ];
    for (seq, change) in changes {
        let (_dir, path) = place();
        let store = four(&path).await;
        by_hand(&store, change).await;
        let refused = store.read("erp").await.unwrap_err().to_string();
        assert!(
            refused.contains(&format!("row {seq} of the journal (plan erp, 1970-01-01 00:00:00 UTC)")),
            "{refused}"
        );
        assert!(refused.contains("by hand") && refused.contains("restore the database from a backup"), "{refused}");
        assert_eq!(sites(&store.read("crm").await.unwrap()), ["c"], "another plan goes on: {change}");
        let found = store.verify().await.unwrap().findings;
        let mut named: Vec<u64> = found.iter().filter_map(|one| one.seq).collect();
        named.dedup();
        assert_eq!(named, [seq], "only that one: {change}: {found:?}");
    }
}

#[tokio::test]
async fn entries_taken_out_at_the_end_are_missed_by_every_plan() {
    let (_dir, path) = place();
    let store = four(&path).await;
    by_hand(&store, "DELETE FROM journal WHERE seq = 4").await;
    for plan in ["erp", "crm"] {
        let refused = store.read(plan).await.unwrap_err().to_string();
        assert!(refused.contains("rows 4 to 4") && refused.contains("backup"), "{refused}");
    }
    assert_eq!(store.verify().await.unwrap().findings.len(), 1);
}

#[tokio::test]
async fn entries_that_cannot_have_followed_each_other_are_named() {
    let (_dir, path) = place();
    let store = Store::open(&path).await.unwrap();
    let entries = [
        Entry::Outcome { id: 1, outcome: Outcome::Done },
        Entry::GivenBack { what: OwedKey::Fencing("main".into()) },
        Entry::Closed { epoch: 7, exceptions: Vec::new() },
    ];
    store.append("erp", entries.into_iter().map(|entry| (Time(1), entry)).collect()).await.unwrap();
    let found: Vec<String> = store.verify().await.unwrap().findings.into_iter().map(|one| one.text).collect();
    let said = [
        "row 1 of",
        "outcome of intent 1",
        "row 2 of",
        "was not owed",
        "row 3 of",
        "closes failover 7, but none is open",
    ];
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(said.iter().all(|said| found.iter().any(|one| one.contains(said))), "{found:?}");
    assert_eq!(store.read("erp").await.unwrap().len(), 3, "the hashes are right: the daemon is not stopped by it");
}

/// What the first daemon made.
const FIRST: &str = "CREATE TABLE journal (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        plan TEXT NOT NULL,
        at INTEGER NOT NULL,
        entry TEXT NOT NULL,
        kind TEXT GENERATED ALWAYS AS (entry ->> '$.entry') VIRTUAL
    ) STRICT;
    CREATE INDEX journal_of_plan ON journal (plan, seq);
    INSERT INTO journal (plan, at, entry) VALUES
        ('erp', 1, '{\"entry\":\"site_seen\",\"site\":\"a\"}'),
        ('crm', 2, '{\"entry\":\"site_seen\",\"site\":\"b\"}'),
        ('erp', 3, '{\"entry\":\"site_seen\",\"site\":\"c\"}');
    PRAGMA user_version = 1; PRAGMA application_id = 0x6f766472;";

#[tokio::test]
async fn a_database_without_hashes_gets_them_once_and_a_reader_alone_changes_nothing() {
    let (_dir, path) = place();
    raw(&path, FIRST).await;
    let reader = Store::open_to_read(&path).await.unwrap_err().to_string();
    assert!(reader.contains("start the daemon of this version once"), "{reader}");
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.verify().await.unwrap().findings, []);
    assert_eq!(sites(&store.read("erp").await.unwrap()), ["a", "c"]);
    store.append("erp", vec![(Time(4), seen("d"))]).await.unwrap();
    close(store).await;
    let again = Store::open(&path).await.unwrap();
    assert_eq!(again.verify().await.unwrap().findings, []);
    by_hand(&again, "UPDATE journal SET at = 2 WHERE seq = 1").await;
    assert!(again.read("erp").await.unwrap_err().to_string().contains("row 1 of the journal"));
}

#[tokio::test]
async fn a_copy_is_whole_while_the_daemon_writes_and_never_replaces_a_file() {
    let (dir, path) = place();
    let store = four(&path).await;
    let reader = Store::open_to_read(&path).await.unwrap();
    let copy = dir.path().join("copy.sqlite3");
    reader.copy_to(&copy).await.unwrap();
    store.append("erp", vec![(Time(5), seen("later"))]).await.unwrap();
    let refused = reader.copy_to(&copy).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be written"), "{refused}");
    let copied = Store::open_to_read(&copy).await.unwrap();
    let verified = copied.verify().await.unwrap();
    assert_eq!((verified.findings.len(), verified.entries()), (0, 4));
    close(copied).await;
    let restored = Store::open(&copy).await.unwrap();
    assert_eq!(restored.append("erp", vec![(Time(6), seen("on"))]).await.unwrap(), [5], "a daemon goes on from it");
}

#[tokio::test]
async fn the_hash_is_what_the_page_says_so_that_others_can_compute_it() {
    let (_dir, path) = place();
    let store = four(&path).await;
    let rows = store.export(Some("erp"), 0, 2).await.unwrap();
    // printf '\nerp\n1\n{"entry":"site_seen","site":"a"}' | sha256sum
    let first = hash(b"", b"erp", 1, b"{\"entry\":\"site_seen\",\"site\":\"a\"}");
    assert_eq!((rows[0].hash.as_str(), rows[0].hash.len()), (first.as_str(), 64));
    assert_eq!(rows[1].hash, hash(first.as_bytes(), b"erp", 2, rows[1].entry.as_bytes()));
    assert_eq!(store.export(None, 2, 10).await.unwrap().len(), 2, "all plans, after a number");
}

/// What a newer daemon may have written after entry 4.
const PROMISED: &str = r#"{"entry":"promised","to":"the moon"}"#;

/// The four entries, one of a kind that only a newer daemon knows, and one after it.
async fn with_an_unknown_kind(path: &Path) -> Store {
    let store = four(path).await;
    let mut connection = store.pool.acquire().await.unwrap();
    write(&mut connection, "erp", vec![(5, PROMISED.to_owned())]).await.unwrap();
    drop(connection);
    let ends = Entry::Outcome { id: 7, outcome: Outcome::Done };
    store.append("erp", vec![(Time(6), ends)]).await.unwrap();
    store
}

#[tokio::test]
async fn an_entry_of_a_kind_that_only_a_newer_daemon_knows_is_named_and_the_newer_daemon_asked_for() {
    let (_dir, path) = place();
    let store = with_an_unknown_kind(&path).await;
    let refused = store.read("erp").await.unwrap_err().to_string();
    assert!(refused.contains("row 5 of the journal (plan erp"), "{refused}");
    assert!(refused.contains("`promised`, which this version does not know: a newer daemon wrote it"), "{refused}");
    assert!(!refused.contains("backup") && !refused.contains("by hand"), "{refused}");
    assert_eq!(sites(&store.read("crm").await.unwrap()), ["c"], "another plan goes on");
}

#[tokio::test]
async fn an_entry_of_an_unknown_kind_is_shown_exported_and_verified_like_any_other() {
    let (_dir, path) = place();
    let store = with_an_unknown_kind(&path).await;
    let told = store.history("erp", Some(4), 10).await.unwrap();
    assert_eq!((told[0].seq, told[0].entry.to_string().as_str(), told.len()), (5, PROMISED, 2));
    let exported = store.export(Some("erp"), 4, 10).await.unwrap();
    assert_eq!((exported[0].seq, exported[0].entry.as_str()), (5, PROMISED));
    let found = store.verify().await.unwrap().findings;
    assert_eq!(found.iter().map(|one| one.seq).collect::<Vec<_>>(), [Some(5)], "nothing after it is blamed: {found:?}");
    by_hand(&store, "UPDATE journal SET at = 9 WHERE seq = 6").await;
    let found = store.verify().await.unwrap().findings;
    assert!(found.iter().any(|one| one.seq == Some(6) && one.text.contains("by hand")), "the chain counts: {found:?}");
}
