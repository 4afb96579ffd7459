//! The database's shape and how it grows: forward only, a step a version.

use sqlx::Row;
use sqlx::sqlite::SqlitePool;

/// Statements that lead from each version to the next; never edited once released.
const STEPS: [&str; 1] = ["CREATE TABLE journal (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        plan TEXT NOT NULL,
        at INTEGER NOT NULL,
        entry TEXT NOT NULL
    ) STRICT;
    CREATE INDEX journal_of_plan ON journal (plan, seq);"];

/// Brings a database to this version. The version stands in `user_version`, which SQLite keeps with every transaction.
pub(super) async fn bring_up_to_date(pool: &SqlitePool) -> Result<(), String> {
    let failed = |error: sqlx::Error| super::in_words(&error);
    let row = sqlx::query("PRAGMA user_version").fetch_one(pool).await.map_err(failed)?;
    let version = usize::try_from(row.get::<i64, _>(0)).map_err(|_| "its version is no number of ours".to_owned())?;
    if version > STEPS.len() {
        return Err(format!(
            "it is of version {version}, this daemon knows {}: it was written by a newer one. Install that one, or restore an older database",
            STEPS.len()
        ));
    }
    for (done, statements) in STEPS.iter().enumerate().skip(version) {
        let mut transaction = pool.begin().await.map_err(failed)?;
        sqlx::raw_sql(*statements).execute(&mut *transaction).await.map_err(failed)?;
        let mark = super::constant(format!("PRAGMA user_version = {}", done + 1));
        sqlx::raw_sql(mark).execute(&mut *transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
    }
    Ok(())
}
