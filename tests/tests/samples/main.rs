//! The sample plans arrive: each is parsed, its world is imagined, and a loss of its active site is forecast for every other site.

mod worlds;

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use dr_core::{Said, Time, forecast};
use dr_plan::{Plan, SiteName};
use expect_test::expect_file;
use tests::calm_world;

/// Some moment.
const NOW: Time = Time(1_790_857_500_000);

/// Every sample with its plan, by name.
fn samples() -> Vec<Plan> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../plans"));
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    let parsed = files.iter().map(|path| {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let parsed = dr_plan::parse(name, &std::fs::read_to_string(path).expect("a text"));
        parsed.plan.unwrap_or_else(|| panic!("{name}: {:?}", parsed.findings))
    });
    parsed.collect()
}

/// What is forecast for a failover to `to`, in words; steps that begin at the same moment are one paragraph.
fn story(plan: &Plan, to: &SiteName) -> String {
    let (observed, memory) = calm_world(plan, NOW);
    let expected = forecast(plan, to, &observed, &memory, NOW);
    assert_eq!(expected.stuck, Vec::<String>::new(), "{} does not arrive at {to}: {expected:#?}", plan.name);
    let mut story = format!("{}: {} is lost, failover to {to}\n", plan.name, plan.active_site);
    let mut last = None;
    for (at, step) in &expected.steps {
        let _ = match last {
            Some(before) if before == *at => writeln!(story, "           {step}"),
            Some(_) | None => writeln!(story, "{:>9}  {step}", Said(*at).to_string()),
        };
        last = Some(*at);
    }
    for person in &expected.persons {
        let _ = writeln!(story, "a person must {person}");
    }
    let phases: Vec<String> =
        expected.phases.iter().map(|(phase, end)| format!("{phase} until {}", Said(*end))).collect();
    let _ = writeln!(story, "{}", phases.join(", "));
    assert!(expected.up > Duration::ZERO && expected.up <= expected.total, "{expected:#?}");
    let _ = writeln!(story, "virtual machines up after {}, all done after {}", Said(expected.up), Said(expected.total));
    story
}

#[test]
fn every_sample_arrives_at_each_of_its_other_sites() {
    let samples = samples();
    assert!(samples.len() >= 7, "only {} samples were found", samples.len());
    for plan in &samples {
        let others = plan.sites.keys().filter(|site| **site != plan.active_site);
        let stories: Vec<String> = others.map(|to| story(plan, to)).collect();
        expect_file![format!("{}/tests/samples/golden/{}.txt", env!("CARGO_MANIFEST_DIR"), plan.name)]
            .assert_eq(&stories.join("\n"));
    }
}

#[test]
fn a_sample_that_was_failed_over_goes_home_the_same_way() {
    for mut plan in samples() {
        let home = plan.active_site.clone();
        let away = plan.sites.keys().find(|site| **site != home).cloned().unwrap();
        plan.active_site = away;
        let there = story(&plan, &home);
        assert!(there.contains("activate"), "{there}");
    }
}
