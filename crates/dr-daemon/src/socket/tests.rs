//! The socket as an operator's command meets it: a real socket, a real user at its other end, a plan that answers by rote.

use std::os::unix::fs::PermissionsExt;

use dr_core::{Confirmation, Entry, Stamped, Time};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{broadcast, mpsc, watch};

use super::*;
use crate::ports::JournalError;
use crate::report::{Asked, Command, Level, Line, Report};

struct Fixed(Vec<Stamped>);

impl Journal for Fixed {
    fn append<'a>(&'a self, _: &'a str, _: Vec<(Time, Entry)>) -> BoxFuture<'a, Result<Vec<u64>, JournalError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn read<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<Stamped>, JournalError>> {
        let entries = if plan == "erp" { self.0.clone() } else { Vec::new() };
        Box::pin(async { Ok(entries) })
    }

    fn plans(&self) -> BoxFuture<'_, Result<Vec<String>, JournalError>> {
        Box::pin(async { Ok(vec!["erp".to_owned()]) })
    }
}

/// A daemon with one plan, `erp`.
struct Daemon {
    path: PathBuf,
    plans: Plans,
    asked: mpsc::Receiver<Asked>,
    report: watch::Sender<Report>,
    lines: broadcast::Sender<Line>,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<io::Result<()>>,
    _folder: tempfile::TempDir,
}

async fn daemon() -> Daemon {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ovirt-dr.sock");
    let (commands, asked) = mpsc::channel(4);
    let (report, reported) = watch::channel(Report { plan: "erp".to_owned(), ..Report::default() });
    let (lines, _) = broadcast::channel(4);
    let plans = Plans::default();
    plans.insert(PlanHandle { name: "erp".to_owned(), commands, report: reported, lines: lines.clone() });
    let stop = CancellationToken::new();
    let entries = (1..=5).map(|seq| {
        let entry = Entry::SiteSeen { site: format!("site{seq}") };
        Stamped { seq, at: Time(seq * 1000), entry }
    });
    let journal = Arc::new(Fixed(entries.collect()));
    let socket = Socket::open(&path).await.unwrap();
    let served = tokio::spawn(socket.serve(plans.clone(), journal, stop.clone()));
    Daemon { path, plans, asked, report, lines, stop, served, _folder: folder }
}

/// Sends one request over the socket at `path`; yields status and body.
async fn ask(path: &Path, method: &str, route: &str, body: &str) -> (u16, Value) {
    let mut stream = UnixStream::connect(path).await.unwrap();
    let length = body.len();
    let request =
        format!("{method} {route} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(body).unwrap())
}

const COMMAND: &str = "/v1/plans/erp/command";

/// Sends a command that the plan answers with `answer`; yields what the plan was asked, and what the client got.
async fn command(daemon: &mut Daemon, body: Value, answer: Result<&str, &str>) -> (Command, u16, Value) {
    let text = body.to_string();
    let path = daemon.path.clone();
    let answers = async {
        let (command, reply) = daemon.asked.recv().await.unwrap();
        reply.send(answer.map(str::to_owned).map_err(str::to_owned)).unwrap();
        command
    };
    let ((status, body), command) = tokio::join!(ask(&path, "POST", COMMAND, &text), answers);
    (command, status, body)
}

fn own_name() -> String {
    nix::unistd::User::from_uid(nix::unistd::getuid()).unwrap().unwrap().name
}

#[tokio::test]
async fn plans_are_listed_and_shown_as_they_are_now() {
    let daemon = daemon().await;
    daemon.report.send_modify(|report| report.passes = 7);
    let (status, plans) = ask(&daemon.path, "GET", "/v1/plans", "").await;
    assert_eq!((status, &plans["plans"][0]["passes"]), (200, &json!(7)));
    let (status, plan) = ask(&daemon.path, "GET", "/v1/plans/erp", "").await;
    assert_eq!((status, &plan["plan"]), (200, &json!("erp")));
    daemon.plans.remove("erp");
    assert_eq!(ask(&daemon.path, "GET", "/v1/plans", "").await.1, json!({ "plans": [] }));
}

#[tokio::test]
async fn the_server_knows_who_asks() {
    let mut daemon = daemon().await;
    let body = json!({ "command": "failover", "site": "seville" });
    let (asked, status, answer) = command(&mut daemon, body, Ok("failover 1 opens")).await;
    let expected =
        Command::Failover { site: "seville".to_owned(), by: own_name(), reason: "no reason given".to_owned() };
    assert_eq!((asked, status, answer), (expected, 200, json!({ "answer": "failover 1 opens" })));
    // A name that the client gives never hides the user.
    let body = json!({ "command": "pause", "by": "ana", "reason": "patch day" });
    let (asked, _, _) = command(&mut daemon, body, Ok("paused")).await;
    let expected = Command::Pause { by: format!("ana (as {})", own_name()), reason: "patch day".to_owned() };
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn what_the_plan_refuses_is_a_conflict_in_its_own_words() {
    let mut daemon = daemon().await;
    let (_, status, answer) = command(&mut daemon, json!({ "command": "abort" }), Err("nothing to abort")).await;
    assert_eq!((status, answer), (409, json!({ "error": "nothing to abort" })));
}

#[tokio::test]
async fn a_preview_is_answered_as_an_object() {
    let mut daemon = daemon().await;
    let body = json!({ "command": "preview", "site": null });
    let (asked, _, answer) = command(&mut daemon, body, Ok(r#"{"to":"seville","steps":[]}"#)).await;
    assert_eq!(asked, Command::Preview { site: None });
    assert_eq!(answer, json!({ "answer": { "to": "seville", "steps": [] } }));
}

#[tokio::test]
async fn a_confirmation_says_why_and_every_text_is_one_line() {
    let daemon = daemon().await;
    let confirmation = serde_json::to_value(Confirmation::SiteDown).unwrap();
    let body = json!({ "command": "confirm", "confirmation": confirmation, "reason": " " }).to_string();
    let (status, answer) = ask(&daemon.path, "POST", COMMAND, &body).await;
    assert_eq!(status, 400);
    assert_eq!(answer["error"], "a confirmation needs a reason: say what you know and how");
    let body = json!({ "command": "pause", "reason": "a\nerp: converged at seville" }).to_string();
    assert_eq!(ask(&daemon.path, "POST", COMMAND, &body).await.0, 400);
}

#[tokio::test]
async fn what_is_not_understood_is_said_and_asked_of_nobody() {
    let mut daemon = daemon().await;
    for body in ["", "{", "[]", r#"{"command": "rescue"}"#, r#"{"command": "failover"}"#] {
        let (status, answer) = ask(&daemon.path, "POST", COMMAND, body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().starts_with("the body is not "), "{answer}");
    }
    assert!(daemon.asked.try_recv().is_err());
    let expected = json!({ "error": "there is no plan crm; there is erp" });
    assert_eq!(ask(&daemon.path, "GET", "/v1/plans/crm", "").await, (404, expected));
    assert_eq!(ask(&daemon.path, "GET", "/v2", "").await, (404, json!({ "error": "there is no /v2" })));
    assert_eq!(ask(&daemon.path, "DELETE", "/v1/plans", "").await.0, 405);
}

#[tokio::test]
async fn a_plan_that_is_no_longer_watched_says_so() {
    let mut daemon = daemon().await;
    daemon.asked.close();
    let (status, answer) = ask(&daemon.path, "POST", COMMAND, r#"{"command":"resume"}"#).await;
    assert_eq!((status, answer), (503, json!({ "error": "the plan erp is no longer watched" })));
}

#[tokio::test]
async fn history_is_read_in_slices() {
    let daemon = daemon().await;
    let seqs = async |query: &str| {
        let (status, answer) = ask(&daemon.path, "GET", &format!("/v1/plans/erp/history{query}"), "").await;
        assert_eq!(status, 200);
        let entries = answer["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(seqs("").await, [1, 2, 3, 4, 5]);
    assert_eq!(seqs("?limit=2").await, [4, 5]);
    assert_eq!(seqs("?after=1&limit=2").await, [2, 3]);
    assert_eq!(seqs("?after=5").await, [0; 0]);
    let (_, answer) = ask(&daemon.path, "GET", "/v1/plans/erp/history?limit=1", "").await;
    assert_eq!(answer["entries"][0], json!({ "seq": 5, "at": 5000, "entry": "site_seen", "site": "site5" }));
    assert_eq!(ask(&daemon.path, "GET", "/v1/plans/erp/history?limit=x", "").await.0, 400);
    assert_eq!(ask(&daemon.path, "GET", "/v1/plans/crm/history", "").await.0, 404);
}

#[tokio::test]
async fn a_watcher_gets_the_report_then_the_story_and_every_change_until_the_end() {
    let daemon = daemon().await;
    let mut stream = UnixStream::connect(&daemon.path).await.unwrap();
    stream.write_all(b"GET /v1/plans/erp/watch HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut rows = BufReader::new(stream).lines();
    // Chunks of HTTP/1.1: what begins with a brace is ours.
    let mut row = async || loop {
        match rows.next_line().await.unwrap() {
            Some(line) if line.starts_with('{') => return Some(serde_json::from_str::<Value>(&line).unwrap()),
            Some(_) => {}
            None => return None,
        }
    };
    assert_eq!(row().await.unwrap()["report"]["passes"], 0);
    let line = Line { at: 1, level: Level::Notice, plan: "erp".to_owned(), text: "failover 1 opens".to_owned() };
    daemon.lines.send(line).unwrap();
    assert_eq!(row().await.unwrap()["line"]["text"], "failover 1 opens");
    daemon.report.send_modify(|report| report.passes = 1);
    assert_eq!(row().await.unwrap()["report"]["passes"], 1);
    daemon.stop.cancel();
    assert_eq!(row().await, None);
    daemon.served.await.unwrap().unwrap();
    assert!(!daemon.path.exists());
}

#[tokio::test]
async fn the_socket_is_for_its_group_only() {
    let daemon = daemon().await;
    assert_eq!(std::fs::metadata(&daemon.path).unwrap().permissions().mode() & 0o777, 0o660);
}

#[tokio::test]
async fn a_dead_socket_is_replaced_and_a_living_one_is_not() {
    let daemon = daemon().await;
    let error = Socket::open(&daemon.path).await.unwrap_err();
    assert!(matches!(error, SocketError::InUse(_)), "{error}");
    assert_eq!(ask(&daemon.path, "GET", "/v1/plans", "").await.0, 200);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert!(Socket::open(&path).await.is_ok());

    let file = folder.path().join("file");
    std::fs::write(&file, "precious").unwrap();
    assert!(matches!(Socket::open(&file).await.unwrap_err(), SocketError::NotASocket(_)));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}
