//! The plan of a simulated world, as the tests that need no other have it.

use engine_sim::world::WorldSpec;
use ovirt_dr::rehearsal::{PlanOptions, plan_for};

/// A plan that covers this world: its first site is active, each site is promoted by a hook. With gateways each site's must be silent too, and
/// `extra` stands at the end.
pub fn plan_of(spec: &WorldSpec, gateways: bool, extra: &str) -> String {
    let active = spec.sites.first().map_or("", |site| site.name.as_str());
    let (url, password) = ("https://engine.example.com/ovirt-engine/api", "env: ENGINE_PASSWORD");
    plan_for(spec, PlanOptions { url, ca_file: None, password, active, hooks: true, gateways, extra })
}
