//! What each step asks of an engine, in which order, and what it makes of the answers.

mod fencing;
mod hosts;
mod others;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dr_core::{Outcome, RefusedClass, Step};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{Executor, PromoteHook, StepContext};
use crate::fake_engine::FakeEngine;
use crate::ports::{HookEnd, Hooks};

/// A hook that ends in one way, and what it was given.
struct OneHook(HookEnd, Arc<Mutex<Vec<String>>>);

impl Hooks for OneHook {
    fn run<'a>(&'a self, path: &'a Path, _: Duration, input: String) -> BoxFuture<'a, HookEnd> {
        self.1.lock().unwrap().push(format!("{} {input}", path.display()));
        futures::future::ready(self.0.clone()).boxed()
    }
}

fn context() -> StepContext {
    StepContext {
        plan: "erp".to_owned(),
        epoch: 7,
        correlation_id: "ovirt-dr-7-1".to_owned(),
        hook: Some(PromoteHook { path: "/etc/ovirt-dr/promote".into(), timeout: Duration::from_secs(60) }),
    }
}

/// Carries out a step; yields its outcome and what was asked, the login left out.
async fn execute(engine: &Arc<FakeEngine>, step: Step) -> (Outcome, Vec<String>) {
    let hook = Arc::new(OneHook(HookEnd::Done, Arc::default()));
    let executor = Executor::new(engine.client(), Arc::clone(engine) as _, hook);
    let outcome = executor.execute(&step, &context()).await;
    (outcome, engine.asked())
}

fn done() -> Value {
    json!({ "status": "complete" })
}

fn host(status: &str, spm: &str, total: u32) -> Value {
    json!({
        "id": "h1", "name": "a1", "status": status, "port": "54321",
        "spm": { "status": spm }, "summary": { "total": total.to_string() },
        "power_management": { "enabled": "true" },
    })
}

fn class(outcome: &Outcome) -> Option<RefusedClass> {
    if let Outcome::Refused { class, .. } = outcome { Some(*class) } else { None }
}

fn is_failed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { .. })
}

fn is_unconfirmed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unconfirmed { .. })
}
