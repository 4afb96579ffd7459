//! Lists of thousands: read while they arrive, and otherwise as any other answer.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use ovirt_client::{
    Client, EngineUrl, Error, HttpTransport, Known, LoginProblem, ReadAlong, Transport, TransportError,
    TransportErrorKind, Trust, vms,
};
use serde_json::{Value, json};

use crate::conformance::Exchange;
use crate::documents::fixture;
use crate::fake::{FakeEngine, PASSWORD, Reply};
use crate::tls::{Server, gzipped, pki, serve};

/// Bytes of a piece, and how long each takes.
const PIECE: usize = 64 * 1024;
const SECOND: Duration = Duration::from_secs(1);
/// So many make a list of more than a megabyte.
const VMS: usize = 400;

/// An engine whose answers come in pieces.
#[derive(Clone)]
struct Slowly(FakeEngine);

impl Slowly {
    fn client(&self) -> Client {
        let url = EngineUrl::parse("https://engine.example.com/ovirt-engine/api").expect("a URL");
        Client::new(url, "admin@internal", PASSWORD.to_owned().into(), self.clone())
    }
}

impl Transport for Slowly {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.0.send(request)
    }

    fn send_read_along<'a>(
        &'a self,
        request: http::Request<Bytes>,
        along: &'a mut dyn ReadAlong,
    ) -> BoxFuture<'a, Result<http::Response<Bytes>, TransportError>> {
        async move {
            let (head, whole) = self.0.send(request).await?.into_parts();
            let head = http::Response::from_parts(head, ());
            let mut body = Vec::new();
            for piece in whole.chunks(PIECE) {
                tokio::time::sleep(SECOND).await;
                body.extend_from_slice(piece);
                along.more(&head, &mut body);
            }
            Ok(head.map(|()| body.into()))
        }
        .boxed()
    }
}

/// A long list.
fn many() -> Value {
    let one = fixture("vms")["vm"][0].clone();
    let name = |number: usize| {
        let mut vm = one.clone();
        vm["id"] = json!(format!("id-{number}"));
        vm["name"] = json!(format!("vm-{number}"));
        vm["comment"] = json!("x".repeat(2_000));
        vm
    };
    json!({ "vm": (0..VMS).map(name).collect::<Vec<_>>() })
}

fn vms_call(call: &crate::fake::Call) -> bool {
    call.path.ends_with("/vms")
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_is_replaced_once_before_a_long_list_and_never_again() {
    let engine = FakeEngine::new(|call, before| match before {
        _ if !vms_call(call) => None,
        0 => Some(Exchange::labelled("hosts.bad_token").reply()),
        _ => Some(Reply::Json(200, many())),
    });
    let listing = Slowly(engine.clone()).client().send(vms::list()).await.expect("a list");
    assert_eq!((listing.items.len(), listing.unreadable.len()), (VMS, 0));
    assert_eq!(listing.items[VMS - 1].name, format!("vm-{}", VMS - 1));
    assert_eq!((engine.logins(), engine.calls().iter().filter(|call| vms_call(call)).count()), (2, 2));

    let engine = FakeEngine::new(|call, _| vms_call(call).then(|| Exchange::labelled("hosts.bad_token").reply()));
    let error = Slowly(engine.clone()).client().send(vms::list()).await.expect_err("no list");
    assert!(matches!(&error, Error::Login(login) if login.problem == LoginProblem::Transient), "{error:?}");
    assert_eq!((engine.logins(), engine.calls().iter().filter(|call| vms_call(call)).count()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn one_virtual_machine_among_many_that_cannot_be_read_is_named() {
    let mut document = many();
    document["vm"][200]["memory"] = json!("much");
    let engine = FakeEngine::new(move |call, _| vms_call(call).then(|| Reply::Json(200, document.clone())));
    let listing = Slowly(engine).client().send(vms::list()).await.expect("a list");
    assert_eq!(listing.items.len(), VMS - 1);
    let [unreadable] = &listing.unreadable[..] else { panic!("{:?}", listing.unreadable) };
    assert_eq!((unreadable.id.as_deref(), unreadable.name.as_deref()), (Some("id-200"), Some("vm-200")));
    assert!(unreadable.problem.contains("whole number"), "{}", unreadable.problem);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_that_is_read_again_and_again_tells_what_the_engine_says_now() {
    let short = json!({ "vm": [fixture("vms")["vm"][0]] });
    let engine = FakeEngine::new(move |call, before| {
        let long = many();
        vms_call(call).then(|| Reply::Json(200, if before < 2 { short.clone() } else { long }))
    });
    let (client, mut known) = (Slowly(engine).client(), Known::default());
    for expected in [1, 1, VMS, VMS] {
        let length = client.send_again(vms::list(), &mut known, |listing| listing.items.len()).await.expect("a list");
        assert_eq!(length, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn patience_counts_to_the_end_of_a_long_list() {
    let engine = FakeEngine::new(|call, _| vms_call(call).then(|| Reply::Json(200, many())));
    let client = Slowly(engine).client();
    let error = client.send(vms::list().with_patience(10 * SECOND)).await.expect_err("too slow");
    assert!(matches!(error, Error::NoAnswer { kind: TransportErrorKind::Timeout, .. }), "{error:?}");
    client.send(vms::list().with_patience(60 * SECOND)).await.expect("a list");
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_that_is_no_list_is_judged_as_any_other() {
    let long = || "x".repeat(600_000);
    let cases = [
        (Reply::Html(200, format!("<p>proxy</p>{}", long())), "expected JSON, got the text \"proxy xxx"),
        (Reply::Html(503, format!("<p>down</p>{}", long())), "engine not ready, HTTP 503): down xxx"),
        (Reply::Json(500, json!({ "reason": "Operation Failed", "detail": "[no]", "vm": long() })), "HTTP 500): [no]"),
        (Reply::Json(200, json!({ "error": long() })), "expected \"vm\", found \"error\""),
        (Reply::Json(200, json!({ "vm": long() })), "expected an array as \"vm\""),
    ];
    for (reply, expected) in cases {
        let reply = std::sync::Mutex::new(Some(reply));
        let engine =
            FakeEngine::new(move |call, _| if vms_call(call) { reply.lock().expect("no panic").take() } else { None });
        let error = Slowly(engine).client().send(vms::list()).await.expect_err("no list").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// A list of that many over the real transport.
async fn over_https(headers: &str, body: &[u8], limit: usize) -> Result<usize, Error> {
    let pki = pki("localhost");
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n{headers}\r\n");
    let answer = [head.as_bytes(), body].concat();
    let address = serve(pki.acceptor, Server::AnswerAfterLogin(answer)).await;
    let transport = HttpTransport::new(&Trust::CaPem(pki.ca_pem)).expect("a transport").with_body_limit(limit);
    let url = EngineUrl::parse(&format!("https://localhost:{}/ovirt-engine/api", address.port())).expect("a URL");
    let client = Client::new(url, "admin@internal", PASSWORD.to_owned().into(), transport);
    let listing = client.send(vms::list()).await?;
    assert!(listing.unreadable.is_empty());
    Ok(listing.items.len())
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in body.chunks(1_000) {
        write!(bytes, "{:x}\r\n", chunk.len()).expect("memory");
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

const GZIP: &str = "Content-Encoding: gzip\r\n";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

#[tokio::test]
async fn a_long_list_comes_over_https_compressed_or_not_in_chunks_or_at_once() {
    let body = many().to_string().into_bytes();
    let packed = gzipped(&body);
    let length = |body: &[u8]| format!("Content-Length: {}\r\n", body.len());
    let limit = body.len();
    assert_eq!(over_https(&length(&body), &body, limit).await, Ok(VMS));
    assert_eq!(over_https(CHUNKED, &chunked(&body), limit).await, Ok(VMS));
    assert_eq!(over_https(&[GZIP, &length(&packed)].concat(), &packed, limit).await, Ok(VMS));
    assert_eq!(over_https(&[GZIP, CHUNKED].concat(), &chunked(&packed), limit).await, Ok(VMS));
}

#[tokio::test]
async fn a_long_list_that_breaks_off_or_has_no_end_is_no_list() {
    let body = many().to_string().into_bytes();
    let (half, all) = (body.len() / 2, usize::MAX);
    let kind = |read: Result<usize, Error>| match read {
        Err(Error::NoAnswer { kind, .. }) => kind,
        other => panic!("{other:?}"),
    };
    let length = format!("Content-Length: {}\r\n", body.len());
    assert_eq!(kind(over_https(&length, &body[..half], all).await), TransportErrorKind::TruncatedBody);
    assert_eq!(kind(over_https(CHUNKED, &chunked(&body)[..half], all).await), TransportErrorKind::TruncatedBody);
    let packed = gzipped(&body);
    let cut = &packed[..packed.len() - 100];
    assert_eq!(kind(over_https(GZIP, cut, all).await), TransportErrorKind::TruncatedBody);
    // The limit is that of an answer, however little of it is held.
    assert_eq!(kind(over_https(&length, &body, body.len() - 1).await), TransportErrorKind::BodyTooLarge);
    // Without a length nobody but the list itself tells that it is not all there.
    let error = over_https("", &body[..half], all).await.expect_err("half a list");
    assert!(matches!(&error, Error::Unreadable { problem, .. } if problem.contains("inside the list")), "{error:?}");
}
