//! What an error of the client means for a step.

use dr_core::{Outcome, RefusedClass};
use ovirt_client::{EngineEffect, Error, RefusalClass};

/// Characters of the engine's words that are kept.
const WORDS: usize = 240;

/// The outcome of a call that failed.
pub(super) fn outcome(error: &Error) -> Outcome {
    let text = words(error);
    match error.what_the_engine_may_have_done() {
        EngineEffect::MaybeApplied => Outcome::Unconfirmed { text },
        EngineEffect::Refused | EngineEffect::Nothing => match error.refusal_class().and_then(class) {
            Some(class) => Outcome::Refused { class, text },
            None => Outcome::Failed { text },
        },
    }
}

/// The engine's no as the core knows it; none where nothing was judged: the engine, or what stands before it, is not ready.
fn class(class: RefusalClass) -> Option<RefusedClass> {
    match class {
        RefusalClass::Locked => Some(RefusedClass::Locked),
        RefusalClass::WrongState => Some(RefusedClass::WrongState),
        RefusalClass::BadRequest => Some(RefusedClass::Other),
        RefusalClass::NoPermission => Some(RefusedClass::NoPermission),
        RefusalClass::Gone => Some(RefusedClass::Gone),
        RefusalClass::ExecutionFailed
        | RefusalClass::EngineError
        | RefusalClass::EngineNotReady
        | RefusalClass::NotTheEngine => None,
    }
}

/// What happened, without the request: the step says what it was about. The engine's own words stand without their brackets.
fn words(error: &Error) -> String {
    match error {
        Error::Refused { detail, .. } => {
            let detail = detail.trim().trim_start_matches('[').trim_end_matches(']').replace('\n', " ");
            if detail.is_empty() { error.to_string() } else { short(detail) }
        }
        Error::NotSent { message, .. } | Error::NoAnswer { message, .. } | Error::MaybeApplied { message, .. } => {
            message.clone()
        }
        Error::Unreadable { status, problem, .. } => {
            format!("an answer (HTTP {status}) that cannot be read: {problem}")
        }
        Error::Login(error) => error.to_string(),
    }
}

/// A refusal to start a virtual machine names every host of the cluster: its beginning says enough.
fn short(text: String) -> String {
    match text.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{} ...", text[..end].trim_end()),
        None => text,
    }
}

/// Nothing was done, by our own last look.
pub(super) fn failed(text: impl Into<String>) -> Outcome {
    Outcome::Failed { text: text.into() }
}

/// The object is not in a state that allows it.
pub(super) fn wrong_state(text: impl Into<String>) -> Outcome {
    Outcome::Refused { class: RefusedClass::WrongState, text: text.into() }
}

/// Something was done, and it is not certain what.
pub(super) fn unconfirmed(text: impl Into<String>) -> Outcome {
    Outcome::Unconfirmed { text: text.into() }
}

/// Whether the object may be as wanted in spite of this outcome.
pub(super) fn may_be_so(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Unconfirmed { .. } | Outcome::Refused { class: RefusedClass::WrongState, .. } => true,
        Outcome::AlreadySo
        | Outcome::Done
        | Outcome::Failed { .. }
        | Outcome::Refused {
            class:
                RefusedClass::Locked
                | RefusedClass::DirectLunInUse
                | RefusedClass::NoPermission
                | RefusedClass::Gone
                | RefusedClass::Other,
            ..
        } => false,
    }
}

/// The object is as wanted after this outcome: by us if the change was in doubt, without us if it was refused.
pub(super) fn as_wanted(outcome: &Outcome) -> Outcome {
    match outcome {
        Outcome::Unconfirmed { .. } | Outcome::Done => Outcome::Done,
        Outcome::AlreadySo | Outcome::Refused { .. } | Outcome::Failed { .. } => Outcome::AlreadySo,
    }
}
