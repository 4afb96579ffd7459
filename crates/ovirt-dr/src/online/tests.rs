//! What the engine has against a plan.

use std::sync::Arc;

use dr_core::{
    Cluster, Connection, DataCenter, DataCenterStatus, Details, Domain, EngineIdentity, Host, HostStatus, Spm,
};

use super::*;

const NOW: Time = Time(1_000_000);
const PLAN: &str = include_str!("../../../../plans/minimal.yaml");

fn plan() -> Plan {
    dr_plan::parse("erp", PLAN).plan.unwrap()
}

fn host(name: &str, status: HostStatus) -> Host {
    Host {
        id: name.into(),
        name: name.to_owned(),
        address: format!("{name}.example.com"),
        port: 54321,
        cluster: "c".into(),
        spm: if status == HostStatus::Up { Spm::Spm } else { Spm::None },
        status,
        since: Time(0),
        detail: None,
        may_be_spm: Some(Time(0)),
        power_management: false,
        vms: 0,
    }
}

fn file(address: &str, path: &str) -> Details {
    Details::File { address: address.to_owned(), path: path.to_owned() }
}

/// The engine that the minimal plan describes.
fn world() -> Observed {
    let details = file("nas.madrid.example.com", "/exports/data1");
    let domain = Domain {
        id: "d".into(),
        name: "data1".to_owned(),
        data_center: "dc".into(),
        data: true,
        storage_type: "nfs".to_owned(),
        status: "active".to_owned(),
        behind: vec![details.clone()],
    };
    let policy = "{}".to_owned();
    let (cluster, data_center) = ("dr-cluster".to_owned(), "dr-dc".to_owned());
    Observed {
        at: NOW,
        engine: Read::Seen(EngineIdentity { instance_id: "i".to_owned(), event_id: Some(1) }),
        hosts: Read::Seen(vec![host("mad-1", HostStatus::Up), host("sev-1", HostStatus::Maintenance)]),
        clusters: Read::Seen(vec![Cluster {
            id: "c".into(),
            name: cluster,
            data_center: Some("dc".into()),
            fencing_policy: policy,
            fencing: true,
        }]),
        data_centers: Read::Seen(vec![DataCenter {
            id: "dc".into(),
            name: data_center,
            status: DataCenterStatus::Up,
            since: Time(0),
        }]),
        domains: Read::Seen(vec![domain]),
        connections: Read::Seen(vec![Connection { id: "1".into(), storage_type: "nfs".to_owned(), details }]),
        vms: Read::Seen(std::sync::Arc::default()),
        owed_tags: Read::Seen(vec![]),
        left_out: BTreeMap::new(),
        probes: BTreeMap::new(),
    }
}

fn messages(observed: &Observed) -> Vec<(Level, String)> {
    findings(&plan(), observed, NOW).into_iter().map(|finding| (finding.level, finding.message)).collect()
}

fn seen<T>(read: &mut Read<T>) -> &mut T {
    match read {
        Read::Seen(value) => value,
        Read::Unreadable(why) => panic!("{why}"),
    }
}

#[test]
fn a_plan_that_describes_its_engine_has_no_findings() {
    assert_eq!(messages(&world()), []);
}

#[test]
fn a_host_that_does_not_exist_is_an_error_with_the_nearest_name() {
    let mut world = world();
    seen(&mut world.hosts)[1].name = "sev-l".to_owned();
    let found = findings(&plan(), &world, NOW);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "host sev-1 of site seville does not exist in the engine");
    assert_eq!((found[0].remedy.as_str(), found[0].is_error()), ("did you mean sev-l?", true));
}

#[test]
fn a_connection_that_matches_no_row_shows_the_rows_there_are() {
    let mut world = world();
    seen(&mut world.connections)[0].details = file("nas.madrid.example.com", "/exports/data2");
    let found = findings(&plan(), &world, NOW);
    assert!(found[0].message.starts_with("connection data1: no storage connection of the engine is"), "{found:?}");
    assert_eq!(found[0].remedy, "the engine has nfs nas.madrid.example.com:/exports/data2");
}

#[test]
fn a_row_of_another_type_is_an_error() {
    let mut world = world();
    "posixfs".clone_into(&mut seen(&mut world.connections)[0].storage_type);
    let found = messages(&world);
    assert!(matches!(found.as_slice(), [(Level::Error, text)] if text.contains("of type posixfs")), "{found:?}");
}

#[test]
fn a_living_host_and_a_domain_that_the_plan_does_not_know_would_refuse_a_failover() {
    let mut world = world();
    seen(&mut world.hosts).push(Host { spm: Spm::None, ..host("mad-9", HostStatus::Up) });
    let mut domain = seen(&mut world.domains)[0].clone();
    domain.id = "d2".into();
    "archive".clone_into(&mut domain.name);
    domain.behind = vec![file("elsewhere", "/x")];
    seen(&mut world.domains).push(domain);
    let found = messages(&world);
    assert!(found.iter().all(|(level, _)| *level == Level::Warning), "{found:?}");
    assert!(found.iter().any(|(_, text)| text.contains("mad-9 is up and not in the plan")), "{found:?}");
    assert!(found.iter().any(|(_, text)| text.contains("archive has no replica in the plan")), "{found:?}");
    assert!(found.iter().any(|(_, text)| text.starts_with("a failover to seville would not arrive")), "{found:?}");
}

#[test]
fn a_standby_site_of_which_no_host_may_become_spm_is_told_once() {
    let mut world = world();
    seen(&mut world.hosts)[1].may_be_spm = None;
    let found = messages(&world);
    let about: Vec<_> = found
        .iter()
        .filter(|(_, text)| text.contains("no host of seville may become SPM of data center dr-dc"))
        .collect();
    assert!(matches!(about.as_slice(), [(Level::Warning, _)]), "{found:?}");
}

#[test]
fn an_account_that_does_not_see_everything_is_told_once() {
    let why = || "the account does not see all objects".to_owned();
    let mut world = world();
    world.hosts = Read::Unreadable(why());
    world.clusters = Read::Unreadable(why());
    let found = findings(&plan(), &world, NOW);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "the engine's hosts could not be read: the account does not see all objects");
    assert!(found[0].is_error() && found[0].remedy.contains("SuperUser"));
}

/// A simulated engine, and what is found when the plan for it is checked there.
async fn asked(change: impl FnOnce(&mut engine_sim::world::World)) -> Vec<(Level, String)> {
    use engine_sim::world::{World, WorldSpec};

    let mut world = World::new(&WorldSpec::two_sites(["madrid", "seville"], 3, 8, 1)).unwrap();
    change(&mut world);
    let engine = engine_sim::Engine::new(world, engine_sim::Settings::default());
    let transport = Arc::new(ovirt_dr::rehearsal::SimTransport(engine));
    let door = Door::Given(transport, ovirt_dr::rehearsal::PASSWORD.into());
    let plan = dr_plan::parse("rehearsal", include_str!("../../../../plans/rehearsal.yaml")).plan.unwrap();
    let found = ask(&plan, Path::new("."), &door).await;
    found.into_iter().map(|finding| (finding.level, finding.message)).collect()
}

#[tokio::test]
async fn the_rehearsal_plan_fits_the_simulated_engine() {
    assert_eq!(asked(|_| {}).await, []);
}

#[tokio::test]
async fn power_management_without_an_agent_cannot_be_suspended() {
    let bare = |world: &mut engine_sim::world::World| {
        for host in world.hosts.values_mut().filter(|host| host.name == "madrid-h2") {
            host.fence_agents.clear();
        }
    };
    let message = "power management of host madrid-h2 is on but has no fence agent: it cannot be suspended".to_owned();
    assert_eq!(asked(bare).await, [(Level::Warning, message)]);
}
