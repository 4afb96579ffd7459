//! Long lists, read element by element while they arrive, so that a part of the answer is held and never all of it.
//!
//! Takes only `{"host": [...` and only what is longer than [`HELD`]. Anything else is left as it came and read as a whole; both ways say the same.

use http::StatusCode;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Deserializer, Value};

use crate::answer;
use crate::read::{self, Listing, UnreadableItem};
use crate::transport::ReadAlong;
use crate::whole;

/// So much of a long list is held before it is read on, in bytes. Many elements fit: the last one is as a rule cut and read twice.
pub(crate) const HELD: usize = 256 * 1024;

/// White space as JSON has it.
pub(crate) const SPACE: [char; 4] = [' ', '\n', '\r', '\t'];

/// Reads along, and tells at the end what it read.
pub(crate) trait LongRead<T>: ReadAlong {
    /// What all of the answer was read into, or what is wrong with it. `rest` is what was not taken; if nothing was, `None`.
    fn end(self: Box<Self>, rest: &[u8]) -> Option<Result<T, String>>;
}

/// A list under a member, read as far as it has come.
pub(crate) struct LongList<T> {
    member: &'static str,
    listing: Listing<T>,
    place: Place,
    /// As [`HELD`].
    held: usize,
    /// It is read on when so much is there.
    enough: usize,
}

/// What must follow what was taken.
enum Place {
    /// The beginning: nothing was taken.
    Beginning,
    /// Anything: it does not begin as a list does, and nothing will be taken.
    NoList,
    /// The first element or the end of the list.
    First,
    /// An element.
    Next,
    /// The end of the list and what stands behind it.
    End,
    /// Nothing that would help.
    Broken(String),
}

impl<T: DeserializeOwned> LongList<T> {
    pub(crate) fn new(member: &'static str) -> Self {
        Self::holding(member, HELD)
    }

    fn holding(member: &'static str, held: usize) -> Self {
        let listing = Listing { items: Vec::new(), unreadable: Vec::new() };
        Self { member, listing, place: Place::Beginning, held, enough: held }
    }

    /// Reads what is complete; how much that was.
    fn take(&mut self, body: &[u8]) -> usize {
        let text = match so_far(body) {
            Ok(text) => text,
            Err(_) if matches!(self.place, Place::Beginning) => {
                self.place = Place::NoList;
                return 0;
            }
            Err(problem) => {
                self.place = Place::Broken(problem.to_string());
                return body.len();
            }
        };
        let mut rest = text;
        loop {
            rest = match &self.place {
                Place::Beginning => match opening(rest, self.member) {
                    Some(behind) => {
                        self.place = Place::First;
                        behind
                    }
                    None => {
                        self.place = Place::NoList;
                        return 0;
                    }
                },
                Place::First if rest.trim_start_matches(SPACE).starts_with(']') => {
                    self.place = Place::End;
                    rest
                }
                Place::First | Place::Next => match self.element(rest) {
                    Ok(Some(behind)) => behind,
                    Ok(None) => return text.len() - rest.len(),
                    Err(problem) => {
                        let number = self.listing.items.len() + self.listing.unreadable.len() + 1;
                        let problem = format!("element {number} of {:?}: {problem}", self.member);
                        self.place = Place::Broken(problem);
                        return body.len();
                    }
                },
                Place::NoList | Place::End => return text.len() - rest.len(),
                Place::Broken(_) => return body.len(),
            };
        }
    }

    /// Reads the element that comes next and gives what is behind it. `None` if the element has not come as a whole, or it is not seen yet what
    /// follows: only that tells where a number ends.
    fn element<'a>(&mut self, text: &'a str) -> Result<Option<&'a str>, String> {
        let Some((element, length)) = complete(text).map_err(|problem| problem.to_string())? else { return Ok(None) };
        let behind = text[length..].trim_start_matches(SPACE);
        let behind = match behind.chars().next() {
            None => return Ok(None),
            Some(',') => {
                self.place = Place::Next;
                &behind[1..]
            }
            Some(']') => {
                self.place = Place::End;
                behind
            }
            Some(other) => return Err(format!("expected `,` or `]` behind it, got {other:?}")),
        };
        match element {
            Ok(item) => self.listing.items.push(item),
            Err(unreadable) => self.listing.unreadable.push(unreadable),
        }
        Ok(Some(behind))
    }
}

impl<T: DeserializeOwned + Send> ReadAlong for LongList<T> {
    fn more(&mut self, head: &http::Response<()>, body: &mut Vec<u8>) {
        if body.len() >= self.enough && head.status() == StatusCode::OK && answer::is_json(head) {
            body.drain(..self.take(body));
            // An element longer than all that is held is read anew each time that twice as much of it is there, not with each chunk.
            self.enough = self.held.max(2 * body.len());
        }
    }
}

impl<T: DeserializeOwned + Send> LongRead<Listing<T>> for LongList<T> {
    fn end(mut self: Box<Self>, rest: &[u8]) -> Option<Result<Listing<T>, String>> {
        if matches!(self.place, Place::Beginning | Place::NoList) {
            return None;
        }
        let taken = self.take(rest);
        Some(match self.place {
            Place::End => match closing(&rest[taken..], self.member) {
                Ok(()) => Ok(self.listing),
                Err(problem) => Err(format!("behind the list of {:?}: {problem}", self.member)),
            },
            Place::Broken(problem) => Err(problem),
            Place::Beginning | Place::NoList | Place::First | Place::Next => {
                Err(format!("the answer ends inside the list of {:?}", self.member))
            }
        })
    }
}

/// The text that has come; its last character may have come in part. What serde skips it does not check, and bytes that are no text at all are
/// not to be trusted anywhere.
fn so_far(body: &[u8]) -> Result<&str, std::str::Utf8Error> {
    std::str::from_utf8(body).or_else(|problem| match problem.error_len() {
        None => std::str::from_utf8(&body[..problem.valid_up_to()]),
        Some(_) => Err(problem),
    })
}

/// What is behind `{"host": [`, if the text begins so.
pub(crate) fn opening<'a>(text: &'a str, member: &str) -> Option<&'a str> {
    let next = |text: &'a str, token: &str| text.trim_start_matches(SPACE).strip_prefix(token);
    let name = next(next(text, "{")?, &format!("{member:?}"))?;
    next(next(name, ":")?, "[")
}

/// Whether an object whose list ends here ends well: what is right is what would be right behind an empty list.
pub(crate) fn closing(tail: &[u8], member: &str) -> Result<(), serde_json::Error> {
    let document = [format!("{{{member:?}:[").as_bytes(), tail].concat();
    whole::items::<IgnoredAny>(&document, member).map(drop)
}

/// An element, or who it is and what is wrong with it.
type Element<T> = Result<T, UnreadableItem>;

/// The element that a text begins with and where it ends, if it does.
fn complete<T: DeserializeOwned>(text: &str) -> Result<Option<(Element<T>, usize)>, serde_json::Error> {
    match first::<T>(text) {
        Ok(read) => Ok(read.map(|(item, length)| (Ok(item), length))),
        // As when the answer is read as a whole: the tree of its values tells who it is, or that it is no JSON.
        Err(_) => Ok(first::<Value>(text)?.map(|(value, length)| (read::element(&value), length))),
    }
}

/// The value that a text begins with and where it ends, if it does.
pub(crate) fn first<T: for<'de> Deserialize<'de>>(text: &str) -> Result<Option<(T, usize)>, serde_json::Error> {
    let mut values = Deserializer::from_str(text).into_iter::<T>();
    match values.next() {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some((value, values.byte_offset()))),
        Some(Err(problem)) if problem.is_eof() => Ok(None),
        Some(Err(problem)) => Err(problem),
    }
}

#[cfg(test)]
mod tests;
