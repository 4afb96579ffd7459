//! The daemon's own settings, `ovirt-dr.toml`: nothing of disaster recovery stands in it.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::log::Log;

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
    /// Where the story is written: `auto`, `journald` or `text`.
    pub log: Log,
}

/// Where the settings are looked for.
pub const SETTINGS_FILE: &str = "/etc/ovirt-dr/ovirt-dr.toml";
/// The keys of the file.
const KEYS: [&str; 4] = ["plans", "state", "socket", "log"];
/// How alike two words must be, from 0 to 1, for one to be offered for the other.
const ALIKE: f64 = 0.7;

impl Default for Settings {
    fn default() -> Self {
        Self {
            plans: PathBuf::from("/etc/ovirt-dr"),
            state: PathBuf::from("/var/lib/ovirt-dr/state.sqlite3"),
            socket: PathBuf::from(crate::socket::DEFAULT_SOCKET),
            log: Log::Auto,
        }
    }
}

impl Settings {
    /// Reads a settings file. Without a name the usual one is read if it exists.
    ///
    /// # Errors
    /// The named file is missing, or its text is wrong: with line and column, and the nearest known key for an unknown one.
    pub fn read(file: Option<&Path>) -> Result<Settings, String> {
        let path = file.unwrap_or(Path::new(SETTINGS_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if file.is_none() && error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("the settings {} cannot be read: {error}", path.display())),
        };
        parse(&text).map_err(|why| format!("the settings {}: {why}", path.display()))
    }
}

fn parse(text: &str) -> Result<Settings, String> {
    let settings: Settings = toml::from_str(text).map_err(|error| format!("{error}{}", nearest(text)))?;
    let paths = [("plans", &settings.plans), ("state", &settings.state), ("socket", &settings.socket)];
    for (key, path) in paths {
        // A daemon of systemd works in the root folder: a relative path would not be where its writer thinks.
        if !path.is_absolute() {
            return Err(format!("`{key}` is not an absolute path; write it out, beginning with `/`"));
        }
    }
    Ok(settings)
}

/// What was probably meant by the first unknown key.
fn nearest(text: &str) -> String {
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return String::new() };
    let Some(unknown) = table.keys().find(|key| !KEYS.contains(&key.as_str())) else { return String::new() };
    let likeness = |key: &&str| strsim::jaro_winkler(unknown, key);
    let best = KEYS.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best.filter(|best| likeness(best) >= ALIKE) {
        Some(best) => format!("did you mean `{best}`?\n"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_does_not_say_is_as_usual() {
        let read = parse("plans = \"/srv/plans\"\nlog = \"text\"\n").unwrap();
        assert_eq!(read, Settings { plans: PathBuf::from("/srv/plans"), log: Log::Text, ..Settings::default() });
        assert_eq!(parse("").unwrap(), Settings::default());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place_and_the_nearest_one() {
        let refused = parse("plans = \"/srv/plans\"\nstat = \"/srv/state\"\n").unwrap_err();
        assert!(refused.contains("line 2") && refused.contains("did you mean `state`?"), "{refused}");
        let refused = parse("colour = true\n").unwrap_err();
        assert!(refused.contains("`colour`") && !refused.contains("did you mean"), "{refused}");
    }

    #[test]
    fn a_wrong_value_is_refused_with_what_would_be_right() {
        let refused = parse("log = \"syslog\"\n").unwrap_err();
        assert!(refused.contains("line 1") && refused.contains("journald"), "{refused}");
        let refused = parse("state = \"state.sqlite3\"\n").unwrap_err();
        assert!(refused.contains("`state`") && refused.contains("absolute"), "{refused}");
    }

    #[test]
    fn a_named_file_must_exist_and_is_named_in_every_error() {
        let missing = Settings::read(Some(Path::new("/nonexistent/ovirt-dr.toml"))).unwrap_err();
        assert!(missing.contains("/nonexistent/ovirt-dr.toml"), "{missing}");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ovirt-dr.toml");
        std::fs::write(&path, "plans = [").unwrap();
        let wrong = Settings::read(Some(&path)).unwrap_err();
        assert!(wrong.contains("ovirt-dr.toml") && wrong.contains("line 1"), "{wrong}");
    }

    #[test]
    fn every_key_is_known_to_the_search_for_the_nearest() {
        let all = KEYS.map(|key| format!("{key} = 0\n")).concat();
        let refused = toml::from_str::<Settings>(&all).unwrap_err().to_string();
        assert!(!refused.contains("unknown field"), "{refused}");
        let unknown = toml::from_str::<Settings>("x = 0").unwrap_err().to_string();
        assert!(KEYS.iter().all(|key| unknown.contains(&format!("`{key}`"))), "{unknown}");
    }
}
