//! Carries out one step: a last look at its object, one request, a look at the answer. Makes no choices.
//!
//! Whatever the engine's last word was, what counts is the object: a refusal of what is already so is no refusal, and a change whose answer
//! was lost is looked up before anybody hears that it is in doubt.

mod ended;
mod fencing;
mod hosts;
mod promote;
mod repoint;
mod vms;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dr_core::{Outcome, Step};
use ovirt_client::{Client, Error, Request};

use crate::ports::{Hooks, Prober};

/// How long a read may take.
pub(crate) const READ_PATIENCE: Duration = Duration::from_secs(60);
/// How long a PUT, or a request on a tag, may take.
pub(crate) const MUTATION_PATIENCE: Duration = Duration::from_secs(120);
/// How long an action on a host or a virtual machine may take. Longer than the engine's own patience with a host (180 s), since giving up
/// does not stop the engine.
const ACTION_PATIENCE: Duration = Duration::from_secs(600);

/// Carries out steps on one engine. Shared by all steps in flight.
pub struct Executor {
    client: Client,
    prober: Arc<dyn Prober>,
    hooks: Arc<dyn Hooks>,
}

/// What a step needs to know beside itself.
#[derive(Clone, Debug)]
pub struct StepContext {
    /// The plan's name.
    pub plan: String,
    /// Number of the open transition.
    pub epoch: u64,
    /// Names the request in the engine's jobs and events.
    pub correlation_id: String,
    /// What promotes the replica at the site that becomes active; needed by that step only.
    pub hook: Option<PromoteHook>,
}

/// The plan's promotion hook.
#[derive(Clone, Debug)]
pub struct PromoteHook {
    /// The executable.
    pub path: PathBuf,
    /// How long one run may take.
    pub timeout: Duration,
}

/// How a step ended; `Err` where it ended before its end.
type Ended = Result<Outcome, Outcome>;

impl Executor {
    /// An executor that sends through `client`, the one that the observer reads through.
    pub fn new(client: Client, prober: Arc<dyn Prober>, hooks: Arc<dyn Hooks>) -> Self {
        Self { client, prober, hooks }
    }

    /// Carries out one step. The intent is journalled by the caller before, the outcome after.
    pub async fn execute(&self, step: &Step, context: &StepContext) -> Outcome {
        let ended = match step {
            Step::SuspendFencing { cluster, name, original } => {
                self.suspend_fencing(cluster, name, original, context).await
            }
            Step::SuspendPowerManagement { host, name, port } => {
                self.suspend_power_management(host, name, *port, context).await
            }
            Step::Promote { site } => self.promote(site, context).await,
            Step::Repoint { connection, from, to, .. } => self.repoint(connection, from, to, context).await,
            Step::Activate { host, .. } => self.activate(host, context).await,
            Step::ConfirmRebooted { host, address, ports, .. } => {
                self.confirm_rebooted(host, address, ports, context).await
            }
            Step::Park { host, .. } => self.park(host, context).await,
            Step::StartVm { vm, .. } => self.start_vm(vm, context).await,
            Step::RestoreFencing { cluster, original, .. } => self.restore_fencing(cluster, original, context).await,
            Step::RestorePowerManagement { host, port, .. } => {
                self.restore_power_management(host, *port, context).await
            }
        };
        match ended {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }

    /// A look at an object. Nothing is known of it if this fails, so the step ends.
    async fn look<T>(&self, request: Request<T>) -> Result<T, Outcome> {
        self.client.send(request.with_patience(READ_PATIENCE)).await.map_err(|error| ended::outcome(&error))
    }

    /// The same, of an object that may be gone.
    async fn look_if_there<T>(&self, request: Request<T>) -> Result<Option<T>, Outcome> {
        match self.client.send(request.with_patience(READ_PATIENCE)).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(ended::outcome(&error)),
        }
    }

    async fn change<T>(&self, request: Request<T>, patience: Duration, context: &StepContext) -> Result<T, Error> {
        self.client.send(request.with_patience(patience).with_correlation_id(&context.correlation_id)).await
    }

    /// How a change ended that got no plain yes: the object is looked at again, and `as_wanted` judges it.
    async fn settle<T>(&self, error: &Error, look: Request<T>, as_wanted: impl FnOnce(&T) -> bool) -> Outcome {
        let outcome = ended::outcome(error);
        if !ended::may_be_so(&outcome) {
            return outcome;
        }
        match self.client.send(look.with_patience(READ_PATIENCE)).await {
            Ok(object) if as_wanted(&object) => ended::as_wanted(&outcome),
            Ok(_) | Err(_) => outcome,
        }
    }
}
