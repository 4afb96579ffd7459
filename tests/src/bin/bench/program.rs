//! The built binary, as users have it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Builds `ovirt-dr` with this program's own profile; where it is.
pub(crate) fn ovirt_dr() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "ovirt-dr", "--bin", "ovirt-dr"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.stdout(Stdio::null()).status().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !built.success() {
        return Err("ovirt-dr does not build".to_owned());
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = own.with_file_name("ovirt-dr");
    if program.exists() { Ok(program) } else { Err(format!("{} is not there", program.display())) }
}
