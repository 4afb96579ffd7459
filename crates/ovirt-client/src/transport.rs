//! The seam below the client: one HTTP request in, one complete response out.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderName, HeaderValue, USER_AGENT};

/// Carries one request to the engine. [`HttpTransport`](crate::HttpTransport) in production, something in memory in tests.
///
/// The response comes complete and uncompressed, but for what a [`ReadAlong`] took. Statuses are not judged here: a 500 is `Ok`. Redirects are not followed.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request with an absolute URI. Dropping the future gives the request up, which does not stop the engine.
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>>;

    /// The same, with somebody who may take parts of the body while it arrives; the response holds what is left. Without a method of its own a
    /// transport offers nothing on the way, and everything is left.
    fn send_read_along<'a>(
        &'a self,
        request: http::Request<Bytes>,
        _along: &'a mut dyn ReadAlong,
    ) -> BoxFuture<'a, Result<http::Response<Bytes>, TransportError>> {
        self.send(request)
    }
}

/// Reads a long body while it arrives, so that nobody has to hold all of it.
pub trait ReadAlong: Send {
    /// More has come. `body` is what has come so far and was not taken; what may be forgotten is taken from its front.
    fn more(&mut self, head: &http::Response<()>, body: &mut Vec<u8>);
}

/// No complete response came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// Whether the engine may have received the request. `false` only when that is certain.
    pub may_have_been_sent: bool,
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// The same in words, without the request's body or headers.
    pub message: String,
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for TransportError {}

/// The ways in which a response can fail to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportErrorKind {
    /// The port refused the connection: the host is there, nothing listens.
    ConnectRefused,
    /// No connection for another reason: no route, host down.
    ConnectFailed,
    /// The name did not resolve.
    Dns,
    /// The certificate is not signed by a trusted CA.
    TlsUntrusted,
    /// The certificate is for another name.
    TlsName,
    /// The certificate has expired or is not valid yet.
    TlsExpired,
    /// Any other failure of TLS.
    Tls,
    /// Too slow.
    Timeout,
    /// The connection broke.
    Reset,
    /// The response ended early.
    TruncatedBody,
    /// The response is larger than the limit.
    BodyTooLarge,
    /// Anything else.
    Other,
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConnectRefused => "connection refused",
            Self::ConnectFailed => "no connection",
            Self::Dns => "the name does not resolve",
            Self::TlsUntrusted => "certificate not signed by a trusted CA",
            Self::TlsName => "certificate for another name",
            Self::TlsExpired => "certificate not valid at this time",
            Self::Tls => "TLS failed",
            Self::Timeout => "timed out",
            Self::Reset => "connection broken",
            Self::TruncatedBody => "response cut short",
            Self::BodyTooLarge => "response too large",
            Self::Other => "failed",
        })
    }
}

/// Which API is spoken.
pub(crate) const VERSION: HeaderName = HeaderName::from_static("version");
/// Names an operation in the engine's jobs and events.
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");

/// A request without a body, with the headers that every request of this client has.
///
/// # Errors
/// The address is none.
pub(crate) fn plain(method: &http::Method, uri: String) -> Result<http::Request<Bytes>, http::Error> {
    let mut request = http::Request::new(Bytes::new());
    *request.method_mut() = method.clone();
    *request.uri_mut() = http::Uri::try_from(uri)?;
    let headers = request.headers_mut();
    // Exactly this: with a list or a quality the token endpoint logs in, then answers that the header is missing.
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    // Refusals are told apart by their English texts.
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en-US"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("ovirt-client/", env!("CARGO_PKG_VERSION"))));
    Ok(request)
}

/// Sends a request and waits no longer than `patience`.
pub(crate) async fn send_within(
    transport: &dyn Transport,
    request: http::Request<Bytes>,
    along: Option<&mut dyn ReadAlong>,
    patience: Duration,
) -> Result<http::Response<Bytes>, TransportError> {
    let answer = match along {
        Some(along) => transport.send_read_along(request, along),
        None => transport.send(request),
    };
    let answer = tokio::time::timeout(patience, answer).await;
    answer.unwrap_or_else(|_| {
        Err(TransportError {
            may_have_been_sent: true,
            kind: TransportErrorKind::Timeout,
            message: format!("no answer within {} s", patience.as_secs()),
        })
    })
}
