//! The engine's query language: `field op value [and|or ...] [sortby field [asc|desc]] [page n]`, or bare words.
//!
//! Whatever the engine does not understand is not an error there: it answers 200 with an empty list. So does this.

use std::cmp::Ordering;

use crate::fault::glob;

/// One object of a list, as the search sees it.
pub(crate) struct Row {
    pub(crate) tree: serde_json::Value,
    pub(crate) fields: Vec<Field>,
}

/// A searchable field and its values (a VM has several tags).
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<String>,
    /// The only values that may be searched for, in order; the engine's internal words without underscores.
    pub(crate) words: Option<Vec<String>>,
}

impl Field {
    pub(crate) fn text(name: &'static str, value: impl Into<String>) -> Field {
        Field { name, values: vec![value.into()], words: None }
    }

    pub(crate) fn texts(name: &'static str, values: Vec<String>) -> Field {
        Field { name, values, words: None }
    }

    /// A status or severity; `all` are the API's words.
    pub(crate) fn word(name: &'static str, value: &str, all: Vec<&'static str>) -> Field {
        let words = all.into_iter().map(internal).collect();
        Field { name, values: vec![internal(value)], words: Some(words) }
    }
}

/// The engine's internal spelling of an API word: no underscores. A data center's `problematic` has another word inside.
fn internal(word: &str) -> String {
    match word {
        "problematic" => "nonresponsive".to_owned(),
        _ => word.replace('_', ""),
    }
}

/// What a search text asks for.
#[derive(Debug, PartialEq)]
pub(crate) struct Query {
    /// Alternatives of conditions that must all hold; none means everything.
    any_of: Vec<Vec<Condition>>,
    sort: Option<(String, bool)>,
    /// Page number, from 1.
    pub(crate) page: usize,
}

#[derive(Debug, PartialEq)]
enum Condition {
    Field { name: String, op: String, value: String },
    Free(String),
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Op(String),
}

impl Query {
    /// Reads a search text; `None` is what the engine would silently answer with an empty list.
    pub(crate) fn parse(text: &str) -> Option<Query> {
        let mut tokens = lex(text)?.into_iter().peekable();
        let mut query = Query { any_of: Vec::new(), sort: None, page: 1 };
        let mut all_of = Vec::new();
        let mut connected = true;
        while let Some(token) = tokens.next() {
            let Token::Word(word) = token else { return None };
            match word.to_ascii_lowercase().as_str() {
                "and" if !connected => connected = true,
                "or" if !connected => {
                    connected = true;
                    query.any_of.push(std::mem::take(&mut all_of));
                }
                "sortby" => {
                    let Some(Token::Word(field)) = tokens.next() else { return None };
                    let order = tokens.next_if(|token| is_word(token, "asc") || is_word(token, "desc"));
                    let descending = order.is_some_and(|token| is_word(&token, "desc"));
                    query.sort = Some((field.to_ascii_lowercase(), descending));
                }
                "page" => {
                    let Some(Token::Word(number)) = tokens.next() else { return None };
                    query.page = number.parse().ok().filter(|page| *page > 0)?;
                }
                _ if !connected => return None,
                name => {
                    connected = false;
                    if let Some(Token::Op(op)) = tokens.next_if(|token| matches!(token, Token::Op(_))) {
                        let Some(Token::Word(value)) = tokens.next() else { return None };
                        all_of.push(Condition::Field { name: name.to_owned(), op, value });
                    } else {
                        all_of.push(Condition::Free(word));
                    }
                }
            }
        }
        if !all_of.is_empty() {
            query.any_of.push(all_of);
        }
        Some(query)
    }

    /// The rows that fit, sorted; `None` for a field or word that does not exist.
    pub(crate) fn apply(&self, rows: Vec<Row>, case_sensitive: bool) -> Option<Vec<Row>> {
        let mut fitting = Vec::new();
        for row in rows {
            let mut fits = self.any_of.is_empty();
            for all_of in &self.any_of {
                let mut all = true;
                for condition in all_of {
                    all &= condition.holds(&row, case_sensitive)?;
                }
                fits |= all;
            }
            if fits {
                fitting.push(row);
            }
        }
        if let Some((name, descending)) = &self.sort {
            if fitting.iter().any(|row| row.field(name).is_none()) {
                return None;
            }
            fitting.sort_by(|a, b| {
                let order = compare_fields(a.field(name), b.field(name));
                if *descending { order.reverse() } else { order }
            });
        }
        Some(fitting)
    }
}

impl Row {
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Condition {
    fn holds(&self, row: &Row, case_sensitive: bool) -> Option<bool> {
        match self {
            Condition::Free(word) => {
                Some(row.fields.iter().flat_map(|field| &field.values).any(|value| like(word, value, case_sensitive)))
            }
            Condition::Field { name, op, value } => {
                let field = row.field(name)?;
                if let Some(words) = &field.words {
                    let wanted = words.iter().position(|word| word.eq_ignore_ascii_case(value))?;
                    let is = field.values.first().and_then(|value| words.iter().position(|word| word == value));
                    return by_order(op, is.map(|is| is.cmp(&wanted)));
                }
                let equal = field.values.iter().any(|is| like(value, is, case_sensitive));
                match op.as_str() {
                    "=" => Some(equal),
                    "!=" => Some(!equal),
                    _ => by_order(op, field.values.first().map(|is| compare(is, value))),
                }
            }
        }
    }
}

fn by_order(op: &str, order: Option<Ordering>) -> Option<bool> {
    let Some(order) = order else { return Some(false) };
    match op {
        "=" => Some(order.is_eq()),
        "!=" => Some(order.is_ne()),
        "<" => Some(order.is_lt()),
        ">" => Some(order.is_gt()),
        "<=" => Some(order.is_le()),
        ">=" => Some(order.is_ge()),
        _ => None,
    }
}

fn compare_fields(a: Option<&Field>, b: Option<&Field>) -> Ordering {
    let first = |field: Option<&Field>| field.and_then(|field| field.values.first().cloned()).unwrap_or_default();
    compare(&first(a), &first(b))
}

fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<i64>(), b.parse::<i64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) | (Err(_), Err(_)) => a.cmp(b),
    }
}

fn like(pattern: &str, value: &str, case_sensitive: bool) -> bool {
    if case_sensitive { glob(pattern, value) } else { glob(&pattern.to_lowercase(), &value.to_lowercase()) }
}

fn is_word(token: &Token, wanted: &str) -> bool {
    matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(wanted))
}

fn lex(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
        } else if c == '"' {
            chars.next();
            let mut word = String::new();
            loop {
                match chars.next()? {
                    '"' => break,
                    other => word.push(other),
                }
            }
            tokens.push(Token::Word(word));
        } else if is_operator(c) {
            let mut op = String::from(c);
            chars.next();
            // `==` is not an operator; two tokens make the parser give up, as the engine does.
            if c != '=' && chars.next_if_eq(&'=').is_some() {
                op.push('=');
            }
            tokens.push(Token::Op(op));
        } else {
            let mut word = String::new();
            while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !is_operator(*c) && *c != '"') {
                word.push(c);
            }
            tokens.push(Token::Word(word));
        }
    }
    Some(tokens)
}

fn is_operator(c: char) -> bool {
    matches!(c, '=' | '<' | '>' | '!')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows() -> Vec<Row> {
        let row = |name: &str, status: &str, at: u64| Row {
            tree: json!({"name": name}),
            fields: vec![
                Field::text("name", name),
                Field::word("status", status, vec!["up", "maintenance", "non_responsive"]),
                Field::text("time", at.to_string()),
            ],
        };
        vec![row("alpha-h1", "up", 30), row("alpha-h2", "non_responsive", 4), row("beta-h1", "maintenance", 100)]
    }

    fn found(text: &str) -> Vec<String> {
        let Some(query) = Query::parse(text) else { return Vec::new() };
        let rows = query.apply(rows(), false).unwrap_or_default();
        rows.iter().map(|row| row.tree["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn fields_wildcards_and_connectives_select() {
        assert_eq!(found("name=ALPHA-*"), ["alpha-h1", "alpha-h2"]);
        assert_eq!(found("name = alpha-h1 or status=maintenance"), ["alpha-h1", "beta-h1"]);
        assert_eq!(found("name=alpha* and status!=up"), ["alpha-h2"]);
        assert_eq!(found("alpha-h1"), ["alpha-h1"]);
        assert_eq!(found("sortby time desc"), ["beta-h1", "alpha-h1", "alpha-h2"]);
    }

    #[test]
    fn what_the_engine_does_not_understand_finds_nothing() {
        assert!(found("status=non_responsive").is_empty());
        assert_eq!(found("status=nonresponsive"), ["alpha-h2"]);
        assert!(found("frobnicate==").is_empty());
        assert!(found("frobnicate=1").is_empty());
        assert!(found("sortby frobnicate").is_empty());
        assert!(found("name=").is_empty());
    }
}
