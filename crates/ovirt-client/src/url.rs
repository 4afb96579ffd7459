//! The engine's base URL, and the other addresses that follow from it.

use std::fmt;

use http::Uri;
use thiserror::Error;

/// The path that every engine serves its API under.
const API_PATH: &str = "/ovirt-engine/api";

/// The base URL of an engine's API, `https://engine.example.com/ovirt-engine/api`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineUrl {
    scheme: String,
    authority: String,
    api: String,
}

/// Why a text is no base URL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem}; write the engine's URL like https://engine.example.com/ovirt-engine/api")]
pub struct UrlError {
    problem: String,
}

impl EngineUrl {
    /// Takes an https URL; a trailing slash is dropped.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let url = Self::parse_allowing_http(text)?;
        if url.scheme != "https" {
            return Err(problem("the password would travel unencrypted over http"));
        }
        Ok(url)
    }

    /// The same, http too: for tests, where no password is worth anything.
    pub fn parse_allowing_http(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.trim().parse().map_err(|_| problem("not a URL"))?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "https" | "http"));
        let scheme = scheme.ok_or_else(|| problem("neither https nor http"))?.to_owned();
        // The text is not repeated: it may hold a password before the @.
        let authority = uri.authority().ok_or_else(|| problem("no host name"))?;
        if authority.as_str().contains('@') {
            return Err(problem("user and password do not belong into the URL"));
        }
        if uri.query().is_some() {
            return Err(problem("a query does not belong into the URL"));
        }
        let path = uri.path().trim_end_matches('/');
        if path != API_PATH && !path.starts_with("/ovirt-engine/api/") {
            return Err(problem("the path is not /ovirt-engine/api"));
        }
        Ok(Self { scheme, authority: authority.as_str().to_owned(), api: path.to_owned() })
    }

    /// Host and port, for messages.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Where the engine hands out its own CA certificate, as PEM. To be verified out of band.
    pub fn ca_certificate(&self) -> String {
        self.at("/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA")
    }

    /// An address below the base URL; `path` is encoded and has no leading slash.
    pub(crate) fn api(&self, path: &str) -> String {
        let slash = if path.is_empty() || path.starts_with('?') { "" } else { "/" };
        [&self.scheme, "://", &self.authority, &self.api, slash, path].concat()
    }

    /// Where passwords are exchanged for tokens.
    pub(crate) fn token(&self) -> String {
        self.at("/ovirt-engine/sso/oauth/token")
    }

    /// Where tokens are given back.
    pub(crate) fn logout(&self) -> String {
        self.at("/ovirt-engine/services/sso-logout")
    }

    fn at(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority)
    }
}

impl fmt::Display for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.api(""))
    }
}

fn problem(text: &str) -> UrlError {
    UrlError { problem: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_is_dropped_and_sso_follows_from_scheme_and_host() {
        let url = EngineUrl::parse("https://engine.example.com:8443/ovirt-engine/api/").unwrap();
        assert_eq!(url.api("hosts"), "https://engine.example.com:8443/ovirt-engine/api/hosts");
        assert_eq!(url.api(""), "https://engine.example.com:8443/ovirt-engine/api");
        assert_eq!(url.token(), "https://engine.example.com:8443/ovirt-engine/sso/oauth/token");
        assert_eq!(url.logout(), "https://engine.example.com:8443/ovirt-engine/services/sso-logout");
    }

    #[test]
    fn http_is_refused_unless_allowed() {
        assert!(EngineUrl::parse("http://engine/ovirt-engine/api").is_err());
        assert!(EngineUrl::parse_allowing_http("http://engine/ovirt-engine/api").is_ok());
    }

    #[test]
    fn what_is_no_base_url_is_refused_with_the_right_form() {
        for wrong in
            ["engine", "https://engine/api", "https:///ovirt-engine/api", "https://e/ovirt-engine/api?x=1", "ftp://e/"]
        {
            let error = EngineUrl::parse(wrong).unwrap_err().to_string();
            assert!(error.contains("https://engine.example.com/ovirt-engine/api"), "{error}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        let error = EngineUrl::parse("https://admin:hunter2@engine/ovirt-engine/api").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
