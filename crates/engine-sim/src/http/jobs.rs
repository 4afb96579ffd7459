//! `/jobs`: what monitored commands leave behind. A job that is gone was not a failure: it was cleaned up.

use http::Method;

use super::answer::Answer;
use super::command::Reply;
use super::list::searched;
use super::render_event::job;
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::search::{Field, Row};
use crate::state::State;
use crate::world::{Job, JobStatus, SimTime};

/// Finished jobs are kept this long, failed ones longer.
const KEEP_FINISHED_MS: u64 = 10 * 60 * 1000;
const KEEP_FAILED_MS: u64 = 60 * 60 * 1000;

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    if call.method != Method::GET && call.method != Method::HEAD {
        return wrong_method().into();
    }
    let now = state.world.now;
    match below {
        [] => list(state, call).into(),
        [id, rest @ ..] => {
            let found = id.parse().ok().and_then(|id| state.world.jobs.get(&id)).filter(|each| is_kept(each, now));
            let Some(found) = found else { return Answer::not_found().into() };
            match rest {
                [] => Answer::ok("job", job(&state.frame(call.api), found)).into(),
                ["steps"] => super::empty::collection("steps").into(),
                _ => no_resource(call).into(),
            }
        }
    }
}

fn list(state: &State, call: &Call) -> Answer {
    let frame = state.frame(call.api);
    let now = state.world.now;
    let mut all: Vec<&Job> = state.world.jobs.values().filter(|each| is_kept(each, now)).collect();
    all.sort_by(|a, b| a.start_time.cmp(&b.start_time).then(a.id.cmp(&b.id)));
    let rows = all.into_iter().map(|each| Row {
        tree: job(&frame, each),
        // The one field the engine can search jobs by.
        fields: vec![Field::text("correlation_id", &each.correlation_id)],
    });
    searched("jobs", "job", call, rows.collect())
}

fn is_kept(each: &Job, now: SimTime) -> bool {
    let Some(end) = each.end_time else { return true };
    let keep = match each.status {
        JobStatus::Started | JobStatus::Finished => KEEP_FINISHED_MS,
        JobStatus::Failed | JobStatus::Aborted | JobStatus::Unknown => KEEP_FAILED_MS,
    };
    now.since(end) <= keep
}
