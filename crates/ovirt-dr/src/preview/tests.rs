//! What a failover would do, as an operator reads it before it is too late.

use expect_test::expect;
use serde_json::json;

use super::*;

const PLAIN: Paint = Paint { on: false };

fn preview(stuck: &[&str], vms: usize) -> Preview {
    let step = |at: u64, kind: &str, text: &str| json!({ "at_ms": at, "kind": kind, "object": "x", "text": text });
    let mut steps = vec![
        step(0, "suspend_fencing", "suspend fencing of cluster dr-cluster"),
        step(0, "promote", "promote the replica at seville"),
        step(5_000, "repoint", "connection data1 to b:/data1 (now a:/data1)"),
        step(5_100, "activate", "activate sev-1"),
        step(5_100, "confirm_rebooted", "confirm that mad-1 has been rebooted"),
        step(20_100, "park", "park mad-1 in maintenance"),
    ];
    steps.extend((1..=vms).map(|vm| step(32_100, "start_vm", &format!("start vm{vm}"))));
    steps.push(step(36_000, "restore_fencing", "fencing of cluster dr-cluster back as it was"));
    let phases = json!([
        { "phase": "promoting", "ends_ms": 5_000 },
        { "phase": "repointing", "ends_ms": 5_100 },
        { "phase": "activating", "ends_ms": 32_100 },
        { "phase": "starting", "ends_ms": 36_000 },
        { "phase": "settling", "ends_ms": 46_000 },
    ]);
    let (persons, stuck) = (["confirm that the replica at seville is writable"], json!(stuck));
    let value = json!({
        "to": "seville", "steps": steps, "phases": phases, "up_ms": 36_000, "total_ms": 46_000, "stuck": stuck, "persons": persons,
    });
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_failover_reads_like_a_diff_phase_by_phase() {
    let preview = preview(&[], 2);
    assert_eq!(preview.exit(), Exit::Some);
    expect![[r#"
        erp: failover to seville

        promoting, ends at 5.0 s
        ~ suspend fencing of cluster dr-cluster (at 0.0 s)
        + promote the replica at seville (at 0.0 s)

        repointing, ends at 5.1 s
        ~ connection data1 to b:/data1 (now a:/data1) (at 5.0 s)

        activating, ends at 32 s
        + activate sev-1 (at 5.1 s)
        - confirm that mad-1 has been rebooted (at 5.1 s)
        - park mad-1 in maintenance (at 20 s)

        starting, ends at 36 s
        + start vm1 (at 32 s)
        + start vm2 (at 32 s)

        settling, ends at 46 s
        ~ fencing of cluster dr-cluster back as it was (at 36 s)

        a person must confirm that the replica at seville is writable
        9 steps; virtual machines up after 36 s, all done after 46 s
    "#]]
    .assert_eq(&preview.text("erp", PLAIN));
}

#[test]
fn many_like_steps_are_counted_and_none_is_lost() {
    let text = preview(&[], 100).text("erp", PLAIN);
    assert!(text.contains("+ ... and 88 more like this\n"), "{text}");
    assert!(text.contains("107 steps;"), "{text}");
}

#[test]
fn a_forecast_that_does_not_arrive_says_why_and_is_an_error() {
    let preview = preview(&["mad-4 is up in data center dr-dc and not in the plan"], 0);
    assert_eq!(preview.exit(), Exit::Failed);
    let text = preview.text("erp", PLAIN);
    let end = text.split_once("It would not arrive:\n").unwrap().1;
    assert_eq!(end, "! mad-4 is up in data center dr-dc and not in the plan\n");
    assert!(!text.contains("all done"), "{text}");
}

#[test]
fn nothing_to_do_is_no_change() {
    let value =
        json!({ "to": "seville", "steps": [], "phases": [], "up_ms": 0, "total_ms": 0, "stuck": [], "persons": [] });
    let preview: Preview = serde_json::from_value(value).unwrap();
    assert_eq!(preview.exit(), Exit::Done);
    expect![[r#"
        erp: failover to seville

        Nothing to do.
    "#]]
    .assert_eq(&preview.text("erp", PLAIN));
}

#[test]
fn the_file_alone_tells_what_would_be_written_where() {
    let text = include_str!("../../../../plans/confirm-promotion.yaml");
    let plan = dr_plan::parse("erp", text).plan.unwrap();
    expect![[r#"
        erp: failover from madrid to seville, as the file alone tells it: no engine was asked

        ~ fencing and power management of madrid's hosts off, given back at the end
        ~ connection data1 to nas.seville.example.com:/exports/data1 (now nas.madrid.example.com:/exports/data1)
        - confirm that mad-1 has been rebooted, and park it
        - confirm that mad-2 has been rebooted, and park it
        + activate sev-1
        + activate sev-2
        + start what ran at madrid

        a person must vouch that madrid is down
        a person must confirm that the replica at seville is writable
    "#]]
    .assert_eq(&offline(&plan, &SiteName("seville".to_owned()), PLAIN));
}
