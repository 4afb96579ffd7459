//! A plan for the world of a file, and its hooks, written where a daemon reads them.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use engine_sim::world::{WorldFile, WorldSpec};

use super::plan::{PlanOptions, plan_for};

/// What a written file begins with or contains: only such a file is written over.
const MARK: &str = "# Written by `ovirt-dr sim --write-plan`";
/// The hook for rehearsals, with the usual control door.
const HOOK: &str = include_str!("../../../../plans/hooks/promote-simulated");
const USUAL_PORT: &str = "port=8444";

/// Where a plan is written and what it refers to.
#[derive(Clone, Copy, Debug)]
pub struct WrittenPlan<'a> {
    /// The engine's API.
    pub url: &'a str,
    /// The plan's file.
    pub plan: &'a Path,
    /// The PEM file of the engine's CA; it is there.
    pub ca_file: &'a Path,
}

/// A plan's text and the sites that it promotes.
#[derive(Clone, Debug)]
pub struct PlanText {
    /// YAML.
    pub text: String,
    /// Sites with a hook `hooks/promote-SITE`.
    pub sites: Vec<String>,
}

/// A plan for the world of a file, without the hosts that no plan is to name.
///
/// # Errors
/// The CA's file is not there, or the plan would not be a good one: what `ovirt-dr check` would say of it.
pub fn plan_of_file(world: &WorldFile, written: WrittenPlan<'_>) -> Result<PlanText, String> {
    let WrittenPlan { url, plan, ca_file } = written;
    let spec = planned(world);
    let whole = |path: &Path| fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()));
    let ca = whole(ca_file)?;
    let folder = folder(plan);
    // A plan names files relative to its own folder, so that the folder can be moved.
    let beside = fs::canonicalize(&folder).ok().and_then(|folder| ca.strip_prefix(folder).ok().map(Path::to_owned));
    let ca = beside.unwrap_or(ca).display().to_string();
    let options = PlanOptions {
        url,
        ca_file: Some(&ca),
        password: "env: OVIRT_DR_PASSWORD",
        active: &world.active_site,
        hooks: true,
        gateways: true,
        extra: "",
    };
    let text = format!("{MARK}; the next run writes it anew.\n{}", plan_for(&spec, options));
    let stem = plan.file_stem().and_then(|stem| stem.to_str()).unwrap_or("plan");
    let parsed = dr_plan::parse(stem, &text);
    if parsed.plan.is_none() {
        let findings: Vec<String> = parsed.findings.iter().map(ToString::to_string).collect();
        return Err(format!("this world cannot be planned for:\n{}", findings.join("\n")));
    }
    let sites = spec.sites.into_iter().filter(|site| !site.hosts.is_empty()).map(|site| site.name).collect();
    Ok(PlanText { text, sites })
}

impl PlanText {
    /// Writes the plan, and hooks that promote through the control door at `door`.
    ///
    /// # Errors
    /// A file cannot be written, or one that somebody else wrote is in the way.
    pub fn write(&self, plan: &Path, door: SocketAddr) -> Result<(), String> {
        let hooks = folder(plan).join("hooks");
        let hook = HOOK.replacen(USUAL_PORT, &format!("port={}", door.port()), 1);
        let hook = hook.replacen('\n', &format!("\n{MARK}\n"), 1);
        let hook_files: Vec<PathBuf> = self.sites.iter().map(|site| hooks.join(format!("promote-{site}"))).collect();
        for file in hook_files.iter().map(PathBuf::as_path).chain([plan]) {
            not_in_the_way(file)?;
        }
        let failed = |path: &Path, error: std::io::Error| format!("{} cannot be written: {error}", path.display());
        fs::create_dir_all(&hooks).map_err(|error| failed(&hooks, error))?;
        for file in &hook_files {
            let written =
                fs::write(file, &hook).and_then(|()| fs::set_permissions(file, PermissionsExt::from_mode(0o755)));
            written.map_err(|error| failed(file, error))?;
        }
        fs::write(plan, &self.text).map_err(|error| failed(plan, error))
    }
}

fn folder(plan: &Path) -> PathBuf {
    match plan.parent() {
        Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
        Some(folder) => folder.to_owned(),
        None => PathBuf::from("."),
    }
}

/// A file that somebody wrote by hand is not lost to a rehearsal.
fn not_in_the_way(file: &Path) -> Result<(), String> {
    match fs::read_to_string(file) {
        Ok(text) if text.contains(MARK) => Ok(()),
        Ok(_) => {
            Err(format!("{} is there already and is not from `sim --write-plan`: name another file", file.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

/// The world as a plan is to see it.
fn planned(world: &WorldFile) -> WorldSpec {
    let mut spec = world.spec.clone();
    for site in &mut spec.sites {
        site.hosts.retain(|host| !world.unplanned.contains(&host.name));
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: &str = "active_site: b\nsites:\n  a: { hosts: 1 }\n  b: { hosts: [ b1, { name: odd, planned: false } ] }\nwitnesses: [192.0.2.53]\nstorage:\n  m: { type: nfs }\n";

    fn made(folder: &Path) -> (PathBuf, Result<(), String>) {
        let world = WorldFile::read("w.yaml", WORLD).unwrap();
        let (plan, ca_file) = (folder.join("p.yaml"), folder.join("ca.pem"));
        fs::write(&ca_file, "a certificate").unwrap();
        let url = "https://localhost:1/ovirt-engine/api";
        let text = plan_of_file(&world, WrittenPlan { url, plan: &plan, ca_file: &ca_file }).unwrap();
        let done = text.write(&plan, ([127, 0, 0, 1], 4711).into());
        (plan, done)
    }

    #[test]
    fn a_written_plan_is_a_plan_with_hooks_that_know_the_door_and_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let (plan, done) = made(folder.path());
            done.unwrap();
            let text = fs::read_to_string(plan).unwrap();
            let parsed = dr_plan::parse("p", &text);
            assert!(parsed.findings.is_empty(), "{:?}", parsed.findings);
            assert!(text.contains("active_site: b") && text.contains("ca_file: ca.pem"), "{text}");
            assert!(!text.contains("odd"), "{text}");
        }
        let hook = folder.path().join("hooks/promote-b");
        let text = fs::read_to_string(&hook).unwrap();
        assert!(text.starts_with("#!/bin/bash\n") && text.contains("\nport=4711\n"), "{text}");
        assert_eq!(fs::metadata(hook).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn what_somebody_wrote_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("hooks")).unwrap();
        fs::write(folder.path().join("hooks/promote-b"), "#!/bin/sh\nreal\n").unwrap();
        let (plan, done) = made(folder.path());
        assert!(done.unwrap_err().contains("hooks/promote-b is there already"));
        assert!(!plan.exists());
    }
}
