//! One storm from one seed: calm, what happens, then a site lost for good and a person who answers what is asked.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use dr_core::Confirmation;
use dr_daemon::Command;
use engine_sim::world::{StorageType, Target};

use crate::Rig;

use super::dice::Dice;
use super::events::{Event, events};
use super::oracle::{self, Watcher};
use super::scene::Scene;

/// How often the world is looked at.
const LOOK: u64 = 5;

/// Time within which everything must be closed once faults have stopped, in seconds.
const CLOSED_WITHIN: u64 = 7200;

/// A wait that is said is final when nothing was sent for so long, in seconds: three times the longest patience with a request.
const NOTHING_SENT: u64 = 1800;

/// How a storm ended that broke nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Nothing is left to do.
    Converged,
    /// It is closed and says what differs.
    Closed(String),
    /// It is not closed and says why.
    Waits(String),
}

/// A running storm.
struct Storm {
    rig: Rig,
    scene: Scene,
    good: String,
    dead: bool,
    /// How many requests had changed something when the plan was paused.
    frozen: Option<usize>,
    second: u64,
    /// When something was last sent that changes something.
    last_sent: u64,
    watcher: Watcher,
}

/// How a storm went.
#[derive(Clone, Debug)]
pub struct Night {
    /// How it ended. The error is what is wrong, in its first line.
    pub end: Result<End, String>,
    /// What happened by chance, one line each: what a script would have to do.
    pub orders: Vec<String>,
    /// The plan's text.
    pub plan: String,
    /// The story as the daemon told it, then what it sent, then its journal: the same, byte for byte, each time.
    pub trace: String,
}

/// Runs the storm of this seed without those of its events that `left_out` names by number.
pub(super) async fn storm(seed: u64, left_out: &BTreeSet<usize>) -> Night {
    let mut dice = Dice(seed);
    let attested = dice.percent(15);
    let scene = Scene::of(&mut dice, seed, attested);
    let all = events(&mut dice, &scene).into_iter().enumerate();
    let events: Vec<(u64, Event)> = all.filter(|(at, _)| !left_out.contains(at)).map(|(_, event)| event).collect();
    let rig = Rig::start(&scene.spec, &scene.plan);
    let good = scene.plan.clone();
    let mut storm =
        Storm { rig, scene, good, dead: false, frozen: None, second: 0, last_sent: 0, watcher: Watcher::default() };
    let end = storm.run(&mut dice, &events).await;
    let orders = events.iter().map(|(at, event)| format!("{at:>4} s  {event:?}")).collect();
    let mut trace = storm.rig.story();
    for one in &storm.watcher.made {
        let _ = writeln!(trace, "{one}");
    }
    for stamped in storm.rig.entries().await {
        let _ = writeln!(trace, "{stamped:?}");
    }
    Night { end, orders, plan: storm.scene.plan.clone(), trace }
}

impl Storm {
    async fn run(&mut self, dice: &mut Dice, events: &[(u64, Event)]) -> Result<End, String> {
        self.rig.until(Duration::from_secs(600), |report| report.accepted_site.is_some()).await?;
        self.pass(dice.roll(10, 60)).await?;
        self.second = 0;
        for (at, event) in events {
            let wait = at.saturating_sub(self.second);
            self.pass(wait).await?;
            self.happens(event).await?;
        }
        self.pass(dice.roll(0, 300)).await?;
        let to = if dice.percent(70) { self.file_says() } else { dice.pick(&self.scene.sites).to_owned() };
        self.for_good(&to).await?;
        self.closes(&to).await
    }

    /// Lets so many seconds pass, looking at the world meanwhile.
    async fn pass(&mut self, seconds: u64) -> Result<(), String> {
        let mut left = seconds;
        while left > 0 {
            let step = left.min(LOOK);
            self.rig.pass(Duration::from_secs(step)).await;
            left -= step;
            self.second += step;
            let before = self.watcher.made.len();
            self.watcher.always(&self.rig, &self.scene).await?;
            if self.watcher.made.len() > before {
                self.last_sent = self.second;
            }
            self.stays_frozen()?;
        }
        Ok(())
    }

    /// I7: a paused plan changes nothing, but for what had left before.
    fn stays_frozen(&self) -> Result<(), String> {
        let made = &self.watcher.made;
        match self.frozen {
            Some(before) if made.len() > before => Err(format!("I7: changed while paused: {:?}", &made[before..])),
            Some(_) | None => Ok(()),
        }
    }

    async fn happens(&mut self, event: &Event) -> Result<(), String> {
        self.rig.note(&format!("{event:?}"));
        let (by, reason) = ("ana".to_owned(), "storm".to_owned());
        match event {
            Event::Order(order) => self.rig.engine.order(order.parse()?)?,
            Event::Flip(site) => {
                let set = |text: &str| dr_plan::set_active_site(text, &dr_plan::SiteName(site.clone()));
                self.good = set(&self.good).map_err(|finding| finding.to_string())?;
                let good = self.good.clone();
                self.rig.edit(|_| good);
            }
            Event::Nonsense(true) => self.rig.edit(|text| text.replacen("    hosts:", "    hots:", 1)),
            Event::Nonsense(false) => {
                let good = self.good.clone();
                self.rig.edit(|_| good);
            }
            Event::Abort => self.ask(Command::Abort { by, reason }).await,
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
            Event::CutOff(cut) => self.rig.cut_off(*cut),
            Event::Kill => {
                self.rig.kill();
                self.dead = true;
            }
            Event::Restart => {
                self.rig.restart();
                self.dead = false;
            }
        }
        Ok(())
    }

    /// A person's command, if the daemon lives; the answer is in the story.
    async fn ask(&self, command: Command) {
        if self.dead {
            return;
        }
        // A command is answered with the next pass, which a slow engine may hold up.
        let answer = tokio::time::timeout(Duration::from_secs(120), self.rig.ask(command)).await;
        self.rig.note(&format!("  answer: {answer:?}"));
    }

    fn file_says(&self) -> String {
        let line = self.good.lines().find_map(|line| line.strip_prefix("active_site:")).unwrap_or_default();
        line.split('#').next().unwrap_or_default().trim().to_owned()
    }

    /// Everything stops going wrong but for this: all sites other than `to` are lost, for good.
    async fn for_good(&mut self, to: &str) -> Result<(), String> {
        self.rig.note(&format!("faults stop; all but {to} is lost for good"));
        self.rig.engine.clear_faults();
        self.rig.engine.set_database(true);
        self.rig.engine.start();
        self.rig.cut_off(false);
        let sites = self.scene.sites.clone();
        for order in sites.iter().filter(|site| **site != to).map(|site| format!("lose_site {site}")) {
            self.rig.engine.order(order.parse()?)?;
        }
        for order in [format!("restore_site {to}"), "restore_site elsewhere".to_owned()] {
            self.rig.engine.order(order.parse()?)?;
        }
        if self.dead {
            self.happens(&Event::Restart).await?;
        }
        self.happens(&Event::Nonsense(false)).await?;
        self.happens(&Event::Resume).await?;
        self.pass(200).await?;
        if self.file_says() != to {
            self.happens(&Event::Flip(to.to_owned())).await?;
        }
        Ok(())
    }

    /// A person answers what is asked until it is closed, or says why it is not.
    async fn closes(&mut self, to: &str) -> Result<End, String> {
        let start = self.second;
        let end = start + CLOSED_WITHIN;
        let mut quiet = 0;
        let mut looks = 0_u64;
        while self.second < end {
            looks += 1;
            self.pass(10).await?;
            let report = self.rig.report();
            let closed = report.transition.is_none()
                && report.held.is_none()
                && report.engine_trouble.is_none()
                && report.active_site == to
                && report.accepted_site.as_deref() == Some(to);
            quiet = if closed { quiet + 1 } else { 0 };
            if quiet == 2 {
                return self.stays_so(to).await;
            }
            if looks.is_multiple_of(6) {
                self.answer(to).await?;
            }
            let says = !(report.refusals.is_empty() && report.held.is_none() && report.waits.is_empty());
            if says && self.second > start + NOTHING_SENT && self.second > self.last_sent + NOTHING_SENT {
                break;
            }
        }
        let report = self.rig.report();
        let why = report.refusals.first().or(report.held.as_ref()).or(report.waits.first());
        match why {
            Some(why) => Ok(End::Waits(why.clone())),
            None => Err(format!("not closed after two hours, and nobody says why: {report:#?}")),
        }
    }

    /// Does what the daemon asks a person to do.
    async fn answer(&mut self, to: &str) -> Result<(), String> {
        let report = self.rig.report();
        let asked: Vec<String> = report.refusals.iter().chain(&report.held).cloned().collect();
        for text in asked {
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
                _ => continue,
            };
            self.happens(&Event::Confirm(confirmation)).await?;
        }
        Ok(())
    }

    /// It is closed: what it says is true, and nothing is changed any more.
    async fn stays_so(&mut self, to: &str) -> Result<End, String> {
        let before = self.rig.mutations();
        let passes = self.rig.report().passes;
        self.rig.until(Duration::from_secs(600), |report| report.passes >= passes + 20).await?;
        self.watcher.always(&self.rig, &self.scene).await?;
        oracle::keeps_secrets(&self.rig).await?;
        let after = self.rig.mutations();
        if after.len() > before.len() {
            return Err(format!("it goes on after it is closed: {:?}", &after[before.len()..]));
        }
        let report = self.rig.report();
        if report.converged {
            oracle::converged(&self.rig, &self.scene, to)?;
            return Ok(End::Converged);
        }
        let exceptions = report.last_closed.as_ref().and_then(|closed| closed.exceptions.first());
        let said = report.drift.first().or(report.refusals.first()).or(report.waits.first()).or(exceptions);
        match said.or(report.owed.first()) {
            Some(said) => Ok(End::Closed(said.clone())),
            None => Err(format!("closed and not converged, and nobody says why: {report:#?}")),
        }
    }
}
