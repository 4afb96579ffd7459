//! The daemon's own settings, `ovirt-dr.toml`: nothing of disaster recovery stands in it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where everything is unless the file or the command line says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Folder of the plans.
    pub plans: PathBuf,
    /// The state database.
    pub state: PathBuf,
    /// The control socket.
    pub socket: PathBuf,
}

/// Where the settings are looked for.
pub const SETTINGS_FILE: &str = "/etc/ovirt-dr/ovirt-dr.toml";

impl Default for Settings {
    fn default() -> Self {
        Self {
            plans: PathBuf::from("/etc/ovirt-dr"),
            state: PathBuf::from("/var/lib/ovirt-dr/state.sqlite3"),
            socket: PathBuf::from(crate::socket::DEFAULT_SOCKET),
        }
    }
}

impl Settings {
    /// Reads a settings file. Without a name the usual one is read if it exists.
    ///
    /// # Errors
    /// The named file is missing, or its text is wrong: with line and column.
    pub fn read(file: Option<&Path>) -> Result<Settings, String> {
        let path = file.unwrap_or(Path::new(SETTINGS_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        };
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_does_not_say_is_as_usual_and_an_unknown_key_is_refused_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ovirt-dr.toml");
        std::fs::write(&path, "plans = \"/srv/plans\"\n").unwrap();
        let read = Settings::read(Some(&path)).unwrap();
        assert_eq!(read, Settings { plans: PathBuf::from("/srv/plans"), ..Settings::default() });
        std::fs::write(&path, "plans = \"/srv/plans\"\nplan = 1\n").unwrap();
        let refused = Settings::read(Some(&path)).unwrap_err();
        assert!(refused.contains("line 2") && refused.contains("plans"), "{refused}");
    }

    #[test]
    fn a_named_file_must_exist() {
        assert!(Settings::read(Some(Path::new("/nonexistent/ovirt-dr.toml"))).is_err());
    }
}
