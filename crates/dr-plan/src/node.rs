//! The file as a tree of values that know where they stand.

use std::ops::Range;

/// Where something stands in the text. Line and column count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Bytes of the text, from the first to behind the last; an empty range where only the beginning is known.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Place {
    /// The beginning of the text: for what is wrong with the file as a whole.
    pub(crate) const TOP: Place = Place { line: 1, column: 1, start: 0, end: 0 };

    pub(crate) fn bytes(self) -> Range<usize> {
        self.start..self.end
    }
}

/// One value of the file.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Place,
    pub(crate) value: Value,
}

/// What a value is, by the rules of YAML 1.2 without the surprises: `yes`, `022` and `1_000` are texts.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool,
    /// Any number; its spelling is read from the text.
    Number,
    Text(String),
    List(Vec<Node>),
    /// In the order of the file; keys may repeat.
    Map(Vec<(Node, Node)>),
}

impl Value {
    /// What this is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool => "a boolean",
            Value::Number => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}
