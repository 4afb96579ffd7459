//! The plan's entries found among the engine's connection rows.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::world::World;
use crate::{Connection, ConnectionId, resolve_rows};

fn check(text: &str, frozen: &[(&str, &str)], expected: Expect) {
    check_connections(text, frozen, |_| {}, expected);
}

#[expect(clippy::needless_pass_by_value, reason = "expect_test's own habit")]
fn check_connections(text: &str, frozen: &[(&str, &str)], change: fn(&mut Vec<Connection>), expected: Expect) {
    let world = World::read(&format!("site a: a1 up\nsite b: b1 maintenance\n{text}"));
    let frozen: BTreeMap<String, ConnectionId> =
        frozen.iter().map(|(key, id)| ((*key).to_owned(), (*id).into())).collect();
    let mut connections = world.observed.connections.seen().expect("readable").clone();
    change(&mut connections);
    let (rows, problems) = resolve_rows(&world.plan, &connections, &frozen);
    let rows = rows.iter().map(|row| {
        let foreign = if row.is_foreign() { " (foreign)" } else { "" };
        format!("{} is {} at {}{foreign}", row.name, row.connection.id, row.connection.details)
    });
    let lines: Vec<String> = rows.chain(problems.iter().map(ToString::to_string)).collect();
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn rows_are_found_by_any_of_their_values() {
    check(
        "nfs data1\nnfs data2 at=b\nnfs scratch same\nposixfs data3\nfcp vault",
        &[],
        expect![[r#"
        data1 is data1/0 at nas-a:/data1
        data2 is data2/0 at nas-b:/data2
        scratch is scratch/0 at nas-same:/scratch
        data3 is data3/0 at nas-a:/data3
    "#]],
    );
}

#[test]
fn portals_are_rows_of_their_own() {
    check(
        "iscsi san1 portals=2 at=a,b",
        &[],
        expect![[r#"
        san1 portal 1 is san1/0 at a-portal-1:3260, target iqn.a:san1
        san1 portal 2 is san1/1 at b-portal-2:3260, target iqn.b:san1
    "#]],
    );
}

#[test]
fn no_row_has_the_values() {
    check(
        "nfs data1 at=elsewhere\niscsi san1 portals=2 at=a,nowhere",
        &[],
        expect![[r#"
        san1 portal 1 is san1/0 at a-portal-1:3260, target iqn.a:san1
        connection data1: no storage connection of the engine is nas-a:/data1 or nas-b:/data1; correct the plan
        connection san1 portal 2: no storage connection of the engine is a-portal-2:3260, target iqn.a:san1 or b-portal-2:3260, target iqn.b:san1; correct the plan
    "#]],
    );
}

#[test]
fn several_rows_have_them() {
    let twice = |connections: &mut Vec<Connection>| {
        let second = connections[0].clone();
        connections.push(Connection { id: "second".into(), ..second });
    };
    check_connections(
        "nfs data1",
        &[],
        twice,
        expect![[r#"
        connection data1: several storage connections match (data1/0, second); pin one with `id:`
    "#]],
    );
    check_connections(
        "nfs data1 id=second",
        &[],
        twice,
        expect![[r#"
        data1 is second at nas-a:/data1
    "#]],
    );
}

#[test]
fn a_pinned_id_must_exist_and_agree() {
    check(
        "nfs data1 id=data1/0\nnfs data2 id=other",
        &[],
        expect![[r#"
        data1 is data1/0 at nas-a:/data1
        connection data2: the engine has no storage connection other
    "#]],
    );
    check(
        "nfs data1 id=data2/0\nnfs data2",
        &[],
        expect![[r#"
        data2 is data2/0 at nas-a:/data2
        connection data1: its `id:` names a row that is nas-a:/data2
    "#]],
    );
}

#[test]
fn a_row_of_another_type_is_a_problem() {
    check(
        "nfs data1 type=posixfs",
        &[],
        expect![[r#"
        connection data1: the engine's row is of type posixfs; correct `type:` in the plan
    "#]],
    );
}

#[test]
fn a_frozen_row_is_found_wherever_it_points() {
    check(
        "nfs data1 at=elsewhere",
        &[("data1/0", "data1/0")],
        expect![[r#"
        data1 is data1/0 at nas-elsewhere:/data1 (foreign)
    "#]],
    );
    check(
        "iscsi san1 portals=2 at=elsewhere,a",
        &[("san1/0", "san1/0"), ("san1/1", "san1/1")],
        expect![[r#"
        san1 portal 1 is san1/0 at elsewhere-portal-1:3260, target iqn.elsewhere:san1 (foreign)
        san1 portal 2 is san1/1 at a-portal-2:3260, target iqn.a:san1
    "#]],
    );
}

#[test]
fn a_frozen_row_that_was_removed_is_a_problem() {
    check(
        "nfs data1",
        &[("data1/0", "gone")],
        expect![[r#"
        connection data1: the engine has no storage connection gone
    "#]],
    );
}
