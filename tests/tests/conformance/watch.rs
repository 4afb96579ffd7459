//! Status words and when they change: as the recording's sampler saw them, and as the simulated engine shows them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine_sim::world::World;
use tokio::task::JoinHandle;

use crate::stage::Stage;

/// An object shows another word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// Second of the scene.
    pub(crate) at: f64,
    /// `host alpha-h1`, `spm alpha-h1`, `vm vm1`, `dc`, `sd data-nfs`.
    pub(crate) what: String,
    pub(crate) word: String,
}

impl Change {
    /// Reads `host alpha-h3: up spm=none vms=3 -> connecting spm=none vms=3`: its status, its role, or nothing.
    pub(crate) fn read(at: f64, line: &str) -> Vec<Change> {
        let Some((what, words)) = line.split_once(": ") else { return Vec::new() };
        let (was, is) = words.split_once(" -> ").unwrap_or_default();
        Change::between(at, what, was, is)
    }

    /// What changed of `what` between two of the sampler's lines.
    pub(crate) fn between(at: f64, what: &str, was: &str, is: &str) -> Vec<Change> {
        let change = |what: String, word: fn(&str) -> Option<&str>| {
            let (was, is) = (word(was)?, word(is)?);
            (was != is).then(|| Change { at, what, word: is.to_owned() })
        };
        let name = what.rsplit(' ').next().unwrap_or_default();
        if what.starts_with("conn") {
            return Vec::new();
        }
        let of_host = what.starts_with("host").then(|| format!("spm {name}"));
        let what = if what.starts_with("dc") { "dc".to_owned() } else { what.replace("external-", "") };
        let role = of_host.and_then(|what| change(what, role));
        change(what, status).into_iter().chain(role).collect()
    }
}

/// The status word at the beginning; starting is one word here, its halves being shorter than the sampler's step.
fn status(text: &str) -> Option<&str> {
    match text.split(' ').next()? {
        "None" | "" => None,
        "wait_for_launch" | "powering_up" => Some("starting"),
        word => Some(word),
    }
}

fn role(text: &str) -> Option<&str> {
    text.split(' ').find_map(|word| word.strip_prefix("spm="))
}

/// Looks at a simulated engine's world every quarter of a second.
pub(crate) struct Watcher {
    seen: Arc<Mutex<Vec<Change>>>,
    task: JoinHandle<()>,
}

impl Watcher {
    pub(crate) fn start(stage: &Stage) -> Watcher {
        let seen: Arc<Mutex<Vec<Change>>> = Arc::default();
        let (engine, clock, changes) = (stage.engine.clone(), stage.clock().clone(), Arc::clone(&seen));
        let task = tokio::spawn(async move {
            let mut last = engine.world(|world| words(world));
            loop {
                tokio::time::sleep(Duration::from_millis(250)).await;
                let now = engine.world(|world| words(world));
                for (what, word) in &now {
                    if last.get(what).is_some_and(|was| was != word) {
                        let change = Change { at: clock.second(), what: what.clone(), word: word.clone() };
                        changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
                    }
                }
                last = now;
            }
        });
        Watcher { seen, task }
    }

    /// All that was seen; looks no longer.
    pub(crate) fn seen(self) -> Vec<Change> {
        self.task.abort();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn words(world: &World) -> BTreeMap<String, String> {
    let mut words = BTreeMap::new();
    for host in world.hosts.values() {
        words.insert(format!("host {}", host.name), host.status.to_string());
        words.insert(format!("spm {}", host.name), world.spm_status(host.id).to_string());
    }
    for vm in world.vms.values() {
        let word = vm.status.to_string();
        words.insert(format!("vm {}", vm.name), status(&word).unwrap_or_default().to_owned());
    }
    for data_center in world.data_centers.values() {
        words.insert("dc".to_owned(), data_center.status.to_string());
    }
    for domain in world.domains.values() {
        let status = domain.attached.map_or("unattached", |place| place.status.as_str());
        words.insert(format!("sd {}", domain.name), status.to_owned());
    }
    words
}
