//! The API on the Unix socket: JSON in, JSON out. An error is `{"error": "..."}` with a status code that fits.
//!
//! | route | answer |
//! |---|---|
//! | `GET /v1/plans` | `{"plans": [Report]}` |
//! | `GET /v1/plans/{name}` | `Report` |
//! | `POST /v1/plans/{name}/command` | body `Command`; `{"answer": ...}`: a sentence, or the preview's object. 409 if the plan says no |
//! | `GET /v1/plans/{name}/history?after=&limit=` | `{"entries": [{"seq", "at", "entry", ...}]}`, oldest first |
//! | `GET /v1/plans/{name}/watch` | a JSON object a line, without end: `{"report": Report}` first and on change, `{"line": Line}`, `{"missed": n}` |

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use futures::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::ports::{Journal, JournalError, Told};
use crate::report::{Command, Line, PlanHandle, Report};
use crate::socket::{Peer, Plans};

/// Longest command in bytes.
const LONGEST_COMMAND: usize = 64 * 1024;
/// Longest name or reason that a person may give, in characters.
const LONGEST_TEXT: usize = 500;
/// Entries of the history where the caller names no limit, and at most.
const ENTRIES: usize = 1_000;
const MOST_ENTRIES: usize = 100_000;

/// All routes. Streams end when `stop` is cancelled.
pub(crate) fn router(plans: Plans, journal: Arc<dyn Journal>, stop: CancellationToken) -> Router {
    Router::new()
        .route("/v1/plans", get(list))
        .route("/v1/plans/{name}", get(one))
        .route("/v1/plans/{name}/command", post(command))
        .route("/v1/plans/{name}/history", get(history))
        .route("/v1/plans/{name}/watch", get(follow))
        .fallback(|uri: Uri| async move { Problem(StatusCode::NOT_FOUND, format!("there is no {}", uri.path())) })
        .method_not_allowed_fallback(|| async {
            Problem(StatusCode::METHOD_NOT_ALLOWED, "this route has another method".to_owned())
        })
        .layer(DefaultBodyLimit::max(LONGEST_COMMAND))
        .with_state(Api { plans, journal, stop })
}

#[derive(Clone)]
struct Api {
    plans: Plans,
    journal: Arc<dyn Journal>,
    stop: CancellationToken,
}

impl Api {
    fn plan(&self, name: &str) -> Result<PlanHandle, Problem> {
        self.plans.get(name).ok_or_else(|| {
            let known: Vec<String> = self.plans.list().into_iter().map(|plan| plan.name).collect();
            let known =
                if known.is_empty() { "there is none".to_owned() } else { format!("there is {}", known.join(", ")) };
            Problem(StatusCode::NOT_FOUND, format!("there is no plan {name}; {known}"))
        })
    }
}

/// What went wrong, in one sentence.
struct Problem(StatusCode, String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

fn bad(text: impl Into<String>) -> Problem {
    Problem(StatusCode::BAD_REQUEST, text.into())
}

async fn list(State(api): State<Api>) -> Json<Value> {
    let reports: Vec<Report> = api.plans.list().iter().map(|plan| plan.report.borrow().clone()).collect();
    Json(json!({ "plans": reports }))
}

async fn one(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<Report>, Problem> {
    Ok(Json(api.plan(&name)?.report.borrow().clone()))
}

async fn command(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let plan = api.plan(&name)?;
    let command = signed(read_command(&body)?, &peer.name().await)?;
    let is_preview = matches!(command, Command::Preview { .. });
    match plan.ask(command).await {
        Ok(answer) if is_preview => {
            let preview: Value = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
            Ok(Json(json!({ "answer": preview })))
        }
        Ok(answer) => Ok(Json(json!({ "answer": answer }))),
        Err(text) if plan.commands.is_closed() => Err(Problem(StatusCode::SERVICE_UNAVAILABLE, text)),
        Err(text) => Err(Problem(StatusCode::CONFLICT, text)),
    }
}

/// Who asks is known by the server, and a reason may be left out: neither must stand in the body.
fn read_command(body: &[u8]) -> Result<Command, Problem> {
    let mut command: Value =
        serde_json::from_slice(body).map_err(|error| bad(format!("the body is not JSON: {error}")))?;
    let Some(members) = command.as_object_mut() else {
        return Err(bad("the body is not a command: an object is wanted"));
    };
    for member in ["by", "reason"] {
        members.entry(member).or_insert_with(|| json!(""));
    }
    serde_json::from_value(command).map_err(|error| bad(format!("the body is not a command: {error}")))
}

/// The command in the name of the user at the other end. A name given by the client stands beside it, never instead.
fn signed(mut command: Command, user: &str) -> Result<Command, Problem> {
    let (by, reason) = match &mut command {
        Command::Failover { by, reason, .. }
        | Command::Abort { by, reason }
        | Command::AcceptWorld { by, reason }
        | Command::Pause { by, reason }
        | Command::Repair { by, reason, .. } => (by, Some(reason)),
        Command::Confirm { by, reason, .. } => {
            if reason.trim().is_empty() {
                return Err(bad("a confirmation needs a reason: say what you know and how"));
            }
            (by, Some(reason))
        }
        Command::Resume { by } => (by, None),
        Command::Preview { .. } => return Ok(command),
    };
    for text in [Some(&*by), reason.as_deref()].into_iter().flatten() {
        // A line feed would let a reason write lines of its own into the journal.
        if text.chars().any(char::is_control) || text.chars().count() > LONGEST_TEXT {
            return Err(bad(format!("names and reasons are one line of at most {LONGEST_TEXT} characters")));
        }
    }
    if by.is_empty() || by == user {
        user.clone_into(by);
    } else {
        *by = format!("{by} (as {user})");
    }
    if let Some(reason) = reason
        && reason.trim().is_empty()
    {
        "no reason given".clone_into(reason);
    }
    Ok(command)
}

#[derive(Deserialize)]
struct Slice {
    after: Option<u64>,
    limit: Option<usize>,
}

/// The first entries after `after`, or the newest ones.
async fn history(
    State(api): State<Api>,
    Path(name): Path<String>,
    slice: Result<Query<Slice>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Slice { after, limit }) = slice.map_err(|error| bad(error.body_text()))?;
    let limit = limit.unwrap_or(ENTRIES).min(MOST_ENTRIES);
    let unreadable = |error: JournalError| Problem(StatusCode::SERVICE_UNAVAILABLE, error.to_string());
    let wanted = api.journal.history(&name, after, limit).await.map_err(unreadable)?;
    if wanted.is_empty() && !api.journal.plans().await.map_err(unreadable)?.contains(&name) {
        // A plan that was removed still has its history; one that never was has not.
        api.plan(&name)?;
    }
    let entries: Vec<Value> = wanted.into_iter().map(row).collect();
    Ok(Json(json!({ "entries": entries })))
}

/// An entry as one flat object.
fn row(told: Told) -> Value {
    let mut row = json!({ "seq": told.seq, "at": told.at });
    if let (Some(row), Value::Object(entry)) = (row.as_object_mut(), told.entry) {
        row.extend(entry);
    }
    row
}

/// What a watcher follows.
struct Following {
    lines: broadcast::Receiver<Line>,
    report: watch::Receiver<Report>,
    stop: CancellationToken,
}

async fn follow(State(api): State<Api>, Path(name): Path<String>) -> Result<Response, Problem> {
    let plan = api.plan(&name)?;
    // Lines first: what happens between the two is then shown twice rather than never.
    let lines = plan.lines.subscribe();
    let mut report = plan.report.clone();
    let first = json!({ "report": *report.borrow_and_update() });
    let rest = stream::unfold(Following { lines, report, stop: api.stop.clone() }, next);
    let rows = stream::once(async { first }).chain(rest);
    let body = Body::from_stream(rows.map(|row| Ok::<_, Infallible>(format!("{row}\n"))));
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

async fn next(mut following: Following) -> Option<(Value, Following)> {
    let Following { lines, report, stop } = &mut following;
    let row = tokio::select! {
        biased;
        () = stop.cancelled() => return None,
        line = lines.recv() => match line {
            Ok(line) => json!({ "line": line }),
            Err(broadcast::error::RecvError::Lagged(missed)) => json!({ "missed": missed }),
            Err(broadcast::error::RecvError::Closed) => return None,
        },
        changed = report.changed() => {
            changed.ok()?;
            json!({ "report": *report.borrow_and_update() })
        }
    };
    Some((row, following))
}
