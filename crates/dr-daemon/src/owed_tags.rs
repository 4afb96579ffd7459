//! Debts of ours left in the engine as tags, so that whoever takes over finds the originals even without our journal.

use dr_core::OwedKey;
use ovirt_client::{Client, Error, tags};
use serde_json::{Value, json};

use crate::execute::{MUTATION_PATIENCE, READ_PATIENCE, StepContext};

/// Leaves a tag with the original that is about to be changed. A tag of this name that is there already stays as it is: what it holds is
/// older, so it is the true original.
///
/// # Errors
/// The tag is not known to be there; then nothing may be switched off.
pub(crate) async fn leave(
    client: &Client,
    key: &OwedKey,
    name: &str,
    original: &Value,
    context: &StepContext,
) -> Result<(), Error> {
    let (kind, id) = match key {
        OwedKey::Fencing(id) => ("fencing", &id.0),
        OwedKey::PowerManagement(id) => ("power_management", &id.0),
    };
    let description = json!({
        "v": 1,
        "plan": context.plan,
        "epoch": context.epoch,
        "kind": kind,
        "id": id,
        "name": name,
        "original": original,
    });
    let request = tags::create(&key.tag_name(), &description.to_string());
    let request = request.with_correlation_id(&context.correlation_id).with_patience(MUTATION_PATIENCE);
    match client.send(request).await {
        Ok(_) => Ok(()),
        // Refused because the name exists, or an answer that was lost: what counts is whether the tag is there.
        Err(error) => match find(client, key).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) | Err(_) => Err(error),
        },
    }
}

/// Takes the tag away; that it is gone already is fine.
///
/// # Errors
/// Why it may still be there.
pub(crate) async fn take_away(client: &Client, key: &OwedKey, context: &StepContext) -> Result<(), String> {
    let Some(tag) = find(client, key).await? else { return Ok(()) };
    let request = tags::delete(&tag.id).with_correlation_id(&context.correlation_id).with_patience(MUTATION_PATIENCE);
    match client.send(request).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_gone() => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

async fn find(client: &Client, key: &OwedKey) -> Result<Option<tags::Tag>, String> {
    let listing = client.send(tags::list().with_patience(READ_PATIENCE)).await.map_err(|error| error.to_string())?;
    let name = key.tag_name();
    let found = listing.items.into_iter().find(|tag| tag.name == name);
    match listing.unreadable.first() {
        Some(one) if found.is_none() => Err(format!("a tag cannot be read: {}", one.problem)),
        _ => Ok(found),
    }
}
