//! The state database: an append-only journal in SQLite, durable at each commit, held by one daemon.

mod lock;
mod schema;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use dr_core::{Entry, Stamped, Time};
use futures::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Row};

use crate::ports::{Journal, JournalError};

use lock::Lock;

/// How long a commit may wait for a reader, such as a backup.
const BUSY_PATIENCE: Duration = Duration::from_secs(10);

/// The journal of all plans in one SQLite file.
#[derive(Debug)]
pub struct Store {
    pool: SqlitePool,
    path: PathBuf,
    // Held for as long as the daemon lives.
    _lock: Option<Lock>,
}

impl Store {
    /// Opens the database at `path`, makes it if it does not exist, brings it to this version, and locks it for this process.
    ///
    /// # Errors
    /// Another daemon holds it, its folder does not exist, it is no database, it is damaged, or it is from a newer version. Nothing was
    /// changed then.
    pub async fn open(path: &Path) -> Result<Store, JournalError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(trouble(
                path,
                format!("its folder {} does not exist; create it, or name another with --state", folder.display()),
            ));
        }
        let lock = Lock::take(path)?;
        let pool = connect(path, true).await?;
        let store = Store { pool, path: path.to_owned(), _lock: Some(lock) };
        schema::bring_up_to_date(&store.pool).await.map_err(|text| trouble(path, text))?;
        Ok(store)
    }

    /// Opens the database for reading beside a running daemon.
    ///
    /// # Errors
    /// It does not exist or is no database of this version.
    pub async fn open_to_read(path: &Path) -> Result<Store, JournalError> {
        if !path.exists() {
            return Err(trouble(path, "it does not exist; the daemon makes it at its first start".to_owned()));
        }
        let pool = connect(path, false).await?;
        Ok(Store { pool, path: path.to_owned(), _lock: None })
    }

    fn failed(&self, error: &sqlx::Error) -> JournalError {
        trouble(&self.path, in_words(error))
    }
}

async fn connect(path: &Path, create: bool) -> Result<SqlitePool, JournalError> {
    let url = format!("sqlite://{}", path.display());
    let options = SqliteConnectOptions::from_str(&url)
        .map_err(|error| trouble(path, in_words(&error)))?
        .filename(path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        // An intent that is lost with the power is a step taken twice.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_PATIENCE);
    // One writer; a pool of one keeps commits in order.
    SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .map_err(|error| trouble(path, in_words(&error)))
}

fn trouble(path: &Path, text: String) -> JournalError {
    JournalError { place: path.display().to_string(), text }
}

/// SQLite's words with what helps.
fn in_words(error: &sqlx::Error) -> String {
    let text = error.to_string();
    let lower = text.to_lowercase();
    let remedy = if lower.contains("not a database") {
        "it is no SQLite database: name another file with --state, or restore it from a backup"
    } else if lower.contains("malformed") || lower.contains("corrupt") {
        "it is damaged: stop the daemon and restore it from a backup"
    } else if lower.contains("readonly") || lower.contains("read-only") || lower.contains("unable to open") {
        "the daemon needs the right to write the file and its folder"
    } else if lower.contains("full") {
        "the disk is full: make room; the daemon goes on by itself"
    } else {
        "the daemon goes on as soon as it can write again"
    };
    format!("{text}; {remedy}")
}

impl Journal for Store {
    fn append<'a>(
        &'a self,
        plan: &'a str,
        entries: Vec<(Time, Entry)>,
    ) -> BoxFuture<'a, Result<Vec<u64>, JournalError>> {
        Box::pin(async move {
            let failed = |error: sqlx::Error| self.failed(&error);
            let mut transaction = self.pool.begin().await.map_err(failed)?;
            let mut written = Vec::with_capacity(entries.len());
            for (at, entry) in &entries {
                let text = serde_json::to_string(entry).map_err(|error| trouble(&self.path, error.to_string()))?;
                let row = sqlx::query("INSERT INTO journal (plan, at, entry) VALUES (?, ?, ?) RETURNING seq")
                    .bind(plan)
                    .bind(i64::try_from(at.0).unwrap_or(i64::MAX))
                    .bind(text)
                    .fetch_one(&mut *transaction)
                    .await
                    .map_err(failed)?;
                written.push(number(row.get::<i64, _>(0)));
            }
            transaction.commit().await.map_err(failed)?;
            Ok(written)
        })
    }

    fn read<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<Stamped>, JournalError>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT seq, at, entry FROM journal WHERE plan = ? ORDER BY seq")
                .bind(plan)
                .fetch_all(&self.pool)
                .await
                .map_err(|error| self.failed(&error))?;
            rows.iter().map(|row| self.stamped(row)).collect()
        })
    }

    fn plans(&self) -> BoxFuture<'_, Result<Vec<String>, JournalError>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT DISTINCT plan FROM journal ORDER BY plan")
                .fetch_all(&self.pool)
                .await
                .map_err(|error| self.failed(&error))?;
            Ok(rows.iter().map(|row| row.get(0)).collect())
        })
    }
}

impl Store {
    /// One row; what cannot be read is an error that names it, never skipped: memory would forget a debt.
    fn stamped(&self, row: &sqlx::sqlite::SqliteRow) -> Result<Stamped, JournalError> {
        let seq = number(row.get::<i64, _>(0));
        let text: String = row.get(2);
        let entry = serde_json::from_str(&text).map_err(|error| {
            let text = format!(
                "row {seq} of the journal cannot be read ({error}): it was changed by hand or by another version"
            );
            trouble(&self.path, text)
        })?;
        Ok(Stamped { seq, at: Time(number(row.get::<i64, _>(1))), entry })
    }
}

fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A statement that is put together here, from constants only.
fn constant(sql: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql)
}
