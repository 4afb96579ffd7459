//! One program against one simulated engine.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use ovirt_dr::rehearsal::PASSWORD;
use serde_json::json;
use tests::process::Rehearsal;
use tokio::process::Command;

/// Longest any of these programs may take, on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

/// The folder of the programs. Without them nothing is known: that is a failure, and says what is missing.
pub(crate) fn bin() -> &'static Path {
    tests::peers::bin().unwrap_or_else(|why| panic!("{why}"))
}

/// Runs a program with the engine in its environment, and yields what it said.
///
/// # Panics
/// It fails or does not end; shows all it said.
pub(crate) async fn run(rehearsal: &Rehearsal, program: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("OVIRT_URL", rehearsal.url())
        .env("OVIRT_USERNAME", "admin@internal")
        .env("OVIRT_PASSWORD", PASSWORD)
        .env("OVIRT_CAFILE", rehearsal.path("plans/engine-ca.pem"))
        // Ansible refuses to run elsewhere than in UTF-8, and keeps a folder of its own.
        .env("LC_ALL", "C.UTF-8")
        .env("ANSIBLE_HOME", rehearsal.path("ansible"))
        .current_dir(rehearsal.path(""))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{command:?} does not end within {LIMIT:?}"));
    let output = output.unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{command:?} failed ({}):\n{text}", output.status);
    text
}

/// A world whose active site, madrid, is lost; the engine has seen it and the array has promoted seville.
pub(crate) async fn lost() -> Rehearsal {
    let rehearsal = Rehearsal::new().await;
    rehearsal.lose("madrid").await;
    rehearsal.order("promote seville").await;
    rehearsal
}

/// Everything runs at seville, madrid's hosts are parked as they were before, and nothing dangerous happened on the way.
pub(crate) async fn assert_all_at_seville(rehearsal: &Rehearsal) {
    assert_eq!(rehearsal.show("violations").await, json!([]));
    let state = rehearsal.show("state").await;
    let of = |member: &str| state[member].as_array().expect("a list").clone();
    for vm in of("vms") {
        let host = vm["host"].as_str().unwrap_or_default();
        assert!(vm["status"] == "up" && host.starts_with("seville-"), "{vm}");
    }
    for host in of("hosts") {
        let expected = if host["site"] == "seville" { "up" } else { "maintenance" };
        assert!(host["status"] == expected && host["power_management"] == true, "{host}");
    }
    for domain in of("domains") {
        assert_eq!(domain["status"], "active", "{domain}");
    }
    assert_eq!(state["data_centers"][0]["status"], "up");
}
