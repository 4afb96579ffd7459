//! Requests that got no answer: what was changed is said, and nothing is repeated.

use std::time::Duration;

use http::Method;
use ovirt_client::{EngineEffect, Error, MUTATION_PATIENCE, READ_PATIENCE, Request, TransportErrorKind, hosts, vms};
use serde_json::Value;
use tokio::time::Instant;

use crate::fake::{FakeEngine, Reply};

async fn lost(method: Method, kind: TransportErrorKind, may_have_been_sent: bool) -> Error {
    let engine =
        FakeEngine::new(move |call, _| call.path.ends_with("/thing").then_some(Reply::Lost(kind, may_have_been_sent)));
    let error = engine.client().send(Request::<Value>::new(method, "thing", Ok)).await.expect_err("no answer");
    assert_eq!(engine.lines().iter().filter(|line| line.ends_with("/thing")).count(), 1, "nothing is repeated");
    error
}

#[tokio::test(start_paused = true)]
async fn a_change_that_times_out_may_have_been_applied() {
    let engine = FakeEngine::new(|call, _| call.path.ends_with("/fence").then_some(Reply::Never));
    let client = engine.client();
    let began = Instant::now();
    let fence = hosts::fence(&"h".into(), &ovirt_client::FenceType::Manual).with_correlation_id("fence-1");
    let error = client.send(fence).await.expect_err("no answer");
    assert_eq!(began.elapsed().as_secs(), MUTATION_PATIENCE.as_secs());
    let Error::MaybeApplied { request, status: None, .. } = &error else { panic!("{error:?}") };
    assert_eq!(request.correlation_id.as_deref(), Some("fence-1"), "to look the job up by");
    assert_eq!(error.what_the_engine_may_have_done(), EngineEffect::MaybeApplied);
    assert_eq!(engine.lines().iter().filter(|line| line.ends_with("/fence")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_times_out_changed_nothing() {
    let engine = FakeEngine::new(|call, _| call.path.ends_with("/vms").then_some(Reply::Never));
    let client = engine.client();
    let began = Instant::now();
    let error = client.send(vms::list()).await.expect_err("no answer");
    assert_eq!(began.elapsed().as_secs(), READ_PATIENCE.as_secs());
    assert!(matches!(error, Error::NoAnswer { kind: TransportErrorKind::Timeout, .. }), "{error:?}");
    assert_eq!(error.what_the_engine_may_have_done(), EngineEffect::Nothing);
    let began = Instant::now();
    client.send(vms::list().with_patience(Duration::from_secs(7))).await.expect_err("no answer");
    assert_eq!(began.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_slow_login_does_not_use_up_the_patience_of_the_call() {
    let engine = FakeEngine::new(|call, _| {
        let token = Reply::Json(200, serde_json::json!({ "access_token": "T" }));
        call.is_login().then(|| Reply::After(Duration::from_secs(30), Box::new(token)))
    });
    engine.client().send(hosts::list().with_patience(Duration::from_secs(5))).await.expect("an answer");
}

#[tokio::test]
async fn a_request_that_never_left_changed_nothing() {
    for kind in [TransportErrorKind::ConnectRefused, TransportErrorKind::Dns, TransportErrorKind::Timeout] {
        let error = lost(Method::POST, kind, false).await;
        assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
        assert_eq!(error.what_the_engine_may_have_done(), EngineEffect::Nothing);
        assert!(error.may_pass());
    }
}

#[tokio::test]
async fn a_broken_connection_leaves_a_change_in_doubt_and_a_read_without_effect() {
    for kind in [TransportErrorKind::Reset, TransportErrorKind::TruncatedBody, TransportErrorKind::BodyTooLarge] {
        let error = lost(Method::PUT, kind, true).await;
        assert_eq!(error.what_the_engine_may_have_done(), EngineEffect::MaybeApplied, "{error:?}");
        let error = lost(Method::GET, kind, true).await;
        assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn tls_errors_carry_their_remedy() {
    let error = lost(Method::GET, TransportErrorKind::TlsUntrusted, false).await.to_string();
    assert!(
        error.contains(
            "https://engine.example.com/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA"
        ),
        "{error}"
    );
    let error = lost(Method::GET, TransportErrorKind::TlsName, false).await;
    assert!(error.to_string().contains("fully qualified name"), "{error}");
    assert!(!error.may_pass());
}
