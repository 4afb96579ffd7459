//! `ovirt-dr sim`: the simulated engine as a server, and what one does to it.

use std::net::SocketAddr;

use engine_sim::world::World;
use engine_sim::{ControlDoor, Engine, Order, Server, Settings};
use http::Method;
use ovirt_dr::rehearsal::two_sites_and_a_witness;
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
    let SimServer { listen, control, hosts, vms, seed, speed, write_ca } = asked;
    if !control.ip().is_loopback() {
        return Err(Failure::Usage(format!(
            "the control door has no login, so it listens on 127.0.0.1 only, not on {}",
            control.ip()
        )));
    }
    let world = World::new(&two_sites_and_a_witness(SITES, hosts, vms, seed)).map_err(Failure::said)?;
    let settings = Settings { speed, seed, ..Settings::default() };
    let (user, password) = (settings.user.clone(), settings.password.clone());
    let engine = Engine::new(world, settings);
    let server = Server::start(engine.clone(), listen, NAME).await.map_err(|error| Failure::said(error.to_string()))?;
    let door = ControlDoor::start(engine, control.port()).await;
    let door = door.map_err(|error| Failure::said(format!("the control door cannot listen on {control}: {error}")))?;
    if let Some(file) = write_ca {
        let written = std::fs::write(&file, server.ca_pem());
        written.map_err(|error| {
            Failure::said(format!("the certificate cannot be written to {}: {error}", file.display()))
        })?;
    }
    if out.json {
        out.json(&serde_json::json!({ "url": format!("{}/api", server.url()), "control": format!("http://{}", door.addr()) }))?;
    } else {
        out.line(format_args!("the simulated engine: {}/api, user {user}, password {password}", server.url()))?;
        out.line(format_args!("its control door:     http://{}", door.addr()))?;
        out.line(format_args!(
            "{hosts} hosts at {} (active) and at {}, {vms} VMs; interrupt to stop",
            SITES[0], SITES[1]
        ))?;
    }
    let interrupted = tokio::signal::ctrl_c().await;
    interrupted.map_err(|error| Failure::said(format!("an interrupt cannot be waited for: {error}")))?;
    Ok(Exit::Done)
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
    fn an_unknown_order_is_wrong_usage_and_names_the_known_ones() {
        assert!(matches!(read_order("burn madrid"), Err(Failure::Usage(text)) if text.contains("lose_site")));
    }
}
