//! The plan folder: watched as a whole, since editors rename, and reread slowly besides.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// Why the folder cannot be watched.
#[derive(Debug, thiserror::Error)]
#[error("the plan folder {} cannot be watched: {text}; create it, or name another with --plans", folder.display())]
pub struct FolderError {
    /// The folder.
    pub folder: PathBuf,
    /// The reason.
    pub text: String,
}

/// A watched folder.
pub struct PlanFolder {
    folder: PathBuf,
    changed: Arc<Notify>,
    /// Warnings that stand: each is said once.
    said: Mutex<BTreeSet<String>>,
    // Watching ends when this is dropped.
    _watcher: RecommendedWatcher,
}

/// A plan file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPlan {
    /// The file's stem: the plan's name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl PlanFolder {
    /// Begins to watch `folder` itself, not the files in it.
    ///
    /// # Errors
    /// It does not exist, or the system gives no watch.
    pub fn watch(folder: &Path) -> Result<Self, FolderError> {
        let failed = |error: notify::Error| FolderError { folder: folder.to_owned(), text: error.to_string() };
        let changed = Arc::new(Notify::new());
        let wake = Arc::clone(&changed);
        // What changed does not matter: everything is reread. Reads by ourselves are no change.
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.map_or(true, |event| !event.kind.is_access()) {
                wake.notify_one();
            }
        })
        .map_err(failed)?;
        watcher.watch(folder, RecursiveMode::NonRecursive).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), changed, said: Mutex::default(), _watcher: watcher })
    }

    /// Returns when something in the folder may have changed. Changes that come together are one.
    pub async fn changed(&mut self) {
        self.changed.notified().await;
    }

    /// Every plan file of the folder by name: `*.yaml`, without hidden files and what editors leave behind. A file whose name cannot be a
    /// plan's is said once and left out; a folder that cannot be read has none, and whoever runs plans keeps those that it has.
    pub fn scan(&self) -> Vec<FoundPlan> {
        let (found, warnings) = scan(&self.folder);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in warnings.difference(&said) {
            tracing::warn!("{warning}");
        }
        *said = warnings;
        found
    }
}

fn scan(folder: &Path) -> (Vec<FoundPlan>, BTreeSet<String>) {
    let mut warnings = BTreeSet::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            warnings.insert(format!("the plan folder {} cannot be read: {error}", folder.display()));
            return (Vec::new(), warnings);
        }
    };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_plan = path.extension().is_some_and(|end| end == "yaml") && !path.is_dir();
        if !is_plan || name.starts_with(['.', '#']) {
            continue;
        }
        if may_be_a_name(&name) {
            found.push(FoundPlan { name, path });
        } else {
            warnings.insert(format!(
                "{path:?} is not taken for a plan: its name becomes the plan's, and that consists of letters, digits, `-`, `_` and `.`"
            ));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    (found, warnings)
}

/// A plan's name is typed in commands, stands in front of every line of the story and in addresses.
fn may_be_a_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        scan(folder).0.into_iter().map(|plan| plan.name).collect()
    }

    #[test]
    fn plans_are_found_by_name_and_leftovers_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let leftovers = [
            ".erp.yaml.ovirt-dr-new",
            ".hidden.yaml",
            "#erp.yaml",
            "erp.yaml~",
            ".erp.yaml.swp",
            "erp.yaml.rpmsave",
            "engine-ca.pem",
        ];
        for name in ["erp.yaml", "crm.yaml"].iter().chain(&leftovers) {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        std::fs::create_dir(dir.path().join("folder.yaml")).unwrap();
        assert_eq!(names(dir.path()), ["crm", "erp"]);
    }

    #[test]
    fn a_name_that_could_write_lines_of_its_own_into_the_journal_is_left_out_and_said() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("erp\nerp: converged.yaml"), "").unwrap();
        let (found, warnings) = scan(dir.path());
        assert_eq!(found, []);
        let warning = warnings.into_iter().next().unwrap();
        assert!(warning.contains("letters, digits") && !warning.contains('\n'), "{warning}");
    }

    #[tokio::test]
    async fn a_file_renamed_into_place_wakes() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = PlanFolder::watch(dir.path()).unwrap();
        std::fs::write(dir.path().join("new"), "version: 1\n").unwrap();
        std::fs::rename(dir.path().join("new"), dir.path().join("erp.yaml")).unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(10), folder.changed()).await.unwrap();
        assert_eq!(folder.scan().len(), 1);
    }

    #[test]
    fn a_missing_folder_is_said_with_the_remedy() {
        let missing = PlanFolder::watch(Path::new("/nonexistent/plans")).err().unwrap().to_string();
        assert!(missing.contains("/nonexistent/plans") && missing.contains("--plans"), "{missing}");
    }
}
