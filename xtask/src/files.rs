//! The text files of the workspace, read once.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::step::Failure;

/// The folder of the root Cargo.toml.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// One text file, by its path from the root with forward slashes.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// Lines with their numbers, counted from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether the name ends in one of these extensions.
    pub(crate) fn is(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }
}

/// The workspace's text files in the order of their paths, and what else there is.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    /// Paths of everything else: folders, files that are not text. Links may point at them.
    pub(crate) others: Vec<String>,
}

impl Tree {
    /// Reads everything below the root but `target` and `.git`. Works without git, so also in an unpacked archive.
    pub(crate) fn read() -> Result<Self, Failure> {
        let mut tree = Self::default();
        tree.enter(root(), "")
            .map_err(|(path, error)| Failure::new("reading", format!("{}: {error}", path.display())))?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// The file at this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether a file or folder is at this path. The root is the empty path.
    pub(crate) fn has(&self, path: &str) -> bool {
        path.is_empty() || self.file(path).is_some() || self.others.iter().any(|other| other == path)
    }

    fn enter(&mut self, folder: &Path, prefix: &str) -> Result<(), (PathBuf, std::io::Error)> {
        let at = |path: &Path| {
            let path = path.to_path_buf();
            move |error| (path, error)
        };
        for entry in std::fs::read_dir(folder).map_err(at(folder))? {
            let entry = entry.map_err(at(folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if path == "target" || path == ".git" {
                continue;
            }
            let kind = entry.file_type().map_err(at(&entry.path()))?;
            if kind.is_dir() {
                self.enter(&entry.path(), &format!("{path}/"))?;
            }
            // A socket or a pipe that something left here cannot be read to its end.
            if !kind.is_file() {
                self.others.push(path);
                continue;
            }
            match String::from_utf8(std::fs::read(entry.path()).map_err(at(&entry.path()))?) {
                Ok(text) => self.files.push(File { path, text }),
                Err(_) => self.others.push(path),
            }
        }
        Ok(())
    }

    /// A tree of invented files.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            let folders = path.match_indices('/').map(|(at, _)| path[..at].to_owned());
            tree.others.extend(folders);
            tree.files.push(File { path: (*path).to_owned(), text: (*text).to_owned() });
        }
        tree
    }
}

/// One place where a rule of the house is broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_holds_this_workspace_and_nothing_built() {
        let tree = Tree::read().unwrap();
        assert!(tree.file("xtask/src/files.rs").is_some());
        assert!(tree.has("crates") && tree.has(""));
        assert!(!tree.has("target") && !tree.has(".git"));
    }

    #[test]
    fn a_finding_reads_as_path_line_and_reason() {
        assert_eq!(Finding::new("a/b.rs", 7, "too long").to_string(), "a/b.rs:7: too long");
    }
}
