//! `/jobs`: commands the engine runs or ran lately. Finished ones vanish after ten minutes.

use serde::Deserialize;

use crate::ids::JobId;
use crate::read::{self, EngineTime, Listing};
use crate::request::{Request, segment};
use crate::words::JobStatus;

/// `GET /jobs?search=correlation_id=ID`: the jobs of one operation. Nothing found proves nothing: not every command has a job.
pub fn with_correlation_id(id: &str) -> Request<Listing<Job>> {
    list().with_query("search", format!("correlation_id={id}"))
}

/// `GET /jobs`.
pub fn list() -> Request<Listing<Job>> {
    Request::get_list("jobs", "job")
}

/// `GET /jobs/{id}`. Gone (404) is not failed.
pub fn get(id: &JobId) -> Request<Job> {
    Request::get_one(format!("jobs/{}", segment(id.as_str())))
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// English text.
    #[serde(default, deserialize_with = "read::text")]
    pub description: Option<String>,
    /// Where it stands.
    pub status: JobStatus,
    /// When it began.
    #[serde(default)]
    pub start_time: Option<EngineTime>,
    /// When it ended.
    #[serde(default)]
    pub end_time: Option<EngineTime>,
    /// When it changed last.
    #[serde(default)]
    pub last_updated: Option<EngineTime>,
}
