//! The systemd unit: read by systemd itself, where there is one.

use std::path::PathBuf;

use crate::provision::on_path;
use crate::step::{Failure, Step};

const UNIT: &str = "deploy/ovirt-dr.service";
const PROGRAM: &str = "/usr/bin/ovirt-dr";

/// Fails on what systemd warns about: unknown settings, values it ignores, a missing program.
pub(crate) fn verify() -> Result<(), Failure> {
    if !on_path("systemd-analyze") {
        println!("==> units: skipped, systemd-analyze is not installed");
        return Ok(());
    }
    let unit = stand_in().map_err(|why| Failure::new("units", why))?;
    Step::program("units", "systemd-analyze", &["verify", "--man=no", "--recursive-errors=no", &unit.to_string_lossy()])
        .run()
}

/// A copy of the unit that starts a program which is on every machine, since ours is not installed here.
fn stand_in() -> Result<PathBuf, String> {
    let root = crate::files::root();
    let text = std::fs::read_to_string(root.join(UNIT)).map_err(|error| format!("{UNIT}: {error}"))?;
    if !text.contains(&format!("ExecStart={PROGRAM} ")) {
        return Err(format!("{UNIT} does not start {PROGRAM}"));
    }
    let folder = root.join("target/units");
    let copy = folder.join("ovirt-dr.service");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    std::fs::write(&copy, text.replace(PROGRAM, "/bin/true"))
        .map_err(|error| format!("{}: {error}", copy.display()))?;
    Ok(copy)
}
