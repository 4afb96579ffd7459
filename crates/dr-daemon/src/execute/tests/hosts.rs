//! Activation, confirmation and parking.

use dr_core::Answer;

use super::*;

fn activate() -> Step {
    Step::Activate { host: "h1".into(), name: "a1".to_owned() }
}

fn confirm() -> Step {
    let (name, address) = ("a1".to_owned(), "10.0.0.1".to_owned());
    Step::ConfirmRebooted { host: "h1".into(), name, address, ports: vec![54321, 22] }
}

fn park() -> Step {
    Step::Park { host: "h1".into(), name: "a1".to_owned() }
}

#[tokio::test]
async fn a_parked_host_is_activated_and_an_up_one_is_left_alone() {
    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, host("maintenance", "none", 0)).on("POST hosts/h1/activate", 200, done());
    let (outcome, asked) = execute(&engine, activate()).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(asked, ["GET hosts/h1", "POST hosts/h1/activate"]);

    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, host("up", "none", 0));
    assert_eq!(execute(&engine, activate()).await, (Outcome::AlreadySo, vec!["GET hosts/h1".to_owned()]));
}

#[tokio::test]
async fn a_silent_host_is_not_activated_and_a_gone_one_is_gone() {
    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, host("non_responsive", "none", 0));
    let (outcome, asked) = execute(&engine, activate()).await;
    assert_eq!(class(&outcome), Some(RefusedClass::WrongState));
    assert_eq!(asked, ["GET hosts/h1"]);
    assert_eq!(class(&execute(&FakeEngine::new(), activate()).await.0), Some(RefusedClass::Gone));
}

#[tokio::test]
async fn a_host_that_came_up_between_look_and_request_is_already_so() {
    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, host("maintenance", "none", 0)).on("GET hosts/h1", 200, host("up", "none", 0));
    engine.refuses("POST hosts/h1/activate", 409, "Cannot activate Host. Host in Up status.");
    assert_eq!(execute(&engine, activate()).await.0, Outcome::AlreadySo);
}

#[tokio::test]
async fn a_lock_is_a_lock() {
    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, host("maintenance", "none", 0));
    let text = "Cannot activate Host. Related operation is currently in progress. Please try again later.";
    engine.refuses("POST hosts/h1/activate", 409, text);
    let expected = Outcome::Refused { class: RefusedClass::Locked, text: text.to_owned() };
    assert_eq!(execute(&engine, activate()).await.0, expected);
}

#[tokio::test]
async fn every_port_is_probed_and_the_engine_asked_before_a_host_is_confirmed() {
    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, host("non_responsive", "spm", 2)).on("POST hosts/h1/fence", 200, done());
    let (outcome, asked) = execute(&engine, confirm()).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(asked, ["PROBE 10.0.0.1:54321", "PROBE 10.0.0.1:22", "GET hosts/h1", "POST hosts/h1/fence"]);
    assert_eq!(engine.body("POST hosts/h1/fence"), json!({ "fence_type": "manual" }));
}

#[tokio::test]
async fn nothing_is_confirmed_while_a_port_answers() {
    for answer in [Answer::Accepted, Answer::Refused] {
        let engine = FakeEngine::new();
        engine.on("GET hosts/h1", 200, host("non_responsive", "none", 0)).on("POST hosts/h1/fence", 200, done());
        engine.answering.lock().unwrap().insert(22, answer);
        let (outcome, asked) = execute(&engine, confirm()).await;
        assert!(outcome.text().is_some_and(|text| text.contains("answers on port 22")), "{outcome:?}");
        assert!(is_failed(&outcome));
        assert!(!asked.iter().any(|call| call.starts_with("POST")), "{asked:?}");
    }
}

#[tokio::test]
async fn an_unreadable_probe_contradicts_nothing() {
    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, host("non_responsive", "none", 0)).on("POST hosts/h1/fence", 200, done());
    engine.answering.lock().unwrap().insert(22, Answer::Unreadable("no route".to_owned()));
    assert_eq!(execute(&engine, confirm()).await.0, Outcome::Done);
}

#[tokio::test]
async fn only_a_host_that_the_engine_sees_dead_in_this_very_look_is_confirmed() {
    let dead = [("non_responsive", "none"), ("down", "none"), ("maintenance", "spm")];
    let other = ["up", "connecting", "unassigned", "reboot", "kdumping", "non_operational", "error", "frozen"];
    let other = other.into_iter().map(|status| (status, "spm")).chain([("maintenance", "none")]);
    for (status, spm) in dead.into_iter().chain(other) {
        let engine = FakeEngine::new();
        engine.on("GET hosts/h1", 200, host(status, spm, 0)).on("POST hosts/h1/fence", 200, done());
        let (outcome, asked) = execute(&engine, confirm()).await;
        let fenced = asked.contains(&"POST hosts/h1/fence".to_owned());
        assert_eq!(fenced, dead.contains(&(status, spm)), "{status} {spm}");
        assert_eq!(fenced, outcome == Outcome::Done);
    }
}

#[tokio::test]
async fn a_refused_confirmation_says_whether_waiting_helps() {
    for (text, expected) in [
        (
            "Cannot confirm 'Host has been rebooted' Host. Another power management action is already in progress.",
            RefusedClass::Locked,
        ),
        ("Cannot confirm 'Host has been rebooted' Host. Unknown Data Center status.", RefusedClass::WrongState),
    ] {
        let engine = FakeEngine::new();
        engine.on("GET hosts/h1", 200, host("non_responsive", "spm", 2)).refuses("POST hosts/h1/fence", 409, text);
        assert_eq!(class(&execute(&engine, confirm()).await.0), Some(expected));
    }
}

#[tokio::test]
async fn a_lost_confirmation_counts_only_if_something_was_released() {
    for (before, after, expected) in [((2, "spm"), (0, "none"), true), ((0, "none"), (0, "none"), false)] {
        let engine = FakeEngine::new();
        engine.on("GET hosts/h1", 200, host("non_responsive", before.1, before.0));
        engine.on("GET hosts/h1", 200, host("non_responsive", after.1, after.0)).lost("POST hosts/h1/fence");
        let outcome = execute(&engine, confirm()).await.0;
        assert_eq!((outcome == Outcome::Done, is_unconfirmed(&outcome)), (expected, !expected));
    }
}

#[tokio::test]
async fn a_dead_host_is_parked_and_a_living_one_only_without_vms() {
    for (status, total, parked) in [
        ("non_responsive", 0, true),
        ("non_responsive", 3, true),
        ("down", 0, true),
        ("up", 0, true),
        ("up", 1, false),
        ("non_operational", 1, false),
        ("frozen", 1, false),
    ] {
        let engine = FakeEngine::new();
        engine.on("GET hosts/h1", 200, host(status, "none", total)).on("POST hosts/h1/deactivate", 200, done());
        let (outcome, asked) = execute(&engine, park()).await;
        assert_eq!(asked.len() == 2, parked, "{status} with {total}: {asked:?}");
        assert_eq!(outcome == Outcome::Done, parked);
        assert_eq!(is_failed(&outcome), !parked);
    }
}

#[tokio::test]
async fn a_host_in_maintenance_is_already_parked_also_when_the_engine_says_so_later() {
    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, host("maintenance", "none", 0));
    assert_eq!(execute(&engine, park()).await, (Outcome::AlreadySo, vec!["GET hosts/h1".to_owned()]));

    let engine = FakeEngine::new();
    engine.on("GET hosts/h1", 200, host("non_responsive", "none", 0));
    engine.on("GET hosts/h1", 200, host("maintenance", "none", 0));
    let text = "Cannot switch Host to Maintenance mode. Host is already in Maintenance mode.";
    engine.refuses("POST hosts/h1/deactivate", 409, text);
    assert_eq!(execute(&engine, park()).await.0, Outcome::AlreadySo);
}
