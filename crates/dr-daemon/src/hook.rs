//! The administrator's hooks: executables that speak to arrays.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use dr_core::Said;
use futures::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::ports::{HookEnd, Hooks};

/// Exit status that asks to be called again.
const NOT_YET: i32 = 75;
/// Output of a hook that is kept, in bytes: its last line is wanted.
const OUTPUT_KEPT: usize = 4 * 1024;
/// Longest line of a hook's output that is shown, in characters.
const LONGEST_LINE: usize = 300;
/// How long output is awaited after a hook's end: something that it left running may keep its output open for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// What a hook finds as its search path, whatever the daemon's own is.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs hooks as processes of their own group, with JSON on standard input and a bare environment: `PATH`, and `OVIRT_DR_HOOK`, the hook's own path.
///
/// A hook that outlives its time, or the daemon, is ended with everything that it started in its group.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessHooks;

impl Hooks for ProcessHooks {
    fn run<'a>(&'a self, path: &'a Path, timeout: Duration, input: String) -> BoxFuture<'a, HookEnd> {
        Box::pin(run(path, timeout, input))
    }
}

async fn run(path: &Path, timeout: Duration, input: String) -> HookEnd {
    let spawned = Command::new(path)
        .env_clear()
        .env("PATH", PATH)
        .env("OVIRT_DR_HOOK", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        // Somebody is writing the file at this moment.
        Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => return HookEnd::NotYet(error.to_string()),
        Err(error) => return HookEnd::NotRun(format!("{} cannot be run ({error}){}", path.display(), remedy(&error))),
    };
    let group = Group::of(&child);
    let mut said = LastLines::default();
    let ended = tokio::time::timeout(timeout, converse(&mut child, input, &mut said)).await;
    match ended {
        Ok(Ok(status)) => {
            group.has_ended();
            let said = said.line();
            match status.code() {
                Some(0) => HookEnd::Done,
                Some(NOT_YET) => HookEnd::NotYet(said),
                Some(code) => HookEnd::Failed(format!("exit status {code}: {said}")),
                None => HookEnd::Failed(format!("ended by a signal: {said}")),
            }
        }
        Ok(Err(error)) => HookEnd::Failed(format!("{}: {error}", path.display())),
        Err(_) => {
            HookEnd::Failed(format!("no end within {}; it was stopped. Its last words: {}", Said(timeout), said.line()))
        }
    }
}

/// What helps where a hook could not even be started.
fn remedy(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::NotFound {
        ": it, or the interpreter that its first line names, does not exist"
    } else if error.kind() == io::ErrorKind::PermissionDenied {
        ": the daemon's user must have the right to execute it; chmod 0755 it"
    } else {
        ""
    }
}

/// Feeds the hook and reads it until it ends. Its own end counts, not that of what it left running.
async fn converse(child: &mut Child, input: String, said: &mut LastLines) -> io::Result<ExitStatus> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A hook need not read what it does not care for.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let LastLines { out, err } = said;
    let talk = async { tokio::join!(feed, keep_tail(stdout, out), keep_tail(stderr, err)) };
    tokio::pin!(talk);
    tokio::select! {
        status = child.wait() => {
            // Whether the rest comes in time or not: the hook has ended.
            let _ = tokio::time::timeout(LAST_WORDS, talk).await;
            status
        }
        _ = &mut talk => child.wait().await,
    }
}

/// Reads to the end, however much it is: a hook whose output nobody reads would stand still.
async fn keep_tail(from: Option<impl AsyncRead + Unpin>, tail: &mut Vec<u8>) {
    let Some(mut from) = from else { return };
    let mut piece = [0; OUTPUT_KEPT];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        tail.extend_from_slice(piece.get(..length).unwrap_or_default());
        let surplus = tail.len().saturating_sub(OUTPUT_KEPT);
        tail.drain(..surplus);
    }
}

/// The end of a hook's output.
#[derive(Default)]
struct LastLines {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl LastLines {
    /// The last line that says something: of standard error, or else of standard output.
    fn line(&self) -> String {
        let last = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
            // It goes to journals and terminals.
            Some(line.chars().filter(|c| !c.is_control()).take(LONGEST_LINE).collect::<String>())
        };
        last(&self.err).or_else(|| last(&self.out)).unwrap_or_else(|| "it said nothing".to_owned())
    }
}

/// The process group of a hook: ended when dropped, unless the hook has ended by itself.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// What a hook leaves running when it ends is its own business.
    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tokio::sync::Mutex;

    use super::*;

    /// A process started by one test would hold the script of another open for writing, and then it cannot be executed: one at a time.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    const MINUTE: Duration = Duration::from_secs(60);

    async fn hook(script: &str, timeout: Duration) -> HookEnd {
        let _one = ONE_AT_A_TIME.lock().await;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hook");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        ProcessHooks.run(&path, timeout, "{\"site\":\"seville\"}".to_owned()).await
    }

    #[tokio::test]
    async fn exit_0_is_done_75_asks_again_and_anything_else_has_failed_with_its_last_words() {
        assert_eq!(hook("grep -q seville", MINUTE).await, HookEnd::Done);
        assert_eq!(
            hook("echo copying; echo 40 percent; exit 75", MINUTE).await,
            HookEnd::NotYet("40 percent".to_owned())
        );
        let failed = HookEnd::Failed("exit status 3: array says no".to_owned());
        assert_eq!(hook("echo array says no >&2; exit 3", MINUTE).await, failed);
        let killed = hook("kill -9 $$", MINUTE).await;
        assert!(matches!(&killed, HookEnd::Failed(text) if text.contains("by a signal")), "{killed:?}");
    }

    #[tokio::test]
    async fn a_talkative_hook_is_read_to_its_end_and_its_last_line_is_kept() {
        let script = "i=0; while [ $i -lt 4000 ]; do echo 'copying block after block, and there are many of them'; i=$((i+1)); done; \
                      printf '\\033[31mlast\\n'; exit 75";
        assert_eq!(hook(script, MINUTE).await, HookEnd::NotYet("[31mlast".to_owned()));
    }

    #[tokio::test]
    async fn a_hook_that_leaves_something_running_has_ended_when_it_ends() {
        assert_eq!(hook("echo started; sleep 600 & exit 0", MINUTE).await, HookEnd::Done);
    }

    #[tokio::test]
    async fn a_hook_without_end_is_stopped_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let alive = dir.path().join("alive");
        rustix::fs::mkfifoat(rustix::fs::CWD, &alive, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        // The child keeps the pipe open for writing; reading it ends when the last writer is gone.
        let mut watched = tokio::net::unix::pipe::OpenOptions::new().open_receiver(&alive).unwrap();
        let script = format!("exec 3>{}; echo here >&3; sleep 600 & wait", alive.display());
        let ended = hook(&script, Duration::from_secs(1)).await;
        assert!(matches!(&ended, HookEnd::Failed(text) if text.contains("was stopped")), "{ended:?}");
        let mut said = String::new();
        tokio::time::timeout(MINUTE, watched.read_to_string(&mut said)).await.expect("no writer is left").unwrap();
        assert_eq!(said, "here\n");
    }

    #[tokio::test]
    async fn a_hook_that_cannot_be_started_is_said_with_the_remedy() {
        let missing = ProcessHooks.run(Path::new("/nonexistent/hook"), Duration::from_secs(1), String::new()).await;
        assert!(matches!(&missing, HookEnd::NotRun(text) if text.contains("does not exist")), "{missing:?}");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hook");
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        let plain = ProcessHooks.run(&path, Duration::from_secs(1), String::new()).await;
        assert!(matches!(&plain, HookEnd::NotRun(text) if text.contains("chmod 0755")), "{plain:?}");
    }

    #[tokio::test]
    async fn the_daemons_environment_is_not_shown_to_a_hook() {
        let script = "test -z \"$CARGO_MANIFEST_DIR\" && test -n \"$PATH\" && test \"$OVIRT_DR_HOOK\" = \"$0\"";
        assert_eq!(hook(script, MINUTE).await, HookEnd::Done);
    }
}
