//! Judges answers by status, content type and shape. The body is believed only as far as its content type allows.

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::error::{Error, RefusalClass, RequestName};

/// Longest excerpt of an engine's text in an error, in characters; an exception can quote whole SQL statements.
const TEXT_LENGTH: usize = 1000;

/// The JSON of an answer that is a success, else what the answer means. `null` where a success has no body.
pub(crate) fn judge(request: &RequestName, response: &http::Response<Bytes>) -> Result<Value, Error> {
    let status = response.status();
    let body = Body::of(response);
    if status.is_success() {
        return success(request, status, body);
    }
    if matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT) {
        return Err(front_server(request, status, &body));
    }
    let (reason, detail) = body.words();
    let class = refusal_class(status, &body, &detail);
    Err(Error::Refused { request: request.clone(), status: status.as_u16(), class, reason, detail })
}

/// The text of an HTML or plain page, shortened.
pub(crate) fn page_text(page: &[u8]) -> String {
    let page = String::from_utf8_lossy(page);
    let mut text = String::new();
    let mut rest = page.as_ref();
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        // What stands between these tags is not meant to be read.
        let skip = ["style", "script", "title"].into_iter().find(|name| starts_with_tag(after, name));
        let after = match skip {
            Some(name) => after.split_once(&format!("</{name}")).map_or("", |(_, after)| after),
            None => after,
        };
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    shortened(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether the text of a 401 tells of trouble behind the token, not of the token: SSO away or deploying, its database gone.
pub(crate) fn is_sso_trouble(text: &str) -> bool {
    text.starts_with("server_error") || is_exception(text)
}

/// Whether the answer claims to be JSON.
pub(crate) fn is_json<B>(response: &http::Response<B>) -> bool {
    content_type(response).is_some_and(|content_type| content_type.contains("json"))
}

enum Body {
    Empty,
    Json(Value),
    BrokenJson(String),
    Page(String),
}

impl Body {
    fn of(response: &http::Response<Bytes>) -> Self {
        let bytes = response.body();
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Self::Empty;
        }
        if content_type(response).is_some() && !is_json(response) {
            return Self::Page(page_text(bytes));
        }
        match serde_json::from_slice(bytes) {
            Ok(value) => Self::Json(value),
            Err(problem) => Self::BrokenJson(problem.to_string()),
        }
    }

    /// Reason and detail of a fault, bare or inside an action; of a page its text.
    fn words(&self) -> (String, String) {
        let value = match self {
            Self::Empty => return (String::new(), String::new()),
            Self::Page(text) => return (String::new(), text.clone()),
            Self::BrokenJson(problem) => return (String::new(), format!("JSON that cannot be read: {problem}")),
            Self::Json(value) => value,
        };
        let fault = value.get("fault").unwrap_or(value);
        let member = |name: &str| shortened(fault.get(name).and_then(Value::as_str).unwrap_or_default());
        (member("reason"), member("detail"))
    }
}

fn success(request: &RequestName, status: StatusCode, body: Body) -> Result<Value, Error> {
    let unreadable = |problem| Err(Error::Unreadable { request: request.clone(), status: status.as_u16(), problem });
    let value = match &body {
        Body::Empty if request.method == http::Method::GET => return unreadable("the body is empty".to_owned()),
        Body::Empty => return Ok(Value::Null),
        Body::Page(text) => return unreadable(format!("expected JSON, got the text {text:?}")),
        Body::BrokenJson(problem) => return unreadable(problem.clone()),
        Body::Json(value) => value,
    };
    // An action can fail with 200: a fence agent that does not answer, for one.
    let failed = value.get("fault").is_some_and(Value::is_object)
        || value.get("status").and_then(Value::as_str) == Some("failed");
    if failed && !request.is_read() && request.method != http::Method::PUT {
        let (reason, detail) = body.words();
        return Err(Error::Refused {
            request: request.clone(),
            status: status.as_u16(),
            class: RefusalClass::ExecutionFailed,
            reason,
            detail,
        });
    }
    match body {
        Body::Json(value) => Ok(value),
        Body::Empty | Body::Page(_) | Body::BrokenJson(_) => Ok(Value::Null),
    }
}

/// 502, 503, 504: the front server gave up on the engine, which may have the request all the same.
fn front_server(request: &RequestName, status: StatusCode, body: &Body) -> Error {
    let (reason, detail) = body.words();
    if request.is_read() {
        let class = RefusalClass::EngineNotReady;
        return Error::Refused { request: request.clone(), status: status.as_u16(), class, reason, detail };
    }
    let message = format!("the front server gave up on the engine (HTTP {status})");
    Error::MaybeApplied { request: request.clone(), status: Some(status.as_u16()), message }
}

fn refusal_class(status: StatusCode, body: &Body, detail: &str) -> RefusalClass {
    let is_page = matches!(body, Body::Page(_));
    // The engine says these with several statuses.
    if says(detail, &["running in maintenance mode and is not accepting commands", "user is not logged in"]) {
        return RefusalClass::EngineNotReady;
    }
    match status {
        _ if status.is_redirection() => RefusalClass::NotTheEngine,
        StatusCode::FORBIDDEN => RefusalClass::NoPermission,
        // A path that the API does not know is our mistake; any other page says that the API is not there yet.
        StatusCode::NOT_FOUND if is_page && !detail.contains("RESTEASY") => RefusalClass::EngineNotReady,
        StatusCode::NOT_FOUND if is_page => RefusalClass::BadRequest,
        StatusCode::NOT_FOUND => RefusalClass::Gone,
        StatusCode::CONFLICT => conflict_class(detail),
        StatusCode::BAD_REQUEST if is_page => RefusalClass::BadRequest,
        StatusCode::BAD_REQUEST => bad_request_class(detail),
        _ if status.is_server_error() => RefusalClass::EngineError,
        _ => RefusalClass::BadRequest,
    }
}

/// 409 covers locks, wrong states, and even commands that ran and failed.
fn conflict_class(detail: &str) -> RefusalClass {
    /// Other commands at the same object; each passes by itself.
    const LOCKS: [&str; 7] = [
        "related operation is currently in progress",
        "another power management action is already in progress",
        "another power management operation is still running",
        "another setup networks or host refresh process in progress",
        "is being updated",
        "is locked",
        "are locked",
    ];
    if says(detail, &LOCKS) {
        RefusalClass::Locked
    } else if says(detail, &["fence operation failed"]) {
        RefusalClass::ExecutionFailed
    } else {
        RefusalClass::WrongState
    }
}

/// 400 covers wrong requests, failed validation, failures while executing, and a database that is away.
fn bad_request_class(detail: &str) -> RefusalClass {
    if is_exception(detail) {
        RefusalClass::EngineError
    } else if detail == "[]"
        || says(detail, &["network error during communication", "internal engine error", "fence operation failed"])
    {
        RefusalClass::ExecutionFailed
    } else {
        RefusalClass::BadRequest
    }
}

fn is_exception(text: &str) -> bool {
    says(
        text,
        &[
            "sql [",
            "nested exception",
            "psqlexception",
            "org.springframework",
            "java.lang.",
            "database connection failure",
        ],
    )
}

fn content_type<B>(response: &http::Response<B>) -> Option<String> {
    response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_ascii_lowercase)
}

fn says(text: &str, fragments: &[&str]) -> bool {
    let text = text.to_lowercase();
    fragments.iter().any(|fragment| text.contains(fragment))
}

fn starts_with_tag(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT_LENGTH) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}
