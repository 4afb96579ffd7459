//! Words of a line: plain ones in order, `key=value` ones by key.

use std::collections::BTreeMap;

pub(super) struct Words {
    plain: std::vec::IntoIter<String>,
    keyed: BTreeMap<String, String>,
}

impl Words {
    pub(super) fn new(text: &str) -> Words {
        let (keyed, plain): (Vec<&str>, Vec<&str>) =
            text.split_whitespace().partition(|word| word.contains('=') && !word.starts_with('('));
        let pair = |word: &&str| word.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        Words {
            plain: plain.into_iter().map(str::to_owned).collect::<Vec<_>>().into_iter(),
            keyed: keyed.iter().filter_map(pair).collect(),
        }
    }

    /// The next plain word; panics if there is none.
    pub(super) fn next(&mut self) -> String {
        self.plain.next().expect("a word more")
    }

    /// The next plain word as a number.
    pub(super) fn number(&mut self) -> u64 {
        let word = self.next();
        word.parse().unwrap_or_else(|_| panic!("{word} is no number"))
    }

    /// The next plain word as a number, or this one.
    pub(super) fn number_or(&mut self, otherwise: u64) -> u64 {
        if self.plain.len() == 0 { otherwise } else { self.number() }
    }

    /// The remaining plain words.
    pub(super) fn rest(&mut self) -> Vec<String> {
        self.plain.by_ref().collect()
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.keyed.get(key).map(String::as_str)
    }

    /// The value of a key, or this one.
    pub(super) fn or(&self, key: &str, otherwise: &str) -> String {
        self.get(key).unwrap_or(otherwise).to_owned()
    }

    /// The value of a key as a number, or this one.
    pub(super) fn num(&self, key: &str, otherwise: u64) -> u64 {
        self.get(key).map_or(otherwise, |word| word.parse().unwrap_or_else(|_| panic!("{word} is no number")))
    }
}
