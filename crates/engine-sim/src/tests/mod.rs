//! What clients of the simulated engine rely on, asked through its front door.

mod commands;
mod documents;
mod failover;
mod faults;
mod input;
mod life;
mod lists;
mod login;
mod over_tls;
mod xml;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;

use crate::world::{World, WorldSpec};
use crate::{Engine, Served, Settings};

/// An engine over two sites of three hosts and eight VMs, and a token for it.
struct Lab {
    engine: Engine,
    token: String,
}

/// What came back.
#[derive(Debug)]
struct Got {
    status: u16,
    content_type: String,
    headers: http::HeaderMap,
    text: String,
    json: Value,
}

impl Lab {
    async fn new() -> Lab {
        let spec = WorldSpec::two_sites(["alpha", "beta"], 3, 8, 1);
        let engine = Engine::new(World::new(&spec).unwrap(), Settings::default());
        let mut lab = Lab { engine, token: String::new() };
        lab.log_in().await;
        lab
    }

    async fn log_in(&mut self) {
        let form = "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret";
        let got = self.form("/ovirt-engine/sso/oauth/token", form).await;
        self.token = got.json["access_token"].as_str().unwrap().to_owned();
    }

    async fn form(&self, path: &str, form: &str) -> Got {
        let request = Request::post(path)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Bytes::from(form.to_owned())).unwrap()).await
    }

    async fn send(&self, request: Request<Bytes>) -> Got {
        got(self.engine.respond(request).await)
    }

    async fn serve(&self, method: Method, path: &str, body: &str) -> Served {
        self.engine.handle(self.request(method, path, body)).await
    }

    fn request(&self, method: Method, path: &str, body: &str) -> Request<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://engine.test/ovirt-engine/api{path}"))
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("version", "4")
            .header("authorization", format!("Bearer {}", self.token));
        request.body(Bytes::from(body.to_owned())).unwrap()
    }

    async fn get(&self, path: &str) -> Got {
        self.send(self.request(Method::GET, path, "")).await
    }

    async fn put(&self, path: &str, body: &str) -> Got {
        self.send(self.request(Method::PUT, path, body)).await
    }

    async fn post(&self, path: &str, body: &str) -> Got {
        self.send(self.request(Method::POST, path, body)).await
    }

    async fn delete(&self, path: &str) -> Got {
        self.send(self.request(Method::DELETE, path, "")).await
    }

    fn host(&self, name: &str) -> String {
        self.engine.world(|world| world.host_named(name).unwrap().id.to_string())
    }

    fn vm(&self, name: &str) -> String {
        self.engine.world(|world| world.vm_named(name).unwrap().id.to_string())
    }

    fn domain(&self, name: &str) -> String {
        self.engine.world(|world| world.domain_named(name).unwrap().id.to_string())
    }

    fn cluster(&self) -> String {
        self.engine.world(|world| world.clusters.keys().next().unwrap().to_string())
    }

    fn data_center(&self) -> String {
        self.engine.world(|world| world.data_centers.keys().next().unwrap().to_string())
    }

    /// The connection row that points to this address and path.
    fn connection(&self, place: &str) -> String {
        self.engine.world(|world| {
            let text = |target: &crate::world::Target| match target {
                crate::world::Target::Mount { address, path } => format!("{address}:{path}"),
                crate::world::Target::Portal { address, port, target: _ } => format!("{address}:{port}"),
            };
            world.connections.values().find(|row| text(&row.target) == place).unwrap().id.to_string()
        })
    }
}

fn got(response: http::Response<Bytes>) -> Got {
    let (parts, body) = response.into_parts();
    let text = String::from_utf8_lossy(&body).into_owned();
    let content_type = parts.headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
    Got {
        status: parts.status.as_u16(),
        content_type: content_type.unwrap_or_default(),
        headers: parts.headers,
        json: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
    }
}
