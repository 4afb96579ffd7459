//! Probes asked of a simulated engine's control door, since its hosts have no real addresses.

use std::net::SocketAddr;
use std::time::Duration;

use dr_core::Answer;
use dr_daemon::Prober;
use dr_plan::Probe;
use futures::future::BoxFuture;
use http::Method;
use serde_json::Value;

use crate::exit::Failure;
use crate::sim::at_the_door;

/// The door is on this machine.
const PATIENCE: Duration = Duration::from_secs(3);

/// A prober for rehearsals.
#[derive(Debug)]
pub(crate) struct ProbeVia {
    door: SocketAddr,
}

impl ProbeVia {
    /// The control door at `url`, `http://127.0.0.1:8444`.
    pub(crate) fn new(url: &str) -> Result<ProbeVia, Failure> {
        let address = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
        let door = address.parse();
        let door = door
            .map_err(|_| Failure::Usage(format!("`{url}` is no control door: http://127.0.0.1:8444 would be one")))?;
        Ok(ProbeVia { door })
    }
}

impl Prober for ProbeVia {
    fn probe<'a>(&'a self, probe: &'a Probe) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let route = format!("/probe?address={}&port={}", probe.address, probe.port);
            match tokio::time::timeout(PATIENCE, at_the_door(self.door, Method::GET, &route, None)).await {
                Ok(Ok(answer)) => read(&answer),
                Ok(Err(failure)) => Answer::Unreadable(failure.to_string()),
                Err(_) => Answer::Unreadable("the simulated engine's control door does not answer".to_owned()),
            }
        })
    }
}

fn read(answer: &Value) -> Answer {
    match answer.get("reach").and_then(Value::as_str) {
        Some("answering") => Answer::Accepted,
        Some("refusing") => Answer::Refused,
        Some("silent") => Answer::Silent,
        Some(_) | None => Answer::Unreadable(format!("the simulated engine answered {answer}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_known_word_says_anything_about_an_address() {
        assert_eq!(read(&json!({ "reach": "answering" })), Answer::Accepted);
        assert_eq!(read(&json!({ "reach": "refusing" })), Answer::Refused);
        assert_eq!(read(&json!({ "reach": "silent" })), Answer::Silent);
        assert!(matches!(read(&json!({ "reach": "asleep" })), Answer::Unreadable(_)));
        assert!(matches!(read(&json!({})), Answer::Unreadable(_)));
    }

    #[test]
    fn the_door_is_named_by_its_url() {
        assert!(ProbeVia::new("http://127.0.0.1:8444/").is_ok());
        assert!(matches!(ProbeVia::new("http://localhost"), Err(Failure::Usage(_))));
    }
}
