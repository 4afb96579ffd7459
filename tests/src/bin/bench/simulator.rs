//! `simulator`: what the simulated engine takes to write the lists of a large world as XML, against what the official Python SDK takes to read the
//! same bytes. A client never waits for the simulator longer than for itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use engine_sim::world::{World, WorldSpec};
use engine_sim::{Engine, Settings};
use http::Request;
use ovirt_dr::rehearsal::PASSWORD;
use serde::Deserialize;
use tests::peers;

use crate::figure::{Figure, Stopwatch, mebibytes, median, paused_runtime, said};
use crate::world::SITES;

/// The simulator may take this much of the SDK's time.
const BOUND: f64 = 1.0;
const HOSTS: usize = 250;
const VMS: usize = 10_000;
/// What a script asks for.
const LISTS: [(&str, usize); 2] = [("hosts", HOSTS), ("vms", VMS)];

pub(crate) fn measure(quick: bool) -> Result<Vec<Figure>, String> {
    let repetitions = if quick { 3 } else { 9 };
    let python = peers::bin().map_err(|why| format!("the official Python SDK is not here:\n{why}"))?.join("python");
    let spec = WorldSpec::two_sites(SITES, HOSTS / SITES.len(), VMS, 1);
    let (mut first, mut again) = (Vec::new(), Vec::new());
    let mut bodies = Vec::new();
    for _ in 0..repetitions {
        let (written, cost) = paused_runtime()?.block_on(answers(&spec))?;
        first.push(cost.first);
        again.push(cost.again);
        bodies = written;
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let read = read_by_sdk(&python, folder.path(), &bodies, repetitions)?;
    let (first, again) = (median(first), median(again));
    let bytes: usize = bodies.iter().map(Bytes::len).sum();
    let what = |how: &str| format!("{HOSTS} hosts, {VMS} VMs as XML {how}, to the SDK's reading");
    let note = |took| {
        let kibibytes = u64::try_from(bytes / 1024).unwrap_or_default();
        format!("{} against {}, {}", said(took), said(read), mebibytes(kibibytes))
    };
    let ratio = |took: Duration| took.as_secs_f64() / read.as_secs_f64();
    Ok(vec![
        Figure::ratio(what("first"), ratio(first), BOUND).with_note(note(first)),
        Figure::ratio(what("after a change"), ratio(again), BOUND).with_note(note(again)),
    ])
}

/// Processor time of the first answers of an engine, and of those after something in the world has changed.
struct Costs {
    first: Duration,
    again: Duration,
}

/// Each list once, by an engine that has answered nothing before, and once more after a change, so that nothing is merely repeated.
async fn answers(spec: &WorldSpec) -> Result<(Vec<Bytes>, Costs), String> {
    let engine = Engine::new(World::new(spec)?, Settings::default());
    let token = log_in(&engine).await?;
    let watch = Stopwatch::start();
    let bodies = lists(&engine, &token).await?;
    let first = watch.cost().cpu;
    engine.world(|world| {
        let guest = world.vm_named("vm1").map(|vm| vm.id).ok_or("no VM")?;
        world.kill_guest(guest);
        let host = world.host_named(&format!("{}-h1", SITES[0])).map(|host| host.id).ok_or("no host")?;
        world.rename_host(host, "renamed")
    })?;
    let watch = Stopwatch::start();
    let changed = lists(&engine, &token).await?;
    let again = watch.cost().cpu;
    if changed.first() == bodies.first() {
        return Err("the world did not change".to_owned());
    }
    Ok((bodies, Costs { first, again }))
}

async fn lists(engine: &Engine, token: &str) -> Result<Vec<Bytes>, String> {
    let mut bodies = Vec::new();
    for (name, _) in LISTS {
        // As the SDK asks.
        let request = Request::get(format!("https://localhost/ovirt-engine/api/{name}"))
            .header("accept", "application/xml")
            .header("content-type", "application/xml")
            .header("version", "4")
            .header("authorization", format!("Bearer {token}"));
        bodies.push(body(engine, request.body(Bytes::new())).await?);
    }
    Ok(bodies)
}

async fn log_in(engine: &Engine) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: String,
    }
    let form = format!("grant_type=password&scope=ovirt-app-api&username=admin%40internal&password={PASSWORD}");
    let request = Request::post("https://localhost/ovirt-engine/sso/oauth/token")
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded");
    let text = body(engine, request.body(Bytes::from(form))).await?;
    serde_json::from_slice::<Granted>(&text).map(|granted| granted.access_token).map_err(|error| error.to_string())
}

async fn body(engine: &Engine, request: Result<Request<Bytes>, http::Error>) -> Result<Bytes, String> {
    let request = request.map_err(|error| error.to_string())?;
    let path = request.uri().path().to_owned();
    let response = engine.respond(request).await;
    if response.status().is_success() {
        Ok(response.into_body())
    } else {
        Err(format!("{path}: {}", response.status()))
    }
}

/// The SDK's own processor time for these documents; it must find all objects in them.
fn read_by_sdk(python: &Path, folder: &Path, bodies: &[Bytes], repetitions: usize) -> Result<Duration, String> {
    #[derive(Deserialize)]
    struct Read {
        objects: Vec<usize>,
        seconds: Vec<f64>,
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for ((name, _), body) in LISTS.iter().zip(bodies) {
        let file = folder.join(format!("{name}.xml"));
        std::fs::write(&file, body).map_err(|error| format!("{}: {error}", file.display()))?;
        files.push(file);
    }
    let script = peers::peers().join("parse.py");
    let mut command = Command::new(python);
    let output = command.arg(script).arg(repetitions.to_string()).args(&files).output();
    let output = output.map_err(|error| format!("{} cannot be started: {error}", python.display()))?;
    if !output.status.success() {
        return Err(format!("the SDK did not read what was written:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let read: Read = serde_json::from_slice(&output.stdout).map_err(|error| format!("parse.py: {error}"))?;
    if read.objects != LISTS.map(|(_, count)| count) {
        return Err(format!("the SDK found {:?} objects", read.objects));
    }
    Ok(median(read.seconds.into_iter().map(Duration::from_secs_f64).collect()))
}
