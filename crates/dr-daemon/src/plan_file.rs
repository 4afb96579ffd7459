//! One plan's file on disk: read whole, and its one line rewritten in place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use dr_plan::{FileKind, Finding, Level, Parsed, SiteName};

use crate::plan_loop::PlanText;

/// A plan file of the plan folder.
#[derive(Clone, Debug)]
pub struct OnDisk {
    path: PathBuf,
}

impl OnDisk {
    /// The file at `path`. Nothing is read yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn said(&self, error: &io::Error) -> String {
        format!("{} cannot be read: {error}", self.path.display())
    }
}

impl PlanText for OnDisk {
    fn read(&self) -> Result<String, String> {
        read(&self.path)
    }

    fn set_active_site(&self, site: &SiteName) -> Result<(), String> {
        let text = self.read()?;
        let rewritten = dr_plan::set_active_site(&text, site).map_err(|finding| finding.to_string())?;
        replace(&self.path, &rewritten)
            .map_err(|error| format!("{}; the line `active_site` was not rewritten", self.said(&error)))
    }
}

/// Reads a plan file: a plain file of sensible size, in UTF-8.
///
/// # Errors
/// One sentence: it is gone, a link, too large or no text.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let said = |error: io::Error| format!("{} cannot be read: {error}", path.display());
    let found = fs::symlink_metadata(path).map_err(said)?;
    if found.is_symlink() {
        return Err(format!(
            "{} is a link: put the plan itself there, so that it can be rewritten in place",
            path.display()
        ));
    }
    if !found.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    // One byte more than the parser takes: its finding about the size is better than ours.
    let mut text = Vec::new();
    File::open(path).and_then(|file| file.take(dr_plan::MAX_BYTES as u64 + 1).read_to_end(&mut text)).map_err(said)?;
    String::from_utf8(text).map_err(|_| format!("{} is no UTF-8 text", path.display()))
}

/// Replaces a file's content atomically: owner and mode are kept, and after a crash there is the old text or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let old = fs::metadata(path)?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".ovirt-dr-new");
    let new = folder.join(name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    // Without the right to give it away it stays the daemon's: readable by the same group at least.
    let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(folder)?.sync_all()
}

/// What is wrong with the files that a plan refers to: missing, not executable, readable by others.
pub fn check_files(parsed: &Parsed, dir: &Path) -> Vec<Finding> {
    let Some(plan) = &parsed.plan else { return Vec::new() };
    let mut findings = Vec::new();
    for file in plan.files() {
        let path = dir.join(&file.path);
        let found = match fs::metadata(&path) {
            Ok(found) => found,
            Err(error) => {
                let message = format!("{} {} cannot be read: {error}", file.what, path.display());
                findings.push(parsed.finding_on(
                    &file.path,
                    Level::Error,
                    message,
                    "put it there, or correct the path",
                ));
                continue;
            }
        };
        let mode = found.permissions().mode();
        let (level, message, remedy) = match file.kind {
            FileKind::Hook if mode & 0o111 == 0 => {
                (Level::Error, format!("{} is not executable", path.display()), "chmod 0755 it")
            }
            FileKind::Secret if mode & 0o077 != 0 => {
                (Level::Warning, format!("{} is readable by others than its owner", path.display()), "chmod 0600 it")
            }
            FileKind::Hook | FileKind::Secret | FileKind::Certificate => continue,
        };
        findings.push(parsed.finding_on(&file.path, level, message, remedy));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "version: 1\nactive_site: madrid   # the one line\nengine:\n  url: https://e.example.com/ovirt-engine/api\n  \
                        username: dr@internal\n  password: { file: secret }\nsites:\n  madrid:\n    hosts: [mad-1]\n  seville:\n    \
                        hosts: [sev-1]\n    promote:\n      hook: promote\n";

    #[test]
    fn the_line_is_rewritten_in_place_and_comment_and_mode_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("erp.yaml");
        fs::write(&path, PLAN).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        OnDisk::new(path.clone()).set_active_site(&SiteName("seville".to_owned())).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), PLAN.replace("active_site: madrid", "active_site: seville"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_link_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        fs::write(&real, PLAN).unwrap();
        let link = dir.path().join("erp.yaml");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let refused = OnDisk::new(link).set_active_site(&SiteName("seville".to_owned())).unwrap_err();
        assert!(refused.contains("is a link"), "{refused}");
        assert_eq!(fs::read_to_string(&real).unwrap(), PLAN);
    }

    #[test]
    fn files_that_are_missing_open_or_not_executable_are_found() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("promote"), "#!/bin/sh\n").unwrap();
        let parsed = dr_plan::parse("erp", PLAN);
        let found: Vec<String> =
            check_files(&parsed, dir.path()).iter().map(|finding| finding.message.clone()).collect();
        assert!(found.iter().any(|message| message.contains("secret cannot be read")), "{found:?}");
        assert!(found.iter().any(|message| message.contains("promote is not executable")), "{found:?}");
        fs::write(dir.path().join("secret"), "x\n").unwrap();
        fs::set_permissions(dir.path().join("secret"), fs::Permissions::from_mode(0o644)).unwrap();
        let found: Vec<String> =
            check_files(&parsed, dir.path()).iter().map(|finding| finding.message.clone()).collect();
        assert!(found.iter().any(|message| message.contains("readable by others")), "{found:?}");
    }
}
