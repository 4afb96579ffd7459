//! The Unix socket through which operators reach the daemon, and the plans that can be reached there.
//!
//! Whoever may open the socket may flip, confirm and pause: its mode (0660) and group are the access control.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::api;
use crate::ports::Journal;
use crate::report::PlanHandle;

#[cfg(test)]
mod tests;

/// Where the socket is unless the settings say otherwise.
pub const DEFAULT_SOCKET: &str = "/run/ovirt-dr/ovirt-dr.sock";
/// The group whose members may use the socket, if the system has it.
pub const SOCKET_GROUP: &str = "ovirt-dr";

/// The plans that the daemon runs, by name. Clones are the same registry.
#[derive(Clone, Debug, Default)]
pub struct Plans(Arc<RwLock<BTreeMap<String, PlanHandle>>>);

impl Plans {
    /// Adds a plan, or replaces the one of this name.
    pub fn insert(&self, handle: PlanHandle) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(handle.name.clone(), handle);
    }

    /// Takes a plan out.
    pub fn remove(&self, name: &str) -> Option<PlanHandle> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(name)
    }

    /// The plan of this name.
    pub fn get(&self, name: &str) -> Option<PlanHandle> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All plans, by name.
    pub fn list(&self) -> Vec<PlanHandle> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// Why the socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another daemon answers there.
    #[error("another daemon answers on {}: stop it first, or choose another socket", .0.display())]
    InUse(PathBuf),
    /// Something that is no socket stands there; it is left alone.
    #[error("{} exists and is no socket: remove it, or choose another path", .0.display())]
    NotASocket(PathBuf),
    /// The system refused.
    #[error("the socket {} cannot be opened: {source}; its folder must exist and be writable by the daemon", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// The open socket. Dropping it removes its file.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    file: RemovedOnDrop,
}

impl Socket {
    /// Opens the socket at `path` with mode 0660 and the group [`SOCKET_GROUP`]. The socket of a dead daemon is replaced; a live one is an error.
    pub async fn open(path: &Path) -> Result<Socket, SocketError> {
        let failed = |source| SocketError::Io { path: path.to_owned(), source };
        match tokio::fs::symlink_metadata(path).await {
            Ok(found) if !found.file_type().is_socket() => return Err(SocketError::NotASocket(path.to_owned())),
            Ok(_) if UnixStream::connect(path).await.is_ok() => return Err(SocketError::InUse(path.to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        // Made under another name and moved, so that it is never there with other rights than its final ones.
        let mut new = path.as_os_str().to_owned();
        new.push(".new");
        let new = PathBuf::from(new);
        match tokio::fs::remove_file(&new).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let listener = UnixListener::bind(&new).map_err(failed)?;
        give_to_group(&new);
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o660)).map_err(failed)?;
        tokio::fs::rename(&new, path).await.map_err(failed)?;
        Ok(Socket { listener, file: RemovedOnDrop(path.to_owned()) })
    }

    /// Answers until `stop`; open streams end then.
    pub async fn serve(self, plans: Plans, journal: Arc<dyn Journal>, stop: CancellationToken) -> io::Result<()> {
        let Socket { listener, file } = self;
        let service = api::router(plans, journal, stop.clone()).into_make_service_with_connect_info::<Peer>();
        axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await?;
        drop(file);
        Ok(())
    }
}

#[derive(Debug)]
struct RemovedOnDrop(PathBuf);

impl Drop for RemovedOnDrop {
    fn drop(&mut self) {
        // It may be gone already; the next daemon replaces what is left.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Without the group, or without the right to give the file away, the socket stays with the daemon's own group.
fn give_to_group(path: &Path) {
    let group = match nix::unistd::Group::from_name(SOCKET_GROUP) {
        Ok(Some(group)) => group,
        Ok(None) | Err(_) => return,
    };
    if let Err(error) = chown(path, None, Some(group.gid.as_raw())) {
        tracing::warn!("the socket {} cannot be given to the group {SOCKET_GROUP}: {error}", path.display());
    }
}

/// Who is at the other end of a connection, as the kernel says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    uid: Option<u32>,
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Peer { uid: stream.io().peer_cred().ok().map(|cred| cred.uid()) }
    }
}

impl Peer {
    /// The user's name, or its number where the system knows none.
    pub(crate) async fn name(self) -> String {
        let Some(uid) = self.uid else { return "unknown user".to_owned() };
        // A directory service may be slow to answer.
        let name = tokio::task::spawn_blocking(move || nix::unistd::User::from_uid(uid.into()).ok().flatten()).await;
        match name {
            Ok(Some(user)) => user.name,
            Ok(None) | Err(_) => format!("uid {uid}"),
        }
    }
}
