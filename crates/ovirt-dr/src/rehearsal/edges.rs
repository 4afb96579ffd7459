//! The simulated engine as the daemon's edges see it: the client's transport and the evidence probes.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use dr_core::Answer;
use dr_daemon::{HookEnd, Hooks, Prober};
use dr_plan::Probe;
use engine_sim::world::{OtherCopies, Reach};
use engine_sim::{Engine, Served};
use futures::future::BoxFuture;
use ovirt_client::{Transport, TransportError, TransportErrorKind};

/// Carries the client's requests straight into the simulated engine's handler.
#[derive(Clone)]
pub struct SimTransport(pub Engine);

impl Transport for SimTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let engine = self.0.clone();
        Box::pin(async move {
            match engine.handle(request).await {
                Served::Response(response) => Ok(response),
                Served::Refused => Err(TransportError {
                    may_have_been_sent: false,
                    kind: TransportErrorKind::ConnectRefused,
                    message: "nobody listens".to_owned(),
                }),
                Served::Reset => Err(TransportError {
                    may_have_been_sent: true,
                    kind: TransportErrorKind::Reset,
                    message: "the engine went away".to_owned(),
                }),
                Served::Cut(_) => Err(TransportError {
                    may_have_been_sent: true,
                    kind: TransportErrorKind::TruncatedBody,
                    message: "the answer ended early".to_owned(),
                }),
            }
        })
    }
}

/// Asks the simulated world what a probe would see.
#[derive(Clone)]
pub struct SimProber(pub Engine);

impl Prober for SimProber {
    fn probe<'a>(&'a self, probe: &'a Probe) -> BoxFuture<'a, Answer> {
        let reach = self.0.probe(&probe.address, probe.port);
        Box::pin(async move {
            match reach {
                Reach::Answering => Answer::Accepted,
                Reach::Refusing => Answer::Refused,
                Reach::Silent => Answer::Silent,
            }
        })
    }
}

/// Promotes the replica in the simulated world; the hook's file name names the site: `promote-seville`.
#[derive(Clone)]
pub struct SimHooks(pub Engine);

impl Hooks for SimHooks {
    fn run<'a>(&'a self, path: &'a Path, _: Duration, _: String) -> BoxFuture<'a, HookEnd> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let promoted = match name.strip_prefix("promote-") {
            Some(site) => self.0.world(|world| world.promote(site, OtherCopies::ReadOnly)),
            None => Err(format!("the hook {name} does not name a site: call it promote-SITE")),
        };
        Box::pin(async move { promoted.map_or_else(HookEnd::Failed, |()| HookEnd::Done) })
    }
}
