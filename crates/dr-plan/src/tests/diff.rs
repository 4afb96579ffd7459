use expect_test::{Expect, expect};

use super::{GOOD, good_but, plan};
use crate::diff;

#[expect(clippy::needless_pass_by_value, reason = "expect_test's own habit")]
fn check(changes: &[(&str, &str)], expected: Expect) {
    let mut text = GOOD.to_owned();
    for (passage, instead) in changes {
        assert!(text.contains(passage), "`{passage}` is not in the sample");
        text = text.replacen(passage, instead, 1);
    }
    expected.assert_eq(&diff(&plan(GOOD), &plan(&text)).join("\n"));
}

#[test]
fn another_active_site_is_no_difference() {
    assert_eq!(
        diff(&plan(GOOD), &plan(&good_but("active_site: madrid", "active_site: seville"))),
        Vec::<String>::new()
    );
}

#[test]
fn comments_and_spelling_are_no_difference() {
    assert_eq!(
        diff(&plan(GOOD), &plan(&good_but("hosts: [mad-1,", "hosts: ['mad-1',   # first\n     "))),
        Vec::<String>::new()
    );
}

#[test]
fn each_difference_is_told_in_words() {
    check(
        &[
            ("preferred_site: madrid", ""),
            ("engine.example.com", "engine2.example.com"),
            ("{ credential: engine-password }", "{ env: PASSWORD }"),
            ("[mad-1, mad-2, mad-3]", "[mad-1, mad-3, mad-4]"),
            ("tcp: [54321, 22]", "tcp: [54321]"),
            ("ns1.example.net:53", "ns2.example.net:53"),
            ("hooks/promote-madrid", "hooks/promote"),
            (
                "address: nas.madrid.example.com,  path: /exports/data1",
                "address: nas.madrid.example.com,  path: /exports/data2",
            ),
            ("10.2.0.11, \"10.2.0.12:3261\"", "10.2.0.11, 10.2.0.12"),
            ("timeout: 15m", "timeout: 20m"),
            ("flap_guard: 1h", "flap_guard: 2h\n  mode: observe\n  suspend_fencing: false"),
            ("hosts: 5, ", ""),
        ],
        expect![[r#"
            preferred site: madrid -> none
            engine url: https://engine.example.com/ovirt-engine/api -> https://engine2.example.com/ovirt-engine/api
            engine password: credential engine-password -> environment variable PASSWORD
            site madrid: host mad-2 removed
            site madrid: host mad-4 added
            site madrid: probed port 22 removed
            site madrid: promote: hook hooks/promote-madrid within 10m -> hook hooks/promote within 10m
            witness ns1.example.net:53 removed
            witness ns2.example.net:53 added
            storage data1: madrid: nas.madrid.example.com:/exports/data1 -> nas.madrid.example.com:/exports/data2
            storage san1: seville: iqn.2015-01.com.seville:vol1 by 10.2.0.11:3260, 10.2.0.12:3261 -> iqn.2015-01.com.seville:vol1 by 10.2.0.11:3260, 10.2.0.12:3260
            vms: timeout: 15m -> 20m
            policy: suspend_fencing: true -> false
            policy: flap_guard: 1h -> 2h
            policy: mode: act -> observe
            policy: limit of hosts: 5 -> none"#]],
    );
}

#[test]
fn entries_and_sites_that_come_and_go_are_told() {
    check(
        &[("  data1:\n", "  data2:\n"), ("witnesses:", "  bilbao: { hosts: [bil-1] }\nwitnesses:")],
        expect![[r#"
            site bilbao added
            storage data1 removed
            storage data2 added"#]],
    );
}

#[test]
fn another_order_is_a_difference_too() {
    check(
        &[("[mad-1, mad-2, mad-3]", "[mad-2, mad-1, mad-3]")],
        expect!["the order of hosts, ports, witnesses or storage entries"],
    );
}
