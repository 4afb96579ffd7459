//! A Python environment with the official SDK and Ansible, made once: programs that know nothing of this project.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process::root;

/// Whole requests of pip that a broken network is given.
const RETRIES: &str = "2";
const NEEDS: &str = "These programs come from PyPI: with network once, then from target/peers-venv. They need python3 with venv, and the \
                     headers that `cargo xtask test` installs as root on Debian.";

/// The folder of the scripts, playbooks and pinned versions.
pub fn peers() -> PathBuf {
    root().join("tests/peers")
}

/// The environment's folder `bin`. It is made first if it is missing, unfinished or of other versions.
///
/// # Errors
/// It cannot be made; says what failed, what it said and what it needs.
pub fn bin() -> Result<&'static Path, String> {
    static BIN: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BIN.get_or_init(made).as_deref().map_err(Clone::clone)
}

fn made() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| format!("a program's own path: {error}"))?;
    // Cargo marks the target folder for programs that make backups.
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let folder = target.ok_or("this program does not lie below a target folder of cargo")?.join("peers-venv");
    let complete = folder.join("complete");
    let wanted = contents()?;
    if std::fs::read_to_string(&complete).is_ok_and(|found| found == wanted) {
        return Ok(folder.join("bin"));
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    make(&folder)?;
    std::fs::write(&complete, wanted).map_err(|error| format!("{}: {error}", complete.display()))?;
    Ok(folder.join("bin"))
}

/// What an environment is made of: one made of anything else is made anew.
fn contents() -> Result<String, String> {
    let mut contents = told(Command::new("python3").arg("--version"))?;
    for name in ["requirements.txt", "collection.txt", "collection.py"] {
        let path = peers().join(name);
        contents += &std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(contents)
}

fn make(folder: &Path) -> Result<(), String> {
    let (bin, wheel) = (folder.join("bin"), folder.join("wheel"));
    told(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let pip = || {
        let mut pip = Command::new(bin.join("python"));
        pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", RETRIES]);
        pip
    };
    told(pip().arg("install").arg("--requirement").arg(peers().join("requirements.txt")))?;
    // The wheel of `ansible` carries a hundred collections: one is unpacked instead of all installed.
    let collection = peers().join("collection.txt");
    told(
        pip()
            .args(["download", "--no-deps", "--only-binary", ":all:", "--dest"])
            .arg(&wheel)
            .arg("--requirement")
            .arg(collection),
    )?;
    told(Command::new(bin.join("python")).arg(peers().join("collection.py")).arg(&wheel))?;
    Ok(())
}

/// Runs a step to its end and yields what it said.
fn told(step: &mut Command) -> Result<String, String> {
    let output = step.output().map_err(|error| format!("{step:?} cannot be started: {error}\n{NEEDS}"))?;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("{step:?} failed ({}):\n{text}\n{NEEDS}", output.status))
    }
}
