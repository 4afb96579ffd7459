//! How a handler asks the world for something and turns what it says into an answer.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::links::{Frame, set};
use super::request::Call;
use crate::fault::FaultKind;
use crate::state::State;
use crate::world::{self, Begun, Command, Refusal, RefusalBody, Ticket};

/// What a request gets.
pub(crate) enum Reply {
    Now(Answer),
    /// The same, this many milliseconds of engine time later.
    Later(u64, Answer),
    /// The request blocks in the engine; what the world says is then made an answer.
    Blocked(Ticket, Finish),
}

/// Makes the answer of a blocked request.
pub(crate) type Finish = Box<dyn FnOnce(&State, Result<world::Answer, Refusal>) -> Answer + Send>;

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Reply {
        Reply::Now(answer)
    }
}

/// Where a refusal goes: alone (PUT, DELETE, creating POST) or inside the action (POST of an action).
#[derive(Clone, Debug)]
pub(crate) enum Style {
    Bare,
    /// The members the caller sent come back with the answer.
    Action {
        echo: Value,
    },
}

impl Style {
    /// The style of an action with this body.
    pub(crate) fn action(body: &Value) -> Style {
        Style::Action { echo: as_written(body) }
    }
}

/// Runs `command`; `finish` renders success. A fault of this request may take its place.
pub(crate) fn run(
    state: &mut State,
    call: &Call,
    command: Command,
    style: Style,
    finish: impl FnOnce(&State, &Frame, &world::Answer) -> Answer + Send + 'static,
) -> Reply {
    let frame = state.frame(call.api);
    match &call.fault {
        Some(FaultKind::OkWithoutEffect) => return finish(state, &frame, &world::Answer::default()).into(),
        Some(FaultKind::LockHeld) => {
            let detail =
                "[Cannot perform the operation. Related operation is currently in progress. Please try again later.]";
            return refuse(style, 409, Some(detail)).into();
        }
        Some(FaultKind::LostRight) => {
            return refuse(style, 403, Some("[User is not authorized to perform this action.]")).into();
        }
        Some(FaultKind::OkButFailed) => return ok_but_failed(style).into(),
        Some(_) | None => {}
    }
    match state.world.begin(command, &call.correlation) {
        Begun::Answered(result) => settle(state, &frame, result, style, finish).into(),
        Begun::Pending(ticket) => {
            Reply::Blocked(ticket, Box::new(move |state, result| settle(state, &frame, result, style, finish)))
        }
    }
}

/// A successful action: the caller's members, the object, the job of a monitored command, `complete`.
pub(crate) fn complete(
    echo: Value,
    member: Option<(&'static str, Value)>,
    frame: &Frame,
    done: &world::Answer,
) -> Answer {
    let mut tree = echo;
    if let Some((name, object)) = member {
        tree[name] = object;
    }
    set(&mut tree, "job", done.job.map(|job| frame.reference("jobs", job)));
    tree["status"] = json!("complete");
    Answer::ok("action", tree)
}

/// The 200 of a DELETE.
pub(crate) fn deleted(_state: &State, frame: &Frame, done: &world::Answer) -> Answer {
    complete(json!({}), None, frame, done)
}

/// A read body as it goes back into an answer: all scalars as strings.
pub(crate) fn as_written(value: &Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::from(value.to_string()),
        Value::Null | Value::String(_) => value.clone(),
        Value::Array(items) => Value::Array(items.iter().map(as_written).collect()),
        Value::Object(members) => {
            let members: Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), as_written(value))).collect();
            Value::Object(members)
        }
    }
}

fn settle(
    state: &State,
    frame: &Frame,
    result: Result<world::Answer, Refusal>,
    style: Style,
    finish: impl FnOnce(&State, &Frame, &world::Answer) -> Answer,
) -> Answer {
    match result {
        Ok(done) => finish(state, frame, &done),
        Err(refusal) => match refusal.body {
            RefusalBody::Empty => {
                Answer::empty(StatusCode::from_u16(refusal.http_status).unwrap_or(StatusCode::NOT_FOUND))
            }
            RefusalBody::BareFault { reason, detail } => Answer::fault(refusal.http_status, &reason, detail.as_deref()),
            RefusalBody::Fault { reason, detail } => match style {
                Style::Bare => Answer::fault(refusal.http_status, &reason, Some(&detail)),
                Style::Action { echo } => Answer::failed_action(refusal.http_status, echo, &reason, Some(&detail)),
            },
        },
    }
}

fn refuse(style: Style, status: u16, detail: Option<&str>) -> Answer {
    match style {
        Style::Bare => Answer::fault(status, "Operation Failed", detail),
        Style::Action { echo } => Answer::failed_action(status, echo, "Operation Failed", detail),
    }
}

fn ok_but_failed(style: Style) -> Answer {
    let echo = match style {
        Style::Bare => json!({}),
        Style::Action { echo } => echo,
    };
    Answer::failed_action(200, echo, "Operation Failed", Some("[Internal Engine Error]"))
}
