//! Carries out one step: a last look at its object, one request, a look at the answer. Makes no choices.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dr_core::{Outcome, Step};
use ovirt_client::Client;

use crate::ports::{Hooks, Prober};

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

impl Executor {
    /// An executor that sends through `client`, the one that the observer reads through.
    pub fn new(client: Client, prober: Arc<dyn Prober>, hooks: Arc<dyn Hooks>) -> Self {
        Self { client, prober, hooks }
    }

    /// Carries out one step. The intent is journalled by the caller before, the outcome after.
    pub async fn execute(&self, step: &Step, context: &StepContext) -> Outcome {
        let _ = (&self.client, &self.prober, &self.hooks, context);
        Outcome::Failed { text: format!("{step}: cannot be carried out yet") }
    }
}
