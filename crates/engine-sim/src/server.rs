//! The engine behind TLS: HTTP/1.1 on a socket, for clients that are other processes.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::engine::{Engine, Served};
use crate::tls::{TlsError, identity};

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    fqdn: String,
    ca_pem: String,
    task: JoinHandle<()>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
}

/// How often a listener looks whether its engine still accepts connections (tokio time).
const LOOK: Duration = Duration::from_millis(20);
/// Smaller bodies are sent as they are.
const SMALLEST_GZIP: usize = 256;

impl Server {
    /// Serves `engine` on `addr` (port 0 chooses one) with a fresh certificate for `fqdn`, the name clients must use.
    /// The engine's `pki-resource` serves the CA from now on.
    pub async fn start(engine: Engine, addr: SocketAddr, fqdn: &str) -> Result<Server, ServerError> {
        let identity = identity(fqdn)?;
        engine.set_ca_pem(&identity.ca_pem);
        let listen = |source| ServerError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let acceptor = TlsAcceptor::from(identity.config);
        let task = tokio::spawn(serve(engine, listener, addr, acceptor));
        Ok(Server { addr, fqdn: fqdn.to_owned(), ca_pem: identity.ca_pem, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The CA certificate that clients must trust, as PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// `https://FQDN:PORT/ovirt-engine`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("https://{}:{}/ovirt-engine", self.fqdn, self.addr.port())
    }

    /// Stops listening and breaks all connections.
    pub fn shutdown(self) {
        self.task.abort();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(engine: Engine, listener: TcpListener, addr: SocketAddr, acceptor: TlsAcceptor) {
    let mut listener = Some(listener);
    // Connections live in this set, so that they end with the server.
    let mut connections = JoinSet::new();
    loop {
        if engine.refuses_connections() {
            // A stopped engine refuses: nobody may listen meanwhile, and open connections break.
            listener = None;
            connections.abort_all();
        } else if listener.is_none() {
            listener = TcpListener::bind(addr).await.ok();
        }
        let accepted = match &listener {
            None => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            Some(listener) => tokio::time::timeout(LOOK, listener.accept()).await,
        };
        while connections.try_join_next().is_some() {}
        if let Ok(Ok((stream, _))) = accepted {
            connections.spawn(connection(engine.clone(), stream, acceptor.clone()));
        }
    }
}

async fn connection(engine: Engine, stream: TcpStream, acceptor: TlsAcceptor) {
    let stream = match acceptor.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, "TLS handshake failed");
            return;
        }
    };
    let service = service_fn(move |request| answer(engine.clone(), request));
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "connection ended");
    }
}

/// An error here makes hyper break the connection, which is what a refused or reset request looks like from outside.
async fn answer(
    engine: Engine,
    request: Request<Incoming>,
) -> Result<Response<UnsyncBoxBody<Bytes, io::Error>>, io::Error> {
    let (parts, body) = request.into_parts();
    let wants_gzip = parts
        .headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    match engine.handle(Request::from_parts(parts, body)).await {
        Served::Response(response) => {
            let response = if wants_gzip { gzip(response) } else { response };
            Ok(response.map(whole))
        }
        Served::Cut(response) => Ok(response.map(broken)),
        Served::Refused | Served::Reset => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

fn whole(body: Bytes) -> UnsyncBoxBody<Bytes, io::Error> {
    Full::new(body).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// A body that breaks after what it has.
fn broken(body: Bytes) -> UnsyncBoxBody<Bytes, io::Error> {
    // The pause lets hyper send what there is: an error at once would take even the head with it.
    let parts = stream::once(async { Ok(Frame::data(body)) }).chain(stream::once(async {
        tokio::time::sleep(LOOK).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    }));
    StreamBody::new(parts).boxed_unsync()
}

fn gzip(mut response: Response<Bytes>) -> Response<Bytes> {
    let is_text = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json") || value.starts_with("text/html"));
    if !is_text || response.body().len() < SMALLEST_GZIP {
        return response;
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let packed = encoder.write_all(response.body()).and_then(|()| encoder.finish());
    if let Ok(packed) = packed {
        *response.body_mut() = Bytes::from(packed);
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
