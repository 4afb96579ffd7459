//! The official Python SDK: `tests/peers/sdk.py`.

use serde_json::json;
use tests::counts::tell;
use tests::peers::peers;
use tests::process::Rehearsal;

use crate::run::{assert_all_at_seville, bin, lost, run};

/// Runs the tests of one class, and yields how many there were.
async fn run_class(rehearsal: &Rehearsal, class: &str) -> usize {
    let script = peers().join("sdk.py").canonicalize().expect("a script").display().to_string();
    let said = run(rehearsal, &bin().join("python"), &["-W", "error", &script, class]).await;
    let count = said.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok());
    count.unwrap_or_else(|| panic!("it does not say how many tests ran:\n{said}"))
}

#[tokio::test]
async fn the_python_sdk_reads_writes_and_is_refused_as_by_an_engine() {
    bin();
    let rehearsal = Rehearsal::new().await;
    let count = run_class(&rehearsal, "Calm").await;
    assert_eq!(rehearsal.show("violations").await, json!([]));
    assert!(count >= 21, "{count} tests");
    tell(&format!("Python SDK: in a calm world, tests passed: {count}"));
}

#[tokio::test]
async fn the_python_sdk_fails_over_step_by_step() {
    bin();
    let rehearsal = lost().await;
    let count = run_class(&rehearsal, "Lost").await;
    assert_all_at_seville(&rehearsal).await;
    tell(&format!("Python SDK: in a failover step by step, tests passed: {count}"));
}
