//! What scripts and operators rely on: exit codes, JSON, and a failover that is waited for.

use dr_core::Phase;
use tests::process::{PLAN, Rehearsal};

use crate::kill::arrived;

#[tokio::test]
async fn what_the_page_says_works_from_check_to_convergence() {
    let mut rehearsal = Rehearsal::calm().await;
    let plan = rehearsal.plan().display().to_string();
    let checked = rehearsal.ovirt_dr(&["check", "--online", &plan]).await;
    assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), "1 plan checked, nothing found\n"), "{checked:?}");
    let status = rehearsal.ovirt_dr(&["status"]).await;
    assert_eq!(status.code, Some(0));
    assert!(status.stdout.starts_with("erp: madrid is active; converged, nothing owed\n"), "{}", status.stdout);
    let all = rehearsal.ovirt_dr(&["status", "--output", "json"]).await.json();
    assert_eq!((&all["plans"][0]["plan"], &all["plans"][0]["converged"]), (&PLAN.into(), &true.into()));

    // Nothing to do, changes, an error.
    assert_eq!(rehearsal.ovirt_dr(&["preview", PLAN, "madrid"]).await.code, Some(0));
    let preview = rehearsal.ovirt_dr(&["preview", PLAN, "seville"]).await;
    assert_eq!(preview.code, Some(2), "{preview:?}");
    assert!(preview.stdout.contains("+ promote the replica at seville"), "{}", preview.stdout);
    assert_eq!(rehearsal.ovirt_dr(&["preview", PLAN, "bilbao"]).await.code, Some(1));
    assert_eq!(rehearsal.ovirt_dr(&["preview", "--site", "seville"]).await.code, Some(64));

    rehearsal.lose("madrid").await;
    let waited = rehearsal.ovirt_dr(&["failover", PLAN, "seville", "--reason", "fire in madrid", "--wait"]).await;
    assert_eq!(waited.code, Some(0), "{waited:?}\n{}", rehearsal.log());
    assert!(waited.stdout.ends_with("erp: converged at seville\n"), "{}", waited.stdout);
    assert_eq!(waited.stdout.matches("failover 1 opens").count(), 1, "said once: {}", waited.stdout);
    arrived(&mut rehearsal).await;
    assert!(rehearsal.plan_text().contains("\nactive_site: seville\n"), "{}", rehearsal.plan_text());
    let history = rehearsal.ovirt_dr(&["history"]).await;
    assert!(history.stdout.contains("fire in madrid"), "{}", history.stdout);
    assert_eq!(rehearsal.ovirt_dr(&["preview", PLAN, "seville"]).await.code, Some(0), "nothing is left to do");
}

#[tokio::test]
async fn a_failover_that_cannot_go_on_says_that_a_person_is_needed() {
    let mut rehearsal = Rehearsal::calm().await;
    let words =
        ["failover", PLAN, "seville", "--reason", "a mistake", "--wait", "--patience", "1s", "--output", "json"];
    let waited = rehearsal.ovirt_dr(&words).await;
    assert_eq!(waited.code, Some(3), "{waited:?}");
    assert_eq!(waited.json()["outcome"], "person_needed");
    let turned = rehearsal.ovirt_dr(&["abort", "--reason", "madrid lives"]).await;
    assert_eq!(turned.code, Some(0), "{turned:?}");
    let report = rehearsal.report_is("turned back", |report| report.transition.is_none()).await;
    assert_eq!((report.accepted_site.as_deref(), report.owed.len()), (Some("madrid"), 0), "{}", rehearsal.log());
    assert!(rehearsal.plan_text().contains("\nactive_site: madrid\n"));
    assert_eq!(rehearsal.show("mutations").await.as_array().map(Vec::len), Some(0), "the engine was not touched");
    assert!(rehearsal.sim_runs());
}

#[tokio::test]
async fn a_plan_that_is_edited_to_nonsense_in_the_middle_changes_nothing() {
    let mut rehearsal = Rehearsal::calm().await;
    let mut reports = rehearsal.follow();
    rehearsal.lose("madrid").await;
    rehearsal.flip("madrid", "seville");
    reports.until("activating", |report| report.phase == Phase::Activating).await;
    let good = rehearsal.plan_text();
    rehearsal.write_plan(&good.replace("    hosts: [madrid", "    hots: [madrid"));
    let broken = reports.until("told of the edit", |report| report.edit_ignored.is_some()).await;
    let why = broken.edit_ignored.unwrap_or_default();
    assert!(why.contains("line 14, column 5: unknown key `hots`, did you mean `hosts`?"), "{why}");
    reports.until("closed", |report| report.transition.is_none() && report.last_closed.is_some()).await;
    // Even a restart does not forget the last good plan.
    rehearsal.kill_9().await;
    rehearsal.start_daemon().await;
    arrived(&mut rehearsal).await;
    let report = rehearsal.report_is("told of the edit again", |report| report.edit_ignored.is_some()).await;
    assert_eq!(report.accepted_site.as_deref(), Some("seville"));
    rehearsal.write_plan(&good);
    rehearsal.report_is("mended", |report| report.edit_ignored.is_none() && report.converged).await;
}
