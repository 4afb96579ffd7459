//! What happens in a storm, and when: disasters, operators, faults, crashes.

use dr_core::Confirmation;

use crate::CrashPoint;

use super::dice::Dice;
use super::hand::Hand;
use super::odd;
use super::removal::Part;
use super::scene::Scene;
use super::trouble;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// An order of the simulator, as in a script.
    Order(String),
    /// `active_site` is edited.
    Flip(String),
    /// Something else in the file is edited, perhaps together with `active_site`.
    Edit(Option<String>),
    /// The file no longer parses, or does again.
    Nonsense(bool),
    Abort,
    Pause,
    Resume,
    /// A person says something that nobody asked.
    Confirm(Confirmation),
    /// Somebody points a row at a place no plan knows.
    ForeignConnection,
    /// Configuration management puts the file back as it was so many seconds ago.
    OldFile(u64),
    /// An administrator does something in the engine by hand.
    ByHand(Hand),
    /// A person says something that is not so, and that the daemon refuses to hear.
    Wrong(Confirmation),
    /// The daemon's machine reaches nothing any more, or does again.
    CutOff(bool),
    Kill,
    Restart,
    /// The daemon is killed at this point of its work, and started again so many seconds later.
    CrashAt(CrashPoint, u64),
    /// The daemon is killed and its state database is gone.
    Forget,
    /// The daemon is killed and its state database is the copy of so many seconds ago.
    OldJournal(u64),
    /// The engine's database is put back from a backup of calm times.
    Restored,
    /// Somebody sets the wall clock of the daemon's machine, so many milliseconds ahead or back.
    ClockJumps(i64),
    /// Something is taken out of the plan, perhaps together with an edit of `active_site`.
    TakesOut(Part, Option<String>),
    /// The plan is again what it was in the beginning, but for `active_site`.
    PutsBack,
}

/// The events of a storm in the order of their times, in seconds after the beginning.
pub(super) fn events(dice: &mut Dice, scene: &Scene) -> Vec<(u64, Event)> {
    let mut events = Vec::new();
    disaster(dice, scene, &mut events);
    if scene.wide {
        trouble::more_disasters(dice, scene, &mut events);
    }
    if scene.sites.len() > 1 && dice.percent(92) {
        events.push((dice.roll(5, 300), Event::Flip(dice.pick(&scene.sites[1..]).to_owned())));
    }
    for _ in 0..dice.roll(0, 3) {
        operators(dice, scene, &mut events);
    }
    if scene.wide {
        trouble::more_operators(dice, scene, &mut events);
    }
    for number in 0..dice.roll(0, 4) {
        engine_faults(dice, scene, number, &mut events);
    }
    if scene.wide {
        for number in 0..dice.roll(0, 2) {
            odd::answers(dice, number, &mut events);
        }
        for _ in 0..dice.roll(0, 2) {
            odd::things(dice, scene, &mut events);
        }
    }
    for _ in 0..dice.roll(0, 3) {
        let at = dice.roll(150, 600);
        events.push((at, Event::Kill));
        events.push((at + dice.roll(0, 60), Event::Restart));
    }
    if scene.wide {
        trouble::lost_memories(dice, &mut events);
    }
    events.sort_by_key(|(at, _)| *at);
    events
}

/// What befalls the active site.
fn disaster(dice: &mut Dice, scene: &Scene, events: &mut Vec<(u64, Event)>) {
    let first = scene.sites[0];
    let mut order = |at: u64, order: String| events.push((at, Event::Order(order)));
    match dice.roll(1, 10) {
        _ if scene.attested => {
            order(0, format!("partition_site {first}"));
            if dice.percent(30) {
                order(dice.roll(60, 900), format!("restore_site {first}"));
            }
        }
        1..=4 => order(0, format!("lose_site {first}")),
        5 => order(0, format!("refuse_site {first}")),
        6 => order(0, format!("lose_storage {first}")),
        7 => {
            order(0, format!("lose_storage {first}"));
            let hosts = scene.spec.sites[0].hosts.iter().skip(1);
            for host in hosts {
                order(0, format!("power_off {}", host.name));
            }
        }
        8..=9 => {
            order(0, format!("lose_site {first}"));
            order(dice.roll(30, 600), format!("restore_site {first}"));
        }
        _ => {
            let at = dice.roll(0, 250);
            order(at, "partition_site elsewhere".to_owned());
            order(at + dice.roll(5, 300), "restore_site elsewhere".to_owned());
            order(0, format!("lose_site {first}"));
        }
    }
}

fn operators(dice: &mut Dice, scene: &Scene, events: &mut Vec<(u64, Event)>) {
    let at = dice.roll(100, 700);
    match dice.roll(1, 9) {
        1 | 2 => {
            events.push((at, Event::Flip(scene.sites[0].to_owned())));
            if dice.percent(60) {
                events.push((at + dice.roll(3, 200), Event::Flip(dice.pick(&scene.sites).to_owned())));
            }
        }
        3 => events.push((at, Event::Abort)),
        4 => {
            events.push((at, Event::Pause));
            events.push((at + dice.roll(10, 200), Event::Resume));
        }
        5 => {
            events.push((at, Event::Nonsense(true)));
            events.push((at + dice.roll(10, 200), Event::Nonsense(false)));
        }
        6 => events.push((at, Event::ForeignConnection)),
        7 => {
            // A person parks an idle host of the standby site by hand.
            if let Some(host) = scene.spec.sites[1].hosts.last() {
                if scene.wide {
                    // By command: a status written over a host that is SPM by now is a world that no engine has.
                    return events.push((at, Event::ByHand(Hand::Park(host.name.clone()))));
                }
                events.push((
                    at.min(200),
                    Event::Order(format!("set_host_status host={} status=maintenance", host.name)),
                ));
            }
        }
        // Nothing here may be a lie with which a living site is given up: that is the person's fault, not the daemon's.
        8 => events.push((at, Event::Confirm(Confirmation::Promoted))),
        _ => events.push((at, Event::Confirm(Confirmation::Connection { name: "data-master".to_owned() }))),
    }
}

fn engine_faults(dice: &mut Dice, scene: &Scene, number: u64, events: &mut Vec<(u64, Event)>) {
    let at = dice.roll(0, 500);
    let mut order = |at: u64, order: String| events.push((at, Event::Order(order)));
    let path = dice.pick(&odd::PATHS);
    let kind = match dice.roll(1, 13) {
        1 => r#"{"status_before":500}"#.to_owned(),
        2 => r#"{"status_after":503}"#.to_owned(),
        3 => r#""reset_before""#.to_owned(),
        4 => r#""reset_after""#.to_owned(),
        5 => format!(r#"{{"slow":{}}}"#, dice.roll(500, 90_000)),
        6 => r#""truncated""#.to_owned(),
        7 => r#""expired_session""#.to_owned(),
        8 => r#""lock_held""#.to_owned(),
        9 => r#""stale_read""#.to_owned(),
        10 => r#""connection_refused""#.to_owned(),
        11 => return order(at, "restart_engine".to_owned()),
        12 => {
            order(at, "database up=false".to_owned());
            return order(at + dice.roll(5, 120), "database up=true".to_owned());
        }
        _ => {
            let hosts = scene.spec.sites.iter().flat_map(|site| &site.hosts);
            let names: Vec<&str> = hosts.map(|host| host.name.as_str()).collect();
            let (host, ms) = (dice.pick(&names), dice.roll(1, 200_000));
            return order(at, format!("hold_fence_lock host={host} ms={ms}"));
        }
    };
    // A stale read is one of a moment: longer ones would be an engine that lies.
    let count = if kind.contains("stale") { dice.roll(1, 3) } else { dice.roll(1, 30) };
    let method = match dice.roll(1, 3) {
        _ if kind.contains("stale") => r#""method":"GET","#,
        1 => r#""method":"POST","#,
        2 => r#""method":"PUT","#,
        _ => "",
    };
    let skip = dice.roll(0, 5);
    order(
        at,
        format!(
            r#"{{"fault":{{"name":"f{number}",{method}"path":"{path}","skip":{skip},"count":{count},"kind":{kind}}}}}"#
        ),
    );
}
