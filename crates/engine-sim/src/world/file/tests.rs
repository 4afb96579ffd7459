//! What a person writes, and what is said of mistakes.

use super::*;
use crate::world::{DomainType, Target};

/// A small world with `more` at its end.
fn read(more: &str) -> Result<WorldFile, WorldFileError> {
    WorldFile::read("w.yaml", &format!("sites:\n  madrid:\n    hosts: 2\n  seville: {{ hosts: [sev-1] }}\n{more}"))
}

fn refused(text: &str) -> String {
    WorldFile::read("w.yaml", text).expect_err("a mistake").to_string()
}

#[test]
fn three_lines_are_a_world() {
    let world = read("").unwrap();
    assert_eq!(world.active_site, "madrid");
    let hosts: Vec<(&str, &str)> =
        world.spec.sites[0].hosts.iter().map(|host| (host.name.as_str(), host.address.as_str())).collect();
    assert_eq!(hosts, [("madrid-h1", "10.1.0.1"), ("madrid-h2", "10.1.0.2")]);
    assert_eq!(world.spec.sites[1].hosts[0].address, "10.2.0.1");
    assert!(!world.spec.sites[1].active);
}

#[test]
fn copies_that_are_not_written_out_are_at_every_site_with_hosts_and_at_no_two_places_the_same() {
    let world = read("storage:\n  a: { type: nfs }\n  b: { type: iscsi }\n  c: { type: iscsi }\n").unwrap();
    let mut places: Vec<&Target> =
        world.spec.domains.iter().flat_map(|domain| domain.copies.values().flatten()).collect();
    assert_eq!(places.len(), 2 + 4 + 4);
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 10);
}

#[test]
fn virtual_machines_run_on_the_active_hosts_in_turn() {
    let world = read("storage: { a: { type: nfs } }\nvms:\n  - { name: web, count: 3, disks: [a] }\n").unwrap();
    let on: Vec<Option<&str>> = world.spec.vms.iter().map(|vm| vm.host.as_deref()).collect();
    assert_eq!(on, [Some("madrid-h1"), Some("madrid-h2"), Some("madrid-h1")]);
    assert_eq!(world.spec.vms[2].name, "web3");
}

#[test]
fn durations_kinds_and_ports_are_read() {
    let world = read(
        "options: { dead_lease: 2m 20s }\nstorage:\n  media: { type: nfs, kind: iso }\n  san:\n    type: iscsi\n    copies:\n      \
         madrid: { target: iqn.x, portals: [10.1.0.9, \"10.1.0.8:3261\", \"[fd00::1]:3262\"] }\n",
    );
    let world = world.unwrap();
    assert_eq!(world.spec.options.dead_lease, 140_000);
    assert_eq!(world.spec.domains[0].kind, DomainType::Iso);
    let portal = |address: &str, port| Target::Portal { address: address.to_owned(), port, target: "iqn.x".to_owned() };
    let expected = [portal("10.1.0.9", 3260), portal("10.1.0.8", 3261), portal("fd00::1", 3262)];
    assert_eq!(world.spec.domains[1].copies["madrid"], expected);
}

#[test]
fn every_mistake_has_a_place_and_a_remedy() {
    let sites = "sites:\n  madrid: { hosts: 2 }\n";
    let cases = [
        ("", "w.yaml: the file is empty\n     = a world needs `sites` at least"),
        ("sites:\n  madrid:\n    hots: 2\n", "w.yaml:3:5: unknown key `hots`\n     = keys here: `hosts`, `gateways`"),
        ("seed: 1\n", "the key `sites` is missing"),
        ("sites: {}\n", "there are no sites"),
        ("sites:\n  m: { hosts: many }\n", "w.yaml:2:8: invalid type: string \"many\", expected a number of hosts"),
        ("sites:\n  m: { hosts: 2 }\n  m: { hosts: 1 }\n", "w.yaml:3:3: `m` is given twice"),
        ("sites: [", "w.yaml:1:"),
    ];
    for (text, expected) in cases {
        let said = refused(text);
        assert!(said.contains(expected), "{text:?}:\n{said}\nwanted {expected}");
    }
    let cases = [
        ("active_site: seville\n", "w.yaml:3:14: there is no site `seville`\n     = known are `madrid`"),
        ("options: { dead_lease: 20 }\n", "w.yaml:3:24: `20` is no duration"),
        ("options: { dead_lease: soon }\n", "write `90s`"),
        ("storage:\n  a: { type: nfs, copies: [madird] }\n", "w.yaml:4:28: there is no site `madird`"),
        ("storage:\n  a: { type: nfz }\n", "unknown word `nfz`"),
        ("storage:\n  a: { type: nfs, copies: { madrid: { portals: [x] } } }\n", "an address and a path"),
        ("storage:\n  a: { type: iscsi, copies: { madrid: { path: /x } } }\n", "a target and portals"),
        ("storage:\n  a: { type: nfs, data_center: lab }\n", "no data center `lab`\n     = known are `dr-dc`"),
        ("storage:\n  a: { type: nfs, master: true }\n  b: { type: nfs, master: true }\n", "w.yaml:5:3: `a` and `b`"),
        ("vms: [ { name: v, disks: [b] } ]\n", "w.yaml:3:27: there is no storage domain `b`"),
        ("vms: [ { name: v, host: h9 } ]\n", "w.yaml:3:25: there is no host `h9`"),
        ("vms: [ { name: v }, { name: v } ]\n", "there are two virtual machines `v`"),
        ("vms: [ { name: v, count: 4000000000 } ]\n", "too many virtual machines"),
        ("vms: [ { name: v, cluster: other } ]\n", "there is no cluster `other`"),
        ("witnesses: [10.1.0.1]\n", "w.yaml:2:3: site `madrid` has the address `10.1.0.1`"),
        ("storage: { a: { type: nfs } }\nvms: [ { name: v, lease: a } ]\n", "only a highly available"),
        ("data_centers: { a: { clusters: [] } }\n", "data center `a` has no clusters"),
    ];
    for (more, expected) in cases {
        let said = refused(&format!("{sites}{more}"));
        assert!(said.contains(expected), "{more:?}:\n{said}\nwanted {expected}");
        assert!(said.contains("\n     = "), "no remedy: {said}");
    }
}

#[test]
fn a_virtual_machine_stays_in_its_data_center() {
    let two = "data_centers: { a: { clusters: [a1] }, b: { clusters: [b1] } }\nsites:\n  m:\n    hosts: [ { name: h, cluster: b1 } ]\n";
    let text = format!("{two}storage: {{ d: {{ type: nfs }} }}\nvms: [ {{ name: v, cluster: b1, disks: [d] }} ]\n");
    let said = refused(&text);
    assert!(said.contains("`d` is not in data center `b`\n     = it is in `a`"), "{said}");
    let said = refused(&format!("{two}vms: [ {{ name: v }} ]\n"));
    assert!(said.contains("no host of the active site can run `v`"), "{said}");
}
