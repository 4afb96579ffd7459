//! The alphabet of trouble: each fault that the simulated engine knows, struck into a failover where it hurts. The daemon says what it waits
//! for while that lasts, and arrives after it.

use std::collections::BTreeSet;

use dr_core::Confirmation;
use dr_daemon::Report;
use engine_sim::{FaultKind, Order};
use ovirt_dr::rehearsal::two_sites_and_a_witness;

use crate::stage::{Stage, plan};

/// One fault in one failover.
struct Row {
    /// What befalls the engine or its world, and with which pause in seconds after each.
    strikes: &'static [(&'static str, u64)],
    /// The line after which it strikes; before the flip if there is none.
    after: &'static str,
    /// What the daemon says meanwhile. Empty: it goes on, and need not say anything.
    says: &'static str,
    /// What ends it: orders, and [`CONFIRM`] and [`UNTAG`] for what a person does.
    cure: &'static [&'static str],
}

/// A fault that is over by itself, or that does not hinder.
const fn passing(after: &'static str, strikes: &'static [(&'static str, u64)]) -> Row {
    Row { strikes, after, says: "", cure: &["clear_faults"] }
}

/// A fault that is named while it lasts.
const fn named(after: &'static str, says: &'static str, strikes: &'static [(&'static str, u64)]) -> Row {
    Row { strikes, after, says, cure: &["clear_faults"] }
}

/// A fault that is named and that somebody ends in a way of its own.
const fn cured(
    after: &'static str,
    says: &'static str,
    strikes: &'static [(&'static str, u64)],
    cure: &'static [&'static str],
) -> Row {
    Row { strikes, after, says, cure }
}

const CONFIRM: &str = "a person confirms the engine";
const UNTAG: &str = "a person takes our tags away";

const FLIP: &str = "";
const ACTIVATING: &str = "activating";
const CONFIRMED: &str = "confirmed after";

/// The connection fails, or the server in front of the engine does.
const CONNECTIONS: &[Row] = &[
    named(ACTIVATING, "cannot be read", &[("fault name=x kind=connection_refused", 90)]),
    named(ACTIVATING, "cannot be read", &[("fault name=x kind=reset_before", 90)]),
    passing(FLIP, &[("fault name=x method=POST path=*/fence count=2 kind=reset_before", 120)]),
    passing(FLIP, &[("fault name=x method=PUT path=*/storageconnections/* count=2 kind=reset_after", 120)]),
    passing(FLIP, &[("fault name=x method=POST path=*/fence count=1 kind=reset_after", 120)]),
    passing(FLIP, &[("fault name=x method=POST path=*/activate count=2 kind=reset_after", 120)]),
    passing(FLIP, &[("fault name=x method=POST path=*/start count=3 kind=reset_after", 120)]),
    named(ACTIVATING, "HTTP 401", &[(r#"fault name=x kind={"status_before":401}"#, 90)]),
    named(ACTIVATING, "HTTP 404", &[(r#"fault name=x kind={"status_before":404}"#, 90)]),
    named(ACTIVATING, "HTTP 500", &[(r#"fault name=x kind={"status_before":500}"#, 90)]),
    named(ACTIVATING, "HTTP 503", &[(r#"fault name=x kind={"status_before":503}"#, 90)]),
    passing(FLIP, &[(r#"fault name=x method=PUT count=4 kind={"status_after":503}"#, 120)]),
    passing(FLIP, &[(r#"fault name=x method=POST path=*/fence count=2 kind={"status_after":500}"#, 120)]),
    passing(FLIP, &[(r#"fault name=x method=POST path=*/start count=3 kind={"status_after":500}"#, 120)]),
    passing(ACTIVATING, &[(r#"fault name=x kind={"slow":4000}"#, 60)]),
    named(ACTIVATING, "cannot be read", &[(r#"fault name=x kind={"slow":300000}"#, 240)]),
    named(ACTIVATING, "cannot be read", &[("fault name=x kind=hung", 240)]),
    passing(FLIP, &[("fault name=x method=POST path=*/fence count=1 kind=hung", 300)]),
    named(ACTIVATING, "cannot be read", &[("fault name=x kind=truncated", 90)]),
    passing(FLIP, &[("fault name=x method=PUT count=4 kind=truncated", 120)]),
    named(ACTIVATING, "cannot be read", &[(r#"fault name=x kind={"wrong_content_type":"text/html"}"#, 90)]),
];

/// Who asks is not known any more, or may not; the engine is without its memory.
const SESSIONS: &[Row] = &[
    named(ACTIVATING, "HTTP 401", &[("fault name=x kind=expired_session", 90)]),
    passing(ACTIVATING, &[("fault name=x count=3 kind=expired_session", 60)]),
    named(ACTIVATING, "cannot be read", &[("fault name=x kind=sso_down", 0), ("forget_sessions", 90)]),
    passing(CONFIRMED, &[("forget_sessions", 60)]),
    named(ACTIVATING, "cannot be read", &[("fault name=x kind=database_down", 90)]),
    cured(ACTIVATING, "cannot be read", &[("database up=false", 90), ("forget_sessions", 10)], &["database up=true"]),
    named(FLIP, "User is not authorized", &[("fault name=x kind=lost_right", 120)]),
    named(CONFIRMED, "User is not authorized", &[("fault name=x kind=lost_right", 60)]),
    named(ACTIVATING, "does not see all", &[("fault name=x kind=lost_sight", 90)]),
];

/// The engine refuses, or says yes and does not mean it.
const ANSWERS: &[Row] = &[
    passing(FLIP, &[("fault name=x method=POST path=*/fence kind=lock_held", 90)]),
    passing(FLIP, &[("fault name=x method=POST path=*/activate kind=lock_held", 90)]),
    passing(FLIP, &[("fault name=x method=PUT kind=lock_held", 90)]),
    passing(FLIP, &[("fault name=x method=POST path=*/activate kind=ok_but_failed", 90)]),
    passing(FLIP, &[("fault name=x method=POST path=*/start kind=ok_but_failed", 60)]),
    passing(FLIP, &[("fault name=x method=POST path=*/deactivate kind=ok_without_effect", 90)]),
    passing(FLIP, &[("fault name=x method=POST path=*/fence count=2 kind=ok_without_effect", 90)]),
    passing(FLIP, &[("fault name=x method=PUT count=4 kind=ok_without_effect", 90)]),
    passing(FLIP, &[("fault name=x method=POST path=*/start count=4 kind=ok_without_effect", 90)]),
];

/// What the engine shows is not how things are.
const LISTS: &[Row] = &[
    passing(ACTIVATING, &[("fault name=x kind=stale_read", 90)]),
    passing(FLIP, &[("fault name=x path=*/vms kind=stale_read", 90)]),
    passing(ACTIVATING, &[(r#"fault name=x kind={"unknown_status_word":"banana"}"#, 90)]),
    passing(FLIP, &[("fault name=x kind=duplicate_entries", 120)]),
    passing(ACTIVATING, &[("fault name=x path=*/hosts kind=duplicate_entries", 90)]),
    named(
        FLIP,
        "the engine has no host madrid-h1",
        &[(r#"fault name=x path=*/hosts kind={"missing_entries":1}"#, 120)],
    ),
    named(ACTIVATING, "0 of 4 VMs up", &[(r#"fault name=x path=*/hosts kind={"missing_entries":3}"#, 90)]),
    passing(FLIP, &[(r#"fault name=x path=*/vms kind={"missing_entries":2}"#, 120)]),
    passing(FLIP, &[(r#"fault name=x path=*/storageconnections kind={"missing_entries":1}"#, 120)]),
    // Debts that are paid while their tags do not show stay in the engine; a person takes them away.
    cured(
        FLIP,
        "debts that this daemon's journal does not know",
        &[(r#"fault name=x path=*/tags kind={"missing_entries":2}"#, 120), ("clear_faults", 60)],
        &[UNTAG],
    ),
    named(ACTIVATING, "shows no clusters", &[(r#"fault name=x kind={"missing_entries":1}"#, 90)]),
    passing(FLIP, &[(r#"fault name=x kind={"clock_skew":3600000}"#, 120)]),
    passing(ACTIVATING, &[(r#"fault name=x kind={"clock_skew":-3600000}"#, 60)]),
];

/// What befalls the engine itself.
const ENGINES: &[Row] = &[
    passing(ACTIVATING, &[("restart_engine", 60)]),
    passing(CONFIRMED, &[("restart_engine", 60)]),
    cured(ACTIVATING, "cannot be read", &[("stop_engine", 120)], &["start_engine"]),
    cured(ACTIVATING, "another engine answers", &[("change_identity", 60)], &[CONFIRM]),
    cured(ACTIVATING, "backup", &[("rewind_events 1", 60)], &[CONFIRM]),
];

/// What befalls hosts and guests, by accident or by hand.
const HOSTS: &[Row] = &[
    passing(FLIP, &[("hold_fence_lock host=madrid-h1 ms=120000", 120)]),
    cured(ACTIVATING, "", &[("flap_host host=seville-h2 up_ms=20000 down_ms=15000 times=6", 240)], &[]),
    cured(ACTIVATING, "", &[("power_off seville-h2", 120)], &["power_on seville-h2"]),
    cured(
        ACTIVATING,
        "",
        &[("set_host_link host=seville-h2 link=silent", 90)],
        &["set_host_link host=seville-h2 link=answering"],
    ),
    cured(
        FLIP,
        "madrid is not proven down",
        &[("set_host_ssh host=madrid-h1 ssh=mute", 30)],
        &["set_host_ssh host=madrid-h1 ssh=as_link"],
    ),
    passing(FLIP, &[("set_host_bmc host=madrid-h1 bmc=living", 30)]),
    passing(FLIP, &[("set_storage_delay host=seville-h1 ms=20000", 30)]),
    cured(
        FLIP,
        "",
        &[("set_storage_cut host=seville-h2 cut=true", 120)],
        &["set_storage_cut host=seville-h2 cut=false"],
    ),
    passing(FLIP, &[("set_spm_stuck host=madrid-h1 stuck=true", 30)]),
    passing(ACTIVATING, &[("set_host_status host=seville-h2 status=non_operational", 60)]),
    cured(
        ACTIVATING,
        "seville-h2",
        &[("rename_host host=seville-h2 name=other", 60)],
        &["rename_host host=other name=seville-h2"],
    ),
    cured(
        ACTIVATING,
        "madrid-h1",
        &[("rename_host host=madrid-h1 name=other", 60)],
        &["rename_host host=other name=madrid-h1"],
    ),
    cured(
        ACTIVATING,
        "seville-h2",
        &[("remove_host seville-h2", 60)],
        &[
            r#"{"add_host":{"site":"seville","host":{"name":"seville-h2","address":"10.2.0.12"}}}"#,
            "set_host_status host=seville-h2 status=unassigned",
        ],
    ),
    passing(ACTIVATING, &[(r#"{"add_host":{"site":"seville","host":{"name":"stranger","address":"10.2.0.99"}}}"#, 60)]),
    passing("VMs up", &[("kill_guest vm1", 60)]),
];

#[tokio::test(start_paused = true)]
async fn failing_connections_are_named_and_outlived() {
    all(CONNECTIONS).await;
}

#[tokio::test(start_paused = true)]
async fn lost_sessions_rights_and_memories_are_named_and_outlived() {
    all(SESSIONS).await;
}

#[tokio::test(start_paused = true)]
async fn refusals_and_empty_promises_are_outlived() {
    all(ANSWERS).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_lists_are_not_taken_for_the_world() {
    all(LISTS).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_restarts_or_becomes_another_is_outlived() {
    all(ENGINES).await;
}

#[tokio::test(start_paused = true)]
async fn what_befalls_hosts_and_guests_is_outlived() {
    all(HOSTS).await;
}

/// Tells all stories, whatever becomes of one, and says which went wrong.
async fn all(rows: &'static [Row]) {
    let mut wrong = Vec::new();
    for row in rows {
        if tokio::spawn(story(row)).await.is_err() {
            wrong.push(format!("{:?} after `{}`", row.strikes, row.after));
        }
    }
    assert!(wrong.is_empty(), "these went wrong, see above: {wrong:#?}");
}

/// Lets a site be lost, flips, strikes, cures, and looks at the end.
async fn story(row: &Row) {
    let mut spec = two_sites_and_a_witness(["madrid", "seville"], 2, 4, 1);
    spec.options.dead_lease = 20_000;
    let plan = plan(&spec, "");
    let stage = Stage::of(spec, &plan).await;
    stage.lose("madrid").await;
    if row.after.is_empty() {
        let before = stage.rig.texts().len();
        strike(&stage, row, before, true).await;
    } else {
        stage.flip("seville");
        stage.until_said(row.after).await;
        let before = stage.rig.texts().len();
        strike(&stage, row, before, false).await;
    }
    for cure in row.cure {
        if *cure == CONFIRM {
            let instance_id = stage.rig.engine.world(|world| world.instance_id.clone());
            stage.confirm(Confirmation::Engine { instance_id, event_id: 0 }, "I know").await;
        } else if *cure == UNTAG {
            stage.rig.note(UNTAG);
            stage.rig.engine.world(|world| world.tags.retain(|_, tag| !tag.name.starts_with("ovirt-dr")));
        } else {
            stage.order(cure);
        }
    }
    stage.until_closed().await;
    stage.until(|report| report.converged).await;
    stage.vms_up(4).await;
    let _ = stage.arrived().await;
}

async fn strike(stage: &Stage, row: &Row, before: usize, flip: bool) {
    for (index, (order, pause)) in row.strikes.iter().enumerate() {
        stage.order(order);
        if flip && index == 0 {
            stage.flip("seville");
        }
        stage.seconds(*pause).await;
    }
    let said = stage.rig.texts().split_off(before);
    let report = stage.rig.report();
    let heard = said.iter().chain(trouble(&report)).any(|line| line.contains(row.says));
    assert!(row.says.is_empty() || heard, "nobody says `{}`: {report:#?}\n{}", row.says, stage.rig.story());
}

fn trouble(report: &Report) -> impl Iterator<Item = &String> {
    report.engine_trouble.iter().chain(&report.waits).chain(&report.refusals).chain(&report.held)
}

/// Orders that are the disaster itself, the world's way out of it, or no trouble; stories tell of the first elsewhere.
const NO_FAULTS: &[&str] = &[
    "lose_site",
    "refuse_site",
    "partition_site",
    "lose_storage",
    "restore_site",
    "promote",
    "resync_from",
    "set_copy_writable",
    "power_on",
    "start_engine",
    "fault",
    "remove_fault",
    "clear_faults",
    "speed",
];

#[test]
fn every_fault_and_every_order_that_is_one_has_its_row() {
    let rows = [CONNECTIONS, SESSIONS, ANSWERS, LISTS, ENGINES, HOSTS].into_iter().flatten();
    let (mut kinds, mut orders) = (BTreeSet::new(), BTreeSet::new());
    for (order, _) in rows.flat_map(|row| row.strikes) {
        let order: Order = order.parse().expect("an order");
        if let Order::Fault(rule) = &order {
            kinds.insert(word(&rule.kind));
        }
        orders.insert(word(&order));
    }
    orders.extend(NO_FAULTS.iter().map(|name| (*name).to_owned()));
    assert_eq!(kinds, variants::<FaultKind>());
    assert_eq!(orders, variants::<Order>());
}

/// The word of the control door for a variant.
fn word(variant: &impl serde::Serialize) -> String {
    let tree = serde_json::to_value(variant).expect("a document");
    let of_members = || tree.as_object().and_then(|members| members.keys().next().cloned());
    tree.as_str().map(str::to_owned).or_else(of_members).expect("a word")
}

/// The words of all variants, as the refusal of an unknown one lists them.
fn variants<T: serde::de::DeserializeOwned>() -> BTreeSet<String> {
    let refusal = serde_json::from_str::<T>("\"?\"").err().expect("`?` is no variant").to_string();
    refusal.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}
