//! A plan whose file is renamed while it owes something: named, led out of both ways, and quiet afterwards.

use std::time::Duration;

use serde_json::Value;
use tests::process::{Rehearsal, until};

use crate::kill::arrived;

/// The new name.
const RENAMED: &str = "erp2";

/// Madrid is lost, the failover to Seville waits for a person, four things are owed.
async fn in_the_middle() -> Rehearsal {
    let rehearsal = Rehearsal::calm().await;
    let hook = "    promote: { hook: hooks/promote-simulated, timeout: 1m }\nwitnesses";
    let text = rehearsal.plan_text();
    assert!(text.contains(hook), "{text}");
    rehearsal.write_plan(&text.replace(hook, "    promote: confirm\nwitnesses"));
    until("the plan with a promotion by hand", async || rehearsal.log().contains("plan edited").then_some(())).await;
    rehearsal.lose("madrid").await;
    rehearsal.flip("madrid", "seville");
    rehearsal.report_is("in the middle", |report| report.owed.len() == 4).await;
    rehearsal
}

fn rename(rehearsal: &Rehearsal, from: &str, to: &str) {
    let path = |name: &str| rehearsal.path("plans").join(format!("{name}.yaml"));
    std::fs::rename(path(from), path(to)).expect("a plan");
}

/// The refusals of the renamed plan.
async fn refusals(rehearsal: &Rehearsal) -> String {
    rehearsal.report_of(RENAMED).await.map_or_else(String::new, |report| report.refusals.join("\n"))
}

async fn logged(rehearsal: &Rehearsal, text: &str) {
    until(text, async || rehearsal.log().contains(text).then_some(())).await;
}

#[tokio::test]
async fn a_plan_that_is_renamed_in_the_middle_and_back_goes_on_where_it_was() {
    let mut rehearsal = in_the_middle().await;
    let before = rehearsal.show("mutations").await;
    rename(&rehearsal, "erp", RENAMED);
    logged(&rehearsal, "erp: its plan file is gone, and erp2 is for the same engine: erp is not watched any more")
        .await;
    logged(&rehearsal, "it owes fencing of cluster").await;
    logged(&rehearsal, "ovirt-dr repair erp2").await;
    until("the new name says whose debts these are", async || {
        refusals(&rehearsal).await.contains("rename it back to erp.yaml").then_some(())
    })
    .await;
    assert_eq!(rehearsal.show("mutations").await, before, "under the new name nothing is done by itself");

    rename(&rehearsal, RENAMED, "erp");
    logged(&rehearsal, "erp2: its plan file is gone, and erp is for the same engine: erp2 is not watched any more")
        .await;
    rehearsal.report_is("open", |report| report.transition.is_some() && report.owed.len() == 4).await;
    rehearsal.order("promote site=seville").await;
    let said = rehearsal.ovirt_dr(&["confirm", "erp", "promoted", "--reason", "at the array"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    arrived(&mut rehearsal).await;
    assert_eq!(rehearsal.ovirt_dr(&["status", RENAMED]).await.code, Some(1), "the other name is forgotten");
}

#[tokio::test]
async fn a_plan_that_stays_renamed_gives_back_by_repair_and_its_old_name_falls_silent() {
    let mut rehearsal = in_the_middle().await;
    assert_eq!(rehearsal.terminate().await, Some(0));
    rename(&rehearsal, "erp", RENAMED);
    rehearsal.start_daemon_with(RENAMED).await;
    logged(&rehearsal, "erp: its plan file is gone or renamed, but its failover 1 from madrid to seville is open")
        .await;
    until("the new name says whose debts these are", async || {
        refusals(&rehearsal).await.contains("plan erp left them").then_some(())
    })
    .await;
    rehearsal.order("restore-site madrid").await;
    until("madrid is back", async || {
        let state = rehearsal.show("state").await;
        let up = |host: &&Value| host["site"] == "madrid" && host["status"] == "up";
        (state["hosts"].as_array()?.iter().filter(up).count() == 3).then_some(())
    })
    .await;
    let path = rehearsal.path("plans").join("erp2.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("active_site: seville", "active_site: madrid")).unwrap();
    for words in [
        ["accept-world", RENAMED, "--reason", "madrid is back"].as_slice(),
        &["repair", RENAMED, "--apply", "--reason", "erp has a new name"],
    ] {
        until("it is answered yes", async || {
            let said = rehearsal.ovirt_dr(words).await;
            (said.code == Some(0) && !said.stdout.contains("nothing to repair")).then_some(())
        })
        .await;
    }
    logged(&rehearsal, "erp: its plan file is gone, and erp2 has given back what it owed: its failover is closed")
        .await;
    until("nothing is off or tagged", async || {
        let state = rehearsal.show("state").await;
        let off = |host: &&Value| host["power_management"] == false;
        (state["hosts"].as_array()?.iter().filter(off).count() == 0).then_some(())
    })
    .await;
    // The folder is looked at again, and there is nothing more to say.
    let before = rehearsal.log().matches("ERROR erp:").count() + rehearsal.log().matches("gone or renamed").count();
    std::fs::write(rehearsal.path("plans").join("note.txt"), "").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let after = rehearsal.log().matches("ERROR erp:").count() + rehearsal.log().matches("gone or renamed").count();
    assert_eq!(after, before, "{}", rehearsal.log());
    let history = rehearsal.ovirt_dr(&["history", "erp"]).await;
    assert!(history.stdout.contains("plan erp2 gave back what it owed"), "{}", history.stdout);
    // A restart finds no debtor either.
    assert_eq!(rehearsal.terminate().await, Some(0));
    let mark = rehearsal.log().len();
    rehearsal.start_daemon_with(RENAMED).await;
    until("the new name is read", async || rehearsal.report_of(RENAMED).await?.as_of).await;
    assert!(!rehearsal.log()[mark..].contains("gone or renamed"), "{}", rehearsal.log());
}
