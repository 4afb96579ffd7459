//! Builds the client of a plan's engine: URL, account, password and whom to trust.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use dr_plan::{Engine, Secret};
use futures::future::BoxFuture;
use ovirt_client::{Client, EngineUrl, HttpTransport, ReadAlong, Transport, TransportError, Trust};
use secrecy::{ExposeSecret, SecretString};

/// How engines are reached.
#[derive(Clone)]
pub enum Door {
    /// HTTPS, with the password and the CA where the plan says.
    Https,
    /// A given transport and password, for simulations: no secret and no CA file is read.
    Given(Arc<dyn Transport>, SecretString),
}

/// The client of a plan's engine. Nothing is sent yet. `dir` is the folder that the plan's relative paths refer to.
///
/// # Errors
/// One sentence: the URL, the password or the CA file is unusable, and what to do. Never the password.
pub fn connect(engine: &Engine, dir: &Path, door: &Door) -> Result<Client, String> {
    client(engine, door, &Materials::read(engine, dir, door)?)
}

/// What a client is made of beside the plan: read anew while the engine cannot be reached, since a person may have put it right.
#[derive(Clone)]
pub(crate) struct Materials {
    password: SecretString,
    ca_pem: Option<Vec<u8>>,
}

impl Materials {
    /// Reads password and CA from where the plan says.
    pub(crate) fn read(engine: &Engine, dir: &Path, door: &Door) -> Result<Materials, String> {
        match door {
            Door::Https => Ok(Materials {
                password: password(&engine.password, dir, &|name| std::env::var_os(name))?,
                ca_pem: engine.ca_file.as_ref().map(|file| ca_pem(&dir.join(file))).transpose()?,
            }),
            Door::Given(_, password) => Ok(Materials { password: password.clone(), ca_pem: None }),
        }
    }

    /// Whether nothing has changed.
    pub(crate) fn are_as(&self, other: &Materials) -> bool {
        self.password.expose_secret() == other.password.expose_secret() && self.ca_pem == other.ca_pem
    }
}

/// The client of a plan's engine from what was read.
pub(crate) fn client(engine: &Engine, door: &Door, materials: &Materials) -> Result<Client, String> {
    let url = EngineUrl::parse(&engine.url).map_err(|error| format!("the engine's URL: {error}"))?;
    let password = materials.password.clone();
    match door {
        Door::Https => {
            let trust = materials.ca_pem.clone().map_or(Trust::System, Trust::CaPem);
            let transport = HttpTransport::new(&trust).map_err(|error| error.to_string())?;
            Ok(Client::new(url, &engine.username, password, transport))
        }
        Door::Given(transport, _) => Ok(Client::new(url, &engine.username, password, Given(Arc::clone(transport)))),
    }
}

fn ca_pem(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| {
        format!(
            "the CA file {} cannot be read ({error}); put the engine's CA certificate there, or correct `ca_file`",
            path.display()
        )
    })
}

/// Reads a secret. `env` looks up an environment variable.
fn password(
    secret: &Secret,
    dir: &Path,
    env: &dyn Fn(&str) -> Option<std::ffi::OsString>,
) -> Result<SecretString, String> {
    match secret {
        Secret::File(file) => first_line(&dir.join(file), "the engine's password file"),
        Secret::Credential(name) => {
            let folder = env("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                format!("the systemd credential {name} is not there: the daemon was not started by systemd; give a file instead, or start it by systemd")
            })?;
            first_line(&Path::new(&folder).join(name), "the systemd credential")
        }
        Secret::Env(name) => {
            let value = env(name)
                .ok_or_else(|| format!("the environment variable {name} with the engine's password is not set"))?;
            let value =
                value.into_string().map_err(|_| format!("the environment variable {name} is not UTF-8 text"))?;
            Some(value)
                .filter(|value| !value.is_empty())
                .map(SecretString::from)
                .ok_or_else(|| format!("the environment variable {name} is empty; put the engine's password there"))
        }
    }
}

fn first_line(path: &Path, what: &str) -> Result<SecretString, String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("{what} {} cannot be read ({error}); correct its path or its permissions", path.display())
    })?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(format!("{what} {} has no first line; put the password there", path.display()));
    }
    Ok(SecretString::from(line))
}

/// A transport that others hold too.
struct Given(Arc<dyn Transport>);

impl Transport for Given {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.0.send(request)
    }

    fn send_read_along<'a>(
        &'a self,
        request: http::Request<Bytes>,
        along: &'a mut dyn ReadAlong,
    ) -> BoxFuture<'a, Result<http::Response<Bytes>, TransportError>> {
        self.0.send_read_along(request, along)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(secret: Secret, dir: &Path, env: &[(&str, &Path)]) -> Result<String, String> {
        let look_up =
            |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_os_str().to_owned());
        password(&secret, dir, &look_up).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn a_password_is_the_first_line_of_its_file_beside_the_plan() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("engine.password"), "s3 cret \nsecond line\n").unwrap();
        std::fs::write(dir.path().join("empty"), "\nsecond line\n").unwrap();
        assert_eq!(read(Secret::File("engine.password".into()), dir.path(), &[]).as_deref(), Ok("s3 cret "));
        assert!(read(Secret::File("empty".into()), dir.path(), &[]).unwrap_err().contains("no first line"));
        let missing = read(Secret::File("missing".into()), dir.path(), &[]).unwrap_err();
        assert!(missing.contains("missing cannot be read"), "{missing}");
    }

    #[test]
    fn a_credential_comes_from_systemds_folder_and_a_variable_from_the_environment() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("engine"), "from systemd").unwrap();
        let credential = || Secret::Credential("engine".to_owned());
        let nowhere = Path::new("/nowhere");
        let env = [("CREDENTIALS_DIRECTORY", dir.path()), ("ENGINE_PASSWORD", Path::new("from the environment"))];
        assert_eq!(read(credential(), nowhere, &env).as_deref(), Ok("from systemd"));
        assert!(read(credential(), nowhere, &[]).unwrap_err().contains("systemd"));
        let variable = || Secret::Env("ENGINE_PASSWORD".to_owned());
        assert_eq!(read(variable(), nowhere, &env).as_deref(), Ok("from the environment"));
        assert!(read(variable(), nowhere, &[]).unwrap_err().contains("ENGINE_PASSWORD"));
    }

    #[test]
    fn a_ca_file_that_is_missing_or_none_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("password"), "x").unwrap();
        std::fs::write(dir.path().join("ca.pem"), "no certificate").unwrap();
        let with = |ca: &str| Engine {
            url: "https://engine.example.com/ovirt-engine/api".to_owned(),
            username: "admin@internal".to_owned(),
            password: Secret::File("password".into()),
            ca_file: Some(ca.into()),
        };
        let error = |ca: &str| connect(&with(ca), dir.path(), &Door::Https).unwrap_err();
        assert!(error("missing.pem").contains("missing.pem cannot be read"), "{}", error("missing.pem"));
        assert!(error("ca.pem").contains("no usable CA certificate"), "{}", error("ca.pem"));
    }
}
