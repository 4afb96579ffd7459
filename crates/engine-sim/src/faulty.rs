//! Answers that go wrong, as a fault rule says.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::Value;

use crate::engine::{Engine, Served};
use crate::fault::FaultKind;
use crate::http::{Answer, Body, Call};

/// A hung request ends after this much engine time, by the patience of the server in front.
const HUNG_MS: u64 = 3_600_000;

impl Engine {
    /// Answers one request that a fault has struck. Faults inside the engine (a held lock, a dead database) have their
    /// effect where the request is routed; the rest is done here.
    pub(crate) async fn answer_with_fault(&self, call: Call, fault: FaultKind) -> Served {
        let is_read = call.method == Method::GET;
        let key = format!("{}?{}", call.path, call.query);
        match &fault {
            FaultKind::ConnectionRefused => return Served::Refused,
            FaultKind::ResetBefore => return Served::Reset,
            FaultKind::StatusBefore(status) => return Served::Response(page(*status).into_response()),
            FaultKind::Hung => {
                self.sleep_for(HUNG_MS).await;
                return Served::Response(page(502).into_response());
            }
            FaultKind::StaleRead if is_read => {
                if let Some(frozen) = self.now().frozen.get(&key) {
                    return Served::Response(frozen.clone().into_response());
                }
            }
            FaultKind::Slow(milliseconds) => self.sleep_for(*milliseconds).await,
            FaultKind::ResetAfter
            | FaultKind::StatusAfter(_)
            | FaultKind::Truncated
            | FaultKind::WrongContentType(_)
            | FaultKind::ExpiredSession
            | FaultKind::SsoDown
            | FaultKind::DatabaseDown
            | FaultKind::LockHeld
            | FaultKind::OkButFailed
            | FaultKind::OkWithoutEffect
            | FaultKind::StaleRead
            | FaultKind::UnknownStatusWord(_)
            | FaultKind::DuplicateEntries
            | FaultKind::MissingEntries(_)
            | FaultKind::LostRight
            | FaultKind::LostSight
            | FaultKind::ClockSkew(_) => {}
        }
        let Some(mut answer) = self.answer(call).await else { return Served::Reset };
        match fault {
            FaultKind::ResetAfter => Served::Reset,
            FaultKind::StatusAfter(status) => Served::Response(page(status).into_response()),
            FaultKind::Truncated => Served::Cut(cut(answer.into_response())),
            FaultKind::WrongContentType(content_type) => {
                let mut response = answer.into_response();
                if let Ok(value) = HeaderValue::from_str(&content_type) {
                    response.headers_mut().insert(CONTENT_TYPE, value);
                }
                Served::Response(response)
            }
            FaultKind::UnknownStatusWord(word) => {
                if let Body::Document { root: _, tree } = &mut answer.body {
                    replace_status(tree, &word);
                }
                Served::Response(answer.into_response())
            }
            FaultKind::DuplicateEntries => {
                if let Some(entries) = listed(&mut answer) {
                    *entries = entries.iter().flat_map(|entry| [entry.clone(), entry.clone()]).collect();
                }
                Served::Response(answer.into_response())
            }
            FaultKind::MissingEntries(count) => {
                if let Some(entries) = listed(&mut answer) {
                    entries.drain(..count.min(entries.len()));
                }
                Served::Response(answer.into_response())
            }
            FaultKind::LostSight if is_read => Served::Response(filtered(answer).into_response()),
            FaultKind::ClockSkew(milliseconds) => {
                if let Body::Document { root: _, tree } = &mut answer.body {
                    shift_times(tree, milliseconds);
                }
                let at = self.wall_clock().saturating_add_signed(milliseconds);
                answer.headers.push((DATE, http_date(at)));
                Served::Response(answer.into_response())
            }
            FaultKind::StaleRead => {
                if is_read && answer.status == StatusCode::OK {
                    self.now().frozen.insert(key, answer.clone());
                }
                Served::Response(answer.into_response())
            }
            FaultKind::ConnectionRefused
            | FaultKind::ResetBefore
            | FaultKind::StatusBefore(_)
            | FaultKind::Slow(_)
            | FaultKind::Hung
            | FaultKind::ExpiredSession
            | FaultKind::SsoDown
            | FaultKind::DatabaseDown
            | FaultKind::LockHeld
            | FaultKind::OkButFailed
            | FaultKind::OkWithoutEffect
            | FaultKind::LostRight
            | FaultKind::LostSight => Served::Response(answer.into_response()),
        }
    }
}

/// The HTML page of the server in front, or of the engine's error handler, for a status.
pub(crate) fn page(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match status {
        StatusCode::UNAUTHORIZED => Answer::error_page(status, crate::sso::INVALID_GRANT),
        StatusCode::NOT_FOUND => Answer::error_page(status, "404 - Not Found"),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => unavailable(status),
        _ => Answer::error_page(status, status.canonical_reason().unwrap_or("Error")),
    }
}

fn unavailable(status: StatusCode) -> Answer {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let text = format!(
        "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>{title}</title>\n</head><body>\n\
         <h1>{title}</h1>\n</body></html>\n"
    );
    Answer::text(status, "text/html; charset=iso-8859-1", text)
}

/// Half of the body under the length of the whole.
fn cut(mut response: Response<Bytes>) -> Response<Bytes> {
    let whole = response.body().len();
    let half = response.body().slice(..whole / 2);
    *response.body_mut() = half;
    response.headers_mut().insert(http::header::CONTENT_LENGTH, HeaderValue::from(whole));
    response
}

/// The entries of a list: a document whose only member is an array. An object of the API has more members.
fn listed(answer: &mut Answer) -> Option<&mut Vec<Value>> {
    let Body::Document { root: _, tree } = &mut answer.body else { return None };
    let members = tree.as_object_mut().filter(|members| members.len() == 1)?;
    members.values_mut().next()?.as_array_mut()
}

/// What an account without any permission is shown instead.
fn filtered(mut answer: Answer) -> Answer {
    if let Some(entries) = listed(&mut answer) {
        entries.clear();
        return answer;
    }
    match &mut answer.body {
        Body::Document { root: "api", tree } => {
            if let Some(members) = tree.as_object_mut() {
                members.remove("summary");
                members.remove("engine_backup");
            }
            answer
        }
        // An empty list.
        Body::Document { root: _, tree } if tree.as_object().is_some_and(serde_json::Map::is_empty) => answer,
        Body::Document { root: _, tree } if tree.get("id").is_some() => Answer::not_found(),
        Body::Document { .. } | Body::Empty | Body::Written { .. } | Body::Text { .. } => answer,
    }
}

/// Members that are dates wherever the API has them.
const TIMES: [&str; 5] = ["time", "start_time", "end_time", "last_updated", "creation_time"];

fn shift_times(tree: &mut Value, milliseconds: i64) {
    match tree {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_u64() {
                    Some(at) if TIMES.contains(&name.as_str()) => {
                        *value = Value::from(at.saturating_add_signed(milliseconds));
                    }
                    Some(_) | None => shift_times(value, milliseconds),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift_times(item, milliseconds)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A moment in milliseconds since 1970 as the `Date` header has it.
fn http_date(at: u64) -> String {
    let at = i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok()).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn replace_status(tree: &mut Value, word: &str) {
    match tree {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "status" && value.is_string() {
                    *value = Value::from(word);
                } else {
                    replace_status(value, word);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace_status(item, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
