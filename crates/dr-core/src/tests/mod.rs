//! Worlds in a few lines of text behind one `check`, in the order in which a failover passes them; and properties of all worlds.

mod world;

mod holders;
mod proof;
mod silence;

mod fencing;

mod promotion;
mod repointing;

mod confirmation;
mod parking;
mod standby;

mod data_centers;
mod vms;

mod closing;
mod kinds;
mod left_behind;
mod left_out;
mod withheld;

mod calm;
mod flips;
mod openings;

mod folds;
mod rows;

mod forecasts;
mod invariants;
mod properties;
mod renamed;
mod repair;

use expect_test::Expect;

use crate::Decision;
use world::World;

/// Decides on a world and compares everything that was concluded.
#[expect(clippy::needless_pass_by_value, reason = "expect_test's own habit")]
fn check(world: &str, expected: Expect) {
    expected.assert_eq(&shown(&World::read(world).decide()));
}

/// A decision, a line for each thing.
fn shown(decision: &Decision) -> String {
    let mut lines = vec![format!("phase    {}", decision.phase)];
    lines.extend(decision.steps.iter().map(|step| format!("ready    {step}")));
    lines.extend(decision.waits.iter().map(|wait| format!("waits    {wait}")));
    lines.extend(decision.refusals.iter().map(|refusal| format!("refused  {}", refusal.said("erp"))));
    lines.extend(decision.drift.iter().map(|drift| format!("drift    {drift}")));
    lines.extend(decision.proven.iter().map(|evidence| format!("proven   {evidence}")));
    lines.extend(decision.reached.iter().map(|goal| format!("reached  {goal:?}")));
    lines.extend(decision.closing.iter().map(|exceptions| match exceptions.as_slice() {
        [] => "closes".to_owned(),
        exceptions => format!("closes   except {}", exceptions.join("; ")),
    }));
    lines.join("\n") + "\n"
}
