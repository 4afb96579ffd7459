//! The file as a whole, and how findings are shown.

use expect_test::expect;

use super::{BASE, check, check_text};
use crate::parse;

#[test]
fn the_base_has_no_findings() {
    check(&[], expect![""]);
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
            plan.yaml:1:1: error: unknown key `<<`
              1 | <<: { version: 1 }
                | ^^
                = keys of the plan: `version`, `active_site`, `preferred_site`, `engine`, `sites`, `witnesses`, `storage`, `vms`, `policy`, `notify`
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
        "#]],
    );
    check_text(
        &format!("a: {}\n", "[".repeat(50)),
        expect![[r#"
            plan.yaml:1:53: error: this is not YAML: unclosed bracket '['
              1 | a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
                |                                                     ^
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
            plan.yaml:21:5: error: storage entry `san1` has not as many portals at `seville` (3) as at `madrid` (2)
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
        &[("[mad-1, mad-2]", &format!("[{hosts}, 7, madrid-80]"))],
        expect![[r#"
            plan.yaml:9:873: error: a host must be a text, not a number
              9 | ...-74, madrid-75, madrid-76, madrid-77, madrid-78, madrid-79, 7, madrid-80]
                |                                                                ^
                = put it in quotes: `"7"`
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
          "width": 4,
          "source_line": "    hots: [sev-1, sev-2]",
          "message": "unknown key `hots`, did you mean `hosts`?",
          "remedy": "keys of site `seville`: `hosts`, `evidence`, `promote`"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&finding).unwrap());
}
