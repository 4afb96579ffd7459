//! `/ovirt-engine/sso`: the token endpoint and its neighbours.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::Answer;
use super::command::Reply;
use super::request::{Call, form};
use crate::fault::FaultKind;
use crate::sso::{API_SCOPE, Worth};
use crate::state::State;

/// The internal provider states no end of a token.
const NEVER: &str = "9223372036854775807";

/// All of `/ovirt-engine/sso/...`.
pub(crate) fn sso(state: &mut State, call: &Call) -> Reply {
    match call.path.as_str() {
        "/ovirt-engine/sso/status" => {
            Answer::ok("sso", json!({"status_description": "SSO Webapp Deployed", "version": "0", "status": "active"}))
                .into()
        }
        "/ovirt-engine/sso/oauth/token" => token(state, call),
        "/ovirt-engine/sso/oauth/token-info" => token_info(state, call).into(),
        "/ovirt-engine/sso/oauth/revoke" => revoke(call).into(),
        _ => Answer::error_page(StatusCode::NOT_FOUND, "404 - Not Found").into(),
    }
}

/// `/ovirt-engine/services/sso-logout`: always 200, also for a token nobody knows.
pub(crate) fn logout(state: &mut State, call: &Call) -> Answer {
    if let Some(token) = parameter(call, "token") {
        state.sso.logout(&token);
    }
    Answer::ok("logout", json!({}))
}

fn token(state: &mut State, call: &Call) -> Reply {
    let scope = parameter(call, "scope").unwrap_or_default();
    let api = scope.split_whitespace().any(|word| word == API_SCOPE);
    let error = |code: &str, text: &str| -> Answer { refused(api, code, text) };
    if call.fault == Some(FaultKind::SsoDown) {
        return error("server_error", "null").into();
    }
    match parameter(call, "grant_type").as_deref() {
        Some("password") => {}
        Some(_) | None => {
            let text = "The authorization grant type is not supported by the authorization server.";
            return error("unsupported_grant_type", text).into();
        }
    }
    let Some(user) = parameter(call, "username") else {
        return error("invalid_request", "Missing parameter: 'username'").into();
    };
    let Some(password) = parameter(call, "password") else {
        return error("invalid_request", "Missing parameter: 'password'").into();
    };
    let now = state.world.now.0;
    let login = state.sso.login(now, &user, &password, api);
    match login {
        // The header is looked at last: the login has happened and leaves a session that nobody owns.
        Ok(_) if call.header("accept") != Some("application/json") => {
            error("invalid_request", "Missing parameter: 'Accept Header'").into()
        }
        Ok(granted) => Answer::ok(
            "token",
            json!({"access_token": granted.token, "scope": granted.scope, "exp": NEVER, "token_type": "bearer"}),
        )
        .into(),
        Err(no) => Reply::Later(no.delay, error("access_denied", &no.text)),
    }
}

fn token_info(state: &mut State, call: &Call) -> Answer {
    let now = state.world.now.0;
    let token = parameter(call, "token").unwrap_or_default();
    match state.sso.worth(now, &token) {
        Worth::Session | Worth::Fresh | Worth::NoScope => Answer::ok("token", json!({})),
        Worth::Nothing => {
            refused(false, "invalid_grant", "The provided authorization grant for the auth code has expired.")
        }
    }
}

/// Only registered clients may revoke; nobody is registered here.
fn revoke(call: &Call) -> Answer {
    match parameter(call, "client_id") {
        None => refused(false, "invalid_request", "Missing parameter: 'client_id'"),
        Some(_) => refused(false, "unauthorized_client", "The client is not authorized."),
    }
}

/// A refusal of SSO: always 400; the names of the members depend on the scope asked for.
fn refused(api: bool, code: &str, text: &str) -> Answer {
    let tree: Value = if api {
        json!({"error_code": code, "error": text})
    } else {
        json!({"error": code, "error_description": text})
    };
    Answer::new(StatusCode::BAD_REQUEST, super::answer::Body::Document { root: "error", tree })
}

/// A form member, or a query parameter for the other methods.
fn parameter(call: &Call, name: &str) -> Option<String> {
    if call.method == Method::POST {
        let body = String::from_utf8_lossy(&call.body);
        let found = form(&body).into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
        if found.is_some() {
            return found;
        }
    }
    call.parameter(name).map(str::to_owned)
}
