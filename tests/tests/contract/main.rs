//! The page `docs/engine-contract.md` held against the workspace: what it names exists, and nothing about the engine is assumed in silence.
//!
//! With `-- --nocapture` the counts are printed.

mod table;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use table::{Known, Row};
use tree::{Tree, defines, is_constant};

const PAGE: &str = "docs/engine-contract.md";

/// Where a constant of time may be a guess about the engine: it has to stand on the page.
const WHERE_TIME_IS_GUESSED: [&str; 5] = [
    "crates/ovirt-client/src/",
    "crates/dr-core/src/",
    "crates/dr-daemon/src/observe/",
    "crates/dr-daemon/src/execute/",
    "crates/dr-daemon/src/plan_loop/",
];

fn rows(tree: &Tree) -> Vec<Row> {
    table::rows(tree.text(PAGE)).unwrap_or_else(|problem| panic!("{PAGE}: {problem}"))
}

/// Fails with everything that is wrong at once.
fn nothing(findings: &[String]) {
    assert!(findings.is_empty(), "{PAGE}:\n{}", findings.join("\n"));
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are for whoever asks for them")]
fn every_group_has_rows_and_no_fact_stands_twice() {
    let tree = Tree::read();
    let rows = rows(&tree);
    let mut facts = BTreeSet::new();
    let twice: Vec<String> = rows.iter().filter(|row| !facts.insert(&row.fact)).map(|row| row.fact.clone()).collect();
    nothing(&twice);
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for row in &rows {
        *counts.entry(&row.group).or_default().entry(row.known.word()).or_default() += 1;
        *counts.entry("all").or_default().entry(row.known.word()).or_default() += 1;
    }
    for group in ["Transport", "Login", "Hosts", "Fencing", "Storage", "Data centers", "Virtual machines", "Tags"] {
        assert!(counts.contains_key(group), "{PAGE}: no rows below {group}");
    }
    for (group, counts) in counts {
        println!("{group}: {counts:?}");
    }
}

#[test]
fn every_place_in_the_code_exists() {
    let tree = Tree::read();
    let mut findings = Vec::new();
    for row in rows(&tree) {
        for place in &row.places {
            let Some(text) = tree.file(&place.path) else {
                findings.push(format!("{}: there is no {}", row.fact, place.path));
                continue;
            };
            let missing = place.items.iter().filter(|item| !defines(text, item));
            findings.extend(missing.map(|item| format!("{}: {} has no {item}", row.fact, place.path)));
        }
    }
    nothing(&findings);
}

#[test]
fn what_was_recorded_stands_in_the_recordings() {
    let tree = Tree::read();
    let labels = tree.labels();
    let mut findings = Vec::new();
    for row in rows(&tree) {
        if let Known::Recorded(recordings) = &row.known {
            let missing = recordings.iter().filter(|name| !labels.contains(name.as_str()));
            findings.extend(missing.map(|name| format!("{}: nothing was recorded as {name}", row.fact)));
        }
    }
    nothing(&findings);
}

#[test]
fn what_is_assumed_is_a_constant_or_right_both_ways_and_held_by_a_test() {
    let tree = Tree::read();
    let tests = tree.tests();
    let mut findings = Vec::new();
    for row in rows(&tree) {
        match &row.known {
            Known::Recorded(_) | Known::Source => {}
            Known::Constants(names) => {
                let texts: Vec<&str> = row.places.iter().filter_map(|place| tree.file(&place.path)).collect();
                let missing = names.iter().filter(|name| !texts.iter().any(|text| is_constant(text, name)));
                findings.extend(missing.map(|name| format!("{}: no constant {name} is there", row.fact)));
            }
            Known::BothWays(names) => {
                let missing = names.iter().filter(|name| !tests.contains(name.as_str()));
                findings.extend(missing.map(|name| format!("{}: no test is called {name}", row.fact)));
            }
        }
    }
    nothing(&findings);
}

#[test]
fn every_constant_of_time_is_on_the_page() {
    let tree = Tree::read();
    let page = tree.text(PAGE);
    let mut findings = Vec::new();
    for (path, text) in
        tree.sources().filter(|(path, _)| WHERE_TIME_IS_GUESSED.iter().any(|folder| path.starts_with(folder)))
    {
        for name in tree::times(text).filter(|name| !page.contains(&format!("`{name}`"))) {
            findings.push(format!("{path}: {name} is a time. Does it assume something of the engine? Then it needs a row; else add it to \"Our own pace\""));
        }
    }
    nothing(&findings);
}
