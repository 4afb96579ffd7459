use std::path::PathBuf;
use std::time::Duration;

use super::{GOOD, good_but, plan};
use crate::{FileKind, Level, Limits, Mode, PlanFile, Promote, Require, Secret, SiteName, StorageKind, parse};

#[test]
fn every_sample_is_a_plan_without_findings() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plans");
    let mut names = vec![];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let parsed = parse(&name, &std::fs::read_to_string(&path).unwrap());
            let shown: Vec<String> = parsed.findings.iter().map(ToString::to_string).collect();
            assert!(shown.is_empty(), "{}", shown.join("\n"));
            assert_eq!(parsed.plan.unwrap().name, name);
            names.push(name);
        }
    }
    assert!(names.len() >= 7, "only {names:?}");
}

#[test]
fn the_reference_shows_a_plan_that_is_right() {
    let reference = include_str!("../../../../plans/README.md");
    let example = reference.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let parsed = parse("readme", example);
    let shown: Vec<String> = parsed.findings.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn what_is_not_said_has_the_safe_default() {
    let plan = plan(include_str!("../../../../plans/minimal.yaml"));
    let site = &plan.sites[&SiteName("madrid".to_owned())];
    assert_eq!(site.evidence.host_ports, [54321, 22]);
    assert_eq!(site.evidence.require, Require::Silence);
    assert_eq!(site.promote, Promote::Nothing);
    assert_eq!(plan.preferred_site, None);
    assert!(plan.vms.was_running);
    assert_eq!(plan.vms.parallel, 10);
    assert_eq!(plan.vms.timeout, Duration::from_secs(15 * 60));
    let policy = plan.policy;
    assert!(policy.suspend_fencing);
    assert_eq!(policy.mode, Mode::Act);
    assert_eq!((policy.interval, policy.flap_guard), (Duration::from_secs(10), Duration::from_secs(3600)));
    assert_eq!(policy.parallel, 32);
    assert_eq!(policy.limits, Limits { hosts: None, connections: None, vms: None });
}

#[test]
fn portals_probes_and_secrets_are_read_as_written() {
    let plan = plan(GOOD);
    assert_eq!(plan.engine.password, Secret::Credential("engine-password".to_owned()));
    assert_eq!(plan.witnesses[1].address, "2001:db8::53");
    assert_eq!(plan.witnesses[1].to_string(), "[2001:db8::53]:53");
    let StorageKind::Iscsi { at } = &plan.storage[2].kind else { panic!("san1 is iSCSI") };
    let portals = &at.at(&SiteName("seville".to_owned())).unwrap().portals;
    assert_eq!(portals.iter().map(|portal| portal.port).collect::<Vec<_>>(), [3260, 3261]);
}

#[test]
fn an_address_in_brackets_stays_as_the_engine_keeps_it() {
    let text = good_but("nas.madrid.example.com,  path: /exports/data1", "\"[fd00::5]\", path: /exports/data1");
    let plan = plan(&text);
    let StorageKind::File { at, .. } = &plan.storage[1].kind else { panic!("data1 is NFS") };
    assert_eq!(at.at(&SiteName("madrid".to_owned())).unwrap().to_string(), "[fd00::5]:/exports/data1");
}

#[test]
fn an_empty_list_of_groups_starts_nothing() {
    let plan = plan(include_str!("../../../../plans/shared-scratch.yaml"));
    assert!(!plan.vms.was_running);
}

#[test]
fn the_files_of_a_plan_are_listed_with_what_must_hold_for_them() {
    let text = good_but("{ credential: engine-password }", "{ file: engine.password }");
    let parsed = parse("erp", &text);
    let file = |kind, what: &str, path: &str| PlanFile { kind, what: what.to_owned(), path: PathBuf::from(path) };
    assert_eq!(
        parsed.plan.as_ref().unwrap().files(),
        [
            file(FileKind::Secret, "the engine's password", "engine.password"),
            file(FileKind::Certificate, "the engine's CA", "engine-ca.pem"),
            file(FileKind::Hook, "the promotion hook of site `madrid`", "hooks/promote-madrid"),
            file(FileKind::Hook, "the promotion hook of site `seville`", "hooks/promote-seville"),
        ]
    );
    let hook = PathBuf::from("hooks/promote-seville");
    let finding =
        parsed.finding_on(&hook, Level::Error, "the hook is not executable", "chmod +x hooks/promote-seville");
    expect_test::expect![[r#"
        erp.yaml:28:13: error: the hook is not executable
          28 |       hook: hooks/promote-seville
             |             ^^^^^^^^^^^^^^^^^^^^^
             = chmod +x hooks/promote-seville"#]]
    .assert_eq(&finding.to_string());
}
