//! The same engine behind TLS, asked by a plain hyper client, and the control door.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::world::{World, WorldSpec};
use crate::{ControlDoor, Engine, FaultKind, FaultRule, Server, Settings};

fn engine() -> Engine {
    let spec = WorldSpec::two_sites(["alpha", "beta"], 2, 2, 1);
    Engine::new(World::new(&spec).unwrap(), Settings::default())
}

async fn serve(engine: &Engine) -> Server {
    Server::start(engine.clone(), SocketAddr::from(([127, 0, 0, 1], 0)), "localhost").await.unwrap()
}

/// One request on a connection of its own, under the server's CA and the given name.
async fn ask(server: &Server, name: &str, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.ca_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(server.addr()).await.map_err(|error| error.to_string())?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await;
    let stream = TokioIo::new(stream.map_err(|error| error.to_string())?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|error| error.to_string())
}

fn get(path: &str) -> http::request::Builder {
    Request::get(path).header("host", "localhost").header("accept", "application/json")
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn token(server: &Server) -> String {
    let form = "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret";
    let request = Request::post("/ovirt-engine/sso/oauth/token").header("host", "localhost");
    let request = request.header("accept", "application/json").body(Full::from(form)).unwrap();
    let answer = text(ask(server, "localhost", request).await.unwrap()).await;
    let tree: serde_json::Value = serde_json::from_str(&answer).unwrap();
    tree["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn hosts_are_served_to_a_client_that_trusts_the_ca() {
    let engine = engine();
    let server = serve(&engine).await;
    let token = token(&server).await;
    let request = get("/ovirt-engine/api/hosts").header("authorization", format!("Bearer {token}"));
    let response = ask(&server, "localhost", request.body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(text(response).await.starts_with(r#"{"host":[{"#));
    let ca = ask(
        &server,
        "localhost",
        get("/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA")
            .body(Full::default())
            .unwrap(),
    );
    assert_eq!(text(ca.await.unwrap()).await, server.ca_pem());
}

#[tokio::test]
async fn another_name_than_the_certificates_is_refused_by_the_client() {
    let engine = engine();
    let server = serve(&engine).await;
    let request = get("/ovirt-engine/services/health").body(Full::default()).unwrap();
    assert!(ask(&server, "engine.example.com", request).await.is_err());
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_take_it() {
    use std::io::Read;
    let engine = engine();
    let server = serve(&engine).await;
    let token = token(&server).await;
    let request = get("/ovirt-engine/api/hosts").header("authorization", format!("Bearer {token}"));
    let request = request.header("accept-encoding", "gzip").body(Full::default()).unwrap();
    let response = ask(&server, "localhost", request).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let packed = response.into_body().collect().await.unwrap().to_bytes();
    let mut plain = String::new();
    flate2::read::GzDecoder::new(packed.as_ref()).read_to_string(&mut plain).unwrap();
    assert!(plain.starts_with(r#"{"host":[{"#) && plain.len() > packed.len() * 5);
}

#[tokio::test]
async fn a_broken_answer_is_an_error_on_the_wire() {
    let engine = engine();
    let server = serve(&engine).await;
    let fault =
        |kind| FaultRule { name: "f".into(), method: None, path: "*/health".into(), skip: 0, count: None, kind };
    let health = || get("/ovirt-engine/services/health").body(Full::default()).unwrap();
    engine.add_fault(fault(FaultKind::ResetAfter));
    assert!(ask(&server, "localhost", health()).await.is_err());
    engine.add_fault(fault(FaultKind::Truncated));
    let response = ask(&server, "localhost", health()).await.unwrap();
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_stopped_engine_refuses_connections_and_a_started_one_listens_again() {
    let engine = engine();
    let server = serve(&engine).await;
    engine.stop();
    let refused = async {
        while TcpStream::connect(server.addr()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), refused).await.unwrap();
    engine.set_speed(1000.0);
    engine.start();
    let listening = async {
        while TcpStream::connect(server.addr()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), listening).await.unwrap();
}

#[tokio::test]
async fn the_control_door_breaks_the_world_by_name() {
    let engine = engine();
    let door = ControlDoor::start(engine.clone(), 0).await.unwrap();
    let send = async |request: Request<Full<Bytes>>| {
        let stream = TokioIo::new(TcpStream::connect(door.addr()).await.unwrap());
        let (mut sender, connection) = http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        let tree: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
        (status, tree)
    };
    let order = |body: &str| Request::post("/").header("host", "x").body(Full::from(body.to_owned())).unwrap();
    assert_eq!(send(order(r#"{"lose_site":"alpha"}"#)).await.0, 200);
    assert_eq!(send(order(r#"{"lose_site":"nowhere"}"#)).await.0, 400);
    assert_eq!(send(order(r#"{"frobnicate":1}"#)).await.0, 400);
    assert_eq!(send(order(r#"{"fault":{"name":"x","kind":"lock_held"}}"#)).await.0, 200);
    let show = |path: &str| Request::get(path.to_owned()).header("host", "x").body(Full::default()).unwrap();
    let (_, probe) = send(show("/probe?address=10.1.0.1&port=54321")).await;
    assert_eq!(probe["reach"], "silent");
    let (_, probe) = send(show("/probe?address=10.2.0.1&port=54321")).await;
    assert_eq!(probe["reach"], "answering");
    let (_, faults) = send(show("/faults")).await;
    assert_eq!(faults[0]["name"], "x");
    let (_, state) = send(show("/state")).await;
    assert_eq!(state["hosts"].as_array().unwrap().len(), 4);
}
