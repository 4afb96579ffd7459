//! What the loop minds beside its engine: other plans for the same one, and the clock.

use std::time::Duration;

use dr_core::{Decision, Entry};

use crate::report::Level;

use super::PlanLoop;

/// The wall clock may run away from ours this far, in milliseconds, before it counts as a jump.
const CLOCK_MAY_DRIFT: u64 = 5 * 60 * 1000;

impl PlanLoop {
    /// Another plan speaks to the same engine: whatever was decided, nothing is done.
    pub(super) fn mind_twins(&self, decision: &mut Decision) {
        let engine = self.observed.as_ref().and_then(|observed| observed.engine.seen());
        let Some(engine) = engine else { return };
        let plans = self.ports.twins.claim(&self.name, &engine.instance_id);
        if !plans.is_empty() {
            decision.refusals.push(dr_core::Refusal::SharedEngine { plans });
            decision.steps.clear();
            decision.closing = None;
        }
    }

    /// The wall clock jumped: what was measured and said before counts no more.
    pub(super) async fn mind_the_clock(&mut self) {
        let Some(offset) = self.ports.clock.wall_offset() else { return };
        let by_ms = offset - self.wall_offset;
        if by_ms.unsigned_abs() <= CLOCK_MAY_DRIFT {
            return;
        }
        // Nothing is void before that is journalled: what could not be written is tried again in the next round.
        if !self.write(vec![Entry::ClockJumped { by_ms }]).await {
            return;
        }
        self.wall_offset = offset;
        let by = Duration::from_millis(by_ms.unsigned_abs());
        let way = if by_ms > 0 { "ahead" } else { "back" };
        let text = format!(
            "the clock jumped {way} by {}: evidence and confirmations of before are void",
            crate::story::said(by)
        );
        self.tell(vec![self.story.say(self.now(), Level::Warning, text)]);
    }
}
