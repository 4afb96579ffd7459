//! Which crate may use which: the table in crates/README.md against the crates' own manifests, both ways.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::files::{File, Finding, Tree};
use crate::markdown::table;

const MAP: &str = "crates/README.md";
const HEADING: &str = "Allowed arrows";

/// Arrows that the map does not allow, arrows it allows that nobody uses, and crates that one of both does not know.
pub(crate) fn findings(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.file(MAP) else { return vec![Finding::new(MAP, 1, "the map is missing")] };
    let mut findings = Vec::new();
    let crates = manifests(tree, &mut findings);
    let members: BTreeSet<&str> = crates.keys().map(String::as_str).collect();
    let allowed = arrows(map, &members, &mut findings);

    for (name, (path, uses)) in &crates {
        let Some(row) = allowed.get(name.as_str()) else {
            findings.push(Finding::new(MAP, 1, format!("`{name}` has no row below \"{HEADING}\"")));
            continue;
        };
        let uses: BTreeSet<&str> = uses.iter().map(String::as_str).filter(|used| members.contains(used)).collect();
        for used in uses.iter().filter(|used| !row.targets.contains(**used)) {
            let what = format!("{name} -> {used} is not an arrow that {MAP} allows");
            findings.push(Finding::new(path, 1, what));
        }
        // An arrow of `all` is a licence, not a claim.
        for target in row.targets.iter().filter(|target| !row.all && !uses.contains(**target)) {
            findings.push(Finding::new(MAP, row.line, format!("{name} -> {target} is allowed but not used")));
        }
    }
    findings
}

/// One row of the map.
struct Row<'a> {
    line: usize,
    /// Written as `all`.
    all: bool,
    targets: BTreeSet<&'a str>,
}

fn arrows<'a>(map: &'a File, members: &BTreeSet<&'a str>, findings: &mut Vec<Finding>) -> BTreeMap<&'a str, Row<'a>> {
    let mut rows = BTreeMap::new();
    for (line, cells) in table(map, HEADING) {
        let &[name, targets, ..] = cells.as_slice() else {
            findings.push(Finding::new(MAP, line, "a row needs a crate and what it may use"));
            continue;
        };
        let name = name.trim_matches('`');
        let words: Vec<&str> = targets.split(',').map(|target| target.trim().trim_matches('`')).collect();
        let all = words == ["all"];
        let targets = match words.as_slice() {
            ["nothing"] => BTreeSet::new(),
            ["all"] => members.clone(),
            names => names.iter().copied().collect(),
        };
        for unknown in targets.iter().chain([&name]).filter(|name| !members.contains(**name)) {
            findings.push(Finding::new(MAP, line, format!("`{unknown}` is no crate of the workspace")));
        }
        if rows.insert(name, Row { line, all, targets }).is_some() {
            findings.push(Finding::new(MAP, line, format!("`{name}` has two rows")));
        }
    }
    rows
}

/// The crates by name: path of the manifest, and the names of everything it depends on, also for tests and builds.
fn manifests(tree: &Tree, findings: &mut Vec<Finding>) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut crates = BTreeMap::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        match toml::from_str::<Manifest>(&file.text) {
            Ok(manifest) => {
                let uses = manifest.uses();
                crates.insert(manifest.package.name, (file.path.clone(), uses));
            }
            Err(error) => findings.push(Finding::new(&file.path, 1, format!("unreadable: {}", error.message()))),
        }
    }
    crates
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest {
    package: Package,
    #[serde(flatten)]
    uses: Uses,
    #[serde(default)]
    target: BTreeMap<String, Uses>,
}

impl Manifest {
    fn uses(&self) -> BTreeSet<String> {
        std::iter::once(&self.uses).chain(self.target.values()).flat_map(Uses::names).collect()
    }
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Uses {
    #[serde(default)]
    dependencies: BTreeMap<String, Dependency>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Dependency>,
    #[serde(default)]
    build_dependencies: BTreeMap<String, Dependency>,
}

impl Uses {
    fn names(&self) -> impl Iterator<Item = String> {
        let all = self.dependencies.iter().chain(&self.dev_dependencies).chain(&self.build_dependencies);
        all.map(|(name, dependency)| match dependency {
            Dependency::Detailed { package: Some(package) } => package.clone(),
            Dependency::Detailed { package: None } | Dependency::Version(_) => name.clone(),
        })
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependency {
    #[expect(dead_code, reason = "only the table's form may rename a crate")]
    Version(String),
    Detailed {
        package: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP_TEXT: &str = "# Map\n## Allowed arrows\n\n| crate | may use |\n|---|---|\n| `heart` | nothing |\n\
                            | `daemon` | `heart`, `wire` |\n| `wire` | nothing |\n| `tests` | all |\n";

    /// Findings for one change to a workspace that agrees with its map.
    fn found(change: Option<(&str, &str)>) -> Vec<String> {
        let mut files = vec![
            (MAP, MAP_TEXT),
            ("crates/heart/Cargo.toml", "[package]\nname = 'heart'\n[dependencies]\nserde = '1'\n"),
            ("crates/wire/Cargo.toml", "[package]\nname = 'wire'\n"),
            (
                "crates/daemon/Cargo.toml",
                "[package]\nname = 'daemon'\n[dependencies]\nheart.workspace = true\nwire = { path = '../wire' }\n",
            ),
            ("tests/Cargo.toml", "[package]\nname = 'tests'\n[dependencies]\nheart.workspace = true\n"),
        ];
        if let Some((path, text)) = change {
            files.retain(|(known, _)| *known != path);
            files.push((path, text));
        }
        findings(&Tree::of(&files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_workspace_that_agrees_with_its_map_passes() {
        assert_eq!(found(None), [""; 0]);
    }

    #[test]
    fn an_arrow_that_is_not_allowed_is_found_wherever_it_hides() {
        let expected = ["crates/wire/Cargo.toml:1: wire -> heart is not an arrow that crates/README.md allows"];
        for uses in [
            "[dependencies]\nheart.workspace = true\n",
            "[dev-dependencies]\nheart.workspace = true\n",
            "[build-dependencies]\nheart = '1'\n",
            "[target.'cfg(unix)'.dependencies]\nheart.workspace = true\n",
            "[dependencies]\nother = { package = 'heart', path = '../heart' }\n",
        ] {
            let text = format!("[package]\nname = 'wire'\n{uses}");
            assert_eq!(found(Some(("crates/wire/Cargo.toml", &text))), expected, "{uses}");
        }
    }

    #[test]
    fn an_arrow_that_nobody_uses_leaves_the_map() {
        let text = "[package]\nname = 'daemon'\n[dependencies]\nheart.workspace = true\n";
        let expected = ["crates/README.md:7: daemon -> wire is allowed but not used"];
        assert_eq!(found(Some(("crates/daemon/Cargo.toml", text))), expected);
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
        let expected = ["crates/README.md:1: `new` has no row below \"Allowed arrows\""];
        assert_eq!(found(Some(("crates/new/Cargo.toml", "[package]\nname = 'new'\n"))), expected);
        let map = format!("{MAP_TEXT}| `gone` | nothing |\n");
        assert_eq!(found(Some((MAP, &map))), ["crates/README.md:10: `gone` is no crate of the workspace"]);
    }

    #[test]
    fn a_missing_map_or_an_unreadable_manifest_is_no_pass() {
        assert_eq!(findings(&Tree::of(&[])).len(), 1);
        let findings = found(Some(("crates/wire/Cargo.toml", "[package\n")));
        assert!(
            findings.iter().any(|finding| finding.starts_with("crates/wire/Cargo.toml:1: unreadable")),
            "{findings:?}"
        );
    }
}
