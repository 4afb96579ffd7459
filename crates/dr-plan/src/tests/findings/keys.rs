//! Keys: unknown, missing, repeated, of the wrong type, not supported.

use expect_test::expect;

use super::{BASE, check, check_text};
use crate::parse;

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    check(
        &[
            ("    hosts: [mad-1, mad-2]", "    hots: [mad-1, mad-2]"),
            ("address: nas.madrid", "adress: nas.madrid"),
            ("storage:", "colour: red\nstorage:"),
        ],
        expect![[r#"
            plan.yaml:9:5: error: unknown key `hots`, did you mean `hosts`?
              9 |     hots: [mad-1, mad-2]
                |     ^^^^
                = keys of site `madrid`: `hosts`, `evidence`, `promote`
            plan.yaml:13:1: error: unknown key `colour`
              13 | colour: red
                 | ^^^^^^
                 = keys of the plan: `version`, `active_site`, `preferred_site`, `engine`, `sites`, `witnesses`, `storage`, `vms`, `policy`, `notify`
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
fn a_hundred_findings_of_a_level_are_enough() {
    let keys: String = (0..150).map(|number| format!("unknown{number}: 1\n")).collect();
    let parsed = parse("plan", &format!("{BASE}{keys}"));
    assert_eq!(parsed.findings.len(), 101);
    expect![[r#"
        plan.yaml:1:1: error: there are 50 findings more
          1 | version: 1
            | ^
            = mend these first"#]]
    .assert_eq(&parsed.findings[100].to_string());
}
