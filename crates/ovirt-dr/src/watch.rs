//! Following plans: the story scrolls, and on a terminal the state stays below it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use dr_daemon::{Clock, Report};
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use crate::client::{Client, Told};
use crate::exit::{Exit, Failure};
use crate::out::{self, Out};
use crate::status::{self, Look};

/// A lost daemon is looked for again after this time.
const AGAIN: Duration = Duration::from_secs(1);
/// Ages on the terminal are kept up to date.
const TICK: Duration = Duration::from_secs(1);

/// What happened to one of the followed plans.
#[derive(Debug)]
pub(crate) enum Event {
    /// The daemon told something; the text as it came, and what it means.
    Told(String, Told),
    /// The daemon cannot be reached at present.
    Lost(String),
}

/// Follows plans until nobody listens; a daemon that went away is looked for again.
pub(crate) fn follow(client: &Client, plans: &[String]) -> mpsc::Receiver<Event> {
    let (events, received) = mpsc::channel(64);
    for plan in plans {
        tokio::spawn(follow_one(client.clone(), plan.clone(), events.clone()));
    }
    received
}

async fn follow_one(client: Client, plan: String, events: mpsc::Sender<Event>) {
    let mut said: Option<String> = None;
    while !events.is_closed() {
        let why = match client.watch(&plan).await {
            Ok(mut lines) => {
                said = None;
                match hand_on(&mut lines, &events).await {
                    Ok(()) => format!("the daemon does not watch {plan} any more, or has stopped"),
                    Err(error) => format!("the daemon went away: {error}"),
                }
            }
            Err(failure) => failure.to_string(),
        };
        if said.as_ref() != Some(&why) && events.send(Event::Lost(why.clone())).await.is_err() {
            return;
        }
        said = Some(why);
        tokio::time::sleep(AGAIN).await;
    }
}

async fn hand_on(lines: &mut crate::wire::Lines, events: &mpsc::Sender<Event>) -> Result<(), String> {
    while let Some(text) = lines.next().await? {
        let told = serde_json::from_str(&text).map_err(|error| format!("{error}: is it of another version?"))?;
        if events.send(Event::Told(text, told)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// `ovirt-dr watch`: never ends by itself.
pub(crate) async fn run(client: &Client, plan: Option<String>, out: Out) -> Result<Exit, Failure> {
    let plans = match plan {
        Some(plan) => vec![client.plan(&plan).await?.plan],
        None => client.plans().await?.into_iter().map(|report| report.plan).collect(),
    };
    if plans.is_empty() {
        return Err(Failure::said("the daemon has no plan to watch"));
    }
    let mut events = follow(client, &plans);
    let mut board = Board::new(out);
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { return Ok(Exit::Done) };
                board.take(event)?;
                while let Ok(event) = events.try_recv() {
                    board.take(event)?;
                }
            }
            _ = tick.tick() => {}
        }
        board.draw()?;
    }
}

/// The terminal: the story above, the state below it.
#[derive(Debug)]
pub(crate) struct Board {
    out: Out,
    clock: Clock,
    zone: TimeZone,
    reports: BTreeMap<String, Report>,
    lost: Option<String>,
    /// What was written already as the answer to a command, and comes again as a line of the story.
    answered: Option<String>,
    /// Lines of the story that are not written yet.
    story: Vec<String>,
    /// Lines of the state that stand on the terminal.
    drawn: usize,
}

impl Board {
    /// An empty one.
    pub(crate) fn new(out: Out) -> Board {
        let (clock, zone) = (Clock::real(), TimeZone::system());
        Board { out, clock, zone, reports: BTreeMap::new(), lost: None, answered: None, story: Vec::new(), drawn: 0 }
    }

    /// Takes in what happened. JSON is handed through as it came.
    pub(crate) fn take(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Told(text, told) => {
                self.lost = None;
                if self.out.json {
                    return self.out.line(text);
                }
                match told {
                    Told::Report(report) => {
                        self.reports.insert(report.plan.clone(), *report);
                    }
                    Told::Line(line) if self.answered.as_ref() == Some(&line.text) => self.answered = None,
                    Told::Line(line) => self.story.push(status::story(&line, &self.look())),
                    Told::Missed(count) => self
                        .story
                        .push(format!("({count} lines came too fast to be shown; `ovirt-dr history` has them)")),
                }
            }
            Event::Lost(why) if self.out.terminal && !self.out.json => self.lost = Some(why),
            Event::Lost(why) => self.out.remark(format!("{why}; looking for it again")),
        }
        Ok(())
    }

    /// Writes the answer to a command, which the story need not repeat.
    pub(crate) fn answer(&mut self, plan: &str, answer: &str) -> Result<(), Failure> {
        self.answered = Some(answer.to_owned());
        self.out.line(format_args!("{plan}: {answer}"))
    }

    /// Writes what is new. Off a terminal that is the story only.
    pub(crate) fn draw(&mut self) -> Result<(), Failure> {
        let mut text = String::new();
        let story = std::mem::take(&mut self.story);
        if self.out.json {
            return Ok(());
        }
        if !self.out.terminal {
            story.iter().for_each(|line| add(&mut text, line));
            return self.out.raw(text);
        }
        if self.drawn > 0 {
            // Up to the first line of the state, and everything below is cleared.
            text.push_str(&format!("\x1b[{}A\r", self.drawn));
        }
        text.push_str("\x1b[J");
        story.iter().for_each(|line| add(&mut text, line));
        let state = self.state();
        self.drawn = state.len();
        state.iter().for_each(|line| add(&mut text, line));
        self.out.raw(text)
    }

    /// The state's lines, at most as many as the terminal has room for.
    fn state(&self) -> Vec<String> {
        let look = self.look();
        let mut lines = vec![String::new()];
        for report in self.reports.values() {
            lines.extend(status::block(report, &look).lines().map(str::to_owned));
        }
        if let Some(lost) = &self.lost {
            let text = format!("{lost}; looking for it again");
            lines.push(self.out.paint.bad(&text));
        }
        if let Some(rows) = out::rows() {
            lines.truncate(rows.saturating_sub(1).max(1));
        }
        lines
    }

    fn look(&self) -> Look {
        let width = if self.out.terminal { out::width() } else { None };
        Look { now: self.clock.now(), zone: self.zone.clone(), paint: self.out.paint, width }
    }

    /// The newest report of a plan.
    pub(crate) fn report(&self, plan: &str) -> Option<&Report> {
        self.reports.get(plan)
    }

    /// Now, on the clock that ages are told by.
    pub(crate) fn now(&self) -> dr_core::Time {
        self.clock.now()
    }
}

fn add(text: &mut String, line: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{line}");
}
