//! From path and method to a handler, after login, version and media type.

use http::header::{ALLOW, AUTHORIZATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};

use super::answer::{Answer, Body, HTML};
use super::command::Reply;
use super::list::plain;
use super::render_network::network;
use super::render_user::{permissions, user};
use super::request::{API, CORRELATION_ID, Call, VERSION};
use super::{
    answered, clusters, connections, data_centers, disks, domains, empty, events, hosts, jobs, login, root, services,
    tags, vms,
};
use crate::fault::FaultKind;
use crate::sso::{INVALID_GRANT, SCOPE_MISSING, Worth};
use crate::state::{Mutation, State};

/// Answers one request at the state's present instant.
pub(crate) fn route(state: &mut State, call: &mut Call) -> Reply {
    if call.path == "/ovirt-engine/services/health" {
        return services::health(state, call).into();
    }
    if call.path == "/ovirt-engine/services/pki-resource" {
        return services::pki_resource(state, call).into();
    }
    if call.path == "/ovirt-engine/services/sso-logout" {
        return login::logout(state, call).into();
    }
    if call.path.starts_with("/ovirt-engine/sso/") {
        return login::sso(state, call);
    }
    let below = call.path.strip_prefix(API);
    if !below.is_some_and(|below| below.is_empty() || below.starts_with('/') || below.starts_with(';')) {
        return Answer::error_page(StatusCode::NOT_FOUND, "404 - Not Found").into();
    }
    api(state, call)
}

fn api(state: &mut State, call: &mut Call) -> Reply {
    if let Err(text) = authenticate(state, call) {
        let mut answer = Answer::error_page(StatusCode::UNAUTHORIZED, &text);
        answer.headers.push((WWW_AUTHENTICATE, "Basic realm=\"RESTAPI\"".to_owned()));
        return answer.into();
    }
    call.correlation = call.correlation_id().unwrap_or_else(|| state.next_correlation_id());
    if call.is_mutating() {
        let path = if call.query.is_empty() { call.path.clone() } else { format!("{}?{}", call.path, call.query) };
        state.mutations.push(Mutation {
            at: state.world.now.0,
            method: call.method.to_string(),
            path,
            correlation_id: call.correlation.clone(),
        });
    }
    if call.is_mutating() {
        state.world.revision += 1;
    }
    let reply = negotiate(call).unwrap_or_else(|| answer_again(state, call));
    let correlation = call.correlation.clone();
    let is_head = call.method == Method::HEAD;
    let as_xml = !call.accept.contains("application/json");
    let finished = move |mut answer: Answer| {
        answer.headers.push((CORRELATION_ID, correlation.clone()));
        answer.as_xml = as_xml;
        if is_head {
            answer.body = Body::Empty;
        }
        answer
    };
    match reply {
        Reply::Now(answer) => Reply::Now(finished(answer)),
        Reply::Later(delay, answer) => Reply::Later(delay, finished(answer)),
        Reply::Blocked(ticket, finish) => {
            Reply::Blocked(ticket, Box::new(move |state, result| finished(finish(state, result))))
        }
    }
}

/// Checks the bearer token; the error is the text of the 401 page.
fn authenticate(state: &mut State, call: &Call) -> Result<(), String> {
    let Some(token) = call.header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")) else {
        return Err("Unauthorized".to_owned());
    };
    let now = state.world.now.0;
    if call.fault == Some(FaultKind::ExpiredSession) {
        state.sso.logout(token);
    }
    match state.sso.worth(now, token) {
        Worth::Nothing => return Err(INVALID_GRANT.to_owned()),
        Worth::NoScope => return Err(SCOPE_MISSING.to_owned()),
        // Only the first use of a token asks SSO and the database.
        Worth::Fresh if call.fault == Some(FaultKind::SsoDown) => return Err("server_error: null".to_owned()),
        Worth::Fresh if state.database_is_down(call.fault.as_ref()) => return Err(DEAD_CONNECTION_ON_LOGIN.to_owned()),
        Worth::Fresh => {
            let correlation: String = state.next_correlation_id().chars().take(8).collect();
            state.world.log_login(&correlation);
        }
        Worth::Session => {}
    }
    state.sso.touch(now, token);
    Ok(())
}

const DEAD_CONNECTION_ON_LOGIN: &str = "org.springframework.dao.DataAccessResourceFailureException: \
     PreparedStatementCallback; SQL [select * from  getvdcoptionbyname(?, ?)]; This connection has been closed.; \
     nested exception is org.postgresql.util.PSQLException: This connection has been closed.";

/// Version and media type; an answer only if they do not fit.
fn negotiate(call: &Call) -> Option<Reply> {
    let version =
        if call.segments.first().is_some_and(|segment| segment == "v3") { Some("3") } else { call.header(VERSION) };
    match version {
        None | Some("4") => {}
        Some("3") => {
            let text = format!("HTTP method {} is not supported by this URL", call.method);
            return Some(Answer::error_page(StatusCode::METHOD_NOT_ALLOWED, &text).into());
        }
        Some(_) => return Some(Answer::error_page(StatusCode::BAD_REQUEST, "Bad Request").into()),
    }
    let readable = ["application/json", "application/xml", "application/*", "*/*"];
    if !call.accept.is_empty() && !readable.iter().any(|media| call.accept.contains(media)) {
        return Some(Answer::empty(StatusCode::NOT_ACCEPTABLE).into());
    }
    if call.method == Method::OPTIONS {
        let mut answer = Answer::text(StatusCode::OK, "text/plain;charset=UTF-8", "HEAD, POST, GET, OPTIONS");
        answer.headers.push((ALLOW, "HEAD, POST, GET, OPTIONS".to_owned()));
        return Some(answer.into());
    }
    None
}

/// A read of a world that has not changed is answered as before.
fn answer_again(state: &mut State, call: &Call) -> Reply {
    let Some(key) = answered::key(call).filter(|_| !state.database_is_down(None)) else { return dispatch(state, call) };
    let as_xml = !call.accept.contains("application/json");
    let written = |mut answer: Answer| {
        answer.as_xml = as_xml;
        answer.with_written_body()
    };
    if let Some(answer) = state.answered.get(&state.world, call, &key).cloned() {
        #[cfg(debug_assertions)]
        if let Reply::Now(fresh) = dispatch(state, call) {
            assert_eq!(written(fresh), answer, "the world changed unnoticed: {}", call.path);
        }
        return answer.into();
    }
    match dispatch(state, call) {
        Reply::Now(answer) => {
            let answer = written(answer);
            state.answered.keep(&state.world, call, key, answer.clone());
            answer.into()
        }
        reply @ (Reply::Later(..) | Reply::Blocked(..)) => reply,
    }
}

fn dispatch(state: &mut State, call: &Call) -> Reply {
    let segments = call.segments();
    if state.database_is_down(call.fault.as_ref())
        && let Some(answer) = services::without_database(call)
    {
        return answer.into();
    }
    match segments.as_slice() {
        [] => root::get(state, call).into(),
        ["hosts", below @ ..] => hosts::handle(state, call, below),
        ["clusters", below @ ..] => clusters::handle(state, call, below),
        ["datacenters", below @ ..] => data_centers::handle(state, call, below),
        ["storagedomains", below @ ..] => domains::handle(state, call, below),
        ["storageconnections", below @ ..] => connections::handle(state, call, below),
        ["vms", below @ ..] => vms::handle(state, call, below),
        ["disks", below @ ..] => disks::handle(state, call, below),
        ["tags", below @ ..] => tags::handle(state, call, below),
        ["events", below @ ..] => events::handle(state, call, below),
        ["jobs", below @ ..] => jobs::handle(state, call, below),
        ["networks"] if call.method == Method::GET => {
            let frame = state.frame(call.api);
            let networks = state.world.data_centers.values().map(|each| network(&frame, each)).collect();
            plain("networks", "network", call, networks).into()
        }
        ["users"] if call.method == Method::GET => {
            plain("users", "user", call, vec![user(&state.frame(call.api))]).into()
        }
        ["permissions"] if call.method == Method::GET => {
            plain("permissions", "permission", call, permissions(&state.frame(call.api))).into()
        }
        [name] if call.method == Method::GET && empty::is_collection(name) => empty::collection(name).into(),
        [name, _] if empty::is_collection(name) => Answer::not_found().into(),
        _ => no_resource(call).into(),
    }
}

/// A path the API does not have.
pub(crate) fn no_resource(call: &Call) -> Answer {
    let path = call.segments.join("/");
    let text =
        format!("RESTEASY003210: Could not find resource for full path: {}/ovirt-engine/api/v4/{path}", call.base);
    Answer::text(StatusCode::NOT_FOUND, HTML, text)
}

/// A method that this path does not have.
pub(crate) fn wrong_method() -> Answer {
    Answer::empty(StatusCode::METHOD_NOT_ALLOWED)
}
