//! From the description to the world.

use super::World;
use super::spec::WorldSpec;

pub(crate) fn build(_spec: &WorldSpec) -> Result<World, String> {
    Err("not yet".to_owned())
}
