//! What is frozen when a transition opens, and what calm times teach about who runs where.

use dr_plan::SiteName;
use expect_test::expect;

use super::world::World;
use crate::{Entry, opening, ran_changes};

/// The names of the virtual machines that a failover from a would start.
fn chosen(text: &str) -> Vec<String> {
    let world = World::read(text);
    let mut plan = world.plan.clone();
    plan.active_site = SiteName("b".to_owned());
    let opening = opening(&plan, String::new(), &world.observed, &world.memory, "a", "ana", "fire");
    opening.vms.into_iter().map(|vm| vm.name).collect()
}

fn learned(text: &str) -> String {
    let world = World::read(text);
    let Some(Entry::Ran { running, stopped }) = ran_changes(&world.observed, &world.memory) else {
        return "nothing".to_owned();
    };
    let running: Vec<String> = running.iter().map(|vm| format!("{} runs on {}", vm.name, vm.host)).collect();
    let stopped: Vec<String> = stopped.iter().map(|vm| format!("{vm} stopped")).collect();
    [running, stopped].concat().join(", ")
}

#[test]
fn what_ran_at_the_lost_site_is_chosen() {
    let chosen = chosen(
        "
        calm
        site a: a1 non_responsive
        site b: b1 up
        vm unknown-there unknown on=a1
        vm up-there up on=a1
        vm down-since down
        vm down-before down
        vm elsewhere up on=b1
        ran down-since a1
        ran elsewhere b1
        ",
    );
    assert_eq!(chosen, ["unknown-there", "up-there", "down-since"]);
}

#[test]
fn a_plan_may_leave_virtual_machines_to_their_owners() {
    assert_eq!(chosen("calm\nsite a: a1 non_responsive\nsite b: b1 up\nvm web1 unknown on=a1\nplan vms=none"), [""; 0]);
}

#[test]
fn an_opening_rises_and_freezes_the_rows_that_were_found() {
    let world = World::read(
        "
        calm
        flipped 5000
        site a: a1 non_responsive
        site b: b1 maintenance
        nfs data1
        nfs data2 at=nowhere domain=none
        iscsi san1 portals=2
        fcp vault
        ",
    );
    let opening = opening(&world.plan, "text".to_owned(), &world.observed, &world.memory, "a", "ana", "fire");
    expect![[r#"
        Opening {
            epoch: 8,
            from: "a",
            to: "b",
            by: "ana",
            why: "fire",
            plan: "text",
            rows: {
                "data1/0": ConnectionId(
                    "data1/0",
                ),
                "san1/0": ConnectionId(
                    "san1/0",
                ),
                "san1/1": ConnectionId(
                    "san1/1",
                ),
            },
            hosts: {
                "a1": HostId(
                    "a1",
                ),
                "b1": HostId(
                    "b1",
                ),
            },
            vms: [],
        }"#]]
    .assert_eq(&format!("{opening:#?}"));
}

#[test]
fn calm_times_teach_who_runs_where() {
    assert_eq!(
        learned(
            "
            calm
            site a: a1 up, a2 non_responsive
            site b: b1 maintenance
            vm new up on=a1
            vm known up on=a1
            vm moved powering_up on=a1
            vm silent unknown on=a2
            vm stopped down
            vm lost-with-its-host down
            ran known a1
            ran moved a2
            ran silent a2
            ran stopped a1
            ran lost-with-its-host a2
            ran deleted a1
            "
        ),
        "new runs on a1, moved runs on a1, stopped stopped, deleted stopped"
    );
}

#[test]
fn nothing_is_learned_from_what_could_not_be_read() {
    let world = "calm\nsite a: a1 up\nsite b: b1 maintenance\nvm new up on=a1\nran deleted a1\n";
    assert_eq!(learned(world), "new runs on a1, deleted stopped");
    assert_eq!(learned(&format!("{world}unreadable vms")), "nothing");
    assert_eq!(learned(&format!("{world}unreadable hosts")), "nothing");
}

#[test]
fn what_an_unfinished_transition_was_to_bring_up_goes_on_with_the_next() {
    let mut world =
        World::read("site a: a1 maintenance\nsite b: b1 non_responsive\nvm web1 down\nvm web2 unknown on=b1");
    world.plan.active_site = SiteName("a".to_owned());
    let chosen = |world: &World| -> Vec<String> {
        let opening = opening(&world.plan, String::new(), &world.observed, &world.memory, "b", "ana", "fire");
        opening.vms.into_iter().map(|vm| vm.name).collect()
    };
    assert_eq!(chosen(&world), ["web1", "web2"]);
    if let Some(transition) = &mut world.memory.transition {
        transition.cancelled = true;
    }
    assert_eq!(chosen(&world), ["web2"], "one that was turned back leaves its machines where they were");
}

/// A list that lacks entries at the very moment of the flip must not leave them down and unsaid.
#[test]
fn what_ran_at_the_lost_site_is_chosen_also_when_it_is_not_listed() {
    let text = "
        calm
        site a: a1 non_responsive
        site b: b1 up
        vm listed unknown on=a1
        ran unlisted a1
        ran elsewhere b1
    ";
    assert_eq!(chosen(text), ["listed", "unlisted"]);
    assert_eq!(learned(text), "elsewhere stopped", "not listed with its host lost proves nothing");
}
