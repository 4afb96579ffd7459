//! What `check` says about files, and how it ends.

use super::*;

const PLAN: &str = include_str!("../../../../plans/minimal.yaml");

/// A folder with these files, and what `offline` says about the first.
fn found(files: &[(&str, &str)]) -> (Option<Plan>, Vec<Finding>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    offline(&folder.path().join(files[0].0)).unwrap()
}

#[test]
fn a_plan_is_judged_with_the_files_it_refers_to() {
    let (plan, findings) = found(&[("erp.yaml", PLAN)]);
    assert!(plan.is_some());
    assert!(
        findings.iter().any(|finding| finding.is_error() && finding.message.contains("engine.password")),
        "{findings:?}"
    );
    let (_, findings) = found(&[("erp.yaml", PLAN), ("engine.password", "secret\n")]);
    assert!(!findings.iter().any(Finding::is_error), "{findings:?}");
}

#[test]
fn a_broken_plan_has_its_place() {
    let (plan, findings) = found(&[("erp.yaml", &PLAN.replace("active_site", "activ_site"))]);
    assert!(plan.is_none());
    assert!(findings.iter().any(|finding| finding.file == "erp.yaml" && finding.line > 0), "{findings:?}");
}

#[test]
fn a_folder_stands_for_its_plans_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.yaml", "a.yaml", "ovirt-dr.toml", "engine.password"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let found = files(&[folder.path().to_owned()]).unwrap();
    assert_eq!(found, [folder.path().join("a.yaml"), folder.path().join("b.yaml")]);
    let empty = tempfile::tempdir().unwrap();
    assert!(files(&[empty.path().to_owned()]).is_err());
}

#[test]
fn one_engine_has_one_plan() {
    let plan = |name: &str, text: &str| (PathBuf::from(name), dr_plan::parse(name, text).plan.unwrap());
    let other = PLAN.replace("engine.example.com", "other.example.com");
    assert_eq!(rivals(&[plan("a", PLAN), plan("b", &other)]), []);
    let found = rivals(&[plan("a", PLAN), plan("b", PLAN)]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].file.as_str(), found[0].is_error()), ("b.yaml", true));
}

#[test]
fn the_exit_code_follows_the_worst_finding() {
    let finding = |level| Finding::without_place("erp.yaml", level, "m", "r");
    let (error, warning) = (finding(Level::Error), finding(Level::Warning));
    assert_eq!(verdict(&[], true), Exit::Done);
    assert_eq!(verdict(std::slice::from_ref(&warning), false), Exit::Some);
    assert_eq!(verdict(std::slice::from_ref(&warning), true), Exit::Failed);
    assert_eq!(verdict(&[warning.clone(), error.clone()], false), Exit::Failed);
    assert_eq!(summary(&[warning, error], 2), "2 plans checked: 1 error, 1 warning");
    assert_eq!(summary(&[], 1), "1 plan checked, nothing found");
}
