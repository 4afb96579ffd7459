//! Edits that take something out of the plan, in wide nights, and what the daemon may still touch then.

use dr_core::Memory;
use dr_plan::{Plan, diff};

use crate::Rig;

use super::dice::Dice;
use super::events::Event;
use super::scene::Scene;

/// These dice are not those of the rest of the night. Chosen so that the nights of 2046 and 18416 have no such edit.
const SALT: u64 = 0x706c_616e_736a;

/// And these are neither: whether a whole site is taken out.
const SITE_SALT: u64 = 0x7369_7465;

/// Virtual machines do not follow any more.
const NO_VMS: &str = "vms: { groups: [] }\n";

/// A text counts once two reads 2 s apart were the same: within these seconds and passes that is so.
const READ_WITHIN: (u64, u64) = (10, 8);

/// What is taken out of the plan.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Host(String),
    Storage(String),
    /// The virtual machines.
    Vms,
    /// A site with its hosts and the places of its storage.
    Site(String),
}

/// Adds to the events of a night, in their order.
pub(super) fn draw(seed: u64, scene: &Scene, events: &mut Vec<(u64, Event)>) {
    draw_parts(seed, scene, events);
    draw_site(seed, scene, events);
    events.sort_by_key(|(at, _)| *at);
}

/// With fewer than three sites the plan would be left with one.
fn draw_site(seed: u64, scene: &Scene, events: &mut Vec<(u64, Event)>) {
    let mut dice = Dice(seed ^ SITE_SALT);
    if scene.sites.len() < 3 || !dice.percent(25) {
        return;
    }
    let at = dice.roll(30, 800);
    events.push((at, Event::TakesOut(Part::Site(dice.pick(&scene.sites).to_owned()), None)));
    if dice.percent(60) {
        events.push((at + dice.roll(30, 600), Event::PutsBack));
    }
}

fn draw_parts(seed: u64, scene: &Scene, events: &mut Vec<(u64, Event)>) {
    let mut dice = Dice(seed ^ SALT);
    if !dice.percent(25) {
        return;
    }
    let hosts = scene.spec.sites.iter().flat_map(|site| &site.hosts).map(|host| host.name.as_str());
    let hosts: Vec<&str> = hosts.filter(|name| !scene.unnamed.iter().any(|unnamed| unnamed == name)).collect();
    let domains = scene.spec.domains.iter().map(|domain| domain.name.as_str());
    let domains: Vec<&str> = domains.filter(|name| !scene.unplanned.iter().any(|left_out| left_out == name)).collect();
    for _ in 0..dice.roll(1, 2) {
        let part = match dice.roll(1, 5) {
            1 | 2 => Part::Host(dice.pick(&hosts).to_owned()),
            3 | 4 => Part::Storage(dice.pick(&domains).to_owned()),
            _ => Part::Vms,
        };
        let site = dice.percent(20).then(|| dice.pick(&scene.sites).to_owned());
        let at = dice.roll(30, 800);
        events.push((at, Event::TakesOut(part, site)));
        if dice.percent(60) {
            events.push((at + dice.roll(30, 600), Event::PutsBack));
        }
    }
}

impl Part {
    /// The text without it; none if it is not there, or if no plan would be left.
    pub(super) fn out_of(&self, text: &str) -> Option<String> {
        let without = match self {
            Part::Host(name) => text.lines().map(|line| without_host(line, name) + "\n").collect(),
            Part::Storage(name) => without_entry(text, name),
            Part::Site(name) => {
                let place = format!("    {name}:");
                let lines = without_entry(text, name);
                let lines = lines.lines().filter(|line| !line.starts_with(&place));
                lines.map(|line| line.to_owned() + "\n").collect()
            }
            Part::Vms if text.contains(NO_VMS) => return None,
            Part::Vms => format!("{text}{NO_VMS}"),
        };
        // A site without hosts could never become the active one.
        let whole = dr_plan::parse("erp", &without).plan.is_some() && !without.contains("hosts: []");
        (whole && without != text).then_some(without)
    }
}

fn without_host(line: &str, name: &str) -> String {
    let list = line.strip_prefix("    hosts: [").and_then(|rest| rest.strip_suffix(']'));
    let Some(hosts) = list else { return line.to_owned() };
    let kept: Vec<&str> = hosts.split(", ").filter(|host| *host != name).collect();
    format!("    hosts: [{}]", kept.join(", "))
}

fn without_entry(text: &str, name: &str) -> String {
    let head = format!("  {name}:");
    let mut inside = false;
    let mut kept = String::new();
    for line in text.lines() {
        inside = line == head || (inside && line.starts_with("    "));
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The plans that the daemon may act on at a time, as its journal has them.
#[derive(Default)]
pub(super) struct PlanWatch {
    /// The one it acts on: the open transition's, or else the one in force.
    acting: Option<(String, Plan)>,
    /// Those that it acted on since the world was last looked at.
    since: Vec<Plan>,
    /// When the file was last written, and after how many passes.
    edited: (u64, u64),
}

impl PlanWatch {
    /// The file was written, or is read by another daemon.
    pub(super) fn edited(&mut self, second: u64, passes: u64) {
        self.edited = (second, passes);
    }

    /// One more entry was journalled.
    pub(super) fn hears(&mut self, memory: &Memory) {
        let open = memory.transition.as_ref().map(|transition| &transition.plan);
        let Some(text) = open.or(memory.plan.as_ref()) else { return };
        if self.acting.as_ref().is_some_and(|(acting, _)| acting == text) {
            return;
        }
        let Some(plan) = dr_plan::parse("erp", text).plan else { return };
        self.since.extend(self.acting.replace((text.clone(), plan)).map(|(_, before)| before));
    }

    /// Nothing was touched that none of them names.
    pub(super) fn names(&mut self, new: &[String], rig: &Rig, scene: &Scene) -> Result<(), String> {
        let before = std::mem::take(&mut self.since);
        let plans = || before.iter().chain(self.acting.iter().map(|(_, plan)| plan));
        if new.is_empty() || plans().next().is_none() {
            return Ok(());
        }
        let untouched = |what: &str, id: Option<String>| match new
            .iter()
            .find(|one| id.as_ref().is_some_and(|id| one.contains(id)))
        {
            Some(touched) => Err(format!("I3: {what} was taken out of the plan, and then: {touched}")),
            None => Ok(()),
        };
        for host in scene.spec.sites.iter().flat_map(|site| &site.hosts) {
            if !plans().any(|plan| has_host(plan, &host.name)) {
                let id = rig.engine.look(|world| world.host_named(&host.name).map(|row| row.id.to_string()));
                untouched(&host.name, id)?;
            }
        }
        for domain in scene.spec.domains.iter().filter(|domain| !plans().any(|plan| has_entry(plan, &domain.name))) {
            for target in domain.copies.values().flatten() {
                let of = |world: &engine_sim::world::World| {
                    world.connections.values().find(|row| row.target == *target).map(|row| row.id.to_string())
                };
                untouched(&domain.name, rig.engine.look(of))?;
            }
        }
        if !plans().any(|plan| plan.vms.was_running)
            && let Some(started) = new.iter().find(|one| one.contains("/vms/") && one.ends_with("/start"))
        {
            return Err(format!("virtual machines were taken out of the plan, and then: {started}"));
        }
        Ok(())
    }

    /// An open transition goes on as it was opened: what else the file says by now is named.
    pub(super) fn named(&self, rig: &Rig, second: u64, good: &str) -> Result<(), String> {
        let report = rig.report();
        let (at, passes) = self.edited;
        let read = second >= at + READ_WITHIN.0 && report.passes >= passes + READ_WITHIN.1;
        let Some((acting, plan)) = self.acting.as_ref().filter(|_| read && report.transition.is_some()) else {
            return Ok(());
        };
        if report.edit_ignored.is_some() || acting == good {
            return Ok(());
        }
        let now = dr_plan::parse("erp", good).plan.ok_or("the storm wrote a plan that is none")?;
        let mut changes = diff(plan, &now);
        changes.retain(|change| !change.starts_with("policy: mode:"));
        match changes.first() {
            Some(change) => Err(format!("a transition is open, and nothing says that the file was edited: {change}")),
            None => Ok(()),
        }
    }

    /// In calm times the file's text is the plan in force.
    pub(super) fn counts(&self, good: &str) -> Result<(), String> {
        match &self.acting {
            Some((acting, _)) if acting == good => Ok(()),
            Some(_) | None => Err("the newest text of the file never counted".to_owned()),
        }
    }
}

/// Whether a plan has this host.
pub(super) fn has_host(plan: &Plan, name: &str) -> bool {
    plan.sites.values().any(|site| site.hosts.iter().any(|host| host == name))
}

/// Whether it has a storage entry of this name.
pub(super) fn has_entry(plan: &Plan, name: &str) -> bool {
    plan.storage.iter().any(|entry| entry.name == name)
}
