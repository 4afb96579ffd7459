//! Lists and objects read straight from their bytes, without a tree of JSON values between: one pass over megabytes.
//!
//! Says yes only to what can be read as a whole. Anything else takes the long way, which tells what was wrong where.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer as _;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::read::{self, ADDRESSING, Listing};

/// The whole of `{"host": [...]}` with `member` = `host`, or `None` if any of it is not as expected.
pub(crate) fn listing<T: DeserializeOwned>(body: &[u8], member: &str) -> Option<Listing<T>> {
    Some(Listing { items: items(body, member).ok()??, unreadable: Vec::new() })
}

/// The elements of `{"host": [...]}`, all of which can be read; `None` for null.
pub(crate) fn items<T: DeserializeOwned>(body: &[u8], member: &str) -> Result<Option<Vec<T>>, serde_json::Error> {
    // What is skipped is not checked on the way: bytes that are no text at all are not to be trusted anywhere.
    let text = std::str::from_utf8(body).map_err(serde_json::Error::custom)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let items = reader.deserialize_any(List::new(member))?;
    reader.end()?;
    Ok(items)
}

/// One object, or `None` if it is not as expected.
pub(crate) fn object<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    // As above: what is skipped is not checked.
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

/// Reads an object that lists things under `member`; `None` for null, empty for an object that says nothing else.
pub(crate) struct List<'a, T> {
    member: &'a str,
    items: PhantomData<T>,
}

impl<'a, T> List<'a, T> {
    pub(crate) fn new(member: &'a str) -> Self {
        Self { member, items: PhantomData }
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for List<'_, T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object that lists {:?}", self.member)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut items = None;
        let mut stranger = None;
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            if name == self.member {
                if items.is_some() {
                    return Err(A::Error::custom(format_args!("{:?} is there twice", self.member)));
                }
                items = members.next_value::<Option<Vec<T>>>()?;
                continue;
            }
            members.next_value::<IgnoredAny>()?;
            if !ADDRESSING.contains(&name.as_ref()) {
                stranger.get_or_insert(name);
            }
        }
        match (items, stranger) {
            (Some(items), _) => Ok(Some(items)),
            (None, None) => Ok(Some(Vec::new())),
            // Only an object that says nothing else is an empty list: a stray `{"error": ...}` must not read as "no hosts".
            (None, Some(stranger)) => Err(A::Error::custom(read::stranger_instead(self.member, &stranger))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::Host;
    use crate::storage::StorageDomain;
    use crate::vms::Vm;

    fn both_ways<T: DeserializeOwned + PartialEq + fmt::Debug>(body: &[u8], member: &str) -> bool {
        let slow = read::listing::<T>(serde_json::from_slice(body).unwrap(), member);
        let quick = listing::<T>(body, member);
        quick.is_none_or(|quick| slow == Ok(quick))
    }

    #[test]
    fn both_ways_of_reading_a_list_agree() {
        let hosts = include_bytes!("../tests/fixtures/hosts.json");
        assert!(listing::<Host>(hosts, "host").is_some_and(|hosts| !hosts.items.is_empty()));
        assert!(both_ways::<Host>(hosts, "host"));
        assert!(both_ways::<Vm>(include_bytes!("../tests/fixtures/vms_with_disks_and_tags.json"), "vm"));
        let domains = include_bytes!("../tests/fixtures/attached_domains.json");
        assert!(both_ways::<StorageDomain>(domains, "storage_domain"));
        for odd in ["{}", r#"{"host":null}"#, r#"{"host":[],"host":null}"#, r#"{"error":1}"#, r#"{"host":[{}]}"#] {
            assert!(both_ways::<Host>(odd.as_bytes(), "host"), "{odd}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_read_as_a_whole_takes_the_long_way() {
        for odd in ["null", "{", "[]", r#"{"host":[{"id":"h"}]}"#, r#"{"error":1}"#, r#"{"host":[]} x"#] {
            assert_eq!(listing::<Host>(odd.as_bytes(), "host"), None, "{odd}");
        }
    }
}
