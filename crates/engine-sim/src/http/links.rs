//! Links: `href`, `link` and `actions` members.

use serde_json::{Map, Value, json};

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
        let id = id.to_string();
        let href = [self.api, "/", collection, "/", &id].concat();
        object([("href", Value::from(href)), ("id", Value::from(id))])
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
    let link = |rel: &&str| object([("href", Value::from([href, "/", rel].concat())), ("rel", Value::from(*rel))]);
    Value::Array(rels.iter().map(link).collect())
}

/// `actions`: one entry an action.
pub(crate) fn actions(href: &str, rels: &[&str]) -> Value {
    object([("link", links(href, rels))])
}

/// An object of these members, which it takes: `json!` would copy whole trees.
pub(crate) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Adds the members of these objects to the first of them.
pub(crate) fn merged(sections: impl IntoIterator<Item = Value>) -> Value {
    let members = sections.into_iter().filter_map(|section| match section {
        Value::Object(members) => Some(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    });
    Value::Object(members.flatten().collect())
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
