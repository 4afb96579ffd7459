//! A person who answers what the daemon asks, truthfully.

use std::collections::BTreeMap;

use dr_core::Confirmation;
use dr_daemon::Command;
use engine_sim::world::HostStatus;

use super::events::Event;
use super::hand::Hand;
use super::storm::Storm;

impl Storm {
    /// Does what the daemon asks a person to do.
    pub(super) async fn answer(&mut self, to: &str) -> Result<(), String> {
        let report = self.rig.report();
        let asked: Vec<String> = report.refusals.iter().chain(&report.held).cloned().collect();
        for text in &asked {
            let confirmation = match text.rsplit_once("ovirt-dr confirm ").map(|(_, rest)| rest) {
                Some(rest) if rest.contains(" flip ") => Confirmation::Flip,
                Some(rest) if rest.contains(" site-down ") => Confirmation::SiteDown,
                Some(rest) if rest.contains(" promoted ") => {
                    self.happens(&Event::Order(format!("promote site={to}"))).await?;
                    Confirmation::Promoted
                }
                Some(rest) if rest.contains(" connection:") => {
                    let name = rest.split_once("connection:").map(|(_, name)| name).unwrap_or_default();
                    Confirmation::Connection { name: name.split(" --").next().unwrap_or_default().to_owned() }
                }
                Some(rest) if self.scene.wide && rest.contains(" engine ") => {
                    Confirmation::Engine { instance_id: String::new(), event_id: 0 }
                }
                _ => continue,
            };
            self.happens(&Event::Confirm(confirmation)).await?;
        }
        if self.scene.wide {
            self.confirms_by_hand(&report.waits).await?;
            self.begins_anew(to, &asked).await?;
        }
        Ok(())
    }

    /// Of a host that the failover does not lose the daemon says no more than that it waits for it.
    async fn confirms_by_hand(&mut self, waits: &[String]) -> Result<(), String> {
        for text in waits.iter().filter(|text| text.contains(": confirm it by hand")) {
            let host = text.split_once("its SPM ").and_then(|(_, rest)| rest.split(' ').next());
            if let Some(host) = host.map(str::to_owned) {
                self.happens(&Event::ByHand(Hand::ConfirmDead(host))).await?;
            }
        }
        Ok(())
    }

    /// What the daemon asks of a person once its journal is lost, or older than the world: first which site is active, then to give back
    /// what only the engine's tags know.
    async fn begins_anew(&mut self, to: &str, asked: &[String]) -> Result<(), String> {
        let (by, reason) = (|| "ana".to_owned(), || "the state database was lost".to_owned());
        if asked.iter().any(|text| text.contains("ovirt-dr accept-world")) && self.rig.report().transition.is_none() {
            let here = self.storage_is_at().unwrap_or_else(|| to.to_owned());
            if self.file_says() != here {
                self.happens(&Event::Flip(here)).await?;
                self.pass(10).await?;
            }
            self.ask(Command::AcceptWorld { by: by(), reason: reason() }).await;
            self.pass(30).await?;
        }
        if asked.iter().any(|text| text.contains("ovirt-dr repair")) {
            // Nothing is given back to a host that the engine would fence for it: the dead are parked first.
            let dead = |status: HostStatus| matches!(status, HostStatus::NonResponsive | HostStatus::Down);
            let dead: Vec<String> = self.rig.engine.look(|world| {
                let hosts = world.hosts.values().filter(|host| !host.outside.powered && dead(host.status));
                hosts.map(|host| host.name.clone()).collect()
            });
            for act in [Hand::ConfirmDead as fn(String) -> Hand, Hand::Park] {
                for name in &dead {
                    self.happens(&Event::ByHand(act(name.clone()))).await?;
                }
                self.pass(30).await?;
            }
            self.ask(Command::Repair { apply: true, by: by(), reason: reason() }).await;
            self.pass(30).await?;
        }
        if self.rig.report().transition.is_none() && self.rig.report().held.is_none() && self.file_says() != to {
            self.happens(&Event::Flip(to.to_owned())).await?;
        }
        Ok(())
    }

    /// The site that most connections point to.
    fn storage_is_at(&self) -> Option<String> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        self.rig.engine.look(|world| {
            for row in world.connections.values() {
                for domain in &self.scene.spec.domains {
                    let sites = domain.copies.iter().filter(|(_, targets)| targets.contains(&row.target));
                    for (site, _) in sites.filter(|(site, _)| self.scene.sites.contains(&site.as_str())) {
                        *count.entry(site).or_default() += 1;
                    }
                }
            }
        });
        count.into_iter().max_by_key(|(_, rows)| *rows).map(|(site, _)| site.to_owned())
    }
}
