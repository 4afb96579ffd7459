//! HTTP/1.1 over any stream: the daemon's Unix socket, and the control door of the simulator.

use bytes::{Buf, Bytes};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

/// Sends one request with a JSON body (or none); yields the answer's head with its body still to be read.
pub(crate) async fn send<S>(
    stream: S,
    method: Method,
    route: &str,
    body: Option<&Value>,
) -> Result<Response<Incoming>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let request = Request::builder().method(method).uri(route).header("Host", "localhost");
    let request = request.header("Content-Type", "application/json").body(Full::new(body));
    let request = request.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    // Its errors reach whoever waits for the answer.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|error| error.to_string())
}

/// The whole body as JSON.
pub(crate) async fn json(body: Incoming) -> Result<Value, String> {
    let body = body.collect().await.map_err(|error| error.to_string())?;
    serde_json::from_reader(body.aggregate().reader()).map_err(|error| format!("not JSON: {error}"))
}

/// A body of lines, read as they come.
#[derive(Debug)]
pub(crate) struct Lines {
    body: Incoming,
    rest: Vec<u8>,
}

impl Lines {
    /// The lines of `body`.
    pub(crate) fn of(body: Incoming) -> Lines {
        Lines { body, rest: Vec::new() }
    }

    /// The next line without its line feed; none at the end. May be dropped and called again: nothing is lost.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, String> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.rest.extend(frame.into_data().unwrap_or_default()),
                Some(Err(error)) => return Err(error.to_string()),
                None => return Ok(None),
            }
        }
    }
}
