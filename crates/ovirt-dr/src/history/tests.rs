//! The journal as an auditor reads it.

use dr_core::{HostId, Stamped, Step};
use expect_test::expect;
use jiff::tz::TimeZone;

use super::*;
use crate::out::Paint;

const NOON: u64 = 1_789_993_600_000;

/// Entries as they come from the API.
fn rows(entries: Vec<Entry>) -> Vec<HistoryRow> {
    let stamped = (1..).zip(entries).map(|(seq, entry)| Stamped { seq, at: Time(NOON + seq * 1500), entry });
    let row = |stamped: Stamped| {
        let mut row = serde_json::json!({ "seq": stamped.seq, "at": stamped.at });
        let entry = serde_json::to_value(&stamped.entry).unwrap();
        row.as_object_mut().unwrap().extend(entry.as_object().unwrap().clone());
        HistoryRow::of(row)
    };
    stamped.map(row).collect()
}

fn entries() -> Vec<Entry> {
    let text = |text: &str| text.to_owned();
    let step = Step::Park { host: HostId::from("1"), name: text("mad-1") };
    let intent = |id| Entry::Intent { id, epoch: 7, step: step.clone(), correlation_id: format!("dr-{id}") };
    vec![
        Entry::SiteSeen { site: text("seville") },
        Entry::Requested { site: text("seville"), by: text("ana"), why: text("fire") },
        Entry::Proven { epoch: 7, evidence: text("3 of 3 hosts silent") },
        intent(1),
        Entry::Outcome { id: 1, outcome: Outcome::Failed { text: text("the engine does not answer") } },
        intent(2),
        Entry::Outcome { id: 2, outcome: Outcome::Done },
        Entry::Confirmed { confirmation: Confirmation::Promoted, by: text("ben"), reason: text("ticket 4711") },
        Entry::Owed {
            what: OwedKey::PowerManagement(HostId::from("1")),
            name: text("mad-1"),
            original: text("true"),
            port: 0,
            anew: false,
        },
        Entry::GivenBack { what: OwedKey::PowerManagement(HostId::from("1")) },
        Entry::Closed { epoch: 7, exceptions: vec![text("vm3 did not start")] },
    ]
}

#[test]
fn entries_read_as_sentences_and_a_step_is_told_by_its_end() {
    let look = Look { now: Time(NOON), zone: TimeZone::UTC, paint: Paint { on: false }, width: None };
    expect![[r#"
        2026-09-21 12:26:43     #2 ana asks for seville: fire
        2026-09-21 12:26:44     #3 failover 7: proven down: 3 of 3 hosts silent
        2026-09-21 12:26:46     #4 park mad-1 in maintenance: begins (correlation id dr-1)
        2026-09-21 12:26:47     #5 park mad-1 in maintenance: failed after 1.5 s: the engine does not answer
        2026-09-21 12:26:49     #6 park mad-1 in maintenance: begins (correlation id dr-2)
        2026-09-21 12:26:50     #7 park mad-1 in maintenance: done after 1.5 s
        2026-09-21 12:26:52     #8 ben confirms that the replica is writable: ticket 4711
        2026-09-21 12:26:53     #9 owed from now on: power management of mad-1
        2026-09-21 12:26:55    #10 given back: power management of mad-1
        2026-09-21 12:26:56    #11 failover 7 closed with exceptions: vm3 did not start
    "#]]
    .assert_eq(&lines(&rows(entries()), false, &look));
    let all = lines(&rows(entries()), true, &look);
    assert!(all.contains("the file names seville"), "{all}");
}

#[test]
fn an_entry_of_a_newer_daemon_is_shown_as_it_is() {
    let row = serde_json::json!({ "seq": 9, "at": NOON, "entry": "promised", "to": "the moon" });
    let look = Look { now: Time(NOON), zone: TimeZone::UTC, paint: Paint { on: false }, width: None };
    let said = lines(&[HistoryRow::of(row)], false, &look);
    assert!(
        said.ends_with("#9 unknown to this version (promised): {\"entry\":\"promised\",\"to\":\"the moon\"}\n"),
        "{said}"
    );
}
