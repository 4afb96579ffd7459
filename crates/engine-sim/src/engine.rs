//! The engine as its callers hold it: a cheap handle that answers requests and suffers what one does to it.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::Notify;

use crate::clock::EngineClock;
use crate::fault::FaultRule;
use crate::faulty::page;
use crate::http::{Answer, Call, Finish, Reply, route};
use crate::sso::Sso;
use crate::state::{Database, Mutation, Phase, State};
use crate::world::{Reach, SimTime, Ticket, Violation, World};

/// What one engine is like apart from its world.
#[derive(Clone)]
pub struct Settings {
    /// The one account, `user@profile`.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Engine time per tokio time; 1.0 is real time.
    pub speed: f64,
    /// Decides tokens and correlation ids.
    pub seed: u64,
    /// A restart: connections are refused this long (engine time, ms) ...
    pub restart_refused: u64,
    /// ... then accepted and held this long.
    pub restart_held: u64,
    /// How long the engine goes on with dead pooled connections after its database is back (engine time, ms).
    pub database_recovery: u64,
}

impl Default for Settings {
    /// `admin@internal` with password `secret`, real time, times as seen on a running engine.
    fn default() -> Settings {
        Settings {
            user: "admin@internal".to_owned(),
            password: "secret".to_owned(),
            speed: 1.0,
            seed: 1,
            restart_refused: 8_000,
            restart_held: 13_600,
            database_recovery: 376_000,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("user", &self.user).field("speed", &self.speed).finish_non_exhaustive()
    }
}

/// What a caller gets for a request.
#[derive(Debug)]
pub enum Served {
    /// An answer.
    Response(Response<Bytes>),
    /// Nobody listens: nothing was sent.
    Refused,
    /// The connection broke before an answer; the request may have had its effect.
    Reset,
    /// An answer whose body ends in the middle. Its `Content-Length` is that of the whole body.
    Cut(Response<Bytes>),
}

/// A simulated engine. Clones are the same engine.
///
/// Time passes with tokio's clock: under a paused clock nothing happens between requests but what `sleep` skips.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    clock: Mutex<EngineClock>,
    /// Wakes blocked requests when the speed changes or the engine goes down.
    stirred: Notify,
    settings: Settings,
}

/// How long a request is looked at again when the world cannot say when it is due.
const NEXT_LOOK_MS: u64 = 1;

impl Engine {
    /// An engine over `world`, running. Its time begins now; call it inside a tokio runtime.
    pub fn new(world: World, settings: Settings) -> Engine {
        let sso = Sso::new(&settings.user, &settings.password, settings.seed);
        let clock = EngineClock::new(settings.speed);
        let state = State::new(world, sso, settings.seed);
        Engine {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                clock: Mutex::new(clock),
                stirred: Notify::new(),
                settings,
            }),
        }
    }

    /// Answers one request as the engine would, in as much (scaled) time. A caller that drops the future does not stop
    /// a command that has begun.
    pub async fn handle(&self, request: Request<Bytes>) -> Served {
        let mut call = Call::of(request);
        if !self.wait_until_served().await {
            return Served::Refused;
        }
        {
            let mut state = self.now();
            call.arrived = state.world.now.0;
            call.fault = state.faults.strike(&call.method, &call.path);
        }
        match call.fault.clone() {
            None => self.answer(call).await.map_or(Served::Reset, |answer| Served::Response(answer.into_response())),
            Some(fault) => self.answer_with_fault(call, fault).await,
        }
    }

    /// Answers one request, a broken connection becoming a 503 page: for callers that want a response in any case.
    pub async fn respond(&self, request: Request<Bytes>) -> Response<Bytes> {
        match self.handle(request).await {
            Served::Response(response) | Served::Cut(response) => response,
            Served::Refused | Served::Reset => page(503).into_response(),
        }
    }

    /// Whether connections are refused right now.
    pub fn refuses_connections(&self) -> bool {
        let state = self.now();
        match state.phase {
            Phase::Running => false,
            Phase::Starting { refused_until, up_at: _ } => state.world.now.0 < refused_until,
            Phase::Stopped => true,
        }
    }

    /// Engine time in milliseconds since it was made.
    pub fn time(&self) -> u64 {
        self.clock().now()
    }

    /// What the engine's own clock shows, in milliseconds since 1970.
    pub(crate) fn wall_clock(&self) -> u64 {
        let state = self.now();
        state.world.options.epoch_ms + state.world.now.0
    }

    /// Sets how fast engine time passes from now on.
    pub fn set_speed(&self, speed: f64) {
        self.clock().set_speed(speed);
        self.shared.stirred.notify_waiters();
    }

    /// How fast engine time passes.
    pub fn speed(&self) -> f64 {
        self.clock().speed()
    }

    /// Reads or changes the world at the present instant: disasters, assertions, violations.
    pub fn world<T>(&self, with: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.now();
        let result = with(&mut state.world);
        state.world.revision += 1;
        drop(state);
        self.shared.stirred.notify_waiters();
        result
    }

    /// Only reads the world at the present instant, for whoever looks again and again: answers that were given before stay good. Blocked
    /// requests are woken as by [`Engine::world`].
    pub fn look<T>(&self, with: impl FnOnce(&World) -> T) -> T {
        let seen = with(&self.now().world);
        self.shared.stirred.notify_waiters();
        seen
    }

    /// Stops the engine process and starts it again: refused, then held, then served; sessions and locks are gone.
    pub fn restart(&self) {
        let mut state = self.now();
        let refused_until = state.world.now.0 + self.shared.settings.restart_refused;
        let up_at = refused_until + self.shared.settings.restart_held;
        state.go_down(Phase::Starting { refused_until, up_at });
        drop(state);
        self.shared.stirred.notify_waiters();
    }

    /// Stops the engine process until [`Engine::start`].
    pub fn stop(&self) {
        self.now().go_down(Phase::Stopped);
        self.shared.stirred.notify_waiters();
    }

    /// Starts a stopped engine; it serves after the usual time of holding.
    pub fn start(&self) {
        let mut state = self.now();
        if state.phase == Phase::Stopped {
            let now = state.world.now.0;
            state.phase = Phase::Starting { refused_until: now, up_at: now + self.shared.settings.restart_held };
        }
        drop(state);
        self.shared.stirred.notify_waiters();
    }

    /// Stops the engine's database, or starts it; after a start the engine's connections stay dead for a while.
    pub fn set_database(&self, up: bool) {
        let mut state = self.now();
        let until = state.world.now.0 + self.shared.settings.database_recovery;
        state.database = match (up, state.database) {
            (false, _) => Database::Down,
            (true, Database::Up) => Database::Up,
            (true, Database::Down | Database::Recovering { until: _ }) => Database::Recovering { until },
        };
    }

    /// Adds a fault rule; one of the same name is replaced.
    pub fn add_fault(&self, rule: FaultRule) {
        self.now().faults.add(rule);
    }

    /// Removes a fault rule; an unknown name is fine.
    pub fn remove_fault(&self, name: &str) {
        self.now().faults.remove(name);
    }

    /// Removes all fault rules and what they froze.
    pub fn clear_faults(&self) {
        let mut state = self.now();
        state.faults.clear();
        state.frozen.clear();
    }

    /// The rules in force.
    pub fn faults(&self) -> Vec<FaultRule> {
        self.now().faults.rules()
    }

    /// The mutating requests that reached the API (logged in, whatever they were answered), oldest first.
    pub fn mutations(&self) -> Vec<Mutation> {
        self.now().mutations.clone()
    }

    /// The same without the first `seen` of them: for whoever looks again and again.
    pub fn mutations_after(&self, seen: usize) -> Vec<Mutation> {
        self.now().mutations.get(seen..).unwrap_or_default().to_vec()
    }

    /// What must never have happened and did.
    pub fn violations(&self) -> Vec<Violation> {
        self.now().world.violations().to_vec()
    }

    /// What a TCP probe of this address sees now.
    pub fn probe(&self, address: &str, port: u16) -> Reach {
        self.now().world.reachable(address, port)
    }

    /// Ends all login sessions, as an administrator can.
    pub fn forget_sessions(&self) {
        self.now().sso.forget_all();
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.now().sso.sessions()
    }

    /// Sets the certificate that `pki-resource` serves.
    pub fn set_ca_pem(&self, pem: &str) {
        self.now().ca_pem = pem.to_owned();
    }

    /// The state, brought up to the present instant.
    pub(crate) fn now(&self) -> MutexGuard<'_, State> {
        let now = self.clock().now();
        let mut state = self.shared.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.advance_to(now);
        state
    }

    fn clock(&self) -> MutexGuard<'_, EngineClock> {
        self.shared.clock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Sleeps until engine time `due`, or until something stirs.
    async fn sleep_until(&self, due: u64) {
        let stirred = self.shared.stirred.notified();
        let at = self.clock().instant_of(due);
        tokio::select! {
            () = tokio::time::sleep_until(at) => {}
            () = stirred => {}
        }
    }

    pub(crate) async fn sleep_for(&self, milliseconds: u64) {
        let due = self.time() + milliseconds;
        while self.time() < due {
            self.sleep_until(due).await;
        }
    }

    /// Waits while a starting engine holds its connections; false if it refuses them.
    async fn wait_until_served(&self) -> bool {
        loop {
            let phase = self.now().phase;
            match phase {
                Phase::Running => return true,
                Phase::Stopped => return false,
                Phase::Starting { refused_until, up_at: _ } if self.time() < refused_until => return false,
                Phase::Starting { refused_until: _, up_at } => self.sleep_until(up_at).await,
            }
        }
    }

    /// The answer, after the time it takes; `None` if the engine went down meanwhile.
    pub(crate) async fn answer(&self, mut call: Call) -> Option<Answer> {
        let (reply, life) = {
            let mut state = self.now();
            let life = state.lives;
            state.world.asked_at = Some(SimTime(call.arrived));
            let reply = route(&mut state, &mut call);
            state.world.asked_at = None;
            (reply, life)
        };
        let answer = match reply {
            Reply::Now(answer) => answer,
            Reply::Later(delay, answer) => {
                self.sleep_for(delay).await;
                answer
            }
            Reply::Blocked(ticket, finish) => return self.wait_for(ticket, finish, life).await,
        };
        Some(answer)
    }

    async fn wait_for(&self, ticket: Ticket, finish: Finish, life: u64) -> Option<Answer> {
        loop {
            let due = {
                let mut state = self.now();
                if state.lives != life {
                    return None;
                }
                if let Some(result) = state.world.take(ticket) {
                    return Some(finish(&state, result));
                }
                state.world.due(ticket)?.0.max(state.world.now.0 + NEXT_LOOK_MS)
            };
            self.sleep_until(due).await;
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}
