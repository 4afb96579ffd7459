//! Hosts activated, confirmed as rebooted, and parked; each after a fresh look.

use dr_core::{Answer, HostId, Outcome};
use dr_plan::Probe;
use futures::future::join_all;
use ovirt_client::hosts::{self, Host};
use ovirt_client::{FenceType, HostStatus, SpmStatus};

use super::ended::{failed, wrong_state};
use super::{ACTION_PATIENCE, Ended, Executor, StepContext};

impl Executor {
    pub(super) async fn activate(&self, host: &HostId, context: &StepContext) -> Ended {
        let id = ovirt_client::HostId::new(&host.0);
        let now = self.look(hosts::get(&id)).await?;
        if now.status == HostStatus::Up {
            return Ok(Outcome::AlreadySo);
        }
        if now.status == HostStatus::NonResponsive {
            return Err(wrong_state(format!("{} is non_responsive: it comes up by itself when it answers", now.name)));
        }
        match self.change(hosts::activate(&id), ACTION_PATIENCE, context).await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => Ok(self.settle(&error, hosts::get(&id), is_being_activated).await),
        }
    }

    /// Says to the engine that a dead host was rebooted. The one request that destroys data when it is wrong: so its address is probed once
    /// more, and the engine is asked once more.
    pub(super) async fn confirm_rebooted(
        &self,
        host: &HostId,
        address: &str,
        ports: &[u16],
        context: &StepContext,
    ) -> Ended {
        let id = ovirt_client::HostId::new(&host.0);
        self.nothing_answers(address, ports).await?;
        let before = self.look(hosts::get(&id)).await?;
        let dead = before.status == HostStatus::NonResponsive
            || before.status == HostStatus::Down
            || (before.status == HostStatus::Maintenance && holds_spm(&before));
        if !dead {
            return Err(failed(format!("{} is now {}: not confirmed as rebooted", before.name, before.status)));
        }
        match self.change(hosts::fence(&id, &FenceType::Manual), ACTION_PATIENCE, context).await {
            Ok(_) => Ok(Outcome::Done),
            // Its effect can be told only where there was something to release.
            Err(error) => Ok(self.settle(&error, hosts::get(&id), |after| released(&before, after)).await),
        }
    }

    /// Ends the step if anything answers. An unreadable probe contradicts nothing: that it is enough was decided before.
    async fn nothing_answers(&self, address: &str, ports: &[u16]) -> Result<(), Outcome> {
        let answers = join_all(ports.iter().map(|port| async {
            let probe = Probe { address: address.to_owned(), port: *port };
            (*port, self.prober.probe(&probe).await)
        }))
        .await;
        for (port, answer) in answers {
            match answer {
                Answer::Accepted | Answer::Refused => {
                    let text = format!(
                        "{address} answers on port {port}: not confirmed as rebooted; power it off, or cut it from the storage"
                    );
                    return Err(failed(text));
                }
                Answer::Silent | Answer::Unreadable(_) => {}
            }
        }
        Ok(())
    }

    pub(super) async fn park(&self, host: &HostId, context: &StepContext) -> Ended {
        let id = ovirt_client::HostId::new(&host.0);
        let now = self.look(hosts::get(&id)).await?;
        if now.status == HostStatus::Maintenance {
            return Ok(Outcome::AlreadySo);
        }
        if now.status == HostStatus::PreparingForMaintenance {
            return Err(wrong_state(format!("{} is preparing_for_maintenance already", now.name)));
        }
        let lost = now.status == HostStatus::NonResponsive || now.status == HostStatus::Down;
        // Parking a living host moves its virtual machines elsewhere; no step means that.
        if !lost && total(&now) != Some(0) {
            let count = total(&now).map_or_else(|| "an unknown number of".to_owned(), |total| total.to_string());
            let text =
                format!("{} is {} with {count} VMs on it, which would be moved: not parked", now.name, now.status);
            return Err(failed(text));
        }
        match self.change(hosts::deactivate(&id, Some("ovirt-dr")), ACTION_PATIENCE, context).await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => Ok(self.settle(&error, hosts::get(&id), is_being_parked).await),
        }
    }
}

fn is_being_activated(host: &Host) -> bool {
    host.status == HostStatus::Up || host.status == HostStatus::Unassigned
}

fn is_being_parked(host: &Host) -> bool {
    host.status == HostStatus::Maintenance || host.status == HostStatus::PreparingForMaintenance
}

fn holds_spm(host: &Host) -> bool {
    host.spm.as_ref().and_then(|spm| spm.status.as_ref()) == Some(&SpmStatus::Spm)
}

fn total(host: &Host) -> Option<u32> {
    host.summary.and_then(|summary| summary.total)
}

fn released(before: &Host, after: &Host) -> bool {
    let held_something = holds_spm(before) || total(before).is_some_and(|total| total > 0);
    held_something && !holds_spm(after) && total(after) == Some(0)
}
