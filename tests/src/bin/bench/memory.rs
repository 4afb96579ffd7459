//! `memory`: the most that a real daemon process ever held resident, in the large world.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use engine_sim::world::{World, WorldSpec};
use engine_sim::{Engine, Settings};

use crate::figure::{Figure, Stopwatch, mebibytes, paused_runtime};
use crate::pass::{folder, recorded};
use crate::recorded::{Recording, record};
use crate::served::Served;
use crate::{program, world};

/// The daemon must stay below, in KiB.
const BOUND: u64 = 64 * 1024;
/// Passes before the memory is read.
const PASSES: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(50);

pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    let program = program::ovirt_dr()?;
    let spec = world::large();
    let (calm, lost) = (recorded(&spec)?, lost(&spec)?);
    let served = Served::start(calm)?;
    let dir = folder(&served)?;
    let plans = dir.path().join("plans");
    let text = world::plan(&spec, &world::api(served.port), false, "policy: { interval: 1s }\n");
    let set = || -> std::io::Result<()> {
        std::fs::create_dir(&plans)?;
        for name in ["engine-ca.pem", "engine.password"] {
            std::fs::copy(dir.path().join(name), plans.join(name))?;
        }
        std::fs::write(plans.join("erp.yaml"), text)
    };
    set().map_err(|error| error.to_string())?;
    let socket = dir.path().join("control.sock");
    let mut daemon = Daemon::start(&program, dir.path(), &plans, &socket)?;

    daemon.makes_passes(&served)?;
    let in_calm = daemon.most_resident()?;
    served.now_serve(lost);
    daemon.makes_passes(&served)?;
    let site_lost = daemon.most_resident()?;
    let mut ask = Command::new(&program);
    ask.arg("--socket").arg(&socket).args(["failover", world::SITES[1], "--reason", "bench"]);
    let asked = ask.stdout(Stdio::null()).status().map_err(|error| error.to_string())?;
    if !asked.success() {
        return Err("the daemon does not take a failover".to_owned());
    }
    daemon.makes_passes(&served)?;
    let in_transition = daemon.most_resident()?;
    let note = format!(
        "{} after {PASSES} calm passes, {} after as many with the site lost and VMs read in each",
        mebibytes(in_calm),
        mebibytes(site_lost)
    );
    Ok(vec![
        Figure::memory("most resident, after 20 calm passes", in_calm, BOUND),
        Figure::memory("most resident, inside a transition at the end", in_transition, BOUND).with_note(note),
    ])
}

/// What the simulated engine answers when the active site is lost.
fn lost(spec: &WorldSpec) -> Result<Recording, String> {
    paused_runtime()?.block_on(async {
        let engine = Engine::new(World::new(spec)?, Settings::default());
        tokio::time::sleep(Duration::from_secs(60)).await;
        engine.world(|world| world.lose_site(world::SITES[0]))?;
        tokio::time::sleep(Duration::from_secs(240)).await;
        record(&engine, dr_core::Time(0)).await.map(|(recording, _)| recording.packed())
    })
}

/// The daemon's process; it ends with this value.
struct Daemon {
    process: Child,
}

impl Daemon {
    fn start(program: &Path, dir: &Path, plans: &Path, socket: &Path) -> Result<Daemon, String> {
        let mut command = Command::new(program);
        command.arg("--socket").arg(socket).args(["daemon", "--log", "text", "--plans"]).arg(plans);
        command.arg("--state").arg(dir.join("state.sqlite3"));
        let log = std::fs::File::create(dir.join("log")).map_err(|error| error.to_string())?;
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        Ok(Daemon { process: started.map_err(|error| format!("{}: {error}", program.display()))? })
    }

    fn makes_passes(&mut self, served: &Served) -> Result<(), String> {
        let wanted = served.looks() + PASSES + 1;
        let watch = Stopwatch::start();
        while served.looks() < wanted {
            if let Ok(Some(ended)) = self.process.try_wait() {
                return Err(format!("the daemon has ended: {ended}"));
            }
            if watch.cost().wall > PATIENCE {
                return Err(format!("the daemon has made {} passes only", served.looks()));
            }
            pause();
        }
        Ok(())
    }

    /// `VmHWM`, in KiB.
    fn most_resident(&self) -> Result<u64, String> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let word = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse().ok());
        word.ok_or_else(|| format!("{path} has no VmHWM"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "waits for another process")]
fn pause() {
    std::thread::sleep(LOOK);
}
