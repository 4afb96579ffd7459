//! Virtual machines started.

use dr_core::{Outcome, VmId, VmStatus};
use ovirt_client::vms::{self, Vm};

use super::ended::wrong_state;
use super::{ACTION_PATIENCE, Ended, Executor, StepContext};

impl Executor {
    pub(super) async fn start_vm(&self, vm: &VmId, context: &StepContext) -> Ended {
        let id = ovirt_client::VmId::new(&vm.0);
        let now = self.look(vms::get(&id)).await?;
        let status = status(&now);
        if status.runs() {
            return Ok(Outcome::AlreadySo);
        }
        // Starting a suspended or paused one would be something else than a start.
        if status != VmStatus::Down {
            return Err(wrong_state(format!("{} is now {status}", now.name)));
        }
        match self.change(vms::start(&id), ACTION_PATIENCE, context).await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => Ok(self.settle(&error, vms::get(&id), |vm| self::status(vm).runs()).await),
        }
    }
}

fn status(vm: &Vm) -> VmStatus {
    VmStatus::from_word(vm.status.as_ref().map(ovirt_client::VmStatus::as_str))
}
