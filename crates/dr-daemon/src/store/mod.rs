//! The state database: an append-only journal in SQLite, durable at each commit, held by one daemon.

mod chain;
mod export;
mod lock;
mod schema;
mod sense;
#[cfg(test)]
mod tests;
mod trouble;
mod verify;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dr_core::{Entry, Stamped, Time};
use futures::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use crate::ports::{Journal, JournalError, Told};

use chain::{COLUMNS, Chain, RESTORE, Row, from_sql, hash, to_sql};
use lock::Lock;
use trouble::{in_words, trouble};

pub use export::Exported;
pub use sense::contradictions;
pub use verify::{Finding, Verified, VerifiedPlan};

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
            let wrong = if folder.exists() { "is no folder" } else { "does not exist; create it" };
            let text = format!("its folder {} {wrong}, or name another with --state", folder.display());
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
        let version = schema::check(&pool, path).await?;
        schema::is_of_today(path, version)?;
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
            let mut texts = Vec::with_capacity(entries.len());
            for (at, entry) in &entries {
                let text = serde_json::to_string(entry).map_err(|error| trouble(&self.path, error.to_string()))?;
                texts.push((to_sql(at.0), text));
            }
            let mut connection = self.pool.acquire().await.map_err(|error| self.failed(&error))?;
            match write(&mut connection, plan, texts).await {
                Ok(written) => Ok(written),
                Err(error) => {
                    // After an error of the disk SQLite has taken the transaction back by itself, which sqlx does not notice: on this
                    // connection nothing could ever be begun again. The next append opens another one.
                    let _ = connection.close().await;
                    Err(self.failed(&error))
                }
            }
        })
    }

    fn read<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<Stamped>, JournalError>> {
        Box::pin(async move {
            let rows = self.rows(plan, Some(0), usize::MAX).await?;
            if let Some(text) = self.cut_tail().await? {
                return Err(trouble(&self.path, text));
            }
            let mut chain = Chain::default();
            rows.iter()
                .map(|row| chain.next(row).map_or_else(|| self.stamped(row), |wrong| Err(self.broken(row, &wrong))))
                .collect()
        })
    }

    fn history<'a>(
        &'a self,
        plan: &'a str,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Told>, JournalError>> {
        Box::pin(async move { Ok(self.rows(plan, after, limit).await?.iter().map(Row::told).collect()) })
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

/// Writes entries of one plan, each with its hash, all or none; yields their numbers.
async fn write(
    connection: &mut SqliteConnection,
    plan: &str,
    texts: Vec<(i64, String)>,
) -> Result<Vec<u64>, sqlx::Error> {
    // From the first read on, so that nothing comes between an entry and the one that it is chained to.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let newest = sqlx::query("SELECT hash FROM journal WHERE plan = ? ORDER BY seq DESC LIMIT 1").bind(plan);
    let newest = newest.fetch_optional(&mut *transaction).await?;
    let mut previous: Vec<u8> = newest.map_or(Ok(Vec::new()), |row| row.try_get(0))?;
    let mut written = Vec::with_capacity(texts.len());
    for (at, text) in texts {
        let hash = hash(&previous, plan.as_bytes(), at, text.as_bytes());
        let row = sqlx::query("INSERT INTO journal (plan, at, entry, hash) VALUES (?, ?, ?, ?) RETURNING seq")
            .bind(plan)
            .bind(at)
            .bind(text)
            .bind(&hash)
            .fetch_one(&mut *transaction)
            .await?;
        previous = hash.into_bytes();
        written.push(from_sql(row.try_get(0)?));
    }
    transaction.commit().await?;
    Ok(written)
}

impl Store {
    /// Rows of one plan, as they are.
    async fn rows(&self, plan: &str, after: Option<u64>, limit: usize) -> Result<Vec<Row>, JournalError> {
        let order = if after.is_some() { "" } else { "DESC" };
        let sql = format!("SELECT {COLUMNS} FROM journal WHERE plan = ? AND seq > ? ORDER BY seq {order} LIMIT ?");
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(plan)
            .bind(to_sql(after.unwrap_or(0)))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await;
        let rows: Result<Vec<Row>, sqlx::Error> = rows.and_then(|rows| rows.iter().map(Row::read).collect());
        let mut rows = rows.map_err(|error| self.failed(&error))?;
        if after.is_none() {
            rows.reverse();
        }
        Ok(rows)
    }

    /// One entry; what cannot be read is an error that names it, never skipped: memory would forget a debt.
    fn stamped(&self, row: &Row) -> Result<Stamped, JournalError> {
        row.stamped().map_err(|unread| trouble(&self.path, format!("{}: {unread}", row.named())))
    }

    fn broken(&self, row: &Row, wrong: &str) -> JournalError {
        trouble(&self.path, format!("{}: {wrong}; {RESTORE}", row.named()))
    }

    fn failed(&self, error: &sqlx::Error) -> JournalError {
        trouble(&self.path, in_words(error))
    }
}
