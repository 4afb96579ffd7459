//! The plan folder: watched as a whole, since editors rename, and reread slowly besides.

use std::path::{Path, PathBuf};
use std::sync::Arc;

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
        Ok(Self { folder: folder.to_owned(), changed, _watcher: watcher })
    }

    /// Returns when something in the folder may have changed.
    pub async fn changed(&mut self) {
        self.changed.notified().await;
    }

    /// Every plan file of the folder by name: `*.yaml`, without hidden files and what editors leave behind.
    pub fn scan(&self) -> Vec<FoundPlan> {
        scan(&self.folder)
    }
}

/// Every plan file of a folder by name. An unreadable folder has none: whoever runs plans keeps those that it has.
pub fn scan(folder: &Path) -> Vec<FoundPlan> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!("the plan folder {} cannot be read: {error}", folder.display());
            return Vec::new();
        }
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let plans = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml") && !path.is_dir());
    let named = plans.filter_map(|path| Some(FoundPlan { name: path.file_stem()?.to_str()?.to_owned(), path }));
    let mut found: Vec<FoundPlan> = named.filter(|plan| !plan.name.starts_with(['.', '#'])).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_found_by_name_and_leftovers_are_not() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "erp.yaml",
            "crm.yaml",
            ".erp.yaml.ovirt-dr-new",
            ".hidden.yaml",
            "#erp.yaml",
            "erp.yaml~",
            "engine-ca.pem",
        ] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let names: Vec<String> = scan(dir.path()).into_iter().map(|plan| plan.name).collect();
        assert_eq!(names, ["crm", "erp"]);
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
