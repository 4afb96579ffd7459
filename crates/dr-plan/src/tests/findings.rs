//! Golden findings: one class of mistakes a test, with everything that is shown to whoever made it.

mod file;

mod keys;
mod values;

mod engine;
mod sites;
mod storage;

use expect_test::Expect;

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
