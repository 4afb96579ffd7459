//! One token for all: login, warm-up, renewal, refusal.

use std::time::Duration;

use futures::future::join_all;
use ovirt_client::{EngineEffect, Error, Known, Listing, LoginProblem, PARALLEL_READS, hosts, vms};
use serde_json::json;

use crate::conformance::Exchange;
use crate::fake::{Call, FakeEngine, PASSWORD, ROOT_PATH, Reply};

const SECOND: Duration = Duration::from_secs(1);

fn later(reply: Reply) -> Option<Reply> {
    Some(Reply::After(SECOND, Box::new(reply)))
}

fn token(number: usize) -> Reply {
    Reply::Json(200, json!({ "access_token": format!("TOKEN-{number}") }))
}

fn hosts_call(call: &Call) -> bool {
    call.path.ends_with("/hosts")
}

fn problem(error: &Error) -> LoginProblem {
    let Error::Login(login) = error else { panic!("{error:?}") };
    login.problem
}

#[tokio::test(start_paused = true)]
async fn a_crowd_logs_in_once_and_one_warm_up_request_goes_before_it() {
    let engine = FakeEngine::new(|call, before| match call.path.as_str() {
        _ if call.is_login() => later(token(before)),
        ROOT_PATH => later(Reply::Json(200, json!({}))),
        _ => later(Reply::Json(200, json!({}))),
    });
    let client = engine.client();
    let answers = join_all((0..10).map(|_| client.send(hosts::list()))).await;
    assert!(answers.iter().all(Result::is_ok));
    let lines = engine.lines();
    assert_eq!(lines[0], "POST /ovirt-engine/sso/oauth/token");
    assert_eq!(lines[1], "GET /ovirt-engine/api");
    assert_eq!(lines.len(), 12, "one login, one warm-up, ten reads");
    assert!(lines[2..].iter().all(|line| line == "GET /ovirt-engine/api/hosts"));
}

#[tokio::test(start_paused = true)]
async fn a_read_sent_again_and_again_tells_what_the_engine_says_now() {
    let host = |status: &str| Reply::Json(200, json!({ "host": [{ "id": "h", "name": "h1", "status": status }] }));
    let engine = FakeEngine::new(move |call, before| match (hosts_call(call), before) {
        (true, 0 | 1) => Some(host("up")),
        (true, 3) => Some(Reply::Json(500, json!({}))),
        (true, _) => Some(host("down")),
        (false, _) => None,
    });
    let (client, mut known) = (engine.client(), Known::default());
    let (mut said, mut made) = (Vec::new(), 0);
    for _ in 0..5 {
        let made = |hosts: Listing<hosts::Host>| {
            made += 1;
            hosts.items[0].status.as_str().to_owned()
        };
        let status = client.send_again(hosts::list(), &mut known, made).await;
        said.push(status.unwrap_or_else(|_| "nothing".to_owned()));
    }
    assert_eq!(said, ["up", "up", "down", "nothing", "down"]);
    assert_eq!(made, 3, "nothing is made anew of an answer that is the same");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_four_reads_are_in_flight_and_changes_do_not_wait_for_them() {
    let engine = FakeEngine::new(|call, _| if hosts_call(call) { later(Reply::Json(200, json!({}))) } else { None });
    let client = engine.client();
    join_all((0..20).map(|_| client.send(hosts::list()))).await;
    assert_eq!(engine.most_in_flight(), PARALLEL_READS);
    let reads = join_all((0..4).map(|_| client.send(hosts::list())));
    let action = client.send(hosts::activate(&"h".into()));
    let (_, action) = futures::future::join(reads, action).await;
    assert!(action.is_ok());
    assert_eq!(engine.most_in_flight(), PARALLEL_READS + 1);
}

#[tokio::test]
async fn the_login_is_the_password_grant_as_engines_want_it() {
    let engine = FakeEngine::new(|_, _| None);
    engine.client().send(hosts::list()).await.expect("an answer");
    let login = &engine.calls()[0];
    assert_eq!(login.header("Accept"), Some("application/json"));
    assert_eq!(login.header("Content-Type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(login.header("Authorization"), None);
    assert_eq!(
        login.body,
        "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=p%40ss%3A%20w%C3%B6rd%26%2B%25"
    );
    assert_eq!(engine.calls()[1].header("Authorization"), Some("Bearer TOKEN-0"));
}

#[tokio::test]
async fn a_dead_token_is_replaced_once_and_the_call_repeated_once() {
    let engine = FakeEngine::new(|call, _| {
        let dead = hosts_call(call) && call.header("Authorization") == Some("Bearer TOKEN-0");
        dead.then(|| Exchange::labelled("hosts.bad_token").reply())
    });
    let client = engine.client();
    client.send(hosts::list()).await.expect("the repeated call succeeds");
    assert_eq!(
        engine.lines(),
        [
            "POST /ovirt-engine/sso/oauth/token",
            "GET /ovirt-engine/api",
            "GET /ovirt-engine/api/hosts",
            "POST /ovirt-engine/sso/oauth/token",
            "GET /ovirt-engine/api",
            "GET /ovirt-engine/api/hosts",
        ]
    );
    client.send(hosts::list()).await.expect("the new token is kept");
    assert_eq!(engine.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_with_a_dead_token_logs_in_once_also_when_some_hear_of_it_late() {
    let engine = FakeEngine::new(|call, before| match call.path.as_str() {
        _ if call.is_login() => later(token(before)),
        _ if call.header("Authorization") == Some("Bearer TOKEN-0") && call.path != ROOT_PATH => {
            let pause = if before < 4 { SECOND } else { 10 * SECOND };
            Some(Reply::After(pause, Box::new(Exchange::labelled("hosts.bad_token").reply())))
        }
        _ => later(Reply::Json(200, json!({}))),
    });
    let client = engine.client();
    let answers = join_all((0..8).map(|_| client.send(hosts::list()))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(engine.logins(), 2);
}

#[tokio::test]
async fn a_second_401_ends_the_call() {
    let engine = FakeEngine::new(|call, _| hosts_call(call).then(|| Exchange::labelled("hosts.bad_token").reply()));
    let error = engine.client().send(hosts::list()).await.expect_err("no answer");
    assert_eq!(problem(&error), LoginProblem::Transient);
    assert_eq!(engine.logins(), 2);
}

#[tokio::test]
async fn a_change_answered_401_was_not_executed_and_is_repeated_after_the_login() {
    let engine = FakeEngine::new(|call, before| {
        (call.path.ends_with("/start") && before == 0).then(|| Exchange::labelled("hosts.bad_token").reply())
    });
    engine.client().send(vms::start(&"v".into())).await.expect("the repeated call succeeds");
    assert_eq!(engine.lines().iter().filter(|line| line.ends_with("/start")).count(), 2);
}

#[tokio::test]
async fn a_session_that_ended_inside_a_change_leaves_it_in_doubt_and_inside_a_read_does_not() {
    let engine = FakeEngine::new(|call, before| {
        let fault = json!({ "reason": "Operation Failed", "detail": "User is not logged in." });
        let ended = before == 0 && (hosts_call(call) || call.path.ends_with("/tags"));
        ended.then(|| Reply::Json(401, fault))
    });
    let client = engine.client();
    client.send(hosts::list()).await.expect("the repeated read succeeds");
    let error = client.send(ovirt_client::tags::create("n", "d")).await.expect_err("in doubt");
    assert_eq!(error.what_the_engine_may_have_done(), EngineEffect::MaybeApplied, "{error:?}");
    assert_eq!(engine.lines().iter().filter(|line| line.ends_with("/tags")).count(), 1);
}

#[tokio::test]
async fn access_denied_is_never_tried_again_until_told() {
    let engine = FakeEngine::new(|call, before| {
        (call.is_login() && before < 2).then(|| Exchange::labelled("sso.token.wrong_password").reply())
    });
    let client = engine.client();
    for _ in 0..5 {
        let error = client.send(hosts::list()).await.expect_err("no token");
        assert_eq!(problem(&error), LoginProblem::AccessDenied);
        assert!(!error.may_pass());
    }
    assert_eq!(engine.lines(), ["POST /ovirt-engine/sso/oauth/token"]);
    assert!(client.refusal().is_some());
    client.forget_refusal();
    client.send(hosts::list()).await.expect_err("refused again");
    client.send(hosts::list()).await.expect_err("remembered again");
    assert_eq!(engine.logins(), 2);
    client.set_credentials("admin@internal", "better".to_owned().into());
    client.send(hosts::list()).await.expect("the new password is right");
    assert!(engine.calls()[2].body.ends_with("password=better"));
}

#[tokio::test(start_paused = true)]
async fn a_crowd_shares_one_refusal() {
    let engine = FakeEngine::new(|call, _| {
        if call.is_login() { later(Exchange::labelled("sso.token.wrong_password").reply()) } else { None }
    });
    let client = engine.client();
    let answers = join_all((0..10).map(|_| client.send(hosts::list()))).await;
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(engine.logins(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_shares_one_transient_failure_and_the_next_call_tries_again() {
    let engine = FakeEngine::new(|call, before| {
        if call.is_login() && before == 0 { later(Reply::Html(503, "<p>down</p>".to_owned())) } else { None }
    });
    let client = engine.client();
    let answers = join_all((0..10).map(|_| client.send(hosts::list()))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.may_pass())));
    assert_eq!(engine.logins(), 1);
    client.send(hosts::list()).await.expect("the engine is back");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_does_not_hide_a_refusal() {
    let engine = FakeEngine::new(|call, _| {
        if !call.is_login() {
            return None;
        }
        let refusal = Exchange::labelled("sso.token.wrong_password").reply();
        Some(Reply::After(5 * SECOND, Box::new(refusal)))
    });
    let client = engine.client();
    for _ in 0..8 {
        let _ = tokio::time::timeout(SECOND, client.send(hosts::list())).await;
    }
    assert_eq!(engine.logins(), 1, "five in a row would lock the account");
    assert!(client.refusal().is_some());
}

#[tokio::test]
async fn transient_login_failures_are_told_apart() {
    let text =
        "Cannot authenticate user 'a@ldap': Unable to log in because servers cannot be reached. Try again later..";
    let cases = [
        (Reply::Json(400, json!({ "error_code": "access_denied", "error": text })), LoginProblem::Transient),
        (Reply::Json(400, json!({ "error_code": "server_error", "error": "boom" })), LoginProblem::Transient),
        (Reply::Json(400, json!({ "error": "server_error", "error_description": "boom" })), LoginProblem::Transient),
        (Reply::Json(400, json!({ "error": "access_denied", "error_description": "x" })), LoginProblem::AccessDenied),
        (Reply::Html(404, "<body>404 - Not Found</body>".to_owned()), LoginProblem::Transient),
        (Reply::Html(302, "<body>elsewhere</body>".to_owned()), LoginProblem::Unexpected),
        (Exchange::labelled("sso.token.accept_list").reply(), LoginProblem::Unexpected),
        (Exchange::labelled("sso.token.no_password").reply(), LoginProblem::Unexpected),
        (Reply::Json(200, json!({})), LoginProblem::Unexpected),
        (Reply::Json(200, json!([])), LoginProblem::Unexpected),
    ];
    for (number, (reply, expected)) in cases.into_iter().enumerate() {
        let reply = std::sync::Mutex::new(Some(reply));
        let engine =
            FakeEngine::new(move |call, _| if call.is_login() { reply.lock().expect("no panic").take() } else { None });
        let error = engine.client().send(hosts::list()).await.expect_err("no token");
        assert_eq!(problem(&error), expected, "case {number}: {error}");
    }
}

#[tokio::test]
async fn a_failed_warm_up_is_a_failed_login() {
    let engine = FakeEngine::new(|call, _| {
        let text = "<body>The user dr@internal-authz with profile [internal] is not authorized to perform login</body>";
        (call.path == ROOT_PATH).then(|| Reply::Html(401, text.to_owned()))
    });
    let error = engine.client().send(hosts::list()).await.expect_err("no token");
    assert_eq!(problem(&error), LoginProblem::NotAllowed);
    assert!(!engine.lines().iter().any(|line| line.ends_with("/hosts")));
}

#[tokio::test]
async fn logging_out_gives_the_token_back_and_the_next_call_logs_in() {
    let engine = FakeEngine::new(|_, _| None);
    let client = engine.client();
    client.log_out().await.expect("nothing to give back");
    assert!(engine.lines().is_empty());
    client.send(hosts::list()).await.expect("an answer");
    client.log_out().await.expect("logged out");
    let logout = engine.calls().pop().expect("a call");
    assert_eq!(logout.path, "/ovirt-engine/services/sso-logout");
    assert_eq!(logout.body, "scope=ovirt-app-api&token=TOKEN-0");
    client.send(hosts::list()).await.expect("an answer");
    assert_eq!(engine.logins(), 2);
}

#[tokio::test]
async fn neither_password_nor_token_shows_anywhere() {
    let engine = FakeEngine::new(|call, _| {
        // An engine that repeats everything it was told.
        call.is_login().then(|| {
            Reply::Json(400, json!({ "error_code": "server_error", "error": format!("boom {PASSWORD} boom") }))
        })
    });
    let client = engine.client();
    let error = client.send(hosts::list()).await.expect_err("no token");
    let shown = format!("{error} {error:?} {client:?}");
    assert!(shown.contains("boom"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}
