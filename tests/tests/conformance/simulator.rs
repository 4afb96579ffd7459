//! The simulated engine answers every recorded request; what differs is counted by reason, and nothing differs without one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use expect_test::expect_file;
use tests::counts::tell;

use crate::compare::{Difference, Kind};
use crate::differences::{REASONS, Reason};
use crate::recording::exchanges;
use crate::scenes::{SCENES, replayed};
use crate::timeline_reasons::{TIMING_REASONS, TimingReason};
use crate::timelines::{self, Off, Timeline};

/// What the replay of all files came to.
#[derive(Default)]
struct Tally {
    /// File, exchanges, those without any difference.
    files: Vec<(&'static str, usize, usize)>,
    /// By the place of the reason.
    reasons: BTreeMap<usize, Count>,
    unexplained: Vec<Difference>,
    timelines: Vec<Timeline>,
}

/// Timelines that show what the simulation does not do: the end of a domain, and a drain that is refused.
const NO_TIMELINE: &[&str] = &["refusals"];

/// How often a reason explains something.
#[derive(Default)]
struct Count {
    exchanges: BTreeSet<String>,
    differences: usize,
    /// What differs where, with the number of times.
    lines: BTreeMap<String, usize>,
}

impl Tally {
    /// Exchanges, and those without any difference.
    fn exchanges(&self) -> (usize, usize) {
        self.files.iter().fold((0, 0), |(all, same), (_, exchanges, alike)| (all + exchanges, same + alike))
    }

    fn differences(&self) -> usize {
        self.reasons.values().map(|count| count.differences).sum()
    }

    fn counts(&self) -> String {
        let (exchanges, alike) = self.exchanges();
        format!(
            "Conformance, simulated engine: {exchanges} recorded exchanges replayed, {alike} without difference; {} differences, all explained, for {} reasons",
            self.differences(),
            self.reasons.len(),
        )
    }
}

async fn replay_all() -> Tally {
    let mut tally = Tally::default();
    for (file, cast) in SCENES {
        let replayed = replayed(file, cast).await;
        tally.files.push((file, replayed.exchanges, replayed.alike));
        if !NO_TIMELINE.contains(file) {
            tally.timelines.extend(timelines::compare(file, &replayed));
        }
        for difference in replayed.differences {
            match Reason::of(&difference) {
                Some(reason) => {
                    let count = tally.reasons.entry(reason).or_default();
                    *count.lines.entry(line(&difference)).or_default() += 1;
                    count.exchanges.insert(difference.exchange);
                    count.differences += 1;
                }
                None => tally.unexplained.push(difference),
            }
        }
    }
    tally.timelines.push(timelines::parallel().await);
    tally
}

#[tokio::test(start_paused = true)]
async fn the_simulated_engine_answers_every_recorded_request_and_differs_only_with_a_reason() {
    let tally = replay_all().await;
    let shown = |each: &Difference| {
        format!("{:?} {}: {:?} here {:?} ({})", each.kind, each.at, each.recorded, each.simulated, each.exchange)
    };
    let unexplained: Vec<String> = tally.unexplained.iter().map(shown).collect();
    assert!(unexplained.is_empty(), "{} differences without a reason:\n{}", unexplained.len(), unexplained.join("\n"));
    let replayed: usize = tally.files.iter().map(|(_, exchanges, _)| exchanges).sum();
    assert_eq!(replayed, exchanges().len(), "every recorded exchange is replayed");
    let unused: Vec<&str> = REASONS
        .iter()
        .enumerate()
        .filter(|(at, _)| !tally.reasons.contains_key(at))
        .map(|(_, reason)| reason.what)
        .collect();
    assert!(unused.is_empty(), "reasons for nothing: {unused:?}");
    let off: Vec<&Off> = tally.timelines.iter().flat_map(|timeline| &timeline.off).collect();
    let unexplained: Vec<&&Off> = off.iter().filter(|off| TimingReason::of(off).is_none()).collect();
    let unused: Vec<&str> = TIMING_REASONS
        .iter()
        .enumerate()
        .filter(|(at, _)| !off.iter().any(|off| TimingReason::of(off) == Some(*at)))
        .map(|(_, reason)| reason.what)
        .collect();
    assert!(unused.is_empty(), "reasons for nothing: {unused:?}");
    assert!(unexplained.is_empty(), "changes at another time without a reason: {unexplained:#?}");
    let page = page(&tally);
    expect_file!["./differences.txt"].assert_eq(&listed(&tally));
    expect_file!["../../../docs/conformance.md"].assert_eq(&page);
    tell(&tally.counts());
    tell(&timelines::counts(&tally.timelines));
}

/// The place and the kind of a difference: what is one line of `differences.txt`, however often it shows.
fn line(difference: &Difference) -> String {
    let Difference { kind, exchange: _, at, recorded, simulated } = difference;
    // Elements of lists are told apart by their key.
    let of = |side: &str| match side.split_once(": ") {
        Some((key, _)) if at.ends_with(']') || !at.contains('/') => format!(" `{key}`"),
        Some(_) | None => String::new(),
    };
    match kind {
        Kind::Missing => format!("{at}{}: only on the engine", of(recorded)),
        Kind::Extra => format!("{at}{}: only in the simulation", of(simulated)),
        Kind::Status => {
            let status = |side: &str| side.split(' ').next().unwrap_or_default().to_owned();
            format!("{at}: {}, in the simulation {}", status(recorded), status(simulated))
        }
        Kind::Word => format!("{at}: `{recorded}`, in the simulation `{simulated}`"),
        Kind::ContentType => format!("{at}: another content type"),
        Kind::Scalar => format!("{at}: another kind of value"),
        Kind::Text => format!("{at}: another text"),
    }
}

/// Every kind of difference, under its reason.
fn listed(tally: &Tally) -> String {
    let mut text = String::from(LISTED);
    for (at, count) in &tally.reasons {
        let Some(reason) = REASONS.get(*at) else { continue };
        let _ = writeln!(text, "\n# {}\n# {}", reason.what, reason.why);
        for (line, times) in &count.lines {
            let _ = writeln!(text, "{times:>4}  {line}");
        }
    }
    text
}

fn page(tally: &Tally) -> String {
    let ((exchanges, alike), differences) = (tally.exchanges(), tally.differences());
    let mut page = String::from(HEAD);
    let _ = writeln!(
        page,
        "{exchanges} exchanges of {} files are replayed. {alike} are answered without any difference; in the other {} there are {differences} differences, all of them for one of {} reasons.\n",
        tally.files.len(),
        exchanges - alike,
        tally.reasons.len(),
    );
    page.push_str("| File | Exchanges | Without difference |\n| --- | --- | --- |\n");
    for (file, exchanges, alike) in &tally.files {
        let _ = writeln!(page, "| `{file}` | {exchanges} | {alike} |");
    }
    page.push_str("\n| What differs | Differences | In exchanges | Why |\n| --- | --- | --- | --- |\n");
    for (at, count) in &tally.reasons {
        if let Some(reason) = REASONS.get(*at) {
            let (differences, exchanges) = (count.differences, count.exchanges.len());
            let _ = writeln!(page, "| {} | {differences} | {exchanges} | {} |", reason.what, reason.why);
        }
    }
    page.push_str(TIMELINES);
    for timeline in &tally.timelines {
        let Timeline { name, recorded, in_order, in_time, off: _ } = timeline;
        let name = if name == "failover" { "timeline-serial" } else { name };
        let _ = writeln!(page, "| `{name}` | {recorded} | {in_order} | {in_time} |");
    }
    page.push_str("\n| What differs | Changes | Why |\n| --- | --- | --- |\n");
    for (at, reason) in TIMING_REASONS.iter().enumerate() {
        let off = tally.timelines.iter().flat_map(|timeline| &timeline.off);
        let count = off.filter(|off| TimingReason::of(off) == Some(at)).count();
        let _ = writeln!(page, "| {} | {count} | {} |", reason.what, reason.why);
    }
    page.push_str(TAIL);
    page
}

const LISTED: &str = "\
# Where an answer of the simulated engine differs from the recorded one: how often, request, place in the document, and what.
# Each line stands under its reason. Written by `UPDATE_EXPECT=1 cargo test -p tests --test conformance`.
";

const HEAD: &str = "# Conformance

What a running oVirt Engine 4.5.8 was recorded to answer lies in [tests/fixtures/recorded](../tests/fixtures/recorded/README.md). Both ends of this project are held against it by
`cargo test -p tests --test conformance`, which also writes this page (`UPDATE_EXPECT=1`); a difference that is not in its table fails the test, and so does one that vanished: the tables stay true.

## The client

`ovirt-client` reads every recorded answer and makes every recorded request. Each success is read into its own type and held against the JSON member by member; each refusal becomes the
error class in [refusals.txt](../tests/tests/conformance/refusals.txt), with what the engine may have done. A request that the client has a function for is the same in method, path,
query, headers and JSON tree; the others, which it has none for on purpose, go through its raw door.

## The simulated engine

`engine-sim` is put into the world that each file was recorded in, suffers what befell that world at the same seconds, and answers the same requests at the same seconds. Compared are
status, content type, the members of every object, the kind of every value (text, number as text, boolean as text, number, list, object), the API's own words (statuses, types, names)
and the texts of errors. Not compared are ids, times, sizes, addresses and the order of members. In lists of events each recorded kind of line is looked for. Each kind of difference, with its
place in the document, is a line of [differences.txt](../tests/tests/conformance/differences.txt) under its reason; the reasons are below.

";

const TIMELINES: &str = "
## Timelines

While a file was recorded a sampler noted every change of a status word; the replay is sampled too. For each host, VM, domain, the data center and the SPM role the recorded changes are
looked for in the same order. One is in time if it comes in the same 4 s (a poll of 3 s and the sampler's step), or as long after the object's change before as recorded, within a third.

| Timeline | Recorded changes | In the same order | In time |
| --- | --- | --- | --- |
";

const TAIL: &str = "
The doors of an engine that stops and starts (`engine_restart_*`) are replayed poll by poll, but for those that the poller gave up: their end is no word of the engine's.

Not replayed: `timeline-runbook` (when the run-book asked for what is not recorded; the same run-book runs against the simulation in [tests/tests/peers](../tests/tests/peers/ansible.rs)),
the marks of the scale recording (other worlds, no exchanges), and `refusals` as a timeline: what changes there follows from a destroyed domain and a refused drain, both in the table above.
More of the simulation's times and orders is held by its own tests in `crates/engine-sim/src/world/tests`: over many seeds loss by black hole and by refusal (`timeline.rs`),
fencing, its locks and its blocking (`fencing.rs`), activation and automatic recovery (`activation.rs`), queue, priorities and leases of VMs (`highly_available.rs`), restarts, blocked
elections and elections against a living owner (`restart.rs`), whole failovers and planned moves (`failover.rs`).
";
