//! The administrator's hooks: executables that speak to arrays.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::ports::{HookEnd, Hooks};

/// Exit status that asks to be called again.
const NOT_YET: i32 = 75;
/// Output of a hook that is kept for messages.
const OUTPUT_KEPT: u64 = 64 * 1024;
/// What a hook sees of the daemon's environment.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs hooks as processes of their own group, with JSON on standard input and a bare environment.
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
        Err(error) => return HookEnd::Failed(format!("{} cannot be run: {error}", path.display())),
    };
    let ended = tokio::time::timeout(timeout, converse(&mut child, input)).await;
    let Ok(ended) = ended else {
        end_group(&child);
        return HookEnd::Failed(format!("no end within {}; it was stopped", humantime::format_duration(timeout)));
    };
    match ended {
        Ok((status, said)) => match status.code() {
            Some(0) => HookEnd::Done,
            Some(NOT_YET) => HookEnd::NotYet(said),
            Some(code) => HookEnd::Failed(format!("exit status {code}: {said}")),
            None => HookEnd::Failed(format!("ended by a signal: {said}")),
        },
        Err(error) => HookEnd::Failed(format!("{}: {error}", path.display())),
    }
}

/// Feeds the hook and reads it to its end; yields its status and its last line.
async fn converse(child: &mut Child, input: String) -> std::io::Result<(std::process::ExitStatus, String)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A hook need not read what it does not care for.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let read = |from: Option<Box<dyn tokio::io::AsyncRead + Unpin + Send>>| async {
        let mut text = Vec::new();
        if let Some(from) = from {
            let _ = from.take(OUTPUT_KEPT).read_to_end(&mut text).await;
        }
        String::from_utf8_lossy(&text).into_owned()
    };
    let stdout = read(stdout.map(|out| Box::new(out) as Box<_>));
    let stderr = read(stderr.map(|err| Box::new(err) as Box<_>));
    let ((), stdout, stderr) = tokio::join!(feed, stdout, stderr);
    let status = child.wait().await?;
    let last = |text: &str| text.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned);
    let said = last(&stderr).or_else(|| last(&stdout)).unwrap_or_else(|| "it said nothing".to_owned());
    Ok((status, said))
}

/// A hook may have started others: the whole group is ended.
fn end_group(child: &Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may be gone already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    async fn hook(script: &str, timeout: Duration) -> HookEnd {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hook");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        ProcessHooks.run(&path, timeout, "{\"site\":\"seville\"}".to_owned()).await
    }

    #[tokio::test]
    async fn exit_0_is_done_75_asks_again_and_anything_else_has_failed_with_its_last_words() {
        let minute = Duration::from_secs(60);
        assert_eq!(hook("grep -q seville", minute).await, HookEnd::Done);
        assert_eq!(
            hook("echo copying; echo 40 percent; exit 75", minute).await,
            HookEnd::NotYet("40 percent".to_owned())
        );
        let failed = HookEnd::Failed("exit status 3: array says no".to_owned());
        assert_eq!(hook("echo array says no >&2; exit 3", minute).await, failed);
    }

    #[tokio::test]
    async fn a_hook_without_end_is_stopped_with_its_children() {
        let ended = hook("sleep 600 & wait", Duration::from_millis(200)).await;
        assert!(matches!(&ended, HookEnd::Failed(text) if text.contains("was stopped")), "{ended:?}");
    }

    #[tokio::test]
    async fn a_hook_that_does_not_exist_is_said() {
        let ended = ProcessHooks.run(Path::new("/nonexistent/hook"), Duration::from_secs(1), String::new()).await;
        assert!(matches!(&ended, HookEnd::Failed(text) if text.contains("cannot be run")), "{ended:?}");
    }

    #[tokio::test]
    async fn the_daemons_environment_is_not_shown_to_a_hook() {
        let ended = hook("test -z \"$CARGO_MANIFEST_DIR\" && test -n \"$PATH\"", Duration::from_secs(60)).await;
        assert_eq!(ended, HookEnd::Done);
    }
}
