//! Repointing, starting, promoting, and what keeps any step from happening.

use dr_core::{Details, RefusedClass};

use super::*;

fn file(address: &str, path: &str) -> Details {
    Details::File { address: address.to_owned(), path: path.to_owned() }
}

fn repoint() -> Step {
    let (from, to) = (file("nfs-a", "/data"), file("nfs-b", "/copy"));
    Step::Repoint { connection: "s1".into(), name: "erp".to_owned(), from, to }
}

fn row(address: &str, path: &str) -> Value {
    json!({ "id": "s1", "type": "nfs", "address": address, "path": path })
}

const PUT: &str = "PUT storageconnections/s1?force=true";

#[tokio::test]
async fn a_row_is_put_complete_and_its_answer_compared() {
    let engine = FakeEngine::new();
    engine.on("GET storageconnections/s1", 200, row("nfs-a", "/data")).on(PUT, 200, row("nfs-b", "/copy"));
    let (outcome, asked) = execute(&engine, repoint()).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(asked, ["GET storageconnections/s1", PUT]);
    assert_eq!(engine.body(PUT), json!({ "address": "nfs-b", "path": "/copy" }), "never a host");

    let engine = FakeEngine::new();
    engine.on("GET storageconnections/s1", 200, row("nfs-a", "/data")).on(PUT, 200, row("nfs-b", "/data"));
    assert!(is_unconfirmed(&execute(&engine, repoint()).await.0));
}

#[tokio::test]
async fn a_portal_is_put_complete() {
    let portal =
        |address: &str| Details::Iscsi { address: address.to_owned(), port: 3260, target: "iqn.x:1".to_owned() };
    let row =
        |address: &str| json!({ "id": "s1", "type": "iscsi", "address": address, "port": "3260", "target": "iqn.x:1" });
    let engine = FakeEngine::new();
    engine.on("GET storageconnections/s1", 200, row("10.1.0.1")).on(PUT, 200, row("10.2.0.1"));
    let (from, to) = (portal("10.1.0.1"), portal("10.2.0.1"));
    let step = Step::Repoint { connection: "s1".into(), name: "san".to_owned(), from, to };
    assert_eq!(execute(&engine, step).await.0, Outcome::Done);
    assert_eq!(engine.body(PUT), json!({ "address": "10.2.0.1", "port": "3260", "target": "iqn.x:1" }));
}

#[tokio::test]
async fn a_row_that_arrived_is_left_alone_and_a_foreign_one_is_not_written() {
    let engine = FakeEngine::new();
    engine.on("GET storageconnections/s1", 200, row("nfs-b", "/copy"));
    let only_looked = vec!["GET storageconnections/s1".to_owned()];
    assert_eq!(execute(&engine, repoint()).await, (Outcome::AlreadySo, only_looked.clone()));

    let engine = FakeEngine::new();
    engine.on("GET storageconnections/s1", 200, row("nfs-c", "/data"));
    let (outcome, asked) = execute(&engine, repoint()).await;
    assert!(outcome.text().is_some_and(|text| text.contains("nfs-c:/data")), "{outcome:?}");
    assert!(is_failed(&outcome));
    assert_eq!(asked, only_looked);
}

#[tokio::test]
async fn a_row_behind_a_direct_lun_of_a_running_vm_is_told_from_other_refusals() {
    for (text, expected) in [
        ("Cannot edit Storage Connection. VMs vm1,vm2 should be down.", RefusedClass::DirectLunInUse),
        ("Cannot edit Storage Connection. Mount path is illegal.", RefusedClass::Other),
    ] {
        let engine = FakeEngine::new();
        engine.on("GET storageconnections/s1", 200, row("nfs-a", "/data")).refuses(PUT, 400, text);
        let expected = Outcome::Refused { class: expected, text: text.to_owned() };
        assert_eq!(execute(&engine, repoint()).await.0, expected);
    }
}

fn vm(status: &str) -> Value {
    json!({ "id": "v1", "name": "db", "status": status })
}

fn start() -> Step {
    Step::StartVm { vm: "v1".into(), name: "db".to_owned() }
}

#[tokio::test]
async fn only_a_vm_that_is_down_is_started() {
    for (status, expected) in
        [("down", "started"), ("up", "so"), ("powering_up", "so"), ("suspended", "no"), ("paused", "no")]
    {
        let engine = FakeEngine::new();
        engine.on("GET vms/v1", 200, vm(status)).on("POST vms/v1/start", 200, done());
        let (outcome, asked) = execute(&engine, start()).await;
        assert_eq!(asked.len() == 2, expected == "started", "{status}");
        assert_eq!(outcome == Outcome::Done, expected == "started", "{status}");
        assert_eq!(outcome == Outcome::AlreadySo, expected == "so", "{status}");
        assert_eq!(class(&outcome).is_some(), expected == "no", "{status}");
    }
}

#[tokio::test]
async fn a_start_that_the_engine_was_faster_with_is_already_so() {
    let engine = FakeEngine::new();
    engine.on("GET vms/v1", 200, vm("down")).on("GET vms/v1", 200, vm("powering_up"));
    engine.refuses("POST vms/v1/start", 409, "Cannot run VM because the VM is in Powering Up status.");
    assert_eq!(execute(&engine, start()).await.0, Outcome::AlreadySo);
}

#[tokio::test]
async fn a_refused_start_says_whether_waiting_helps() {
    for (text, expected) in [
        ("Cannot run VM: The following disks are locked: d1. Please try again in a few minutes.", RefusedClass::Locked),
        ("Cannot run VM. Unknown Data Center status.", RefusedClass::WrongState),
    ] {
        let engine = FakeEngine::new();
        engine.on("GET vms/v1", 200, vm("down")).refuses("POST vms/v1/start", 409, text);
        assert_eq!(class(&execute(&engine, start()).await.0), Some(expected));
    }
}

#[tokio::test]
async fn an_exception_in_the_engine_leaves_a_start_in_doubt() {
    let engine = FakeEngine::new();
    engine.on("GET vms/v1", 200, vm("down")).refuses("POST vms/v1/start", 500, "java.lang.NullPointerException");
    assert!(is_unconfirmed(&execute(&engine, start()).await.0));
}

#[tokio::test]
async fn an_engine_that_is_not_ready_did_nothing() {
    let engine = FakeEngine::new();
    engine.page("GET vms/v1", 503, "<html>Service Unavailable</html>");
    let (outcome, asked) = execute(&engine, start()).await;
    assert!(is_failed(&outcome), "{outcome:?}");
    assert_eq!(asked, ["GET vms/v1"]);
}

#[tokio::test]
async fn a_hook_gets_the_decision_and_its_end_is_told() {
    for (end, expected) in [
        (HookEnd::Done, Outcome::Done),
        (
            HookEnd::NotYet("syncing".to_owned()),
            Outcome::Refused { class: RefusedClass::WrongState, text: "not yet: syncing".to_owned() },
        ),
        (HookEnd::Failed("exit 3".to_owned()), Outcome::Failed { text: "exit 3".to_owned() }),
        (
            HookEnd::NotRun("not there".to_owned()),
            Outcome::Refused { class: RefusedClass::Other, text: "not there".to_owned() },
        ),
    ] {
        let engine = FakeEngine::new();
        let given = Arc::new(Mutex::new(Vec::new()));
        let hook = Arc::new(OneHook(end, Arc::clone(&given)));
        let executor = Executor::new(engine.client(), Arc::clone(&engine) as _, hook);
        let step = Step::Promote { site: "madrid".to_owned() };
        assert_eq!(executor.execute(&step, &context()).await, expected);
        let given = given.lock().unwrap().join("\n");
        let (path, input) = given.split_once(' ').unwrap();
        let input: Value = serde_json::from_str(input).unwrap();
        assert_eq!(path, "/etc/ovirt-dr/promote");
        assert_eq!((&input["plan"], &input["epoch"], &input["site"]), (&json!("erp"), &json!(7), &json!("madrid")));
    }
}
