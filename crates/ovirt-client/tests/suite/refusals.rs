//! What recorded refusals mean, and what the engine may have done.

use http::Method;
use ovirt_client::{EngineEffect, Error, LoginProblem, PowerStatus, RefusalClass, Request, hosts};
use serde_json::{Value, json};

use crate::conformance::Exchange;
use crate::fake::{FakeEngine, ROOT_PATH, Reply};

use EngineEffect::{MaybeApplied, Nothing, Refused};
use RefusalClass::{
    BadRequest, EngineError, EngineNotReady, ExecutionFailed, Gone, Locked, NoPermission, NotTheEngine, WrongState,
};

async fn refused(method: &str, reply: impl Fn() -> Reply + Send + Sync + 'static) -> Error {
    let engine = FakeEngine::new(move |call, _| call.path.ends_with("/api/thing").then(&reply));
    let method: Method = method.parse().expect("a method");
    engine.client().send(Request::<Value>::new(method, "thing", Ok)).await.expect_err("a refusal")
}

/// Replays a recorded refusal.
async fn check(label: &'static str, class: RefusalClass, effect: EngineEffect) -> String {
    let exchange = Exchange::labelled(label);
    let status = exchange.status;
    let error = refused(&exchange.method.clone(), move || exchange.reply()).await;
    let Error::Refused { status: said, class: found, .. } = &error else { panic!("{label}: {error:?}") };
    assert_eq!((*said, *found), (status, class), "{label}: {error}");
    assert_eq!(error.what_the_engine_may_have_done(), effect, "{label}");
    assert!(error.to_string().len() < 1200, "{label}: {error}");
    error.to_string()
}

#[tokio::test]
async fn locks_pass_by_themselves() {
    for label in ["pm_fencing.fence.alpha-h3", "agents.fence.start.maintenance.beta-h3", "vm_unknown_ha.start.vm8"] {
        check(label, Locked, Refused).await;
    }
    for text in [
        "[Cannot edit Storage Connection. Related operation is currently in progress. Please try again later.]",
        "[Cannot run VM: The following disks are locked: vm7-disk. Please try again in a few minutes.]",
    ] {
        let error =
            refused("PUT", move || Reply::Json(409, json!({ "reason": "Operation Failed", "detail": text }))).await;
        assert!(matches!(error, Error::Refused { class: Locked, .. }), "{error:?}");
        assert!(error.may_pass());
    }
}

#[tokio::test]
async fn wrong_states_do_not_pass() {
    for label in [
        "failover.fence.alpha-h2.001",
        "failover.deactivate.unfenced.alpha-h3",
        "failover.deactivate.again.alpha-h1",
        "failover.activate.non_responsive.alpha-h1",
        "refusals.activate.up",
        "refusals.deactivate.drain.alpha-h2",
        "failover.connection.put.duplicate",
        "failover.vm.start.down_dc_problematic.vm2",
        "failover.vm.start.unknown.vm1",
        "failover.vm.stop.unknown.vm1",
        "failover.domain.activate.unknown_no_host",
        "failover.domain.deactivate.unknown",
        "puts.conn.delete.in_use",
        "tags.create.duplicate",
    ] {
        check(label, WrongState, Refused).await;
    }
}

#[tokio::test]
async fn wrong_requests_are_told_apart_from_everything_else() {
    for label in [
        "failover.connection.put.no_force",
        "failover.connection.put.bad_path",
        "failover.connection.put.unknown_member",
        "agents.deactivate.unknown_id",
        "host.put.bad_number",
        "tags.create.space",
        "small.vm.unknown_id.stop",
        "host.action.no_body_no_type",
    ] {
        check(label, BadRequest, Refused).await;
    }
    for label in ["hosts.max_minus", "hosts.version_5", "hosts.accept_html", "production.host_storage.beta-h1"] {
        check(label, BadRequest, Nothing).await;
    }
}

#[tokio::test]
async fn gone_is_an_empty_404_or_a_fault_and_nothing_else() {
    check("host.unknown_id", Gone, Nothing).await;
    check("small.job.unknown", Gone, Nothing).await;
    check("failover.connection.put.unknown_id", Gone, Refused).await;
    check("agents.put.unknown_id", Gone, Refused).await;
    check("agents.fence.manual.unknown_id", Gone, Refused).await;
    check("tags.host.assign_unknown", Gone, Refused).await;
    check("tags.host.unassign_again", Gone, Refused).await;
    // A path that the API does not know is our mistake, no object that vanished.
    check("unknown_collection", BadRequest, Nothing).await;
    let page = "<html><head><title>Error</title></head><body>404 - Not Found</body></html>";
    let error = refused("GET", move || Reply::Html(404, page.to_owned())).await;
    assert!(matches!(error, Error::Refused { class: EngineNotReady, .. }), "not deployed: {error:?}");
    assert!(!error.is_gone() && error.may_pass());
}

#[tokio::test]
async fn execution_failures_may_have_left_something() {
    check("agents.fence.stop.maintenance.alpha-h1", ExecutionFailed, MaybeApplied).await;
    check("refusals.conn.put.active.host_unknown", ExecutionFailed, MaybeApplied).await;
    for detail in ["[]", "[Network error during communication with the Host.]"] {
        let body = json!({ "status": "failed", "fault": { "reason": "Operation Failed", "detail": detail } });
        let error = refused("POST", move || Reply::Json(400, body.clone())).await;
        assert!(matches!(error, Error::Refused { class: ExecutionFailed, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_200_that_failed_is_a_failure() {
    let text = check("agents.fence.status.maintenance.alpha-h1", ExecutionFailed, MaybeApplied).await;
    assert!(text.contains("Unable to connect/login to fencing device"), "{text}");
    let engine = FakeEngine::new(|call, _| {
        let answer = json!({ "fence_type": "status", "power_management": { "status": "off" }, "status": "complete" });
        call.path.ends_with("/fence").then(|| Reply::Json(200, answer))
    });
    let action = engine.client().send(hosts::fence(&"h".into(), &ovirt_client::FenceType::Status)).await;
    let power = action.expect("an answer").power_management.expect("a state");
    assert_eq!(power.status, Some(PowerStatus::Off));
}

#[tokio::test]
async fn a_stumbling_engine_is_not_a_wrong_request() {
    check("database_down.down.get.hosts", EngineError, Nothing).await;
    check("database_down.down.activate", EngineError, MaybeApplied).await;
    check("database_down.down.fence", EngineError, MaybeApplied).await;
    check("database_down.down.put", EngineError, MaybeApplied).await;
    check("small.vm.unknown_id.start", EngineError, MaybeApplied).await;
    check("agents.fence.status.unknown_id", BadRequest, Refused).await;
    check("puts.conn.post.gluster.no_host", EngineError, MaybeApplied).await;
    check("puts.policy.put.skip_without_enabled", EngineError, MaybeApplied).await;
    let text = check("hosts.follow_nonsense", EngineError, Nothing).await;
    assert!(text.contains("Error processing request") && !text.contains('<'), "{text}");
}

#[tokio::test]
async fn maintenance_mode_and_missing_rights_have_their_own_class() {
    let text = "[Engine is running in Maintenance mode and is not accepting commands.]";
    let error =
        refused("POST", move || Reply::Json(409, json!({ "fault": { "detail": text }, "status": "failed" }))).await;
    assert!(matches!(error, Error::Refused { class: EngineNotReady, .. }), "{error:?}");
    assert_eq!(error.what_the_engine_may_have_done(), Nothing);
    let text = "[User is not authorized to perform this action.]";
    let error =
        refused("POST", move || Reply::Json(403, json!({ "fault": { "detail": text }, "status": "failed" }))).await;
    assert!(matches!(error, Error::Refused { class: NoPermission, .. }), "{error:?}");
}

#[tokio::test]
async fn a_front_server_that_gave_up_leaves_a_change_in_doubt() {
    for status in [502, 503, 504] {
        let page =
            || "<!DOCTYPE HTML PUBLIC><html><head><title>x</title></head><body>Service Unavailable</body></html>";
        let error = refused("GET", move || Reply::Html(status, page().to_owned())).await;
        assert!(matches!(error, Error::Refused { class: EngineNotReady, .. }), "{error:?}");
        assert_eq!(error.what_the_engine_may_have_done(), Nothing);
        let error = refused("POST", move || Reply::Html(status, page().to_owned())).await;
        assert!(matches!(error, Error::MaybeApplied { status: Some(_), .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_error_is_one_line() {
    let text = check("failover.deactivate.unfenced.alpha-h3", WrongState, Refused).await;
    assert_eq!(
        text,
        "POST /thing was refused (wrong state, HTTP 409): [Cannot switch Host to Maintenance mode. Host still has \
         running VMs on it and is in Non Responsive state.]"
    );
}

#[tokio::test]
async fn a_redirect_is_not_the_engine() {
    let error = refused("GET", || Reply::Html(302, "<html><body>Found</body></html>".to_owned())).await;
    assert!(matches!(error, Error::Refused { class: NotTheEngine, .. }), "{error:?}");
    assert!(!error.may_pass());
}

#[tokio::test]
async fn an_unreadable_answer_to_a_change_leaves_it_in_doubt() {
    for (method, effect) in [("GET", Nothing), ("PUT", MaybeApplied)] {
        let engine =
            FakeEngine::new(|call, _| call.path.ends_with("/hosts").then(|| Reply::Html(200, "<p>hi</p>".to_owned())));
        let method: Method = method.parse().expect("a method");
        let error = engine.client().send(Request::<Value>::new(method, "hosts", Ok)).await.expect_err("no JSON");
        assert!(matches!(error, Error::Unreadable { status: 200, .. }), "{error:?}");
        assert_eq!(error.what_the_engine_may_have_done(), effect);
    }
    let error = refused("GET", || Reply::Empty(200)).await;
    assert!(matches!(error, Error::Unreadable { .. }), "an empty body lists nothing: {error:?}");
}

#[tokio::test]
async fn a_stray_object_is_not_an_empty_list() {
    for stray in [json!({ "error": "nope" }), json!([]), json!(null), json!({ "host": {} }), json!("x")] {
        let engine = FakeEngine::new({
            let stray = stray.clone();
            move |call, _| call.path.ends_with("/hosts").then(|| Reply::Json(200, stray.clone()))
        });
        let error = engine.client().send(hosts::list()).await.expect_err("no list");
        assert!(matches!(error, Error::Unreadable { .. }), "{stray}: {error:?}");
    }
}

#[tokio::test]
async fn sso_trouble_behind_a_401_is_no_reason_to_log_in_again() {
    let engine = FakeEngine::new(|call, _| {
        call.path.ends_with("/hosts").then(|| Exchange::labelled("database_down.fresh_token.get.hosts").reply())
    });
    let error = engine.client().send(hosts::list()).await.expect_err("no answer");
    let Error::Login(login) = &error else { panic!("{error:?}") };
    assert_eq!(login.problem, LoginProblem::Transient);
    assert_eq!((engine.logins(), error.what_the_engine_may_have_done()), (1, Nothing));
    let engine = FakeEngine::new(|call, _| {
        let page = "<html><head><title>Error</title></head><body>server_error: null</body></html>";
        (call.path == ROOT_PATH).then(|| Reply::Html(401, page.to_owned()))
    });
    let error = engine.client().send(hosts::list()).await.expect_err("no answer");
    assert!(matches!(&error, Error::Login(login) if login.problem == LoginProblem::Transient), "{error:?}");
}
