//! The replica at the new site made writable by the administrator's hook.

use dr_core::{Outcome, RefusedClass};
use serde_json::json;

use super::ended::{failed, wrong_state};
use super::{Ended, Executor, StepContext};
use crate::ports::HookEnd;

impl Executor {
    pub(super) async fn promote(&self, site: &str, context: &StepContext) -> Ended {
        let Some(hook) = &context.hook else {
            return Err(not_run(format!("the plan has no promotion hook for {site}")));
        };
        let input = json!({
            "v": 1,
            "action": "promote",
            "plan": context.plan,
            "epoch": context.epoch,
            "site": site,
            "correlation_id": context.correlation_id,
        });
        Ok(match self.hooks.run(&hook.path, hook.timeout, input.to_string()).await {
            HookEnd::Done => Outcome::Done,
            HookEnd::NotYet(line) => wrong_state(format!("not yet: {line}")),
            HookEnd::Failed(text) => failed(text),
            HookEnd::NotRun(text) => not_run(text),
        })
    }
}

/// Nothing was done: the way back stays free.
fn not_run(text: String) -> Outcome {
    Outcome::Refused { class: RefusedClass::Other, text }
}
