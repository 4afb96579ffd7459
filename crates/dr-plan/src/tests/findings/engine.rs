//! The engine and its password.

use expect_test::expect;

use super::{BASE, check, check_text};
use crate::parse;

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
                |                             ^^^
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
                |                    ^^^
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
fn a_secret_is_masked_wherever_it_stands() {
    let places = [
        ("storage:", "password: hunter2\nstorage:"),
        ("  password:", "  password: hunter2\n  password:"),
        ("  password: {", "  password: { file: a, passphrase: hunter2, "),
        ("storage:", "engine: { password: hunter2 }\nstorage:"),
        ("storage:", "notify: [ { webhook: { url: https://chat.example.com/hunter2 } } ]\nnotify: 1\nstorage:"),
        ("address: nas.madrid,", "address: nas.madrid, password: [hunter2],"),
        ("{ tcp: ns1", "{ token: hunter2, tcp: ns1"),
        ("storage:", "storage: { x: \"https://dr:hunter2@nas/\" }\nstorage:"),
        ("storage:", "Password: hunter2 {\n}}storage:"),
    ];
    for (passage, instead) in places {
        let parsed = parse("plan", &BASE.replacen(passage, instead, 1));
        assert!(!parsed.findings.is_empty(), "{instead}");
        for finding in parsed.findings {
            assert!(!format!("{finding}{finding:?}").contains("hunter2"), "{finding}");
        }
    }
}
