//! Every recorded exchange goes through the client: the request that it builds, and what it makes of the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use expect_test::expect_file;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, HeaderMap};
use ovirt_client::{Client, EngineUrl, Error, LoginProblem, Request, Transport, TransportError};
use serde_json::Value;
use tests::counts::tell;

use crate::client_requests::{Way, follow};
use crate::client_values::Reads;
use crate::recording::{self, Exchange, exchanges};

/// What became of one exchange.
pub(crate) struct Outcome {
    way: Way,
    /// The answer, read and held against its JSON; what is wrong with it as text.
    result: Result<Vec<String>, Error>,
    /// How the sent request differs from the recorded one.
    differences: Vec<String>,
}

/// Sends `request` to an engine that gives the recorded answer.
pub(crate) async fn ask<T: Reads + Debug>(exchange: &Exchange, way: Way, request: Request<T>) -> Outcome {
    let engine = Playback::of(exchange);
    let result = engine.client("admin@internal", "PASSWORD").send(request).await;
    let call = engine.calls().into_iter().nth(2).expect("login, first use, the call");
    let result = result.map(|value| {
        let mut wrong = value.differences(&exchange.answer);
        if format!("{value:?}").contains("Other(") {
            wrong.push(format!("a word that the client does not know: {value:?}"));
        }
        wrong
    });
    Outcome { way, result, differences: call.differences(exchange) }
}

/// An engine that logs anybody in and then gives one answer.
#[derive(Clone)]
struct Playback {
    exchange: Arc<Exchange>,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// What the client sent.
#[derive(Clone)]
struct Call {
    method: String,
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Playback {
    fn of(exchange: &Exchange) -> Self {
        Self { exchange: Arc::new(exchange.clone()), calls: Arc::default() }
    }

    fn client(&self, user: &str, password: &str) -> Client {
        let url = EngineUrl::parse_allowing_http("http://127.0.0.1:8080/ovirt-engine/api").expect("a URL");
        Client::new(url, user, password.to_owned().into(), self.clone())
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, call: &Call, before: usize) -> http::Response<Bytes> {
        let is_login = call.path.ends_with("/sso/oauth/token");
        let recorded = || {
            let mut response = http::Response::builder().status(self.exchange.status);
            if let Some(content_type) = self.exchange.header("content-type") {
                response = response.header(CONTENT_TYPE, content_type);
            }
            response.body(Bytes::from(self.exchange.answer_text())).expect("a response")
        };
        if is_login == self.exchange.path.ends_with("/sso/oauth/token") && (is_login || before > 1) {
            return recorded();
        }
        let body = if is_login { r#"{"access_token":"TOKEN"}"# } else { "{}" };
        http::Response::builder().header(CONTENT_TYPE, "application/json").body(body.into()).expect("a response")
    }
}

impl Transport for Playback {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let (head, body) = request.into_parts();
        let call = Call {
            method: head.method.to_string(),
            path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        };
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.answer(&call, calls.len());
        calls.push(call);
        async move { Ok(answer) }.boxed()
    }
}

impl Call {
    fn differences(&self, exchange: &Exchange) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, ours: String, theirs: String| {
            if ours != theirs {
                differences.push(format!("{what}: ours {ours}, recorded {theirs}"));
            }
        };
        // A slash at the end changes nothing.
        let bare = |path: &str| path.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
        let path = |path: &str| recording::decoded(&bare(path));
        let query = |path: &str| recording::query(path).into_iter().collect::<BTreeSet<_>>();
        compare("method", self.method.clone(), exchange.method.clone());
        compare("path", path(&self.path), path(&exchange.path));
        compare("query", format!("{:?}", query(&self.path)), format!("{:?}", query(&exchange.path)));
        let body: Value = serde_json::from_str(&self.body).unwrap_or(Value::Null);
        // Members have no order.
        compare("body", sorted(&body).to_string(), sorted(&exchange.request).to_string());
        for name in ["accept", "version", "authorization", "content-type"] {
            let ours = self.headers.get(name).map(|value| value.to_str().expect("text").to_owned());
            let theirs = exchange.request_header(name).map(str::to_owned);
            compare(name, format!("{ours:?}"), format!("{theirs:?}"));
        }
        differences
    }
}

fn sorted(tree: &Value) -> Value {
    match tree {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => tree.clone(),
    }
}

/// Why a request is not one that the client could make; its answer is read all the same where it can be.
fn not_a_clients_request(exchange: &Exchange) -> Option<&'static str> {
    if exchange.request_header("accept") != Some("application/json") && exchange.is_to_api() {
        return Some("asks for another media type, or by a parameter");
    }
    if exchange.request_header("version") != Some("4") {
        return Some("names no version, or another");
    }
    if exchange.request_header("authorization") != Some("Bearer TOKEN") {
        return Some("brings no token, or a wrong one");
    }
    let sends_json = exchange.request_header("content-type") == Some("application/json");
    match (&exchange.request, exchange.method.as_str()) {
        (Value::String(_), _) => Some("sends a body that is no JSON, or broken JSON"),
        (Value::Null, "POST" | "PUT") => Some("sends no body where one is needed"),
        _ if !exchange.request.is_null() && !sends_json => Some("names no media type for its body"),
        _ if exchange.request_header("content-type").is_some() && exchange.request.is_null() => {
            Some("names a media type without a body")
        }
        _ => None,
    }
}

/// One line of the table of refusals: what the engine said, and what the client makes of it.
fn refusal(exchange: &Exchange, error: &Error) -> String {
    let (class, detail) = match error {
        Error::Refused { class, detail, reason, .. } => {
            (class.to_string(), if detail.is_empty() { reason.clone() } else { detail.clone() })
        }
        Error::Unreadable { problem, .. } => ("unreadable".to_owned(), problem.clone()),
        Error::Login(error) => (format!("login: {:?}", error.problem), error.detail.clone()),
        Error::NotSent { message, .. } | Error::NoAnswer { message, .. } | Error::MaybeApplied { message, .. } => {
            ("no answer".to_owned(), message.clone())
        }
    };
    let detail = without_ids(&detail).replace('\n', " ");
    let short: String = detail.chars().take(230).collect();
    let effect = format!("{:?}", error.what_the_engine_may_have_done());
    let page = if exchange.content_type().contains("html") { " page" } else { "" };
    format!("{}{page} | {class} | {effect} | {} | {short}", exchange.status, exchange.method)
}

/// The text with ids and the names of single hosts and VMs taken out, so that equal refusals are one line.
fn without_ids(text: &str) -> String {
    let words = text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let word = |word: &str| {
        let (core, end) = match word.char_indices().next_back() {
            Some((at, last)) if !(last.is_ascii_alphanumeric() || last == '-') => word.split_at(at),
            Some(_) | None => (word, ""),
        };
        let dashes = core.matches('-').count();
        let core = if core.len() == 36 && dashes == 4 { "ID" } else { core };
        format!("{core}{end}")
    };
    words.map(word).collect()
}

#[tokio::test(start_paused = true)]
async fn the_client_reads_every_recorded_answer_and_builds_every_request_it_has_a_function_for() {
    let (mut read, mut refused) = (0, 0);
    let mut made: BTreeMap<Way, usize> = BTreeMap::new();
    let mut odd: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refusals: BTreeSet<String> = BTreeSet::new();
    let mut wrong = Vec::new();
    let all = exchanges();
    for exchange in all.iter().filter(|exchange| exchange.is_to_api()) {
        let outcome = follow(exchange).await;
        let name = format!("{} {}", exchange.file, exchange.label);
        match not_a_clients_request(exchange) {
            Some(reason) => *odd.entry(reason).or_default() += 1,
            None => {
                *made.entry(outcome.way).or_default() += 1;
                wrong.extend(outcome.differences.into_iter().map(|difference| format!("{name}: {difference}")));
            }
        }
        // An answer to HEAD or in XML is nothing that the client would ask for.
        let is_json = exchange.content_type().contains("json") || exchange.status >= 400;
        if !is_json {
            *odd.entry("(answer) is no JSON and no refusal").or_default() += 1;
            continue;
        }
        match outcome.result {
            Ok(differences) => {
                read += 1;
                wrong.extend(differences.into_iter().map(|difference| format!("{name}: {difference}")));
                if exchange.status >= 400 {
                    wrong.push(format!("{name}: {} is taken for a success", exchange.status));
                }
            }
            Err(error) => {
                refused += 1;
                refusals.insert(refusal(exchange, &error));
                if exchange.status < 400 && exchange.answer.get("fault").is_none() {
                    wrong.push(format!("{name}: a success is taken for {error}"));
                }
            }
        }
    }
    let not_api = all.iter().filter(|exchange| !exchange.is_to_api()).count();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert!(made.get(&Way::Built).is_some_and(|built| *built > 550), "{made:?}");
    let table: Vec<String> = refusals.iter().map(|row| row.trim_end().to_owned()).collect();
    expect_file!["./refusals.txt"].assert_eq(&(table.join("\n") + "\n"));
    let number = |way: Way| made.get(&way).copied().unwrap_or_default();
    tell(&format!(
        "Conformance, client: {} recorded exchanges, {read} answers read, {refused} refusals of {} kinds; {} requests built alike, {} sent raw, {} no client sends, {not_api} at other doors",
        all.len(),
        refusals.len(),
        number(Way::Built),
        number(Way::Raw),
        odd.values().sum::<usize>(),
    ));
}

#[tokio::test(start_paused = true)]
async fn the_client_logs_in_and_out_as_recorded() {
    let logins: Vec<Exchange> = exchanges().into_iter().filter(|each| each.path.ends_with("/oauth/token")).collect();
    let (mut sent_alike, mut problems) = (0, BTreeSet::new());
    for exchange in &logins {
        let engine = Playback::of(exchange);
        let form = recording::query(&format!("?{}", exchange.request_text()));
        let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let user = value("username").unwrap_or_default();
        let client = engine.client(&user, &value("password").unwrap_or_default());
        let answer = client.send(ovirt_client::root::get()).await;
        let call = engine.calls().into_iter().next().expect("the login");
        if form.len() == 4 && value("grant_type").as_deref() == Some("password") {
            let ours: BTreeSet<_> = recording::query(&format!("?{}", call.body)).into_iter().collect();
            assert_eq!(ours, form.iter().cloned().collect(), "{}", exchange.label);
            assert_eq!(call.headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
            sent_alike += 1;
        }
        match answer {
            Ok(_) => assert_eq!(exchange.status, 200, "{}", exchange.label),
            Err(Error::Login(error)) => {
                problems.insert(format!("{} {:?}", exchange.answer["error_code"], error.problem));
                let refused = exchange.answer["error_code"] == "access_denied";
                assert_eq!(error.problem == LoginProblem::AccessDenied, refused, "{}", exchange.label);
            }
            Err(error) => panic!("{}: {error}", exchange.label),
        }
    }
    assert!(sent_alike >= 4);
    tell(&format!(
        "Conformance, client: {} recorded logins, {sent_alike} forms sent alike, {} kinds of refusal",
        logins.len(),
        problems.len(),
    ));

    let logout = exchanges().into_iter().find(|each| each.path.ends_with("/sso-logout")).expect("recorded");
    let engine = Playback::of(&logout);
    let client = engine.client("admin@internal", "PASSWORD");
    client.send(ovirt_client::root::get()).await.expect("an answer");
    client.log_out().await.expect("an answer");
    let call = engine.calls().pop().expect("the log-out");
    let pairs = |text: &str| recording::query(&format!("?{text}")).into_iter().collect::<BTreeSet<_>>();
    assert_eq!((call.path.as_str(), pairs(&call.body)), (logout.path.as_str(), pairs(&logout.request_text())));
}
