//! The simulated engine's answers to one whole look, recorded: so that its own work does not count when they are served again.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use dr_core::{Observed, Time};
use dr_daemon::Observer;
use engine_sim::Engine;
use futures::future::BoxFuture;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Request, Response};
use ovirt_client::{Client, EngineUrl, Transport, TransportError};
use ovirt_dr::rehearsal::{PASSWORD, SimTransport};

use crate::world;

/// Answers by method, path and query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    answers: BTreeMap<String, Response<Bytes>>,
}

impl Recording {
    /// The answer to a request.
    pub(crate) fn answer(&self, method: &Method, path_and_query: &str) -> Option<Response<Bytes>> {
        self.answers.get(&format!("{method} {path_and_query}")).cloned()
    }

    /// Paths and queries of everything that was read, logins left out.
    pub(crate) fn reads(&self) -> Vec<String> {
        let reads = self.answers.keys().filter_map(|key| key.strip_prefix("GET "));
        reads.filter(|path| path.contains("/api")).map(str::to_owned).collect()
    }

    /// Bytes of all bodies.
    pub(crate) fn bytes(&self) -> usize {
        self.answers.values().map(|answer| answer.body().len()).sum()
    }

    /// The same with bodies compressed, as a real engine's front server sends them.
    pub(crate) fn packed(&self) -> Recording {
        let answers = self.answers.iter().map(|(key, answer)| (key.clone(), packed(answer)));
        Recording { answers: answers.collect() }
    }
}

/// Looks once at the whole engine: what the observer saw, and what it was answered.
pub(crate) async fn record(engine: &Engine, now: Time) -> Result<(Recording, Observed), String> {
    let recording = Arc::default();
    let transport = Recorder { engine: SimTransport(engine.clone()), recording: Arc::clone(&recording) };
    let url = EngineUrl::parse(&world::api(443)).map_err(|error| error.to_string())?;
    let client = Client::new(url, "admin@internal", PASSWORD.to_owned().into(), transport);
    let observed = Observer::new(client).observe(BTreeMap::new(), true, now).await;
    if observed.vms.seen().is_none() || observed.connections.seen().is_none() {
        return Err("the simulated engine could not be read".to_owned());
    }
    let answers = std::mem::take(&mut *recording.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((Recording { answers }, observed))
}

type Answers = Arc<Mutex<BTreeMap<String, Response<Bytes>>>>;

struct Recorder {
    engine: SimTransport,
    recording: Answers,
}

impl Transport for Recorder {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let key = format!("{} {path}", request.method());
        Box::pin(async move {
            let answer = self.engine.send(request).await?;
            let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
            recording.insert(key, answer.clone());
            Ok(answer)
        })
    }
}

fn packed(answer: &Response<Bytes>) -> Response<Bytes> {
    let mut packed = answer.clone();
    packed.headers_mut().remove(CONTENT_LENGTH);
    packed.headers_mut().remove(TRANSFER_ENCODING);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    if let Ok(body) = encoder.write_all(answer.body()).and_then(|()| encoder.finish()) {
        *packed.body_mut() = body.into();
        packed.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    packed
}
