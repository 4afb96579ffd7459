//! The folder `corpus`: small answers, real ones trimmed and what stands between us and an engine, as they are and damaged further, through
//! every reader of the crate: lists, objects, actions, faults, pages, and the token.
//!
//! What each file is read as stands in `corpus.txt`, unless it is read as nothing at all; `UPDATE_EXPECT=1 cargo test -p ovirt-client corpus` writes it anew.

use std::path::PathBuf;

use bytes::Bytes;
use expect_test::expect_file;
use futures::FutureExt;
use futures::future::BoxFuture;
use ovirt_client::{
    Client, EngineEffect, EngineUrl, Error, FenceType, Listing, Request, Severity, Transport, TransportError, clusters,
    data_centers, disks, events, hosts, jobs, root, storage, tags, vms,
};
use serde_json::Value;

use crate::fake::{ROOT_PATH, TOKEN_PATH};

/// Damaged answers in one run: about two seconds of a debug build.
const MUTANTS: u64 = 600;

/// What breaks an answer apart.
const PIECES: [&str; 22] = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "-", "1e999", "{}", "[]", "<",
    "</", "<style>", "&", "\0", "\u{feff}",
];

const STATUSES: [u16; 12] = [200, 201, 202, 204, 302, 400, 401, 403, 404, 409, 500, 503];

const CONTENT_TYPES: [Option<&str>; 4] =
    [Some("application/json"), None, Some("text/html;charset=UTF-8"), Some("application/xml")];

/// How it is told that an answer was not understood, or gave no reason.
const NOTHING_READ: [&str; 4] = ["unreadable", "login: unexpected answer", "bad request: \"\"", "wrong state: \"\""];

/// What an engine that is nothing but one answer says at each of its doors.
#[derive(Clone)]
struct Answers {
    token: Answer,
    root: Answer,
    rest: Answer,
}

#[derive(Clone)]
struct Answer(u16, Option<&'static str>, Bytes);

impl Answers {
    /// Logs in anybody, then gives this answer to everything.
    fn behind_a_login(rest: Answer) -> Self {
        Self { token: Answer::json(r#"{"access_token":"T"}"#), root: Answer::json("{}"), rest }
    }

    fn client(self) -> Client {
        let url = EngineUrl::parse("https://engine.example.com/ovirt-engine/api").expect("a URL");
        Client::new(url, "dr@internal", "hunter2".to_owned().into(), self)
    }
}

impl Answer {
    fn json(text: &'static str) -> Self {
        Self(200, CONTENT_TYPES[0], Bytes::from_static(text.as_bytes()))
    }
}

impl Transport for Answers {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let Answer(status, content_type, body) = match request.uri().path() {
            TOKEN_PATH => self.token.clone(),
            ROOT_PATH => self.root.clone(),
            _ => self.rest.clone(),
        };
        let mut response = http::Response::builder().status(status);
        if let Some(content_type) = content_type {
            response = response.header("Content-Type", content_type);
        }
        async move { Ok(response.body(body).expect("a response")) }.boxed()
    }
}

/// Every file: name and bytes, in the order of the names.
fn corpus() -> Vec<(String, Bytes)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            (name, std::fs::read(&path).expect("a file").into())
        })
        .collect();
    files.sort();
    files
}

/// What came of a request, in one line.
fn told<T>(result: &Result<T, Error>, read: impl Fn(&T) -> String) -> String {
    match result {
        Ok(value) => read(value),
        Err(Error::Refused { class, detail, .. }) => {
            format!("{class}: {:?}", detail.chars().take(60).collect::<String>())
        }
        Err(Error::Unreadable { .. }) => "unreadable".to_owned(),
        Err(Error::MaybeApplied { .. }) => "perhaps applied".to_owned(),
        Err(Error::Login(login)) => format!("login: {}", login.problem),
        Err(error @ (Error::NotSent { .. } | Error::NoAnswer { .. })) => format!("{error}"),
    }
}

#[tokio::test]
async fn every_file_of_the_corpus_is_read_as_written_down() {
    let files = corpus();
    assert!(files.len() >= 40, "only {} files", files.len());
    let mut text = String::new();
    for (name, body) in files {
        let content_type = if name.ends_with("json") { CONTENT_TYPES[0] } else { CONTENT_TYPES[2] };
        let answer = |status| Answer(status, content_type, body.clone());
        let client = |status| Answers::behind_a_login(answer(status)).client();
        let list = |listing: &Listing<hosts::Host>| {
            let ids: Vec<_> = listing.unreadable.iter().map(|one| one.id.as_deref().unwrap_or("?")).collect();
            format!("{} read, not read: [{}]", listing.items.len(), ids.join(", "))
        };
        let object = |host: &hosts::Host| format!("host {:?} {}", host.name, host.status);
        let token = Answers { token: answer(200), ..Answers::behind_a_login(Answer::json("{}")) }.client();
        let refused = Answers { token: answer(400), ..Answers::behind_a_login(Answer::json("{}")) }.client();
        let host = "h".into();
        let lines = [
            ("200 as a list", told(&client(200).send(hosts::list()).await, list)),
            ("200 as a host", told(&client(200).send(hosts::get(&host)).await, object)),
            (
                "200 to an action",
                told(&client(200).send(hosts::activate(&host)).await, |action| action.status.to_string()),
            ),
            ("400 to a read", told(&client(400).send(hosts::get(&host)).await, object)),
            ("409 to an action", told(&client(409).send(hosts::activate(&host)).await, |_| "yes".to_owned())),
            ("200 to a login", told(&token.send(hosts::list()).await, |_| "logged in".to_owned())),
            ("400 to a login", told(&refused.send(hosts::list()).await, |_| "logged in".to_owned())),
        ];
        text.push_str(&format!("{name}\n"));
        let nothing = |what: &str| NOTHING_READ.contains(&what);
        for (how, what) in lines.iter().filter(|(_, what)| !nothing(what)) {
            text.push_str(&format!("  {how}: {what}\n"));
        }
    }
    expect_file!["../corpus.txt"].assert_eq(&text);
}

#[tokio::test]
async fn every_reader_survives_every_file_whatever_its_status_and_type() {
    for (_, body) in corpus() {
        for status in STATUSES {
            for content_type in CONTENT_TYPES {
                through_every_reader(&Answer(status, content_type, body.clone())).await;
            }
        }
    }
}

#[tokio::test]
async fn every_reader_survives_damaged_files() {
    let files: Vec<Bytes> = corpus().into_iter().map(|(_, body)| body).collect();
    for seed in 0..MUTANTS {
        let body = Bytes::from(damaged(&files, seed));
        // Most of what is damaged is told from what is whole only if it claims to be a success.
        let status =
            if seed % 3 == 0 { STATUSES[usize::try_from(seed / 3).expect("small") % STATUSES.len()] } else { 200 };
        through_every_reader(&Answer(status, CONTENT_TYPES[0], body.clone())).await;
        through_every_reader(&Answer(status, CONTENT_TYPES[2], body)).await;
    }
}

#[tokio::test]
async fn an_answer_to_an_action_without_a_status_leaves_it_in_doubt() {
    for stray in ["{}", r#"{"error":"nope"}"#, r#"{"reason":"Operation Failed","detail":"[no]"}"#, "[]", ""] {
        let client = Answers::behind_a_login(Answer::json(stray)).client();
        let error = client.send(hosts::activate(&"h".into())).await.expect_err(stray);
        assert_eq!(error.what_the_engine_may_have_done(), EngineEffect::MaybeApplied, "{stray}: {error}");
    }
}

#[tokio::test]
async fn null_members_are_absent_members() {
    let whole = br#"{"id":"1","name":"a1","status":"up"}"#;
    let nulls = br#"{"id":"1","name":"a1","status":"up","comment":null,"address":null,"port":null,"status_detail":null,
        "external_status":null,"cluster":null,"spm":null,"power_management":null,"summary":null,"tags":null}"#;
    let mut read = Vec::new();
    for body in [Bytes::from_static(whole), Bytes::from_static(nulls)] {
        let client = Answers::behind_a_login(Answer(200, CONTENT_TYPES[0], body)).client();
        read.push(client.send(hosts::get(&"1".into())).await.expect("a host"));
    }
    assert_eq!(read[0], read[1]);
}

/// Sends every request that the crate can build to an engine that gives this one answer; panics where an answer is taken for what it is not.
async fn through_every_reader(answer: &Answer) {
    let client = Answers::behind_a_login(answer.clone()).client();
    macro_rules! lists {
        ($($request:expr => $member:literal,)*) => {$(
            let listing = client.send($request).await;
            holds(&listing, answer, true);
            is_whole(&listing, answer, $member);
        )*};
    }
    macro_rules! all {
        ($reads:literal: $($request:expr,)*) => {$(holds(&client.send($request).await, answer, $reads);)*};
    }
    lists! {
        hosts::list_with_tags() => "host",
        hosts::fence_agents(&"h".into()) => "agent",
        hosts::storage(&"h".into()) => "host_storage",
        clusters::list() => "cluster",
        data_centers::list() => "data_center",
        data_centers::storage_domains(&"d".into()) => "storage_domain",
        storage::list_connections() => "storage_connection",
        vms::list_with_disks_and_tags() => "vm",
        vms::disk_attachments(&"v".into()) => "disk_attachment",
        disks::list() => "disk",
        events::newest(1) => "event",
        jobs::list() => "job",
        tags::list() => "tag",
    }
    all! { true:
        hosts::get(&"h".into()),
        clusters::get(&"c".into()),
        data_centers::get(&"d".into()),
        storage::get_domain(&"s".into()),
        storage::get_connection(&"c".into()),
        vms::get(&"v".into()),
        disks::get(&"d".into()),
        jobs::get(&"j".into()),
        Request::get_raw("anything"),
    }
    let place = storage::ConnectionPlace::File { address: None, path: "/x".to_owned() };
    all! { false:
        hosts::fence(&"h".into(), &FenceType::Status),
        hosts::set_power_management(&"h".into(), false, None),
        data_centers::activate_storage_domain(&"d".into(), &"s".into()),
        storage::repoint_connection(&"c".into(), &place),
        storage::delete_connection(&"c".into()),
        vms::start(&"v".into()),
        vms::set_high_availability(&"v".into(), true, Some(1)),
        events::add("us", &Severity::Normal, 1, "x"),
        tags::create("x", "y"),
        tags::delete(&"t".into()),
    }
    if let Ok(policy) = clusters::FencingPolicy::from_value(serde_json::json!({ "enabled": "true" })) {
        holds(&client.send(clusters::set_fencing_policy(&"c".into(), &policy)).await, answer, false);
    }
    login(answer).await;
}

/// The answer as that of the token endpoint, of the first use of a token, and of the log-out.
async fn login(answer: &Answer) {
    let usual = Answers::behind_a_login(Answer::json("{}"));
    let at_the_token = Answers { token: answer.clone(), ..usual.clone() }.client();
    if at_the_token.send(hosts::list()).await.is_ok() {
        let document: Value = serde_json::from_slice(&answer.2).expect("only JSON holds a token");
        assert!(answer.0 == 200 && !document["access_token"].is_null(), "logged in by {document}");
    }
    let at_first_use = Answers { root: answer.clone(), ..usual.clone() }.client();
    assert_eq!(at_first_use.send(hosts::list()).await.is_ok(), answer.0 == 200);
    let client = Answers { rest: answer.clone(), ..usual }.client();
    let _ = client.send(root::get()).await;
    let _ = client.log_out().await;
}

/// What every result holds, whatever the answer was.
fn holds<T>(result: &Result<T, Error>, Answer(status, content_type, body): &Answer, is_read: bool) {
    let shown = || format!("HTTP {status} {content_type:?} {:?}", String::from_utf8_lossy(body));
    let Err(error) = result else {
        assert!((200..300).contains(status), "a success: {}", shown());
        return;
    };
    let text = format!("{error} {error:?}");
    assert!(text.chars().count() < 12_000 && !text.contains("hunter2"), "{text}");
    let effect = error.what_the_engine_may_have_done();
    let _ = error.may_pass();
    if is_read {
        assert_eq!(effect, EngineEffect::Nothing, "{}", shown());
    } else if (200..300).contains(status) {
        assert_eq!(effect, EngineEffect::MaybeApplied, "{}", shown());
    }
}

/// A list that was read has as many elements as the answer has.
fn is_whole<T>(result: &Result<Listing<T>, Error>, Answer(_, _, body): &Answer, member: &str) {
    let Ok(listing) = result else { return };
    let found = listing.items.len() + listing.unreadable.len();
    match serde_json::from_slice::<Value>(body) {
        Ok(document) => {
            let there = document.get(member).and_then(Value::as_array).map_or(0, Vec::len);
            assert_eq!(found, there, "{member} in {document}");
            assert!(document.is_object(), "{member} in {document}");
        }
        // A number that is too large for a value may stand in what is skipped.
        Err(_) => drop(serde_json::from_slice::<serde::de::IgnoredAny>(body).expect("JSON")),
    }
}

/// A file of the corpus with one to four wounds. The same seed always makes the same bytes.
fn damaged(files: &[Bytes], seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut bytes = dice.one_of(files).to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(24)).min(bytes.len());
        match dice.below(6) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                let place = dice.below(bytes.len() + 1);
                bytes.splice(place..place, again);
            }
            3 => {
                let other = dice.one_of(files);
                let from = dice.below(other.len() + 1);
                bytes.splice(at..end, other[from..].iter().copied().take(200));
            }
            4 => bytes.truncate(at),
            _ => {
                let piece = dice.one_of(&PIECES);
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
    bytes
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    /// A number below `limit`, which is not zero.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let limit = u64::try_from(limit).expect("small");
        usize::try_from((mixed ^ (mixed >> 31)) % limit).expect("small")
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
