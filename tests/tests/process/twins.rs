//! Two plans for one engine: each would undo the other's work, so neither acts until one of them is gone.

use dr_daemon::Report;
use tests::process::{PLAN, Rehearsal, until};

#[tokio::test]
async fn two_plans_of_one_engine_are_named_and_only_looked_at_until_one_is_taken_away() {
    let mut rehearsal = Rehearsal::calm().await;
    let twin = rehearsal.path("plans/twin.yaml");
    std::fs::write(&twin, rehearsal.plan_text()).unwrap();
    for (plan, other) in [(PLAN, "twin"), ("twin", PLAN)] {
        let said = format!("{other} and this plan are for one engine: neither acts");
        let knows = |report: &Report| report.refusals.iter().any(|one| one.starts_with(&said));
        let report =
            until(&format!("{plan} knows of {other}"), async || rehearsal.report_of(plan).await.filter(knows)).await;
        assert!(!report.converged, "{report:?}");
    }
    assert!(rehearsal.log().contains("are for one engine: neither acts"), "{}", rehearsal.log());

    // The site is lost and somebody flips: still neither acts.
    rehearsal.lose("madrid").await;
    rehearsal.flip("madrid", "seville");
    rehearsal.report_is("open", |report| report.transition.is_some()).await;
    let passes = rehearsal.report().await.expect("a report").passes;
    let report = rehearsal.report_is("looking on", |report| report.passes >= passes + 20).await;
    assert!(report.transition.is_some() && report.in_flight.is_empty(), "{report:?}");
    assert_eq!(rehearsal.show("mutations").await, serde_json::json!([]), "{}", rehearsal.log());

    std::fs::remove_file(&twin).unwrap();
    rehearsal.report_is("closed", |report| report.last_closed.is_some()).await;
    crate::kill::arrived(&mut rehearsal).await;
}
