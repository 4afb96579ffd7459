//! How a step is offered: never beside another one on the same object, and never sooner than its last failure allows.

use crate::{Decision, Outcome, Refusal, RefusedClass, Step, StepKey, StepKind, Wait};

use super::Scene;

impl Scene<'_> {
    /// Offers a step, unless one is in flight on the same object or its last try was too short ago.
    pub(crate) fn offer(&self, decision: &mut Decision, step: Step) -> bool {
        let key = step.key();
        let busy = lane(key.kind)
            .iter()
            .any(|kind| self.memory.in_flight.contains_key(&StepKey { kind: *kind, object: key.object.clone() }));
        if busy {
            return false;
        }
        if let Some(tries) = self.transition.tries.get(&key) {
            let text = tries.outcome.text().unwrap_or_default().to_owned();
            if let Outcome::Refused { class: RefusedClass::NoPermission, .. } = &tries.outcome {
                decision.refusals.push(Refusal::NoPermission { step: step.to_string(), text });
            } else if key.kind != StepKind::Promote {
                // How a promotion goes is said by whoever offers it.
                decision.waits.push(Wait::Retry { step: step.to_string(), tries: tries.count, text });
            }
            if self.now.since(tries.last) < tries.pause() {
                return false;
            }
        }
        decision.steps.push(step);
        true
    }
}

/// Kinds of steps that must not run side by side on one object. Power management is written beside a confirmation: the engine locks neither.
fn lane(kind: StepKind) -> &'static [StepKind] {
    match kind {
        StepKind::SuspendFencing | StepKind::RestoreFencing => &[StepKind::SuspendFencing, StepKind::RestoreFencing],
        StepKind::SuspendPowerManagement | StepKind::RestorePowerManagement => {
            &[StepKind::SuspendPowerManagement, StepKind::RestorePowerManagement]
        }
        StepKind::Activate | StepKind::ConfirmRebooted | StepKind::Park => {
            &[StepKind::Activate, StepKind::ConfirmRebooted, StepKind::Park]
        }
        StepKind::Promote => &[StepKind::Promote],
        StepKind::Repoint => &[StepKind::Repoint],
        StepKind::StartVm => &[StepKind::StartVm],
    }
}
