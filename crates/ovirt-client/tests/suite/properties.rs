//! Whatever bytes an engine sends, the client answers with a value or an error, and never takes rubbish for a success.

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use ovirt_client::{Client, EngineUrl, Error, Transport, TransportError, hosts, storage, vms};
use proptest::prelude::*;

use crate::documents::fixture;
use crate::fake::{ROOT_PATH, TOKEN_PATH};

/// Answers everything but the login with the same bytes.
struct Bytewise {
    status: u16,
    content_type: Option<&'static str>,
    body: Bytes,
}

impl Transport for Bytewise {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let (status, content_type, body) = match request.uri().path() {
            TOKEN_PATH => (200, Some("application/json"), Bytes::from_static(br#"{"access_token":"T"}"#)),
            ROOT_PATH => (200, Some("application/json"), Bytes::from_static(b"{}")),
            _ => (self.status, self.content_type, self.body.clone()),
        };
        let mut response = http::Response::builder().status(status);
        if let Some(content_type) = content_type {
            response = response.header("Content-Type", content_type);
        }
        async move { Ok(response.body(body).expect("a response")) }.boxed()
    }
}

fn client(status: u16, content_type: Option<&'static str>, body: Vec<u8>) -> Client {
    let url = EngineUrl::parse("https://e/ovirt-engine/api").expect("a URL");
    Client::new(url, "a@b", "x".to_owned().into(), Bytewise { status, content_type, body: body.into() })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}

fn content_types() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![None, Some("application/json"), Some("text/html;charset=UTF-8"), Some("application/xml")])
}

/// A recorded document with some bytes changed, dropped or doubled.
fn damaged(name: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let whole = fixture(name).to_string().into_bytes();
    let length = whole.len();
    prop::collection::vec((0..length, any::<u8>(), 0..3_usize), 1..6).prop_map(move |wounds| {
        let mut bytes = whole.clone();
        for (place, byte, kind) in wounds {
            let place = place % bytes.len().max(1);
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.truncate(place.max(1)),
                _ => bytes.insert(place, byte),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_with_any_status_are_survived(
        body in prop::collection::vec(any::<u8>(), 0..200),
        status in prop::sample::select(vec![200_u16, 201, 202, 301, 400, 401, 403, 404, 409, 500, 503]),
        content_type in content_types(),
    ) {
        let client = client(status, content_type, body);
        let read = run(client.send(hosts::list()));
        prop_assert!(status < 300 || read.is_err());
        let change = run(client.send(vms::start(&"v".into())));
        if let Err(error) = &change {
            let _ = (error.to_string(), error.what_the_engine_may_have_done(), error.may_pass());
        }
        prop_assert!(status < 300 || change.is_err());
    }

    #[test]
    fn any_text_of_markup_is_survived(page in "[<>/a-z &;\"\u{e9}]{0,80}(style|title|</style>)?[<>a-z]{0,20}") {
        let client = client(500, Some("text/html"), page.into_bytes());
        let error = run(client.send(hosts::list()));
        prop_assert!(error.is_err(), "a 500 is no answer");
    }

    #[test]
    fn damaged_lists_are_read_or_refused_and_never_shrink_in_silence(body in damaged("hosts")) {
        // Damage in what is skipped anyway, a number too large for one, is no reason to refuse.
        #[derive(serde::Deserialize)]
        struct Hosts {
            host: Vec<serde::de::IgnoredAny>,
        }
        let elements = serde_json::from_slice(&body).ok().map(|Hosts { host }| host.len());
        match run(client(200, Some("application/json"), body).send(hosts::list())) {
            Ok(listing) => prop_assert_eq!(Some(listing.items.len() + listing.unreadable.len()), elements),
            Err(error) => {
                let unreadable = matches!(error, Error::Unreadable { .. });
                prop_assert!(unreadable, "{error:?}");
            }
        }
    }

    #[test]
    fn damaged_domains_are_survived(body in damaged("domains")) {
        let read = run(client(200, Some("application/json"), body).send(storage::list_domains()));
        let refused_as_unreadable = matches!(read, Err(Error::Unreadable { .. }));
        prop_assert!(read.is_ok() || refused_as_unreadable);
    }
}
