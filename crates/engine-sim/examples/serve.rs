//! Serves a two-site engine over HTTPS until it is interrupted: `serve [PORT [CONTROL_PORT [SPEED]]]`.
//!
//! It prints one line of JSON with the URL, the control door, the account and the CA certificate.

use std::io::Write;
use std::net::SocketAddr;

use engine_sim::world::{World, WorldSpec};
use engine_sim::{ControlDoor, Engine, Server, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().map_or(Ok(8443), |text| text.parse())?;
    let control_port: u16 = arguments.next().map_or(Ok(8444), |text| text.parse())?;
    let speed: f64 = arguments.next().map_or(Ok(1.0), |text| text.parse())?;
    let spec = WorldSpec::two_sites(["alpha", "beta"], 3, 8, 1);
    let engine = Engine::new(World::new(&spec)?, Settings { speed, ..Settings::default() });
    let server = Server::start(engine.clone(), SocketAddr::from(([127, 0, 0, 1], port)), "localhost").await?;
    let door = ControlDoor::start(engine, control_port).await?;
    let line = serde_json::json!({
        "url": server.url(),
        "control": format!("http://{}", door.addr()),
        "user": "admin@internal",
        "password": "secret",
        "ca": server.ca_pem(),
    });
    writeln!(std::io::stdout(), "{line}")?;
    std::future::pending::<()>().await;
    Ok(())
}
