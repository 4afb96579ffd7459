//! The keeper of the plan folder: a loop for every plan that has a file, and a word for every one that has lost it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::debtors::Debtor;
use crate::folder::{FoundPlan, PlanFolder};
use crate::plan_file::OnDisk;
use crate::plan_loop::{PlanLoop, Ports};
use crate::ports::JournalError;
use crate::socket::Plans;

/// Even without a sign from the folder it is looked at this often: some file systems give none.
const SLOW_REREAD: Duration = Duration::from_secs(30);
/// The same while a plan is watched whose file is gone: whether another one has come in its place is seen once that one was answered by its
/// engine.
const QUICK_REREAD: Duration = Duration::from_secs(2);

/// Keeps a loop for every plan of the folder.
pub(crate) struct Keeper {
    folder: PathBuf,
    ports: Ports,
    plans: Plans,
    loops: BTreeMap<String, Running>,
    /// Plans without a file and without a loop that left nothing: their journals do not change any more.
    retired: BTreeSet<String>,
    /// What was last said of each plan without a file, and when.
    said: BTreeMap<String, (String, Instant)>,
}

struct Running {
    wake: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// A keeper that has not looked yet.
    pub(crate) fn new(folder: &Path, ports: Ports, plans: Plans) -> Keeper {
        let (loops, retired, said) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Keeper { folder: folder.to_owned(), ports, plans, loops, retired, said }
    }

    /// Looks at the folder whenever it may have changed, until stopped; `looked` hears of each look.
    pub(crate) async fn keep(mut self, mut watched: PlanFolder, stop: CancellationToken, looked: Arc<Notify>) {
        let (mut minded, mut changed) = (Instant::now(), true);
        loop {
            let found = watched.scan();
            changed |= self.look(&found);
            looked.notify_waiters();
            looked.notify_one();
            // Whole journals are read for this.
            if changed || minded.elapsed() >= SLOW_REREAD {
                minded = Instant::now();
                if let Err(error) = self.mind_debtors(&found).await {
                    tracing::error!("{error}");
                }
            }
            let homeless = self.loops.keys().any(|name| !has_file(&found, name));
            tokio::select! {
                () = stop.cancelled() => break,
                () = watched.changed() => changed = true,
                () = tokio::time::sleep(if homeless { QUICK_REREAD } else { SLOW_REREAD }) => changed = false,
            }
        }
        for running in self.loops.into_values() {
            running.task.abort();
        }
    }

    /// Starts loops for new plans, wakes the others: each rereads its own file. A plan without a file goes on with what it knows, but makes room
    /// for one that has a file and speaks to the same engine: beside it neither would act. Says whether one did.
    fn look(&mut self, found: &[FoundPlan]) -> bool {
        for plan in found {
            match self.loops.get(&plan.name) {
                Some(running) if !running.task.is_finished() => running.wake.notify_one(),
                Some(_) | None => self.start(&plan.name, plan.path.clone()),
            }
        }
        let homeless: Vec<String> = self.loops.keys().filter(|name| !has_file(found, name)).cloned().collect();
        let mut made_room = false;
        for name in homeless {
            let twins = self.ports.twins.of(&name);
            let Some(twin) = twins.into_iter().find(|twin| has_file(found, twin)) else { continue };
            if let Some(running) = self.loops.remove(&name) {
                made_room = true;
                running.task.abort();
                self.plans.remove(&name);
                tracing::warn!(
                    "{name}: its plan file is gone, and {twin} is for the same engine: {name} is not watched any more"
                );
            }
        }
        made_room
    }

    /// Names each plan without a file that left something open or owed, and what to do; ends the journal of one whose debts another plan has
    /// given back.
    async fn mind_debtors(&mut self, found: &[FoundPlan]) -> Result<(), JournalError> {
        for name in self.ports.journal.plans().await? {
            if has_file(found, &name) {
                self.retired.remove(&name);
                self.said.remove(&name);
            } else if !self.retired.contains(&name) {
                self.mind(&name, found).await?;
            }
        }
        Ok(())
    }

    async fn mind(&mut self, name: &str, found: &[FoundPlan]) -> Result<(), JournalError> {
        let journal = match self.ports.journal.read(name).await {
            Ok(journal) => journal,
            Err(error) => {
                // One plan's journal must not stand in the way of the others.
                self.alarm(name, format!("{name}: {error}"));
                return Ok(());
            }
        };
        let is_watched = self.loops.contains_key(name);
        let Some(debtor) = Debtor::of(name, &journal) else {
            if !is_watched {
                self.retired.insert(name.to_owned());
            }
            return Ok(());
        };
        let mut twins = Vec::new();
        for plan in found {
            let Ok(other) = self.ports.journal.read(&plan.name).await else { continue };
            // While its own loop runs, the journal is that one's to write.
            if !is_watched && debtor.was_settled_by(&other) {
                let at = self.ports.clock.now();
                let entries = debtor.settled(&plan.name).into_iter().map(|entry| (at, entry)).collect();
                self.ports.journal.append(name, entries).await?;
                tracing::warn!(
                    "{name}: its plan file is gone, and {} has given back what it owed: its failover is closed",
                    plan.name
                );
                return Ok(());
            }
            if debtor.shares_engine(&other) {
                twins.push(plan.name.clone());
            }
        }
        self.alarm(name, debtor.alarm(&self.folder, &twins));
        Ok(())
    }

    /// Says it when it is new, and again at each slow look.
    fn alarm(&mut self, name: &str, text: String) {
        let known = self.said.get(name);
        if known.is_none_or(|(known, at)| *known != text || at.elapsed() >= SLOW_REREAD) {
            tracing::error!("{text}");
            self.said.insert(name.to_owned(), (text, Instant::now()));
        }
    }

    fn start(&mut self, name: &str, path: PathBuf) {
        let wake = Arc::new(Notify::new());
        let file = Arc::new(OnDisk::new(path));
        let (plan_loop, handle) = PlanLoop::new(name, self.folder.clone(), file, self.ports.clone(), Arc::clone(&wake));
        let task = tokio::spawn(plan_loop.run());
        self.plans.insert(handle);
        self.loops.insert(name.to_owned(), Running { wake, task });
    }
}

fn has_file(found: &[FoundPlan], name: &str) -> bool {
    found.iter().any(|plan| plan.name == name)
}
