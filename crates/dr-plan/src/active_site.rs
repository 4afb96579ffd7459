//! The one line an operator edits, edited for him.

use crate::finding::{Finding, Level};
use crate::node::{Node, Place, Value};
use crate::parse::parse_with_tree;
use crate::plan::{Plan, SiteName};

/// Rewrites the value of `active_site` in the text of a plan; every other byte stays: comments, quotes, line ends.
///
/// The text must be a plan without errors, and so is what comes back: the same plan with this site active. Errors: the first
/// finding that stands in the way (its file is called `plan.yaml`); then nothing may be written.
pub fn set_active_site(text: &str, site: &SiteName) -> Result<String, Finding> {
    let (before, root) = whole_plan(text)?;
    let at = root.as_ref().and_then(active_site).ok_or_else(|| refusal("`active_site` was not found in the text"))?;
    let written = text.get(at.bytes()).unwrap_or_default();
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\'')).map(String::from).unwrap_or_default();
    let (head, tail) = (text.get(..at.start).unwrap_or_default(), text.get(at.end..).unwrap_or_default());
    let rewritten = format!("{head}{quote}{site}{quote}{tail}");

    let (after, _) = whole_plan(&rewritten)?;
    if after != (Plan { active_site: site.clone(), ..before }) {
        return Err(refusal("changing `active_site` would change something else too"));
    }
    Ok(rewritten)
}

fn whole_plan(text: &str) -> Result<(Plan, Option<Node>), Finding> {
    let (parsed, root) = parse_with_tree("plan", text);
    let error = parsed.findings.into_iter().find(Finding::is_error);
    let plan = parsed.plan.ok_or_else(|| error.unwrap_or_else(|| refusal("the plan cannot be read")))?;
    Ok((plan, root))
}

/// Where the value of `active_site` stands.
fn active_site(root: &Node) -> Option<Place> {
    let Value::Map(entries) = &root.value else { return None };
    let is_key = |key: &Node| matches!(&key.value, Value::Text(word) if word == "active_site");
    entries.iter().find(|(key, _)| is_key(key)).map(|(_, node)| node.at)
}

fn refusal(message: &str) -> Finding {
    Finding::without_place("plan.yaml", Level::Error, message, "edit the line `active_site: ...` yourself")
}
