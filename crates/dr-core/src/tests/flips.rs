//! When a change of `active_site` is accepted, held or refused.

use std::time::Duration;

use dr_plan::SiteName;
use expect_test::{Expect, expect};

use super::world::{NOW, World};
use crate::{Asked, Entry, Verdict, judge_flip, site_left};

/// Two living sites of which a was accepted and read before.
const ALIVE: &str = "
    calm
    from a to b
    site a: a1 up spm
    site b: b1 maintenance
    dc dc1 up
    nfs data1 domain=active
    vm web1 up on=a1
";

/// The same after a was lost.
const LOST: &str = "
    calm
    from a to b
    site a: a1 non_responsive spm
    site b: b1 maintenance
    nfs data1
    probe a1 silent
    vm web1 unknown on=a1
";

/// An open transition from a to b.
const OPEN: &str = "
    site a: a1 non_responsive spm
    site b: b1 maintenance
    nfs data1
";

fn failover() -> Asked {
    Asked::Failover { by: "ana".to_owned(), why: "fire".to_owned() }
}

fn accept() -> Asked {
    Asked::AcceptWorld { by: "ana".to_owned(), why: "drill".to_owned() }
}

struct Flip {
    world: World,
    other_changes: Vec<String>,
}

/// A world whose file names this site.
fn flip(text: &str, more: &str, site: &str) -> Flip {
    let mut world = World::read(&format!("{text}{more}"));
    world.plan.active_site = SiteName(site.to_owned());
    Flip { world, other_changes: Vec::new() }
}

impl Flip {
    fn forgotten(mut self) -> Self {
        self.world.memory.accepted = None;
        self.world.memory.seen = None;
        self
    }

    #[expect(clippy::needless_pass_by_value, reason = "expect_test's own habit")]
    fn is(&self, asked: Asked, expected: Expect) {
        let observed = Some(&self.world.observed);
        let verdict = judge_flip(&self.world.plan, &self.other_changes, &asked, observed, &self.world.memory, NOW);
        expected.assert_eq(&shown(&verdict));
    }
}

fn shown(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Nothing => "nothing".to_owned(),
        Verdict::Adopt { by, why } => format!("adopt: {by}, {why}"),
        Verdict::Open { by, why } => format!("open: {by}, {why}"),
        Verdict::Cancel { by, why } => format!("cancel: {by}, {why}"),
        Verdict::Hold { reason } => format!("hold: {reason}"),
        Verdict::DropHold => "drop the hold".to_owned(),
        Verdict::Disagrees { text } => format!("disagrees: {text}"),
        Verdict::NotYet { text } => format!("not yet: {text}"),
    }
}

#[test]
fn a_file_that_names_the_accepted_site_changes_nothing() {
    flip(ALIVE, "", "a").is(Asked::ByFile, expect!["nothing"]);
}

#[test]
fn an_edit_opens_when_the_site_is_lost() {
    flip(LOST, "", "b").is(Asked::ByFile, expect!["open: file edit, active_site was edited"]);
}

#[test]
fn an_edit_is_held_when_the_site_is_alive() {
    flip(ALIVE, "", "b").is(Asked::ByFile, expect![[r#"hold: a is alive: a1 is up and answers. Is a planned migration meant? This version does failovers only. If a is to be given up: power it off, then ovirt-dr confirm erp flip --reason "...""#]]);
}

#[test]
fn a_command_opens_even_then_and_the_decision_refuses() {
    flip(ALIVE, "", "b").is(failover(), expect!["open: ana, fire"]);
}

#[test]
fn a_file_that_disagreed_before_never_acts() {
    flip(LOST, "seen b 30", "b").is(Asked::ByFile, expect!["disagrees: the file names b, accepted is a, and the file did not change: nothing is done. Put the line right, or: ovirt-dr failover erp b"]);
}

#[test]
fn a_command_acts_all_the_same() {
    flip(LOST, "seen b 30", "b").is(failover(), expect!["open: ana, fire"]);
}

#[test]
fn a_flip_that_was_carried_out_already_is_held_and_one_that_was_not_opens() {
    let there = |a1: &str| format!("calm\nsite a: a1 {a1}\nsite b: b1 up\nnfs data1 at=b domain=active\n");
    flip(&there("maintenance"), "", "b").is(Asked::ByFile, expect![[r#"hold: the engine is as the plan wants it with b active: its hosts are up, its storage is in place, and a is parked. Was that flip carried out before, by hand or by a daemon whose state database was lost? Then: ovirt-dr accept-world erp. To fail over all the same: ovirt-dr confirm erp flip --reason "...""#]]);
    flip(&there("maintenance"), "", "b").is(failover(), expect!["open: ana, fire"]);
    flip(&there("non_responsive"), "", "b").is(Asked::ByFile, expect!["open: file edit, active_site was edited"]);
}

#[test]
fn an_edit_that_changes_more_is_held() {
    let mut flip = flip(LOST, "", "b");
    flip.other_changes = vec!["site b: host b9 added".to_owned()];
    flip.is(Asked::ByFile, expect![[r#"hold: the edit changes active_site to b and more (site b: host b9 added). To accept it all: ovirt-dr confirm erp flip --reason "...""#]]);
}

#[test]
fn a_second_flip_within_the_guard_is_held() {
    flip(LOST, "flipped 540", "b").is(Asked::ByFile, expect![[r#"hold: active_site went to b 9 min after failover 7. A reverted file? To go there for real: ovirt-dr confirm erp flip --reason "...""#]]);
}

#[test]
fn a_held_flip_keeps_the_reason_with_which_it_was_first_held() {
    let mut flip = flip(LOST, "flipped 540", "b");
    let world = &flip.world;
    let judge = |now| judge_flip(&world.plan, &[], &Asked::ByFile, Some(&world.observed), &world.memory, now);
    let Verdict::Hold { reason } = judge(NOW) else { panic!("not held") };
    let held = Entry::Held { from: "a".to_owned(), to: "b".to_owned(), reason: reason.clone() };
    flip.world.memory.apply(NOW, &held);
    let (world, later) = (&flip.world, NOW.plus(Duration::from_secs(300)));
    let again = judge_flip(&world.plan, &[], &Asked::ByFile, Some(&world.observed), &world.memory, later);
    assert_eq!(again, Verdict::Hold { reason });
}

#[test]
fn a_second_flip_after_the_guard_opens() {
    flip(LOST, "flipped 3600", "b").is(Asked::ByFile, expect!["open: file edit, active_site was edited"]);
}

#[test]
fn more_than_the_limits_allow_is_held() {
    flip(LOST, "plan limit-hosts=1", "b").is(failover(), expect![[r#"hold: this failover would touch 2 hosts, the plan's limit is 1. To go on: ovirt-dr confirm erp flip --reason "...""#]]);
    flip(LOST, "vm web2 unknown on=a1\n plan limit-vms=1", "b").is(failover(), expect![[r#"hold: this failover would touch 2 VMs, the plan's limit is 1. To go on: ovirt-dr confirm erp flip --reason "...""#]]);
    flip(LOST, "nfs data2\n plan limit-connections=1", "b").is(failover(), expect![[r#"hold: this failover would touch 2 connections, the plan's limit is 1. To go on: ovirt-dr confirm erp flip --reason "...""#]]);
    flip(LOST, "plan limit-hosts=2 limit-vms=1 limit-connections=1", "b").is(failover(), expect!["open: ana, fire"]);
}

#[test]
fn a_held_flip_that_a_person_confirmed_opens() {
    flip(LOST, "flipped 540\n held a b 20\n flip-confirmed 10", "b")
        .is(Asked::ByFile, expect!["open: operator, active_site was edited"]);
}

#[test]
fn a_confirmation_from_before_a_clock_jump_is_void() {
    flip(LOST, "flipped 540\n held a b 20\n flip-confirmed 10\n clock-jumped 5", "b")
        .is(Asked::ByFile, expect!["hold: test"]);
}

#[test]
fn a_held_flip_does_not_open_by_itself_when_what_it_was_held_for_has_passed() {
    flip(LOST, "flipped 7200\n held a b 3700", "b").is(Asked::ByFile, expect!["hold: test"]);
    flip(LOST, "flipped 7200\n held a b 3700", "b").is(failover(), expect!["open: ana, fire"]);
}

#[test]
fn a_confirmation_is_for_the_site_that_was_held() {
    flip(LOST, "site c: c1 maintenance\n held a c 20\n flip-confirmed 10\n flipped 540", "b")
        .is(Asked::ByFile, expect![[r#"hold: active_site went to b 9 min after failover 7. A reverted file? To go there for real: ovirt-dr confirm erp flip --reason "...""#]]);
}

#[test]
fn a_held_flip_whose_file_went_back_is_dropped() {
    flip(LOST, "held a b 20", "a").is(Asked::ByFile, expect!["drop the hold"]);
}

#[test]
fn nothing_opens_before_the_engine_was_read() {
    flip(LOST, "unreadable hosts", "b")
        .is(failover(), expect!["not yet: the engine must be readable before a transition opens"]);
    flip(LOST, "unreadable tags", "b")
        .is(Asked::ByFile, expect!["not yet: the engine must be readable before a transition opens"]);
}

#[test]
fn going_back_before_anything_was_changed_cancels() {
    flip(OPEN, "flying suspend main", "a").is(Asked::ByFile, expect!["cancel: file edit, active_site was edited"]);
}

#[test]
fn going_back_after_storage_was_changed_is_held() {
    flip(OPEN, "flying repoint data1/0", "a").is(Asked::ByFile, expect![[r#"hold: active_site went to a while failover 7 to b is open and storage was already promoted or repointed. Going there loses what was written at b since, and needs the replica at a promoted. To go all the same: ovirt-dr confirm erp flip --reason "...""#]]);
    flip(OPEN, "promoted", "a").is(failover(), expect![[r#"hold: active_site went to a while failover 7 to b is open and storage was already promoted or repointed. Going there loses what was written at b since, and needs the replica at a promoted. To go all the same: ovirt-dr confirm erp flip --reason "...""#]]);
}

#[test]
fn going_back_all_the_same_opens_a_second_transition() {
    flip(OPEN, "promoted\n held b a 20\n flip-confirmed 10", "a")
        .is(Asked::ByFile, expect!["open: operator, active_site was edited"]);
}

#[test]
fn going_to_a_third_site_midway_is_held() {
    flip(OPEN, "site c: c1 maintenance", "c").is(Asked::ByFile, expect![[r#"hold: active_site went to c while failover 7 to b is open. Turn that one back first: ovirt-dr abort erp; or, to leave it as it is and go to c: ovirt-dr confirm erp flip --reason "...""#]]);
}

#[test]
fn a_flip_while_another_is_turned_back_waits() {
    flip(OPEN, "cancelled\n seen a 30", "b")
        .is(Asked::ByFile, expect!["not yet: failover 7 is being turned back; b is looked at again after that"]);
}

#[test]
fn the_world_is_accepted_in_calm_times_only() {
    flip(LOST, "", "a").is(accept(), expect!["adopt: ana, drill"]);
    flip(LOST, "", "b").is(accept(), expect!["adopt: ana, drill"]);
    flip(OPEN, "", "a")
        .is(accept(), expect!["disagrees: failover 7 to b is open: the world is taken as it is only in calm times"]);
}

#[test]
fn a_plan_that_matches_at_first_sight_is_adopted() {
    flip(ALIVE, "", "a").forgotten().is(Asked::ByFile, expect!["adopt: first sight, the engine matches the plan"]);
}

#[test]
fn a_plan_that_does_not_match_at_first_sight_is_held() {
    flip(ALIVE, "nfs data2 at=b", "a").forgotten().is(Asked::ByFile, expect!["hold: first sight of this plan, and the engine does not match it: connection data2 is nas-b:/data2, the plan wants nas-a:/data2. Put it right, or: ovirt-dr accept-world erp; or, if the site is lost: ovirt-dr failover erp SITE"]);
    flip(ALIVE, "tag ovirt-dr.owed.fp.somebody", "a").forgotten().is(Asked::ByFile, expect!["hold: first sight of this plan, and the engine does not match it: the engine carries a debt of an earlier transition (ovirt-dr.owed.fp.somebody). Put it right, or: ovirt-dr accept-world erp; or, if the site is lost: ovirt-dr failover erp SITE"]);
}

#[test]
fn at_first_sight_a_person_may_accept_or_fail_over() {
    flip(LOST, "", "b").forgotten().is(accept(), expect!["adopt: ana, drill"]);
    flip(LOST, "", "b").forgotten().is(failover(), expect!["open: ana, fire"]);
    flip(LOST, "held a a 20\n flip-confirmed 10", "a")
        .forgotten()
        .is(Asked::ByFile, expect!["adopt: confirmation, a person takes the world as it is"]);
}

#[test]
fn at_first_sight_an_unreadable_engine_is_waited_for() {
    flip(ALIVE, "unreadable hosts", "a")
        .forgotten()
        .is(Asked::ByFile, expect!["not yet: the engine must be readable before a plan is first accepted"]);
    flip(LOST, "unreadable hosts", "b")
        .forgotten()
        .is(failover(), expect!["not yet: the engine must be readable before a transition opens"]);
}

#[test]
fn the_site_left_is_the_accepted_one_or_the_only_other() {
    let two = flip(LOST, "", "b");
    assert_eq!(site_left(&two.world.plan, &two.world.memory), Some("a"));
    let two = two.forgotten();
    assert_eq!(site_left(&two.world.plan, &two.world.memory), Some("a"));
    let three = flip(LOST, "site c: c1 maintenance", "b").forgotten();
    assert_eq!(site_left(&three.world.plan, &three.world.memory), None);
}

#[test]
fn a_guard_of_nothing_holds_nothing() {
    let mut flip = flip(LOST, "flipped 540", "b");
    flip.world.plan.policy.flap_guard = Duration::ZERO;
    flip.is(Asked::ByFile, expect!["open: file edit, active_site was edited"]);
}

#[test]
fn nothing_opens_beside_debts_that_the_journal_does_not_know() {
    let asked = || Asked::Failover { by: "ana".to_owned(), why: "fire".to_owned() };
    flip(LOST, "tag ovirt-dr.owed.fp.somebody", "b").is(asked(), expect!["not yet: no transition opens: the engine carries debts that this daemon's journal does not know (ovirt-dr.owed.fp.somebody): another daemon, or an older state database. Only observing. ovirt-dr repair PLAN shows what they are, and gives them back"]);
    flip(LOST, "tag ovirt-dr.owed.fp.somebody", "b").forgotten().is(asked(), expect!["not yet: no transition opens: the engine carries debts that this daemon's journal does not know (ovirt-dr.owed.fp.somebody): another daemon, or an older state database. Only observing. ovirt-dr repair PLAN shows what they are, and gives them back"]);
}
