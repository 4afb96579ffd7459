//! The report after each pass.

use dr_core::{Forecast, Goal, Observed, Phase, VmStatus};
use dr_plan::SiteName;
use serde_json::{Value, json};

use crate::report::{FlyingReport, Progress, Report, TransitionReport};

use super::PlanLoop;

impl PlanLoop {
    /// Publishes what an operator sees, if it changed.
    pub(super) fn publish(&self) {
        let memory = &self.memory;
        let decision = &self.decision;
        let plan = self.source.in_force();
        let flying = memory.in_flight.values().map(|flying| FlyingReport {
            step: flying.step.to_string(),
            since: flying.since.0,
            correlation_id: flying.correlation_id.clone(),
        });
        let readable = self.unread.is_none()
            && self.trouble.is_none()
            && self.journal_trouble.is_none()
            && self.observed.is_some();
        let report = Report {
            plan: self.name.clone(),
            active_site: self.source.candidate().or(plan).map_or_else(String::new, |plan| plan.active_site.0.clone()),
            accepted_site: memory.accepted.clone(),
            phase: decision.phase,
            transition: memory.transition.as_ref().map(|transition| TransitionReport {
                epoch: transition.epoch,
                from: transition.from.clone(),
                to: transition.to.clone(),
                opened: transition.opened.0,
                by: transition.by.clone(),
                cancelled: transition.cancelled,
                forecast_ms: self.forecast.map(|(total, _)| u64::try_from(total.as_millis()).unwrap_or(u64::MAX)),
            }),
            last_closed: self.last_closed.clone().filter(|closed| closed.at > 0),
            as_of: self.observed.as_ref().map(|observed| observed.at.0),
            engine_trouble: self
                .unread
                .clone()
                .or_else(|| self.trouble.clone())
                .or_else(|| self.journal_trouble.clone()),
            in_flight: flying.collect(),
            waits: decision.waits.iter().map(ToString::to_string).collect(),
            refusals: decision.refusals.iter().map(|refusal| refusal.said(&self.name)).collect(),
            drift: decision.drift.clone(),
            owed: memory.owed.iter().map(|(what, owed)| owed_in_words(what, &owed.name)).collect(),
            held: memory.held.as_ref().map(|held| held.reason.clone()),
            paused: memory.paused.clone(),
            edit_ignored: self.source.ignored().map(str::to_owned).or_else(|| self.waiting_edit()),
            progress: self.progress(),
            passes: self.passes,
            converged: readable
                && memory.transition.is_none()
                && memory.accepted.is_some()
                && memory.held.is_none()
                && memory.owed.is_empty()
                && decision.phase == Phase::Calm
                && decision.refusals.is_empty()
                && decision.drift.is_empty()
                && decision.waits.is_empty(),
        };
        self.report.send_if_modified(|known| {
            let changed = *known != report;
            *known = report;
            changed
        });
    }

    /// What was edited since the open transition was opened, and counts after it. `mode` counts at once.
    fn waiting_edit(&self) -> Option<String> {
        let epoch = self.memory.transition.as_ref()?.epoch;
        let changes = self.source.other_changes();
        let mut changes = changes.iter().filter(|change| !change.starts_with("policy: mode:"));
        let first = changes.next()?;
        let more = match changes.count() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        Some(format!("until failover {epoch} is closed, which goes on as it was opened: {first}{more}"))
    }

    fn progress(&self) -> Progress {
        let (Some(transition), Some(plan), Some(observed)) =
            (&self.memory.transition, self.source.in_force(), &self.observed)
        else {
            return Progress::default();
        };
        let hosts_of = |site: &str| plan.sites.get(&SiteName(site.to_owned())).map_or(0, |site| site.hosts.len());
        let reached = |is: fn(&Goal) -> bool| transition.reached.keys().filter(|goal| is(goal)).count();
        // Hosts of sites that an earlier failover had left are none of these.
        let left = plan.sites.get(&SiteName(transition.from.clone()));
        let left = observed
            .hosts
            .seen()
            .into_iter()
            .flatten()
            .filter(|host| left.is_some_and(|site| site.hosts.contains(&host.name)));
        let left: std::collections::HashSet<&str> = left.map(|host| host.id.0.as_str()).collect();
        let confirmed =
            transition.reached.keys().filter(|goal| matches!(goal, Goal::Confirmed(id) if left.contains(id.as_str())));
        let standby = plan.sites.get(&SiteName(transition.to.clone()));
        let up = observed.hosts.seen().into_iter().flatten().filter(|host| {
            host.status == dr_core::HostStatus::Up && standby.is_some_and(|site| site.hosts.contains(&host.name))
        });
        let vms = observed.vms.seen().map(|vms| vms.as_slice()).unwrap_or_default();
        let running: std::collections::HashSet<&str> =
            vms.iter().filter(|vm| vm.status == VmStatus::Up).map(|vm| vm.id.0.as_str()).collect();
        let vms_up = transition.vms.iter().filter(|vm| running.contains(vm.id.0.as_str())).count();
        let vms_up = if transition.commitment.stands() { vms_up } else { 0 };
        let (from, to) = (hosts_of(&transition.from), hosts_of(&transition.to));
        let parked = reached(|goal| matches!(goal, Goal::Parked(_)));
        Progress {
            connections: (reached(|goal| matches!(goal, Goal::Repointed(_))), moving(plan)),
            hosts_up: (up.count(), to),
            hosts_confirmed: (confirmed.count().max(parked), from),
            hosts_parked: (parked, from),
            vms_up: (vms_up, transition.vms.len()),
        }
    }
}

/// Rows of the plan that are pointed somewhere else by a flip.
fn moving(plan: &dr_plan::Plan) -> usize {
    let rows = plan.storage.iter().map(|entry| match &entry.kind {
        dr_plan::StorageKind::File { at: dr_plan::Placement::PerSite(_), .. } => 1,
        dr_plan::StorageKind::Iscsi { at: dr_plan::Placement::PerSite(values) } => {
            values.values().map(|value| value.portals.len()).max().unwrap_or(0)
        }
        dr_plan::StorageKind::File { at: dr_plan::Placement::Same(_), .. }
        | dr_plan::StorageKind::Iscsi { at: dr_plan::Placement::Same(_) }
        | dr_plan::StorageKind::Fcp { .. } => 0,
    });
    rows.sum()
}

fn owed_in_words(what: &dr_core::OwedKey, name: &str) -> String {
    match what {
        dr_core::OwedKey::Fencing(_) => format!("fencing of cluster {name}"),
        dr_core::OwedKey::PowerManagement(_) => format!("power management of {name}"),
    }
}

/// Why the engine cannot be read, if anything essential is missing.
pub(super) fn trouble(observed: &Observed) -> Option<String> {
    fn of<T>(what: &str, read: &dr_core::Read<T>) -> Option<String> {
        match read {
            dr_core::Read::Seen(_) => None,
            dr_core::Read::Unreadable(why) => Some(format!("{what}: {why}")),
        }
    }
    of("its root document", &observed.engine)
        .or_else(|| of("hosts", &observed.hosts))
        .or_else(|| of("clusters", &observed.clusters))
        .or_else(|| of("data centers", &observed.data_centers))
        .or_else(|| of("storage domains", &observed.domains))
        .or_else(|| of("storage connections", &observed.connections))
        .or_else(|| of("virtual machines", &observed.vms))
}

/// A forecast as JSON: times in milliseconds from the beginning.
pub(super) fn preview(to: &SiteName, forecast: &Forecast) -> Value {
    let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let steps: Vec<Value> = forecast
        .steps
        .iter()
        .map(|(at, step)| json!({ "at_ms": ms(*at), "kind": step.key().kind, "object": step.object_name(), "text": step.to_string() }))
        .collect();
    let phases: Vec<Value> =
        forecast.phases.iter().map(|(phase, end)| json!({ "phase": phase, "ends_ms": ms(*end) })).collect();
    json!({
        "to": to.0,
        "steps": steps,
        "phases": phases,
        "up_ms": ms(forecast.up),
        "total_ms": ms(forecast.total),
        "lease_ms": ms(forecast.lease),
        "stuck": forecast.stuck,
        "persons": forecast.persons,
    })
}
