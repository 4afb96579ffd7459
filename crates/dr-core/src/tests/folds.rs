//! Memory as the fold of the journal: what a crash leaves behind is found again.

use crate::{
    Confirmation, Entry, Goal, Memory, Opening, Outcome, OwedKey, RefusedClass, Step, StepKey, StepKind, Time,
};

fn at(second: u64, entry: Entry) -> (Time, Entry) {
    (Time(1000 * second), entry)
}

fn fold(entries: &[(Time, Entry)]) -> Memory {
    Memory::fold(entries.iter().map(|(at, entry)| (*at, entry)))
}

fn opened(epoch: u64, from: &str, to: &str) -> Entry {
    Entry::Opened(Box::new(Opening {
        epoch,
        from: from.to_owned(),
        to: to.to_owned(),
        by: "ana".to_owned(),
        why: "fire".to_owned(),
        plan: "text".to_owned(),
        rows: std::collections::BTreeMap::new(),
        hosts: std::collections::BTreeMap::new(),
        vms: Vec::new(),
    }))
}

fn owed(original: &str) -> Entry {
    let what = OwedKey::Fencing("main".into());
    Entry::Owed { what, name: "main".to_owned(), original: original.to_owned(), port: 0, anew: false }
}

fn confirm(host: &str) -> Step {
    let name = host.to_owned();
    Step::ConfirmRebooted { host: host.into(), name: name.clone(), address: name, ports: vec![22] }
}

fn intent(id: u64, epoch: u64, step: Step) -> Entry {
    Entry::Intent { id, epoch, step, correlation_id: format!("ovirt-dr-{epoch}-{id}") }
}

fn ended(id: u64, outcome: Outcome) -> Entry {
    Entry::Outcome { id, outcome }
}

fn refused() -> Outcome {
    Outcome::Refused { class: RefusedClass::Locked, text: "locked".to_owned() }
}

fn key(kind: StepKind, object: &str) -> StepKey {
    StepKey { kind, object: object.to_owned() }
}

#[test]
fn after_a_crash_the_first_original_is_kept() {
    let memory = fold(&[
        at(1, opened(1, "a", "b")),
        at(2, owed("{\"enabled\":\"true\",\"threshold\":\"50\"}")),
        at(9, owed("{\"enabled\":\"false\",\"threshold\":\"50\"}")),
    ]);
    let owed = &memory.owed[&OwedKey::Fencing("main".into())];
    assert_eq!((owed.original.as_str(), owed.since), ("{\"enabled\":\"true\",\"threshold\":\"50\"}", Time(2000)));
}

#[test]
fn what_was_given_back_is_owed_no_more_and_may_be_owed_again() {
    let given_back = Entry::GivenBack { what: OwedKey::Fencing("main".into()) };
    let mut entries = vec![at(1, owed("first")), at(2, given_back)];
    assert!(fold(&entries).owed.is_empty());
    entries.push(at(3, owed("second")));
    assert_eq!(fold(&entries).owed[&OwedKey::Fencing("main".into())].original, "second");
}

#[test]
fn an_intent_without_an_outcome_is_in_flight() {
    let memory = fold(&[at(1, opened(1, "a", "b")), at(2, intent(5, 1, confirm("a1")))]);
    let flying = &memory.in_flight[&key(StepKind::ConfirmRebooted, "a1")];
    assert_eq!((flying.id, flying.epoch, flying.since), (5, 1, Time(2000)));
    assert_eq!(memory.last_intent, 5);
}

#[test]
fn tries_are_counted_until_it_is_done() {
    let mut entries = vec![at(1, opened(1, "a", "b"))];
    for id in 1..=3 {
        entries.push(at(id * 10, intent(id, 1, confirm("a1"))));
        entries.push(at(id * 10 + 1, ended(id, refused())));
    }
    let transition = fold(&entries).transition.expect("open");
    let tries = &transition.tries[&key(StepKind::ConfirmRebooted, "a1")];
    assert_eq!((tries.count, tries.last, &tries.outcome), (3, Time(31_000), &refused()));
    entries.push(at(40, intent(4, 1, confirm("a1"))));
    entries.push(at(41, ended(4, Outcome::AlreadySo)));
    let transition = fold(&entries).transition.expect("open");
    assert!(transition.tries.is_empty());
    assert_eq!(transition.was_confirmed(&"a1".into()), Some(Time(41_000)));
}

#[test]
fn an_outcome_of_no_known_intent_is_passed_over() {
    let entries = [at(1, opened(1, "a", "b")), at(2, ended(77, Outcome::Done))];
    assert_eq!(fold(&entries), fold(&entries[..1]));
}

#[test]
fn an_intent_to_repoint_or_promote_closes_the_free_way_back() {
    let committed = |step: Step| {
        let entries = [at(1, opened(1, "a", "b")), at(2, intent(1, 1, step))];
        fold(&entries).transition.expect("open").commitment.stands()
    };
    assert!(committed(Step::Promote { site: "b".to_owned() }));
    assert!(!committed(confirm("a1")));
    let promoted =
        Entry::Confirmed { confirmation: Confirmation::Promoted, by: "ana".to_owned(), reason: "by hand".to_owned() };
    assert!(fold(&[at(1, opened(1, "a", "b")), at(2, promoted)]).transition.expect("open").commitment.stands());
}

#[test]
fn what_certainly_had_no_effect_leaves_the_way_back_free() {
    let stands = |step: Step, outcome: Outcome| {
        let entries = [at(1, opened(1, "a", "b")), at(2, intent(1, 1, step)), at(3, ended(1, outcome))];
        fold(&entries).transition.expect("open").commitment.stands()
    };
    let details = |path: &str| crate::Details::File { address: "nas".to_owned(), path: path.to_owned() };
    let repoint =
        || Step::Repoint { connection: "1".into(), name: "data1".to_owned(), from: details("/a"), to: details("/b") };
    let promote = || Step::Promote { site: "b".to_owned() };
    let refused = |class| Outcome::Refused { class, text: "no".to_owned() };
    let failed = || Outcome::Failed { text: "not sent".to_owned() };
    let lost = || Outcome::Unconfirmed { text: "the answer was lost".to_owned() };
    assert!(!stands(repoint(), refused(RefusedClass::NoPermission)));
    assert!(!stands(repoint(), failed()), "it never left");
    assert!(!stands(promote(), refused(RefusedClass::Other)), "the hook could not be run");
    assert!(stands(repoint(), lost()) && stands(promote(), lost()));
    assert!(stands(repoint(), Outcome::Done) && stands(repoint(), Outcome::AlreadySo));
    assert!(stands(promote(), refused(RefusedClass::WrongState)), "the hook asks to be asked again");
    assert!(stands(promote(), failed()), "a hook that ran and failed may have done anything");
}

#[test]
fn a_later_refusal_says_nothing_of_a_try_that_nobody_knows_about() {
    let step = || Step::Promote { site: "b".to_owned() };
    let memory = fold(&[
        at(1, opened(1, "a", "b")),
        at(2, intent(1, 1, step())),
        at(3, ended(1, Outcome::Unconfirmed { text: "the daemon was restarted".to_owned() })),
        at(4, intent(2, 1, step())),
        at(5, ended(2, Outcome::Refused { class: RefusedClass::Other, text: "no hook".to_owned() })),
    ]);
    let commitment = memory.transition.expect("open").commitment;
    assert!(commitment.stands());
    let said = "it is not known whether this was done: promote the replica at b (the daemon was restarted)";
    assert_eq!(commitment.to_string(), said);
}

#[test]
fn a_second_transition_over_an_open_one_keeps_debts_and_flights_and_nothing_else() {
    let memory = fold(&[
        at(1, opened(1, "a", "b")),
        at(2, owed("original")),
        at(3, intent(1, 1, confirm("a1"))),
        at(4, ended(1, Outcome::Done)),
        at(5, intent(2, 1, confirm("a2"))),
        at(6, ended(2, refused())),
        at(7, intent(3, 1, confirm("a3"))),
        at(8, Entry::Reached { epoch: 1, goals: vec![Goal::Confirmed("a1".to_owned())] }),
        at(9, opened(2, "b", "a")),
    ]);
    assert_eq!(memory.owed.len(), 1);
    assert!(memory.in_flight.contains_key(&key(StepKind::ConfirmRebooted, "a3")));
    let transition = memory.transition.expect("open");
    assert_eq!((transition.epoch, transition.from.as_str(), transition.to.as_str()), (2, "b", "a"));
    assert!(transition.done.is_empty() && transition.tries.is_empty() && transition.reached.is_empty());
    assert!(!transition.commitment.stands());
    assert_eq!(memory.accepted.as_deref(), Some("a"));
}

#[test]
fn what_ends_late_from_an_older_transition_counts_for_none() {
    let memory = fold(&[
        at(1, opened(1, "a", "b")),
        at(2, intent(1, 1, confirm("a1"))),
        at(3, opened(2, "b", "a")),
        at(4, ended(1, Outcome::Done)),
        at(5, Entry::Reached { epoch: 1, goals: vec![Goal::Confirmed("a1".to_owned())] }),
        at(6, Entry::Proven { epoch: 1, evidence: "old".to_owned() }),
        at(7, Entry::Cancelled { epoch: 1, by: "ana".to_owned(), why: "late".to_owned() }),
        at(8, Entry::Closed { epoch: 1, exceptions: Vec::new() }),
    ]);
    assert!(memory.in_flight.is_empty());
    let transition = memory.transition.expect("still open");
    assert!(transition.done.is_empty() && transition.reached.is_empty());
    assert!(transition.proven.is_none() && !transition.cancelled);
}

#[test]
fn a_cancelled_transition_gives_its_site_back() {
    let cancelled = Entry::Cancelled { epoch: 1, by: "ana".to_owned(), why: "mistake".to_owned() };
    let memory = fold(&[at(1, opened(1, "a", "b")), at(2, cancelled)]);
    assert_eq!(memory.accepted.as_deref(), Some("a"));
    assert!(memory.transition.expect("open until nothing is owed").cancelled);
}

#[test]
fn a_closed_transition_leaves_its_number_and_its_time() {
    let closed = Entry::Closed { epoch: 4, exceptions: Vec::new() };
    let memory = fold(&[at(7, opened(4, "a", "b")), at(90, closed)]);
    assert_eq!((memory.transition, memory.epoch, memory.last_flip), (None, 4, Some(Time(7000))));
    assert_eq!(memory.accepted.as_deref(), Some("b"));
}

#[test]
fn a_clock_that_jumped_voids_what_was_said_of_a_moment() {
    let said = |confirmation| Entry::Confirmed { confirmation, by: "ana".to_owned(), reason: "seen".to_owned() };
    let memory = fold(&[
        at(1, opened(1, "a", "b")),
        at(2, said(Confirmation::SiteDown)),
        at(3, said(Confirmation::IgnoreProbe { host: "a1".to_owned(), probe: "tcp:22".to_owned() })),
        at(4, said(Confirmation::Promoted)),
        at(5, Entry::ClockJumped { by_ms: -3_600_000 }),
    ]);
    assert_eq!(memory.void_before, Some(Time(5000)));
    let confirmations = memory.transition.expect("open").confirmations;
    assert_eq!(confirmations.into_iter().collect::<Vec<_>>(), [Confirmation::Promoted]);
}

#[test]
fn the_pauses_between_tries_grow_but_a_lock_is_tried_steadily() {
    let pauses = |outcome: Outcome| -> Vec<u64> {
        let pause = |count| crate::Tries { count, last: Time(0), outcome: outcome.clone() }.pause().as_secs();
        [1, 2, 3, 4, 5, 6, 7, 30].into_iter().map(pause).collect()
    };
    assert_eq!(pauses(Outcome::Failed { text: String::new() }), [2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(pauses(refused()), [5, 5, 5, 5, 5, 5, 5, 5]);
    let state = Outcome::Refused { class: RefusedClass::WrongState, text: String::new() };
    assert_eq!(pauses(state), [3, 3, 3, 3, 3, 3, 3, 60]);
}

#[test]
fn tags_keep_to_the_engines_alphabet_and_length() {
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    for key in [OwedKey::Fencing(id.into()), OwedKey::PowerManagement(id.into())] {
        let name = key.tag_name();
        assert!(name.len() <= 50 && name.starts_with(crate::OWED_TAG_PREFIX), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{name}");
    }
}

#[test]
fn entries_come_back_from_their_json() {
    let entries = [
        opened(1, "a", "b"),
        owed("{}"),
        intent(1, 1, confirm("a1")),
        ended(1, refused()),
        ended(2, Outcome::Done),
        Entry::Reached { epoch: 1, goals: vec![Goal::VmUp("web1".to_owned())] },
        Entry::HoldDropped,
    ];
    for entry in entries {
        let text = serde_json::to_string(&entry).expect("serialised");
        assert_eq!(serde_json::from_str::<Entry>(&text).expect("read back"), entry, "{text}");
    }
}
