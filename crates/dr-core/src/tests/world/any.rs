//! Worlds at random, as text: what fails can be read, and pasted into a test.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::{collection, option};

use crate::Host;

use super::World;

/// A world with two or three sites and an open transition from a to b, in any state.
pub(crate) fn any_world() -> impl Strategy<Value = String> {
    let hosts_a = collection::vec(lost_host(), 1..4);
    let hosts_b = collection::vec(standby_host(), 1..4);
    let other = option::weighted(0.2, select(vec!["up", "maintenance", "connecting", "non_responsive", "down"]));
    let third = option::weighted(0.1, select(vec!["up", "maintenance", "non_responsive"]));
    let engine = (other, third, dc_line(), select(vec!["on", "off"]));
    let storage = (
        collection::vec(storage_line(), 1..5),
        select(vec!["nothing", "nothing", "confirm", "hook"]),
        option::weighted(0.1, Just("require=attestation")),
    );
    let rest =
        (collection::vec(vm_line(), 0..4), collection::vec(probe_line(), 0..3), collection::vec(memory_line(), 0..10));
    (hosts_a, hosts_b, engine, storage, rest).prop_map(|(a, b, engine, storage, rest)| {
        let (other, third, dc, fencing) = engine;
        let (entries, promote, require) = storage;
        let (vms, probes, memories) = rest;
        let named = |site: &str, hosts: Vec<String>| {
            let hosts: Vec<String> =
                hosts.iter().enumerate().map(|(i, host)| format!("{site}{} {host}", i + 1)).collect();
            format!("site {site}: {}", hosts.join(", "))
        };
        let mut lines = vec![dc, format!("cluster main fencing={fencing}"), named("a", a), named("b", b)];
        lines.extend(third.map(|status| format!("site c: c1 {status}")));
        lines.extend(other.map(|status| format!("host x1 {status}")));
        lines.push(format!("plan promote={promote} parallel=2 {}", require.unwrap_or_default()));
        for (i, line) in entries.into_iter().enumerate() {
            lines.push(line.replace("NAME", &format!("data{i}")));
        }
        lines.extend(vms.into_iter().enumerate().map(|(i, vm)| format!("vm vm{i} {vm}")));
        lines.extend(probes);
        lines.extend(memories);
        lines.join("\n") + "\n"
    })
}

/// A calm world in which a is active, all is well, and b stands by: whatever is lost, everything can arrive.
pub(crate) fn any_sound_world() -> impl Strategy<Value = String> {
    let hosts = (1_usize..5, 1_usize..5, 0_usize..3, any::<bool>());
    let plan = (
        select(vec!["nothing", "confirm", "hook"]),
        option::of(Just("require=attestation")),
        option::of(Just("fencing=keep")),
        1_u32..4,
    );
    let kinds = vec!["nfs", "posixfs", "iscsi", "iscsi portals=3", "fcp", "nfs same", "lun"];
    let storage = collection::vec(select(kinds), 0..6);
    let vms = collection::vec((0_usize..4, select(vec!["", "ha", "ha prio=50"])), 0..9);
    (hosts, plan, storage, vms).prop_map(|((a, b, parked, two), plan, storage, vms)| {
        let (promote, require, fencing, parallel) = plan;
        let dc = |i: usize| if two && i % 2 == 1 { "dc=dc2" } else { "" };
        let lost = (0..a).map(|i| format!("a{i} up pm {} {}", if i < 2 { "spm" } else { "" }, dc(i)));
        let lost = lost.chain((0..parked).map(|i| format!("q{i} maintenance pm")));
        // Each data center that loses hosts has one that stands by.
        let standby = (0..b.max(2)).map(|i| format!("b{i} maintenance {}", dc(i)));
        let mut lines = vec!["calm".to_owned(), "dc dc1 up".to_owned()];
        lines.extend(two.then(|| "dc dc2 up".to_owned()));
        lines.push(format!("site a: {}", lost.collect::<Vec<_>>().join(", ")));
        lines.push(format!("site b: {}", standby.collect::<Vec<_>>().join(", ")));
        let options = [require, fencing].map(Option::unwrap_or_default).join(" ");
        lines.push(format!("plan promote={promote} parallel={parallel} {options}"));
        for (i, kind) in storage.into_iter().enumerate() {
            let (kind, more) = kind.split_once(' ').unwrap_or((kind, ""));
            let (kind, domain) = if kind == "lun" { ("iscsi", "none") } else { (kind, "active") };
            lines.push(format!("{kind} data{i} {more} domain={domain} {}", dc(i)));
        }
        for (i, (host, more)) in vms.into_iter().enumerate() {
            let host = host % a;
            let cluster = if dc(host).is_empty() { "main" } else { "main-dc2" };
            lines.push(format!("vm vm{i} up on=a{host} cluster={cluster} {more}"));
        }
        lines.join("\n") + "\n"
    })
}

fn lost_host() -> impl Strategy<Value = String> {
    let status = prop_oneof![
        6 => Just("non_responsive"),
        3 => Just("maintenance"),
        1 => select(vec!["down", "connecting", "up", "reboot", "unassigned", "non_operational", "levitating"]),
    ];
    let flags = (select(vec!["", "spm", "pm", "spm pm", "contending"]), 0_u32..3, select(vec![3, 100, 1000]));
    (status, flags).prop_map(|(status, (flags, vms, since))| format!("{status} {flags} vms={vms} for={since}"))
}

fn standby_host() -> impl Strategy<Value = String> {
    let status = prop_oneof![
        4 => Just("maintenance"),
        4 => Just("up"),
        2 => select(vec!["unassigned", "non_operational", "non_responsive", "down", "preparing_for_maintenance", "levitating"]),
    ];
    (status, select(vec!["", "spm", "pm"]), select(vec![3, 100, 1000]))
        .prop_map(|(status, flags, since)| format!("{status} {flags} for={since}"))
}

fn dc_line() -> impl Strategy<Value = String> {
    let status =
        select(vec!["problematic", "problematic", "up", "up", "contend", "not_operational", "maintenance", "strange"]);
    (status, select(vec![3, 60, 500])).prop_map(|(status, since)| format!("dc dc1 {status} for={since}"))
}

fn storage_line() -> impl Strategy<Value = String> {
    let kind =
        select(vec!["nfs NAME", "nfs NAME", "iscsi NAME portals=2", "posixfs NAME", "fcp NAME", "nfs NAME same"]);
    let at = prop_oneof![4 => Just("a"), 8 => Just("b"), 1 => Just("elsewhere"), 1 => Just("nowhere")];
    let domain = select(vec!["unknown", "active", "active", "inactive", "none", "maintenance"]);
    (kind, at, domain).prop_map(|(kind, at, domain)| {
        let at = if kind.contains("same") || kind.contains("fcp") { String::new() } else { format!("at={at}") };
        format!("{kind} {at} domain={domain}")
    })
}

fn vm_line() -> impl Strategy<Value = String> {
    let status = select(vec!["down", "down", "unknown", "up", "powering_up", "paused"]);
    (status, select(vec!["", "on=a1", "on=b1", "ha", "ha prio=50 on=a2"]))
        .prop_map(|(status, more)| format!("{status} {more}"))
}

fn probe_line() -> impl Strategy<Value = String> {
    let whose = select(vec!["a1", "a2", "a1:22", "a2:22"]);
    let how = select(vec![
        "silent 300",
        "silent 20",
        "silent 300 rounds=2",
        "answers",
        "unreadable",
        "absent",
        "stale",
        "never",
    ]);
    (whose, how).prop_map(|(whose, how)| format!("probe {whose} {how}"))
}

fn memory_line() -> impl Strategy<Value = String> {
    let ago = select(vec![1_u32, 5, 12, 30, 100, 700, 2000]);
    let fixed = prop_oneof![
        5 => Just("proven"),
        2 => Just("promoted"),
        1 => Just("vouched"),
        1 => select(vec!["ignore a1 tcp:22", "owed fencing main", "owed pm a1", "owed pm b1", "cancelled", "paused", "clock-jumped"]),
    ];
    let step = select(vec![
        "confirm a1",
        "confirm a2",
        "activate b1",
        "activate b2",
        "park a1",
        "repoint data0/0",
        "repoint data1/0",
        "promote b",
        "start vm0",
        "suspend main",
        "restore main",
    ]);
    let how = select(vec!["locked", "state", "lun", "denied", "refused", "failed", "lost"]);
    let goal = select(vec!["up b1", "confirmed a1", "parked a1", "dc dc1", "dc dc1", "vm vm0", "repointed data0/0"]);
    let line = prop_oneof![
        3 => fixed.prop_map(str::to_owned),
        3 => step.clone().prop_map(|step| format!("done {step}")),
        1 => (step.clone(), how, 1_u32..4).prop_map(|(step, how, times)| format!("tried {step} {how} {times}")),
        1 => step.prop_map(|step| format!("flying {step}")),
        2 => goal.prop_map(|goal| format!("reached {goal}")),
    ];
    (line, ago).prop_map(|(line, ago)| format!("{line} {ago}"))
}

/// Whether the plan names a host at this site.
pub(crate) fn ours(world: &World, host: &Host, site: &str) -> bool {
    let site = &world.plan.sites[&dr_plan::SiteName(site.to_owned())];
    site.hosts.contains(&host.name)
}
