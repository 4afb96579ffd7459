//! A storage connection pointed at another place.

use dr_core::{ConnectionId, Details, Outcome, RefusedClass};
use ovirt_client::storage::{self, ConnectionPlace};

use super::ended::{failed, unconfirmed};
use super::{Ended, Executor, MUTATION_PATIENCE, StepContext};
use crate::observe::details;

/// Fragment of the refusal to repoint a row behind a direct LUN of a virtual machine that is not down (storage.md 2.3 row 15): the engine
/// sends no key, only `Cannot edit Storage Connection. VMs NAMES should be down.`
const DIRECT_LUN_IN_USE: &str = "should be down";

impl Executor {
    pub(super) async fn repoint(
        &self,
        connection: &ConnectionId,
        from: &Details,
        to: &Details,
        context: &StepContext,
    ) -> Ended {
        let id = ovirt_client::StorageConnectionId::new(&connection.0);
        let now = details(&self.look(storage::get_connection(&id)).await?);
        if now.as_ref() == Some(to) {
            return Ok(Outcome::AlreadySo);
        }
        if now.as_ref() != Some(from) {
            let now = now.map_or_else(|| "nowhere that can be read".to_owned(), |now| now.to_string());
            return Err(failed(format!("the connection was changed meanwhile: it points at {now}, not at {from}")));
        }
        let request = storage::repoint_connection(&id, &place(to));
        match self.change(request, MUTATION_PATIENCE, context).await {
            Ok(row) if details(&row).as_ref() == Some(to) => Ok(Outcome::Done),
            Ok(row) => {
                let shown = details(&row).map_or_else(|| "nowhere".to_owned(), |shown| shown.to_string());
                Ok(unconfirmed(format!("the engine answered that it points at {shown}")))
            }
            Err(error) => {
                let arrived = |row: &storage::StorageConnection| details(row).as_ref() == Some(to);
                Ok(direct_lun(self.settle(&error, storage::get_connection(&id), arrived).await))
            }
        }
    }
}

fn direct_lun(outcome: Outcome) -> Outcome {
    if let Outcome::Refused { class: RefusedClass::Other, text } = &outcome
        && text.contains(DIRECT_LUN_IN_USE)
    {
        return Outcome::Refused { class: RefusedClass::DirectLunInUse, text: text.clone() };
    }
    outcome
}

/// Always complete: halves are merged wrongly by the engine (storage.md 2.2).
fn place(to: &Details) -> ConnectionPlace {
    match to {
        Details::File { address, path } => {
            ConnectionPlace::File { address: Some(address.clone()).filter(|a| !a.is_empty()), path: path.clone() }
        }
        Details::Iscsi { address, port, target } => {
            ConnectionPlace::Iscsi { address: address.clone(), port: *port, target: target.clone() }
        }
    }
}
