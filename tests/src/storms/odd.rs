//! The rarer faults: an engine that lies for a moment, hosts that go astray one by one.

use super::dice::Dice;
use super::events::Event;
use super::scene::{NEWCOMER, Scene};

/// Where a fault strikes.
pub(super) const PATHS: [&str; 12] = [
    "",
    "*/hosts*",
    "*/fence",
    "*/activate",
    "*/deactivate",
    "*/storageconnections*",
    "*/tags*",
    "*/clusters*",
    "*/vms*",
    "*/start",
    "*/datacenters*",
    "*/storagedomains*",
];

/// What a host is called that somebody renamed.
const RENAMED: &str = "other";

/// A fault of the engine's answers that lasts for a while, or for so many requests.
pub(super) fn answers(dice: &mut Dice, number: u64, events: &mut Vec<(u64, Event)>) {
    let (kind, path, lasts) = match dice.roll(1, 14) {
        1 => (r#""hung""#.to_owned(), dice.pick(&PATHS), 300),
        2 => (r#"{"wrong_content_type":"text/html"}"#.to_owned(), dice.pick(&PATHS), 300),
        3 => (r#""sso_down""#.to_owned(), "", 300),
        4 => (r#""database_down""#.to_owned(), "", 300),
        5 => (r#""ok_but_failed""#.to_owned(), dice.pick(&PATHS), 300),
        6 => (r#""ok_without_effect""#.to_owned(), dice.pick(&PATHS), 120),
        7 => (r#"{"unknown_status_word":"banana"}"#.to_owned(), dice.pick(&PATHS), 300),
        8 => (r#""duplicate_entries""#.to_owned(), dice.pick(&PATHS), 600),
        9 => (format!(r#"{{"missing_entries":{}}}"#, dice.roll(1, 3)), dice.pick(&PATHS), 120),
        10 => (r#""lost_right""#.to_owned(), "", 300),
        11 => (r#""lost_sight""#.to_owned(), "", 300),
        12 => (format!(r#"{{"clock_skew":{}}}"#, dice.roll(1, 7_200_000)), "", 600),
        13 => (format!(r#"{{"clock_skew":-{}}}"#, dice.roll(1, 7_200_000)), "", 600),
        _ => (r#"{"status_before":401}"#.to_owned(), "", 200),
    };
    let at = dice.roll(0, 600);
    let name = format!("w{number}");
    let count = if dice.percent(50) { format!(r#""count":{},"#, dice.roll(1, 20)) } else { String::new() };
    let rule = format!(r#"{{"fault":{{"name":"{name}","path":"{path}",{count}"kind":{kind}}}}}"#);
    events.push((at, Event::Order(rule)));
    events.push((at + dice.roll(5, lasts), Event::Order(format!("remove_fault {name}"))));
}

/// Something befalls one host, one guest, or the engine's process.
pub(super) fn things(dice: &mut Dice, scene: &Scene, events: &mut Vec<(u64, Event)>) {
    let hosts: Vec<&str> =
        scene.spec.sites.iter().flat_map(|site| &site.hosts).map(|host| host.name.as_str()).collect();
    let host = dice.pick(&hosts);
    let (at, later) = (dice.roll(0, 800), dice.roll(10, 400));
    let mut order = |at: u64, order: String| events.push((at, Event::Order(order)));
    match dice.roll(1, 18) {
        1 => {
            let (up, down, times) = (dice.roll(5_000, 60_000), dice.roll(5_000, 60_000), dice.roll(2, 8));
            order(at, format!("flap_host host={host} up_ms={up} down_ms={down} times={times}"));
        }
        2 => {
            let words = ["refusing", "silent"];
            order(at, format!("set_host_link host={host} link={}", dice.pick(&words)));
            order(at + later, format!("set_host_link host={host} link=answering"));
        }
        3 => {
            let words = ["refuses", "drops", "mute", "works"];
            order(at, format!("set_host_ssh host={host} ssh={}", dice.pick(&words)));
        }
        4 => {
            let words = ["living", "dead"];
            order(at, format!("set_host_bmc host={host} bmc={}", dice.pick(&words)));
        }
        5 => order(at, format!("set_storage_delay host={host} ms={}", dice.roll(1_000, 60_000))),
        6 => {
            order(at, format!("set_storage_cut host={host} cut=true"));
            order(at + later, format!("set_storage_cut host={host} cut=false"));
        }
        7 => {
            order(at, format!("set_spm_stuck host={host} stuck=true"));
            order(at + later, format!("set_spm_stuck host={host} stuck=false"));
        }
        8 => {
            // Never `maintenance`: a hand in the database that calls a living host parked is a lie that nobody can see through.
            let words = ["non_operational", "unassigned", "error", "install_failed", "connecting"];
            order(at, format!("set_host_status host={host} status={}", dice.pick(&words)));
        }
        9 => {
            order(at, format!("rename_host host={host} name={RENAMED}"));
            order(at + later, format!("rename_host host={RENAMED} name={host}"));
        }
        10 => order(at, format!("remove_host {host}")),
        11 => {
            let site = dice.pick(&scene.sites);
            let spec = format!(r#"{{"name":"{NEWCOMER}","address":"10.9.0.1"}}"#);
            order(at, format!(r#"{{"add_host":{{"site":"{site}","host":{spec}}}}}"#));
        }
        12 => order(at, format!("kill_guest vm{}", dice.roll(1, 10))),
        13 => {
            order(at, "stop_engine".to_owned());
            order(at + later, "start_engine".to_owned());
        }
        14 => order(at, "change_identity".to_owned()),
        15 => order(at, format!("rewind_events {}", dice.roll(900, 1100))),
        16 => order(at, "forget_sessions".to_owned()),
        _ => {
            order(at, format!("power_off {host}"));
            order(at + later, format!("power_on {host}"));
        }
    }
}
