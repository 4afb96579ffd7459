//! The newest answer to a read that is sent again and again, with what was made of it.

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;

use crate::list_again::{Places, alike_in_front};
use crate::long_list::HELD;

/// Longest answer that is kept to compare the next one with, in bytes. A longer list is read while it arrives and never there as a whole; that of
/// thousands of virtual machines is rarely the same twice anyway.
const LIMIT: usize = HELD;

/// The newest answer to a read, and what its caller made of it. Only answers that could be read are kept, and only short ones.
#[derive(Debug)]
pub struct Known<T, U> {
    newest: Option<Newest<T, U>>,
    but_for: Option<&'static str>,
}

#[derive(Debug)]
struct Newest<T, U> {
    response: Response<Bytes>,
    made: U,
    /// What a list was read into, and where that stands.
    read: Option<(T, Places)>,
}

impl<T, U> Default for Known<T, U> {
    fn default() -> Self {
        Self { newest: None, but_for: None }
    }
}

impl<T, U: Clone> Known<T, U> {
    /// Takes answers for the same that differ in nothing but the number of this member, as the root document does in its `time`: for a caller
    /// who makes nothing of that member.
    pub fn but_for(member: &'static str) -> Self {
        Self { newest: None, but_for: Some(member) }
    }

    /// What was made of the same answer before.
    pub(crate) fn of(&self, now: &Response<Bytes>) -> Option<U> {
        let Newest { response: before, made, read: _ } = self.newest.as_ref()?;
        let alike = before.status() == now.status()
            && before.headers().get(CONTENT_TYPE) == now.headers().get(CONTENT_TYPE)
            && (same(before.body(), now.body())
                || self.but_for.is_some_and(|member| same_but_for(member, before.body(), now.body())));
        alike.then(|| made.clone())
    }

    /// Keeps what was made of this answer, and what it was read into if that is a list.
    pub(crate) fn keep(&mut self, response: Response<Bytes>, made: U, read: Option<(T, Places)>) {
        self.newest = (response.body().len() <= LIMIT).then_some(Newest { response, made, read });
    }

    /// Nothing is known any more; what was, if it was a list.
    pub(crate) fn forget(&mut self) -> Option<(Bytes, (T, Places))> {
        let Newest { response, made: _, read } = self.newest.take()?;
        Some((response.into_body(), read?))
    }
}

/// Whether two bodies are alike. A transport in memory gives the same bytes again, which then need not be looked at.
fn same(before: &Bytes, now: &Bytes) -> bool {
    (before.as_ptr() == now.as_ptr() && before.len() == now.len()) || before == now
}

/// Whether two bodies are alike but for the digits of one number, that of this member.
fn same_but_for(member: &str, before: &[u8], now: &[u8]) -> bool {
    let alike = alike_in_front(before, now);
    let number = before[..alike].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    let behind = |text: &[u8]| text[number..].iter().position(|byte| !byte.is_ascii_digit()).map(|at| number + at);
    let (Some(end_before), Some(end_now)) = (behind(before), behind(now)) else { return false };
    before[end_before..] == now[end_now..] && names(member, &before[..number])
}

/// Whether a JSON text ends with this member's name and a colon.
fn names(member: &str, text: &[u8]) -> bool {
    let name = text.trim_ascii_end().strip_suffix(b":").unwrap_or_default().trim_ascii_end();
    name.strip_suffix(b"\"")
        .and_then(|name| name.strip_suffix(member.as_bytes()))
        .is_some_and(|rest| rest.ends_with(b"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Response<Bytes> {
        Response::new(Bytes::from(body.to_owned()))
    }

    fn knows(known: &Known<(), u8>, body: &str) -> bool {
        known.of(&answer(body)).is_some()
    }

    #[test]
    fn only_the_clock_may_differ_in_an_answer_that_counts_as_the_same() {
        let long = "x".repeat(200);
        let document = |time: &str, vms: &str| format!(r#"{{"long":"{long}","vms":{vms},"time" : {time},"id":"a"}}"#);
        let mut known = Known::but_for("time");
        known.keep(answer(&document("1790857500000", "20")), 1, None);
        for (time, vms, same) in [
            ("1790857500000", "20", true),
            ("1790857500999", "20", true),
            ("1790857600000", "20", true),
            ("99", "20", true),
            ("17908575000001", "20", true),
            ("1790857500000", "21", false),
            ("1790857500001", "21", false),
            ("null", "20", false),
            ("-1790857500000", "20", false),
        ] {
            assert_eq!(knows(&known, &document(time, vms)), same, "{time} {vms}");
        }
        for cut in ["", "{", &document("1790857500000", "20")[..250]] {
            assert!(!knows(&known, cut), "{cut}");
        }
        assert!(
            !knows(&known, &document("1790857500001", "20").replace("\"id\":\"a\"", "\"id\":\"b\"")),
            "another engine"
        );
    }

    #[test]
    fn no_member_but_the_named_one_may_differ() {
        let mut known = Known::but_for("time");
        known.keep(answer(r#"{"up_time":1,"time":1}"#), 1, None);
        assert!(!knows(&known, r#"{"up_time":2,"time":1}"#));
        let mut known = Known::default();
        known.keep(answer(r#"{"time":1}"#), 1, None);
        assert!(knows(&known, r#"{"time":1}"#) && !knows(&known, r#"{"time":2}"#));
    }
}
