//! What an operator sees of a plan.

use dr_daemon::{ClosedReport, FlyingReport, Progress, TransitionReport};
use expect_test::{Expect, expect};

use super::*;

/// 2026-09-21 12:26:40 UTC.
const NOON: u64 = 1_789_993_600_000;

fn look() -> Look {
    Look { now: Time(NOON), zone: TimeZone::UTC, paint: Paint { on: false }, width: None }
}

fn check(report: &Report, expected: Expect) {
    expected.assert_eq(&block(report, &look()));
}

fn calm() -> Report {
    Report {
        plan: "erp".to_owned(),
        active_site: "madrid".to_owned(),
        accepted_site: Some("madrid".to_owned()),
        as_of: Some(NOON - 2_000),
        converged: true,
        ..Report::default()
    }
}

fn open() -> Report {
    Report {
        active_site: "seville".to_owned(),
        phase: Phase::Activating,
        transition: Some(TransitionReport {
            epoch: 7,
            from: "madrid".to_owned(),
            to: "seville".to_owned(),
            opened: NOON - 41_000,
            by: "ana".to_owned(),
            cancelled: false,
            forecast_ms: Some(80_000),
        }),
        progress: Progress {
            connections: (3, 3),
            hosts_up: (2, 3),
            hosts_confirmed: (1, 3),
            hosts_parked: (0, 3),
            vms_up: (5, 8),
        },
        in_flight: vec![FlyingReport {
            step: "confirm that mad-1 has been rebooted".to_owned(),
            since: NOON - 9_900,
            correlation_id: "x".to_owned(),
        }],
        waits: vec!["data center dr-dc is contend: sev-1 takes the SPM role".to_owned()],
        owed: vec!["fencing of cluster dr-cluster".to_owned(), "power management of mad-1".to_owned()],
        converged: false,
        ..calm()
    }
}

#[test]
fn calm_is_two_lines() {
    check(
        &calm(),
        expect![[r#"
        erp: madrid is active; converged, nothing owed
          as of         12:26:38, 2.0 s ago
    "#]],
    );
}

#[test]
fn an_open_failover_shows_how_far_it_is() {
    check(
        &open(),
        expect![[r#"
        erp: failover 7 from madrid to seville: activating, for 41 s of about 1 min 20 s; by ana
          connections   #################### 3 of 3
          hosts up      #############....... 2 of 3
          confirmed     ######.............. 1 of 3
          parked        .................... 0 of 3
          VMs up        ############........ 5 of 8
          under way     confirm that mad-1 has been rebooted, for 9.9 s
          waiting       data center dr-dc is contend: sev-1 takes the SPM role
          owed          fencing of cluster dr-cluster; power management of mad-1
          as of         12:26:38, 2.0 s ago
    "#]],
    );
}

#[test]
fn what_needs_a_person_is_said_with_its_way_out() {
    let report = Report {
        refusals: vec!["mad-2 answers on port 22. Power it off".to_owned()],
        active_site: "seville".to_owned(),
        held: Some("active_site was changed again 9 minutes after failover 7".to_owned()),
        edit_ignored: Some("erp.yaml line 14: unknown key `hots`".to_owned()),
        converged: false,
        ..calm()
    };
    check(
        &report,
        expect![[r#"
            erp: madrid is active; a flip to seville is held until a person decides
              refused       mad-2 answers on port 22. Power it off
              held          active_site was changed again 9 minutes after failover 7
              edit ignored  erp.yaml line 14: unknown key `hots`
              as of         12:26:38, 2.0 s ago
        "#]],
    );
}

#[test]
fn a_pause_and_a_silent_engine_are_seen() {
    let report = Report {
        paused: Some("by ana: array under repair".to_owned()),
        engine_trouble: Some("hosts: connection refused".to_owned()),
        as_of: Some(NOON - 95_000),
        converged: false,
        ..calm()
    };
    check(
        &report,
        expect![[r#"
            erp: madrid is active, as far as is known: the engine cannot be read
              paused        by ana: array under repair
              trouble       hosts: connection refused
              as of         12:25:05, 1 min 35 s ago
        "#]],
    );
}

#[test]
fn the_last_failover_and_its_exceptions_stay_in_sight() {
    let closed = ClosedReport {
        epoch: 7,
        at: NOON - 3_600_000,
        exceptions: vec!["vm3 did not start: no host has enough memory".to_owned()],
        cancelled: false,
    };
    let drift = vec!["host mad-2 of madrid is maintenance, the plan wants it up".to_owned()];
    check(
        &Report { last_closed: Some(closed), drift, converged: false, ..calm() },
        expect![[r#"
        erp: madrid is active; 1 thing differs from the plan
          differs       host mad-2 of madrid is maintenance, the plan wants it up
          last          failover 7 converged 2026-09-21 11:26:40, with exceptions
          exception     vm3 did not start: no host has enough memory
          as of         12:26:38, 2.0 s ago
    "#]],
    );
}

#[test]
fn a_plan_that_was_never_adopted_is_not_called_active() {
    let report = Report { accepted_site: None, held: None, converged: false, ..calm() };
    check(
        &report,
        expect![[r#"
        erp: not adopted: the plan says madrid, which the world does not match
          as of         12:26:38, 2.0 s ago
    "#]],
    );
    check(
        &Report { plan: "erp".to_owned(), ..Report::default() },
        expect![[r#"
        erp: not read yet
    "#]],
    );
}

#[test]
fn long_lines_are_folded_below_their_label_on_a_terminal() {
    let report = Report { refusals: vec!["mad-4 is up in data center dr-dc and not in the plan".to_owned()], ..calm() };
    let look = Look { width: Some(40), ..look() };
    let text = block(&report, &look);
    assert!(text.lines().skip(1).all(|line| line.chars().count() <= 40), "{text}");
    expect![[r#"
        erp: madrid is active; a person is needed
          refused       mad-4 is up in data
                        center dr-dc and not in
                        the plan
          as of         12:26:38, 2.0 s ago
    "#]]
    .assert_eq(&text);
}

#[test]
fn colour_only_repeats_the_words() {
    let coloured = block(&open(), &Look { paint: Paint { on: true }, ..look() });
    assert!(coloured.contains('\u{1b}'));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    assert_eq!(plain + rest, block(&open(), &look()));
}
