//! Which status words change, in which order and after how long: recorded timelines beside those of the replays.

use std::collections::{BTreeMap, BTreeSet};

use engine_sim::world::SshManner;
use tests::counts::tell;

use crate::recording::{Line, lines};
use crate::replay::Replayed;
use crate::scenes::timeline;
use crate::stage::{Cast, Stage};
use crate::watch::{Change, Watcher};

/// A poll is 3 s and the samplers' steps are up to a second: shorter differences say nothing.
const STEP: f64 = 4.0;

/// One object's changes are flapping from this many on: then their number is compared, not each of them.
const FLAPPING: usize = 9;

/// A recorded timeline beside ours.
pub(crate) struct Timeline {
    pub(crate) name: String,
    /// Recorded changes.
    pub(crate) recorded: usize,
    /// Those that the simulation showed too, in the same order for their object.
    pub(crate) in_order: usize,
    /// Those of them that came after the same time, within a third.
    pub(crate) in_time: usize,
    pub(crate) off: Vec<Off>,
}

/// A change that is not the same.
#[derive(Clone, Debug)]
pub(crate) struct Off {
    pub(crate) timeline: String,
    pub(crate) what: String,
    pub(crate) word: String,
    /// Seconds after the object's last change, or after what befell the world.
    pub(crate) recorded: Option<f64>,
    pub(crate) simulated: Option<f64>,
}

/// Compares what a replay saw with what was recorded.
pub(crate) fn compare(name: &str, replayed: &Replayed) -> Option<Timeline> {
    if replayed.recorded.is_empty() {
        return None;
    }
    let first = replayed.recorded.iter().map(|change| change.at).fold(f64::INFINITY, f64::min) - STEP;
    let last = replayed.recorded.iter().map(|change| change.at).fold(0.0, f64::max);
    let (recorded, seen) = (by_object(&replayed.recorded), by_object(&replayed.seen));
    let changes = recorded.values().map(Vec::len).sum();
    let mut timeline = Timeline { name: name.to_owned(), recorded: changes, in_order: 0, in_time: 0, off: Vec::new() };
    let objects: BTreeSet<&String> = recorded.keys().chain(seen.keys()).collect();
    for what in objects {
        let theirs = recorded.get(what).cloned().unwrap_or_default();
        let ours = seen.get(what).cloned().unwrap_or_default();
        let ours: Vec<Change> = ours.into_iter().filter(|change| change.at >= first).collect();
        timeline.object(what, &theirs, &ours, &replayed.marks, last);
    }
    Some(timeline)
}

/// One line of counts.
pub(crate) fn counts(timelines: &[Timeline]) -> String {
    let sum = |of: fn(&Timeline) -> usize| timelines.iter().map(of).sum::<usize>();
    format!(
        "Conformance, timelines: {} recorded changes of status in {} timelines, {} seen in the same order, {} in time",
        sum(|timeline| timeline.recorded),
        timelines.len(),
        sum(|timeline| timeline.in_order),
        sum(|timeline| timeline.in_time),
    )
}

impl Timeline {
    fn object(&mut self, what: &str, theirs: &[Change], ours: &[Change], marks: &[f64], last: f64) {
        let mut off = |word: &str, recorded, simulated| {
            let (timeline, what, word) = (self.name.clone(), what.to_owned(), word.to_owned());
            self.off.push(Off { timeline, what, word, recorded, simulated });
        };
        let words = |changes: &[Change]| changes.iter().map(|change| change.word.clone()).collect::<BTreeSet<_>>();
        if theirs.len() >= FLAPPING && ours.len() >= FLAPPING && words(theirs) == words(ours) {
            let (theirs_count, ours_count) = (theirs.len() as f64, ours.len() as f64);
            self.in_order += theirs.len();
            if (theirs_count - ours_count).abs() <= theirs_count / 3.0 {
                self.in_time += theirs.len();
            } else {
                off("flapping", Some(theirs_count), Some(ours_count));
            }
            return;
        }
        let pairs = pairs(theirs, ours);
        let (mut their_last, mut our_last) = (0.0, 0.0);
        for (at, change) in theirs.iter().enumerate() {
            let Some(our_at) = pairs.get(&at).and_then(|place| ours.get(*place)).map(|each| each.at) else {
                off(&change.word, Some(change.at), None);
                continue;
            };
            self.in_order += 1;
            // Since the object's last change, or since what befell the world after it.
            let mark = marks.iter().copied().filter(|mark| *mark <= change.at.min(our_at)).fold(0.0, f64::max);
            let (took, ours_took) = (change.at - mark.max(their_last), our_at - mark.max(our_last));
            (their_last, our_last) = (change.at, our_at);
            let at_once = (change.at - our_at).abs() <= STEP;
            if at_once || (took - ours_took).abs() <= (took / 3.0).max(STEP) {
                self.in_time += 1;
            } else {
                off(&change.word, Some(took), Some(ours_took));
            }
        }
        let matched: BTreeSet<usize> = pairs.into_values().collect();
        for (place, change) in ours.iter().enumerate() {
            if !matched.contains(&place) && change.at < last {
                off(&change.word, None, Some(change.at));
            }
        }
    }
}

/// Which recorded change is which of ours: the longest common sequence of words.
fn pairs(theirs: &[Change], ours: &[Change]) -> BTreeMap<usize, usize> {
    let (rows, columns) = (theirs.len(), ours.len());
    let same = |row: usize, column: usize| theirs[row].word == ours[column].word;
    let mut longest = vec![vec![0; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            longest[row][column] = if same(row, column) {
                longest[row + 1][column + 1] + 1
            } else {
                longest[row + 1][column].max(longest[row][column + 1])
            };
        }
    }
    let (mut row, mut column, mut pairs) = (0, 0, BTreeMap::new());
    while row < rows && column < columns {
        if same(row, column) && longest[row][column] == longest[row + 1][column + 1] + 1 {
            pairs.insert(row, column);
            (row, column) = (row + 1, column + 1);
        } else if longest[row + 1][column] >= longest[row][column + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}

/// Changes by object; the SPM role is one object, whoever has it.
fn by_object(changes: &[Change]) -> BTreeMap<String, Vec<Change>> {
    let mut objects: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    for change in changes {
        let what = if change.what.starts_with("spm") { "spm" } else { change.what.as_str() };
        objects.entry(what.to_owned()).or_default().push(change.clone());
    }
    for (what, changes) in &mut objects {
        if what == "spm" {
            // One host loses what another gets; within a second that is one change.
            changes.retain(|change| change.word != "none");
            changes.sort_by(|a, b| a.at.total_cmp(&b.at));
        }
    }
    objects
}

async fn confirm_and_park(stage: &Stage, host: &str) -> u16 {
    stage.call_host("PUT", host, "", r#"{"power_management":{"enabled":"false"}}"#).await;
    let status = stage.call_host("POST", host, "/fence", r#"{"fence_type":"manual"}"#).await;
    assert_eq!(status, 200, "{host} is confirmed");
    stage.call_host("POST", host, "/deactivate", "{}").await
}

/// The failover in which everything that can run side by side does: `timeline-parallel.jsonl`. Confirmations wait for the attempts to connect
/// (17 s), and with them the queue of VMs and the end of the SPM role.
pub(crate) async fn parallel() -> Timeline {
    let vms = ["alpha-h1", "alpha-h2", "alpha-h2", "alpha-h2", "alpha-h3", "alpha-h3", "alpha-h1", "alpha-h3"];
    // A lease lasted 5 s there, but the storage named its owner for longer: with hosts up the tick at second 103 elected nobody.
    let cast = Cast { vms, dead_lease: 25, seed: 8, ..Cast::PRODUCTION };
    let stage = Stage::new(&cast).await;
    stage.pass(60).await;
    let alpha = ["alpha-h1", "alpha-h2", "alpha-h3"];
    for host in alpha {
        stage.ssh(host, SshManner::Refuses);
    }
    stage.clock().begin();
    let watcher = Watcher::start(&stage);
    stage.order("lose_site alpha");
    stage.clock().until(86.5).await;
    stage.promote("beta");
    stage.clock().until(87.5).await;
    stage.fencing(false).await;
    let fence = |host| confirm_and_park(&stage, host);
    let activate = |host| stage.call_host("POST", host, "/activate", "{}");
    let parked = futures::join!(
        stage.repoint("beta"),
        futures::future::join_all(["beta-h1", "beta-h2", "beta-h3"].map(activate)),
        futures::future::join_all(alpha.map(fence)),
    );
    assert_eq!(parked.2, [200; 3]);
    stage.clock().until(113.5).await;
    let vm = stage.id("vms", "vm7");
    assert_eq!(stage.call("POST", &format!("vms/{vm}/start"), "{}").await.status, 200);
    stage.clock().until(126.0).await;
    let replayed = Replayed {
        recorded: timeline("timeline-parallel"),
        seen: watcher.seen(),
        marks: vec![0.0, 87.5],
        ..Replayed::default()
    };
    compare("timeline-parallel", &replayed).expect("a recorded timeline")
}

/// The doors of an engine through its stops and starts, polled one by one.
#[tokio::test(start_paused = true)]
async fn an_engines_doors_refuse_hold_and_open_as_recorded() {
    let mut polled = 0;
    // The seconds at which it was stopped: between the last answer of a door and its first refusal.
    let files: [(&str, &[u64]); 4] = [
        ("engine_restart_healthy", &[500]),
        ("engine_restart_empty", &[500]),
        ("engine_restart_lost_unfenced", &[500, 37_100]),
        ("engine_restart_fenced_no_election", &[500]),
    ];
    for (file, stops) in files {
        let stage = Stage::new(&Cast::PRODUCTION).await;
        if file.contains("lost") || file.contains("fenced") {
            stage.fencing(false).await;
            stage.order("refuse_site alpha");
            stage.until_lost("alpha").await;
        }
        if file.contains("fenced_no_election") {
            stage.confirm_all("alpha").await;
        }
        let old_token = stage.token();
        stage.clock().begin();
        for stop in stops {
            let engine = stage.engine.clone();
            let at = std::time::Duration::from_millis(*stop);
            tokio::spawn(async move {
                tokio::time::sleep(at).await;
                engine.restart();
            });
        }
        let mut lines = doors(file);
        lines.sort_by(|a, b| a.at.total_cmp(&b.at));
        polled += lines.len();
        let (stage, old_token) = (&stage, old_token.as_str());
        let polls = lines.iter().map(|door| async move {
            stage.clock().until(door.at).await;
            if door.at > 20.0 {
                stage.log_in().await;
            }
            let token = if door.label.ends_with("old_token") { old_token.to_owned() } else { stage.token() };
            let begun = stage.clock().second();
            let got = stage.knock(&door.label, &token).await;
            (door, got, stage.clock().second() - begun)
        });
        for (door, got, held) in futures::future::join_all(polls).await {
            assert_eq!(got.status, door.status, "{file} {} at {}", door.label, door.at);
            assert!(
                got.status == 0 || got.content_type == door.content_type,
                "{file} {}: {}",
                door.label,
                got.content_type
            );
            let alike = |recorded: f64| (held - recorded).abs() <= (recorded / 3.0).max(1.0);
            assert!(door.held.is_none_or(alike), "{file} {}: held {held} s", door.label);
        }
    }
    tell(&format!(
        "Conformance, timelines: {polled} polls of the doors of an engine that restarts, answered as recorded"
    ));
}

/// One poll of one door.
struct Door {
    label: String,
    at: f64,
    /// How long the answer took, where it was recorded.
    held: Option<f64>,
    /// 0 for no connection.
    status: u16,
    content_type: String,
}

fn doors(file: &str) -> Vec<Door> {
    let door = |line| match line {
        // The poller gave up: no word of the engine's.
        Line::Other(line) if line["content_type"] == "TimeoutError" => None,
        Line::Other(line) => Some(Door {
            label: line["label"].as_str().unwrap_or_default().to_owned(),
            at: line["at"].as_f64().unwrap_or_default(),
            held: line["held_s"].as_f64(),
            status: line["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default(),
            content_type: line["content_type"].as_str().unwrap_or_default().to_owned(),
        }),
        Line::Exchange(_) | Line::Mark { at: _, note: _ } | Line::Watch { at: _, changes: _ } => None,
    };
    lines(file).into_iter().filter_map(door).collect()
}
