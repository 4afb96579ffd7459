//! A recording served over HTTPS by a thread of its own, which does nothing but send bytes.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::recorded::Recording;
use crate::{figure, world};

/// A server of one recording. It ends with this value.
pub(crate) struct Served {
    pub(crate) port: u16,
    pub(crate) ca_pem: String,
    shared: Arc<Shared>,
    _until: oneshot::Sender<Infallible>,
}

struct Shared {
    recording: RwLock<Recording>,
    /// Reads of the API's root: each pass has one.
    looks: AtomicU64,
}

impl Served {
    /// Serves on a free port of the loopback.
    pub(crate) fn start(recording: Recording) -> Result<Served, String> {
        let (ca_pem, config) = identity()?;
        let runtime = figure::runtime()?;
        let listener = runtime.block_on(TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.map_err(|error| format!("the loopback cannot be listened on: {error}"))?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let shared = Arc::new(Shared { recording: RwLock::new(recording), looks: AtomicU64::new(0) });
        let (until, ended) = oneshot::channel::<Infallible>();
        let serving = serve(listener, TlsAcceptor::from(config), Arc::clone(&shared));
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serving => {}
                    // Never sent, only dropped.
                    _ = ended => {}
                }
            });
        });
        Ok(Served { port, ca_pem, shared, _until: until })
    }

    /// Serves another recording from now on.
    pub(crate) fn now_serve(&self, recording: Recording) {
        *self.shared.recording.write().unwrap_or_else(PoisonError::into_inner) = recording;
    }

    /// How many passes were begun against it.
    pub(crate) fn looks(&self) -> u64 {
        self.shared.looks.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            // A client that leaves is no trouble.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    body.collect().await?;
    if parts.uri.path().ends_with("/ovirt-engine/api") {
        shared.looks.fetch_add(1, Ordering::Relaxed);
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let recording = shared.recording.read().unwrap_or_else(PoisonError::into_inner);
    let answer = recording.answer(&parts.method, path).unwrap_or_else(|| {
        let mut unknown = Response::new(Bytes::new());
        *unknown.status_mut() = StatusCode::NOT_FOUND;
        unknown
    });
    Ok(answer.map(Full::new))
}

/// A certificate for the simulated engine's name, signed by a CA of its own.
fn identity() -> Result<(String, Arc<ServerConfig>), String> {
    let make = || -> Result<_, rcgen::Error> {
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate()?;
        let ca_certificate = ca.self_signed(&ca_key)?;
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![world::NAME.to_owned()])?.signed_by(&key, &issuer)?;
        Ok((ca_certificate.pem(), certificate.der().clone(), key.serialize_der()))
    };
    let (ca_pem, certificate, key) = make().map_err(|error| format!("no certificate: {error}"))?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
            builder.with_no_client_auth().with_single_cert(vec![certificate], key)
        })
        .map_err(|error| format!("no TLS: {error}"))?;
    Ok((ca_pem, Arc::new(config)))
}
