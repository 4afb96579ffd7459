//! Sites that an unfinished failover had left before another one took its place: they are as lost as the one that is left now.

use expect_test::{Expect, expect};

use super::world::World;

/// From c to a was under way when it went on to b.
const USUAL: &str = "
    left c
    probe c1 silent 300
    cluster main fencing=off
    owed fencing main
";

fn check(more: &str, expected: Expect) {
    super::check(&format!("{USUAL}{more}\nnfs data1{}", if more.contains("proven") { " at=b" } else { "" }), expected);
}

/// All that is done once storage is at b.
const AT_B: &str = "
    proven
    site b: b1 up for=60
    done repoint data1/0 60
    done activate b1 60
    site a: a1 maintenance
";

#[test]
fn its_dead_spm_is_confirmed_and_not_left_to_a_person() {
    check(
        &format!("{AT_B} site c: c1 non_responsive spm vms=1 \n vm web1 unknown on=c1"),
        expect![[r#"
        phase    activating
        ready    confirm that c1 has been rebooted
        waits    data center dc1 is problematic: its SPM c1 is not confirmed yet
        waits    0 of 1 VMs up; missing: web1
        waits    fencing of cluster main is owed until c1 is parked
        reached  Repointed("data1/0")
        reached  Parked("a1")
    "#]],
    );
    let world = World::read(&format!(
        "{USUAL}{AT_B} site c: c1 non_responsive spm vms=1 \n vm web1 unknown on=c1 \n nfs data1 at=b"
    ));
    let decision = world.decide();
    let mut world = world;
    world.journal(&decision);
    for step in &decision.steps {
        assert_eq!(world.judged(step), Ok(()), "{step}");
    }
}

#[test]
fn once_confirmed_it_is_parked_and_gets_its_fencing_back() {
    check(
        &format!("{AT_B} site c: c1 non_responsive \n done confirm c1 20"),
        expect![[r#"
        phase    activating
        ready    park c1 in maintenance
        waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
        waits    fencing of cluster main is owed until c1 is parked
        reached  Repointed("data1/0")
        reached  Parked("a1")
        reached  Confirmed("c1")
    "#]],
    );
    check(
        &format!("{AT_B} site c: c1 maintenance"),
        expect![[r#"
        phase    activating
        ready    fencing of cluster main back as it was
        waits    data center dc1 is problematic: an SPM is elected every 10 s; storage may still name the dead one
        reached  Repointed("data1/0")
        reached  Parked("a1")
    "#]],
    );
}

#[test]
fn nothing_is_done_while_its_host_answers() {
    check(
        "
        site a: a1 non_responsive
        site b: b1 maintenance
        site c: c1 non_responsive spm
        probe c1:22 answers
        ",
        expect![[r#"
            phase    proving
            waits    fencing of cluster main is owed until 2 hosts are parked
            refused  c1 answers on c1:22. c is not proven down. Power it off or cut it from the storage; if you know that this answer is not c1's: ovirt-dr confirm erp c1 --ignore c1:22 --reason "..."
        "#]],
    );
}

#[test]
fn its_hosts_that_are_parked_already_may_answer() {
    check(
        "
        site a: a1 non_responsive
        site b: b1 maintenance
        site c: c1 maintenance, c2 non_responsive
        probe c1:22 answers
        probe c2 silent 300
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            waits    fencing of cluster main is owed until 2 hosts are parked
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers; c too: 1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn it_is_named_in_the_proof() {
    check(
        "
        site a: a1 non_responsive
        site b: b1 maintenance
        site c: c1 non_responsive
        ",
        expect![[r#"
            phase    repointing
            ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
            waits    fencing of cluster main is owed until 2 hosts are parked
            proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers; c too: 1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers
        "#]],
    );
}

#[test]
fn who_vouched_for_it_need_not_vouch_again() {
    let world = "
        site a: a1 non_responsive
        site b: b1 maintenance
        site c: c1 non_responsive
        probe c1 never
    ";
    check(
        world,
        expect![[r#"
        phase    proving
        waits    fencing of cluster main is owed until 2 hosts are parked
        refused  no probe of c1 was ever seen answering, so silence proves nothing. If you know that c is down: ovirt-dr confirm erp site-down --reason "..."
    "#]],
    );
    check(
        &format!("left c vouched {world}"),
        expect![[r#"
        phase    repointing
        ready    connection data1 to nas-b:/data1 (now nas-a:/data1)
        waits    fencing of cluster main is owed until 2 hosts are parked
        proven   1 of 1 hosts non_responsive, no answer on 22 and 54321 for 5 min, witness witness answers; c too: 1 of 1 hosts non_responsive, witness witness answers, a person vouches for it
    "#]],
    );
    check(
        &format!("left c vouched {world} clock-jumped 100"),
        expect![[r#"
        phase    proving
        waits    fencing of cluster main is owed until 2 hosts are parked
        refused  no probe of c1 was ever seen answering, so silence proves nothing. If you know that c is down: ovirt-dr confirm erp site-down --reason "..."
    "#]],
    );
}

#[test]
fn on_the_way_back_to_it_its_dead_spm_is_a_matter_of_a_persons_hand() {
    super::check(
        "
        left b
        proven
        cluster main fencing=off
        site a: a1 maintenance
        site b: b1 up for=60, b2 non_responsive spm
        nfs data1 at=b
        done repoint data1/0 60
        done activate b1 60
        ",
        expect![[r#"
            phase    activating
            waits    b2 is non_responsive
            waits    data center dc1 is problematic: its SPM b2 is non_responsive and one of the new site: bring it up, or once it is known to be off, confirm by hand in the engine that it has been rebooted
            reached  Repointed("data1/0")
            reached  Parked("a1")
        "#]],
    );
}
