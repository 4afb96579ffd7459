//! The sample worlds of `ovirt-dr sim --world`: each has a plan written for it, and its active site is lost.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine_sim::world::WorldFile;
use ovirt_dr::rehearsal::{WrittenPlan, plan_of_file};
use tests::Rig;

/// Every sample by its path.
fn samples() -> Vec<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../plans/worlds"));
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.collect();
    files.sort();
    files
}

#[tokio::test(start_paused = true)]
async fn every_world_has_a_plan_with_which_it_outlives_the_loss_of_its_active_site() {
    let files = samples();
    assert!(files.len() >= 3, "only {} worlds were found", files.len());
    for file in files {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(&file).expect("a text");
        let world = WorldFile::read(&name, &text).unwrap_or_else(|error| panic!("{error}"));
        // Any file there is will do as the CA: nothing is sent over TLS here.
        let written =
            WrittenPlan { url: "https://localhost:8443/ovirt-engine/api", plan: Path::new("w.yaml"), ca_file: &file };
        let plan = plan_of_file(&world, written).unwrap_or_else(|error| panic!("{name}: {error}"));
        let rig = Rig::start(&world.spec, &plan.text);
        let accepted = rig.until(Duration::from_secs(600), |report| report.accepted_site.is_some()).await;
        accepted.unwrap_or_else(|error| panic!("{name}: {error}"));
        rig.pass(Duration::from_secs(60)).await;
        let lost = world.active_site.clone();
        rig.engine.order(format!("lose_site {lost}").parse().expect("an order")).expect("a site");
        let to = plan.sites.iter().find(|site| **site != lost).expect("another site");
        rig.pass(Duration::from_secs(30)).await;
        rig.flip(to);
        let arrived = rig.until(Duration::from_secs(3600), |report| report.last_closed.is_some()).await;
        let report = arrived.unwrap_or_else(|error| panic!("{name}: {error}"));
        let exceptions = report.last_closed.map(|closed| closed.exceptions);
        assert_eq!(exceptions, Some(Vec::new()), "{name}: {}", rig.story());
        assert!(rig.engine.violations().is_empty(), "{name}: {:?}", rig.engine.violations());
    }
}
