//! Answers given before: a client that looks every second mostly sees what it saw.

use std::collections::HashMap;

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};

use super::answer::Answer;
use super::request::Call;

/// Reads answered since the world last changed.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    revision: u64,
    answers: HashMap<String, Answer>,
}

impl Answered {
    /// The answer that this read got in this revision of the world.
    pub(crate) fn get(&self, revision: u64, key: &str) -> Option<&Answer> {
        if self.revision == revision { self.answers.get(key) } else { None }
    }

    /// Keeps an answer; those of older revisions go.
    pub(crate) fn keep(&mut self, revision: u64, key: String, answer: Answer) {
        if self.revision != revision {
            self.revision = revision;
            self.answers.clear();
        }
        self.answers.insert(key, answer);
    }
}

/// All of a read that its answer follows from, but for who asks. `None`: it is no read, something goes wrong with it, or it is of the root
/// document, which shows the time.
pub(crate) fn key(call: &Call) -> Option<String> {
    if call.method != Method::GET || call.fault.is_some() || call.segments.is_empty() {
        return None;
    }
    let mut key = format!("{} {}?{}", call.base, call.path, call.query);
    for (name, value) in &call.headers {
        if name != AUTHORIZATION && name != CONTENT_LENGTH && name != "correlation-id" {
            key.push_str(&format!("\n{name}: {}", String::from_utf8_lossy(value.as_bytes())));
        }
    }
    Some(key)
}
