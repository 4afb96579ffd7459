//! Answers that go wrong, as a fault rule says.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
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
            | FaultKind::UnknownStatusWord(_) => {}
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
            | FaultKind::OkWithoutEffect => Served::Response(answer.into_response()),
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
