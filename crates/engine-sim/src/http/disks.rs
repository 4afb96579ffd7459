//! `/disks`: read only.

use http::Method;

use super::answer::Answer;
use super::command::Reply;
use super::list::{follow_failed, searched};
use super::render_vm::disk;
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::search::{Field, Row};
use crate::state::State;
use crate::world::{DataCenterId, Disk, DiskStorage};

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    if call.method != Method::GET && call.method != Method::HEAD {
        return wrong_method().into();
    }
    match below {
        [] => list(state, call).into(),
        [id] => {
            let found = id.parse().ok().and_then(|id| state.world.disks.get(&id));
            let frame = state.frame(call.api);
            found
                .map_or_else(Answer::not_found, |row| Answer::ok("disk", disk(&frame, row, data_center_of(state, row))))
                .into()
        }
        [_, name @ ("permissions" | "statistics" | "disksnapshots")] => super::empty::collection(name).into(),
        _ => no_resource(call).into(),
    }
}

fn list(state: &State, call: &Call) -> Answer {
    if let Some(link) = call.follow().into_iter().next() {
        return follow_failed(call, &link, "Disks");
    }
    let frame = state.frame(call.api);
    let mut all: Vec<&Disk> = state.world.disks.values().collect();
    all.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    let rows = all.into_iter().map(|row| Row {
        tree: disk(&frame, row, data_center_of(state, row)),
        fields: vec![
            Field::text("alias", &row.name),
            Field::text("name", &row.name),
            Field::text("id", row.id.to_string()),
            Field::text("status", row.status.as_str()),
        ],
    });
    searched("disks", "disk", call, rows.collect())
}

/// Where the domain of an image is attached.
pub(crate) fn data_center_of(state: &State, row: &Disk) -> Option<DataCenterId> {
    match &row.storage {
        DiskStorage::Image { domain } => {
            state.world.domains.get(domain).and_then(|domain| domain.attached).map(|place| place.data_center)
        }
        DiskStorage::Lun { lun: _, connections: _ } => None,
    }
}
