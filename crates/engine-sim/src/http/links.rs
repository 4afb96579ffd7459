//! Links: `href`, `link` and `actions` members.

use serde_json::{Map, Value, json};

use super::answer::written;

/// Where an answer's links begin and how engine time becomes wall-clock time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// `/ovirt-engine/api`, with `/v4` if the request had it.
    pub(crate) api: &'static str,
    /// Milliseconds since 1970 at engine time zero.
    pub(crate) epoch_ms: u64,
}

impl Frame {
    /// A reference to an object of a top-level collection: `{href, id}`.
    pub(crate) fn reference(&self, collection: &str, id: impl std::fmt::Display) -> Value {
        json!({"href": format!("{}/{collection}/{id}", self.api), "id": id.to_string()})
    }

    /// The same with the name first, as events have it.
    pub(crate) fn named_reference(&self, collection: &str, id: impl std::fmt::Display, name: &str) -> Value {
        json!({"name": name, "href": format!("{}/{collection}/{id}", self.api), "id": id.to_string()})
    }

    pub(crate) fn href(&self, collection: &str, id: impl std::fmt::Display) -> String {
        format!("{}/{collection}/{id}", self.api)
    }

    /// A date as the engine writes it: a bare number of milliseconds since 1970.
    pub(crate) fn date(&self, at: crate::world::SimTime) -> Value {
        Value::from(self.epoch_ms + at.0)
    }
}

/// `link`: one entry a sub-collection.
pub(crate) fn links(href: &str, rels: &[&str]) -> Value {
    Value::Array(rels.iter().map(|rel| json!({"href": format!("{href}/{rel}"), "rel": rel})).collect())
}

/// `actions`: one entry an action.
pub(crate) fn actions(href: &str, rels: &[&str]) -> Value {
    json!({"link": links(href, rels)})
}

/// The members of an object that hold nothing but addresses.
#[derive(Debug)]
pub(crate) struct Addresses {
    pub(crate) actions: Value,
    pub(crate) link: Value,
}

impl Addresses {
    /// Of the object at `href`.
    pub(crate) fn of(href: &str, actions: &[&str], link: &[&str]) -> Addresses {
        Addresses { actions: self::actions(href, actions), link: links(href, link) }
    }

    /// To be put into the text later.
    pub(crate) fn left_out() -> Addresses {
        Addresses { actions: Value::Null, link: Value::Null }
    }

    /// `actions` and `link` as JSON.
    pub(crate) fn texts(&self) -> [String; 2] {
        [&self.actions, &self.link].map(written)
    }

    /// Puts these texts into that of an object which was written without, `actions` before `link`.
    pub(crate) fn put(texts: &[String; 2], object: &str) -> String {
        let [actions, link] = texts;
        // No text in JSON holds quotes as they are: these are members.
        let split = object.split_once(r#""actions":null"#);
        let split = split.and_then(|(before, rest)| Some((before, rest.split_once(r#""link":null"#)?)));
        let Some((before, (between, behind))) = split else { return object.to_owned() };
        [before, r#""actions":"#, actions, between, r#""link":"#, link, behind].concat()
    }
}

/// A collection: `{"host": [...]}`, and `{}` when nothing is in it.
pub(crate) fn collection(member: &str, items: Vec<Value>) -> Value {
    let mut tree = Map::new();
    if !items.is_empty() {
        tree.insert(member.to_owned(), Value::Array(items));
    }
    Value::Object(tree)
}

/// A boolean or number as the engine writes it: a string.
pub(crate) fn word(value: impl std::fmt::Display) -> Value {
    Value::from(value.to_string())
}

/// Sets a member only if there is a value: the engine never writes null.
pub(crate) fn set(tree: &mut Value, member: &str, value: Option<Value>) {
    if let Some(value) = value {
        tree[member] = value;
    }
}

pub(crate) const NO_ID: &str = "00000000-0000-0000-0000-000000000000";
