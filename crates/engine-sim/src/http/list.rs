//! What all lists share: search, sorting, pages, `max`.

use serde_json::Value;

use super::answer::Answer;
use super::links::collection;
use super::request::Call;
use super::search::{Query, Row};

/// Answers a searchable list. `rows` come in the collection's default order.
pub(crate) fn searched(root: &'static str, member: &str, call: &Call, rows: Vec<Row>) -> Answer {
    let max = call.integer("max");
    if let Some(max) = max.filter(|max| *max < 0) {
        return Answer::refused(400, &format!("illegal max count value for query : {max}"));
    }
    let text = call.parameter("search").unwrap_or_default();
    // What cannot be understood finds nothing; the engine only logs it.
    let found = Query::parse(text).and_then(|query| {
        let page = query.page;
        Some((query.apply(rows, call.flag("case_sensitive"))?, page))
    });
    let (rows, page) = found.unwrap_or_default();
    let trees = rows.into_iter().map(|row| row.tree);
    let items: Vec<Value> = match max.and_then(|max| usize::try_from(max).ok()) {
        Some(max) => trees.skip(page.saturating_sub(1).saturating_mul(max)).take(max).collect(),
        None if page > 1 => Vec::new(),
        None => trees.collect(),
    };
    Answer::ok(root, collection(member, items))
}

/// Answers a list that ignores `search`; a negative `max` is no limit there.
pub(crate) fn plain(root: &'static str, member: &str, call: &Call, items: Vec<Value>) -> Answer {
    let max = call.integer("max").and_then(|max| usize::try_from(max).ok()).unwrap_or(usize::MAX);
    Answer::ok(root, collection(member, items.into_iter().take(max).collect()))
}

/// The 500 page of a `follow` that fails: one bad link spoils the whole answer.
pub(crate) fn follow_failed(call: &Call, link: &str, entity: &str) -> Answer {
    let exception = format!(
        "java.lang.RuntimeException: org.jboss.resteasy.spi.UnhandledException: \
         java.lang.IllegalStateException: Problem following '{link}' link in {entity} entity."
    );
    Answer::exception_page(&super::body::path_info(call), &call.query, &exception)
}
