//! The YAML library, and the places it tells: the one file of the simulator that names it.

use serde::{Deserialize, Deserializer};
use serde_saphyr::{Options, Spanned, UserMessageFormatter};

use super::shape::FileShape;
use super::{MAX_WORLD_FILE, Place, Placed, Wrong};

const REFERENCE: &str = "docs/simulator.md has all keys of a world file";

/// The text as it is written down, or the first thing that is wrong with it.
pub(super) fn read(text: &str) -> Result<FileShape, Wrong> {
    if text.len() > MAX_WORLD_FILE {
        return Err(Wrong::new(Place::default(), "the file is larger than 1 MiB", "use `count` instead of long lists"));
    }
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Err(Wrong::new(Place::default(), "the file is empty", "a world needs `sites` at least"));
    }
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| explain(&error))
}

/// Strict: what stands in the file is what is meant.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_anchors: 0, max_aliases: 0, max_documents: 1 },
        with_snippet: false,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
    }
}

fn explain(error: &serde_saphyr::Error) -> Wrong {
    use serde_saphyr::Error;

    let error = error.without_snippet();
    let at = error.location().map_or_else(Place::default, place);
    let one_of = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    if let Error::SerdeUnknownField { field, expected, .. } = error {
        return Wrong::new(at, format!("unknown key `{field}`"), format!("keys here: {}", one_of(expected)));
    }
    if let Error::SerdeUnknownVariant { variant, expected, .. } = error {
        return Wrong::new(at, format!("unknown word `{variant}`"), format!("words here: {}", one_of(expected)));
    }
    if let Error::SerdeMissingField { field, .. } = error {
        return Wrong::new(at, format!("the key `{field}` is missing"), REFERENCE);
    }
    if let Error::DuplicateMappingKey { key, .. } = error {
        let key = key.as_deref().unwrap_or_default();
        return Wrong::new(at, format!("`{key}` is given twice"), "remove one of the two, or give it another name");
    }
    let message = error.render_with_formatter(&UserMessageFormatter);
    // The place is told apart.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    Wrong::new(at, message, format!("check the value, the indentation and the brackets here; {REFERENCE}"))
}

fn place(location: serde_saphyr::Location) -> Place {
    Place { line: location.line(), column: location.column() }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<T>::deserialize(deserializer)?;
        Ok(Placed { at: place(referenced), value })
    }
}
