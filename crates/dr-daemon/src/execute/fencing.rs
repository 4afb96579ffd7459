//! Fencing policies and power management: switched off with the original left in a tag first, and put back.

use dr_core::{ClusterId, HostId, Outcome, OwedKey};
use ovirt_client::clusters::{self, FencingPolicy};
use ovirt_client::hosts;
use serde_json::{Value, json};

use super::ended::{self, failed, unconfirmed};
use super::{Ended, Executor, MUTATION_PATIENCE, StepContext};
use crate::owed_tags;

impl Executor {
    pub(super) async fn suspend_fencing(
        &self,
        cluster: &ClusterId,
        name: &str,
        original: &str,
        context: &StepContext,
    ) -> Ended {
        let id = ovirt_client::ClusterId::new(&cluster.0);
        let now = self.look(clusters::get(&id)).await?.fencing_policy;
        let now = now.ok_or_else(|| failed(format!("cluster {name} shows no fencing policy")))?;
        if !now.enabled() {
            return Ok(Outcome::AlreadySo);
        }
        let original = policy(original)?;
        if now != original {
            return Err(failed(format!(
                "the fencing policy of cluster {name} was changed meanwhile; it is looked at again"
            )));
        }
        let key = OwedKey::Fencing(cluster.clone());
        self.leave_tag(&key, name, original.as_value(), context).await?;
        self.put_policy(&id, &original.with_enabled(false), context).await
    }

    pub(super) async fn restore_fencing(&self, cluster: &ClusterId, original: &str, context: &StepContext) -> Ended {
        let id = ovirt_client::ClusterId::new(&cluster.0);
        let original = policy(original)?;
        let key = OwedKey::Fencing(cluster.clone());
        let now = self.look_if_there(clusters::get(&id)).await?;
        let so = now.is_none_or(|now| has_policy(&now, &original));
        let outcome = if so { Outcome::AlreadySo } else { self.put_policy(&id, &original, context).await? };
        self.paid(outcome, &key, context).await
    }

    /// PUT of a whole policy: the engine does not merge it, and takes what is missing for its default.
    async fn put_policy(&self, id: &ovirt_client::ClusterId, policy: &FencingPolicy, context: &StepContext) -> Ended {
        let sent = complete(policy)?;
        match self.change(clusters::set_fencing_policy(id, &sent), MUTATION_PATIENCE, context).await {
            Ok(cluster) if has_policy(&cluster, &sent) => Ok(Outcome::Done),
            Ok(_) => Ok(unconfirmed("the engine answered with another fencing policy than it was given")),
            Err(error) => Ok(self.settle(&error, clusters::get(id), |cluster| has_policy(cluster, &sent)).await),
        }
    }

    pub(super) async fn suspend_power_management(
        &self,
        host: &HostId,
        name: &str,
        port: u16,
        context: &StepContext,
    ) -> Ended {
        let id = ovirt_client::HostId::new(&host.0);
        let now = self.look(hosts::get(&id)).await?;
        if enabled(&now) == Some(false) {
            return Ok(Outcome::AlreadySo);
        }
        let key = OwedKey::PowerManagement(host.clone());
        self.leave_tag(&key, name, &json!({ "enabled": "true" }), context).await?;
        self.put_power_management(&id, false, now.port.unwrap_or(port), context).await
    }

    pub(super) async fn restore_power_management(&self, host: &HostId, port: u16, context: &StepContext) -> Ended {
        let id = ovirt_client::HostId::new(&host.0);
        let key = OwedKey::PowerManagement(host.clone());
        let outcome = match self.look_if_there(hosts::get(&id)).await? {
            None => Outcome::AlreadySo,
            Some(now) if enabled(&now) == Some(true) => Outcome::AlreadySo,
            Some(now) => self.put_power_management(&id, true, now.port.unwrap_or(port), context).await?,
        };
        self.paid(outcome, &key, context).await
    }

    async fn put_power_management(
        &self,
        id: &ovirt_client::HostId,
        on: bool,
        port: u16,
        context: &StepContext,
    ) -> Ended {
        match self.change(hosts::set_power_management(id, on, Some(port)), MUTATION_PATIENCE, context).await {
            Ok(host) if enabled(&host) == Some(on) => Ok(Outcome::Done),
            Ok(_) => Ok(unconfirmed("the engine's answer shows power management as it was")),
            Err(error) => Ok(self.settle(&error, hosts::get(id), |host| enabled(host) == Some(on)).await),
        }
    }

    async fn leave_tag(
        &self,
        key: &OwedKey,
        name: &str,
        original: &Value,
        context: &StepContext,
    ) -> Result<(), Outcome> {
        let left = owed_tags::leave(&self.client, key, name, original, context).await;
        // Nothing was switched off yet, whatever became of the tag.
        left.map_err(|error| {
            let outcome = ended::outcome(&error);
            if let Outcome::Unconfirmed { text } = &outcome {
                return failed(format!("the original could not be left as a tag in the engine: {text}"));
            }
            outcome
        })
    }

    /// The debt is paid only when its tag is gone too.
    async fn paid(&self, outcome: Outcome, key: &OwedKey, context: &StepContext) -> Ended {
        if !outcome.is_done() {
            return Err(outcome);
        }
        let taken = owed_tags::take_away(&self.client, key, context).await;
        let kept = |error| unconfirmed(format!("put back, but its tag is still in the engine: {error}"));
        taken.map_or_else(|error| Err(kept(error)), |()| Ok(outcome))
    }
}

fn policy(text: &str) -> Result<FencingPolicy, Outcome> {
    let value = serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
    let policy = value.and_then(FencingPolicy::from_value);
    policy.map_err(|error| failed(format!("the journalled fencing policy cannot be read: {error}")))
}

/// The policy as it may be sent: a skip flag without its `enabled` would be a 500 (hosts.md 2.5), and its default is off.
fn complete(policy: &FencingPolicy) -> Result<FencingPolicy, Outcome> {
    let mut value = policy.as_value().clone();
    for member in value.as_object_mut().into_iter().flat_map(|members| members.values_mut()) {
        if let Some(flag) = member.as_object_mut() {
            flag.entry("enabled").or_insert_with(|| Value::String("false".to_owned()));
        }
    }
    FencingPolicy::from_value(value).map_err(failed)
}

/// Whether the cluster has every member of this policy.
fn has_policy(cluster: &clusters::Cluster, wanted: &FencingPolicy) -> bool {
    cluster.fencing_policy.as_ref().is_some_and(|policy| agrees(wanted.as_value(), policy.as_value()))
}

/// Whether all of `wanted` is in `found`; scalars count by their text, since the engine writes them as strings and takes them bare.
fn agrees(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().all(|(name, value)| found.get(name).is_some_and(|found| agrees(value, found)))
        }
        (Value::String(text), other) | (other, Value::String(text)) => {
            other.as_str().map_or_else(|| other.to_string(), str::to_owned) == *text
        }
        (wanted, found) => wanted == found,
    }
}

fn enabled(host: &hosts::Host) -> Option<bool> {
    host.power_management.as_ref().and_then(|settings| settings.enabled)
}
