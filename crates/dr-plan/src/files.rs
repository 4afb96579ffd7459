//! The files that a plan refers to, for whoever can look at them.

use std::path::PathBuf;

use crate::plan::{Plan, Promote, Secret};

/// A file that a plan refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFile {
    /// What must hold for it.
    pub kind: FileKind,
    /// What it is for, in words: `the engine's password`.
    pub what: String,
    /// As written in the plan: a relative path belongs to the plan's folder.
    pub path: PathBuf,
}

/// What must hold for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Must exist, and nobody but its owner may read it.
    Secret,
    /// Must exist and be readable.
    Certificate,
    /// Must exist and be executable.
    Hook,
}

impl Plan {
    /// Every file that the plan refers to: secrets, certificates, hooks. Looks at none of them.
    pub fn files(&self) -> Vec<PlanFile> {
        let mut files = vec![];
        match &self.engine.password {
            Secret::File(path) => {
                files.push(PlanFile {
                    kind: FileKind::Secret,
                    what: "the engine's password".to_owned(),
                    path: path.clone(),
                });
            }
            Secret::Credential(_) | Secret::Env(_) => {}
        }
        if let Some(path) = &self.engine.ca_file {
            files.push(PlanFile {
                kind: FileKind::Certificate,
                what: "the engine's CA".to_owned(),
                path: path.clone(),
            });
        }
        for (name, site) in &self.sites {
            match &site.promote {
                Promote::Hook { path, .. } => {
                    let what = format!("the promotion hook of site `{name}`");
                    files.push(PlanFile { kind: FileKind::Hook, what, path: path.clone() });
                }
                Promote::Nothing | Promote::Confirm => {}
            }
        }
        files
    }
}
