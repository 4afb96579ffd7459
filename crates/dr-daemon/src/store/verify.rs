//! Every entry of every plan, looked at one by one: what `ovirt-dr history --verify` tells.

use dr_core::{Entry, Time};
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Row as _};

use super::Store;
use super::chain::{COLUMNS, Chain, RESTORE, Row, Unread, from_sql, named};
use super::sense::Sense;
use crate::ports::JournalError;

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Each plan that has entries, by name.
    pub plans: Vec<VerifiedPlan>,
    /// What is wrong; empty for a journal as the daemon wrote it.
    pub findings: Vec<Finding>,
}

/// How much of one plan was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifiedPlan {
    /// The plan.
    pub plan: String,
    /// All its entries.
    pub entries: usize,
    /// Of them those that open a failover.
    pub failovers: usize,
    /// Those that begin a step.
    pub steps: usize,
    /// Those that make a debt.
    pub debts: usize,
    /// Findings that concern it.
    pub findings: usize,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The plan, if it is known whose it is.
    pub plan: Option<String>,
    /// The entry's number.
    pub seq: Option<u64>,
    /// When the entry was written, as it says.
    pub at: Option<Time>,
    /// Where, what is wrong, and what to do.
    pub text: String,
}

/// Findings of SQLite itself that are told.
const DAMAGES: &str = "PRAGMA integrity_check(20)";
/// Numbers rise by one over all plans: a commit that fails takes its numbers back, and nothing is ever deleted.
const GAPS: &str = "SELECT before, seq FROM (SELECT seq, lag(seq, 1, 0) OVER (ORDER BY seq) AS before FROM journal)
    WHERE seq <> before + 1 ORDER BY seq";
/// The newest number that was ever given, and the newest that is there.
const NEWEST: &str = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'journal'), 0),
    coalesce((SELECT max(seq) FROM journal), 0)";

impl Store {
    /// Looks at every entry: readable and of a known kind, in its place in the chain of hashes, its number without a gap before it, and
    /// possible after the entries before it.
    ///
    /// # Errors
    /// The database cannot be read at all.
    pub async fn verify(&self) -> Result<Verified, JournalError> {
        let failed = |error: sqlx::Error| self.failed(&error);
        let mut verified = Verified::default();
        for row in sqlx::query(DAMAGES).fetch_all(&self.pool).await.map_err(failed)? {
            let damage: String = row.try_get(0).map_err(failed)?;
            if damage != "ok" {
                verified.everywhere(format!("the file is damaged: {damage}; {RESTORE}"));
            }
        }
        for row in sqlx::query(GAPS).fetch_all(&self.pool).await.map_err(failed)? {
            let (before, seq): (i64, i64) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
            let (first, last) = (before + 1, seq - 1);
            verified.everywhere(format!(
                "rows {first} to {last} of the journal are missing: they were taken out; {RESTORE}"
            ));
        }
        verified.findings.extend(self.cut_tail().await?.map(|text| Finding { plan: None, seq: None, at: None, text }));
        let all = format!("SELECT {COLUMNS} FROM journal ORDER BY plan, seq");
        let mut rows = sqlx::query(AssertSqlSafe(all)).fetch(&self.pool);
        let mut walk: Option<Walk> = None;
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            let row = Row::read(&row).map_err(failed)?;
            let of = match walk.take() {
                Some(walk) if walk.plan == row.plan => walk,
                other => {
                    other.into_iter().for_each(|done| verified.plans.push(done.counted));
                    Walk::of(&row)
                }
            };
            let of = walk.insert(of);
            verified.findings.extend(of.look(&row));
        }
        verified.plans.extend(walk.map(|done| done.counted));
        Ok(verified)
    }

    /// Entries at the end that were written and are not there any more. Whose they were nobody can know.
    pub(super) async fn cut_tail(&self) -> Result<Option<String>, JournalError> {
        let failed = |error: sqlx::Error| self.failed(&error);
        let row = sqlx::query(NEWEST).fetch_one(&self.pool).await.map_err(failed)?;
        let (given, there): (i64, i64) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
        Ok((given > there).then(|| {
            format!(
                "rows {} to {given} of the journal are missing, of which plan is not known: they were taken out; {RESTORE}",
                there + 1
            )
        }))
    }
}

impl Verified {
    fn everywhere(&mut self, text: String) {
        self.findings.push(Finding { plan: None, seq: None, at: None, text });
    }

    /// How many entries were looked at.
    pub fn entries(&self) -> usize {
        self.plans.iter().map(|plan| plan.entries).sum()
    }
}

/// The entries of one plan, one after the other.
struct Walk {
    plan: Vec<u8>,
    chain: Chain,
    /// None once an entry was met that this version does not know: what comes after it may well make sense.
    sense: Option<Sense>,
    counted: VerifiedPlan,
}

impl Walk {
    fn of(row: &Row) -> Walk {
        let counted = VerifiedPlan { plan: row.plan(), ..VerifiedPlan::default() };
        Walk { plan: row.plan.clone(), chain: Chain::default(), sense: Some(Sense::default()), counted }
    }

    /// All that is wrong with an entry.
    fn look(&mut self, row: &Row) -> Vec<Finding> {
        self.counted.entries += 1;
        let restore = |wrong: String| format!("{wrong}; {RESTORE}");
        let mut wrong: Vec<String> = self.chain.next(row).map(restore).into_iter().collect();
        match row.stamped() {
            Ok(stamped) => {
                let entry = &stamped.entry;
                self.counted.failovers += usize::from(matches!(entry, Entry::Opened(_)));
                self.counted.steps += usize::from(matches!(entry, Entry::Intent { .. }));
                self.counted.debts += usize::from(matches!(entry, Entry::Owed { .. }));
                wrong.extend(self.sense.as_mut().and_then(|sense| sense.next(&stamped)).map(restore));
            }
            Err(unread) => {
                if let Unread::OfNewerVersion(_) = unread {
                    self.sense = None;
                }
                wrong.push(unread.to_string());
            }
        }
        self.counted.findings += wrong.len();
        let (plan, seq, at) = (row.plan(), from_sql(row.seq), row.time());
        let finding = |wrong: String| Finding {
            text: format!("{}: {wrong}", named(&plan, seq, at)),
            plan: Some(plan.clone()),
            seq: Some(seq),
            at: Some(at),
        };
        wrong.into_iter().map(finding).collect()
    }
}
