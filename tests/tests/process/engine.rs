//! An engine that cannot be trusted or reached: said in one sentence, with what to do; nothing is taken for absent, and nothing is done.

use dr_core::invariants::Invariant;
use dr_core::{Entry, Time};
use dr_daemon::{Journal, Store};
use ovirt_dr::rehearsal::PASSWORD;
use tests::process::{PLAN, Rehearsal};

/// The trouble that a daemon with this plan reports, and what `check --online` says of it.
async fn trouble(mut rehearsal: Rehearsal) -> (String, String) {
    let plan = rehearsal.plan().display().to_string();
    let checked = rehearsal.ovirt_dr(&["check", "--online", &plan]).await;
    assert_eq!(checked.code, Some(1), "{checked:?}");
    rehearsal.start_daemon().await;
    let report = rehearsal.report_is("in trouble", |report| report.engine_trouble.is_some()).await;
    assert_eq!(report.accepted_site, None, "nothing was adopted");
    let trouble = report.engine_trouble.unwrap_or_default();
    let said = format!("{PLAN}: the engine cannot be read: {trouble}. Nothing is taken for absent, nothing is done");
    assert!(rehearsal.log().contains(&said), "{said}\n{}", rehearsal.log());
    (trouble, checked.stdout)
}

#[tokio::test]
async fn a_certificate_of_another_ca() {
    let (rehearsal, other) = tokio::join!(Rehearsal::new(), Rehearsal::new());
    std::fs::copy(other.path("plans/engine-ca.pem"), rehearsal.path("plans/engine-ca.pem")).unwrap();
    let (trouble, checked) = trouble(rehearsal).await;
    for text in [&trouble, &checked] {
        assert!(
            text.contains("the engine's certificate is not signed by a trusted CA") && text.contains("pki-resource"),
            "{text}"
        );
    }
    assert!(!trouble.contains('\n'), "one sentence: {trouble}");
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let rehearsal = Rehearsal::new().await;
    rehearsal.write_plan(&rehearsal.plan_text().replace("https://localhost:", "https://127.0.0.1:"));
    let (trouble, checked) = trouble(rehearsal).await;
    for text in [&trouble, &checked] {
        assert!(
            text.contains("the certificate is not for 127.0.0.1")
                && text.contains("use the engine's fully qualified name"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_again_and_again() {
    let mut rehearsal = Rehearsal::new().await;
    let plan = rehearsal.plan_text().replace("{ env: OVIRT_DR_PASSWORD }", "{ file: engine.password }");
    rehearsal.write_plan(&plan);
    let secret = rehearsal.path("plans/engine.password");
    std::fs::write(&secret, "not-the-password\n").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    rehearsal.start_daemon().await;
    let report = rehearsal.report_is("in trouble", |report| report.engine_trouble.is_some()).await;
    let passes = report.passes;
    let report = rehearsal.report_is("looking on", |report| report.passes >= passes + 10).await;
    let trouble = report.engine_trouble.unwrap_or_default();
    assert!(trouble.contains("password"), "{trouble}");
    let log = rehearsal.log();
    assert!(!log.contains("not-the-password"), "{log}");
    assert_eq!(log.matches("the engine cannot be read").count(), 1, "{log}");
}

#[tokio::test]
async fn one_resume_lifts_a_breach_and_a_refused_login() {
    let mut rehearsal = Rehearsal::new().await;
    let store = Store::open(&rehearsal.path("state.db")).await.unwrap();
    let breached = Entry::Breached { invariant: Invariant::I3, text: "parking a stranger".to_owned() };
    store.append(PLAN, vec![(Time(1), breached)]).await.unwrap();
    store.close().await;
    drop(store);
    let plan = rehearsal.plan_text().replace("{ env: OVIRT_DR_PASSWORD }", "{ file: engine.password }");
    rehearsal.write_plan(&plan);
    let secret = rehearsal.path("plans/engine.password");
    std::fs::write(&secret, "not-the-password\n").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    rehearsal.start_daemon().await;
    rehearsal.report_is("in trouble", |report| report.engine_trouble.is_some()).await;
    let resumed = rehearsal.ovirt_dr(&["resume"]).await;
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(resumed.stdout.contains("resumed by"), "{resumed:?}");
    assert!(resumed.stdout.contains("the login that was refused is tried once more"), "{resumed:?}");
    std::fs::write(&secret, format!("{PASSWORD}\n")).unwrap();
    let report = rehearsal.report_is("at work", |report| report.converged).await;
    assert!(report.refusals.is_empty(), "{report:?}");
}
