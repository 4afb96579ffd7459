//! Lenient readers: scalars as text, number or boolean, dates in three spellings, wrapped lists, absent members.
//!
//! Lenient in form only. A value that has no sensible reading is an error of its whole object, never an absence.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::whole;

/// Answers that list things: what could be read, and what could not.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing<T> {
    /// The elements that could be read, in the engine's order.
    pub items: Vec<T>,
    /// The elements that could not; they exist all the same, so a caller must not treat them as absent.
    pub unreadable: Vec<UnreadableItem>,
}

/// An element of a list that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableItem {
    /// Its `id`, if that much could be read.
    pub id: Option<String>,
    /// Its `name`, if that much could be read.
    pub name: Option<String>,
    /// What was wrong with it.
    pub problem: String,
}

/// A moment by the engine's clock: milliseconds since the Unix epoch. Read from a number, digits or ISO 8601 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EngineTime(pub i64);

impl<'de> Deserialize<'de> for EngineTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        required(deserializer, |text| {
            if let Ok(ms) = text.parse::<i64>() {
                return Ok(Self(ms));
            }
            let time = text.parse::<jiff::Timestamp>();
            time.map(|time| Self(time.as_millisecond())).map_err(|_| format!("expected a date, got {}", excerpt(text)))
        })
    }
}

/// Reads `{"host": [...]}` with `member` = `host`; an absent member or an empty body is an empty list.
pub(crate) fn listing<T: DeserializeOwned>(body: Value, member: &str) -> Result<Listing<T>, String> {
    let mut listing = Listing { items: Vec::new(), unreadable: Vec::new() };
    for value in elements(body, member)? {
        match element(&value) {
            Ok(item) => listing.items.push(item),
            Err(unreadable) => listing.unreadable.push(unreadable),
        }
    }
    Ok(listing)
}

/// Reads one element of a list, by reference: one that fails still tells who it was.
pub(crate) fn element<T: DeserializeOwned>(value: &Value) -> Result<T, UnreadableItem> {
    T::deserialize(value).map_err(|problem| UnreadableItem {
        id: value.get("id").and_then(|id| scalar(id).ok()),
        name: value.get("name").and_then(|name| scalar(name).ok()),
        problem: problem.to_string(),
    })
}

/// Reads one object.
pub(crate) fn object<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    T::deserialize(body).map_err(|problem| problem.to_string())
}

/// A scalar as text. Errors do not repeat the value beyond a few characters: bodies can be large.
fn scalar(value: &Value) -> Result<String, String> {
    required(value, |text| Ok(text.to_owned())).map_err(|problem| problem.to_string())
}

fn excerpt(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

/// Reads a scalar of any spelling and hands it on as text, or as `None` for null.
struct Scalar<F>(F);

impl<'de, R, F: FnOnce(Option<&str>) -> Result<R, String>> Visitor<'de> for Scalar<F> {
    type Value = R;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<R, E> {
        (self.0)(Some(text)).map_err(E::custom)
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<R, E> {
        self.visit_str(if flag { "true" } else { "false" })
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<R, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<R, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<R, E> {
        self.visit_str(&Value::from(number).to_string())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<R, E> {
        (self.0)(None).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<R, A::Error> {
        Err(A::Error::custom("expected a value, got an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<R, A::Error> {
        Err(A::Error::custom("expected a value, got an object"))
    }
}

fn optional<'de, D: Deserializer<'de>, R>(
    deserializer: D,
    take: impl FnOnce(Option<&str>) -> Result<R, String>,
) -> Result<R, D::Error> {
    deserializer.deserialize_any(Scalar(take))
}

/// A member that must be there, by its text.
pub(crate) fn required<'de, D: Deserializer<'de>, R>(
    deserializer: D,
    take: impl FnOnce(&str) -> Result<R, String>,
) -> Result<R, D::Error> {
    optional(deserializer, |text| take(text.ok_or("expected a value, got null")?))
}

/// A member that must be there, as text.
pub(crate) fn required_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    required(deserializer, |text| Ok(text.to_owned()))
}

/// Text that may be absent or null. Empty text stays empty text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    optional(deserializer, |text| Ok(text.map(str::to_owned)))
}

/// A boolean that may be absent or null.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    optional(deserializer, |text| match text {
        None => Ok(None),
        Some(text) if text == "1" || text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(text) if text == "0" || text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(text) => Err(format!("expected true or false, got {}", excerpt(text))),
    })
}

/// A whole number that may be absent or null.
pub(crate) fn number<'de, D, N>(deserializer: D) -> Result<Option<N>, D::Error>
where
    D: Deserializer<'de>,
    N: std::str::FromStr,
{
    optional(deserializer, |text| {
        let Some(text) = text else { return Ok(None) };
        let number = text.trim().parse::<N>();
        number.map(Some).map_err(|_| format!("expected a whole number in range, got {}", excerpt(text)))
    })
}

/// The id of a linked object `{"id": ..., "href": ...}`. An empty object is no link; one with members but no id is unreadable.
pub(crate) fn link<'de, D, I>(deserializer: D) -> Result<Option<I>, D::Error>
where
    D: Deserializer<'de>,
    I: From<String>,
{
    Ok(deserializer.deserialize_any(Link { id_is_optional: false })?.map(I::from))
}

/// The same where the engine may know no more than a name, `{"name": ...}`: then there is nothing to link to.
pub(crate) fn link_if_known<'de, D, I>(deserializer: D) -> Result<Option<I>, D::Error>
where
    D: Deserializer<'de>,
    I: From<String>,
{
    Ok(deserializer.deserialize_any(Link { id_is_optional: true })?.map(I::from))
}

/// Reads a link.
struct Link {
    id_is_optional: bool,
}

impl<'de> Visitor<'de> for Link {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a link, an object with an id")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<String>, A::Error> {
        /// The one member that is read.
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "snake_case")]
        enum Member {
            Id,
            #[serde(other)]
            Other,
        }
        /// An id of any spelling.
        #[derive(Deserialize)]
        struct Id(#[serde(deserialize_with = "required_text")] String);

        let (mut id, mut empty) = (None, true);
        while let Some(member) = members.next_key()? {
            empty = false;
            match member {
                Member::Id => id = Some(members.next_value::<Id>()?.0),
                Member::Other => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        match id {
            None if !empty && !self.id_is_optional => {
                Err(A::Error::custom("expected a link, got an object without an id"))
            }
            id => Ok(id),
        }
    }
}

/// A nested list `{"tag": [...]}`: `None` when the outer member is absent (not asked for), empty when it is `{}`.
pub(crate) fn nested<'de, D, T>(deserializer: D, member: &str) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    deserializer.deserialize_any(whole::List::new(member))
}

/// The ids of a nested list of links `{"storage_domain": [{"id": ...}]}`; absent and empty are the same here.
pub(crate) fn nested_links<'de, D, I>(deserializer: D, member: &str) -> Result<Vec<I>, D::Error>
where
    D: Deserializer<'de>,
    I: DeserializeOwned,
{
    #[derive(Deserialize)]
    #[serde(bound = "I: DeserializeOwned")]
    struct Link<I> {
        id: I,
    }
    let links: Option<Vec<Link<I>>> = nested(deserializer, member)?;
    Ok(links.unwrap_or_default().into_iter().map(|link| link.id).collect())
}

/// Members that say where an object is, and nothing about what it holds.
pub(crate) const ADDRESSING: [&str; 4] = ["href", "id", "link", "actions"];

/// What is wrong with an object that has no list where one is expected, and something else.
pub(crate) fn stranger_instead(member: &str, stranger: &str) -> String {
    format!("expected {member:?}, found {}", excerpt(stranger))
}

fn elements(body: Value, member: &str) -> Result<Vec<Value>, String> {
    let mut members: Map<String, Value> = match body {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(format!("expected an object that lists {member:?}"));
        }
    };
    match members.remove(member) {
        Some(Value::Array(elements)) => Ok(elements),
        // Only an object that says nothing else is an empty list: a stray `{"error": ...}` must not read as "no hosts".
        None | Some(Value::Null) => match members.keys().find(|name| !ADDRESSING.contains(&name.as_str())) {
            None => Ok(Vec::new()),
            Some(stranger) => Err(stranger_instead(member, stranger)),
        },
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err(format!("expected an array as {member:?}"))
        }
    }
}
