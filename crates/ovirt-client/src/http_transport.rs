//! HTTPS by reqwest and rustls.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;

use crate::transport::{ReadAlong, Transport, TransportError, TransportErrorKind};

/// How long a connection may take to come about, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer taken, in bytes after decompression, also of what is read along: twelve thousand VMs; an engine that answers more is not what
/// it seems.
pub const BODY_LIMIT: usize = 128 * 1024 * 1024;
/// How long an idle connection is kept. Apache closes its own after 5 s, and a request on a closing connection is lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Whom to trust to sign the engine's certificate.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The CAs in the system's store.
    System,
    /// Only the CA certificates in this PEM text, the engine's own CA as a rule.
    CaPem(Vec<u8>),
}

/// The transport used in production. The host name is always verified; redirects are not followed; proxies are not used.
#[derive(Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    body_limit: usize,
}

/// Why no transport could be made.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The PEM text has no certificate that can be used.
    #[error("no usable CA certificate in the CA file: {0}")]
    NoCertificate(String),
    /// The system's store has none.
    #[error("the system's store of CA certificates is empty or unreadable: {0}; give the engine's CA as a file")]
    NoSystemStore(String),
    /// The TLS or HTTP library refused the settings.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

impl HttpTransport {
    /// Makes a transport.
    pub fn new(trust: &Trust) -> Result<Self, TrustError> {
        let roots = match trust {
            Trust::System => system_roots()?,
            Trust::CaPem(pem) => pem_roots(pem)?,
        };
        // The provider is given here, never taken from the process: another library may have installed another one, or none.
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::Setup(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .gzip(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .map_err(|error| TrustError::Setup(root_cause(&error)))?;
        Ok(Self { client, body_limit: BODY_LIMIT })
    }

    /// The same with another limit of answers, in bytes after decompression.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        mut along: Option<&mut dyn ReadAlong>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request.map(reqwest::Body::from)).map_err(|error| failure(&error))?;
        let mut answer = self.client.execute(request).await.map_err(|error| failure(&error))?;
        let mut head = http::Response::new(());
        *head.status_mut() = answer.status();
        *head.headers_mut() = std::mem::take(answer.headers_mut());
        let (mut body, mut length) = (Vec::new(), 0);
        // Chunk by chunk and after decompression, so that a small bomb is stopped before it fills the memory.
        while let Some(chunk) = answer.chunk().await.map_err(|error| cut_short(&error))? {
            length += chunk.len();
            if length > self.body_limit {
                return Err(TransportError {
                    may_have_been_sent: true,
                    kind: TransportErrorKind::BodyTooLarge,
                    message: format!("more than {} bytes", self.body_limit),
                });
            }
            body.extend_from_slice(&chunk);
            if let Some(along) = &mut along {
                along.more(&head, &mut body);
            }
        }
        Ok(head.map(|()| body.into()))
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(self.exchange(request, None))
    }

    fn send_read_along<'a>(
        &'a self,
        request: http::Request<Bytes>,
        along: &'a mut dyn ReadAlong,
    ) -> BoxFuture<'a, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(self.exchange(request, Some(along)))
    }
}

fn pem_roots(pem: &[u8]) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| TrustError::NoCertificate(error.to_string()))?;
        roots.add(certificate).map_err(|error| TrustError::NoCertificate(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(TrustError::NoCertificate("it holds no CERTIFICATE block".to_owned()));
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TrustError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let problems = found.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        return Err(TrustError::NoSystemStore(problems));
    }
    Ok(roots)
}

/// A request that failed before the head of an answer came.
fn failure(error: &reqwest::Error) -> TransportError {
    let kind = kind_of(error);
    // Certain only while no connection stood: afterwards some bytes may have gone out.
    let may_have_been_sent = !(error.is_connect() || error.is_builder());
    TransportError { may_have_been_sent, kind, message: root_cause(error) }
}

/// An answer that began and did not end.
fn cut_short(error: &reqwest::Error) -> TransportError {
    let kind = if error.is_timeout() { TransportErrorKind::Timeout } else { TransportErrorKind::TruncatedBody };
    TransportError { may_have_been_sent: true, kind, message: root_cause(error) }
}

fn kind_of(error: &reqwest::Error) -> TransportErrorKind {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return tls_kind(tls);
        }
        let io = current.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused) {
            return TransportErrorKind::ConnectRefused;
        }
        if current.to_string().starts_with("dns error") {
            return TransportErrorKind::Dns;
        }
        // An I/O error made from another one leaves that one out of `source`.
        cause = match io.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_connect() {
        TransportErrorKind::ConnectFailed
    } else if error.is_request() {
        TransportErrorKind::Reset
    } else {
        TransportErrorKind::Other
    }
}

fn tls_kind(error: &rustls::Error) -> TransportErrorKind {
    let rustls::Error::InvalidCertificate(certificate) = error else { return TransportErrorKind::Tls };
    if matches!(certificate, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) {
        TransportErrorKind::TlsName
    } else if matches!(
        certificate,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
    ) {
        TransportErrorKind::TlsExpired
    } else {
        TransportErrorKind::TlsUntrusted
    }
}

/// The innermost cause in one line: what stands around it only names the library's layers, and some causes end in a link to a manual.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    text.split(": https://").next().unwrap_or_default().to_owned()
}
