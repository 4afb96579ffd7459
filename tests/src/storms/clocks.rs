//! Somebody sets the wall clock of the daemon's machine, in wide nights: what is drawn, and what must hold then.

use dr_core::{Confirmation, Entry, SILENCE, Stamped, StepKind, Time};

use super::dice::Dice;
use super::events::Event;
use super::storm::{End, Night};

/// These dice are not those of the rest of the night: what else happens is what happened before there were jumps. Chosen so that the nights
/// of 2046 and 18416, which are named in a test, have none.
const SALT: u64 = 0x636c_6f63_6b77;

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// What the wall clock may run away from the daemon's before that counts as a jump, in milliseconds.
const MAY_DRIFT: u64 = 300_000;

/// A pass that is under way when the clock is set has looked at the clock before; the next one must not have missed it.
const NOTICED_WITHIN: u64 = 2;

/// What a jump may cost while the daemon lives, in seconds: the silence is measured anew (60, and a round of probes), a person is asked again and
/// answers (60, and a look), and a step that meanwhile went in vain is tried again after its longest pause (60).
const COST_ALIVE: u64 = 60 + 5 + 60 + 10 + 60;

/// What it may cost more if the daemon was started under the clock that was set: whatever is waited for gets its whole time anew, and the
/// longest patience of all is that with a host which does not settle.
const COST_OF_A_START: u64 = 900;

/// A jump of the clock once all faults have stopped.
#[derive(Clone, Debug)]
pub(super) struct LateJump {
    by_ms: i64,
    while_dead: bool,
}

/// The jumps among the late events of a night, with their numbers: so many events come before these.
pub(super) fn late_jumps(late: &[(u64, Event)], before: usize) -> Vec<(usize, LateJump)> {
    let mut dead = false;
    let mut jumps = Vec::new();
    for (number, (_, event)) in (before..).zip(late) {
        dead = matches!(event, Event::Kill) || (dead && !matches!(event, Event::Restart));
        if let Event::ClockJumps(by_ms) = event {
            jumps.push((number, LateJump { by_ms: *by_ms, while_dead: dead }));
        }
    }
    jumps
}

/// The night came where it comes without these jumps, and no later than they may cost.
pub(super) fn costs(night: &Night, twin: &Night) -> Result<(), String> {
    let may = night.late_jumps.iter().map(|(_, jump)| match (jump.while_dead, jump.by_ms.unsigned_abs() > MAY_DRIFT) {
        (true, _) => COST_ALIVE + COST_OF_A_START,
        (false, true) => COST_ALIVE,
        (false, false) => 0,
    });
    let (may, late) = (may.sum::<u64>(), night.closed_after.saturating_sub(twin.closed_after));
    match (&night.end, &twin.end) {
        (_, Err(why)) => Err(format!("without the late jumps of the clock: {why}")),
        (Ok(End::Waits(why)), Ok(End::Converged | End::Closed(_))) => {
            Err(format!("after a jump of the clock it waits for ever, without it never: {why}"))
        }
        (Ok(End::Converged | End::Closed(_)), Ok(End::Converged | End::Closed(_))) if late > may => {
            Err(format!("the jumps of the clock cost {late} s, not at most {may}"))
        }
        _ => Ok(()),
    }
}

/// Adds to the events of a night, in their order. Those of the second list happen so many seconds after all faults have stopped.
pub(super) fn draw(seed: u64, events: &mut Vec<(u64, Event)>) -> Vec<(u64, Event)> {
    let mut dice = Dice(seed ^ SALT);
    if dice.percent(40) {
        for _ in 0..dice.roll(1, 3) {
            let (at, jump) = (dice.roll(0, 900), jump(&mut dice));
            if dice.percent(30) {
                while_dead(&mut dice, at, jump, events);
            } else {
                events.push((at, jump));
                events.sort_by_key(|(at, _)| *at);
            }
        }
    }
    if dice.percent(10) {
        let (at, by_ms) = (dice.roll(0, 600), size(&mut dice));
        let rule = format!(r#"{{"fault":{{"name":"clock","path":"","kind":{{"clock_skew":{by_ms}}}}}}}"#);
        events.push((at, Event::Order(rule)));
        events.push((at + dice.roll(10, 900), Event::Order("remove_fault clock".to_owned())));
        events.sort_by_key(|(at, _)| *at);
    }
    let mut late = Vec::new();
    // Each costs a second night.
    if dice.percent(8) {
        for _ in 0..dice.roll(1, 2) {
            let (at, jump) = (dice.roll(0, 240), jump(&mut dice));
            if dice.percent(50) {
                late.push((at, Event::Kill));
                late.push((at, jump));
                late.push((at + dice.roll(0, 90), Event::Restart));
            } else {
                late.push((at, jump));
            }
        }
        late.sort_by_key(|(at, _)| *at);
    }
    late
}

fn jump(dice: &mut Dice) -> Event {
    Event::ClockJumps(size(dice))
}

/// A few seconds, an hour or a day, ahead or back.
fn size(dice: &mut Dice) -> i64 {
    let few = i64::try_from(dice.roll(1, 20)).unwrap_or(1) * SECOND;
    let size = [few, HOUR, DAY][usize::try_from(dice.roll(0, 2)).unwrap_or(0)];
    if dice.percent(50) { size } else { -size }
}

/// The clock is set just before a dead daemon is started again: before a restart that is drawn already, or else one of its own.
fn while_dead(dice: &mut Dice, at: u64, jump: Event, events: &mut Vec<(u64, Event)>) {
    if !events.iter().any(|(_, event)| matches!(event, Event::Restart)) {
        events.push((at, Event::Kill));
        events.push((at + dice.roll(0, 90), Event::Restart));
        events.sort_by_key(|(at, _)| *at);
    }
    if let Some(place) = events.iter().position(|(_, event)| matches!(event, Event::Restart)) {
        events.insert(place, (events[place].0, jump));
    }
}

/// What is known of the daemon's clock, and of what it may still trust.
#[derive(Default)]
pub(super) struct ClockWatch {
    /// Entries up to this one were written before the daemon was last started.
    begins_after: u64,
    /// Passes that it had done when the clock was last set.
    set_in: u64,
    /// How far off it has told that the wall clock is, since it was started.
    told: i64,
    /// Silence from before this counts for nothing.
    trusts: Time,
    /// A person has vouched for the loss since.
    vouched: bool,
}

impl ClockWatch {
    /// The clock was set in this pass.
    pub(super) fn was_set(&mut self, passes: u64) {
        self.set_in = passes;
    }

    /// The daemon was started, with a journal that ends there.
    pub(super) fn started(&mut self, newest: u64, now: Time) {
        *self = ClockWatch { begins_after: newest, trusts: now, vouched: self.vouched, ..ClockWatch::default() };
    }

    /// Another journal is read from its beginning.
    pub(super) fn journal_replaced(&mut self) {
        self.vouched = false;
        // Nobody lives until the next start.
        self.begins_after = u64::MAX;
    }

    /// One more entry of the journal: no host is confirmed on a silence from before a jump or a start.
    pub(super) fn hears(&mut self, stamped: &Stamped) -> Result<(), String> {
        let of_this_life = stamped.seq > self.begins_after;
        let entry = &stamped.entry;
        self.vouched |= matches!(entry, Entry::Confirmed { confirmation: Confirmation::SiteDown, .. });
        self.vouched &= !matches!(entry, Entry::ClockJumped { .. } | Entry::Opened(_) | Entry::Closed { .. });
        if !of_this_life {
            return Ok(());
        }
        if let Entry::ClockJumped { by_ms } = entry {
            self.told += by_ms;
            self.trusts = stamped.at;
        }
        if let Entry::Intent { step, .. } = entry
            && step.key().kind == StepKind::ConfirmRebooted
            && stamped.at.since(self.trusts) < SILENCE
            && !self.vouched
        {
            let silent = stamped.at.since(self.trusts);
            return Err(format!("I1: {step}, {silent:?} after the clock was set or the daemon started"));
        }
        Ok(())
    }

    /// It has noticed how far off the wall clock is.
    pub(super) fn knows(&self, passes: u64, off: Option<i64>) -> Result<(), String> {
        let unnoticed = off.unwrap_or_default() - self.told;
        if passes >= self.set_in + NOTICED_WITHIN && unnoticed.unsigned_abs() > MAY_DRIFT {
            return Err(format!("the clock was set by {unnoticed} ms, and {NOTICED_WITHIN} passes later nobody knows"));
        }
        Ok(())
    }
}
