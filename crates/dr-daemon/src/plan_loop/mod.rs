//! The loop of one plan: observe, decide, act, report; again and again.
//!
//! A wake-up (timer, file, command, ended step) carries no data: each pass rereads everything. A pass never waits for a slow request: steps run
//! beside the loop and are part of memory until their outcome is journalled. Outcomes that arrive while the engine is being read are journalled
//! after that pass, so that what a decision remembers is never newer than what it sees.

mod act;
mod commands;
mod flips;
mod journalling;
mod minding;
mod probing;
mod publish;
mod repairing;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dr_core::{Decision, Entry, Goal, HostStatus, Memory, Observed, Outcome, Phase, Step, Time, decide};
use dr_plan::Plan;
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::connect::{Door, Materials};
use crate::execute::Executor;
use crate::observe::Observer;
use crate::ports::{Hooks, Journal, Prober};
use crate::report::{Asked, Level, Line, PlanHandle, Report};
use crate::story::Story;
use crate::twins::Twins;

pub use source::PlanText;

/// Pause between two passes inside a transition; never shorter than the last read took, so that at most half of the engine's time is ours.
const PAUSE_IN_TRANSITION: Duration = Duration::from_secs(1);
/// Shortest pause between two passes, whatever wakes the loop.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// Virtual machines are the largest list: in calm times they are read this often.
const VMS_IN_CALM: Duration = Duration::from_secs(60);
/// An engine that answers nothing for this long is said to be silent; how long its answers are waited for is the client's.
const SILENT: Duration = Duration::from_secs(10);
/// Lines of the story that a slow listener may fall behind.
const LINES_KEPT: usize = 4096;

/// The edges that a plan's loop works through.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Clock,
    /// The durable journal.
    pub journal: Arc<dyn Journal>,
    /// Evidence.
    pub prober: Arc<dyn Prober>,
    /// The administrator's hooks.
    pub hooks: Arc<dyn Hooks>,
    /// How engines are reached.
    pub door: Door,
    /// Which plan speaks to which engine.
    pub twins: Twins,
}

/// One plan's loop.
pub struct PlanLoop {
    name: String,
    dir: PathBuf,
    file: Arc<dyn PlanText>,
    ports: Ports,
    wake: Arc<Notify>,

    memory: Memory,
    story: Story,
    source: source::Source,
    /// The open transition's plan as the invariants read it, apart from what `source` says.
    opened_with: Option<(u64, Plan)>,
    engine: Option<Engine>,
    /// The engine's client, also while a pass has the engine.
    client: Option<ovirt_client::Client>,
    observed: Option<Observed>,
    last_vms: Option<Time>,
    decision: Decision,
    board: probing::Board,
    /// How long the open transition was expected to take when it opened, and how much longer at most.
    forecast: Option<(Duration, Duration)>,

    ended: mpsc::UnboundedReceiver<Ended>,
    /// Taken from there and not journalled yet, in order.
    unjournalled: Vec<Ended>,
    ends: mpsc::UnboundedSender<Ended>,
    commands: mpsc::Receiver<Asked>,
    report: watch::Sender<Report>,
    lines: broadcast::Sender<Line>,
    last_closed: Option<crate::report::ClosedReport>,
    trouble: Option<String>,
    journal_trouble: Option<String>,
    /// Why memory is not known: the journal cannot be read, or is not as it was written. Then the engine is only looked at.
    unread: Option<String>,
    /// Outcomes of steps that a daemon before us left under way, as long as they are not journalled.
    left_over: Vec<Entry>,
    /// Steps under way; they end with the loop, as the requests of a killed daemon do.
    flying: JoinSet<()>,
    /// Wall clock minus our clock, in milliseconds, as last seen.
    wall_offset: i64,
    passes: u64,
    quiet: bool,
    took: Duration,
}

/// The engine as one plan reaches it.
struct Engine {
    of: dr_plan::Engine,
    materials: Materials,
    client: ovirt_client::Client,
    observer: Observer,
    executor: Arc<Executor>,
}

/// A step that has ended and waits to be journalled.
struct Ended {
    id: u64,
    step: Step,
    outcome: Outcome,
    took: Duration,
}

impl PlanLoop {
    /// A loop that is ready to run, and its handle. `dir` is the folder that the plan's relative paths refer to.
    pub fn new(
        name: &str,
        dir: PathBuf,
        file: Arc<dyn PlanText>,
        ports: Ports,
        wake: Arc<Notify>,
    ) -> (Self, PlanHandle) {
        let (ends, ended) = mpsc::unbounded_channel();
        let (ask, commands) = mpsc::channel(16);
        let (report, reported) = watch::channel(Report { plan: name.to_owned(), ..Report::default() });
        let (lines, _) = broadcast::channel(LINES_KEPT);
        let handle = PlanHandle { name: name.to_owned(), commands: ask, report: reported, lines: lines.clone() };
        let board = probing::Board::new(ports.clock.clone(), Arc::clone(&ports.prober), Arc::clone(&wake));
        let this = Self {
            name: name.to_owned(),
            dir,
            file,
            ports,
            wake,
            memory: Memory::default(),
            story: Story::new(name),
            source: source::Source::default(),
            opened_with: None,
            engine: None,
            client: None,
            observed: None,
            last_vms: None,
            decision: Decision::default(),
            board,
            forecast: None,
            ended,
            unjournalled: Vec::new(),
            ends,
            commands,
            report,
            lines,
            last_closed: None,
            trouble: None,
            journal_trouble: None,
            unread: None,
            left_over: Vec::new(),
            flying: JoinSet::new(),
            wall_offset: 0,
            passes: 0,
            quiet: false,
            took: Duration::ZERO,
        };
        (this, handle)
    }

    /// Runs until the handle and its commands are gone. While the journal of this plan cannot be read, nothing is known of what was done,
    /// so nothing is done: the engine is only looked at, and the journal is read again in each round.
    pub async fn run(mut self) {
        self.remember().await;
        loop {
            if self.unread.is_some() {
                self.remember().await;
            }
            self.mind_the_clock().await;
            self.journal_ended().await;
            self.read_file().await;
            if self.source.in_force().is_some() {
                self.pass().await;
            }
            self.publish();
            if !self.rest().await {
                return;
            }
        }
    }

    fn now(&self) -> Time {
        self.ports.clock.now()
    }

    /// One round: look, judge the file, decide, act.
    async fn pass(&mut self) {
        let began = self.now();
        let Some(plan) = self.source.in_force().cloned() else { return };
        if let Err(text) = self.reach(&plan) {
            self.in_trouble(Some(text));
            return;
        }
        let open = self.memory.transition.is_some();
        let read_vms = open || self.last_vms.is_none_or(|at| began.since(at) >= VMS_IN_CALM) || self.wants_vms();
        let probes = self.board.states();
        let Some(mut engine) = self.engine.take() else { return };
        let client = engine.client.clone();
        self.client = Some(client.clone());
        let answers = client.answers();
        let clock = self.ports.clock.clone();
        let observed = {
            let silent = clock.sleep(SILENT);
            tokio::pin!(silent);
            let mut listening = true;
            let reading = engine.observer.observe(probes, read_vms, began);
            tokio::pin!(reading);
            loop {
                tokio::select! {
                    biased;
                    observed = &mut reading => break observed,
                    Some(asked) = self.commands.recv() => self.command(asked).await,
                    () = &mut silent, if listening => {
                        listening = false;
                        if client.answers() == answers {
                            self.hears_nothing(client.has_token());
                        }
                    }
                }
            }
        };
        self.engine = Some(engine);
        self.passes += 1;
        self.took = self.now().since(began);
        if read_vms && observed.vms.seen().is_some() {
            self.last_vms = Some(began);
        }
        let refused = self.engine.as_ref().is_some_and(|engine| engine.client.refusal().is_some());
        let remedy = if refused {
            format!(
                ". Put the right password into its place; if the account was locked and is not any more: ovirt-dr resume {}",
                self.name
            )
        } else {
            String::new()
        };
        self.in_trouble(publish::trouble(&observed).map(|text| text + &remedy));
        if let Some(hosts) = observed.hosts.seen() {
            self.board.watch(&plan, hosts, self.memory.transition.as_ref());
        }
        let mut observed = observed;
        let before = self.observed.as_ref().map(|before| &before.left_out);
        observed.left_out = dr_core::left_out(&plan, &observed, &self.memory, before.unwrap_or(&BTreeMap::new()));
        self.see(&plan, observed).await;
        if self.unread.is_some() {
            return;
        }
        self.flip().await;
        self.settle(began).await;
    }

    /// Keeps what was observed, tells what changed, journals what calm times teach.
    async fn see(&mut self, plan: &Plan, observed: Observed) {
        if let Some(before) = &self.observed {
            let lines = self.story.world(plan, before, &observed, self.memory.transition.is_some());
            self.tell(lines);
        }
        let mut entries = Vec::new();
        if self.memory.transition.is_none() {
            entries.extend(dr_core::ran_changes(&observed, &self.memory));
            entries.extend(self.board.newly_answered(&self.memory));
            entries.extend(journalling::engine_identity(&observed, &self.memory));
        }
        entries.extend(dr_core::epoch_seen(plan, &observed, &self.memory));
        self.observed = Some(observed);
        self.write(entries).await;
    }

    /// Decides on what was observed, journals what was concluded, takes the steps.
    async fn settle(&mut self, began: Time) {
        let Some(plan) = self.source.acting(&self.memory).cloned() else { return };
        // Not copied: thousands of virtual machines are in it.
        let Some(observed) = &self.observed else { return };
        let now = self.now();
        let mut decision = decide(&plan, observed, &self.memory, now);
        self.mind_twins(&mut decision);
        let mut entries = Vec::new();
        if let Some(transition) = &self.memory.transition {
            let epoch = transition.epoch;
            if let Some(evidence) = &decision.proven {
                entries.push(Entry::Proven { epoch, evidence: evidence.clone() });
                let text = format!("{} proven down: {evidence}", transition.from);
                self.tell(vec![self.story.say(now, Level::Notice, text)]);
            }
            if !decision.reached.is_empty() {
                entries.push(Entry::Reached { epoch, goals: decision.reached.clone() });
            }
        }
        entries.extend(self.new_refusals(&decision));
        let lines = self.story.waits(now, &decision.waits, &decision.refusals);
        self.tell(lines);
        // What cannot be read differs from nothing.
        if decision.phase == Phase::Calm && self.trouble.is_none() {
            let lines = self.story.drift(now, &decision.drift);
            self.tell(lines);
        }
        self.decision = decision.clone();
        if !self.write(entries).await {
            return;
        }
        self.all_vms_are_up(&decision, now);
        if let Some(exceptions) = &decision.closing {
            self.close(exceptions.clone()).await;
            return;
        }
        self.act(&plan, &decision, now).await;
        let calm = decision.phase == Phase::Calm && decision.refusals.is_empty() && decision.drift.is_empty();
        let quiet = calm && self.memory.held.is_none() && self.trouble.is_none() && decision.waits.is_empty();
        if quiet && !self.quiet && self.memory.accepted.is_some() && self.last_closed.is_none() {
            let text = format!("converged: nothing to do; {} owed", self.memory.owed.len());
            self.tell(vec![self.story.say(began, Level::Info, text)]);
        }
        self.quiet = quiet;
    }

    /// Says so in the pass that sees the last of them arrive.
    fn all_vms_are_up(&self, decision: &Decision, now: Time) {
        let Some(transition) = &self.memory.transition else { return };
        let up = transition.reached.keys().filter(|goal| matches!(goal, Goal::VmUp(_))).count();
        let of = transition.vms.len();
        if up == of && decision.reached.iter().any(|goal| matches!(goal, Goal::VmUp(_))) {
            self.tell(vec![self.story.say(now, Level::Info, format!("{of} of {of} VMs up"))]);
        }
    }

    async fn close(&mut self, exceptions: Vec<String>) {
        let Some(transition) = self.memory.transition.clone() else { return };
        let now = self.now();
        let took = now.since(transition.opened);
        if let Err(breach) = dr_core::invariants::closing(&self.memory) {
            self.breached(breach, &[], now).await;
            return;
        }
        if !self.write(vec![Entry::Closed { epoch: transition.epoch, exceptions: exceptions.clone() }]).await {
            return;
        }
        let forecast = self.forecast.take().map_or_else(String::new, |(total, lease)| match lease {
            Duration::ZERO => format!(" (forecast {})", crate::story::said(total)),
            lease => format!(" (forecast {} to {})", crate::story::said(total), crate::story::said(total + lease)),
        });
        let (level, text) = if transition.from == transition.to {
            let active = match &self.memory.held {
                None => format!("{} stays active", transition.from),
                Some(held) => format!("whether {} is active is still for a person to say", held.to),
            };
            (Level::Notice, format!("repaired: {active}, 0 owed"))
        } else if transition.cancelled {
            let text = format!("turned back: {} stays active, nothing was changed, 0 owed", transition.from);
            let left: Vec<&str> = transition.lost_before.keys().map(String::as_str).collect();
            match left.as_slice() {
                [] => (Level::Notice, text),
                left => (Level::Warning, format!("{text}. {}", not_taken_up(left))),
            }
        } else if exceptions.is_empty() {
            (Level::Notice, format!("converged at {} after {}{forecast}", transition.to, crate::story::said(took)))
        } else {
            let text = format!(
                "converged at {} with exceptions after {}{forecast}: {}",
                transition.to,
                crate::story::said(took),
                exceptions.join("; ")
            );
            (Level::Warning, text)
        };
        self.story.turn_page();
        self.tell(vec![self.story.say(now, level, text)]);
        self.source.thaw();
        self.decision = Decision::default();
    }

    /// Builds the client when the plan's engine is new or has changed.
    fn reach(&mut self, plan: &Plan) -> Result<(), String> {
        let known = self.engine.as_ref().filter(|engine| engine.of == plan.engine);
        if known.is_some() && self.trouble.is_none() {
            return Ok(());
        }
        // In trouble a person may have put password or CA right; a login that was refused is tried again only then.
        let materials = Materials::read(&plan.engine, &self.dir, &self.ports.door)?;
        if known.is_some_and(|engine| engine.materials.are_as(&materials)) {
            return Ok(());
        }
        let client = crate::connect::client(&plan.engine, &self.ports.door, &materials)?;
        let executor = Executor::new(client.clone(), Arc::clone(&self.ports.prober), Arc::clone(&self.ports.hooks));
        self.engine = Some(Engine {
            of: plan.engine.clone(),
            materials,
            client: client.clone(),
            observer: Observer::new(client),
            executor: Arc::new(executor),
        });
        Ok(())
    }

    /// Nothing at all was answered since the pass began: said before the requests are given up, which takes a minute.
    fn hears_nothing(&mut self, logged_in: bool) {
        if self.trouble.is_some() {
            return;
        }
        let first = if logged_in { "GET /ovirt-engine/api" } else { "the login" };
        let silent = crate::story::said(SILENT);
        self.in_trouble(Some(format!("{first} has not been answered for {silent} and is still waited for")));
        self.publish();
    }

    /// Says once that the engine cannot be read, and once that it can again.
    fn in_trouble(&mut self, trouble: Option<String>) {
        let now = self.now();
        match (&self.trouble, &trouble) {
            (None, Some(text)) => {
                let text = format!("the engine cannot be read: {text}. Nothing is taken for absent, nothing is done");
                self.tell(vec![self.story.say(now, Level::Warning, text)]);
            }
            (Some(_), None) => self.tell(vec![self.story.say(now, Level::Info, "the engine answers again")]),
            (None, None) | (Some(_), Some(_)) => {}
        }
        self.trouble = trouble;
    }

    /// Virtual machines are needed out of turn: a host of the plan is in trouble, or something is about to open.
    fn wants_vms(&self) -> bool {
        let lost = |host: &dr_core::Host| host.status != HostStatus::Up && host.status != HostStatus::Maintenance;
        let hosts = self.observed.as_ref().and_then(|observed| observed.hosts.seen());
        if hosts.is_some_and(|hosts| hosts.iter().any(lost)) {
            return true;
        }
        let file = self.source.candidate().map(|plan| plan.active_site.0.as_str());
        file.is_some() && file != self.memory.accepted.as_deref()
    }

    fn tell(&self, lines: Vec<Line>) {
        for line in lines {
            crate::log::emit(&line);
            // Nobody listening is no trouble.
            let _ = self.lines.send(line);
        }
    }

    /// Waits for the next reason to look; false when there will be none any more.
    async fn rest(&mut self) -> bool {
        let open = self.memory.transition.is_some();
        let interval = self.source.in_force().map_or(PAUSE_IN_TRANSITION, |plan| plan.policy.interval);
        let pause = if self.source.is_settling() {
            source::SETTLES / 4
        } else if open {
            PAUSE_IN_TRANSITION.max(self.took)
        } else {
            interval
        };
        let clock = self.ports.clock.clone();
        clock.sleep(SHORTEST_PAUSE.max(self.took / 4)).await;
        // In this order, so that the same night is told in the same way.
        tokio::select! {
            biased;
            ended = self.ended.recv() => {
                self.unjournalled.extend(ended);
                true
            }
            asked = self.commands.recv() => match asked {
                Some(asked) => {
                    self.command(asked).await;
                    true
                }
                None => false,
            },
            () = self.wake.notified() => true,
            () = clock.sleep(pause) => true,
        }
    }
}

/// The failover that this one had replaced is over with it.
fn not_taken_up(left: &[&str]) -> String {
    let left = left.join(" and ");
    format!(
        "The failover from {left} that it had replaced is not taken up again: what is not parked there is to be confirmed and parked by hand"
    )
}

impl Drop for PlanLoop {
    fn drop(&mut self) {
        self.ports.twins.release(&self.name);
    }
}
