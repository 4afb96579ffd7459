//! A second, plain door for tests and demonstrations: break the world by name and look at it. Loopback only.
//!
//! `POST /` takes one [`Order`] as JSON. `GET /state`, `/violations`, `/mutations`, `/faults` and
//! `/probe?address=A&port=P` show things. Errors are `{"error": "..."}` with 400 or 404.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::order::Order;
use crate::world::Reach;

/// A running control door. Dropping it closes it.
#[derive(Debug)]
pub struct ControlDoor {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl ControlDoor {
    /// Listens on 127.0.0.1 at `port` (0 chooses one). There is no login, so it never listens elsewhere.
    pub async fn start(engine: Engine, port: u16) -> io::Result<ControlDoor> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let engine = engine.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(engine.clone(), request));
                    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                        tracing::debug!(%error, "control connection ended");
                    }
                });
            }
        });
        Ok(ControlDoor { addr, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for ControlDoor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(engine: Engine, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let (status, tree) = match control(&engine, &parts.method, parts.uri.path(), parts.uri.query(), &body) {
        Ok(tree) => (StatusCode::OK, tree),
        Err((status, error)) => (status, json!({"error": error})),
    };
    let mut response = Response::new(Full::new(Bytes::from(tree.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn control(
    engine: &Engine,
    method: &Method,
    path: &str,
    query: Option<&str>,
    body: &[u8],
) -> Result<Value, (StatusCode, String)> {
    let bad = |error: String| (StatusCode::BAD_REQUEST, error);
    match (method, path) {
        (&Method::POST, "/") => {
            let order: Order = serde_json::from_slice(body).map_err(|error| bad(format!("not an order: {error}")))?;
            engine.order(order).map_err(bad)?;
            Ok(json!({"done": true, "time": engine.time()}))
        }
        (&Method::GET, "/state") => Ok(engine.dump()),
        (&Method::GET, "/violations") => Ok(engine.dump()["violations"].take()),
        (&Method::GET, "/mutations") => Ok(json!(engine.mutations())),
        (&Method::GET, "/faults") => Ok(json!(engine.faults())),
        (&Method::GET, "/probe") => {
            let pairs = crate::http::form(query.unwrap_or_default());
            let find = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            let address = find("address").ok_or_else(|| bad("`address` is missing".to_owned()))?;
            let port = find("port").and_then(|port| port.parse().ok());
            let port = port.ok_or_else(|| bad("`port` is missing or no port".to_owned()))?;
            let reach = match engine.probe(address, port) {
                Reach::Answering => "answering",
                Reach::Refusing => "refusing",
                Reach::Silent => "silent",
            };
            Ok(json!({"reach": reach}))
        }
        _ => Err((
            StatusCode::NOT_FOUND,
            "there is POST / and GET /state, /violations, /mutations, /faults, /probe".to_owned(),
        )),
    }
}
