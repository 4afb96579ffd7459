//! One storm from one seed: calm, what happens, then a site lost for good and a person who answers what is asked.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use engine_sim::world::{Bmc, HostId, SshManner};

use crate::Rig;

use super::clocks;
use super::dice::Dice;
use super::events::{Event, events};
use super::oracle::{self, Watcher};
use super::removal;
use super::scene::Scene;

/// How often the world is looked at.
const LOOK: u64 = 5;

/// Time within which everything must be closed once faults have stopped, in seconds.
const CLOSED_WITHIN: u64 = 7200;

/// A wait that is said is final when nothing was sent for so long, in seconds, and nothing is under way: longer than the 15 minutes that an
/// unsettled host is given, the longest of all patience.
const NOTHING_SENT: u64 = 1000;

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
pub(super) struct Storm {
    pub(super) rig: Rig,
    pub(super) scene: Scene,
    /// The file as it was last written in good order.
    pub(super) good: String,
    /// Each of its versions, and since when.
    pub(super) files: Vec<(u64, String)>,
    pub(super) dead: bool,
    /// A crash point is armed; how long the daemon is dead then, in seconds.
    pub(super) crashes: Option<u64>,
    /// When a daemon that crashed there is started again.
    pub(super) wakes_at: Option<u64>,
    /// How many requests had changed something when the plan was paused.
    pub(super) frozen: Option<usize>,
    pub(super) second: u64,
    /// When something was last sent that changes something.
    last_sent: u64,
    pub(super) watcher: Watcher,
    /// What still happens once all faults have stopped, in seconds from then on.
    late: VecDeque<(u64, Event)>,
    /// How long after that it closed.
    closed_after: u64,
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
    /// Jumps of the clock after all faults have stopped, with their numbers among the events.
    pub(super) late_jumps: Vec<(usize, clocks::LateJump)>,
    /// How many seconds after that it closed.
    pub(super) closed_after: u64,
}

/// Runs the storm of this seed without those of its events that `left_out` names by number.
pub(super) async fn storm(seed: u64, left_out: &BTreeSet<usize>) -> Night {
    let mut dice = Dice(seed);
    let attested = dice.percent(15);
    let scene = Scene::of(&mut dice, seed, attested);
    let mut events = events(&mut dice, &scene);
    let mut late = if scene.wide { clocks::draw(seed, &mut events) } else { Vec::new() };
    if scene.wide {
        removal::draw(seed, &scene, &mut events);
    }
    let late_jumps = clocks::late_jumps(&late, events.len());
    let mut numbers = 0..;
    let mut stays = |_: &(u64, Event)| numbers.next().is_some_and(|number| !left_out.contains(&number));
    events.retain(&mut stays);
    late.retain(&mut stays);
    let rig = Rig::start(&scene.spec, &scene.plan);
    let good = scene.plan.clone();
    let files = vec![(0, good.clone())];
    let watcher = Watcher::default();
    let mut storm = Storm {
        rig,
        scene,
        good,
        files,
        dead: false,
        crashes: None,
        wakes_at: None,
        frozen: None,
        second: 0,
        last_sent: 0,
        watcher,
        late: late.iter().cloned().collect(),
        closed_after: 0,
    };
    let end = storm.run(&mut dice, &events).await;
    let mut orders: Vec<String> = events.iter().map(|(at, event)| format!("{at:>4} s  {event:?}")).collect();
    orders.extend(late.iter().map(|(at, event)| format!("{at:>4} s after the faults stop  {event:?}")));
    let mut trace = storm.rig.story();
    for one in &storm.watcher.made {
        let _ = writeln!(trace, "{one}");
    }
    for stamped in storm.rig.entries().await {
        let _ = writeln!(trace, "{stamped:?}");
    }
    Night { end, orders, plan: storm.scene.plan.clone(), trace, late_jumps, closed_after: storm.closed_after }
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
    pub(super) async fn pass(&mut self, seconds: u64) -> Result<(), String> {
        let mut left = seconds;
        while left > 0 {
            let step = left.min(LOOK);
            match self.crashes {
                Some(later) if self.rig.crashed(Duration::from_secs(step)).await => {
                    self.rig.note("the daemon is killed there");
                    self.rig.kill();
                    self.dead = true;
                    self.crashes = None;
                    self.wakes_at = Some(self.second + later);
                }
                Some(_) => {}
                None => self.rig.pass(Duration::from_secs(step)).await,
            }
            left -= step;
            self.second += step;
            if self.wakes_at.is_some_and(|at| at <= self.second) {
                self.wakes_at = None;
                self.rig.note("the daemon is started again");
                self.starts().await;
            }
            let before = self.watcher.made.len();
            self.watcher.always(&self.rig, &self.scene).await?;
            if self.watcher.made.len() > before {
                self.last_sent = self.second;
            }
            if !self.dead && self.scene.wide {
                self.watcher.plans.named(&self.rig, self.second, &self.good)?;
            }
            if !self.dead {
                self.watcher.clock.knows(self.rig.report().passes, self.rig.clock.wall_offset())?;
            }
            self.stays_frozen()?;
        }
        Ok(())
    }

    /// The daemon is started by what the wall clock shows, as the real one is.
    pub(super) async fn starts(&mut self) {
        self.rig.restart_by_the_wall_clock().await;
        self.dead = false;
        let newest = self.rig.entries().await.last().map_or(0, |newest| newest.seq);
        self.watcher.clock.started(newest, self.rig.clock.now());
        self.watcher.plans.edited(self.second, 0);
    }

    /// I7: a paused plan changes nothing, but for what had left before.
    fn stays_frozen(&self) -> Result<(), String> {
        let made = &self.watcher.made;
        match self.frozen {
            Some(before) if made.len() > before => Err(format!("I7: changed while paused: {:?}", &made[before..])),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn file_says(&self) -> String {
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
        if self.scene.wide {
            self.mends_hosts();
        }
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

    /// Each host does again what hosts do.
    fn mends_hosts(&self) {
        self.rig.engine.world(|world| {
            let hosts: Vec<HostId> = world.hosts.keys().copied().collect();
            for host in hosts {
                world.set_host_ssh(host, SshManner::AsLink);
                world.set_host_bmc(host, Bmc::WithSite);
                world.set_storage_cut(host, false);
                world.set_spm_stuck(host, false);
            }
        });
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
            while let Some((_, event)) = self.late.pop_front_if(|(at, _)| start + *at <= self.second) {
                self.happens(&event).await?;
            }
            let report = self.rig.report();
            // The report of a dead daemon says nothing of what it will do when it is there again.
            let closed = !self.dead
                && report.transition.is_none()
                && report.held.is_none()
                && report.engine_trouble.is_none()
                && report.active_site == to
                && report.accepted_site.as_deref() == Some(to)
                && !(self.scene.wide && report.refusals.iter().any(|text| text.contains("ovirt-dr ")));
            quiet = if closed { quiet + 1 } else { 0 };
            if quiet == 2 {
                self.closed_after = self.second - start;
                return self.stays_so(to).await;
            }
            if looks.is_multiple_of(6) {
                self.answer(to).await?;
            }
            let says = !(report.refusals.is_empty() && report.held.is_none() && report.waits.is_empty());
            let rests = report.in_flight.is_empty();
            if says && rests && self.second > start + NOTHING_SENT && self.second > self.last_sent + NOTHING_SENT {
                break;
            }
        }
        let report = self.rig.report();
        if let Some(wait) = report.waits.iter().find(|wait| oracle::ends_by_itself(wait)).filter(|_| !self.dead) {
            return Err(format!(
                "nothing was sent for {NOTHING_SENT} s, and this should have passed long since: {wait}"
            ));
        }
        let why = report.refusals.first().or(report.held.as_ref()).or(report.waits.first());
        match why {
            Some(why) => Ok(End::Waits(why.clone())),
            None => Err(format!("not closed after two hours, and nobody says why: {report:#?}")),
        }
    }

    /// It is closed: what it says is true, and nothing is changed any more.
    async fn stays_so(&mut self, to: &str) -> Result<End, String> {
        self.rig.crash_nowhere();
        // Killed in this very instant: it is there again at once.
        if self.crashes.take().is_some() && self.rig.crashed(Duration::ZERO).await {
            self.starts().await;
        }
        while let Some((_, event)) = self.late.pop_front() {
            self.happens(&event).await?;
        }
        let before = self.rig.mutations();
        let passes = self.rig.report().passes;
        self.rig.until(Duration::from_secs(600), |report| report.passes >= passes + 20).await?;
        self.watcher.always(&self.rig, &self.scene).await?;
        oracle::keeps_secrets(&self.rig).await?;
        if self.scene.wide {
            self.watcher.plans.counts(&self.good)?;
        }
        let after = self.rig.mutations();
        if after.len() > before.len() {
            return Err(format!("it goes on after it is closed: {:?}", &after[before.len()..]));
        }
        let report = self.rig.report();
        if report.converged {
            oracle::converged(&self.rig, &self.scene, to, &self.watcher, &self.good)?;
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
