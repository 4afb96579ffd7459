//! Faults on demand: rules that say which requests go wrong, how often and how.

use http::Method;
use serde::{Deserialize, Serialize};

/// One rule. The first rule that matches a request and has some of its count left is applied to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Name, by which it is removed.
    pub name: String,
    /// Only this method; any without it.
    #[serde(default)]
    pub method: Option<String>,
    /// Path pattern with `*` for any text, matched against the whole path: `*/hosts/*/fence`. Empty matches all.
    #[serde(default)]
    pub path: String,
    /// Matching requests that are let through first.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it hits; all without it.
    #[serde(default)]
    pub count: Option<u32>,
    /// What happens.
    pub kind: FaultKind,
}

/// What goes wrong. "Before" means the request has no effect, "after" that it has its effect and only the answer is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Nobody listens.
    ConnectionRefused,
    /// The connection breaks before the request is read.
    ResetBefore,
    /// The connection breaks instead of the answer.
    ResetAfter,
    /// An HTML error page of this status; no effect.
    StatusBefore(u16),
    /// An HTML error page of this status instead of the answer.
    StatusAfter(u16),
    /// The answer comes this many milliseconds of engine time later.
    Slow(u64),
    /// No effect and no answer for an hour of engine time, then 502.
    Hung,
    /// The answer's body ends in the middle.
    Truncated,
    /// The answer says it is of this type.
    WrongContentType(String),
    /// The session is gone: 401 `invalid_grant`.
    ExpiredSession,
    /// SSO does not answer: `server_error` at the token endpoint and for tokens the API has not seen yet.
    SsoDown,
    /// The engine's database does not answer.
    DatabaseDown,
    /// 409 "Related operation is currently in progress".
    LockHeld,
    /// 200 with a failed action inside; no effect.
    OkButFailed,
    /// 200 as if done; no effect.
    OkWithoutEffect,
    /// Reads are answered as the first read after the rule began.
    StaleRead,
    /// Each `status` in the answer is this word.
    UnknownStatusWord(String),
    /// Each entry of a list stands in it twice.
    DuplicateEntries,
    /// A list lacks this many of its entries, the first ones.
    MissingEntries(usize),
    /// The account may change nothing any more: commands are refused with 403, reads are as before.
    LostRight,
    /// The account sees only what it was given, which is nothing: lists are empty, an object is a 404 without a body, the
    /// root document has no `summary`. What an engine shows to an account that is no administrator any more.
    LostSight,
    /// The engine's clock is this many milliseconds ahead, or behind: the `Date` header and each time in the answer.
    ClockSkew(i64),
}

/// The rules in force, in the order they were added.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<(FaultRule, u32)>,
}

impl Faults {
    /// Adds a rule; one of the same name is replaced.
    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.remove(&rule.name);
        self.rules.push((rule, 0));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.rules.retain(|(rule, _)| rule.name != name);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn rules(&self) -> Vec<FaultRule> {
        self.rules.iter().map(|(rule, _)| rule.clone()).collect()
    }

    /// The fault for this request, which uses up one of the rule's count.
    pub(crate) fn strike(&mut self, method: &Method, path: &str) -> Option<FaultKind> {
        for (rule, seen) in &mut self.rules {
            let method_fits = rule.method.as_deref().is_none_or(|word| word.eq_ignore_ascii_case(method.as_str()));
            if !method_fits || !(rule.path.is_empty() || glob(&rule.path, path)) {
                continue;
            }
            if rule.count.is_some_and(|count| *seen >= rule.skip.saturating_add(count)) {
                continue;
            }
            *seen += 1;
            if *seen > rule.skip {
                return Some(rule.kind.clone());
            }
        }
        None
    }
}

/// Whether `pattern` with `*` wildcards covers the whole of `text`.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The first place is as good as any: more is left for what follows.
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(path: &str, skip: u32, count: Option<u32>) -> FaultRule {
        let path = path.to_owned();
        FaultRule { name: "r".into(), method: Some("post".into()), path, skip, count, kind: FaultKind::LockHeld }
    }

    #[test]
    fn a_rule_hits_the_requests_after_skip_and_up_to_count() {
        let mut faults = Faults::default();
        faults.add(rule("*/hosts/*/fence", 1, Some(2)));
        let mut hits = Vec::new();
        for _ in 0..5 {
            hits.push(faults.strike(&Method::POST, "/ovirt-engine/api/hosts/1/fence").is_some());
        }
        assert_eq!(hits, [false, true, true, false, false]);
    }

    #[test]
    fn other_methods_and_paths_are_left_alone() {
        let mut faults = Faults::default();
        faults.add(rule("*/hosts/*/fence", 0, None));
        assert_eq!(faults.strike(&Method::GET, "/ovirt-engine/api/hosts/1/fence"), None);
        assert_eq!(faults.strike(&Method::POST, "/ovirt-engine/api/hosts/1/activate"), None);
    }

    #[test]
    fn a_star_covers_any_text_and_the_whole_path_must_be_covered() {
        for (pattern, covers) in [
            ("/api/hosts/1", true),
            ("/api/hosts", false),
            ("*", true),
            ("**", true),
            ("*/hosts/*", true),
            ("*/1", true),
            ("/api/*/1", true),
            ("*/hosts/1/*", false),
            ("/hosts/*", false),
            ("*s*s*", true),
            ("*s*s*s*", false),
            ("*hosts/1*1", false),
            ("", false),
        ] {
            assert_eq!(glob(pattern, "/api/hosts/1"), covers, "{pattern}");
        }
    }

    #[test]
    fn kinds_are_read_from_the_words_the_control_door_takes() {
        let text = r#"{"name":"x","kind":{"slow":500}}"#;
        assert_eq!(serde_json::from_str::<FaultRule>(text).unwrap().kind, FaultKind::Slow(500));
        let text = r#"{"name":"x","kind":"reset_after","count":1}"#;
        assert_eq!(serde_json::from_str::<FaultRule>(text).unwrap().kind, FaultKind::ResetAfter);
    }
}
