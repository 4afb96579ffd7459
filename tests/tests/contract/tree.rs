//! The workspace's files, and what is defined in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const RECORDINGS: &str = "tests/fixtures/recorded";

/// Every Rust file and page, by its path from the root.
pub(crate) struct Tree {
    root: PathBuf,
    files: BTreeMap<String, String>,
}

impl Tree {
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root").to_owned();
        let mut tree = Self { root: root.clone(), files: BTreeMap::new() };
        for folder in ["crates", "tests", "docs", "xtask"] {
            tree.enter(&root.join(folder));
        }
        tree
    }

    fn enter(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                self.enter(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "md") {
                let name = path.strip_prefix(&self.root).expect("below the root").to_str().expect("a name").to_owned();
                self.files.insert(name, std::fs::read_to_string(&path).expect("a text"));
            }
        }
    }

    pub(crate) fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    pub(crate) fn text(&self, path: &str) -> &str {
        self.file(path).unwrap_or_else(|| panic!("there is no {path}"))
    }

    /// Rust files that are part of programs, not of tests.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().filter(|(path, _)| path.ends_with(".rs") && !path.contains("/tests"));
        files.map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Names of all test functions.
    pub(crate) fn tests(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for text in self.files.iter().filter(|(path, _)| path.ends_with(".rs")).map(|(_, text)| text) {
            let mut marked = false;
            for line in text.lines().map(str::trim) {
                match function(line) {
                    Some(name) if marked => {
                        names.insert(name);
                        marked = false;
                    }
                    Some(_) => {}
                    None if line.starts_with("#[test]") || line.starts_with("#[tokio::test") => marked = true,
                    None => {}
                }
            }
        }
        names
    }

    /// Every label in the recordings, and their files' names.
    pub(crate) fn labels(&self) -> BTreeSet<String> {
        let mut labels = BTreeSet::new();
        for entry in std::fs::read_dir(self.root.join(RECORDINGS)).expect("the recordings") {
            let path = entry.expect("an entry").path();
            labels.insert(path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned());
            for line in std::fs::read_to_string(&path).expect("a text").lines().filter(|line| line.starts_with('{')) {
                let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
                labels.extend(line["label"].as_str().map(str::to_owned));
            }
        }
        labels
    }
}

/// Whether a Rust text defines something of this name: a function, a type, a constant, a module, a macro or a variant.
pub(crate) fn defines(text: &str, name: &str) -> bool {
    const KEYWORDS: [&str; 9] =
        ["fn ", "const ", "static ", "struct ", "enum ", "trait ", "type ", "mod ", "macro_rules! "];
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    text.lines().map(str::trim).filter(|line| !line.starts_with("//")).any(|line| {
        let behind_a_keyword = KEYWORDS.iter().any(|keyword| {
            line.match_indices(keyword).any(|(at, _)| {
                let starts = line[..at].ends_with(' ') || at == 0;
                starts && line[at + keyword.len()..].strip_prefix(name).is_some_and(ends)
            })
        });
        let is_variant = name.starts_with(char::is_uppercase)
            && line.strip_prefix(name).is_some_and(|rest| [",", "(", " {"].iter().any(|end| rest.starts_with(end)));
        behind_a_keyword || is_variant
    })
}

/// Whether a Rust text has a constant of this name.
pub(crate) fn is_constant(text: &str, name: &str) -> bool {
    text.lines().any(|line| line.contains(&format!("const {name}:")))
}

/// Names of the constants of time in a Rust text.
pub(crate) fn times(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter_map(|line| {
        let (name, kind) = line.trim().split_once("const ")?.1.split_once(':')?;
        kind.contains("Duration").then_some(name)
    })
}

/// The name of the function that begins on this line.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ").trim_start_matches("async ");
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}
