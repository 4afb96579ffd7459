//! Steps taken: debts and intents journalled first, then requests side by side beside the loop.

use std::sync::Arc;

use dr_core::{Decision, Entry, Step, Time};
use dr_plan::{Plan, Promote, SiteName};

use crate::execute::{PromoteHook, StepContext};

use super::{Ended, PlanLoop};

impl PlanLoop {
    /// Takes as many of the decided steps as the plan's limit leaves room for; the rest is decided anew in the next pass.
    pub(super) async fn act(&mut self, plan: &Plan, decision: &Decision, now: Time) {
        let free = (plan.policy.parallel as usize).saturating_sub(self.memory.in_flight.len());
        let steps: Vec<Step> = decision.steps.iter().take(free).cloned().collect();
        let (Some(transition), Some(engine)) = (&self.memory.transition, &self.engine) else { return };
        if steps.is_empty() {
            return;
        }
        let epoch = transition.epoch;
        let executor = Arc::clone(&engine.executor);
        let hook = promote_hook(plan, &transition.to, &self.dir);
        let mut entries = Vec::new();
        let mut contexts = Vec::new();
        for (id, step) in (self.memory.last_intent + 1..).zip(&steps) {
            let correlation_id = format!("ovirt-dr-{epoch}-{id}");
            entries.extend(step.debt());
            entries.push(Entry::Intent { id, epoch, step: step.clone(), correlation_id: correlation_id.clone() });
            contexts.push((id, StepContext { plan: self.name.clone(), epoch, correlation_id, hook: hook.clone() }));
        }
        if !self.write(entries).await {
            return;
        }
        let lines = self.story.begins(now, &steps);
        self.tell(lines);
        for (step, (id, context)) in steps.into_iter().zip(contexts) {
            let (executor, ends) = (Arc::clone(&executor), self.ends.clone());
            let clock = self.ports.clock.clone();
            self.flying.spawn(async move {
                let began = clock.now();
                let outcome = executor.execute(&step, &context).await;
                let took = clock.now().since(began);
                // The loop is gone only when the daemon ends; the journal still has the intent.
                let _ = ends.send(Ended { id, step, outcome, took });
            });
        }
    }
}

fn promote_hook(plan: &Plan, to: &str, dir: &std::path::Path) -> Option<PromoteHook> {
    match &plan.sites.get(&SiteName(to.to_owned()))?.promote {
        Promote::Hook { path, timeout } => Some(PromoteHook { path: dir.join(path), timeout: *timeout }),
        Promote::Nothing | Promote::Confirm => None,
    }
}
