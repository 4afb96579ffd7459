//! No secret shows in `Debug`, errors or log lines. A process of its own: it reads everything that is logged.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use ovirt_client::{Client, EngineUrl, Request, Transport, TransportError, TransportErrorKind, hosts};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

const SECRETS: [&str; 3] = ["pass-phrase", "the-token", "board-secret"];

/// Logs in anybody and loses whatever is posted.
struct Engine;

impl Transport for Engine {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let body = match (request.uri().path(), request.method()) {
            ("/ovirt-engine/sso/oauth/token", _) => r#"{"access_token":"the-token"}"#,
            (_, &Method::GET) => "{}",
            _ => {
                let (may_have_been_sent, kind) = (true, TransportErrorKind::Reset);
                let message = "connection reset by peer".to_owned();
                return async move { Err(TransportError { may_have_been_sent, kind, message }) }.boxed();
            }
        };
        async move { Ok(http::Response::new(Bytes::from_static(body.as_bytes()))) }.boxed()
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn password_token_and_request_bodies_stay_out_of_debug_errors_and_log() {
    let lines = Lines::default();
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone()).finish();
    tracing::subscriber::set_global_default(log).expect("the only one");

    let url = EngineUrl::parse("https://engine.example.com/ovirt-engine/api").expect("a URL");
    let client = Client::new(url, "admin@internal", "pass-phrase".to_owned().into(), Engine);
    let agent =
        Request::<Value>::new(Method::POST, "hosts/h/fenceagents", Ok).with_body(json!({ "password": "board-secret" }));
    let debug = format!("{agent:?} {agent} {client:?}");
    let error = client.send(agent).await.expect_err("no answer");
    client.send(hosts::list()).await.expect("an answer");

    let log = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("text");
    assert!(log.contains("logged in") && log.contains("GET /hosts"), "{log}");
    for secret in SECRETS {
        for text in [&debug, &format!("{error} {error:?}"), &log] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
