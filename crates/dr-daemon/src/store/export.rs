//! The journal for other programs and other places: entry by entry, or the whole file as a copy.

use std::path::Path;

use dr_core::Time;
use sqlx::AssertSqlSafe;

use super::Store;
use super::chain::{COLUMNS, Row, to_sql};
use super::trouble::trouble;
use crate::ports::JournalError;

/// An entry exactly as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The plan.
    pub plan: String,
    /// Rising number over all plans.
    pub seq: u64,
    /// When it was written.
    pub at: Time,
    /// The entry's text: JSON in one line, unless the row was changed by hand.
    pub entry: String,
    /// Its hash: SHA-256 in hexadecimal over the hash of the plan's entry before, the plan, the time and the text, a line feed between
    /// each two.
    pub hash: String,
}

impl Store {
    /// The first `limit` entries numbered above `after`, of one plan or of all; oldest first.
    ///
    /// # Errors
    /// The database cannot be read. An entry that makes no sense is none: it is passed on as it is.
    pub async fn export(&self, plan: Option<&str>, after: u64, limit: u32) -> Result<Vec<Exported>, JournalError> {
        let of_plan = if plan.is_some() { "plan = ?1 AND" } else { "" };
        let sql = format!("SELECT {COLUMNS} FROM journal WHERE {of_plan} seq > ?2 ORDER BY seq LIMIT ?3");
        let rows =
            sqlx::query(AssertSqlSafe(sql)).bind(plan).bind(to_sql(after)).bind(limit).fetch_all(&self.pool).await;
        let rows: Result<Vec<Row>, sqlx::Error> = rows.and_then(|rows| rows.iter().map(Row::read).collect());
        let rows = rows.map_err(|error| self.failed(&error))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let exported = rows.iter().map(|row| Exported {
            plan: row.plan(),
            seq: row.number(),
            at: row.time(),
            entry: text(&row.entry),
            hash: text(&row.hash),
        });
        Ok(exported.collect())
    }

    /// Writes a copy of the whole database to `copy`, which does not exist or is empty: one moment of it, whatever is written meanwhile, in
    /// one file.
    ///
    /// # Errors
    /// It cannot be read, or the copy cannot be written.
    pub async fn copy_to(&self, copy: &Path) -> Result<(), JournalError> {
        let Some(name) = copy.to_str() else {
            return Err(trouble(copy, "its name is no UTF-8; choose another one"));
        };
        let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await;
        copied.map_err(|error| {
            trouble(copy, format!("it cannot be written: {error}; is there room, and the right to write there?"))
        })?;
        Ok(())
    }
}
