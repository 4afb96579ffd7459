//! Rules of the house that no compiler knows, each a function from a file to findings.

use crate::files::{File, Finding, Tree};

/// Longest allowed source file, in lines. One over it hides a second noun.
const MAX_LINES: usize = 600;

/// Fewest rules a crate's "Architecture invariants" section states.
const MIN_INVARIANTS: usize = 3;

/// Where a developer's or a build machine's own folders begin. Tests make temporary folders, plans live in /etc.
const MACHINE_FOLDERS: [&str; 5] = ["work", "home", "root", "farm", "Users"];

/// What would let the world into `dr-core`: the same decision must follow from the same arguments.
const WORLD: [&str; 14] = [
    "tokio",
    "reqwest",
    "sqlx",
    "rand",
    "SystemTime",
    "Instant::now",
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "notify",
    "axum",
];

/// The files that read YAML.
const YAML_READERS: [&str; 2] = ["crates/dr-plan/src/parse.rs", "crates/engine-sim/src/world/file/yaml.rs"];

/// Every finding in the tree, in the order of the files.
pub(crate) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = tree.files.iter().flat_map(of_file).collect();
    findings.extend(pages(tree));
    findings
}

fn of_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(machine_paths(file));
    if !is_recorded(file) {
        findings.extend(trailing_space(file));
    }
    if file.is(&["rs"]) {
        findings.extend(too_long(file));
        findings.extend(unfinished(file));
        findings.extend(ignored_tests(file));
    }
    if in_crate(file, "dr-core") {
        findings.extend(names(file, &WORLD, "dr-core is pure: clock, randomness and the world come in as arguments"));
    }
    if in_crate(file, "engine-sim") {
        findings.extend(names(
            file,
            &["ovirt_client", "ovirt-client"],
            "the simulator is a reading of the API of its own",
        ));
    }
    if may_not_name_yaml(file) {
        findings.extend(names(
            file,
            &["serde_saphyr"],
            "the YAML library is named only where plans and worlds are read (dr-plan parse.rs, engine-sim world/file/yaml.rs)",
        ));
    }
    findings
}

fn too_long(file: &File) -> Option<Finding> {
    let lines = file.lines().count();
    let what = format!("{lines} lines, at most {MAX_LINES}: which noun should move out?");
    (lines > MAX_LINES).then(|| Finding::new(&file.path, lines, what))
}

fn unfinished(file: &File) -> Vec<Finding> {
    let calls = ["todo", "unimplemented"].map(|word| format!("{word}!"));
    code(file)
        .flat_map(|(line, text)| calls.iter().filter(move |call| has_word(text, call)).map(move |call| (line, call)))
        .map(|(line, call)| Finding::new(&file.path, line, format!("`{call}` is left unfinished")))
        .collect()
}

fn ignored_tests(file: &File) -> Vec<Finding> {
    let bare = format!("#[{}]", "ignore");
    code(file)
        .filter(|(_, text)| text.contains(&bare))
        .map(|(line, _)| Finding::new(&file.path, line, "a test is ignored without a reason"))
        .collect()
}

fn trailing_space(file: &File) -> Vec<Finding> {
    file.lines()
        .filter(|(_, text)| text.ends_with([' ', '\t']))
        .map(|(line, _)| Finding::new(&file.path, line, "trailing whitespace"))
        .collect()
}

fn machine_paths(file: &File) -> Vec<Finding> {
    let roots = MACHINE_FOLDERS.map(|folder| format!("/{folder}/"));
    let mut findings = Vec::new();
    for (line, text) in file.lines() {
        for root in &roots {
            // Part of a longer path or URL is somebody else's folder.
            let own = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "./-_:}*$~".contains(c));
            if text.match_indices(root.as_str()).any(|(at, _)| own(at)) {
                findings.push(Finding::new(&file.path, line, format!("`{root}` is a folder of one machine")));
            }
        }
    }
    findings
}

fn names(file: &File, words: &[&str], why: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in code(file) {
        for word in words.iter().filter(|word| has_word(text, word) || has_grouped(text, word)) {
            findings.push(Finding::new(&file.path, line, format!("names `{word}`: {why}")));
        }
    }
    findings
}

fn invariants(file: &File) -> Option<Finding> {
    const HEADING: &str = "Architecture invariants";
    let mut lines = file.lines().filter_map(|(line, text)| Some((line, text.strip_prefix("//!")?.trim())));
    let Some((heading, _)) = lines.find(|(_, text)| text.starts_with('#') && text.ends_with(HEADING)) else {
        return Some(Finding::new(&file.path, 1, format!("the crate's page has no section \"{HEADING}\"")));
    };
    let rules = lines
        .take_while(|(_, text)| !text.starts_with('#'))
        .filter(|(_, text)| {
            let rule = text.trim_start_matches(['-', '*', ' ']).to_lowercase();
            rule.starts_with("never") || rule.starts_with("only")
        })
        .count();
    let what = format!("\"{HEADING}\" states {rules} rules that begin with Never or Only, at least {MIN_INVARIANTS}");
    (rules < MIN_INVARIANTS).then(|| Finding::new(&file.path, heading, what))
}

/// Each crate's page: the head of its lib.rs, or of main.rs where a program has no library.
fn pages(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files.iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    manifests
        .filter_map(|folder| {
            let page = ["lib.rs", "main.rs"].iter().find_map(|name| tree.file(&format!("{folder}/src/{name}")));
            match page {
                Some(page) => invariants(page),
                None => Some(Finding::new(&format!("{folder}/Cargo.toml"), 1, "neither src/lib.rs nor src/main.rs")),
            }
        })
        .collect()
}

/// Documents recorded from an engine are kept byte for byte.
fn is_recorded(file: &File) -> bool {
    ["/fixtures/", "/recorded/"].iter().any(|folder| file.path.contains(folder))
}

fn in_crate(file: &File, name: &str) -> bool {
    file.path.starts_with(&format!("crates/{name}/src/")) && file.is(&["rs"])
}

fn may_not_name_yaml(file: &File) -> bool {
    let ours = file.path.starts_with("crates/") || file.path.starts_with("tests/");
    ours && file.is(&["rs"]) && !YAML_READERS.contains(&file.path.as_str())
}

/// Lines with their comments cut off. A `//` right after a colon is a URL.
fn code(file: &File) -> impl Iterator<Item = (usize, &str)> {
    file.lines().map(|(line, text)| {
        let comment = text.match_indices("//").map(|(at, _)| at).find(|at| !text[..*at].ends_with(':'));
        (line, comment.map_or(text, |at| &text[..at]))
    })
}

fn has_word(text: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let after = &text[at + word.len()..];
        !text[..at].ends_with(joins) && !after.starts_with(joins)
    })
}

/// `std::fs` written as `std::{fs, ...}` on one line.
fn has_grouped(text: &str, word: &str) -> bool {
    let Some((outer, inner)) = word.split_once("::") else { return false };
    let Some((_, group)) = text.split_once(&format!("{outer}::{{")) else { return false };
    group.split(['{', '}', ',']).any(|name| name.trim().split("::").next() == Some(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "//! A crate.\n//!\n//! # Architecture invariants\n//! - Never a.\n//! - Only b.\n//! - never c.\n";

    /// Findings in one file, as `line: what`.
    fn found(path: &str, text: &str) -> Vec<String> {
        findings(&Tree::of(&[(path, text)]))
            .iter()
            .map(|finding| format!("{}: {}", finding.line, finding.what))
            .collect()
    }

    fn one(path: &str, text: &str, expected: &str) {
        let found = found(path, text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "expected {expected:?}, found {found:?}");
    }

    #[test]
    fn a_source_file_of_600_lines_passes_and_one_more_is_found() {
        assert_eq!(found("crates/a/src/b.rs", &"x\n".repeat(600)), [""; 0]);
        one("crates/a/src/b.rs", &"x\n".repeat(601), "601: 601 lines");
        assert_eq!(found("fixtures.json", &"x\n".repeat(601)), [""; 0]);
    }

    #[test]
    fn unfinished_code_is_found_but_not_in_a_comment() {
        let call = format!("fn a() {{\n    {}!()\n}}\n", "todo");
        one("crates/a/src/b.rs", &call, "2: `");
        assert_eq!(found("crates/a/src/b.rs", &format!("// {}!\n", "todo")), [""; 0]);
    }

    #[test]
    fn an_ignored_test_needs_a_reason() {
        one("tests/tests/a.rs", &format!("#[{}]\n", "ignore"), "1: a test is ignored");
        assert_eq!(found("tests/tests/a.rs", "#[ignore = \"needs a browser\"]\n"), [""; 0]);
    }

    #[test]
    fn trailing_whitespace_is_found_outside_of_recorded_documents() {
        one("README.md", "a \nb\n", "1: trailing");
        assert_eq!(found("crates/a/fixtures/host.json", "a \n"), [""; 0]);
    }

    #[test]
    fn a_machines_own_folder_is_found_but_not_inside_a_longer_path() {
        one("README.md", &format!("see `/{}/me/x`\n", "home"), "1: `/");
        one("a.toml", &format!("path = \"/{}/x\"\n", "work"), "1: `/");
        assert_eq!(found("README.md", "https://example.com/home/x and /srv/home/x\n"), [""; 0]);
    }

    #[test]
    fn the_core_names_nothing_of_the_world() {
        one("crates/dr-core/src/a.rs", "use tokio::time;\n", "1: names `tokio`");
        one("crates/dr-core/src/a.rs", "use std::{fmt, fs::File};\n", "1: names `std::fs`");
        one("crates/dr-core/src/a.rs", "let now = SystemTime::now();\n", "1: names `SystemTime`");
        assert_eq!(found("crates/dr-core/src/a.rs", "/// Not tokio's clock.\nuse std::fmt;\n"), [""; 0]);
        assert_eq!(found("crates/dr-core/src/a.rs", "let tokios = notifying;\n"), [""; 0]);
        assert_eq!(found("crates/dr-daemon/src/a.rs", "use tokio::time;\n"), [""; 0]);
    }

    #[test]
    fn the_simulator_does_not_name_the_client() {
        one("crates/engine-sim/src/a.rs", "use ovirt_client::Host;\n", "1: names `ovirt_client`");
        assert_eq!(found("crates/dr-daemon/src/a.rs", "use ovirt_client::Host;\n"), [""; 0]);
    }

    #[test]
    fn the_yaml_library_is_named_where_plans_and_worlds_are_read() {
        one("crates/dr-plan/src/plan.rs", "use serde_saphyr::from_str;\n", "1: names `serde_saphyr`");
        one("tests/src/a.rs", "serde_saphyr::from_str(text)\n", "1: names `serde_saphyr`");
        for reader in YAML_READERS {
            assert_eq!(found(reader, "use serde_saphyr::from_str;\n"), [""; 0]);
        }
    }

    #[test]
    fn a_crates_page_states_its_invariants() {
        let page = |name: &str, text: &str| {
            let tree = Tree::of(&[("crates/a/Cargo.toml", "[package]\n"), (name, text)]);
            findings(&tree).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(page("crates/a/src/lib.rs", PAGE), [""; 0]);
        assert_eq!(page("crates/a/src/main.rs", PAGE), [""; 0]);
        let expected = ["crates/a/src/lib.rs:1: the crate's page has no section \"Architecture invariants\""];
        assert_eq!(page("crates/a/src/lib.rs", "//! A crate.\n"), expected);
        let few = page("crates/a/src/main.rs", &PAGE.replace("Only", "Mostly"));
        assert!(few[0].starts_with("crates/a/src/main.rs:3: \"Architecture invariants\" states 2 rules"), "{few:?}");
        assert_eq!(page("crates/a/src/other.rs", PAGE), ["crates/a/Cargo.toml:1: neither src/lib.rs nor src/main.rs"]);
    }
}
