//! A Python environment with the SDK and Ansible, made once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tests::process::root;

/// Whole requests of pip that a broken network is given.
const RETRIES: &str = "2";

/// The folder of the scripts, playbooks and pinned versions.
pub(crate) fn peers() -> PathBuf {
    root().join("tests/peers")
}

/// The environment's folder `bin`. It is made first if it is missing, unfinished or of other versions.
///
/// # Panics
/// It cannot be made; says what failed, what it said and what it needs.
pub(crate) fn bin() -> &'static Path {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| {
        // .../target/debug/deps/peers-0123456789abcdef
        let test = std::env::current_exe().expect("a test knows its own path");
        let folder =
            test.ancestors().nth(3).expect("a test lies three folders below the target folder").join("peers-venv");
        let complete = folder.join("complete");
        let wanted = contents();
        if std::fs::read_to_string(&complete).is_ok_and(|found| found == wanted) {
            return folder.join("bin");
        }
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        }
        make(&folder);
        std::fs::write(&complete, wanted).unwrap_or_else(|error| panic!("{}: {error}", complete.display()));
        folder.join("bin")
    })
}

/// What an environment is made of: one made of anything else is made anew.
fn contents() -> String {
    let interpreter = told(Command::new("python3").arg("--version"));
    let files = ["requirements.txt", "collection.txt", "collection.py"].map(|name| {
        let path = peers().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    interpreter + &files.concat()
}

fn make(folder: &Path) {
    let (bin, wheel) = (folder.join("bin"), folder.join("wheel"));
    told(Command::new("python3").args(["-m", "venv"]).arg(folder));
    let pip = || {
        let mut pip = Command::new(bin.join("python"));
        pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", RETRIES]);
        pip
    };
    told(pip().arg("install").arg("--requirement").arg(peers().join("requirements.txt")));
    // The wheel of `ansible` carries a hundred collections: one is unpacked instead of all installed.
    let collection = peers().join("collection.txt");
    told(
        pip()
            .args(["download", "--no-deps", "--only-binary", ":all:", "--dest"])
            .arg(&wheel)
            .arg("--requirement")
            .arg(collection),
    );
    told(Command::new(bin.join("python")).arg(peers().join("collection.py")).arg(&wheel));
}

/// Runs a step to its end and yields what it said.
fn told(step: &mut Command) -> String {
    let needs = "These programs come from PyPI: with network once, then from target/peers-venv. They need python3 with venv, and the \
                 headers that `cargo xtask test` installs as root on Debian.";
    let output = step.output().unwrap_or_else(|error| panic!("{step:?} cannot be started: {error}\n{needs}"));
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{step:?} failed ({}):\n{text}\n{needs}", output.status);
    text
}
