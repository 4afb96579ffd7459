//! An engine in memory: it logs in anybody and otherwise answers by a script.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use ovirt_client::{Client, EngineUrl, Transport, TransportError, TransportErrorKind};
use serde_json::Value;

pub(crate) const PASSWORD: &str = "p@ss: w\u{f6}rd&+%";
pub(crate) const TOKEN_PATH: &str = "/ovirt-engine/sso/oauth/token";
pub(crate) const ROOT_PATH: &str = "/ovirt-engine/api";

/// What the engine received.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn is_login(&self) -> bool {
        self.path == TOKEN_PATH
    }
}

/// What it does about a call.
pub(crate) enum Reply {
    Json(u16, Value),
    Html(u16, String),
    Empty(u16),
    Lost(TransportErrorKind, bool),
    Never,
    After(Duration, Box<Reply>),
}

type Script = dyn Fn(&Call, usize) -> Option<Reply> + Send + Sync;

/// The engine; clones share what was received.
#[derive(Clone)]
pub(crate) struct FakeEngine {
    calls: Arc<Mutex<Vec<Call>>>,
    script: Arc<Script>,
    in_flight: Arc<Mutex<(usize, usize)>>,
}

impl FakeEngine {
    /// The script gets the call and how many calls of the same method and path came before; `None` is the ordinary answer.
    pub(crate) fn new(script: impl Fn(&Call, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self { calls: Arc::default(), script: Arc::new(script), in_flight: Arc::default() }
    }

    pub(crate) fn client(&self) -> Client {
        let url = EngineUrl::parse("https://engine.example.com/ovirt-engine/api/").expect("a URL");
        Client::new(url, "admin@internal", PASSWORD.to_owned().into(), self.clone())
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no test panics here").clone()
    }

    /// Method and path of everything received, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.calls().iter().map(|call| format!("{} {}", call.method, call.path)).collect()
    }

    pub(crate) fn logins(&self) -> usize {
        self.calls().iter().filter(|call| call.is_login()).count()
    }

    /// The most calls that were ever in flight together.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.in_flight.lock().expect("no test panics here").1
    }

    fn reply(&self, call: &Call, before: usize) -> Reply {
        if let Some(reply) = (self.script)(call, before) {
            return reply;
        }
        match call.path.as_str() {
            TOKEN_PATH => Reply::Json(
                200,
                serde_json::json!({ "access_token": format!("TOKEN-{before}"), "exp": "9223372036854775807", "token_type": "bearer" }),
            ),
            ROOT_PATH => Reply::Json(200, crate::documents::fixture("root")),
            // Every answer to an action says what became of it.
            _ if call.method == "POST" => Reply::Json(200, serde_json::json!({ "status": "complete" })),
            _ => Reply::Json(200, serde_json::json!({})),
        }
    }
}

impl Transport for FakeEngine {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let (head, body) = request.into_parts();
        assert_eq!(head.uri.authority().map(|a| a.as_str()), Some("engine.example.com"));
        let call = Call {
            method: head.method.to_string(),
            path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        };
        let before = {
            let mut calls = self.calls.lock().expect("no test panics here");
            let before = calls.iter().filter(|c| c.method == call.method && c.path == call.path).count();
            calls.push(call.clone());
            before
        };
        async move {
            let _flight = Flight::begin(self);
            let mut reply = self.reply(&call, before);
            loop {
                return match reply {
                    Reply::Json(status, value) => Ok(response(status, Some("application/json"), value.to_string())),
                    Reply::Html(status, page) => Ok(response(status, Some("text/html;charset=UTF-8"), page)),
                    Reply::Empty(status) => Ok(response(status, None, String::new())),
                    Reply::Lost(kind, may_have_been_sent) => {
                        Err(TransportError { may_have_been_sent, kind, message: "as scripted".to_owned() })
                    }
                    Reply::Never => futures::future::pending().await,
                    Reply::After(pause, next) => {
                        tokio::time::sleep(pause).await;
                        reply = *next;
                        continue;
                    }
                };
            }
        }
        .boxed()
    }
}

struct Flight<'a>(&'a FakeEngine);

impl<'a> Flight<'a> {
    fn begin(engine: &'a FakeEngine) -> Self {
        let mut flights = engine.in_flight.lock().expect("no test panics here");
        flights.0 += 1;
        flights.1 = flights.1.max(flights.0);
        Self(engine)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.lock().expect("no test panics here").0 -= 1;
    }
}

fn response(status: u16, content_type: Option<&str>, body: String) -> http::Response<Bytes> {
    let mut response = http::Response::builder().status(status);
    if let Some(content_type) = content_type {
        response = response.header(CONTENT_TYPE, content_type);
    }
    response.body(Bytes::from(body)).expect("a response")
}

/// Checks the headers that every API call must carry.
pub(crate) fn assert_api_headers(call: &Call) {
    assert_eq!(call.header("Version"), Some("4"));
    assert_eq!(call.headers.get_all(ACCEPT).iter().count(), 1);
    assert_eq!(call.header("Accept"), Some("application/json"));
    assert_eq!(call.header("Accept-Language"), Some("en-US"));
    assert!(call.headers.get(AUTHORIZATION).is_some_and(http::HeaderValue::is_sensitive));
}
