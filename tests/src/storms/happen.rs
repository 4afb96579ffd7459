//! An event happens: to the world, to the file, to the daemon.

use std::time::Duration;

use dr_core::Confirmation;
use dr_daemon::Command;
use engine_sim::world::{Link, StorageType, Target};

use super::events::Event;
use super::hand::Hand;
use super::storm::Storm;

/// What an edit of something else makes of the policy.
const EDITED: &str = "  interval: 7s\n";

/// The last event of an engine's backup.
const BACKUP: u64 = 1000;

impl Storm {
    pub(super) async fn happens(&mut self, event: &Event) -> Result<(), String> {
        self.rig.note(&format!("{event:?}"));
        let (by, reason) = ("ana".to_owned(), "storm".to_owned());
        match event {
            // A host with power at a site whose network is gone is a partition of one: nothing tells it from a loss, and only a person could.
            Event::Order(order) if order.starts_with("power_on ") && self.is_silent(order) => {}
            Event::Order(order) => {
                let done = self.rig.engine.order(order.parse()?);
                // In wide nights a host may have been renamed or removed meanwhile.
                if !self.scene.wide {
                    done?;
                }
            }
            Event::Flip(site) => {
                let flipped = self.flipped(&self.good, site)?;
                self.writes(flipped);
            }
            Event::Edit(site) => {
                let mut edited = match site {
                    Some(site) => self.flipped(&self.good, site)?,
                    None => self.good.clone(),
                };
                if !edited.contains(EDITED) {
                    let has_policy = edited.contains("policy:\n");
                    let policy = format!("policy:\n{EDITED}");
                    edited = if has_policy { edited.replacen("policy:\n", &policy, 1) } else { edited + &policy };
                }
                self.writes(edited);
            }
            Event::OldFile(ago) => {
                let at = self.second.saturating_sub(*ago);
                let old = self.files.iter().rev().find(|(since, _)| *since <= at).or(self.files.first());
                if let Some((_, text)) = old.cloned() {
                    self.writes(text);
                }
            }
            Event::TakesOut(part, site) => {
                if let Some(text) = part.out_of(&self.good) {
                    self.writes(match site {
                        Some(site) => self.flipped(&text, site)?,
                        None => text,
                    });
                }
            }
            Event::PutsBack => {
                let whole = self.flipped(&self.scene.plan, &self.file_says())?;
                self.writes(whole);
            }
            Event::Nonsense(true) => self.rig.edit(|text| text.replacen("    hosts:", "    hots:", 1)),
            Event::Nonsense(false) => {
                let good = self.good.clone();
                self.rig.edit(|_| good);
                self.watcher.plans.edited(self.second, self.rig.report().passes);
            }
            Event::Abort => drop(self.ask(Command::Abort { by, reason }).await),
            Event::Pause => {
                self.ask(Command::Pause { by, reason }).await;
                // What was under way when the pause came is finished first: a step may be more than one request.
                while !self.dead && self.rig.report().paused.is_some() && !self.rig.report().in_flight.is_empty() {
                    self.pass(1).await?;
                }
                if self.rig.report().paused.is_some() && !self.dead {
                    self.pass(2).await?;
                    self.frozen = Some(self.watcher.made.len());
                }
            }
            Event::Resume => {
                self.frozen = None;
                self.ask(Command::Resume { by }).await;
            }
            Event::Confirm(confirmation) => {
                let confirmation = confirmation.clone();
                self.ask(Command::Confirm { confirmation, by, reason }).await;
            }
            Event::ForeignConnection => self.rig.engine.world(|world| {
                let row = world.connections.values().find(|row| row.kind == StorageType::Nfs);
                if let Some(id) = row.map(|row| row.id) {
                    let (address, path) = ("192.0.2.99".to_owned(), "/somewhere/else".to_owned());
                    world.change_connection(id, Target::Mount { address, path });
                }
            }),
            Event::ByHand(hand) => {
                if matches!(hand, Hand::TakeTagsAway) {
                    self.watcher.tags_taken_away(&self.rig);
                }
                self.rig.engine.world(|world| hand.acts(world));
            }
            Event::Wrong(confirmation) if *confirmation != Confirmation::SiteDown || self.is_contradicted() => {
                let confirmation = confirmation.clone();
                if let Some(Ok(said)) = self.ask(Command::Confirm { confirmation, by, reason }).await {
                    return Err(format!("a wrong confirmation was taken: {said}"));
                }
            }
            Event::Wrong(_) => {}
            Event::CutOff(cut) => self.rig.cut_off(*cut),
            Event::Kill => {
                self.rig.kill();
                self.dead = true;
            }
            Event::Restart => {
                self.starts().await;
                self.crashes = None;
                self.wakes_at = None;
            }
            Event::CrashAt(point, later) => {
                self.rig.crash_at(*point);
                self.crashes = Some(*later);
            }
            Event::Forget => {
                self.rig.forget();
                self.knows_less();
            }
            Event::OldJournal(ago) => {
                let copied = self.rig.clock.now().0.saturating_sub(1000 * ago);
                let entries = self.rig.entries().await;
                let kept = entries.iter().rfind(|stamped| stamped.at.0 <= copied).map_or(0, |stamped| stamped.seq);
                self.rig.set_back(kept).await;
                self.knows_less();
            }
            Event::Restored => self.restored(),
            Event::ClockJumps(by_ms) => {
                self.rig.wall_clock_jumps(*by_ms);
                self.watcher.clock.was_set(self.rig.report().passes);
            }
        }
        Ok(())
    }

    /// The daemon is dead, and its journal another one.
    fn knows_less(&mut self) {
        self.dead = true;
        self.frozen = None;
        self.watcher.journal_replaced();
    }

    /// The engine is restored from a backup: its history ends earlier, rows, switches and tags are as they were in the beginning. The hosts
    /// keep the status that the engine sees: one that it believed parked and that runs would be started on a second time by anybody.
    fn restored(&self) {
        let spec = &self.scene.spec;
        let first = self.scene.sites[0];
        self.rig.engine.world(|world| {
            world.rewind_events(BACKUP);
            world.tags.retain(|_, tag| !tag.name.starts_with("ovirt-dr"));
            for host in world.hosts.values_mut() {
                host.power_management.enabled = !host.fence_agents.is_empty();
            }
            for cluster in world.clusters.values_mut() {
                let known = spec.clusters.iter().find(|known| known.name == cluster.name);
                cluster.fencing_policy = known.map_or(cluster.fencing_policy, |known| known.fencing_policy);
            }
            let copies = spec.domains.iter().filter_map(|domain| Some((domain, domain.copies.get(first)?)));
            for (domain, at_first) in copies {
                for targets in domain.copies.values() {
                    for (now, then) in targets.iter().zip(at_first) {
                        let row = world.connections.values().find(|row| row.target == *now).map(|row| row.id);
                        if let Some(row) = row {
                            world.change_connection(row, then.clone());
                        }
                    }
                }
            }
        });
    }

    /// Whether the site of the host that this order names does not answer.
    fn is_silent(&self, order: &str) -> bool {
        let name = order.rsplit(' ').next().unwrap_or_default();
        self.rig.engine.look(|world| {
            let site = world.host_named(name).and_then(|host| world.sites.get(&host.site));
            site.is_none_or(|site| site.network != Link::Answering)
        })
    }

    /// Whether the daemon itself says that the site it leaves is alive. Elsewhere such a word is a lie that nobody can see through.
    fn is_contradicted(&self) -> bool {
        let report = self.rig.report();
        let fresh = report.engine_trouble.is_none() && !self.dead;
        fresh
            && report.refusals.iter().any(|text| text.contains(" is not lost") || text.contains(" is not proven down"))
    }

    /// The text with another `active_site`. For a site that was taken out of it the plan is put back.
    fn flipped(&self, text: &str, site: &str) -> Result<String, String> {
        let text = if text.contains(&format!("\n  {site}:\n")) { text } else { &self.scene.plan };
        dr_plan::set_active_site(text, &dr_plan::SiteName(site.to_owned())).map_err(|finding| finding.to_string())
    }

    /// The file is this from now on.
    fn writes(&mut self, text: String) {
        self.good.clone_from(&text);
        self.files.push((self.second, text.clone()));
        self.rig.edit(|_| text);
        self.watcher.plans.edited(self.second, self.rig.report().passes);
    }

    /// A person's command, if the daemon lives; the answer is in the story. None if there was none.
    pub(super) async fn ask(&self, command: Command) -> Option<Result<String, String>> {
        if self.dead {
            return None;
        }
        // A command is answered with the next pass, which a slow engine may hold up.
        let answer = tokio::time::timeout(Duration::from_secs(120), self.rig.ask(command)).await;
        self.rig.note(&format!("  answer: {answer:?}"));
        answer.ok()
    }
}
