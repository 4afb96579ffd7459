//! One plan's file on disk: read whole, and its one line rewritten in place.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use dr_plan::{FileKind, Finding, Level, Parsed, SiteName};
use rustix::fs::{OFlags, XattrFlags, fgetxattr, fsetxattr};

use crate::plan_loop::PlanText;

/// Attributes that decide who may touch a file beside its mode: SELinux's label and access control lists.
const KEPT_ATTRIBUTES: [&str; 2] = ["security.selinux", "system.posix_acl_access"];
/// Longest attribute that is kept, in bytes.
const LONGEST_ATTRIBUTE: usize = 4096;

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
}

impl PlanText for OnDisk {
    fn read(&self) -> Result<String, String> {
        read(&self.path)
    }

    fn set_active_site(&self, site: &SiteName) -> Result<(), String> {
        let text = self.read()?;
        let rewritten = dr_plan::set_active_site(&text, site).map_err(|found| {
            format!("{} was not rewritten: {}; {}", self.path.display(), found.message, found.remedy)
        })?;
        if rewritten == text { Ok(()) } else { replace(&self.path, &text, &rewritten) }
    }
}

/// Reads a plan file: a plain file of sensible size, in UTF-8.
///
/// # Errors
/// One sentence: it is gone, a link, too large or no text.
fn read(path: &Path) -> Result<String, String> {
    let said = |error: io::Error| match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::LOOP) => {
            format!("{} is a link: put the plan itself there, so that it can be rewritten in place", path.display())
        }
        Some(_) | None => format!("{} cannot be read: {error}", path.display()),
    };
    let file = open(path).map_err(said)?;
    if !file.metadata().map_err(said)?.is_file() {
        return Err(format!("{} is no plain file", path.display()));
    }
    // One byte more than the parser takes: its finding about the size is better than ours.
    let mut text = Vec::new();
    file.take(dr_plan::MAX_BYTES as u64 + 1).read_to_end(&mut text).map_err(said)?;
    String::from_utf8(text).map_err(|_| format!("{} is no UTF-8 text", path.display()))
}

/// Opens a file that must not be a link, and waits for nobody who might hold the other end of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Replaces a file's content atomically, if it still is `expected`. Owner, mode, label and access list are kept as far as the daemon may, and
/// after a crash there is the old text or the new one.
fn replace(path: &Path, expected: &str, text: &str) -> Result<(), String> {
    let new = beside(path);
    let written = write_beside(path, &new, text).and_then(|()| {
        // Whoever saves in an editor between this read and the rename still loses; nothing but a lock that editors do not know could help.
        if read(path).is_ok_and(|now| now == expected) {
            fs::rename(&new, path)
                .and_then(|()| File::open(folder(path))?.sync_all())
                .map_err(|error| error.to_string())
        } else {
            Err("it changed at this very moment; look at it and ask again".to_owned())
        }
    });
    written.map_err(|why| {
        // It may not even exist.
        let _ = fs::remove_file(&new);
        format!("{} was not rewritten: {why}", path.display())
    })
}

/// Writes the new text to `new`, durable, with everything of the old file but its text.
fn write_beside(path: &Path, new: &Path, text: &str) -> Result<(), String> {
    let write = || -> io::Result<()> {
        let old = open(path)?;
        let found = old.metadata()?;
        match fs::remove_file(new) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
        file.write_all(text.as_bytes())?;
        // Without the right to give it away it stays the daemon's own; its group can be kept more often than its owner.
        if fchown(&file, Some(found.uid()), Some(found.gid())).is_err() {
            let _ = fchown(&file, None, Some(found.gid()));
        }
        file.set_permissions(fs::Permissions::from_mode(found.mode() & 0o7777))?;
        keep_attributes(&old, &file);
        file.sync_all()
    };
    write().map_err(|error| format!("{error}; the daemon needs the right to write its folder"))
}

fn keep_attributes(old: &File, new: &File) {
    for name in KEPT_ATTRIBUTES {
        let mut value = [0; LONGEST_ATTRIBUTE];
        // Most files have none, and some file systems know none.
        if let Ok(length) = fgetxattr(old, name, &mut value)
            && let Some(value) = value.get(..length)
            && let Err(error) = fsetxattr(new, name, value, XattrFlags::empty())
        {
            tracing::debug!("the attribute {name} of a plan file was not kept: {error}");
        }
    }
}

/// Where the new text is written: hidden, so that it is no plan.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".ovirt-dr-new");
    folder(path).join(name)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What is wrong with the files that a plan refers to: missing, empty, not executable, readable or writable by others.
pub fn check_files(parsed: &Parsed, dir: &Path) -> Vec<Finding> {
    let Some(plan) = &parsed.plan else { return Vec::new() };
    let mut findings = Vec::new();
    for file in plan.files() {
        let path = dir.join(&file.path);
        let mut found = |level, message: String, remedy: &str| {
            findings.push(parsed.finding_on(&file.path, level, message, remedy));
        };
        let is = match fs::metadata(&path) {
            Ok(is) => is,
            Err(error) => {
                let message = format!("{} {} cannot be read: {error}", file.what, path.display());
                found(Level::Error, message, "put it there, or correct the path");
                continue;
            }
        };
        let shown = path.display();
        let mode = is.permissions().mode();
        if !is.is_file() {
            found(Level::Error, format!("{} {shown} is no file", file.what), "put it there, or correct the path");
            continue;
        }
        match file.kind {
            FileKind::Hook => {
                if mode & 0o111 == 0 {
                    found(Level::Error, format!("{shown} is not executable"), "chmod 0755 it");
                }
                if mode & 0o002 != 0 {
                    let message = format!("{shown} is writable by everybody, and the daemon runs it");
                    found(Level::Warning, message, "chmod 0755 it");
                }
            }
            FileKind::Secret => {
                if is.len() == 0 {
                    found(Level::Error, format!("{shown} is empty"), "its first line is the password");
                }
                if mode & 0o077 != 0 {
                    let message = format!("{shown} is readable by others than its owner");
                    found(Level::Warning, message, "chmod 0600 it");
                }
            }
            FileKind::Certificate => {
                if is.len() == 0 {
                    found(Level::Error, format!("{shown} is empty"), "put the engine's CA certificate there, as PEM");
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "version: 1\nactive_site: madrid   # the one line\nengine:\n  url: https://e.example.com/ovirt-engine/api\n  \
                        username: dr@internal\n  password: { file: secret }\nsites:\n  madrid:\n    hosts: [mad-1]\n  seville:\n    \
                        hosts: [sev-1]\n    promote:\n      hook: promote\n";

    fn plan() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("erp.yaml");
        fs::write(&path, PLAN).unwrap();
        (dir, path)
    }

    fn flip(path: &Path) -> Result<(), String> {
        OnDisk::new(path.to_owned()).set_active_site(&SiteName("seville".to_owned()))
    }

    #[test]
    fn the_line_is_rewritten_in_place_and_comment_and_mode_are_kept() {
        let (dir, path) = plan();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        flip(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), PLAN.replace("active_site: madrid", "active_site: seville"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_a_crash_left_beside_it_is_in_nobodys_way_even_if_it_is_a_link() {
        let (dir, path) = plan();
        let other = dir.path().join("other");
        fs::write(&other, "untouched").unwrap();
        std::os::unix::fs::symlink(&other, beside(&path)).unwrap();
        flip(&path).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "untouched");
        assert!(read(&path).unwrap().contains("active_site: seville"));
    }

    #[test]
    fn a_line_that_already_says_so_is_left_as_it_is() {
        let (_dir, path) = plan();
        let before = fs::metadata(&path).unwrap().ino();
        OnDisk::new(path.clone()).set_active_site(&SiteName("madrid".to_owned())).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().ino(), before);
    }

    #[test]
    fn an_edit_of_somebody_else_is_never_overwritten() {
        let (dir, path) = plan();
        let refused = replace(&path, "what was read before\n", "new\n").unwrap_err();
        assert!(refused.contains("changed at this very moment"), "{refused}");
        assert_eq!(read(&path).unwrap(), PLAN);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_site_that_the_plan_does_not_have_is_said_in_one_line() {
        let (_dir, path) = plan();
        let refused = OnDisk::new(path.clone()).set_active_site(&SiteName("lisbon".to_owned())).unwrap_err();
        assert!(
            refused.contains("was not rewritten") && refused.contains("lisbon") && !refused.contains('\n'),
            "{refused}"
        );
        assert_eq!(read(&path).unwrap(), PLAN);
    }

    #[test]
    fn a_link_is_refused_and_left_alone() {
        let (dir, path) = plan();
        let link = dir.path().join("link.yaml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let refused = flip(&link).unwrap_err();
        assert!(refused.contains("is a link"), "{refused}");
        assert_eq!(read(&path).unwrap(), PLAN);
    }

    #[test]
    fn what_is_no_text_is_said_and_not_waited_for() {
        let (dir, _) = plan();
        let binary = dir.path().join("binary.yaml");
        fs::write(&binary, [0xff, 0xfe]).unwrap();
        assert!(read(&binary).unwrap_err().contains("no UTF-8"));
        let pipe = dir.path().join("pipe.yaml");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        assert!(read(&pipe).unwrap_err().contains("no plain file"));
        assert!(read(&dir.path().join("missing.yaml")).unwrap_err().contains("cannot be read"));
    }

    #[test]
    fn files_that_are_missing_open_or_not_executable_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let parsed = dr_plan::parse("erp", PLAN);
        let found = || -> String {
            let found = check_files(&parsed, dir.path());
            found.iter().map(|finding| format!("{} {}: {}\n", finding.line, finding.level, finding.message)).collect()
        };
        let make = |name: &str, text: &str, mode: u32| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        make("promote", "#!/bin/sh\n", 0o644);
        let first = found();
        assert!(first.contains("6 error: the engine's password") && first.contains("secret cannot be read"), "{first}");
        assert!(first.contains("13 error") && first.contains("promote is not executable"), "{first}");
        make("secret", "x\n", 0o644);
        make("promote", "#!/bin/sh\n", 0o777);
        let second = found();
        assert!(second.contains("warning") && second.contains("secret is readable by others"), "{second}");
        assert!(second.contains("promote is writable by everybody") && !second.contains("error"), "{second}");
        make("secret", "", 0o600);
        make("promote", "#!/bin/sh\n", 0o755);
        let third = found();
        assert!(third.contains("error") && third.contains("secret is empty") && third.lines().count() == 1, "{third}");
        make("secret", "x\n", 0o600);
        assert_eq!(found(), "");
    }
}
