//! Lenient readers: scalars as text, number or boolean, dates in three spellings, wrapped lists, absent members.
//!
//! Lenient in form only. A value that has no sensible reading is an error of its whole object, never an absence.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

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
        let value = Value::deserialize(deserializer)?;
        let text = scalar(&value).map_err(D::Error::custom)?;
        if let Ok(ms) = text.parse::<i64>() {
            return Ok(Self(ms));
        }
        text.parse::<jiff::Timestamp>()
            .map(|time| Self(time.as_millisecond()))
            .map_err(|_| D::Error::custom(format!("expected a date, got {}", excerpt(&text))))
    }
}

/// Reads `{"host": [...]}` with `member` = `host`; an absent member or an empty body is an empty list.
pub(crate) fn listing<T: DeserializeOwned>(body: Value, member: &str) -> Result<Listing<T>, String> {
    let mut listing = Listing { items: Vec::new(), unreadable: Vec::new() };
    for element in elements(body, member)? {
        // The value is read by reference first: an element that fails still tells who it was.
        match T::deserialize(&element) {
            Ok(item) => listing.items.push(item),
            Err(problem) => listing.unreadable.push(UnreadableItem {
                id: element.get("id").and_then(|id| scalar(id).ok()),
                name: element.get("name").and_then(|name| scalar(name).ok()),
                problem: problem.to_string(),
            }),
        }
    }
    Ok(listing)
}

/// Reads one object.
pub(crate) fn object<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    T::deserialize(body).map_err(|problem| problem.to_string())
}

/// A scalar as text. Errors do not repeat the value beyond a few characters: bodies can be large.
fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Err("expected a value, got null".to_owned()),
        Value::Array(_) => Err("expected a value, got an array".to_owned()),
        Value::Object(_) => Err("expected a value, got an object".to_owned()),
    }
}

fn excerpt(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

/// A member that must be there, as text.
pub(crate) fn required_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    scalar(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Text that may be absent or null. Empty text stays empty text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() {
        return Ok(None);
    }
    scalar(&value).map(Some).map_err(D::Error::custom)
}

/// A boolean that may be absent or null.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let Some(text) = text(deserializer)? else { return Ok(None) };
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        _ => Err(D::Error::custom(format!("expected true or false, got {}", excerpt(&text)))),
    }
}

/// A whole number that may be absent or null.
pub(crate) fn number<'de, D, N>(deserializer: D) -> Result<Option<N>, D::Error>
where
    D: Deserializer<'de>,
    N: std::str::FromStr,
{
    let Some(text) = text(deserializer)? else { return Ok(None) };
    text.trim()
        .parse::<N>()
        .map(Some)
        .map_err(|_| D::Error::custom(format!("expected a whole number in range, got {}", excerpt(&text))))
}

/// The id of a linked object `{"id": ..., "href": ...}`. An empty object is no link; one with members but no id is unreadable.
pub(crate) fn link<'de, D, I>(deserializer: D) -> Result<Option<I>, D::Error>
where
    D: Deserializer<'de>,
    I: From<String>,
{
    let members = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::Object(members) if members.is_empty() => return Ok(None),
        Value::Object(members) => members,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(D::Error::custom("expected a link, an object with an id"));
        }
    };
    let id = members.get("id").ok_or_else(|| D::Error::custom("expected a link, got an object without an id"))?;
    scalar(id).map(|id| Some(I::from(id))).map_err(D::Error::custom)
}

/// A nested list `{"tag": [...]}`: `None` when the outer member is absent (not asked for), empty when it is `{}`.
pub(crate) fn nested<'de, D, T>(deserializer: D, member: &str) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let body = Value::deserialize(deserializer)?;
    if body.is_null() {
        return Ok(None);
    }
    let elements = elements(body, member).map_err(D::Error::custom)?;
    elements.into_iter().map(T::deserialize).collect::<Result<Vec<T>, _>>().map(Some).map_err(D::Error::custom)
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

fn elements(body: Value, member: &str) -> Result<Vec<Value>, String> {
    /// Members that say where an object is, and nothing about what it holds.
    const ADDRESSING: [&str; 4] = ["href", "id", "link", "actions"];

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
            Some(stranger) => Err(format!("expected {member:?}, found {}", excerpt(stranger))),
        },
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err(format!("expected an array as {member:?}"))
        }
    }
}
