//! The daemon as the operator's commands meet it: its API over the Unix socket.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dr_core::Entry;
use dr_daemon::{Command, DEFAULT_SOCKET, Line, Report};
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::exit::Failure;
use crate::wire;

/// An answer takes this long at most; a preview of a large plan takes a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the daemon listens.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    socket: PathBuf,
}

/// One entry of the journal.
#[derive(Debug)]
pub(crate) struct HistoryRow {
    /// Its number.
    pub(crate) seq: u64,
    /// When, in milliseconds since 1970.
    pub(crate) at: u64,
    /// What; none if it is of a kind that this program does not know.
    pub(crate) entry: Option<Entry>,
    /// The same as it is stored.
    pub(crate) stored: Value,
}

impl HistoryRow {
    /// From what the daemon answers: the entry's members, and its number and time among them.
    pub(crate) fn of(mut stored: Value) -> HistoryRow {
        let mut taken = |name: &str| {
            let value = stored.as_object_mut().and_then(|row| row.shift_remove(name));
            value.and_then(|value| value.as_u64()).unwrap_or_default()
        };
        let (seq, at) = (taken("seq"), taken("at"));
        HistoryRow { seq, at, entry: serde_json::from_value(stored.clone()).ok(), stored }
    }
}

/// One thing that a watcher is told.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// The report, whole.
    Report(Box<Report>),
    /// A line of the story.
    Line(Line),
    /// So many lines came faster than they were read.
    Missed(u64),
}

impl Client {
    /// The daemon at `socket`, or where it is by default. Nothing is sent yet.
    pub(crate) fn at(socket: Option<&Path>) -> Client {
        Client { socket: socket.unwrap_or(Path::new(DEFAULT_SOCKET)).to_owned() }
    }

    /// The reports of all plans.
    pub(crate) async fn plans(&self) -> Result<Vec<Report>, Failure> {
        #[derive(Deserialize)]
        struct Plans {
            plans: Vec<Report>,
        }
        let answer = self.ask(Method::GET, "/v1/plans", None).await?;
        Ok(understood::<Plans>(answer)?.plans)
    }

    /// The report of one plan.
    pub(crate) async fn plan(&self, name: &str) -> Result<Report, Failure> {
        understood(self.ask(Method::GET, &route(name, ""), None).await?)
    }

    /// Sends a command; yields the answer: a sentence, or an object for a preview.
    pub(crate) async fn command(&self, plan: &str, command: &Command) -> Result<Value, Failure> {
        let body = serde_json::to_value(command).map_err(|error| Failure::said(error.to_string()))?;
        let mut answer = self.ask(Method::POST, &route(plan, "/command"), Some(&body)).await?;
        Ok(answer.get_mut("answer").map(Value::take).unwrap_or_default())
    }

    /// Entries of the journal as JSON objects, oldest first.
    pub(crate) async fn history(&self, plan: &str, after: Option<u64>, limit: usize) -> Result<Vec<Value>, Failure> {
        #[derive(Deserialize)]
        struct Entries {
            entries: Vec<Value>,
        }
        let after = after.map_or_else(String::new, |after| format!("&after={after}"));
        let answer = self.ask(Method::GET, &route(plan, &format!("/history?limit={limit}{after}")), None).await?;
        Ok(understood::<Entries>(answer)?.entries)
    }

    /// Follows a plan: its report first, then everything that happens.
    pub(crate) async fn watch(&self, plan: &str) -> Result<wire::Lines, Failure> {
        let stream = self.connect().await?;
        let answer = wire::send(stream, Method::GET, &route(plan, "/watch"), None).await;
        let answer = answer.map_err(|error| self.lost(&error))?;
        if answer.status().is_success() {
            return Ok(wire::Lines::of(answer.into_body()));
        }
        let body = wire::json(answer.into_body()).await.map_err(|error| self.lost(&error))?;
        Err(refused(&body))
    }

    async fn ask(&self, method: Method, route: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let stream = self.connect().await?;
        let asked = async {
            let answer = wire::send(stream, method, route, body).await?;
            let status = answer.status();
            Ok((status, wire::json(answer.into_body()).await?))
        };
        let answered: Result<(_, Value), String> = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answered) => answered,
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        let (status, body) = answered.map_err(|error| self.lost(&error))?;
        if status.is_success() { Ok(body) } else { Err(refused(&body)) }
    }

    async fn connect(&self) -> Result<UnixStream, Failure> {
        let socket = self.socket.display();
        UnixStream::connect(&self.socket).await.map_err(|error| {
            let is = |kind| error.kind() == kind;
            Failure::said(if is(io::ErrorKind::NotFound) {
                format!("no daemon listens on {socket}: is it running? `systemctl status ovirt-dr`, or name its socket with --socket")
            } else if is(io::ErrorKind::ConnectionRefused) {
                format!("the daemon behind {socket} is gone: `systemctl status ovirt-dr`, `journalctl -u ovirt-dr`")
            } else if is(io::ErrorKind::PermissionDenied) {
                format!("you may not use {socket}: ask as root, or as a member of the group ovirt-dr")
            } else {
                format!("the daemon cannot be reached on {socket}: {error}")
            })
        })
    }

    fn lost(&self, error: &str) -> Failure {
        Failure::said(format!(
            "the daemon on {} did not answer: {error}. Whether it took the request shows in `ovirt-dr status` and `ovirt-dr history`",
            self.socket.display()
        ))
    }
}

fn route(plan: &str, rest: &str) -> String {
    format!("/v1/plans/{}{rest}", utf8_percent_encode(plan, NON_ALPHANUMERIC))
}

fn refused(body: &Value) -> Failure {
    let said = body.get("error").and_then(Value::as_str);
    Failure::said(said.map_or_else(|| format!("the daemon answered {body}"), str::to_owned))
}

fn understood<T: DeserializeOwned>(answer: Value) -> Result<T, Failure> {
    serde_json::from_value(answer).map_err(|error| {
        Failure::said(format!("the daemon's answer is not understood ({error}): is it of another version?"))
    })
}
