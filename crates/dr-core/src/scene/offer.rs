//! How a step is offered: never beside another one on the same object, and never sooner than its last try allows.

use std::time::Duration;

use crate::{Decision, Outcome, Refusal, RefusedClass, Step, StepKey, StepKind, Wait};

use super::Scene;

/// What the engine took shows in the next read. If it does not (hosts.md 0.9), the step is not repeated sooner than this.
const TAKEN_SHOWS: Duration = Duration::from_secs(10);

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
        if self.transition.done.get(&key).is_some_and(|at| self.now.since(*at) < TAKEN_SHOWS) {
            let text = "the engine took it, and does not show it yet".to_owned();
            decision.waits.push(Wait::Retry { step: step.to_string(), tries: 1, text });
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
            // A machine that no host may run is refused for good: hundreds of them must not be asked for every few seconds.
            let pause = if key.kind == StepKind::StartVm { tries.doubled() } else { tries.pause() };
            if self.now.since(tries.last) < pause {
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
