//! The edges of a rig that can fail on demand: hooks, and the places where a daemon may be killed.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use dr_core::invariants::Invariant;
use dr_core::planted::breaks;
use dr_core::{Answer, Entry, Stamped, Time};
use dr_daemon::{HookEnd, Hooks, Journal, JournalError, MemoryJournal, Prober};
use dr_plan::Probe;
use futures::future::BoxFuture;
use ovirt_client::{Transport, TransportError};
use ovirt_dr::rehearsal::{PASSWORD, SimHooks, SimProber, SimTransport};
use tokio::sync::Notify;

/// Where a daemon is killed, counted from the moment this was armed, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Before its n-th append to the journal is written.
    BeforeAppend(usize),
    /// After its n-th append is durable, before it hears of it.
    AfterAppend(usize),
    /// Before its n-th request that changes something leaves.
    BeforeRequest(usize),
    /// After its n-th such request had its effect, before it hears the answer.
    AfterRequest(usize),
    /// At its n-th read of the engine, before that leaves.
    AtRead(usize),
    /// After its n-th append or request that changes something, whichever comes, before it hears of it.
    AfterAny(usize),
}

impl CrashPoint {
    /// How many more of its kind there are until it strikes, and the point as it is when one has passed.
    fn counts(self, kind: fn(usize) -> CrashPoint) -> Option<(usize, CrashPoint)> {
        let (n, of): (usize, fn(usize) -> CrashPoint) = match self {
            CrashPoint::BeforeAppend(n) => (n, CrashPoint::BeforeAppend),
            CrashPoint::AfterAppend(n) => (n, CrashPoint::AfterAppend),
            CrashPoint::BeforeRequest(n) => (n, CrashPoint::BeforeRequest),
            CrashPoint::AfterRequest(n) => (n, CrashPoint::AfterRequest),
            CrashPoint::AtRead(n) => (n, CrashPoint::AtRead),
            CrashPoint::AfterAny(n) => (n, CrashPoint::AfterAny),
        };
        let passed = kind(n);
        let any = matches!(self, CrashPoint::AfterAny(_))
            && matches!(passed, CrashPoint::AfterAppend(_) | CrashPoint::AfterRequest(_));
        (passed == self || any).then(|| (n, of(n.saturating_sub(1))))
    }
}

/// What a daemon did at its edges, in the words of whoever reads of a crash there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passed {
    /// Appends to the journal: the first entry, shortened, and how many more.
    pub(crate) appends: Vec<String>,
    /// How many entries each append had.
    pub(crate) entries: Vec<usize>,
    /// Requests that change something: method and path.
    pub(crate) changes: Vec<String>,
    /// Reads of the engine: their paths.
    pub(crate) reads: Vec<String>,
}

/// The trap that stops a daemon at a crash point.
#[derive(Debug, Default)]
pub(crate) struct Crash {
    armed: Mutex<Option<CrashPoint>>,
    /// What was passed since somebody wanted to know; none if nobody does.
    passed: Mutex<Option<Passed>>,
    struck: Notify,
    /// Appends that still succeed before the disk is full; none while there is room.
    room: Mutex<Option<usize>>,
    filled: Notify,
    /// Nothing that leaves the daemon's machine arrives, and no answer comes back.
    cut_off: AtomicBool,
}

impl Crash {
    pub(crate) fn cut_off(&self, cut: bool) {
        self.cut_off.store(cut, Ordering::Relaxed);
    }

    fn is_cut_off(&self) -> bool {
        self.cut_off.load(Ordering::Relaxed)
    }

    /// From now on it is noted what is passed.
    pub(crate) fn count_passed(&self) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Passed::default());
    }

    pub(crate) fn passed(&self) -> Passed {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    fn note(&self, note: impl FnOnce(&mut Passed)) {
        if let Some(passed) = self.passed.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            note(passed);
        }
    }

    /// The disk is full from the n-th append on, counted from now and from 1; without a number there is room.
    pub(crate) fn fills_at(&self, append: Option<usize>) {
        *self.room.lock().unwrap_or_else(PoisonError::into_inner) = append.map(|n| n.saturating_sub(1));
    }

    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// What SQLite says of a full disk, as the real journal passes it on.
    fn take_room(&self) -> Result<(), JournalError> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        match *room {
            None => Ok(()),
            Some(0) => {
                self.filled.notify_one();
                let text =
                    "database or disk is full; the disk is full: make room; the daemon goes on by itself".to_owned();
                Err(JournalError { place: "in memory".to_owned(), text })
            }
            Some(n) => {
                *room = Some(n - 1);
                Ok(())
            }
        }
    }

    pub(crate) fn arm(&self, point: CrashPoint) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some(point);
    }

    pub(crate) fn disarm(&self) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) async fn struck(&self) {
        self.struck.notified().await;
    }

    /// Counts one event of this kind; at the armed one, nothing goes on here any more.
    async fn pass(&self, kind: fn(usize) -> CrashPoint) {
        let struck = {
            let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
            match armed.and_then(|point| point.counts(kind)) {
                Some((0 | 1, _)) => {
                    *armed = None;
                    true
                }
                Some((_, left)) => {
                    *armed = Some(left);
                    false
                }
                None => false,
            }
        };
        if struck {
            self.struck.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// The journal in memory, with crash points around each append.
pub(crate) struct RigJournal {
    pub(crate) kept: Arc<MemoryJournal>,
    pub(crate) crash: Arc<Crash>,
}

impl Journal for RigJournal {
    fn append<'a>(
        &'a self,
        plan: &'a str,
        entries: Vec<(Time, Entry)>,
    ) -> BoxFuture<'a, Result<Vec<u64>, JournalError>> {
        Box::pin(async move {
            self.crash.note(|passed| {
                passed.appends.push(in_short(&entries));
                passed.entries.push(entries.len());
            });
            self.crash.pass(CrashPoint::BeforeAppend).await;
            self.crash.take_room()?;
            let written = self.kept.append(plan, entries).await;
            self.crash.pass(CrashPoint::AfterAppend).await;
            written
        })
    }

    fn read<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<Stamped>, JournalError>> {
        self.kept.read(plan)
    }

    fn plans(&self) -> BoxFuture<'_, Result<Vec<String>, JournalError>> {
        self.kept.plans()
    }
}

/// The first entry in at most 60 letters, and how many come with it.
fn in_short(entries: &[(Time, Entry)]) -> String {
    let first = entries.first().map(|(_, entry)| format!("{entry:?}")).unwrap_or_default();
    let first: String = first.chars().take(60).collect();
    match entries.len() {
        0 | 1 => first,
        more => format!("{first}, and {} more", more - 1),
    }
}

/// The way into the simulated engine, with crash points around each request that changes something.
pub(crate) struct RigTransport {
    pub(crate) inner: SimTransport,
    pub(crate) crash: Arc<Crash>,
}

impl Transport for RigTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let changes = request.method() != http::Method::GET && !request.uri().path().contains("/sso/");
        Box::pin(async move {
            if self.crash.is_cut_off() {
                return std::future::pending().await;
            }
            if request.method() == http::Method::GET {
                self.crash.note(|passed| passed.reads.push(request.uri().path().to_owned()));
                self.crash.pass(CrashPoint::AtRead).await;
            }
            if !changes {
                return self.heard(self.inner.send(request).await).await;
            }
            let what = || format!("{} {}", request.method(), request.uri().path());
            self.crash.note(|passed| passed.changes.push(what()));
            self.crash.pass(CrashPoint::BeforeRequest).await;
            let answer = self.inner.send(request).await;
            self.crash.pass(CrashPoint::AfterRequest).await;
            self.heard(answer).await
        })
    }
}

impl RigTransport {
    /// The answer, unless the daemon was cut off meanwhile.
    async fn heard<T>(&self, answer: T) -> T {
        if self.crash.is_cut_off() { std::future::pending().await } else { answer }
    }
}

/// The way to the addresses that are evidence.
pub(crate) struct RigProber {
    pub(crate) inner: SimProber,
    pub(crate) crash: Arc<Crash>,
}

impl Prober for RigProber {
    fn probe<'a>(&'a self, probe: &'a Probe) -> BoxFuture<'a, Answer> {
        if self.crash.is_cut_off() { Box::pin(async { Answer::Silent }) } else { self.inner.probe(probe) }
    }
}

/// The simulated hooks, or a failure.
pub(crate) struct RigHooks {
    pub(crate) works: SimHooks,
    pub(crate) fails: Mutex<Option<String>>,
}

impl Hooks for RigHooks {
    fn run<'a>(&'a self, path: &'a Path, timeout: Duration, input: String) -> BoxFuture<'a, HookEnd> {
        let fails = self.fails.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match fails {
            // Leaked from outside, so that no code of the daemon ever says a secret, not even on purpose.
            _ if breaks(Invariant::I12) => {
                Box::pin(async move { HookEnd::Failed(format!("login with {PASSWORD} refused")) })
            }
            Some(text) => Box::pin(async move { HookEnd::Failed(text) }),
            None => self.works.run(path, timeout, input),
        }
    }
}
