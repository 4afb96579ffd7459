//! Storage entries and how they collide.

use expect_test::expect;

use super::check;

#[test]
fn portals_pair_up_by_position() {
    check(
        &[("[10.2.0.11, 10.2.0.12]", "[10.2.0.11]")],
        expect![[r#"
            plan.yaml:21:5: error: storage entry `san1` has not as many portals at `seville` (1) as at `madrid` (2)
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
