//! The client: sends requests, keeps one token alive, and turns answers into results.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use crate::answer;
use crate::error::{Error, LoginError, LoginProblem, RequestName};
use crate::known::Known;
use crate::login::{Credentials, Session, Token, bearer};
use crate::request::Request;
use crate::transport::{self, ReadAlong, Transport, TransportError, TransportErrorKind};
use crate::url::EngineUrl;

/// Reads in flight at once. The engine's throughput stops growing here, only its answers grow slower.
pub const PARALLEL_READS: usize = 4;

/// A client of one engine. Cheap to clone; clones share the token and the limit of parallel reads.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    url: EngineUrl,
    transport: Arc<dyn Transport>,
    session: Session,
    reads: Semaphore,
    answers: AtomicU64,
}

impl Client {
    /// Makes a client. Nothing is sent until the first request; that one logs in.
    ///
    /// `username` is `user@profile`, `admin@internal` for one.
    pub fn new(url: EngineUrl, username: &str, password: SecretString, transport: impl Transport) -> Self {
        let transport: Arc<dyn Transport> = Arc::new(transport);
        let session = Session::new(url.clone(), Credentials::new(username, password), Arc::clone(&transport));
        Self {
            inner: Arc::new(Inner {
                url,
                transport,
                session,
                reads: Semaphore::new(PARALLEL_READS),
                answers: AtomicU64::new(0),
            }),
        }
    }

    /// Sends a request and reads its answer, logging in when there is no token or the engine no longer knows it.
    ///
    /// A call answered 401 was not executed; it is repeated once, after one login. Nothing else is ever repeated here.
    pub async fn send<T>(&self, request: Request<T>) -> Result<T, Error> {
        let name = request.name();
        let answer = Box::pin(self.answer(&request, &name)).await?;
        read(&request, name, answer).map(|(result, _)| result)
    }

    /// The same for a read that is sent again and again, with what `make` makes of it: an answer that is the same as the one before, to the byte,
    /// is not read anew, and nothing is made of it anew. Of a list, what stands there as it stood is not read anew.
    pub async fn send_again<T: Clone, U: Clone>(
        &self,
        request: Request<T>,
        known: &mut Known<T, U>,
        make: impl FnOnce(T) -> U,
    ) -> Result<U, Error> {
        let name = request.name();
        // In a box: a dozen of them side by side would make one future of 15 KB, which is moved about.
        let answer = Box::pin(self.answer(&request, &name)).await?;
        if answer.read_along.is_none()
            && let Some(made) = known.of(&answer.response)
        {
            return Ok(made);
        }
        let (old, read_before) = known.forget().unzip();
        if answer.read_along.is_none() && is_plain(&answer.response) {
            let before = old.as_deref().zip(read_before);
            if let Some((result, places)) = request.read_again(answer.response.body(), before) {
                let made = make(result.clone());
                known.keep(answer.response, made.clone(), Some((result, places)));
                return Ok(made);
            }
        }
        let (result, whole) = read(&request, name, answer)?;
        let made = make(result);
        if let Some(whole) = whole {
            known.keep(whole, made.clone(), None);
        }
        Ok(made)
    }

    /// The engine's answer, whatever it says but that the token is not known.
    async fn answer<T>(&self, request: &Request<T>, name: &RequestName) -> Result<Answer<T>, Error> {
        let token = self.inner.session.token().await?;
        let mut answer = self.exchange(request, name, &token).await?;
        if answer.response.status() == StatusCode::UNAUTHORIZED {
            self.token_was_refused(name, &answer.response)?;
            let token = self.inner.session.token_after(&token).await?;
            answer = self.exchange(request, name, &token).await?;
            if answer.response.status() == StatusCode::UNAUTHORIZED {
                let text = answer::page_text(answer.response.body());
                return Err(self
                    .login_error(LoginProblem::Transient, format!("a fresh token was refused: {text}"))
                    .into());
            }
        }
        tracing::debug!(request = %name, status = answer.response.status().as_u16(), "answered");
        Ok(answer)
    }

    /// Replaces user and password, and forgets the token and any refusal.
    pub fn set_credentials(&self, username: &str, password: SecretString) {
        self.inner.session.set_credentials(Credentials::new(username, password));
    }

    /// How many requests have been answered so far, whatever the answers were; logins do not count.
    pub fn answers(&self) -> u64 {
        self.inner.answers.load(Ordering::Relaxed)
    }

    /// Whether a login came before, so that the next request is sent at once.
    pub fn has_token(&self) -> bool {
        self.inner.session.has_token()
    }

    /// The refusal that keeps the client from logging in, if there is one.
    pub fn refusal(&self) -> Option<LoginError> {
        self.inner.session.refusal()
    }

    /// Allows one more login after `access_denied`; a person has looked at the credentials or unlocked the account.
    pub fn forget_refusal(&self) {
        self.inner.session.forget_refusal();
    }

    /// Gives the token back. Not doing so is harmless: the engine drops it after half an hour.
    pub async fn log_out(&self) -> Result<(), LoginError> {
        self.inner.session.log_out().await
    }

    /// The engine's URL.
    pub fn url(&self) -> &EngineUrl {
        &self.inner.url
    }

    async fn exchange<T>(&self, request: &Request<T>, name: &RequestName, token: &Token) -> Result<Answer<T>, Error> {
        let message = self.message(request, token).map_err(|problem| Error::NotSent {
            request: name.clone(),
            kind: TransportErrorKind::Other,
            message: problem.to_string(),
        })?;
        // The semaphore is never closed; without a permit the read would merely not be limited.
        let _permit = if request.is_read() { self.inner.reads.acquire().await.ok() } else { None };
        let mut along = request.read_along();
        let reader = along.as_deref_mut().map(|along| along as &mut dyn ReadAlong);
        let response = transport::send_within(&*self.inner.transport, message, reader, request.patience()).await;
        let response = response.map_err(|error| self.lost(name, error))?;
        let _ = self.inner.answers.fetch_add(1, Ordering::Relaxed);
        let read_along = along.and_then(|along| along.end(response.body()));
        Ok(Answer { response, read_along })
    }

    fn message<T>(&self, request: &Request<T>, token: &Token) -> Result<http::Request<Bytes>, http::Error> {
        let mut message = transport::plain(request.method(), self.inner.url.api(&request.path_and_query()))?;
        let headers = message.headers_mut();
        headers.insert(AUTHORIZATION, bearer(token.secret())?);
        headers.insert(transport::VERSION, HeaderValue::from_static("4"));
        if let Some(id) = request.correlation_id() {
            headers.insert(transport::CORRELATION_ID, HeaderValue::from_str(id)?);
        }
        if let Some(body) = request.body() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *message.body_mut() = Bytes::from(body.to_string());
        }
        Ok(message)
    }

    fn lost(&self, name: &RequestName, error: TransportError) -> Error {
        let request = name.clone();
        let TransportError { may_have_been_sent, kind, message } = error;
        let message = advice(&self.inner.url, kind, &message);
        if !may_have_been_sent {
            Error::NotSent { request, kind, message }
        } else if name.is_read() {
            Error::NoAnswer { request, kind, message }
        } else {
            Error::MaybeApplied { request, status: None, message }
        }
    }

    /// Whether a 401 calls for another login. It does not when it speaks of trouble behind the token: SSO, its database.
    fn token_was_refused(&self, name: &RequestName, response: &http::Response<Bytes>) -> Result<(), Error> {
        let text = answer::page_text(response.body());
        // The filter before the API answers with a page. JSON comes from inside: the session ended while the engine
        // was at it, perhaps after the change, when it read the object again for the answer.
        if answer::is_json(response) && !name.is_read() {
            let status = Some(response.status().as_u16());
            let message = "the session ended while the engine was at it".to_owned();
            return Err(Error::MaybeApplied { request: name.clone(), status, message });
        }
        if answer::is_sso_trouble(&text) {
            return Err(self.login_error(LoginProblem::Transient, text).into());
        }
        Ok(())
    }

    fn login_error(&self, problem: LoginProblem, detail: String) -> LoginError {
        LoginError { engine: self.inner.url.authority().to_owned(), problem, detail }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.inner.url.to_string()).finish_non_exhaustive()
    }
}

/// What came back.
struct Answer<T> {
    response: http::Response<Bytes>,
    /// What the body was read into while it arrived; then the response does not hold all of it.
    read_along: Option<Result<T, String>>,
}

/// Whether this is what a read is answered as a rule.
fn is_plain(response: &http::Response<Bytes>) -> bool {
    response.status() == StatusCode::OK && answer::is_json(response)
}

/// What an answer says, and the answer if all of it is there.
fn read<T>(
    request: &Request<T>,
    name: RequestName,
    answer: Answer<T>,
) -> Result<(T, Option<http::Response<Bytes>>), Error> {
    let Answer { response, read_along } = answer;
    let status = response.status().as_u16();
    let unreadable = |name, problem| Error::Unreadable { request: name, status, problem };
    if let Some(result) = read_along {
        return result.map(|result| (result, None)).map_err(|problem| unreadable(name, problem));
    }
    // Lists are most of what is read, and large: nothing is to be parsed twice.
    if is_plain(&response)
        && let Some(whole) = request.read_whole(response.body())
    {
        return Ok((whole, Some(response)));
    }
    let body = answer::judge(&name, &response)?;
    let result = request.read(body).map_err(|problem| unreadable(name, problem))?;
    Ok((result, Some(response)))
}

/// One sentence with what to do, where there is something to do.
pub(crate) fn advice(url: &EngineUrl, kind: TransportErrorKind, message: &str) -> String {
    match kind {
        TransportErrorKind::TlsUntrusted => format!(
            "the engine's certificate is not signed by a trusted CA; fetch the engine's CA from {}, verify it, and give it as the CA file",
            url.ca_certificate()
        ),
        TransportErrorKind::TlsName => format!(
            "the certificate is not for {}; use the engine's fully qualified name, the one in its certificate ({message})",
            url.authority()
        ),
        TransportErrorKind::TlsExpired => {
            format!(
                "the engine's certificate is not valid at this time; renew it with engine-setup or check the clocks ({message})"
            )
        }
        TransportErrorKind::ConnectRefused
        | TransportErrorKind::ConnectFailed
        | TransportErrorKind::Dns
        | TransportErrorKind::Tls
        | TransportErrorKind::Timeout
        | TransportErrorKind::Reset
        | TransportErrorKind::TruncatedBody
        | TransportErrorKind::BodyTooLarge
        | TransportErrorKind::Other => format!("{kind} ({message})"),
    }
}
