//! One request taken apart: version, path segments, parameters from query and matrix, media types.

use crate::fault::FaultKind;
use bytes::Bytes;
use http::header::{ACCEPT, AsHeaderName};
use http::{HeaderMap, HeaderName, Method, Request};
use percent_encoding::percent_decode_str;

/// Everything the router and the handlers look at.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path as sent, without the query: for logs, fault rules and error pages.
    pub(crate) path: String,
    /// Query as sent, without `?`.
    pub(crate) query: String,
    /// Segments below `/ovirt-engine/api` (and below `/v4`), decoded, without matrix parameters.
    pub(crate) segments: Vec<String>,
    /// `/ovirt-engine/api` or `/ovirt-engine/api/v4`: the beginning of each `href` in the answer.
    pub(crate) api: &'static str,
    /// Scheme and authority, for the few absolute links.
    pub(crate) base: String,
    /// The correlation id the engine uses for this request.
    pub(crate) correlation: String,
    /// What the caller wants to read, in lower case.
    pub(crate) accept: String,
    /// When it arrived, in engine time.
    pub(crate) arrived: u64,
    /// What goes wrong with this request, if anything does.
    pub(crate) fault: Option<FaultKind>,
    parameters: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The engine's own headers.
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");
pub(crate) const VERSION: HeaderName = HeaderName::from_static("version");

pub(crate) const API: &str = "/ovirt-engine/api";
const API_V4: &str = "/ovirt-engine/api/v4";

impl Call {
    pub(crate) fn of(request: Request<Bytes>) -> Call {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let below = path.strip_prefix(API).unwrap_or_default();
        let mut raw: Vec<&str> = below.split('/').filter(|segment| !segment.is_empty()).collect();
        let mut api = API;
        if raw.first() == Some(&"v4") {
            raw.remove(0);
            api = API_V4;
        }
        // Query first, then the matrix parameters of the last segment: the first hit wins.
        let mut parameters: Vec<(String, String)> =
            query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair_of(pair, true)).collect();
        if let Some(last) = raw.last() {
            parameters.extend(last.split(';').skip(1).filter(|pair| !pair.is_empty()).map(|pair| pair_of(pair, false)));
        }
        let segments = raw.iter().map(|segment| decode(segment.split(';').next().unwrap_or_default(), false)).collect();
        let base = base_of(&parts.uri, &parts.headers);
        let by_parameter = parameters.iter().find(|(name, _)| name == "accept").map(|(_, value)| value.as_str());
        let accept = by_parameter.or_else(|| parts.headers.get(ACCEPT)?.to_str().ok());
        let accept = accept.unwrap_or_default().to_ascii_lowercase();
        Call {
            method: parts.method,
            path,
            query,
            segments,
            api,
            base,
            correlation: String::new(),
            accept,
            arrived: 0,
            fault: None,
            parameters,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A header as text; absent and unreadable are the same.
    pub(crate) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A boolean parameter: present without a value is true, garbage is ignored.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.parameter(name)
            .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "" | "t" | "true" | "y" | "yes" | "1"))
    }

    /// An integer parameter; garbage is ignored.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.parameter(name).and_then(|value| value.trim().parse().ok())
    }

    /// Whether a whole list is asked for as JSON and as it is, with nothing that goes wrong.
    pub(crate) fn is_plain(&self) -> bool {
        let json = self.header(ACCEPT).is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
        let asked = ["accept", "search", "max", "follow", "case_sensitive", "page"];
        json && self.fault.is_none() && asked.iter().all(|name| self.parameter(name).is_none())
    }

    /// `follow` as dotted paths without underscores, in lower case.
    pub(crate) fn follow(&self) -> Vec<String> {
        let Some(follow) = self.parameter("follow") else { return Vec::new() };
        follow
            .split(',')
            .map(|path| path.trim().replace('_', "").to_ascii_lowercase())
            .filter(|path| !path.is_empty())
            .collect()
    }

    /// The correlation id this request asks for: header before parameter, cleaned and cut to 36 characters.
    pub(crate) fn correlation_id(&self) -> Option<String> {
        let asked = self.header(CORRELATION_ID).or_else(|| self.parameter("correlation_id"))?;
        let clean: String =
            asked.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').take(36).collect();
        (!clean.is_empty()).then_some(clean)
    }

    pub(crate) fn is_mutating(&self) -> bool {
        self.method == Method::POST || self.method == Method::PUT || self.method == Method::DELETE
    }
}

/// Reads a form or query text into pairs, `+` being a space.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair_of(pair, true)).collect()
}

fn pair_of(pair: &str, plus: bool) -> (String, String) {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    (decode(key, plus), decode(value, plus))
}

fn decode(text: &str, plus: bool) -> String {
    if !text.bytes().any(|byte| byte == b'%' || (plus && byte == b'+')) {
        return text.to_owned();
    }
    let text = if plus { text.replace('+', " ") } else { text.to_owned() };
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

fn base_of(uri: &http::Uri, headers: &HeaderMap) -> String {
    let scheme = uri.scheme_str().unwrap_or("https");
    let authority = uri.authority().map(|authority| authority.as_str());
    let authority = authority.or_else(|| headers.get(http::header::HOST)?.to_str().ok());
    [scheme, "://", authority.unwrap_or("localhost")].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(uri: &str) -> Call {
        Call::of(Request::builder().uri(uri).body(Bytes::new()).unwrap())
    }

    #[test]
    fn query_parameters_come_before_matrix_parameters() {
        let call = call("/ovirt-engine/api/vms;max=7;unregistered?max=2&search=name%3Da+b");
        assert_eq!(call.segments(), ["vms"]);
        assert_eq!(call.integer("max"), Some(2));
        assert!(call.flag("unregistered"));
        assert_eq!(call.parameter("search"), Some("name=a b"));
    }

    #[test]
    fn doubled_and_trailing_slashes_are_harmless_and_the_version_path_is_kept_for_links() {
        assert_eq!(call("/ovirt-engine/api//hosts/").segments(), ["hosts"]);
        assert_eq!(call("/ovirt-engine/api/v4/hosts/1").api, API_V4);
        assert_eq!(call("/ovirt-engine/api/v4/hosts/1").segments(), ["hosts", "1"]);
    }

    #[test]
    fn a_correlation_id_is_cleaned_and_cut() {
        let long = "a".repeat(50);
        assert_eq!(call(&format!("/ovirt-engine/api?correlation_id={long}")).correlation_id().unwrap().len(), 36);
        assert_eq!(call("/ovirt-engine/api?correlation_id=a%20b/c").correlation_id().as_deref(), Some("abc"));
        assert_eq!(call("/ovirt-engine/api?correlation_id=%20").correlation_id(), None);
    }

    #[test]
    fn booleans_accept_the_engines_words_and_ignore_garbage() {
        assert!(call("/ovirt-engine/api/x?force=YES").flag("force"));
        assert!(call("/ovirt-engine/api/x;force=true").flag("force"));
        assert!(call("/ovirt-engine/api/x?force").flag("force"));
        assert!(!call("/ovirt-engine/api/x?force=banana").flag("force"));
    }
}
