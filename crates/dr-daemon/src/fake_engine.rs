//! For tests: an engine in memory that answers by a script and remembers what it was asked, in order.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use dr_core::Answer;
use dr_plan::{Engine, Probe, Secret};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::CONTENT_TYPE;
use ovirt_client::{Client, Transport, TransportError, TransportErrorKind};
use serde_json::{Value, json};

use crate::connect::{Door, connect};
use crate::ports::Prober;

#[derive(Clone)]
enum Reply {
    Json(u16, Value),
    Page(u16, &'static str),
    Lost,
}

/// The engine. It logs anybody in; what no script answers is a 404 without a body, as for an unknown id.
#[derive(Default)]
pub(crate) struct FakeEngine {
    script: Mutex<BTreeMap<String, VecDeque<Reply>>>,
    asked: Mutex<Vec<(String, Value)>>,
    /// Whether the client has used its token once.
    warm: AtomicBool,
    /// Ports on which anything answers a probe.
    pub(crate) answering: Mutex<BTreeMap<u16, Answer>>,
}

impl FakeEngine {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The answer to a call like `GET hosts/h1`. Several for one call are given one after another, the last again and again.
    pub(crate) fn on(self: &Arc<Self>, call: &str, status: u16, body: Value) -> &Arc<Self> {
        self.reply(call, Reply::Json(status, body))
    }

    /// A web page as the answer.
    pub(crate) fn page(self: &Arc<Self>, call: &str, status: u16, text: &'static str) -> &Arc<Self> {
        self.reply(call, Reply::Page(status, text))
    }

    /// The connection breaks after the call was sent.
    pub(crate) fn lost(self: &Arc<Self>, call: &str) -> &Arc<Self> {
        self.reply(call, Reply::Lost)
    }

    /// A refusal with the engine's words.
    pub(crate) fn refuses(self: &Arc<Self>, call: &str, status: u16, detail: &str) -> &Arc<Self> {
        let fault = json!({ "reason": "Operation Failed", "detail": format!("[{detail}]") });
        let is_action = call.starts_with("POST hosts") || call.starts_with("POST vms");
        self.on(call, status, if is_action { json!({ "status": "failed", "fault": fault }) } else { fault })
    }

    fn reply(self: &Arc<Self>, call: &str, reply: Reply) -> &Arc<Self> {
        self.script.lock().unwrap().entry(call.to_owned()).or_default().push_back(reply);
        self
    }

    /// Everything asked so far, logins left out: `GET hosts/h1`, `PROBE 10.0.0.1:22`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(call, _)| call.clone()).collect()
    }

    /// The body of the newest such call.
    pub(crate) fn body(&self, call: &str) -> Value {
        let asked = self.asked.lock().unwrap();
        asked.iter().rev().find(|(known, _)| known == call).expect("it was asked").1.clone()
    }

    /// A client of it.
    pub(crate) fn client(self: &Arc<Self>) -> Client {
        let engine = Engine {
            url: "https://engine.example.com/ovirt-engine/api".to_owned(),
            username: "admin@internal".to_owned(),
            password: Secret::Env("UNUSED".to_owned()),
            ca_file: None,
        };
        let door = Door::Given(Arc::new(Wire(Arc::clone(self))), "secret".to_owned().into());
        connect(&engine, Path::new("/nowhere"), &door).expect("a client")
    }

    fn answer(&self, call: &str) -> Reply {
        let mut script = self.script.lock().unwrap();
        let Some(replies) = script.get_mut(call) else { return Reply::Json(404, Value::Null) };
        if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }.expect("never empty")
    }
}

struct Wire(Arc<FakeEngine>);

impl Transport for Wire {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        if path.ends_with("/sso/oauth/token") {
            return response(200, json!({ "access_token": "T", "exp": "9223372036854775807" }));
        }
        let path = path.trim_start_matches("/ovirt-engine/api").trim_start_matches('/');
        let call = format!("{} {path}", request.method());
        if !self.0.warm.swap(true, Ordering::Relaxed) {
            return response(200, json!({}));
        }
        let body = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        self.0.asked.lock().unwrap().push((call.clone(), body));
        match self.0.answer(&call) {
            Reply::Json(status, body) => response(status, body),
            Reply::Page(status, text) => {
                let page = http::Response::builder().status(status).header(CONTENT_TYPE, "text/html");
                futures::future::ready(Ok(page.body(Bytes::from(text)).expect("a page"))).boxed()
            }
            Reply::Lost => {
                let (kind, message) = (TransportErrorKind::Reset, "as scripted".to_owned());
                futures::future::ready(Err(TransportError { may_have_been_sent: true, kind, message })).boxed()
            }
        }
    }
}

fn response(status: u16, body: Value) -> BoxFuture<'static, Result<http::Response<Bytes>, TransportError>> {
    let response = http::Response::builder().status(status);
    let response = if body.is_null() {
        response.body(Bytes::new())
    } else {
        response.header(CONTENT_TYPE, "application/json").body(Bytes::from(body.to_string()))
    };
    futures::future::ready(Ok(response.expect("a response"))).boxed()
}

impl Prober for FakeEngine {
    fn probe<'a>(&'a self, probe: &'a Probe) -> BoxFuture<'a, Answer> {
        self.asked.lock().unwrap().push((format!("PROBE {probe}"), Value::Null));
        let answer = self.answering.lock().unwrap().get(&probe.port).cloned().unwrap_or(Answer::Silent);
        futures::future::ready(answer).boxed()
    }
}
