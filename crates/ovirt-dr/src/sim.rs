//! `ovirt-dr sim`: the simulated engine as a server, and what one does to it.

use std::net::SocketAddr;
use std::path::Path;

use engine_sim::world::{World, WorldFile};
use engine_sim::{ControlDoor, Engine, Order, Server, Settings};
use http::Method;
use ovirt_dr::rehearsal::{WrittenPlan, plan_of_file, two_sites_and_a_witness};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::cli::{Shown, Sim, SimCommand, SimDo, SimServer, SimShow};
use crate::exit::{Exit, Failure};
use crate::out::Out;
use crate::wire;

/// The sites of the simulated world; the first is active.
const SITES: [&str; 2] = ["madrid", "seville"];
/// The name that clients must use: the certificate is for it.
const NAME: &str = "localhost";

/// Serves, or sends an order, or shows.
pub(crate) async fn run(asked: Sim, out: Out) -> Result<Exit, Failure> {
    match asked.command {
        None => serve(asked.server, out).await,
        Some(SimCommand::Do(SimDo { order, control })) => {
            let order = serde_json::to_value(read_order(&order.join(" "))?);
            let order = order.map_err(|error| Failure::said(error.to_string()))?;
            let answer = at_the_door(control, Method::POST, "/", Some(&order)).await?;
            if out.json {
                out.json(&answer)?
            } else {
                out.line("done")?
            }
            Ok(Exit::Done)
        }
        Some(SimCommand::Show(SimShow { what, control })) => {
            let route = match what {
                Shown::State => "/state",
                Shown::Violations => "/violations",
                Shown::Mutations => "/mutations",
                Shown::Faults => "/faults",
            };
            out.json(&at_the_door(control, Method::GET, route, None).await?)?;
            Ok(Exit::Done)
        }
    }
}

async fn serve(asked: SimServer, out: Out) -> Result<Exit, Failure> {
    let SimServer { listen, control, world, hosts, vms, seed, speed, write_ca, write_plan } = asked;
    if !control.ip().is_loopback() {
        return Err(Failure::Usage(format!(
            "the control door has no login, so it listens on 127.0.0.1 only, not on {}",
            control.ip()
        )));
    }
    let described = match world {
        Some(file) => read_world(&file, seed)?,
        None => WorldFile {
            spec: two_sites_and_a_witness(SITES, hosts, vms, seed.unwrap_or(1)),
            active_site: SITES[0].to_owned(),
            unplanned: Vec::new(),
        },
    };
    let seed = described.spec.seed;
    let world = World::new(&described.spec).map_err(Failure::said)?;
    let settings = Settings { speed, seed, ..Settings::default() };
    let (user, password) = (settings.user.clone(), settings.password.clone());
    let engine = Engine::new(world, settings);
    let server = Server::start(engine.clone(), listen, NAME).await.map_err(|error| Failure::said(error.to_string()))?;
    let door = ControlDoor::start(engine, control.port()).await;
    let door = door.map_err(|error| Failure::said(format!("the control door cannot listen on {control}: {error}")))?;
    if let Some(file) = &write_ca {
        let written = std::fs::write(file, server.ca_pem());
        written.map_err(|error| {
            Failure::said(format!("the certificate cannot be written to {}: {error}", file.display()))
        })?;
    }
    let url = format!("{}/api", server.url());
    if let (Some(plan), Some(ca_file)) = (&write_plan, &write_ca) {
        let text = plan_of_file(&described, WrittenPlan { url: &url, plan, ca_file });
        text.and_then(|text| text.write(plan, door.addr())).map_err(Failure::Said)?;
    }
    if out.json {
        out.json(&serde_json::json!({ "url": url, "control": format!("http://{}", door.addr()) }))?;
    } else {
        out.line(format_args!("the simulated engine: {url}, user {user}, password {password}"))?;
        out.line(format_args!("its control door:     http://{}", door.addr()))?;
        out.line(format_args!("{}; interrupt to stop", summary(&described)))?;
    }
    let interrupted = tokio::signal::ctrl_c().await;
    interrupted.map_err(|error| Failure::said(format!("an interrupt cannot be waited for: {error}")))?;
    Ok(Exit::Done)
}

/// The world of a file; its mistakes are those of whoever named it on the command line.
fn read_world(file: &Path, seed: Option<u64>) -> Result<WorldFile, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        let samples = "`plans/worlds` has some to begin with";
        Failure::Usage(format!("the world file {name} cannot be read: {error}; {samples}"))
    })?;
    let mut read = WorldFile::read(&name, &text).map_err(|error| Failure::Usage(error.to_string()))?;
    read.spec.seed = seed.unwrap_or(read.spec.seed);
    Ok(read)
}

/// `3 hosts at madrid (active), 3 at seville, 8 VMs`.
fn summary(world: &WorldFile) -> String {
    let sites = world.spec.sites.iter().filter(|site| !site.hosts.is_empty());
    let sites: Vec<String> = sites
        .enumerate()
        .map(|(index, site)| {
            let hosts = if index == 0 { " hosts" } else { "" };
            let active = if site.active { " (active)" } else { "" };
            format!("{}{hosts} at {}{active}", site.hosts.len(), site.name)
        })
        .collect();
    format!("{}, {} VMs", sites.join(", "), world.spec.vms.len())
}

/// An order as one types it: `lose-site madrid`, `promote seville`, `set-host-link host=h1 link=refusing`, or JSON.
fn read_order(line: &str) -> Result<Order, Failure> {
    let line = line.trim();
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    let line = match word {
        _ if word.starts_with('{') => line.to_owned(),
        "promote" if !rest.contains('=') => format!("promote site={rest}"),
        word => format!("{} {rest}", word.replace('-', "_")),
    };
    line.trim().parse().map_err(Failure::Usage)
}

/// Asks the control door of a running simulated engine.
pub(crate) async fn at_the_door(
    door: SocketAddr,
    method: Method,
    route: &str,
    body: Option<&Value>,
) -> Result<Value, Failure> {
    let stream = TcpStream::connect(door).await;
    let stream = stream.map_err(|error| {
        Failure::said(format!("no simulated engine answers on {door} ({error}): start one with `ovirt-dr sim`"))
    })?;
    let broken = |error: String| Failure::said(format!("the simulated engine on {door} did not answer: {error}"));
    let answer = wire::send(stream, method, route, body).await.map_err(broken)?;
    let status = answer.status();
    let body = wire::json(answer.into_body()).await.map_err(broken)?;
    if status.is_success() {
        return Ok(body);
    }
    let said = body.get("error").and_then(Value::as_str);
    Err(Failure::said(said.map_or_else(|| body.to_string(), str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_typed_as_words() {
        assert!(matches!(read_order("lose-site madrid"), Ok(Order::LoseSite(site)) if site == "madrid"));
        assert!(matches!(read_order("restart-engine"), Ok(Order::RestartEngine)));
        assert!(matches!(read_order("speed 10"), Ok(Order::Speed(speed)) if speed > 9.9));
        assert!(matches!(
            read_order("promote seville"),
            Ok(Order::Promote { site, others_stay_writable: false }) if site == "seville"
        ));
        assert!(matches!(
            read_order("promote site=seville others_stay_writable=true"),
            Ok(Order::Promote { others_stay_writable: true, .. })
        ));
        assert!(
            matches!(read_order(r#"{"power_off": "madrid-h1"}"#), Ok(Order::PowerOff(host)) if host == "madrid-h1")
        );
    }

    #[test]
    fn a_world_file_that_is_not_there_or_wrong_is_wrong_usage_with_a_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("w.yaml");
        assert!(
            matches!(read_world(&file, None), Err(Failure::Usage(text)) if text.contains("cannot be read") && text.contains("plans/worlds"))
        );
        std::fs::write(&file, "sites:\n  m: { hosts: 1 }\nstorage:\n  a: { type: nfs, copies: [n] }\n").unwrap();
        assert!(
            matches!(read_world(&file, None), Err(Failure::Usage(text)) if text.contains("w.yaml:4:28: there is no site `n`"))
        );
        std::fs::write(&file, "seed: 4\nsites:\n  m: { hosts: 1 }\n").unwrap();
        assert_eq!(read_world(&file, None).unwrap().spec.seed, 4);
        assert_eq!(read_world(&file, Some(9)).unwrap().spec.seed, 9);
    }

    #[test]
    fn an_unknown_order_is_wrong_usage_and_names_the_known_ones() {
        assert!(matches!(read_order("burn madrid"), Err(Failure::Usage(text)) if text.contains("lose_site")));
    }
}
