//! Golden findings: one class of mistakes a test, with everything that is shown to whoever made it.

use expect_test::{Expect, expect};

use crate::parse;

/// Without findings; each test damages it.
const BASE: &str = "\
version: 1
active_site: madrid
engine:
  url: https://engine.example.com/ovirt-engine/api
  username: dr@internal
  password: { file: engine.password }
sites:
  madrid:
    hosts: [mad-1, mad-2]
  seville:
    hosts: [sev-1, sev-2]
witnesses: [ { tcp: ns1.example.net:53 } ]
storage:
  data1:
    type: nfs
    madrid:  { address: nas.madrid, path: /data1 }
    seville: { address: nas.seville, path: /data1 }
  san1:
    type: iscsi
    madrid:  { target: iqn.2015-01.com.madrid:a, portals: [10.1.0.11, 10.1.0.12] }
    seville: { target: iqn.2015-01.com.seville:a, portals: [10.2.0.11, 10.2.0.12] }
";

/// The findings of a text as they are shown.
#[expect(clippy::needless_pass_by_value, reason = "expect_test's own habit")]
fn check_text(text: &str, expected: Expect) {
    let parsed = parse("plan", text);
    assert_eq!(parsed.plan.is_none(), parsed.findings.iter().any(crate::Finding::is_error));
    let shown: Vec<String> = parsed.findings.iter().map(|finding| format!("{finding}\n")).collect();
    expected.assert_eq(&shown.concat());
}

/// The findings of the base plan with passages replaced, each of which must be there.
fn check(changes: &[(&str, &str)], expected: Expect) {
    let mut text = BASE.to_owned();
    for (passage, instead) in changes {
        assert!(text.contains(passage), "`{passage}` is not in the plan");
        text = text.replacen(passage, instead, 1);
    }
    check_text(&text, expected);
}

#[test]
fn the_base_has_no_findings() {
    check(&[], expect![""]);
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    check(
        &[
            ("    hosts: [mad-1, mad-2]", "    hots: [mad-1, mad-2]"),
            ("address: nas.madrid", "adress: nas.madrid"),
            ("storage:", "colour: red\nstorage:"),
        ],
        expect![[r#"
            plan.yaml:9:5: error: site `madrid` has no `hosts`
              9 |     hots: [mad-1, mad-2]
                |     ^
                = add a line like `hosts: [host-1, host-2]`
            plan.yaml:9:5: error: unknown key `hots`, did you mean `hosts`?
              9 |     hots: [mad-1, mad-2]
                |     ^^^^
                = keys of site `madrid`: `hosts`, `evidence`, `promote`
            plan.yaml:13:1: error: unknown key `colour`
              13 | colour: red
                 | ^^^^^^
                 = keys of the plan: `version`, `active_site`, `preferred_site`, `engine`, `sites`, `witnesses`, `storage`, `vms`, `policy`, `notify`
            plan.yaml:17:14: error: a value of type `nfs` has no `address`
              17 |     madrid:  { adress: nas.madrid, path: /data1 }
                 |              ^
                 = add a line like `address: nas.example.com`
            plan.yaml:17:16: error: unknown key `adress`, did you mean `address`?
              17 |     madrid:  { adress: nas.madrid, path: /data1 }
                 |                ^^^^^^
                 = keys of a value of type `nfs`: `address`, `path`
        "#]],
    );
}

#[test]
fn wrong_types_do_not_hide_each_other() {
    check(
        &[
            ("version: 1", "version: \"1\""),
            ("active_site: madrid", "active_site: [madrid]"),
            ("hosts: [mad-1, mad-2]", "hosts: mad-1"),
            ("hosts: [sev-1, sev-2]", "hosts: [101, true, sev-2, {a: b}]"),
            ("{ address: nas.seville, path: /data1 }", "nas.seville:/data1"),
            ("witnesses:", "policy: fast\nwitnesses:"),
        ],
        expect![[r#"
            plan.yaml:1:10: error: `version` cannot be `"1"`
              1 | version: "1"
                |          ^^^
                = write `version: 1`, the one this program knows
            plan.yaml:2:14: error: `active_site` must be a text, not a list
              2 | active_site: [madrid]
                |              ^
                = write one text
            plan.yaml:9:12: error: `hosts` must be a list, not a text
              9 |     hosts: mad-1
                |            ^^^^^
                = write `[mad-1]`
            plan.yaml:11:13: error: a host must be a text, not a number
              11 |     hosts: [101, true, sev-2, {a: b}]
                 |             ^^^
                 = put it in quotes: `"101"`
            plan.yaml:11:18: error: a host must be a text, not a boolean
              11 |     hosts: [101, true, sev-2, {a: b}]
                 |                  ^^^^
                 = put it in quotes: `"true"`
            plan.yaml:11:31: error: a host must be a text, not a mapping
              11 |     hosts: [101, true, sev-2, {a: b}]
                 |                               ^
                 = write one text
            plan.yaml:12:9: error: `policy` must be a mapping of keys to values, not a text
              12 | policy: fast
                 |         ^^^^
                 = write `key: value` lines, indented below it
            plan.yaml:18:14: error: a value of type `nfs` must be a mapping of keys to values, not a text
              18 |     seville: nas.seville:/data1
                 |              ^^^^^^^^^^^^^^^^^^
                 = write `key: value` lines, indented below it
        "#]],
    );
}

#[test]
fn missing_keys_are_named_with_an_example() {
    check_text(
        "version: 1\n",
        expect![[r#"
        plan.yaml:1:1: error: the plan has no `active_site`
          1 | version: 1
            | ^
            = add a line like `active_site: madrid`
        plan.yaml:1:1: error: the plan has no `engine`
          1 | version: 1
            | ^
            = add a line like `engine: { url: ..., username: ..., password: ... }`
        plan.yaml:1:1: error: the plan has no `sites`
          1 | version: 1
            | ^
            = add a line like `sites: { madrid: { hosts: [...] }, seville: { hosts: [...] } }`
    "#]],
    );
    check(
        &[
            ("  username: dr@internal\n", ""),
            (", path: /data1 }", " }"),
            ("target: iqn.2015-01.com.madrid:a, ", ""),
            ("    type: nfs\n", ""),
        ],
        expect![[r#"
            plan.yaml:4:3: error: `engine` has no `username`
              4 |   url: https://engine.example.com/ovirt-engine/api
                |   ^
                = add a line like `username: dr@internal`
            plan.yaml:14:5: error: storage entry `data1` has no `type`
              14 |     madrid:  { address: nas.madrid }
                 |     ^
                 = add a line like `type: nfs`
            plan.yaml:18:14: error: a value of type `iscsi` has no `target`
              18 |     madrid:  { portals: [10.1.0.11, 10.1.0.12] }
                 |              ^
                 = add a line like `target: iqn.2015-01.com.example:vol1`
        "#]],
    );
}

#[test]
fn durations_need_a_unit_and_a_length() {
    check(
        &[(
            "witnesses:",
            "policy:\n  interval: 10\n  flap_guard: 0s\nvms:\n  groups:\n  - { name: all, select: { remaining: was_running }, timeout: -5m }\nwitnesses:",
        )],
        expect![[r#"
            plan.yaml:13:13: error: `policy.interval` has no unit
              13 |   interval: 10
                 |             ^^
                 = write `10s`, `10m` or `10h`
            plan.yaml:14:15: error: `policy.flap_guard` is zero
              14 |   flap_guard: 0s
                 |               ^^
                 = write a number with its unit, like `90s`, `10m` or `1h 30m`
            plan.yaml:17:63: error: `timeout` is negative
              17 |   - { name: all, select: { remaining: was_running }, timeout: -5m }
                 |                                                               ^^^
                 = write a number with its unit, like `90s`, `10m` or `1h 30m`
        "#]],
    );
    check(
        &[
            ("    hosts: [mad-1, mad-2]", "    hosts: [mad-1, mad-2]\n    promote: { hook: h, timeout: soon }"),
            ("witnesses:", "policy: { interval: 10ms, flap_guard: 100y }\nwitnesses:"),
        ],
        expect![[r#"
            plan.yaml:10:34: error: `timeout` is not a duration: `soon`
              10 |     promote: { hook: h, timeout: soon }
                 |                                  ^^^^
                 = write a number with its unit, like `90s`, `10m` or `1h 30m`
            plan.yaml:13:21: error: `policy.interval` is shorter than 1s
              13 | policy: { interval: 10ms, flap_guard: 100y }
                 |                     ^^^^
                 = write a number with its unit, like `90s`, `10m` or `1h 30m`
            plan.yaml:13:39: error: `policy.flap_guard` is longer than 30 days
              13 | policy: { interval: 10ms, flap_guard: 100y }
                 |                                       ^^^^
                 = write a number with its unit, like `90s`, `10m` or `1h 30m`
        "#]],
    );
    check(
        &[("witnesses:", "policy: { interval: -10, flap_guard: 1_0s }\nwitnesses:")],
        expect![[r#"
        plan.yaml:12:21: error: `policy.interval` is negative
          12 | policy: { interval: -10, flap_guard: 1_0s }
             |                     ^^^
             = write a number with its unit, like `90s`, `10m` or `1h 30m`
        plan.yaml:12:38: error: `policy.flap_guard` has underscores in its number
          12 | policy: { interval: -10, flap_guard: 1_0s }
             |                                      ^^^^
             = write a number with its unit, like `90s`, `10m` or `1h 30m`
    "#]],
    );
}

#[test]
fn numbers_are_plain_and_in_range() {
    check(
        &[(
            "witnesses:",
            "policy:\n  parallel: 1_0\n  limits: { hosts: 0, connections: 1.5, vms: 0x10 }\nvms: { parallel: 010 }\nwitnesses:",
        )],
        expect![[r#"
            plan.yaml:13:13: error: `policy.parallel` has underscores in its number
              13 |   parallel: 1_0
                 |             ^^^
                 = write a whole number from 1 to 256
            plan.yaml:14:20: error: `limits.hosts` is out of range
              14 |   limits: { hosts: 0, connections: 1.5, vms: 0x10 }
                 |                    ^
                 = write a whole number from 1 to 1000000
            plan.yaml:14:36: error: `limits.connections` must be a whole number in decimal digits
              14 |   limits: { hosts: 0, connections: 1.5, vms: 0x10 }
                 |                                    ^^^
                 = write a whole number from 1 to 1000000
            plan.yaml:14:46: error: `limits.vms` must be a whole number in decimal digits
              14 |   limits: { hosts: 0, connections: 1.5, vms: 0x10 }
                 |                                              ^^^^
                 = write a whole number from 1 to 1000000
            plan.yaml:15:18: error: `vms.parallel` has a leading zero, which some read as octal
              15 | vms: { parallel: 010 }
                 |                  ^^^
                 = write a whole number from 1 to 256
        "#]],
    );
    check(
        &[("witnesses:", "policy: { parallel: -1, limits: { hosts: many, vms: 99999999999 } }\nwitnesses:")],
        expect![[r#"
        plan.yaml:12:21: error: `policy.parallel` must be a whole number in decimal digits
          12 | policy: { parallel: -1, limits: { hosts: many, vms: 99999999999 } }
             |                     ^^
             = write a whole number from 1 to 256
        plan.yaml:12:42: error: `limits.hosts` must be a number, not a text
          12 | policy: { parallel: -1, limits: { hosts: many, vms: 99999999999 } }
             |                                          ^^^^
             = write a whole number from 1 to 1000000
        plan.yaml:12:53: error: `limits.vms` is out of range
          12 | policy: { parallel: -1, limits: { hosts: many, vms: 99999999999 } }
             |                                                     ^^^^^^^^^^^
             = write a whole number from 1 to 1000000
    "#]],
    );
}

#[test]
fn yes_is_no_boolean() {
    check(
        &[("witnesses:", "policy: { suspend_fencing: yes }\nwitnesses:")],
        expect![[r#"
        plan.yaml:12:28: error: `yes` is not a boolean
          12 | policy: { suspend_fencing: yes }
             |                            ^^^
             = write `true`
    "#]],
    );
    check(
        &[("witnesses:", "policy: { suspend_fencing: 1, mode: watch }\nwitnesses:")],
        expect![[r#"
        plan.yaml:12:28: error: `policy.suspend_fencing` must be a boolean, not a number
          12 | policy: { suspend_fencing: 1, mode: watch }
             |                            ^
             = write `true` or `false`
        plan.yaml:12:37: error: `policy.mode` cannot be `watch`
          12 | policy: { suspend_fencing: 1, mode: watch }
             |                                     ^^^^^
             = possible words: `act`, `observe`
    "#]],
    );
}

#[test]
fn references_to_sites_must_hold() {
    check(
        &[
            ("active_site: madrid", "active_site: madird\npreferred_site: paris"),
            ("    seville: { address", "    sevilla: { address"),
        ],
        expect![[r#"
            plan.yaml:2:14: error: `active_site` is not a site: `madird`, did you mean `madrid`?
              2 | active_site: madird
                |              ^^^^^^
                = sites of this plan: `madrid`, `seville`
            plan.yaml:3:17: error: `preferred_site` is not a site: `paris`
              3 | preferred_site: paris
                |                 ^^^^^
                = sites of this plan: `madrid`, `seville`
            plan.yaml:15:3: warning: storage entry `data1` has no value for site `seville`: its domain cannot follow there
              15 |   data1:
                 |   ^^^^^
                 = give a value for `seville`, or `same` if all sites reach one copy
            plan.yaml:18:5: error: unknown key `sevilla`, did you mean `seville`?
              18 |     sevilla: { address: nas.seville, path: /data1 }
                 |     ^^^^^^^
                 = sites and keys of storage entry `data1`: `madrid`, `seville`, `type`, `same`, `id`, `domain`, `via`
        "#]],
    );
}

#[test]
fn names_of_sites_are_lower_case_words_without_a_meaning_of_their_own() {
    check(
        &[(
            "  seville:\n    hosts: [sev-1, sev-2]",
            "  Seville: { hosts: [sev-1] }\n  domain: { hosts: [x-1] }\n  1: { hosts: [] }\n  no way: { hosts: [] }",
        )],
        expect![[r#"
            plan.yaml:10:3: error: the name of a site must be a lower-case word, not `Seville`
              10 |   Seville: { hosts: [sev-1] }
                 |   ^^^^^^^
                 = use small letters, digits, `-` and `_`, beginning with a letter
            plan.yaml:11:3: error: `domain` cannot be the name of a site: it has a meaning of its own in a storage entry
              11 |   domain: { hosts: [x-1] }
                 |   ^^^^^^
                 = choose another name, as `madrid`
            plan.yaml:12:3: error: a key of `sites` must be a word, not a number
              12 |   1: { hosts: [] }
                 |   ^
                 = put it in quotes
            plan.yaml:13:3: error: the name of a site must be a lower-case word, not `no way`
              13 |   no way: { hosts: [] }
                 |   ^^^^^^
                 = use small letters, digits, `-` and `_`, beginning with a letter
            plan.yaml:19:5: error: unknown key `seville`
              19 |     seville: { address: nas.seville, path: /data1 }
                 |     ^^^^^^^
                 = sites and keys of storage entry `data1`: `madrid`, `type`, `same`, `id`, `domain`, `via`
            plan.yaml:23:5: error: unknown key `seville`
              23 |     seville: { target: iqn.2015-01.com.seville:a, portals: [10.2.0.11, 10.2.0.12] }
                 |     ^^^^^^^
                 = sites and keys of storage entry `san1`: `madrid`, `type`, `same`, `id`, `domain`, `via`
        "#]],
    );
}

#[test]
fn a_host_stands_in_one_place() {
    check(
        &[("[mad-1, mad-2]", "[mad-1, mad-2, mad-1]"), ("[sev-1, sev-2]", "[sev-1, mad-2]")],
        expect![[r#"
        plan.yaml:9:27: error: host `mad-1` is named twice
          9 |     hosts: [mad-1, mad-2, mad-1]
            |                           ^^^^^
            = keep the one in line 9
        plan.yaml:11:20: error: host `mad-2` is in two sites
          11 |     hosts: [sev-1, mad-2]
             |                    ^^^^^
             = it is in site `madrid`, line 9; a host stands in one place only
    "#]],
    );
}

#[test]
fn an_active_site_without_hosts_is_an_error_another_one_a_warning() {
    check(
        &[("[mad-1, mad-2]", "[]")],
        expect![[r#"
        plan.yaml:2:14: error: the active site `madrid` has no hosts
          2 | active_site: madrid
            |              ^^^^^^
            = name its hosts: `hosts: [madrid-1, madrid-2]`
    "#]],
    );
    check(
        &[("[sev-1, sev-2]", "[]")],
        expect![[r#"
        plan.yaml:10:3: warning: site `seville` has no hosts: it can never become active
          10 |   seville:
             |   ^^^^^^^
             = name its hosts: `hosts: [seville-1, seville-2]`
    "#]],
    );
}

#[test]
fn duplicates_are_found_at_the_second_place() {
    check(
        &[
            ("version: 1", "version: 1\nversion: 1"),
            ("storage:", "storage:\n  data1: { type: fcp, domain: x }"),
            ("[ { tcp: ns1.example.net:53 } ]", "[ { tcp: ns1.example.net:53 }, { tcp: ns1.example.net:53 } ]"),
            ("    hosts: [mad-1, mad-2]", "    hosts: [mad-1, mad-2]\n    evidence: { hosts: { tcp: [22, 22] } }"),
        ],
        expect![[r#"
            plan.yaml:2:1: error: `version` is given twice in the plan
              2 | version: 1
                | ^^^^^^^
                = keep one of them; the first is in line 1
            plan.yaml:11:36: error: port 22 is listed twice
              11 |     evidence: { hosts: { tcp: [22, 22] } }
                 |                                    ^^
                 = keep one of them
            plan.yaml:14:43: error: `ns1.example.net:53` is listed twice
              14 | witnesses: [ { tcp: ns1.example.net:53 }, { tcp: ns1.example.net:53 } ]
                 |                                           ^
                 = keep one of them
            plan.yaml:17:3: error: `data1` is given twice in `storage`
              17 |   data1:
                 |   ^^^^^
                 = keep one of them; the first is in line 16
        "#]],
    );
}

#[test]
fn portals_pair_up_by_position() {
    check(
        &[("[10.2.0.11, 10.2.0.12]", "[10.2.0.11]")],
        expect![[r#"
        plan.yaml:21:5: error: storage entry `san1` has 1 portals at `seville` but 2 at `madrid`
          21 |     seville: { target: iqn.2015-01.com.seville:a, portals: [10.2.0.11] }
             |     ^^^^^^^
             = portals pair up by position: list as many; a surplus one may point to an address that is not in use
    "#]],
    );
    check(
        &[("[10.2.0.11, 10.2.0.12]", "[]")],
        expect![[r#"
        plan.yaml:21:60: error: `portals` lists no portal
          21 |     seville: { target: iqn.2015-01.com.seville:a, portals: [] }
             |                                                            ^
             = list at least one, as in `[10.1.0.11]`
    "#]],
    );
}

#[test]
fn an_entry_needs_a_value_where_the_workload_shall_be() {
    check(
        &[
            ("    madrid:  { address: nas.madrid, path: /data1 }\n", ""),
            ("    seville: { target: iqn.2015-01.com.seville:a, portals: [10.2.0.11, 10.2.0.12] }\n", ""),
        ],
        expect![[r#"
            plan.yaml:14:3: error: storage entry `data1` has no value for the active site `madrid`
              14 |   data1:
                 |   ^^^^^
                 = give a value for `madrid`, or `same` if all sites reach one copy
            plan.yaml:17:3: warning: storage entry `san1` has no value for site `seville`: its domain cannot follow there
              17 |   san1:
                 |   ^^^^
                 = give a value for `seville`, or `same` if all sites reach one copy
        "#]],
    );
    check(
        &[(
            "    madrid:  { address: nas.madrid, path: /data1 }\n    seville: { address: nas.seville, path: /data1 }\n",
            "",
        )],
        expect![[r#"
        plan.yaml:14:3: error: storage entry `data1` points nowhere
          14 |   data1:
             |   ^^^^^
             = give a value for each site, like `madrid: { ... }`, or `same: { ... }` for one shared copy
    "#]],
    );
}

#[test]
fn same_stands_alone() {
    check(
        &[("    type: nfs", "    type: nfs\n    same: { address: nas.campus, path: /data1 }")],
        expect![[r#"
        plan.yaml:17:5: error: storage entry `data1` has `same` and a value of a site
          17 |     madrid:  { address: nas.madrid, path: /data1 }
             |     ^^^^^^
             = keep `same` if all sites reach one copy, else a value for each site
    "#]],
    );
}

#[test]
fn two_entries_never_have_one_value() {
    // The same connection twice.
    check(
        &[(
            "storage:",
            "storage:\n  copy:\n    type: nfs\n    madrid: { address: nas.madrid, path: /data1 }\n    seville: { address: nas.other, path: /data1 }",
        )],
        expect![[r#"
        plan.yaml:20:5: error: `data1` points to the same connection as `copy`: `nas.madrid:/data1`
          20 |     madrid:  { address: nas.madrid, path: /data1 }
             |     ^^^^^^
             = one entry a connection is enough; the other is in line 16
    "#]],
    );
    // A swap: each lands on the other's row.
    check(
        &[(
            "storage:",
            "storage:\n  swap:\n    type: nfs\n    madrid: { address: nas.seville, path: /data1 }\n    seville: { address: nas.madrid, path: /data1 }",
        )],
        expect![[r#"
        plan.yaml:20:5: error: `data1` at site `madrid` would land on `swap` of site `seville`: both are `nas.madrid:/data1`, and the engine refuses that
          20 |     madrid:  { address: nas.madrid, path: /data1 }
             |     ^^^^^^
             = give each connection a value of its own; the other is in line 17
        plan.yaml:21:5: error: `data1` at site `seville` would land on `swap` of site `madrid`: both are `nas.seville:/data1`, and the engine refuses that
          21 |     seville: { address: nas.seville, path: /data1 }
             |     ^^^^^^^
             = give each connection a value of its own; the other is in line 16
    "#]],
    );
    // A shared copy that another entry would land on.
    check(
        &[("storage:", "storage:\n  shared:\n    type: posixfs\n    same: { address: nas.seville, path: /data1 }")],
        expect![[r#"
        plan.yaml:20:5: error: `data1` points to the same connection as `shared`: `nas.seville:/data1`
          20 |     seville: { address: nas.seville, path: /data1 }
             |     ^^^^^^^
             = one entry a connection is enough; the other is in line 16
    "#]],
    );
}

#[test]
fn two_portals_never_become_one() {
    check(
        &[("[10.2.0.11, 10.2.0.12]", "[10.2.0.11, \"10.2.0.11:3260\"]")],
        expect![[r#"
        plan.yaml:21:72: error: `san1` has one portal twice at site `seville`: `10.2.0.11:3260 iqn.2015-01.com.seville:a`
          21 |     seville: { target: iqn.2015-01.com.seville:a, portals: [10.2.0.11, "10.2.0.11:3260"] }
             |                                                                        ^^^^^^^^^^^^^^^^
             = give each connection a value of its own; the other is in line 21
    "#]],
    );
    check(
        &[(
            "iqn.2015-01.com.seville:a, portals: [10.2.0.11, 10.2.0.12]",
            "iqn.2015-01.com.madrid:a, portals: [10.1.0.12, 10.1.0.11]",
        )],
        expect![[r#"
        plan.yaml:21:60: error: `san1` swaps its portals: portal 1 at site `seville` is portal 2 at site `madrid`, `10.1.0.12:3260 iqn.2015-01.com.madrid:a`
          21 |     seville: { target: iqn.2015-01.com.madrid:a, portals: [10.1.0.12, 10.1.0.11] }
             |                                                            ^^^^^^^^^
             = list the portals in the same order at both sites
        plan.yaml:21:71: error: `san1` swaps its portals: portal 2 at site `seville` is portal 1 at site `madrid`, `10.1.0.11:3260 iqn.2015-01.com.madrid:a`
          21 |     seville: { target: iqn.2015-01.com.madrid:a, portals: [10.1.0.12, 10.1.0.11] }
             |                                                                       ^^^^^^^^^
             = list the portals in the same order at both sites
    "#]],
    );
    // One portal that stays where it is harms nothing.
    check(
        &[(
            "iqn.2015-01.com.seville:a, portals: [10.2.0.11, 10.2.0.12]",
            "iqn.2015-01.com.madrid:a, portals: [10.1.0.11, 10.2.0.12]",
        )],
        expect![[""]],
    );
}

#[test]
fn a_value_that_never_changes_is_no_replica() {
    check(
        &[
            ("{ address: nas.seville, path: /data1 }", "{ address: nas.madrid, path: /data1 }"),
            (
                "iqn.2015-01.com.seville:a, portals: [10.2.0.11, 10.2.0.12]",
                "iqn.2015-01.com.madrid:a, portals: [10.1.0.11, 10.1.0.12]",
            ),
        ],
        expect![[r#"
            plan.yaml:17:5: error: `data1` points to `nas.madrid:/data1` at site `madrid` and at site `seville`: there is no replica
              17 |     seville: { address: nas.madrid, path: /data1 }
                 |     ^^^^^^^
                 = write it once as `same`, if all sites reach this one copy
            plan.yaml:21:60: error: `san1` points to `10.1.0.11:3260 iqn.2015-01.com.madrid:a` at site `madrid` and at site `seville`: there is no replica
              21 |     seville: { target: iqn.2015-01.com.madrid:a, portals: [10.1.0.11, 10.1.0.12] }
                 |                                                            ^^^^^^^^^
                 = write it once as `same`, if all sites reach this one copy
        "#]],
    );
}

#[test]
fn storage_values_are_what_the_engine_takes() {
    check(
        &[
            ("{ address: nas.madrid, path: /data1 }", "{ address: \"fd00::5\", path: data1 }"),
            ("{ address: nas.seville, path: /data1 }", "{ address: \"nas.seville:/x\", path: /da ta1 }"),
            (
                "iqn.2015-01.com.madrid:a, portals: [10.1.0.11, 10.1.0.12]",
                "madrid, portals: [10.1.0.300, \"10.1.0.12:0\"]",
            ),
            ("[10.2.0.11, 10.2.0.12]", "[\"10.2.0.11:99999\", \"[10.2.0.12]:3260\"]"),
        ],
        expect![[r#"
            plan.yaml:16:25: error: the IPv6 address `fd00::5` has no brackets
              16 |     madrid:  { address: "fd00::5", path: data1 }
                 |                         ^^^^^^^^^
                 = write the server alone, as in `nas.example.com`, `10.1.0.5` or `[fd00::5]`
            plan.yaml:16:42: error: `path` is not absolute
              16 |     madrid:  { address: "fd00::5", path: data1 }
                 |                                          ^^^^^
                 = write it from the root, as in `/exports/data1`
            plan.yaml:17:25: error: `address` has a path in it
              17 |     seville: { address: "nas.seville:/x", path: /da ta1 }
                 |                         ^^^^^^^^^^^^^^^^
                 = write the server alone, as in `nas.example.com`, `10.1.0.5` or `[fd00::5]`
            plan.yaml:17:49: error: `path` has a blank or a character beyond ASCII in it, which the engine refuses
              17 |     seville: { address: "nas.seville:/x", path: /da ta1 }
                 |                                                 ^^^^^^^
                 = write it from the root, as in `/exports/data1`
            plan.yaml:20:24: error: `target` is not an iSCSI name
              20 |     madrid:  { target: madrid, portals: [10.1.0.300, "10.1.0.12:0"] }
                 |                        ^^^^^^
                 = write the array's IQN, as in `iqn.2015-01.com.example:vol1`
            plan.yaml:20:42: error: `10.1.0.300` is not a host name or an IP address
              20 |     madrid:  { target: madrid, portals: [10.1.0.300, "10.1.0.12:0"] }
                 |                                          ^^^^^^^^^^
                 = write a name like `gateway.example.com` or an address like `10.1.0.1`
            plan.yaml:20:54: error: `0` is not a TCP port
              20 |     madrid:  { target: madrid, portals: [10.1.0.300, "10.1.0.12:0"] }
                 |                                                      ^^^^^^^^^^^^^
                 = write a port from 1 to 65535 behind the colon
            plan.yaml:21:61: error: `99999` is not a TCP port
              21 |     seville: { target: iqn.2015-01.com.seville:a, portals: ["10.2.0.11:99999", "[10.2.0.12]:3260"] }
                 |                                                             ^^^^^^^^^^^^^^^^^
                 = write a port from 1 to 65535 behind the colon
            plan.yaml:21:80: error: `[10.2.0.12]:3260` is not an IPv6 address in brackets
              21 |     seville: { target: iqn.2015-01.com.seville:a, portals: ["10.2.0.11:99999", "[10.2.0.12]:3260"] }
                 |                                                                                ^^^^^^^^^^^^^^^^^^
                 = write it as in `[fd00::5]` or `[fd00::5]:443`
        "#]],
    );
    check(
        &[("type: iscsi", "type: iscsi\n    id: 7"), ("type: nfs", "type: nfs\n    id: data1\n    domain: data1")],
        expect![[r#"
        plan.yaml:16:9: error: `id` is not the id of a connection
          16 |     id: data1
             |         ^^^^^
             = write it as the engine shows it, as in `0a6e0f5c-0000-4000-8000-000000000001`, or remove it
        plan.yaml:17:5: error: `domain` has no meaning for type `nfs`
          17 |     domain: data1
             |     ^^^^^^
             = remove it; it belongs to type `fcp`
        plan.yaml:22:5: error: storage entry `san1` has several portals, and so several connections; `id` names one
          22 |     id: 7
             |     ^^
             = remove `id`, or make one entry of each portal
        plan.yaml:22:9: error: `id` must be a text, not a number
          22 |     id: 7
             |         ^
             = put it in quotes: `"7"`
    "#]],
    );
}

#[test]
fn fibre_channel_has_a_domain_and_nothing_else() {
    check(
        &[(
            "storage:",
            "storage:\n  vault: { type: fcp, domain: vault }\n  vault2: { type: fcp, domain: vault }\n  vault3: { type: fcp, madrid: { path: /x } }",
        )],
        expect![[r#"
            plan.yaml:15:3: error: storage entries `vault` and `vault2` have the same `domain`
              15 |   vault2: { type: fcp, domain: vault }
                 |   ^^^^^^
                 = keep one of them
            plan.yaml:16:3: error: storage entry `vault3` has no `domain`
              16 |   vault3: { type: fcp, madrid: { path: /x } }
                 |   ^^^^^^
                 = name the storage domain, like `domain: fc-vault`
            plan.yaml:16:24: error: `madrid` has no meaning for type `fcp`
              16 |   vault3: { type: fcp, madrid: { path: /x } }
                 |                        ^^^^^^
                 = remove it; Fibre Channel has no connection to repoint, its domain is only waited for
        "#]],
    );
}

#[test]
fn an_id_names_one_connection() {
    check(
        &[
            ("type: iscsi", "type: iscsi\n    id: 0a6e0f5c-0000-4000-8000-000000000001"),
            ("type: nfs", "type: nfs\n    id: 0a6e0f5c-0000-4000-8000-000000000001"),
        ],
        expect![[r#"
            plan.yaml:19:3: error: storage entries `data1` and `san1` have the same `id`
              19 |   san1:
                 |   ^^^^
                 = keep one of them
            plan.yaml:21:5: error: storage entry `san1` has several portals, and so several connections; `id` names one
              21 |     id: 0a6e0f5c-0000-4000-8000-000000000001
                 |     ^^
                 = remove `id`, or make one entry of each portal
        "#]],
    );
}

#[test]
fn probes_are_host_and_port() {
    check(
        &[(
            "[ { tcp: ns1.example.net:53 } ]",
            "\n  - { tcp: ns1.example.net }\n  - { tcp: \"ns1:http\" }\n  - { tcp: \"2001:db8::1:53\" }\n  - { tcp: \"[::1]53\" }\n  - { tcp: -x:1 }\n  - { icmp: ns1 }\n  - ns1:53",
        )],
        expect![[r#"
            plan.yaml:13:12: error: `ns1.example.net` has no port
              13 |   - { tcp: ns1.example.net }
                 |            ^^^^^^^^^^^^^^^
                 = write `host:port`, or `[address]:port` for IPv6
            plan.yaml:14:12: error: `http` is not a TCP port
              14 |   - { tcp: "ns1:http" }
                 |            ^^^^^^^^^^
                 = write a port from 1 to 65535 behind the colon
            plan.yaml:15:12: error: the IPv6 address `2001:db8::1:53` has no brackets
              15 |   - { tcp: "2001:db8::1:53" }
                 |            ^^^^^^^^^^^^^^^^
                 = write it as in `[fd00::5]` or `[fd00::5]:443`
            plan.yaml:16:12: error: `[::1]53` is not an IPv6 address in brackets
              16 |   - { tcp: "[::1]53" }
                 |            ^^^^^^^^^
                 = write it as in `[fd00::5]` or `[fd00::5]:443`
            plan.yaml:17:12: error: `-x:1` is not a host name or an IP address
              17 |   - { tcp: -x:1 }
                 |            ^^^^
                 = write a name like `gateway.example.com` or an address like `10.1.0.1`
            plan.yaml:18:5: error: an item of `witnesses` has no `tcp`
              18 |   - { icmp: ns1 }
                 |     ^
                 = add a line like `tcp: gateway.example.com:443`
            plan.yaml:18:7: error: unknown key `icmp`
              18 |   - { icmp: ns1 }
                 |       ^^^^
                 = keys of an item of `witnesses`: `tcp`
            plan.yaml:19:5: error: an item of `witnesses` must be a mapping of keys to values, not a text
              19 |   - ns1:53
                 |     ^^^^^^
                 = write `key: value` lines, indented below it
        "#]],
    );
}

#[test]
fn a_witness_stands_outside_of_every_site() {
    check(
        &[(
            "    hosts: [mad-1, mad-2]",
            "    hosts: [mad-1, mad-2]\n    evidence: { also: [ { tcp: ns1.example.net:53 } ] }",
        )],
        expect![[r#"
        plan.yaml:13:12: error: the witness `ns1.example.net:53` is also evidence of site `madrid`: the site's loss would silence it
          13 | witnesses: [ { tcp: ns1.example.net:53 } ]
             |            ^
             = take a witness outside of every site
    "#]],
    );
}

#[test]
fn evidence_needs_something_to_listen_to() {
    check(
        &[(
            "    hosts: [mad-1, mad-2]",
            "    hosts: [mad-1, mad-2]\n    evidence: { hosts: { tcp: [] }, require: proof }\n    promote: never",
        )],
        expect![[r#"
        plan.yaml:10:31: error: `tcp` lists no port: no silence could ever be heard
          10 |     evidence: { hosts: { tcp: [] }, require: proof }
             |                               ^
             = list at least VDSM's: `[54321, 22]`
        plan.yaml:10:46: error: `require` cannot be `proof`
          10 |     evidence: { hosts: { tcp: [] }, require: proof }
             |                                              ^^^^^
             = possible words: `silence`, `attestation`, `isolate`
        plan.yaml:11:14: error: `promote` cannot be `never`
          11 |     promote: never
             |              ^^^^^
             = write `confirm`, or `{ hook: hooks/promote }`; leave `promote` out if nothing is to be done
    "#]],
    );
}

#[test]
fn doubtful_plans_stand_with_warnings() {
    check(
        &[("witnesses: [ { tcp: ns1.example.net:53 } ]\n", ""), (&BASE[BASE.find("storage:").unwrap()..], "")],
        expect![[r#"
        plan.yaml:1:1: warning: there are no `witnesses`: a site's silence cannot be told from our own
          1 | version: 1
            | ^
            = name an address outside of every site: `witnesses: [ { tcp: ns1.example.net:53 } ]`
        plan.yaml:1:1: warning: there is no `storage`: every data domain counts as being without a replica
          1 | version: 1
            | ^
            = name each storage connection with its value at each site
    "#]],
    );
    check_text(
        &BASE
            .replace("  seville:\n    hosts: [sev-1, sev-2]\n", "")
            .lines()
            .filter(|line| !line.contains("seville:"))
            .collect::<Vec<_>>()
            .join("\n"),
        expect![[r#"
            plan.yaml:8:3: warning: there is only one site: nothing can fail over
              8 |   madrid:
                |   ^
                = name the other site with its hosts
        "#]],
    );
}

#[test]
fn the_engine_is_reached_encrypted_and_named_whole() {
    check(
        &[
            ("https://engine.example.com/ovirt-engine/api", "http://engine.example.com/ovirt-engine/api"),
            ("dr@internal", "dr"),
        ],
        expect![[r#"
        plan.yaml:4:8: error: `engine.url` is not encrypted: the password would cross the network in clear
          4 |   url: http://engine.example.com/ovirt-engine/api
            |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            = write `https://`
        plan.yaml:5:13: error: `engine.username` has no profile
          5 |   username: dr
            |             ^^
            = write `user@profile`, as in `dr@internal`
    "#]],
    );
    check(
        &[("https://engine.example.com/ovirt-engine/api", "engine.example.com")],
        expect![[r#"
        plan.yaml:4:8: error: `engine.url` must begin with `https://`
          4 |   url: engine.example.com
            |        ^^^^^^^^^^^^^^^^^^
            = write it as in `https://engine.example.com/ovirt-engine/api`
    "#]],
    );
    check(
        &[("https://engine.example.com/ovirt-engine/api", "https://engine.example.com/")],
        expect![[r#"
        plan.yaml:4:8: error: `engine.url` does not end in `/api`
          4 |   url: https://engine.example.com/
            |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^
            = write it as in `https://engine.example.com/ovirt-engine/api`
    "#]],
    );
}

#[test]
fn a_password_in_the_file_is_refused_and_never_shown() {
    check(
        &[("{ file: engine.password }", "hunter2")],
        expect![[r#"
        plan.yaml:6:13: error: a password must not stand in a plan
          6 |   password: ***
            |             ^^^
            = put it into a file only the daemon can read and write `password: { file: engine.password }`; change it, for it has been seen
    "#]],
    );
    check(
        &[("{ file: engine.password }", "{ value: hunter2 }"), ("https://engine", "https://dr:hunter2@engine")],
        expect![[r#"
        plan.yaml:4:8: error: `engine.url` has a user or password in it; they belong into `username` and `password`
          4 |   url: ***
            |        ^^^
            = write it as in `https://engine.example.com/ovirt-engine/api`
        plan.yaml:6:15: error: unknown key `value`
          6 |   password: { value: *** }
            |               ^^^^^
            = keys of `engine.password`: `file`, `credential`, `env`
    "#]],
    );
    check(
        &[("  password: { file: engine.password }", "  passwort: hunter2")],
        expect![[r#"
        plan.yaml:4:3: error: `engine` has no `password`
          4 |   url: https://engine.example.com/ovirt-engine/api
            |   ^
            = add a line like `password: { file: engine.password }`
        plan.yaml:6:3: error: unknown key `passwort`, did you mean `password`?
          6 |   passwort: ***
            |   ^^^^^^^^
            = keys of `engine`: `url`, `username`, `password`, `ca_file`, `database`
    "#]],
    );
    // Several findings in one line, and a text that is not even YAML.
    check_text(
        "engine: { url: 7, password: \"hunter2\", username: 8 }\n",
        expect![[r#"
        plan.yaml:1:1: error: the plan has no `version`
          1 | engine: { url: 7, password: ***, username: 8 }
            | ^
            = add a line like `version: 1`
        plan.yaml:1:1: error: the plan has no `active_site`
          1 | engine: { url: 7, password: ***, username: 8 }
            | ^
            = add a line like `active_site: madrid`
        plan.yaml:1:1: error: the plan has no `sites`
          1 | engine: { url: 7, password: ***, username: 8 }
            | ^
            = add a line like `sites: { madrid: { hosts: [...] }, seville: { hosts: [...] } }`
        plan.yaml:1:16: error: `engine.url` must be a text, not a number
          1 | engine: { url: 7, password: ***, username: 8 }
            |                ^
            = put it in quotes: `"7"`
        plan.yaml:1:29: error: a password must not stand in a plan
          1 | engine: { url: 7, password: ***, username: 8 }
            |                             ^^^^^^^^^
            = put it into a file only the daemon can read and write `password: { file: engine.password }`; change it, for it has been seen
        plan.yaml:1:50: error: `engine.username` must be a text, not a number
          1 | engine: { url: 7, password: ***, username: 8 }
            |                                            ^
            = put it in quotes: `"8"`
    "#]],
    );
    check_text(
        "engine:\n  password: hunter2: x\n",
        expect![[r#"
        plan.yaml:2:20: error: this is not YAML: mapping values are not allowed in this context
          2 |   password:***
            |               ^
            = check the indentation, the quotes and the brackets here and in the line above
    "#]],
    );
    check(
        &[("{ file: engine.password }", "{ env: hunter2!, file: x }")],
        expect![[r#"
        plan.yaml:6:13: error: `engine.password` names more than one place
          6 |   password: { env: hunter2!, file: x }
            |             ^
            = keep one of `file`, `credential` and `env`
    "#]],
    );
    check(
        &[("{ file: engine.password }", "{ env: \"hunter2!\" }")],
        expect![[r#"
        plan.yaml:6:20: error: `env` is not a name
          6 |   password: { env: *** }
            |                    ^^^^^
            = name it in letters, digits and underscores; never write the secret itself
    "#]],
    );
    check(
        &[("{ file: engine.password }", "{}")],
        expect![[r#"
        plan.yaml:6:13: error: `engine.password` does not say where the password is found
          6 |   password: {}
            |             ^
            = write `password: { file: engine.password }`
    "#]],
    );
}

#[test]
fn what_this_version_does_not_act_on_is_never_passed_over() {
    check(
        &[
            ("  password:", "  database: { url_file: engine-db.url }\n  password:"),
            ("    hosts: [mad-1, mad-2]", "    hosts: [mad-1, mad-2]\n    evidence: { require: isolate }"),
            ("type: nfs", "type: glusterfs"),
            ("type: iscsi", "type: iscsi\n    via: database"),
            ("storage:", "storage:\n  local: { type: localfs, same: { path: /x } }"),
            (
                "witnesses:",
                "\
vms:
  never_start: { tag: dr-lab }
  groups:
    - name: identity
      select: { names: [ldap-1, dns-1] }
      ready: { tcp: 389 }
      on_failure: halt
    - name: rest
      select: { remaining: was_running }
witnesses:",
            ),
        ],
        expect![[r#"
            plan.yaml:6:3: error: `engine.database` is not supported by this version
              6 |   database: { url_file: *** }
                |   ^^^^^^^^
                = remove it; every connection is repointed through the API
            plan.yaml:11:26: error: `require: isolate` is not supported by this version
              11 |     evidence: { require: isolate }
                 |                          ^^^^^^^
                 = write `require: attestation`: a person cuts the hosts off and vouches for it, once per epoch
            plan.yaml:15:3: error: `vms.never_start` is not supported by this version
              15 |   never_start: { tag: dr-lab }
                 |   ^^^^^^^^^^^
                 = remove it, and switch these virtual machines off high availability and down before a failover
            plan.yaml:18:17: error: `select: { names: ... }` is not supported by this version
              18 |       select: { names: [ldap-1, dns-1] }
                 |                 ^^^^^
                 = the one group of this version is `{ name: all, select: { remaining: was_running } }`
            plan.yaml:19:14: error: `ready` other than `running` is not supported by this version
              19 |       ready: { tcp: 389 }
                 |              ^
                 = remove it: a virtual machine counts when it is up
            plan.yaml:20:7: error: `on_failure` is not supported by this version
              20 |       on_failure: halt
                 |       ^^^^^^^^^^
                 = remove it: with one group there is nothing to halt; what does not start is listed as an exception
            plan.yaml:25:18: error: `type: localfs` is not supported by this version
              25 |   local: { type: localfs, same: { path: /x } }
                 |                  ^^^^^^^
                 = a local disk has no replica; leave the entry out
            plan.yaml:27:11: error: `type: glusterfs` is not supported by this version
              27 |     type: glusterfs
                 |           ^^^^^^^^^
                 = keep the volume's name stable over both sites (a name that moves with the site), and leave the entry out
            plan.yaml:32:5: error: `via` is not supported by this version
              32 |     via: database
                 |     ^^^
                 = remove it; connections are repointed through the API
        "#]],
    );
    check(
        &[(
            "witnesses:",
            "notify:\n  - webhook: { url_file: hooks/chat.url, on: [opened] }\npolicy:\n  windows: [ \"Sat 02:00-06:00\" ]\nwitnesses:",
        )],
        expect![[r#"
            plan.yaml:12:1: warning: `notify` is read but not used by this version
              12 | notify:
                 | ^^^^^^
                 = watch the journal (`journalctl -u ovirt-dr`) or `ovirt-dr status`
            plan.yaml:15:3: warning: `policy.windows` is read but not used by this version
              15 |   windows: [ "Sat 02:00-06:00" ]
                 |   ^^^^^^^
                 = keep to the windows yourself: a planned migration is not held back by them
        "#]],
    );
}

#[test]
fn another_version_is_not_guessed_at() {
    check(
        &[("version: 1", "version: 2")],
        expect![[r#"
        plan.yaml:1:10: error: `version` cannot be `2`
          1 | version: 2
            |          ^
            = write `version: 1`, the one this program knows
    "#]],
    );
    check(
        &[("version: 1\n", "")],
        expect![[r#"
        plan.yaml:1:1: error: the plan has no `version`
          1 | active_site: madrid
            | ^
            = add a line like `version: 1`
    "#]],
    );
}

#[test]
fn a_file_is_one_document_of_plain_yaml() {
    check_text(
        &format!("{BASE}---\n{BASE}"),
        expect![[r#"
        plan.yaml:23:1: error: there is more than one document in the file
          23 | version: 1
             | ^
             = one file is one plan: remove the `---` line and what does not belong here
    "#]],
    );
    check_text(
        "",
        expect![[r#"
        plan.yaml:1:1: error: the file is empty
          1 | 
            | ^
            = begin with `version: 1`; `plans/README.md` has the rest
    "#]],
    );
    check_text(
        "just some words\n",
        expect![[r#"
        plan.yaml:1:1: error: the plan must be a mapping of keys to values, not a text
          1 | just some words
            | ^^^^^^^^^^^^^^^
            = write `key: value` lines, indented below it
    "#]],
    );
    check_text(
        "version: 1\nsites: [madrid\nengine: {}\n",
        expect![[r#"
        plan.yaml:3:7: error: this is not YAML: illegal placement of ':' indicator
          3 | engine: {}
            |       ^
            = check the indentation, the quotes and the brackets here and in the line above
    "#]],
    );
    check_text(
        "version: 1\n\tsites: x\n",
        expect![[r#"
        plan.yaml:1:10: error: this is not YAML: while scanning a plain scalar, found a tab
          1 | version: 1
            |          ^
            = check the indentation, the quotes and the brackets here and in the line above
    "#]],
    );
    check_text(
        "a: &x { hosts: [] }\nb: *x\n",
        expect![[r#"
        plan.yaml:1:7: error: a plan cannot use anchors (`&name`) and aliases (`*name`)
          1 | a: &x { hosts: [] }
            |       ^
            = write the value out wherever it is meant
    "#]],
    );
    check_text(
        "a: !include other.yaml\n",
        expect![[r#"
        plan.yaml:1:13: error: a plan cannot use tags (`!name`)
          1 | a: !include other.yaml
            |             ^
            = remove the tag, or put the value in quotes
    "#]],
    );
    check_text(
        "<<: { version: 1 }\n",
        expect![[r#"
        plan.yaml:1:1: error: the plan has no `version`
          1 | <<: { version: 1 }
            | ^
            = add a line like `version: 1`
        plan.yaml:1:1: error: the plan has no `active_site`
          1 | <<: { version: 1 }
            | ^
            = add a line like `active_site: madrid`
        plan.yaml:1:1: error: the plan has no `engine`
          1 | <<: { version: 1 }
            | ^
            = add a line like `engine: { url: ..., username: ..., password: ... }`
        plan.yaml:1:1: error: the plan has no `sites`
          1 | <<: { version: 1 }
            | ^
            = add a line like `sites: { madrid: { hosts: [...] }, seville: { hosts: [...] } }`
        plan.yaml:1:1: error: unknown key `<<`
          1 | <<: { version: 1 }
            | ^^
            = keys of the plan: `version`, `active_site`, `preferred_site`, `engine`, `sites`, `witnesses`, `storage`, `vms`, `policy`, `notify`
    "#]],
    );
    check_text(
        &format!("a: {}\n", "[".repeat(50)),
        expect![[r#"
        plan.yaml:1:20: error: this is not YAML: recursion limit exceeded
          1 | a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
            |                    ^
            = check the indentation, the quotes and the brackets here and in the line above
    "#]],
    );
    check_text(
        &"#".repeat(crate::MAX_BYTES + 1),
        expect![[r#"
        plan.yaml:1:1: error: the file is larger than 1 MiB
          1 | ################################################################################################################################################################...
            | ^
            = a plan is a short file; is this the right one?
    "#]],
    );
}

#[test]
fn many_findings_come_at_once_in_the_order_of_the_file() {
    check(
        &[
            ("active_site: madrid", "active_site: madird"),
            ("https://", "http://"),
            ("[sev-1, sev-2]", "[mad-1]"),
            ("witnesses:", "witneses:"),
            ("path: /data1", "path: data1"),
            ("10.2.0.12]", "10.2.0.12, 10.2.0.13]"),
        ],
        expect![[r#"
            plan.yaml:2:14: error: `active_site` is not a site: `madird`, did you mean `madrid`?
              2 | active_site: madird
                |              ^^^^^^
                = sites of this plan: `madrid`, `seville`
            plan.yaml:4:8: error: `engine.url` is not encrypted: the password would cross the network in clear
              4 |   url: http://engine.example.com/ovirt-engine/api
                |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                = write `https://`
            plan.yaml:11:13: error: host `mad-1` is in two sites
              11 |     hosts: [mad-1]
                 |             ^^^^^
                 = it is in site `madrid`, line 9; a host stands in one place only
            plan.yaml:12:1: error: unknown key `witneses`, did you mean `witnesses`?
              12 | witneses: [ { tcp: ns1.example.net:53 } ]
                 | ^^^^^^^^
                 = keys of the plan: `version`, `active_site`, `preferred_site`, `engine`, `sites`, `witnesses`, `storage`, `vms`, `policy`, `notify`
            plan.yaml:16:43: error: `path` is not absolute
              16 |     madrid:  { address: nas.madrid, path: data1 }
                 |                                           ^^^^^
                 = write it from the root, as in `/exports/data1`
            plan.yaml:21:5: error: storage entry `san1` has 3 portals at `seville` but 2 at `madrid`
              21 |     seville: { target: iqn.2015-01.com.seville:a, portals: [10.2.0.11, 10.2.0.12, 10.2.0.13] }
                 |     ^^^^^^^
                 = portals pair up by position: list as many; a surplus one may point to an address that is not in use
        "#]],
    );
}

#[test]
fn carets_stand_under_the_word_in_wide_and_long_lines() {
    check(
        &[("active_site: madrid", "active_site:\tmädrid")],
        expect![[r#"
        plan.yaml:2:14: error: `active_site` is not a site: `mädrid`, did you mean `madrid`?
          2 | active_site:	mädrid
            |             	^^^^^^
            = sites of this plan: `madrid`, `seville`
    "#]],
    );
    let hosts = (1..80).map(|number| format!("madrid-{number}")).collect::<Vec<_>>().join(", ");
    check(
        &[("[mad-1, mad-2]", &format!("[{hosts}, 7, {hosts}x]"))],
        expect![[r#"
        plan.yaml:9:873: error: a host must be a text, not a number
          9 | ...-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79, 7, madrid-1, madrid-2, madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-...
            |                                                                ^
            = put it in quotes: `"7"`
        plan.yaml:9:876: error: host `madrid-1` is named twice
          9 | ..., madrid-75, madrid-76, madrid-77, madrid-78, madrid-79, 7, madrid-1, madrid-2, madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10,...
            |                                                                ^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:886: error: host `madrid-2` is named twice
          9 | ...5, madrid-76, madrid-77, madrid-78, madrid-79, 7, madrid-1, madrid-2, madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11...
            |                                                                ^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:896: error: host `madrid-3` is named twice
          9 | ...76, madrid-77, madrid-78, madrid-79, 7, madrid-1, madrid-2, madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-1...
            |                                                                ^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:906: error: host `madrid-4` is named twice
          9 | ...-77, madrid-78, madrid-79, 7, madrid-1, madrid-2, madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-...
            |                                                                ^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:916: error: host `madrid-5` is named twice
          9 | ...d-78, madrid-79, 7, madrid-1, madrid-2, madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid...
            |                                                                ^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:926: error: host `madrid-6` is named twice
          9 | ...id-79, 7, madrid-1, madrid-2, madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madri...
            |                                                                ^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:936: error: host `madrid-7` is named twice
          9 | ...madrid-1, madrid-2, madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madr...
            |                                                                ^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:946: error: host `madrid-8` is named twice
          9 | ...madrid-2, madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, mad...
            |                                                                ^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:956: error: host `madrid-9` is named twice
          9 | ...madrid-3, madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, ma...
            |                                                                ^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:966: error: host `madrid-10` is named twice
          9 | ...madrid-4, madrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:977: error: host `madrid-11` is named twice
          9 | ...adrid-5, madrid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:988: error: host `madrid-12` is named twice
          9 | ...drid-6, madrid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:999: error: host `madrid-13` is named twice
          9 | ...rid-7, madrid-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1010: error: host `madrid-14` is named twice
          9 | ...id-8, madrid-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1021: error: host `madrid-15` is named twice
          9 | ...d-9, madrid-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1032: error: host `madrid-16` is named twice
          9 | ...-10, madrid-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1043: error: host `madrid-17` is named twice
          9 | ...-11, madrid-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1054: error: host `madrid-18` is named twice
          9 | ...-12, madrid-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1065: error: host `madrid-19` is named twice
          9 | ...-13, madrid-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1076: error: host `madrid-20` is named twice
          9 | ...-14, madrid-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1087: error: host `madrid-21` is named twice
          9 | ...-15, madrid-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1098: error: host `madrid-22` is named twice
          9 | ...-16, madrid-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1109: error: host `madrid-23` is named twice
          9 | ...-17, madrid-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1120: error: host `madrid-24` is named twice
          9 | ...-18, madrid-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1131: error: host `madrid-25` is named twice
          9 | ...-19, madrid-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1142: error: host `madrid-26` is named twice
          9 | ...-20, madrid-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1153: error: host `madrid-27` is named twice
          9 | ...-21, madrid-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1164: error: host `madrid-28` is named twice
          9 | ...-22, madrid-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1175: error: host `madrid-29` is named twice
          9 | ...-23, madrid-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1186: error: host `madrid-30` is named twice
          9 | ...-24, madrid-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1197: error: host `madrid-31` is named twice
          9 | ...-25, madrid-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1208: error: host `madrid-32` is named twice
          9 | ...-26, madrid-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1219: error: host `madrid-33` is named twice
          9 | ...-27, madrid-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1230: error: host `madrid-34` is named twice
          9 | ...-28, madrid-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1241: error: host `madrid-35` is named twice
          9 | ...-29, madrid-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1252: error: host `madrid-36` is named twice
          9 | ...-30, madrid-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1263: error: host `madrid-37` is named twice
          9 | ...-31, madrid-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1274: error: host `madrid-38` is named twice
          9 | ...-32, madrid-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1285: error: host `madrid-39` is named twice
          9 | ...-33, madrid-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1296: error: host `madrid-40` is named twice
          9 | ...-34, madrid-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1307: error: host `madrid-41` is named twice
          9 | ...-35, madrid-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1318: error: host `madrid-42` is named twice
          9 | ...-36, madrid-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1329: error: host `madrid-43` is named twice
          9 | ...-37, madrid-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1340: error: host `madrid-44` is named twice
          9 | ...-38, madrid-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1351: error: host `madrid-45` is named twice
          9 | ...-39, madrid-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1362: error: host `madrid-46` is named twice
          9 | ...-40, madrid-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1373: error: host `madrid-47` is named twice
          9 | ...-41, madrid-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1384: error: host `madrid-48` is named twice
          9 | ...-42, madrid-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1395: error: host `madrid-49` is named twice
          9 | ...-43, madrid-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1406: error: host `madrid-50` is named twice
          9 | ...-44, madrid-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1417: error: host `madrid-51` is named twice
          9 | ...-45, madrid-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1428: error: host `madrid-52` is named twice
          9 | ...-46, madrid-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1439: error: host `madrid-53` is named twice
          9 | ...-47, madrid-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1450: error: host `madrid-54` is named twice
          9 | ...-48, madrid-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1461: error: host `madrid-55` is named twice
          9 | ...-49, madrid-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1472: error: host `madrid-56` is named twice
          9 | ...-50, madrid-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1483: error: host `madrid-57` is named twice
          9 | ...-51, madrid-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1494: error: host `madrid-58` is named twice
          9 | ...-52, madrid-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1505: error: host `madrid-59` is named twice
          9 | ...-53, madrid-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1516: error: host `madrid-60` is named twice
          9 | ...-54, madrid-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1527: error: host `madrid-61` is named twice
          9 | ...-55, madrid-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1538: error: host `madrid-62` is named twice
          9 | ...-56, madrid-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1549: error: host `madrid-63` is named twice
          9 | ...-57, madrid-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1560: error: host `madrid-64` is named twice
          9 | ...-58, madrid-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1571: error: host `madrid-65` is named twice
          9 | ...-59, madrid-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1582: error: host `madrid-66` is named twice
          9 | ...-60, madrid-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1593: error: host `madrid-67` is named twice
          9 | ...-61, madrid-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1604: error: host `madrid-68` is named twice
          9 | ...-62, madrid-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1615: error: host `madrid-69` is named twice
          9 | ...-63, madrid-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1626: error: host `madrid-70` is named twice
          9 | ...-64, madrid-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, madrid-78, m...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1637: error: host `madrid-71` is named twice
          9 | ...-65, madrid-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79x]...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1648: error: host `madrid-72` is named twice
          9 | ...-66, madrid-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79x]...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1659: error: host `madrid-73` is named twice
          9 | ...-67, madrid-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79x]...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1670: error: host `madrid-74` is named twice
          9 | ...-68, madrid-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79x]...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1681: error: host `madrid-75` is named twice
          9 | ...-69, madrid-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79x]...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1692: error: host `madrid-76` is named twice
          9 | ...-70, madrid-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79x]...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1703: error: host `madrid-77` is named twice
          9 | ...-71, madrid-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79x]...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
        plan.yaml:9:1714: error: host `madrid-78` is named twice
          9 | ...-72, madrid-73, madrid-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79x]...
            |                                                                ^^^^^^^^^
            = keep the one in line 9
    "#]],
    );
}

#[test]
fn a_finding_is_json_for_machines() {
    let finding = parse("erp", &BASE.replace("hosts: [sev-1", "hots: [sev-1")).findings.remove(0);
    expect![[r#"
        {
          "file": "erp.yaml",
          "level": "error",
          "line": 11,
          "column": 5,
          "width": 1,
          "source_line": "    hots: [sev-1, sev-2]",
          "message": "site `seville` has no `hosts`",
          "remedy": "add a line like `hosts: [host-1, host-2]`"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&finding).unwrap());
}
