//! Sites, evidence and witnesses.

use expect_test::expect;

use super::{BASE, check, check_text};

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
