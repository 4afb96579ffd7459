//! What happens in a wide night beside what happens in any.

use dr_core::Confirmation;

use crate::CrashPoint;

use super::dice::Dice;
use super::events::Event;
use super::hand::Hand;
use super::scene::Scene;

/// Half of a site, another site, the daemon's own machine: disasters that come on top of the first.
pub(super) fn more_disasters(dice: &mut Dice, scene: &Scene, events: &mut Vec<(u64, Event)>) {
    let mut order = |at: u64, order: String| events.push((at, Event::Order(order)));
    if dice.percent(20) {
        // Half of a site, any of them.
        let at = dice.roll(0, 600);
        let site = usize::try_from(dice.roll(0, scene.sites.len() as u64 - 1)).unwrap_or(0);
        for host in &scene.spec.sites[site].hosts {
            if dice.percent(50) {
                order(at, format!("power_off {}", host.name));
                if dice.percent(40) {
                    order(at + dice.roll(10, 900), format!("power_on {}", host.name));
                }
            }
        }
        if dice.percent(50) {
            order(at + dice.roll(0, 60), format!("lose_storage {}", scene.sites[site]));
        }
    }
    if dice.percent(25) {
        // The second disaster, once the first is being dealt with. Only management is cut where a person has to vouch for each loss:
        // elsewhere nothing tells that from a loss, and a site would be given up that lives.
        let at = dice.roll(60, 900);
        let site = dice.pick(&scene.sites);
        let words = ["lose_site", "refuse_site", "lose_storage", "partition_site"];
        let known = if scene.attested { 4 } else { 3 };
        order(at, format!("{} {site}", dice.pick(&words[..known])));
        if dice.percent(60) {
            order(at + dice.roll(10, 900), format!("restore_site {site}"));
        }
    }
    if dice.percent(15) {
        let site = dice.pick(&scene.sites);
        order(dice.roll(100, 1200), format!("restore_site {site}"));
    }
    if dice.percent(20) {
        let at = dice.roll(0, 700);
        events.push((at, Event::CutOff(true)));
        events.push((at + dice.roll(5, 500), Event::CutOff(false)));
    }
}

/// Administrators, configuration management, and persons who are wrong.
pub(super) fn more_operators(dice: &mut Dice, scene: &Scene, events: &mut Vec<(u64, Event)>) {
    if dice.percent(20) {
        let (at, ago) = (dice.roll(60, 900), dice.roll(30, 600));
        events.push((at, Event::OldFile(ago)));
        // It does so again and again, until somebody has told it the new line.
        if dice.percent(40) {
            events.push((at + 300, Event::OldFile(ago + 300)));
        }
    }
    if dice.percent(20) {
        let site = dice.percent(50).then(|| dice.pick(&scene.sites).to_owned());
        events.push((dice.roll(0, 900), Event::Edit(site)));
    }
    if dice.percent(35) {
        for _ in 0..dice.roll(1, 3) {
            events.push((dice.roll(0, 900), Event::ByHand(Hand::draw(dice, scene))));
        }
    }
    if dice.percent(20) {
        for _ in 0..dice.roll(1, 2) {
            let nobody = || "nobody".to_owned();
            let wrong = match dice.roll(1, 4) {
                1 => Confirmation::Connection { name: nobody() },
                2 => Confirmation::IgnoreProbe { host: nobody(), probe: "tcp:22".to_owned() },
                3 => Confirmation::IgnoreProbe {
                    host: scene.spec.sites[0].hosts[0].name.clone(),
                    probe: "tcp:1".to_owned(),
                },
                _ => Confirmation::SiteDown,
            };
            events.push((dice.roll(0, 900), Event::Wrong(wrong)));
        }
    }
}

/// The daemon dies in the middle of something, or wakes up with less than it knew; the engine too.
pub(super) fn lost_memories(dice: &mut Dice, events: &mut Vec<(u64, Event)>) {
    if dice.percent(30) {
        for _ in 0..dice.roll(1, 2) {
            let n = usize::try_from(dice.roll(1, 40)).unwrap_or(1);
            let point = match dice.roll(1, 4) {
                1 => CrashPoint::BeforeAppend(n),
                2 => CrashPoint::AfterAppend(n),
                3 => CrashPoint::BeforeRequest(n),
                _ => CrashPoint::AfterRequest(n),
            };
            events.push((dice.roll(0, 700), Event::CrashAt(point, dice.roll(0, 60))));
        }
    }
    let at = dice.roll(100, 900);
    let back = at + dice.roll(0, 60);
    match dice.roll(1, 100) {
        1..=5 => {
            events.push((at, Event::Forget));
            events.push((back, Event::Restart));
        }
        6..=11 => {
            events.push((at, Event::OldJournal(dice.roll(1, 600))));
            events.push((back, Event::Restart));
        }
        12..=17 => events.push((at, Event::Restored)),
        _ => {}
    }
}
