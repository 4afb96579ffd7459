//! What the tests need on a Debian machine besides a Rust toolchain.
//!
//! Everything else (the C compiler among it) has to be there already, since this program was built with it.

use std::path::Path;
use std::process::Command;

use crate::step::{Failure, Step};

/// A Debian package, the program that shows it is there, and the tests that want it.
struct Package {
    name: &'static str,
    program: &'static str,
    wanted_by: &'static str,
}

/// Today's tests bring everything with them: SQLite is compiled in, servers and engines run in process.
/// Tests that start a browser or another database list `chromium`, `mariadb-server` or `postgresql` here.
const PACKAGES: &[Package] = &[];

/// Installs missing packages as root; as another user it names them and fails.
pub(crate) fn provision() -> Result<(), Failure> {
    let missing = missing(PACKAGES, on_path);
    if missing.is_empty() {
        println!("==> provision: nothing to install");
        return Ok(());
    }
    for package in &missing {
        println!("==> provision: {} is missing ({})", package.name, package.wanted_by);
    }
    let names: Vec<String> = missing.iter().map(|package| package.name.to_owned()).collect();
    if !root() {
        return Err(Failure::new("provision", format!("install as root: apt-get install {}", names.join(" "))));
    }
    Step::program("provision", "apt-get", &["update", "--quiet"]).run()?;
    Step::program("provision", "apt-get", &["install", "--yes", "--no-install-recommends"]).args(&names).run()
}

fn missing(packages: &'static [Package], here: impl Fn(&str) -> bool) -> Vec<&'static Package> {
    packages.iter().filter(|package| !here(package.program)).collect()
}

/// Whether a program of this name can be called.
pub(crate) fn on_path(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers in sbin, which an ordinary user's PATH leaves out.
    std::env::split_paths(&paths).chain(["/usr/sbin".into()]).any(|folder| Path::new(&folder).join(program).is_file())
}

fn root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[Package] = &[
        Package { name: "chromium", program: "chromium", wanted_by: "console" },
        Package { name: "mariadb-server", program: "mariadbd", wanted_by: "database" },
    ];

    #[test]
    fn only_missing_packages_are_installed() {
        let names: Vec<_> = missing(TWO, |program| program == "mariadbd").iter().map(|package| package.name).collect();
        assert_eq!(names, ["chromium"]);
        assert!(missing(TWO, |_| true).is_empty());
    }

    #[test]
    fn a_program_is_looked_up_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program-here"));
    }
}
