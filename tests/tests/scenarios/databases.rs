//! State databases that are not the newest: lost, or restored from a copy of another day.

use dr_core::Confirmation;
use dr_daemon::Command;
use engine_sim::world::{HostStatus, VmStatus};
use expect_test::expect_file;

use crate::stage::{Stage, plan, promoted_by_hand, usual};

#[tokio::test(start_paused = true)]
async fn debts_of_a_lost_database_are_found_as_tags_and_given_back_by_repair() {
    let mut stage = Stage::of(usual(), &promoted_by_hand(&usual())).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until(|report| report.owed.len() == 4).await;
    stage.until_said("make the replica at seville writable").await;
    stage.rig.note("the daemon dies, and its state database with it");
    stage.rig.forget();
    stage.flip("madrid");
    stage.rig.restart();
    stage.until(|report| report.held.is_some()).await;
    stage
        .ask(
            "ana: ovirt-dr accept-world erp",
            Command::AcceptWorld { by: "ana".to_owned(), reason: "as before".to_owned() },
        )
        .await;
    stage.until_said("ovirt-dr repair").await;
    let repair = |apply| Command::Repair { apply, by: "ana".to_owned(), reason: "database lost".to_owned() };
    let before = stage.rig.mutations();
    stage.ask("ana: ovirt-dr repair erp --apply", repair(true)).await;
    stage.seconds(60).await;
    assert_eq!(stage.rig.mutations(), before, "hosts that do not answer would be fenced at once");
    stage.order("restore_site madrid");
    stage.host_is("madrid-h1", HostStatus::Up).await;
    stage.host_is("madrid-h2", HostStatus::Up).await;
    stage.host_is("madrid-h3", HostStatus::Up).await;
    stage.seconds(30).await;
    stage.ask("ana: ovirt-dr repair erp", repair(false)).await;
    assert_eq!(stage.rig.mutations(), before, "a preview changes nothing");
    stage.ask("ana: ovirt-dr repair erp --apply", repair(true)).await;
    stage.until(|report| report.last_closed.is_some() && report.owed.is_empty()).await;
    stage.seconds(60).await;
    let left = stage.rig.engine.world(|world| {
        let off = world.hosts.values().filter(|host| host.site == "madrid" && !host.power_management.enabled).count();
        (off, world.clusters.values().filter(|cluster| !cluster.fencing_policy.enabled).count(), world.tags.len())
    });
    assert_eq!(left, (0, 0, 0), "{}", stage.rig.story());
    expect_file!["golden/repair.txt"].assert_eq(&stage.rig.story());
}

#[tokio::test(start_paused = true)]
async fn a_database_from_before_the_way_back_is_named_and_held_until_a_person_says_what_is_active() {
    let mut stage = on_the_way_back(Copied::Closed).await;
    stage.until(|report| report.held.is_some()).await;
    stage.until_said("is older than the engine").await;
    let before = stage.rig.mutations();
    stage.ask("ana: ovirt-dr repair erp --apply", repair(true)).await;
    stage.seconds(600).await;
    assert_eq!(stage.rig.mutations(), before, "nothing is done by an old database\n{}", stage.rig.story());
    stage.order("restore_site seville");
    seville_is_up(&stage).await;
    stage.confirm(Confirmation::Flip, "go on").await;
    stage.seconds(60).await;
    stage.ask("ana: ovirt-dr repair erp", repair(false)).await;
    assert_eq!(stage.rig.mutations(), before, "neither a confirmation nor a preview changes anything");
    stage.ask("ana: ovirt-dr repair erp --apply", repair(true)).await;
    stage.until(|report| report.last_closed.as_ref().is_some_and(|closed| closed.epoch == 3)).await;
    let after = stage.rig.mutations().len();
    stage.seconds(600).await;
    assert_eq!(stage.rig.mutations().len(), after, "whether madrid is active is not guessed\n{}", stage.rig.story());
    assert!(stage.rig.report().held.is_some_and(|held| held.contains("ovirt-dr accept-world erp")));
    // A restart of the daemon makes it no clearer.
    stage.rig.restart();
    stage.until(|report| report.passes > 20 && report.held.is_some()).await;
    stage.flip("seville");
    stage.until(|report| report.converged).await;
    // The failover that the database does not know was the second, the repair the third.
    stage.lose("seville").await;
    stage.flip("madrid");
    stage.until(|report| report.transition.as_ref().is_some_and(|open| open.epoch == 4)).await;
    stage.until_said("make the replica at madrid writable").await;
    stage.order("promote site=madrid");
    stage.confirm(Confirmation::Promoted, "promoted at the array").await;
    stage.until_closed().await;
    stage.converged(expect_file!["golden/older_database.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_database_in_the_middle_of_an_earlier_failover_does_not_go_on_with_it() {
    let stage = on_the_way_back(Copied::Open).await;
    stage.until_said("is older than the engine").await;
    let before = stage.rig.mutations();
    stage.seconds(600).await;
    assert_eq!(stage.rig.mutations(), before, "{}", stage.rig.story());
    stage.order("restore_site seville");
    seville_is_up(&stage).await;
    stage.ask("ana: ovirt-dr repair erp --apply", repair(true)).await;
    stage.until(|report| report.last_closed.as_ref().is_some_and(|closed| closed.epoch == 3)).await;
    stage.flip("seville");
    stage.until(|report| report.converged).await;
    stage.converged(expect_file!["golden/database_of_an_open_failover.txt"]).await;
}

#[tokio::test(start_paused = true)]
async fn tags_that_somebody_deleted_are_remembered_by_the_next_failovers_number() {
    let stage = on_the_way_back(Copied::Closed).await;
    stage.until_said("is older than the engine").await;
    stage.seconds(10).await;
    stage.rig.note("somebody switches everything on again and deletes the tags");
    stage.rig.engine.world(|world| {
        world.tags.clear();
        world.hosts.values_mut().for_each(|host| host.power_management.enabled = true);
        world.clusters.values_mut().for_each(|cluster| cluster.fencing_policy.enabled = true);
    });
    stage.seconds(60).await;
    assert!(stage.rig.report().transition.is_none(), "{}", stage.rig.story());
    stage.confirm(Confirmation::Flip, "go on").await;
    let report = stage.until(|report| report.transition.is_some()).await;
    assert_eq!(report.transition.map(|open| open.epoch), Some(3), "the second one is somebody else's");
}

#[tokio::test(start_paused = true)]
async fn a_database_from_before_a_way_back_that_is_over_does_not_carry_it_out_again() {
    let mut stage = Stage::calm().await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until_closed().await;
    let afterwards = newest(&stage).await;
    stage.rig.note("the state database is copied");
    turns_round(&stage).await;
    stage.until(|report| report.last_closed.as_ref().is_some_and(|closed| closed.epoch == 2)).await;
    stage.seconds(60).await;
    stage.rig.note("somebody stops vm1");
    let off = |world: &mut engine_sim::world::World| {
        let vms = world.vms.values_mut().filter(|vm| vm.name == "vm1");
        vms.for_each(|vm| (vm.status, vm.host) = (VmStatus::Down, None));
    };
    stage.rig.engine.world(off);
    let before = stage.rig.mutations();
    stage.rig.note("the daemon dies, and its state database is restored from that copy");
    stage.rig.set_back(afterwards).await;
    stage.rig.restart();
    stage.until(|report| report.held.is_some()).await;
    stage.seconds(600).await;
    assert_eq!(stage.rig.mutations(), before, "{}", stage.rig.story());
    let (by, reason) = ("ana".to_owned(), "that flip was carried out".to_owned());
    stage.ask("ana: ovirt-dr accept-world erp", Command::AcceptWorld { by, reason }).await;
    stage.until(|report| report.converged).await;
    assert_eq!(stage.rig.mutations(), before, "{}", stage.rig.story());
    stage.converged(expect_file!["golden/database_of_before.txt"]).await;
}

/// After the failover to Seville: Madrid is back, Seville is lost, and the file names Madrid again.
async fn turns_round(stage: &Stage) {
    stage.order("restore_site madrid");
    stage.order("resync_from seville");
    // Sooner than an hour after it a flip would be held.
    stage.seconds(3700).await;
    stage.lose("seville").await;
    stage.flip("madrid");
}

/// What the copy of the database knows.
#[derive(PartialEq, Eq)]
enum Copied {
    /// The first failover, closed.
    Closed,
    /// The first failover, with its debts.
    Open,
}

/// Madrid was lost and is back, Seville is lost now and the way back waits for a person, and the daemon starts on a database copied
/// in or after the first failover.
async fn on_the_way_back(copied: Copied) -> Stage {
    let promoted = "    promote:\n      hook: hooks/promote-madrid\n";
    let mut stage = Stage::of(usual(), &plan(&usual(), "").replace(promoted, "    promote: confirm\n")).await;
    stage.lose("madrid").await;
    stage.flip("seville");
    stage.until(|report| report.owed.len() == 4).await;
    let in_the_middle = newest(&stage).await;
    stage.until_closed().await;
    let afterwards = newest(&stage).await;
    stage.rig.note("the state database is copied");
    turns_round(&stage).await;
    stage.until_said("make the replica at madrid writable").await;
    stage.until(|report| report.owed.len() == 4).await;
    stage.rig.note("the daemon dies, and its state database is restored from that copy");
    stage.rig.set_back(if copied == Copied::Open { in_the_middle } else { afterwards }).await;
    stage.rig.restart();
    stage
}

async fn newest(stage: &Stage) -> u64 {
    stage.rig.entries().await.last().map_or(0, |stamped| stamped.seq)
}

async fn seville_is_up(stage: &Stage) {
    for host in ["seville-h1", "seville-h2", "seville-h3"] {
        stage.host_is(host, HostStatus::Up).await;
    }
    stage.seconds(60).await;
}

fn repair(apply: bool) -> Command {
    Command::Repair { apply, by: "ana".to_owned(), reason: "the database is of last week".to_owned() }
}
