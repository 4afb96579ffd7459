//! The program as a script meets it: real processes, their exit codes, standard output and standard error.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use dr_core::{Entry, Time};
use dr_daemon::{ClosedReport, Command, Journal, MemoryJournal, PlanHandle, Plans, Report, Socket, TransitionReport};
use tokio::sync::{broadcast, mpsc, watch};

/// Runs `ovirt-dr` with the words of `line`; `@` in it stands for `folder`.
async fn ovirt_dr(folder: &Path, line: &str) -> Output {
    let words = line.split_whitespace().map(|word| word.replace('@', &folder.display().to_string()));
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ovirt-dr"));
    let command =
        command.args(words).env("OVIRT_DR_SOCKET", folder.join("s.sock")).env_remove("SUDO_USER").env("TZ", "UTC");
    command.kill_on_drop(true).output().await.unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A daemon with the plan `erp`, whose answers and reports a test decides.
struct Fake {
    folder: tempfile::TempDir,
    asked: mpsc::Receiver<dr_daemon::Asked>,
    report: watch::Sender<Report>,
    _lines: broadcast::Sender<dr_daemon::Line>,
}

async fn fake() -> Fake {
    let folder = tempfile::tempdir().unwrap();
    let (commands, asked) = mpsc::channel(4);
    let accepted = Some("madrid".to_owned());
    let calm = Report {
        plan: "erp".to_owned(),
        accepted_site: accepted,
        active_site: "madrid".to_owned(),
        ..Report::default()
    };
    let (report, reported) = watch::channel(Report { as_of: Some(0), converged: true, ..calm });
    let (lines, _) = broadcast::channel(16);
    let plans = Plans::default();
    plans.insert(PlanHandle { name: "erp".to_owned(), commands, report: reported, lines: lines.clone() });
    let journal = Arc::new(MemoryJournal::default());
    let entry = Entry::Paused { by: "ana".to_owned(), reason: "patch day".to_owned() };
    journal.append("erp", vec![(Time(0), entry)]).await.unwrap();
    let socket = Socket::open(&folder.path().join("s.sock")).await.unwrap();
    tokio::spawn(socket.serve(plans, journal, tokio_util::sync::CancellationToken::new()));
    Fake { folder, asked, report, _lines: lines }
}

impl Fake {
    /// Runs a command; the plan answers `answer`, and then its report is what `then` makes of it.
    async fn run(
        &mut self,
        line: &str,
        answer: Result<&str, &str>,
        then: impl FnOnce(&mut Report),
    ) -> (Output, Command) {
        let folder = self.folder.path().to_owned();
        let plan = async {
            let (command, reply) = self.asked.recv().await.unwrap();
            reply.send(answer.map(str::to_owned).map_err(str::to_owned)).unwrap();
            self.report.send_modify(then);
            command
        };
        tokio::join!(ovirt_dr(&folder, line), plan)
    }
}

fn opened(report: &mut Report) {
    let transition =
        TransitionReport { epoch: 1, from: "madrid".to_owned(), to: "seville".to_owned(), ..Default::default() };
    report.transition = Some(transition);
}

fn closed(report: &mut Report, exceptions: &[&str]) {
    let exceptions = exceptions.iter().map(|text| (*text).to_owned()).collect();
    report.accepted_site = Some("seville".to_owned());
    report.last_closed = Some(ClosedReport { epoch: 1, at: 1, exceptions, cancelled: false });
}

#[tokio::test]
async fn wrong_usage_ends_with_64_and_help_with_0() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["", "rescue", "failover", "confirm promoted", "status --output xml", "confirm mad-1 --reason x"] {
        let output = ovirt_dr(folder.path(), line).await;
        assert_eq!((code(&output), stdout(&output).as_str()), (64, ""), "{line}");
        assert!(!stderr(&output).is_empty(), "{line}");
    }
    for line in ["--help", "--version", "failover --help", "help check"] {
        let output = ovirt_dr(folder.path(), line).await;
        assert_eq!((code(&output), stderr(&output).as_str()), (0, ""), "{line}");
    }
}

#[tokio::test]
async fn without_a_daemon_it_says_where_one_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["status", "watch", "failover seville", "preview", "history erp"] {
        let output = ovirt_dr(folder.path(), line).await;
        assert_eq!((code(&output), stdout(&output).as_str()), (1, ""), "{line}");
        assert!(stderr(&output).contains("s.sock: is it running?"), "{line}");
    }
    let output = ovirt_dr(folder.path(), "status --output json").await;
    let error: serde_json::Value = serde_json::from_str(&stderr(&output)).unwrap();
    assert!(error["error"].as_str().unwrap().contains("no daemon listens"));
}

#[tokio::test]
async fn status_is_text_for_people_and_json_for_programs() {
    let fake = fake().await;
    let output = ovirt_dr(fake.folder.path(), "status").await;
    let text = stdout(&output);
    assert!(text.starts_with("erp: madrid is active; converged, nothing owed\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour off a terminal: {text}");
    let all: serde_json::Value =
        serde_json::from_str(&stdout(&ovirt_dr(fake.folder.path(), "status --output json").await)).unwrap();
    assert_eq!(all["plans"][0]["plan"], "erp");
    let one: serde_json::Value =
        serde_json::from_str(&stdout(&ovirt_dr(fake.folder.path(), "status erp --output json").await)).unwrap();
    assert_eq!(one["accepted_site"], "madrid");
}

#[tokio::test]
async fn a_failover_returns_once_it_is_accepted() {
    let mut fake = fake().await;
    let (output, asked) = fake.run("failover seville --reason fire", Ok("failover 1 opens"), opened).await;
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "erp: failover 1 opens\n"));
    assert!(matches!(asked, Command::Failover { site, reason, .. } if site == "seville" && reason == "fire"));
    let (output, _) = fake.run("failover erp seville", Err("the engine does not answer"), |_| {}).await;
    assert_eq!((code(&output), stderr(&output).as_str()), (1, "ovirt-dr: the engine does not answer\n"));
}

#[tokio::test]
async fn a_failover_that_is_waited_for_tells_by_its_exit_code_how_it_ended() {
    let wait = "failover seville --wait --patience 0s";
    let (output, _) = fake().await.run(wait, Ok("opens"), |report| closed(report, &[])).await;
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "erp: opens\nerp: converged at seville\n"));
    let (output, _) = fake().await.run(wait, Ok("opens"), |report| closed(report, &["vm3 did not start"])).await;
    assert_eq!(code(&output), 4);
    assert!(stdout(&output).ends_with("erp: converged at seville with exceptions: vm3 did not start\n"));
    let refused = |report: &mut Report| {
        opened(report);
        report.refusals = vec!["mad-2 answers on port 22".to_owned()];
    };
    let (output, _) = fake().await.run(wait, Ok("opens"), refused).await;
    assert_eq!(code(&output), 3);
    assert!(stdout(&output).ends_with("erp: a person is needed: mad-2 answers on port 22\n"));
    let (output, _) = fake().await.run(wait, Err("held: flap guard"), |_| {}).await;
    assert_eq!((code(&output), stdout(&output).as_str()), (3, "erp: held: flap guard\n"));
    let (output, _) =
        fake().await.run(&format!("{wait} --output json"), Ok("opens"), |report| closed(report, &[])).await;
    let json: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((code(&output), &json["outcome"]), (0, &"converged".into()));
}

#[tokio::test]
async fn a_preview_tells_by_its_exit_code_whether_there_are_changes() {
    let mut fake = fake().await;
    let step = r#"{"at_ms":0,"kind":"activate","object":"sev-1","text":"activate sev-1"}"#;
    let forecast = |steps: &str, stuck: &str| {
        format!(
            r#"{{"to":"seville","steps":[{steps}],"phases":[],"up_ms":0,"total_ms":3000,"stuck":[{stuck}],"persons":[]}}"#
        )
    };
    for (steps, stuck, expected) in [("", "", 0), (step, "", 2), (step, r#""mad-4 is up""#, 1)] {
        let (output, asked) = fake.run("preview seville", Ok(&forecast(steps, stuck)), |_| {}).await;
        assert_eq!(code(&output), expected, "{steps} {stuck}");
        assert_eq!(asked, Command::Preview { site: Some("seville".to_owned()) });
    }
    // Where the site is active nothing is asked.
    let output = ovirt_dr(fake.folder.path(), "preview erp madrid").await;
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "erp: nothing to do: madrid is active\n"));
}

#[tokio::test]
async fn history_reads_the_journal() {
    let fake = fake().await;
    let output = ovirt_dr(fake.folder.path(), "history").await;
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).starts_with("1970-01-01 00:00:00 "), "{}", stdout(&output));
    assert!(stdout(&output).ends_with(" paused by ana: patch day\n"), "{}", stdout(&output));
}

const PLAN: &str = include_str!("../../../plans/minimal.yaml");

fn folder_with(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
    }
    let path = folder.path().to_owned();
    (folder, path)
}

#[tokio::test]
async fn check_tells_by_its_exit_code_how_bad_it_is() {
    let (_kept, folder) = folder_with(&[("erp.yaml", PLAN), ("engine.password", "secret\n")]);
    let output = ovirt_dr(&folder, "check @").await;
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "1 plan checked, nothing found\n"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(folder.join("engine.password"), mode).unwrap();
    assert_eq!(code(&ovirt_dr(&folder, "check @/erp.yaml").await), 2);
    assert_eq!(code(&ovirt_dr(&folder, "check @/erp.yaml --strict").await), 1);
    std::fs::write(folder.join("erp.yaml"), PLAN.replace("madrid", "Madrid")).unwrap();
    let output = ovirt_dr(&folder, "check @ --output json").await;
    let json: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((code(&output), &json["findings"][0]["file"]), (1, &"erp.yaml".into()));
}

#[tokio::test]
async fn a_plan_can_be_previewed_from_its_file_alone() {
    let (_kept, folder) = folder_with(&[("erp.yaml", PLAN)]);
    let output = ovirt_dr(&folder, "preview --offline @/erp.yaml seville").await;
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("+ activate sev-1\n"), "{}", stdout(&output));
    assert_eq!(code(&ovirt_dr(&folder, "preview --offline @/erp.yaml madrid").await), 0);
    assert_eq!(code(&ovirt_dr(&folder, "preview --offline @/erp.yaml bilbao").await), 1);
}

#[tokio::test]
async fn completions_and_manual_pages_are_made() {
    let (_kept, folder) = folder_with(&[]);
    let output = ovirt_dr(&folder, "completions bash").await;
    assert!(code(&output) == 0 && stdout(&output).contains("accept-world"));
    assert_eq!(code(&ovirt_dr(&folder, "man @").await), 0);
    assert!(folder.join("ovirt-dr.1").exists() && folder.join("ovirt-dr-failover.1").exists());
}
