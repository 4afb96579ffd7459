//! The real transport against a TLS server of our own.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use ovirt_client::{HttpTransport, Transport, TransportErrorKind, Trust, TrustError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Server {
    Answer(Vec<u8>),
    /// Logs in anybody, then the same.
    AnswerAfterLogin(Vec<u8>),
    HangUp,
}

pub(crate) struct Pki {
    pub(crate) ca_pem: Vec<u8>,
    pub(crate) acceptor: TlsAcceptor,
}

/// A CA and a server certificate for one name.
pub(crate) fn pki(name: &str) -> Pki {
    pki_until(name, 4000)
}

/// The same, with a certificate that ends with a year.
fn pki_until(name: &str, year: i32) -> Pki {
    let mut ca = CertificateParams::new(Vec::new()).expect("parameters");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key")).expect("a CA");
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    params.not_after = rcgen::date_time_ymd(year, 12, 31);
    let certificate = params.signed_by(&key, &ca).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("a configuration");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Pki { ca_pem: ca.pem().into_bytes(), acceptor: TlsAcceptor::from(Arc::new(config)) }
}

pub(crate) async fn serve(acceptor: TlsAcceptor, server: Server) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = [0; 4096];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
                if !request.contains("accept-encoding: gzip\r\n") {
                    return;
                }
                let bytes = match server {
                    Server::Answer(bytes) => Some(bytes),
                    Server::AnswerAfterLogin(_) if request.contains("/sso/") || request.contains("/api http") => {
                        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n";
                        Some([head, r#"{"access_token":"T"}"#].concat().into_bytes())
                    }
                    Server::AnswerAfterLogin(bytes) => Some(bytes),
                    Server::HangUp => None,
                };
                if let Some(bytes) = bytes {
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    address
}

async fn get(
    transport: &HttpTransport,
    host: &str,
    address: SocketAddr,
) -> Result<http::Response<Bytes>, ovirt_client::TransportError> {
    let uri = format!("https://{host}:{}/ovirt-engine/api", address.port());
    transport.send(http::Request::get(uri).body(Bytes::new()).expect("a request")).await
}

fn answer(headers: &str, body: &[u8]) -> Server {
    let mut bytes = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    Server::Answer(bytes)
}

pub(crate) fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn a_server_of_the_given_ca_is_trusted_and_gzip_undone() {
    let pki = pki("localhost");
    let body = gzipped(b"{\"host\":[]}");
    let server = answer(&format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", body.len()), &body);
    let address = serve(pki.acceptor, server).await;
    let transport = HttpTransport::new(&Trust::CaPem(pki.ca_pem)).expect("a transport");
    let response = get(&transport, "localhost", address).await.expect("an answer");
    assert_eq!(response.body().as_ref(), b"{\"host\":[]}");
}

#[tokio::test]
async fn another_ca_is_not_trusted() {
    let address = serve(pki("localhost").acceptor, answer("", b"")).await;
    let transport = HttpTransport::new(&Trust::CaPem(pki("localhost").ca_pem)).expect("a transport");
    let error = get(&transport, "localhost", address).await.expect_err("no trust");
    assert_eq!((error.kind, error.may_have_been_sent), (TransportErrorKind::TlsUntrusted, false), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let pki = pki("engine.example.com");
    let address = serve(pki.acceptor, answer("", b"")).await;
    let transport = HttpTransport::new(&Trust::CaPem(pki.ca_pem)).expect("a transport");
    let error = get(&transport, "localhost", address).await.expect_err("another name");
    assert_eq!((error.kind, error.may_have_been_sent), (TransportErrorKind::TlsName, false), "{error}");
}

#[tokio::test]
async fn an_expired_certificate_is_told_apart_from_an_unknown_one() {
    let pki = pki_until("localhost", 2020);
    let address = serve(pki.acceptor, answer("", b"")).await;
    let transport = HttpTransport::new(&Trust::CaPem(pki.ca_pem)).expect("a transport");
    let error = get(&transport, "localhost", address).await.expect_err("expired");
    assert_eq!((error.kind, error.may_have_been_sent), (TransportErrorKind::TlsExpired, false), "{error}");
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_refused_before_anything_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let transport = HttpTransport::new(&Trust::CaPem(pki("localhost").ca_pem)).expect("a transport");
    let error = get(&transport, "localhost", address).await.expect_err("nobody there");
    assert_eq!((error.kind, error.may_have_been_sent), (TransportErrorKind::ConnectRefused, false), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_may_have_delivered_it() {
    let pki = pki("localhost");
    let address = serve(pki.acceptor, Server::HangUp).await;
    let transport = HttpTransport::new(&Trust::CaPem(pki.ca_pem)).expect("a transport");
    let error = get(&transport, "localhost", address).await.expect_err("no answer");
    assert_eq!((error.kind, error.may_have_been_sent), (TransportErrorKind::Reset, true), "{error}");
}

#[tokio::test]
async fn a_body_that_ends_early_is_no_body() {
    let pki = pki("localhost");
    let address = serve(pki.acceptor, answer("Content-Length: 100\r\n", b"{\"host\":[]}")).await;
    let transport = HttpTransport::new(&Trust::CaPem(pki.ca_pem)).expect("a transport");
    let error = get(&transport, "localhost", address).await.expect_err("half an answer");
    assert_eq!((error.kind, error.may_have_been_sent), (TransportErrorKind::TruncatedBody, true), "{error}");
}

#[tokio::test]
async fn the_limit_counts_bytes_after_decompression() {
    let pki = pki("localhost");
    let body = gzipped(&vec![b' '; 1_000_000]);
    assert!(body.len() < 10_000);
    let server = answer(&format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", body.len()), &body);
    let address = serve(pki.acceptor, server).await;
    let transport = HttpTransport::new(&Trust::CaPem(pki.ca_pem)).expect("a transport").with_body_limit(100_000);
    let error = get(&transport, "localhost", address).await.expect_err("too much");
    assert_eq!(error.kind, TransportErrorKind::BodyTooLarge, "{error}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let pki = pki("localhost");
    let bytes =
        b"HTTP/1.1 302 Found\r\nLocation: https://localhost:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let address = serve(pki.acceptor, Server::Answer(bytes.to_vec())).await;
    let transport = HttpTransport::new(&Trust::CaPem(pki.ca_pem)).expect("a transport");
    assert_eq!(get(&transport, "localhost", address).await.expect("an answer").status(), 302);
}

#[test]
fn a_ca_file_without_a_certificate_is_refused() {
    for wrong in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = HttpTransport::new(&Trust::CaPem(wrong.as_bytes().to_vec())).expect_err("no certificate");
        assert!(matches!(error, TrustError::NoCertificate(_)), "{error}");
    }
}
