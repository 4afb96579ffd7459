//! Tokens: how they are got, refused, used up and lost.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::json;

use super::{Got, Lab};
use crate::{FaultKind, FaultRule};

const TOKEN: &str = "/ovirt-engine/sso/oauth/token";
const GOOD: &str = "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret";

async fn hosts(lab: &Lab, authorization: Option<&str>) -> Got {
    let mut request = Request::get("/ovirt-engine/api/hosts").header("accept", "application/json");
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    lab.send(request.body(Bytes::new()).unwrap()).await
}

fn page(text: &str) -> String {
    format!("<html><head><title>Error</title></head><body>{text}</body></html>")
}

#[tokio::test(start_paused = true)]
async fn a_token_is_granted_for_the_right_password() {
    let lab = Lab::new().await;
    let got = lab.form(TOKEN, GOOD).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.json["token_type"], "bearer");
    assert_eq!(got.json["exp"], "9223372036854775807");
    assert_eq!(got.json["access_token"].as_str().unwrap().len(), 86);
}

#[tokio::test(start_paused = true)]
async fn the_token_endpoint_wants_exactly_its_accept_header() {
    let lab = Lab::new().await;
    for accept in [None, Some("application/json, */*"), Some("*/*")] {
        let mut request = Request::post(TOKEN).header("content-type", "application/x-www-form-urlencoded");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let got = lab.send(request.body(Bytes::from(GOOD)).unwrap()).await;
        assert_eq!(got.status, 400);
        assert_eq!(got.json, json!({"error_code": "invalid_request", "error": "Missing parameter: 'Accept Header'"}));
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_have_the_engines_codes_and_words() {
    let lab = Lab::new().await;
    let cases = [
        (
            "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=wrong",
            "access_denied",
            "Cannot authenticate user 'admin@internal': Unable to log in. Verify your login information or contact the system administrator..",
        ),
        (
            "grant_type=password&scope=ovirt-app-api&username=admin&password=secret",
            "access_denied",
            "Cannot authenticate user 'admin@N/A': No valid profile found in credentials..",
        ),
        (
            "grant_type=password&scope=ovirt-app-api&username=admin%40nowhere&password=secret",
            "access_denied",
            "Cannot authenticate user 'admin@nowhere': No valid profile found in credentials..",
        ),
        (
            "grant_type=password&scope=ovirt-app-api&username=admin%40internal",
            "invalid_request",
            "Missing parameter: 'password'",
        ),
        (
            "grant_type=banana&scope=ovirt-app-api&username=admin%40internal&password=secret",
            "unsupported_grant_type",
            "The authorization grant type is not supported by the authorization server.",
        ),
    ];
    for (form, code, text) in cases {
        let got = lab.form(TOKEN, form).await;
        assert_eq!((got.status, got.json), (400, json!({"error_code": code, "error": text})));
    }
    let without_scope = lab.form(TOKEN, "grant_type=password&username=admin%40internal").await;
    assert_eq!(without_scope.json["error"], "invalid_request");
    assert_eq!(without_scope.json["error_description"], "Missing parameter: 'password'");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_answered_after_five_seconds_and_five_lock_the_account() {
    let lab = Lab::new().await;
    let wrong = GOOD.replace("secret", "wrong");
    let before = lab.engine.time();
    for _ in 0..5 {
        assert_eq!(lab.form(TOKEN, &wrong).await.status, 400);
    }
    assert_eq!(lab.engine.time() - before, 25_000);
    let locked = lab.form(TOKEN, GOOD).await;
    assert!(locked.json["error"].as_str().unwrap().contains("disabled or locked"));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(lab.form(TOKEN, GOOD).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_api_refuses_with_a_page_that_says_why() {
    let lab = Lab::new().await;
    let none = hosts(&lab, None).await;
    assert_eq!((none.status, none.text), (401, page("Unauthorized")));
    assert_eq!(none.headers["www-authenticate"], "Basic realm=\"RESTAPI\"");
    assert!(!none.headers.contains_key("correlation-id"), "only requests that passed the login have one");
    let expired = "invalid_grant: The provided authorization grant for the auth code has expired.";
    assert_eq!(hosts(&lab, Some("Bearer nonsense")).await.text, page(expired));
    assert_eq!(hosts(&lab, Some(&format!("bearer {}", lab.token))).await.text, page("Unauthorized"));
    let scopeless = lab.form(TOKEN, "grant_type=password&username=admin%40internal&password=secret").await;
    let token = scopeless.json["access_token"].as_str().unwrap().to_owned();
    let got = hosts(&lab, Some(&format!("Bearer {token}"))).await;
    assert_eq!(got.text, page("The required scope ovirt-app-api is not granted."));
}

#[tokio::test(start_paused = true)]
async fn tokens_die_idle_and_by_logout() {
    let mut lab = Lab::new().await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(29 * 60)).await;
        assert_eq!(lab.get("/hosts").await.status, 200);
    }
    tokio::time::sleep(Duration::from_secs(31 * 60)).await;
    assert_eq!(lab.get("/hosts").await.status, 401);
    lab.log_in().await;
    let logout = format!("scope=ovirt-app-api&token={}", lab.token);
    assert_eq!(lab.form("/ovirt-engine/services/sso-logout", &logout).await.status, 200);
    assert_eq!(lab.get("/hosts").await.status, 401);
    let unknown = lab.form("/ovirt-engine/services/sso-logout", "scope=ovirt-app-api&token=nonsense").await;
    assert_eq!((unknown.status, unknown.json), (200, json!({})));
}

#[tokio::test(start_paused = true)]
async fn a_dead_sso_is_a_server_error_for_new_tokens_only() {
    let lab = Lab::new().await;
    assert_eq!(lab.get("/hosts").await.status, 200);
    let fresh = lab.form(TOKEN, GOOD).await.json["access_token"].as_str().unwrap().to_owned();
    lab.engine.add_fault(FaultRule {
        name: "sso".into(),
        method: None,
        path: String::new(),
        skip: 0,
        count: None,
        kind: FaultKind::SsoDown,
    });
    assert_eq!(lab.form(TOKEN, GOOD).await.json["error_code"], "server_error");
    assert_eq!(lab.get("/hosts").await.status, 200, "the API knows this token");
    let got = hosts(&lab, Some(&format!("Bearer {fresh}"))).await;
    assert_eq!((got.status, got.text), (401, page("server_error: null")));
}
