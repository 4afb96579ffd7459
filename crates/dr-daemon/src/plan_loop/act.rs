//! Steps taken: debts and intents journalled first, then requests side by side beside the loop.

use std::sync::Arc;

use dr_core::invariants::{self, Breach, Invariant};
use dr_core::planted::breaks;
use dr_core::{Decision, Entry, Outcome, Step, Time};
use dr_plan::{Plan, Promote, SiteName};

use crate::execute::{PromoteHook, StepContext};
use crate::report::Level;

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
            if !breaks(Invariant::I4) {
                entries.extend(step.debt());
            }
            entries.push(Entry::Intent { id, epoch, step: step.clone(), correlation_id: correlation_id.clone() });
            contexts.push((id, StepContext { plan: self.name.clone(), epoch, correlation_id, hook: hook.clone() }));
        }
        if breaks(Invariant::I5) {
            entries.retain(|entry| !matches!(entry, Entry::Intent { .. }));
        }
        if !self.write(entries).await {
            return;
        }
        if let Err(breach) = self.judge_steps(plan, &steps, now) {
            self.breached(breach, &contexts, now).await;
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

impl PlanLoop {
    /// Each step once more, apart from whoever decided it, now that its debt and intent are journalled.
    fn judge_steps(&mut self, plan: &Plan, steps: &[Step], now: Time) -> Result<(), Breach> {
        let Some(observed) = &self.observed else {
            let text = "steps without an observation".to_owned();
            return Err(Breach { invariant: Invariant::I11, text });
        };
        invariants::frozen(plan, &self.memory, &mut self.opened_with)?;
        steps.iter().try_for_each(|step| invariants::before(step, plan, observed, &self.memory, now))
    }

    /// Nothing of these leaves, and nothing more is done for this plan until a person has looked.
    pub(super) async fn breached(&mut self, breach: Breach, contexts: &[(u64, StepContext)], now: Time) {
        let said = breach.to_string();
        let refused = Outcome::Failed { text: format!("not sent: {said}") };
        let mut entries: Vec<Entry> =
            contexts.iter().map(|(id, _)| Entry::Outcome { id: *id, outcome: refused.clone() }).collect();
        let breached = Entry::Breached { invariant: breach.invariant, text: breach.text };
        entries.push(breached.clone());
        // Also if that cannot be journalled nothing more is sent: this process remembers it, and the intents are settled after a restart.
        if !self.write(entries).await {
            self.memory.apply(now, &breached);
        }
        let text = format!(
            "{said}. Nothing was sent, and nothing more is done for this plan. This is a defect, or a world that nobody thought of: \
             look, go on by hand if you must, then: ovirt-dr resume {}",
            self.name
        );
        self.tell(vec![self.story.say(now, Level::Critical, text)]);
    }
}

fn promote_hook(plan: &Plan, to: &str, dir: &std::path::Path) -> Option<PromoteHook> {
    match &plan.sites.get(&SiteName(to.to_owned()))?.promote {
        Promote::Hook { path, timeout } => Some(PromoteHook { path: dir.join(path), timeout: *timeout }),
        Promote::Nothing | Promote::Confirm => None,
    }
}
