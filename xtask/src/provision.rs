//! What the tests need on a Debian machine besides a Rust toolchain.
//!
//! The C compiler has to be there already, since this program was built with it.

use std::path::Path;
use std::process::Command;

use crate::step::{Failure, Step};

/// A Debian package, and what wants it.
struct Package {
    name: &'static str,
    wanted_by: &'static str,
}

/// A browser or another database would be listed here too: `chromium`, `mariadb-server`, `postgresql`.
const PACKAGES: &[Package] = &[
    Package { name: "python3", wanted_by: "the official SDK and Ansible against the simulated engine" },
    Package { name: "python3-venv", wanted_by: "the environment of both" },
    Package { name: "python3-dev", wanted_by: "the SDK's native part" },
    Package { name: "libxml2-dev", wanted_by: "the SDK's native part" },
];

/// Installs missing packages as root. Another user is told what is missing, and the tests that need it say so again.
pub(crate) fn provision() -> Result<(), Failure> {
    if !on_path("dpkg-query") {
        println!("==> provision: skipped, this is no Debian; the tests want {}", names(PACKAGES.iter()).join(" "));
        return Ok(());
    }
    let missing = missing(PACKAGES, installed);
    if missing.is_empty() {
        println!("==> provision: nothing to install");
        return Ok(());
    }
    for package in &missing {
        println!("==> provision: {} is missing, for {}", package.name, package.wanted_by);
    }
    let names = names(missing.into_iter());
    if !root() {
        println!("==> provision: not root; install by hand: apt-get install {}", names.join(" "));
        return Ok(());
    }
    Step::program("provision", "apt-get", &["update", "--quiet"]).run()?;
    Step::program("provision", "apt-get", &["install", "--quiet", "--yes", "--no-install-recommends"])
        .args(&names)
        .run()
}

fn missing(packages: &'static [Package], here: impl Fn(&str) -> bool) -> Vec<&'static Package> {
    packages.iter().filter(|package| !here(package.name)).collect()
}

fn names<'a>(packages: impl Iterator<Item = &'a Package>) -> Vec<String> {
    packages.map(|package| package.name.to_owned()).collect()
}

fn installed(package: &str) -> bool {
    let asked = Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]).output();
    asked.is_ok_and(|answer| answer.stdout == b"installed")
}

/// Whether a program of this name can be called.
pub(crate) fn on_path(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| Path::new(&folder).join(program).is_file())
}

fn root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_packages_are_installed() {
        let missing_names = |here: fn(&str) -> bool| names(missing(PACKAGES, here).into_iter());
        assert_eq!(missing_names(|name| name != "libxml2-dev"), ["libxml2-dev"]);
        assert_eq!(missing_names(|_| true), [""; 0]);
    }

    #[test]
    fn a_package_that_nobody_has_is_missing() {
        assert!(!installed("no-such-package-here"));
    }

    #[test]
    fn a_program_is_looked_up_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program-here"));
    }
}
