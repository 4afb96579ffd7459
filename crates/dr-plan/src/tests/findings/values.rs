//! Leaves: durations, numbers, booleans, addresses.

use expect_test::expect;

use super::check;

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
            plan.yaml:19:5: error: an item of `witnesses` does not say how to probe
              19 |   - ns1:53
                 |     ^^^^^^
                 = write `{ tcp: ns1:53 }`
        "#]],
    );
}
