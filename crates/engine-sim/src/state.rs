//! Everything an engine process and its database hold, behind the one lock of [`Engine`](crate::Engine).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fault::{FaultKind, Faults};
use crate::http::{Answer, Answered, Frame, Root, Texts};
use crate::sso::Sso;
use crate::world::{Host, SimTime, Vm, World};

/// One mutating request that reached the API, in order of arrival.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mutation {
    /// Engine time of arrival, ms.
    pub at: u64,
    /// `POST`, `PUT` or `DELETE`.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// The correlation id the engine used.
    pub correlation_id: String,
}

/// Whether the engine process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Connections are refused until the first instant, accepted and held until the second.
    Starting {
        refused_until: u64,
        up_at: u64,
    },
    /// Stopped until somebody starts it.
    Stopped,
}

/// Whether the engine's database answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Up,
    Down,
    /// It is back, but the engine's pooled connections are dead until this instant.
    Recovering {
        until: u64,
    },
}

pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) sso: Sso,
    pub(crate) faults: Faults,
    pub(crate) phase: Phase,
    pub(crate) database: Database,
    pub(crate) mutations: Vec<Mutation>,
    /// Reads frozen by a `stale_read` rule, by path and query.
    pub(crate) frozen: BTreeMap<String, Answer>,
    pub(crate) ca_pem: String,
    /// What the list of VMs was last written as.
    pub(crate) vm_texts: Texts<Vm>,
    /// The texts of the newest list of hosts.
    pub(crate) host_texts: Texts<Host>,
    /// The newest root document.
    pub(crate) root: Option<Root>,
    /// Answers whose world has not changed since.
    pub(crate) answered: Answered,
    /// How many restarts there were; a blocked request of an earlier life never gets its answer.
    pub(crate) lives: u64,
    requests: u64,
    seed: u64,
}

impl State {
    pub(crate) fn new(world: World, sso: Sso, seed: u64) -> State {
        State {
            world,
            sso,
            faults: Faults::default(),
            phase: Phase::Running,
            database: Database::Up,
            mutations: Vec::new(),
            frozen: BTreeMap::new(),
            ca_pem: String::new(),
            vm_texts: Texts::default(),
            host_texts: Texts::default(),
            root: None,
            answered: Answered::default(),
            lives: 1,
            requests: 0,
            seed,
        }
    }

    /// Lets the world run up to engine time `now`, and the engine come back if its start is due.
    pub(crate) fn advance_to(&mut self, now: u64) {
        if let Phase::Starting { refused_until: _, up_at } = self.phase
            && up_at <= now
        {
            self.world.advance_to(SimTime(up_at));
            self.come_up();
        }
        self.world.advance_to(SimTime(now));
        if matches!(self.database, Database::Recovering { until } if until <= now) {
            self.database = Database::Up;
        }
    }

    /// The engine process is there again: sessions and pooled connections are new.
    pub(crate) fn come_up(&mut self) {
        self.world.revision += 1;
        self.world.start_engine();
        self.phase = Phase::Running;
        if matches!(self.database, Database::Recovering { until: _ }) {
            self.database = Database::Up;
        }
    }

    /// The engine process goes: blocked requests, locks and sessions with it.
    pub(crate) fn go_down(&mut self, phase: Phase) {
        if self.phase == Phase::Running {
            self.world.stop_engine();
        }
        self.world.revision += 1;
        self.sso.forget_all();
        self.lives += 1;
        self.phase = phase;
    }

    pub(crate) fn frame(&self, api: &'static str) -> Frame {
        Frame { api, epoch_ms: self.world.options.epoch_ms }
    }

    /// Whether this request finds the database dead.
    pub(crate) fn database_is_down(&self, fault: Option<&FaultKind>) -> bool {
        self.database != Database::Up || fault == Some(&FaultKind::DatabaseDown)
    }

    /// A correlation id for a request that brings none: a UUID that follows from seed and number.
    pub(crate) fn next_correlation_id(&mut self) -> String {
        self.requests += 1;
        let high = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.requests.wrapping_mul(0xD1B5_4A32_D192_ED03);
        let low = high.rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9) ^ self.requests;
        // Each request of a night has one: formatting machinery would cost more than many an answer.
        let mut id = String::with_capacity(36);
        for (before, value, digits) in [
            ("", high >> 32, 8),
            ("-", (high >> 16) & 0xffff, 4),
            ("-4", high & 0xfff, 3),
            ("-8", low >> 52, 3),
            ("-", low & 0xffff_ffff_ffff, 12),
        ] {
            id.push_str(before);
            for digit in (0..digits).rev() {
                id.push(char::from(b"0123456789abcdef"[((value >> (4 * digit)) & 0xf) as usize]));
            }
        }
        id
    }
}
