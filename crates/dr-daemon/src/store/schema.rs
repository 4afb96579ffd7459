//! The database's shape and how it grows: forward only, a step a version.

use std::path::Path;

use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, Row as _};

use super::chain::{Chain, Row, hash};
use super::trouble::{DAMAGED, in_words, trouble};
use crate::ports::JournalError;

/// Statements that lead from each version to the next; never edited once released.
///
/// `kind` is there for whoever looks at the table by hand. The second version's hashes are computed by [`hash_everything`].
const STEPS: [&str; 2] = [
    "CREATE TABLE journal (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        plan TEXT NOT NULL,
        at INTEGER NOT NULL,
        entry TEXT NOT NULL,
        kind TEXT GENERATED ALWAYS AS (entry ->> '$.entry') VIRTUAL
    ) STRICT;
    CREATE INDEX journal_of_plan ON journal (plan, seq);",
    "ALTER TABLE journal ADD COLUMN hash TEXT NOT NULL DEFAULT '';",
];
/// The version that has hashes.
const HASHED: usize = 2;

/// Marks the file as ours: `ovdr` in ASCII.
const APPLICATION_ID: i64 = 0x6f76_6472;

/// Refuses a database that is not ours, or that a newer daemon wrote, or that is damaged. Changes nothing.
pub(super) async fn check(pool: &SqlitePool, path: &Path) -> Result<usize, JournalError> {
    let found = number(pool, path, "PRAGMA user_version").await?;
    let owner = number(pool, path, "PRAGMA application_id").await?;
    let tables = number(pool, path, "SELECT count(*) FROM sqlite_schema").await?;
    let foreign = (owner != 0 && owner != APPLICATION_ID) || (found == 0 && tables > 0);
    let version = usize::try_from(found).ok().filter(|_| !foreign).ok_or_else(|| {
        trouble(path, "it is the database of another program and was left alone; name another file with --state")
    })?;
    if version > STEPS.len() {
        let known = STEPS.len();
        let text = format!(
            "it is of version {version}, this daemon knows {known}: a newer daemon wrote it. Install that one again, or restore a database \
             from before; it was left as it is"
        );
        return Err(trouble(path, text));
    }
    let damage =
        sqlx::query("PRAGMA quick_check(1)").fetch_one(pool).await.map_err(|error| trouble(path, in_words(&error)))?;
    let damage: String = damage.get(0);
    if damage == "ok" { Ok(version) } else { Err(trouble(path, format!("{damage}; {DAMAGED}"))) }
}

/// Refuses a database that a daemon of this version has not opened yet: a reader changes nothing.
pub(super) fn is_of_today(path: &Path, version: usize) -> Result<(), JournalError> {
    if version == STEPS.len() {
        return Ok(());
    }
    let text = format!(
        "it is of version {version}, this program reads {}: start the daemon of this version once, which brings it up to date",
        STEPS.len()
    );
    Err(trouble(path, text))
}

/// Brings a checked database from `version` to this one, and makes sure that it can be written.
///
/// The version stands in `user_version`, which SQLite keeps with every transaction: a crash in between leaves the version before.
pub(super) async fn bring_up_to_date(pool: &SqlitePool, path: &Path, version: usize) -> Result<(), JournalError> {
    let failed = |error: sqlx::Error| trouble(path, in_words(&error));
    // A write-ahead log lets a backup read beside the daemon. Where the file system cannot do it, the older way is as durable.
    sqlx::query("PRAGMA journal_mode = WAL").execute(pool).await.map_err(failed)?;
    for (done, statements) in STEPS.iter().enumerate().skip(version) {
        let mut transaction = pool.begin().await.map_err(failed)?;
        sqlx::raw_sql(*statements).execute(&mut *transaction).await.map_err(failed)?;
        if done + 1 == HASHED {
            hash_everything(&mut transaction, path).await?;
        }
        let mark = format!("PRAGMA user_version = {}; PRAGMA application_id = {APPLICATION_ID}", done + 1);
        sqlx::raw_sql(AssertSqlSafe(mark)).execute(&mut *transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
    }
    // SQLite opens a file without write permission all the same and says so at the first entry: better now.
    pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?.rollback().await.map_err(failed)
}

/// Gives each entry that was there before there were hashes its own; from then on it is vouched for as it stood at that moment. All or
/// nothing, like everything else of the step, and looked at once more before it counts.
async fn hash_everything(connection: &mut SqliteConnection, path: &Path) -> Result<(), JournalError> {
    const SELECT: &str = "SELECT plan, seq, at, entry, hash FROM journal ORDER BY plan, seq";
    let failed = |error: sqlx::Error| trouble(path, in_words(&error));
    let (mut plan, mut previous) = (Vec::new(), Vec::new());
    for row in sqlx::query(SELECT).fetch_all(&mut *connection).await.map_err(failed)? {
        let row = Row::read(&row).map_err(failed)?;
        if row.plan != plan {
            (plan, previous) = (row.plan.clone(), Vec::new());
        }
        let hash = hash(&previous, &row.plan, row.at, &row.entry);
        let update = sqlx::query("UPDATE journal SET hash = ? WHERE seq = ?").bind(&hash).bind(row.seq);
        update.execute(&mut *connection).await.map_err(failed)?;
        previous = hash.into_bytes();
    }
    let (mut plan, mut chain) = (Vec::new(), Chain::default());
    for row in sqlx::query(SELECT).fetch_all(&mut *connection).await.map_err(failed)? {
        let row = Row::read(&row).map_err(failed)?;
        if row.plan != plan {
            (plan, chain) = (row.plan.clone(), Chain::default());
        }
        if let Some(wrong) = chain.next(&row) {
            let text =
                format!("it cannot be brought to version {HASHED}: {}: {wrong}. It was left as it was", row.named());
            return Err(trouble(path, text));
        }
    }
    Ok(())
}

async fn number(pool: &SqlitePool, path: &Path, sql: &'static str) -> Result<i64, JournalError> {
    let row = sqlx::query(sql).fetch_one(pool).await.map_err(|error| trouble(path, in_words(&error)))?;
    Ok(row.get(0))
}
