//! Errors that say what the engine may have done.

use std::fmt;

use http::Method;
use thiserror::Error;

use crate::transport::TransportErrorKind;

/// Why a call has no result. [`Error::what_the_engine_may_have_done`] is the question to ask first.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The request certainly did not reach the engine.
    #[error("{request} was not sent: {message}")]
    NotSent {
        /// The call.
        request: RequestName,
        /// What went wrong.
        kind: TransportErrorKind,
        /// The same in words, with the remedy where there is one.
        message: String,
    },
    /// A read got no complete answer. Nothing was changed, nothing is known.
    #[error("{request} got no answer: {message}")]
    NoAnswer {
        /// The call.
        request: RequestName,
        /// What went wrong.
        kind: TransportErrorKind,
        /// The same in words.
        message: String,
    },
    /// A change left and no usable answer came: the engine may have made it, may still be at it, or may never have seen it.
    ///
    /// Look at the object, or at the job by correlation id, before repeating.
    #[error("{request} may have been applied: {message}")]
    MaybeApplied {
        /// The call.
        request: RequestName,
        /// The HTTP status, if there was one.
        status: Option<u16>,
        /// What went wrong.
        message: String,
    },
    /// The engine, or what stands before it, answered no.
    #[error("{request} was refused ({class}, HTTP {status}): {}", words(.reason, .detail))]
    Refused {
        /// The call.
        request: RequestName,
        /// The HTTP status; 200 for an action that reports failure inside.
        status: u16,
        /// What kind of no.
        class: RefusalClass,
        /// `reason` of the fault, mostly `Operation Failed`; empty where there was no fault.
        reason: String,
        /// `detail` of the fault: English messages joined in brackets, or a text taken from an HTML page.
        detail: String,
    },
    /// An answer came that this client cannot read. A change answered like this may have been made.
    #[error("the answer to {request} (HTTP {status}) cannot be read: {problem}")]
    Unreadable {
        /// The call.
        request: RequestName,
        /// The HTTP status.
        status: u16,
        /// What was wrong with it.
        problem: String,
    },
    /// No token could be had, so the request was not executed.
    #[error(transparent)]
    Login(#[from] LoginError),
}

/// What a failed call may have changed in the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EngineEffect {
    /// Nothing: it did not arrive, was not executed, or was only a read.
    Nothing,
    /// Nothing: the engine looked at it and said no.
    Refused,
    /// All of it, part of it, or nothing. Look before repeating.
    MaybeApplied,
}

/// What kind of no a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalClass {
    /// Another command holds the lock of the same object. Passes by itself, sometimes after minutes.
    Locked,
    /// The object is not in a state for this. Repeating changes nothing; perhaps it is already as wanted.
    WrongState,
    /// The request is wrong in form or content.
    BadRequest,
    /// The account may not do this.
    NoPermission,
    /// The object, or one that the request names, does not exist.
    Gone,
    /// The engine tried and failed, on a host for instance; parts may remain.
    ExecutionFailed,
    /// The engine stumbled: an exception, or its database is away. It may have been in the middle of the command.
    EngineError,
    /// The engine is starting, stopping or in maintenance mode; nothing was executed.
    EngineNotReady,
    /// A redirect: the URL leads elsewhere, or a foreign proxy answered.
    NotTheEngine,
}

impl fmt::Display for RefusalClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locked => "locked",
            Self::WrongState => "wrong state",
            Self::BadRequest => "bad request",
            Self::NoPermission => "no permission",
            Self::Gone => "gone",
            Self::ExecutionFailed => "execution failed",
            Self::EngineError => "engine error",
            Self::EngineNotReady => "engine not ready",
            Self::NotTheEngine => "not the engine",
        })
    }
}

impl Error {
    /// What the engine may have done about this call. When in doubt the answer is [`EngineEffect::MaybeApplied`].
    pub fn what_the_engine_may_have_done(&self) -> EngineEffect {
        match self {
            Self::NotSent { .. } | Self::NoAnswer { .. } | Self::Login(_) => EngineEffect::Nothing,
            Self::MaybeApplied { .. } => EngineEffect::MaybeApplied,
            Self::Unreadable { request, .. } if request.is_read() => EngineEffect::Nothing,
            Self::Unreadable { .. } => EngineEffect::MaybeApplied,
            Self::Refused { request, .. } if request.is_read() => EngineEffect::Nothing,
            Self::Refused { class, .. } => match class {
                RefusalClass::ExecutionFailed | RefusalClass::EngineError => EngineEffect::MaybeApplied,
                RefusalClass::EngineNotReady | RefusalClass::NotTheEngine => EngineEffect::Nothing,
                RefusalClass::Locked
                | RefusalClass::WrongState
                | RefusalClass::BadRequest
                | RefusalClass::NoPermission
                | RefusalClass::Gone => EngineEffect::Refused,
            },
        }
    }

    /// Whether the cause may pass by itself, so that asking again later makes sense. Says nothing about repeating safely.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NotSent { kind, .. } | Self::NoAnswer { kind, .. } => match kind {
                TransportErrorKind::TlsUntrusted
                | TransportErrorKind::TlsName
                | TransportErrorKind::TlsExpired
                | TransportErrorKind::BodyTooLarge => false,
                TransportErrorKind::ConnectRefused
                | TransportErrorKind::ConnectFailed
                | TransportErrorKind::Dns
                | TransportErrorKind::Tls
                | TransportErrorKind::Timeout
                | TransportErrorKind::Reset
                | TransportErrorKind::TruncatedBody
                | TransportErrorKind::Other => true,
            },
            Self::MaybeApplied { .. } => true,
            Self::Unreadable { .. } => false,
            Self::Refused { class, .. } => match class {
                RefusalClass::Locked
                | RefusalClass::ExecutionFailed
                | RefusalClass::EngineError
                | RefusalClass::EngineNotReady => true,
                RefusalClass::WrongState
                | RefusalClass::BadRequest
                | RefusalClass::NoPermission
                | RefusalClass::Gone
                | RefusalClass::NotTheEngine => false,
            },
            Self::Login(login) => login.problem == LoginProblem::Transient,
        }
    }

    /// The class of a refusal; `None` for everything else.
    pub fn refusal_class(&self) -> Option<RefusalClass> {
        if let Self::Refused { class, .. } = self { Some(*class) } else { None }
    }

    /// Whether the engine said that the object does not exist.
    pub fn is_gone(&self) -> bool {
        self.refusal_class() == Some(RefusalClass::Gone)
    }
}

/// Why no token could be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("login to {engine} failed ({problem}): {detail}")]
pub struct LoginError {
    /// Host and port of the engine.
    pub engine: String,
    /// What kind of failure.
    pub problem: LoginProblem,
    /// The engine's text, or ours, without any secret.
    pub detail: String,
}

/// What kind of failure a login met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginProblem {
    /// The credentials were refused. Five in a row lock the account for an hour: never tried again until told.
    AccessDenied,
    /// SSO, its directory or the engine's database is away, or the engine is starting.
    Transient,
    /// The credentials are right and the account may not log in.
    NotAllowed,
    /// An answer that no engine gives: a wrong URL, a proxy, or a change in the protocol.
    Unexpected,
}

impl fmt::Display for LoginProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessDenied => "access denied, not tried again until the credentials are looked at",
            Self::Transient => "not available",
            Self::NotAllowed => "the account may not log in",
            Self::Unexpected => "unexpected answer",
        })
    }
}

/// A call by name, for messages: method and path with query, never the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestName {
    /// The HTTP method.
    pub method: Method,
    /// Path and query below the base URL.
    pub path: String,
    /// The correlation id to look the job up by, if one was given.
    pub correlation_id: Option<String>,
}

impl RequestName {
    /// Whether the call changes nothing in the engine.
    pub fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

impl fmt::Display for RequestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /{}", self.method, self.path)
    }
}

fn words(reason: &str, detail: &str) -> String {
    /// What the engine writes as reason when the detail says everything.
    const NO_REASON: &str = "Operation Failed";
    // The engine breaks its texts into lines; a message of ours is one.
    let detail = detail.replace('\n', " ");
    match (reason, detail.as_str()) {
        ("", "") => "no reason given".to_owned(),
        ("" | NO_REASON, detail) if !detail.is_empty() => detail.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, detail) => format!("{reason}: {detail}"),
    }
}
