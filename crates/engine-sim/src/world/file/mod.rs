//! A world as a person writes it down: YAML with names, counts and durations, made into a [`WorldSpec`].
//!
//! What may be left out has a default that fits together: addresses follow the place of a site in the file, copies follow the
//! name of their domain, virtual machines run on the hosts of the active site in turn. `docs/simulator.md` is the reference.
//!
//! Reading order: `shape` (what may be written), `yaml` (the library, and places), `make` with `stores` and `guests` (what it means).

mod guests;
mod make;
mod shape;
mod stores;
#[cfg(test)]
mod tests;
mod yaml;

use std::fmt;

use super::{World, WorldSpec};

/// Largest world file, in bytes.
pub const MAX_WORLD_FILE: usize = 1024 * 1024;

/// A world file that was read.
#[derive(Clone, Debug)]
pub struct WorldFile {
    /// The world.
    pub spec: WorldSpec,
    /// The site that is active at the beginning.
    pub active_site: String,
    /// Hosts that a plan for this world is not to name (`planned: false`).
    pub unplanned: Vec<String>,
}

/// Why a file describes no world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldFileError {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1; 0 if the whole file is meant.
    pub line: u64,
    /// Column, from 1; 0 if the whole file is meant.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub remedy: String,
}

impl fmt::Display for WorldFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}\n     = {}", self.message, self.remedy)
    }
}

impl std::error::Error for WorldFileError {}

impl WorldFile {
    /// Reads a world. `file` is how the file is named in errors, `text` its content.
    ///
    /// # Errors
    /// The first thing that is wrong: no YAML, an unknown key, a name that points nowhere, a contradiction.
    pub fn read(file: &str, text: &str) -> Result<WorldFile, WorldFileError> {
        let found = || -> Result<WorldFile, Wrong> {
            let world = make::world(&yaml::read(text)?)?;
            // Whatever else would keep it from starting; the checks above name the place, so this is a last resort.
            World::new(&world.spec).map_err(|why| Wrong::new(Place::default(), why, "correct the names"))?;
            Ok(world)
        };
        found().map_err(|wrong| WorldFileError {
            file: file.to_owned(),
            line: wrong.at.line,
            column: wrong.at.column,
            message: wrong.message,
            remedy: wrong.remedy,
        })
    }
}

/// A place in the text; zeros are the whole text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    line: u64,
    column: u64,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
struct Placed<T> {
    at: Place,
    value: T,
}

/// What is wrong, where, and what would be right.
#[derive(Debug)]
struct Wrong {
    at: Place,
    message: String,
    remedy: String,
}

impl Wrong {
    fn new(at: Place, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { at, message: message.into(), remedy: remedy.into() }
    }

    /// A name that points nowhere.
    fn unknown<'a>(name: &Placed<String>, what: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<String> = known.take(20).map(|one| format!("`{one}`")).collect();
        let remedy = if known.is_empty() {
            format!("the file has no {what} yet: describe it")
        } else {
            format!("known are {}", known.join(", "))
        };
        Self::new(name.at, format!("there is no {what} `{}`", name.value), remedy)
    }
}
