//! What persons ask for, journalled before it counts.

use dr_core::{Asked as How, Confirmation, Entry, Refusal, forecast};
use dr_plan::SiteName;

use crate::report::{Answered, Asked, Command, Level};

use super::PlanLoop;

impl PlanLoop {
    /// Carries out one command and answers it.
    pub(super) async fn command(&mut self, asked: Asked) {
        let (command, answer) = asked;
        let answered = self.carry_out(command).await;
        // Whoever asked may have gone.
        let _ = answer.send(answered);
        self.wake.notify_one();
        self.publish();
    }

    async fn carry_out(&mut self, command: Command) -> Answered {
        if let Some(why) = &self.unread {
            return Err(format!("{why}. The engine is only looked at"));
        }
        match command {
            Command::Failover { site, by, reason } => self.failover(&site, by, reason).await,
            Command::Abort { by, reason } => self.abort(by, reason).await,
            Command::AcceptWorld { by, reason } => self.accept_world(by, reason).await,
            Command::Confirm { confirmation, by, reason } => self.confirm(confirmation, by, reason).await,
            Command::Pause { by, reason } => {
                let text = format!("paused by {by}: {reason}");
                self.note(Entry::Paused { by, reason }, Level::Notice, text).await
            }
            Command::Resume { by } => {
                // An account that was locked and is not any more has the same password: only a person knows.
                let refused = self.client.as_ref().filter(|client| client.refusal().is_some());
                let login = refused.map(|client| {
                    client.forget_refusal();
                    "the login that was refused is tried once more"
                });
                if self.memory.paused.is_none() && self.memory.breached.is_none() {
                    return Ok(login.unwrap_or("it is not paused").to_owned());
                }
                let login = login.map_or_else(String::new, |login| format!("; {login}"));
                let text = format!("resumed by {by}{login}");
                self.note(Entry::Resumed { by }, Level::Notice, text).await
            }
            Command::Repair { apply, by, reason } => self.repair(apply, &by, &reason).await,
            Command::Preview { site } => self.preview(site),
        }
    }

    async fn note(&mut self, entry: Entry, level: Level, text: String) -> Answered {
        if !self.write(vec![entry]).await {
            return Err(self.journal_trouble.clone().unwrap_or_default());
        }
        self.tell(vec![self.story.say(self.now(), level, text.clone())]);
        Ok(text)
    }

    /// Journals the request, rewrites the file's line, then accepts it as if it had been read twice.
    async fn failover(&mut self, site: &str, by: String, why: String) -> Answered {
        let Some(plan) = self.source.candidate().or(self.source.in_force()) else {
            return Err("there is no valid plan yet; ovirt-dr check says why".to_owned());
        };
        let name = SiteName(site.to_owned());
        if !plan.sites.contains_key(&name) {
            let known: Vec<&str> = plan.sites.keys().map(|site| site.0.as_str()).collect();
            return Err(format!("the plan has no site {site}; it has {}", known.join(", ")));
        }
        if self.memory.accepted.as_deref() == Some(site) && plan.active_site == name && self.memory.held.is_none() {
            return Ok(format!("{site} is already active"));
        }
        if let Some(why) = self.source.ignored() {
            return Err(format!("the plan file is broken, so its line cannot be changed: {why}"));
        }
        if !self.write(vec![Entry::Requested { site: site.to_owned(), by: by.clone(), why: why.clone() }]).await {
            return Err(self.journal_trouble.clone().unwrap_or_default());
        }
        if plan_differs(&self.file.read(), self.source.candidate_text()) {
            return Err("the plan file was edited a moment ago; try again in a few seconds".to_owned());
        }
        self.file.set_active_site(&name)?;
        let text = self.file.read()?;
        self.source.settled(&self.name, text);
        match self.source.candidate().cloned() {
            Some(plan) if plan.active_site == name => self.judge(&plan, &How::Failover { by, why }).await,
            Some(_) | None => Err("the plan file changed under our hands; look at it and try again".to_owned()),
        }
    }

    async fn abort(&mut self, by: String, reason: String) -> Answered {
        let back = match (&self.memory.transition, &self.memory.held) {
            (Some(transition), _) if !transition.commitment.stands() && !transition.cancelled => {
                transition.from.clone()
            }
            (Some(transition), _) if transition.cancelled => return Ok("it is already being turned back".to_owned()),
            (Some(transition), _) => {
                return Err(format!(
                    "{}; going back from {} needs ovirt-dr failover {} {} and a confirmation",
                    transition.commitment, transition.to, self.name, transition.from
                ));
            }
            (None, Some(held)) => held.from.clone(),
            (None, None) => {
                return Err("no transition is open and no flip is held: there is nothing to abort".to_owned());
            }
        };
        self.failover(&back, by, reason).await
    }

    async fn accept_world(&mut self, by: String, why: String) -> Answered {
        if self.memory.transition.is_some() {
            return Err("a transition is open: abort it, or let it arrive".to_owned());
        }
        let Some(plan) = self.source.candidate().cloned() else {
            return Err("there is no valid plan yet; ovirt-dr check says why".to_owned());
        };
        self.judge(&plan, &How::AcceptWorld { by, why }).await
    }

    async fn confirm(&mut self, confirmation: Confirmation, by: String, reason: String) -> Answered {
        let confirmation = match confirmation {
            Confirmation::Engine { .. } => {
                let engine = self.observed.as_ref().and_then(|observed| observed.engine.seen());
                let Some(engine) = engine else { return Err("the engine does not answer".to_owned()) };
                Confirmation::Engine { instance_id: engine.instance_id.clone(), event_id: engine.event_id.unwrap_or(0) }
            }
            Confirmation::Flip if self.memory.held.is_none() => return Err("no flip is held".to_owned()),
            Confirmation::SiteDown
            | Confirmation::Promoted
            | Confirmation::IgnoreProbe { .. }
            | Confirmation::Connection { .. }
                if self.memory.transition.is_none() =>
            {
                return Err("no transition is open: there is nothing to confirm".to_owned());
            }
            Confirmation::Flip
            | Confirmation::SiteDown
            | Confirmation::Promoted
            | Confirmation::IgnoreProbe { .. }
            | Confirmation::Connection { .. } => confirmation,
        };
        if let Some(why) = self.contradicts(&confirmation) {
            return Err(why);
        }
        let what = match &confirmation {
            Confirmation::Flip => "the held flip is meant".to_owned(),
            Confirmation::SiteDown => self.what_is_down(),
            Confirmation::Promoted => "the replica is writable".to_owned(),
            Confirmation::IgnoreProbe { host, probe } => format!("an answer on {probe} is not {host}'s"),
            Confirmation::Connection { name } => format!("connection {name} may be written"),
            Confirmation::Engine { instance_id, .. } => format!("the engine {instance_id} is the one engine alive"),
        };
        let text = format!("{by} confirms: {what} ({reason})");
        self.note(Entry::Confirmed { confirmation, by, reason }, Level::Notice, text).await
    }

    /// What a person who confirms a loss vouches for.
    fn what_is_down(&self) -> String {
        let before = self.memory.transition.iter().flat_map(|transition| transition.lost_before.keys());
        let before: Vec<&str> = before.map(String::as_str).collect();
        if before.is_empty() {
            "the lost site is down".to_owned()
        } else {
            format!("the lost site is down, and {} too", before.join(" and "))
        }
    }

    /// What a confirmation gets wrong that can be seen from here: it speaks of what the open transition does not have, or of a loss that what
    /// is seen speaks against. A word that was taken would count until the transition is over, also once its host has gone silent.
    fn contradicts(&mut self, confirmation: &Confirmation) -> Option<String> {
        let transition = self.memory.transition.clone()?;
        let plan = self.source.acting(&self.memory)?;
        match confirmation {
            Confirmation::SiteDown => {
                let speaks_against =
                    |refusal: &&Refusal| matches!(refusal, Refusal::SiteAlive { .. } | Refusal::ProbeAnswers { .. });
                let refusal = self.decision.refusals.iter().find(speaks_against)?;
                Some(format!("not taken: {}", refusal.said(&self.name)))
            }
            Confirmation::IgnoreProbe { host, probe } => {
                let lost = || plan.sites.iter().filter(|(name, _)| transition.has_lost(&name.0));
                let Some((_, site)) = lost().find(|(_, site)| site.hosts.contains(host)) else {
                    let known = |(name, site): (&SiteName, &dr_plan::Site)| {
                        format!("{name} has no host {host} in the plan; it has {}", site.hosts.join(", "))
                    };
                    return Some(lost().map(known).collect::<Vec<_>>().join("; "));
                };
                let ports = &site.evidence.host_ports;
                let port = probe.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
                if port.is_some_and(|port: u16| ports.contains(&port)) {
                    return None;
                }
                let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                Some(format!("{probe} is no evidence of {host}; its ports are {}", ports.join(", ")))
            }
            Confirmation::Connection { name } => {
                let entry = name.split_once(" portal ").map_or(name.as_str(), |(entry, _)| entry);
                let known = plan.storage.iter().any(|known| known.name == entry);
                (!known).then(|| format!("the plan has no connection {name}"))
            }
            Confirmation::Flip | Confirmation::Promoted | Confirmation::Engine { .. } => None,
        }
    }

    fn preview(&self, site: Option<String>) -> Answered {
        let Some(plan) = self.source.candidate().or(self.source.in_force()) else {
            return Err("there is no valid plan yet; ovirt-dr check says why".to_owned());
        };
        let Some(observed) = &self.observed else { return Err("the engine has not been read yet".to_owned()) };
        let other = || plan.sites.keys().find(|site| Some(site.0.as_str()) != self.memory.accepted.as_deref()).cloned();
        let Some(to) = site.map(SiteName).or_else(other) else { return Err("the plan has one site only".to_owned()) };
        if !plan.sites.contains_key(&to) {
            return Err(format!("the plan has no site {to}"));
        }
        let forecast = forecast(plan, &to, observed, &self.memory, self.now());
        serde_json::to_string(&super::publish::preview(&to, &forecast)).map_err(|error| error.to_string())
    }
}

fn plan_differs(file: &Result<String, String>, known: Option<&str>) -> bool {
    matches!((file, known), (Ok(text), Some(known)) if text != known)
}
