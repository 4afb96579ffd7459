//! The state database: an append-only journal in SQLite, durable at each commit, held by one daemon.

mod lock;
mod schema;
#[cfg(test)]
mod tests;
mod trouble;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dr_core::{Entry, Stamped, Time};
use futures::future::BoxFuture;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous};

use crate::ports::{Journal, JournalError};

use lock::Lock;
use trouble::{in_words, trouble};

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
    /// Its folder does not exist, another daemon holds it, it is no database or another program's, it is from a newer daemon, it is damaged,
    /// or it cannot be written. The file is left as it was then.
    pub async fn open(path: &Path) -> Result<Store, JournalError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let text =
                format!("its folder {} does not exist; create it, or name another with --state", folder.display());
            return Err(trouble(path, text));
        }
        let lock = Lock::take(path).await?;
        let pool = connect(path, options(path).create_if_missing(true)).await?;
        let version = schema::check(&pool, path).await?;
        schema::bring_up_to_date(&pool, path, version).await?;
        Ok(Store { pool, path: path.to_owned(), _lock: Some(lock) })
    }

    /// Opens the database for reading beside a running daemon.
    ///
    /// # Errors
    /// It does not exist, or it is none that this version can read.
    pub async fn open_to_read(path: &Path) -> Result<Store, JournalError> {
        if !path.exists() {
            return Err(trouble(path, "it does not exist; the daemon makes it at its first start"));
        }
        let pool = connect(path, options(path).read_only(true)).await?;
        schema::check(&pool, path).await?;
        Ok(Store { pool, path: path.to_owned(), _lock: None })
    }

    /// Brings everything into the one file and closes it: after a clean end there is nothing beside it, and a copy of it is whole.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        // An intent that is lost with the power is a step taken twice.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_PATIENCE)
}

/// One connection for all: it keeps commits in order, and is never closed for having rested.
async fn connect(path: &Path, options: SqliteConnectOptions) -> Result<SqlitePool, JournalError> {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    pool.connect_with(options).await.map_err(|error| trouble(path, in_words(&error)))
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
                    .bind(to_sql(at.0))
                    .bind(text)
                    .fetch_one(&mut *transaction)
                    .await
                    .map_err(failed)?;
                written.push(from_sql(row.get(0)));
            }
            transaction.commit().await.map_err(failed)?;
            Ok(written)
        })
    }

    fn read<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<Stamped>, JournalError>> {
        self.history(plan, Some(0), usize::MAX)
    }

    fn history<'a>(
        &'a self,
        plan: &'a str,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Stamped>, JournalError>> {
        const FIRST: &str = "SELECT seq, at, entry FROM journal WHERE plan = ? AND seq > ? ORDER BY seq LIMIT ?";
        const NEWEST: &str = "SELECT seq, at, entry FROM journal WHERE plan = ? AND seq > ? ORDER BY seq DESC LIMIT ?";
        Box::pin(async move {
            let mut rows = sqlx::query(if after.is_some() { FIRST } else { NEWEST })
                .bind(plan)
                .bind(to_sql(after.unwrap_or(0)))
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .fetch_all(&self.pool)
                .await
                .map_err(|error| self.failed(&error))?;
            if after.is_none() {
                rows.reverse();
            }
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
    fn stamped(&self, row: &SqliteRow) -> Result<Stamped, JournalError> {
        let seq = from_sql(row.get(0));
        let text: String = row.get(2);
        let entry = serde_json::from_str(&text).map_err(|error| {
            let text = format!(
                "row {seq} of the journal cannot be read ({error}): it was changed by hand or written by another version. Restore the database \
                 from a backup, or install the version that wrote it"
            );
            trouble(&self.path, text)
        })?;
        Ok(Stamped { seq, at: Time(from_sql(row.get(1))), entry })
    }

    fn failed(&self, error: &sqlx::Error) -> JournalError {
        trouble(&self.path, in_words(error))
    }
}

/// SQLite's numbers are signed; ours are counted from nought and far from the end.
fn to_sql(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn from_sql(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
