//! Requests as values: built here and in the noun modules, sent by [`Client::send`](crate::Client::send).

use std::fmt;
use std::time::Duration;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use crate::error::RequestName;
use crate::ids::JobId;
use crate::list_again::{self, Before, Places};
use crate::long_list::{LongList, LongRead};
use crate::read::{self, Listing};
use crate::whole;
use crate::words::{ActionStatus, PowerStatus};

/// How long a read may take before its caller is told that no answer came.
pub const READ_PATIENCE: Duration = Duration::from_secs(60);
/// How long an action, PUT, POST or DELETE may take. A fence by power management holds the request for minutes, and giving up does not stop the engine.
pub const MUTATION_PATIENCE: Duration = Duration::from_secs(600);
/// Longest correlation id that the engine keeps; it cuts the rest.
pub const CORRELATION_ID_LENGTH: usize = 36;

/// What stays as it is in a path segment or query value; the rest is percent-encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One call to the engine, not yet sent. `T` is what its answer is read into.
pub struct Request<T> {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
    correlation_id: Option<String>,
    patience: Duration,
    parse: Parse<T>,
}

/// How a successful answer is read.
enum Parse<T> {
    /// From its JSON.
    Json(fn(Value) -> Result<T, String>),
    /// One object: straight from the bytes if they are as expected, else from the JSON.
    One { whole: fn(&[u8]) -> Option<T>, parse: fn(Value) -> Result<T, String> },
    /// A list under this member: while it arrives if it is long, straight from the bytes if all of it can be read, else element by element.
    List {
        member: &'static str,
        along: fn(&'static str) -> Box<dyn LongRead<T>>,
        whole: fn(&[u8], &str) -> Option<T>,
        each: fn(Value, &str) -> Result<T, String>,
        again: Again<T>,
    },
}

/// How a list is read of which one before is known.
type Again<T> = fn(&[u8], &str, Option<Before<'_, T>>) -> Option<(T, Places)>;

impl<T> Request<T> {
    /// The raw door: any call that this crate has no constructor for.
    ///
    /// `path` is relative to the base URL, without a leading slash and already percent-encoded (see [`segment`]);
    /// `parse` gets the JSON of a successful answer, `null` where the answer has no body.
    pub fn new(method: Method, path: impl Into<String>, parse: fn(Value) -> Result<T, String>) -> Self {
        Self::with_parse(method, path.into(), Parse::Json(parse))
    }

    fn with_parse(method: Method, path: String, parse: Parse<T>) -> Self {
        let patience = if is_read(&method) { READ_PATIENCE } else { MUTATION_PATIENCE };
        Self { method, path, query: Vec::new(), body: None, correlation_id: None, patience, parse }
    }

    /// Adds a query parameter, unencoded.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the JSON body. Only members that are meant to change: an unknown member is refused, and a fetched object must never be sent back.
    #[must_use]
    pub fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Names the operation: the engine stores the id on jobs and events, so that an unanswered request can be looked up.
    ///
    /// Characters outside `[0-9A-Za-z_-]` are dropped and the rest cut to 36, as the engine would do.
    #[must_use]
    pub fn with_correlation_id(mut self, id: &str) -> Self {
        let kept: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
        let kept: String = kept.chars().take(CORRELATION_ID_LENGTH).collect();
        self.correlation_id = (!kept.is_empty()).then_some(kept);
        self
    }

    /// Changes how long to wait for the answer; a login that happens on the way is not counted.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Whether the call changes nothing in the engine.
    pub fn is_read(&self) -> bool {
        is_read(&self.method)
    }

    /// Path and query below the base URL, percent-encoded, without a leading slash.
    pub fn path_and_query(&self) -> String {
        let mut text = self.path.clone();
        for (position, (name, value)) in self.query.iter().enumerate() {
            text.push(if position == 0 { '?' } else { '&' });
            text.extend(utf8_percent_encode(name, PLAIN));
            text.push('=');
            text.extend(utf8_percent_encode(value, PLAIN));
        }
        text
    }

    /// The JSON body.
    pub fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// The correlation id, if one was given.
    pub fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }

    /// How long to wait for the answer.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The call by name, for messages.
    pub(crate) fn name(&self) -> RequestName {
        RequestName {
            method: self.method.clone(),
            path: self.path_and_query(),
            correlation_id: self.correlation_id.clone(),
        }
    }

    /// Reads the JSON of a successful answer.
    pub(crate) fn read(&self, body: Value) -> Result<T, String> {
        match self.parse {
            Parse::Json(parse) | Parse::One { parse, .. } => parse(body),
            Parse::List { member, each, .. } => each(body, member),
        }
    }

    /// Reads a list while it arrives, if it is a long one. `None` for what is no list.
    pub(crate) fn read_along(&self) -> Option<Box<dyn LongRead<T>>> {
        match self.parse {
            Parse::Json(_) | Parse::One { .. } => None,
            Parse::List { member, along, .. } => Some(along(member)),
        }
    }

    /// Reads an object or a list straight from the bytes of a successful answer. `None` says nothing about it: then it is judged and read the long way.
    pub(crate) fn read_whole(&self, body: &[u8]) -> Option<T> {
        match self.parse {
            Parse::Json(_) => None,
            Parse::One { whole, .. } => whole(body),
            Parse::List { member, whole, .. } => whole(body, member),
        }
    }

    /// The same of a list that was read before: most of it mostly stands there as it stood.
    pub(crate) fn read_again(&self, body: &[u8], before: Option<Before<'_, T>>) -> Option<(T, Places)> {
        match self.parse {
            Parse::Json(_) | Parse::One { .. } => None,
            Parse::List { member, again, .. } => again(body, member, before),
        }
    }
}

impl Request<Value> {
    /// The raw door for reads: GET of a path below the base URL, answered as JSON.
    pub fn get_raw(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, Ok)
    }
}

impl Request<Action> {
    /// POST of an action; the engine wants a body, at least `{}`.
    pub fn action(path: impl Into<String>) -> Self {
        let parse = Parse::One { whole: Action::done, parse: read::object::<Action> };
        Self::with_parse(Method::POST, path.into(), parse).with_body(json!({}))
    }
}

impl Request<Deleted> {
    /// DELETE of one object.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path, |_| Ok(Deleted))
    }
}

impl<T: DeserializeOwned> Request<T> {
    /// GET of one object.
    pub(crate) fn get_one(path: impl Into<String>) -> Self {
        let parse = Parse::One { whole: whole::object::<T>, parse: read::object::<T> };
        Self::with_parse(Method::GET, path.into(), parse)
    }

    /// PUT of the members in `body`, answered by the whole object as it is now.
    pub(crate) fn put(path: impl Into<String>, body: Value) -> Self {
        let parse = Parse::One { whole: whole::object::<T>, parse: read::object::<T> };
        Self::with_parse(Method::PUT, path.into(), parse).with_body(body)
    }

    /// POST of a new object, answered by the object.
    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::POST, path, read::object::<T>).with_body(body)
    }
}

impl<T: DeserializeOwned + Send + 'static> Request<Listing<T>> {
    /// GET of a collection, whose elements stand under `member`.
    pub(crate) fn get_list(path: impl Into<String>, member: &'static str) -> Self {
        let along = |member| Box::new(LongList::<T>::new(member)) as Box<dyn LongRead<Listing<T>>>;
        let (whole, each, again) = (whole::listing::<T>, read::listing::<T>, list_again::listing::<T>);
        let parse = Parse::List { member, along, whole, each, again };
        Self::with_parse(Method::GET, path.into(), parse)
    }
}

impl<T> Clone for Parse<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Parse<T> {}

impl<T> Clone for Request<T> {
    fn clone(&self) -> Self {
        Self {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            body: self.body.clone(),
            correlation_id: self.correlation_id.clone(),
            patience: self.patience,
            parse: self.parse,
        }
    }
}

// The body stays out: through the raw door it may hold anything, a password too.
impl<T> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path_and_query())
            .field("correlation_id", &self.correlation_id)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// `PUT hosts/ID`, for messages.
impl<T> fmt::Display for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path_and_query())
    }
}

/// Encodes one path segment, an id for instance.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn is_read(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// The answer to an action that the engine did not refuse. What it says is what became of the command, not of the object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Action {
    /// `complete` when the command returned. An answer without it is unreadable: whatever sent it, the action may or may not have been taken.
    pub status: ActionStatus,
    /// The job to watch. Manual fence, deactivation of a host and every PUT have none: look the job up by correlation id, or the object itself.
    #[serde(default, deserialize_with = "read::link")]
    pub job: Option<JobId>,
    /// What the fence agent reported, in the answer to a fence of type `status`.
    #[serde(default)]
    pub power_management: Option<ReportedPower>,
}

impl Action {
    /// What is said of an action that did not fail; `None` says nothing about it.
    fn done(body: &[u8]) -> Option<Self> {
        /// An action, and what a refusal says beside.
        #[derive(Deserialize)]
        struct Said {
            status: ActionStatus,
            #[serde(default, deserialize_with = "read::link")]
            job: Option<JobId>,
            #[serde(default)]
            power_management: Option<ReportedPower>,
            #[serde(default)]
            fault: Option<IgnoredAny>,
        }
        let Said { status, job, power_management, fault } = whole::object(body)?;
        (status == ActionStatus::Complete && fault.is_none()).then_some(Self { status, job, power_management })
    }
}

/// `power_management` inside an action's answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReportedPower {
    /// The power state.
    #[serde(default)]
    pub status: Option<PowerStatus>,
}

/// The answer to a DELETE that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted;
