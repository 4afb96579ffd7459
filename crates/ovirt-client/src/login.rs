//! Tokens: one login at a time, one warm-up request after each, and no second try after a refusal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, InvalidHeaderValue};
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::answer;
use crate::client::advice;
use crate::error::{LoginError, LoginProblem};
use crate::read;
use crate::transport::{self, Transport};
use crate::url::EngineUrl;

/// How long each request of a login may take. A refused password is answered no sooner than 5 s.
const LOGIN_PATIENCE: Duration = Duration::from_secs(60);
/// How long giving a token back may take.
const LOGOUT_PATIENCE: Duration = Duration::from_secs(10);
/// The scope without which the API refuses the token.
const SCOPE: &str = "ovirt-app-api";
/// What stays as it is in a form value; everything else is percent-encoded, the `+` above all.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// Who logs in.
pub(crate) struct Credentials {
    username: String,
    password: SecretString,
}

impl Credentials {
    pub(crate) fn new(username: &str, password: SecretString) -> Self {
        Self { username: username.to_owned(), password }
    }
}

/// A bearer token, with the count of the login that brought it.
#[derive(Clone)]
pub(crate) struct Token {
    secret: SecretString,
    login: u64,
}

impl Token {
    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }
}

/// The `Authorization` header of a token, marked so that it is never shown.
pub(crate) fn bearer(secret: &SecretString) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", secret.expose_secret()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The one session that all clones of a client share.
pub(crate) struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    url: EngineUrl,
    transport: Arc<dyn Transport>,
    state: Mutex<State>,
    /// Held for the whole of a login, warm-up included.
    flight: Arc<tokio::sync::Mutex<()>>,
}

struct State {
    credentials: Arc<Credentials>,
    token: Option<Token>,
    /// `access_denied`, kept until someone looks: five refusals in a row lock the account for an hour.
    refusal: Option<LoginError>,
    /// Logins that ended, well or badly.
    logins: u64,
    /// How the last login failed, for those who waited for it.
    last_failure: Option<LoginError>,
}

impl Session {
    pub(crate) fn new(url: EngineUrl, credentials: Credentials, transport: Arc<dyn Transport>) -> Self {
        let state =
            State { credentials: Arc::new(credentials), token: None, refusal: None, logins: 0, last_failure: None };
        let flight = Arc::new(tokio::sync::Mutex::new(()));
        Self { shared: Arc::new(Shared { url, transport, state: Mutex::new(state), flight }) }
    }

    /// The token in use, or a new one.
    pub(crate) async fn token(&self) -> Result<Token, LoginError> {
        let logins_seen = {
            let state = self.shared.state();
            if let Some(known) = state.known() {
                return known;
            }
            state.logins
        };
        let flight = Arc::clone(&self.shared.flight).lock_owned().await;
        {
            let state = self.shared.state();
            if let Some(known) = state.known() {
                return known;
            }
            // Whoever waited for a login that failed shares its failure, or a crowd would log in one after another.
            if let Some(failure) = state.last_failure.as_ref().filter(|_| state.logins > logins_seen) {
                return Err(failure.clone());
            }
        }
        // A task of its own: a caller that gives up must not hide a refusal, or its next tries would lock the account.
        let shared = Arc::clone(&self.shared);
        let login = tokio::spawn(async move {
            let _flight = flight;
            shared.log_in().await
        });
        login
            .await
            .unwrap_or_else(|_| Err(self.shared.error(LoginProblem::Transient, "the login was interrupted".to_owned())))
    }

    /// A token other than `old`, which the engine did not accept.
    pub(crate) async fn token_after(&self, old: &Token) -> Result<Token, LoginError> {
        {
            let mut state = self.shared.state();
            state.token = state.token.take().filter(|token| token.login != old.login);
        }
        self.token().await
    }

    pub(crate) fn set_credentials(&self, credentials: Credentials) {
        let mut state = self.shared.state();
        state.credentials = Arc::new(credentials);
        state.token = None;
        state.refusal = None;
    }

    pub(crate) fn has_token(&self) -> bool {
        self.shared.state().token.is_some()
    }

    pub(crate) fn refusal(&self) -> Option<LoginError> {
        self.shared.state().refusal.clone()
    }

    pub(crate) fn forget_refusal(&self) {
        self.shared.state().refusal = None;
    }

    pub(crate) async fn log_out(&self) -> Result<(), LoginError> {
        let token = self.shared.state().token.take();
        match token {
            Some(token) => self.shared.log_out(&token).await,
            None => Ok(()),
        }
    }
}

impl State {
    fn known(&self) -> Option<Result<Token, LoginError>> {
        match (&self.token, &self.refusal) {
            (Some(token), _) => Some(Ok(token.clone())),
            (None, Some(refusal)) => Some(Err(refusal.clone())),
            (None, None) => None,
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn log_in(&self) -> Result<Token, LoginError> {
        let credentials = Arc::clone(&self.state().credentials);
        let outcome = self.fresh_token(&credentials).await;
        let mut state = self.state();
        state.logins += 1;
        let outcome = outcome.map(|secret| Token { secret, login: state.logins });
        state.last_failure = outcome.as_ref().err().cloned();
        // The credentials may have been replaced meanwhile: then this outcome says nothing about the new ones.
        if Arc::ptr_eq(&state.credentials, &credentials) {
            match &outcome {
                Ok(token) => state.token = Some(token.clone()),
                Err(error) if error.problem == LoginProblem::AccessDenied => state.refusal = Some(error.clone()),
                Err(_) => {}
            }
        }
        match &outcome {
            Ok(_) => tracing::debug!(engine = self.url.authority(), user = credentials.username, "logged in"),
            Err(error) => tracing::warn!(engine = self.url.authority(), user = credentials.username, "{error}"),
        }
        outcome
    }

    async fn fresh_token(&self, credentials: &Credentials) -> Result<SecretString, LoginError> {
        let password = credentials.password.expose_secret();
        let form = format!(
            "grant_type=password&scope={SCOPE}&username={}&password={}",
            utf8_percent_encode(&credentials.username, PLAIN),
            utf8_percent_encode(password, PLAIN),
        );
        let answer = self.post_form(self.url.token(), form, LOGIN_PATIENCE).await?;
        let secret = self.read_token(&answer).map_err(|mut error| {
            // No engine was seen to repeat the password; none shall get it into our log.
            if !password.is_empty() {
                error.detail = error.detail.replace(password, "…");
            }
            error
        })?;
        self.warm_up(&secret).await?;
        Ok(secret)
    }

    fn read_token(&self, answer: &http::Response<Bytes>) -> Result<SecretString, LoginError> {
        let document: TokenAnswer = match serde_json::from_slice(answer.body()) {
            Ok(document) => document,
            // HTML: Apache before a stopped engine, or an engine that is deploying.
            Err(_) => {
                let status = answer.status();
                let problem = if status.is_server_error() || status == StatusCode::NOT_FOUND {
                    LoginProblem::Transient
                } else {
                    LoginProblem::Unexpected
                };
                return Err(self.error(problem, format!("HTTP {status}: {}", answer::page_text(answer.body()))));
            }
        };
        if let (StatusCode::OK, Some(token)) = (answer.status(), document.access_token) {
            return Ok(SecretString::from(token));
        }
        // Two shapes of error: with our scope the code is `error_code`, without it `error`.
        let (code, text) = match (document.error_code, document.error, document.error_description) {
            (Some(code), text, _) => (code, text.unwrap_or_default()),
            (None, Some(code), text) => (code, text.unwrap_or_default()),
            (None, None, _) => (String::new(), format!("HTTP {} without a token", answer.status())),
        };
        let problem = match code.as_str() {
            // A directory that is down is reported as a wrong password, and is none.
            "access_denied" if text.contains("servers cannot be reached") => LoginProblem::Transient,
            "access_denied" => LoginProblem::AccessDenied,
            "server_error" => LoginProblem::Transient,
            _ if answer.status().is_server_error() => LoginProblem::Transient,
            _ => LoginProblem::Unexpected,
        };
        Err(self.error(problem, if code.is_empty() { text } else { format!("{code}: {text}") }))
    }

    /// The first use of a token creates the engine's session; several at once create several, and the death of an idle twin revokes the token.
    async fn warm_up(&self, secret: &SecretString) -> Result<(), LoginError> {
        let bearer = bearer(secret).map_err(|problem| self.error(LoginProblem::Unexpected, problem.to_string()))?;
        let request = transport::plain(&Method::GET, self.url.api("")).map(|mut request| {
            request.headers_mut().insert(AUTHORIZATION, bearer);
            request.headers_mut().insert(transport::VERSION, HeaderValue::from_static("4"));
            request
        });
        let answer = self.deliver(request, LOGIN_PATIENCE).await?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok(());
        }
        let text = answer::page_text(answer.body());
        let problem = if text.contains("not authorized to perform login") || status == StatusCode::FORBIDDEN {
            LoginProblem::NotAllowed
        } else if status.is_server_error()
            || matches!(status, StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST)
        {
            LoginProblem::Transient
        } else {
            LoginProblem::Unexpected
        };
        Err(self.error(problem, format!("first use of the token: HTTP {status}: {text}")))
    }

    async fn log_out(&self, token: &Token) -> Result<(), LoginError> {
        let form = format!("scope={SCOPE}&token={}", utf8_percent_encode(token.secret().expose_secret(), PLAIN));
        let answer = self.post_form(self.url.logout(), form, LOGOUT_PATIENCE).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(self.error(LoginProblem::Transient, format!("log-out: HTTP {}", answer.status())))
    }

    async fn post_form(
        &self,
        uri: String,
        form: String,
        patience: Duration,
    ) -> Result<http::Response<Bytes>, LoginError> {
        let request = transport::plain(&Method::POST, uri).map(|mut request| {
            let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(CONTENT_TYPE, content_type);
            *request.body_mut() = Bytes::from(form);
            request
        });
        self.deliver(request, patience).await
    }

    async fn deliver(
        &self,
        request: Result<http::Request<Bytes>, http::Error>,
        patience: Duration,
    ) -> Result<http::Response<Bytes>, LoginError> {
        let request = request.map_err(|problem| self.error(LoginProblem::Unexpected, problem.to_string()))?;
        let answer = transport::send_within(&*self.transport, request, None, patience).await;
        answer.map_err(|error| self.error(LoginProblem::Transient, advice(&self.url, error.kind, &error.message)))
    }

    fn error(&self, problem: LoginProblem, detail: String) -> LoginError {
        LoginError { engine: self.url.authority().to_owned(), problem, detail }
    }
}

/// What the token endpoint answers.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default, deserialize_with = "read::text")]
    access_token: Option<String>,
    #[serde(default, deserialize_with = "read::text")]
    error_code: Option<String>,
    #[serde(default, deserialize_with = "read::text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "read::text")]
    error_description: Option<String>,
}
