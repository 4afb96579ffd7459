//! Evidence probes: a TCP connection attempt tells whether something is alive at an address.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use dr_core::{Answer, ProbeState, Time};
use dr_plan::Probe;
use futures::future::{BoxFuture, join_all};
use tokio::net::TcpStream;

use crate::ports::Prober;

/// How long an address may take to answer before it counts as silent in this round.
pub const PROBE_PATIENCE: Duration = Duration::from_secs(2);
/// Probes of one round in flight.
const PROBES_AT_ONCE: usize = 128;

/// Probes by opening a TCP connection, which is closed at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpProber;

impl Prober for TcpProber {
    fn probe<'a>(&'a self, probe: &'a Probe) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let attempt = TcpStream::connect((probe.address.as_str(), probe.port));
            match tokio::time::timeout(PROBE_PATIENCE, attempt).await {
                Ok(Ok(_)) => Answer::Accepted,
                Ok(Err(error)) => judge(&error),
                Err(_) => Answer::Silent,
            }
        })
    }
}

/// A refusal is a sign of life, a timeout is silence, anything else says something about us and nothing about the address.
fn judge(error: &io::Error) -> Answer {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Answer::Refused,
        io::ErrorKind::TimedOut => Answer::Silent,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Answer::Unreadable(format!(
            "no route ({error}); a person who knows that the site is down can confirm site-down"
        )),
        _ => Answer::Unreadable(error.to_string()),
    }
}

/// One round: every probe side by side, within a bound.
pub(crate) async fn round(prober: &dyn Prober, probes: &[Probe]) -> Vec<(Probe, Answer)> {
    let mut answers = Vec::with_capacity(probes.len());
    for some in probes.chunks(PROBES_AT_ONCE) {
        let asked = join_all(some.iter().map(|probe| prober.probe(probe))).await;
        answers.extend(some.iter().cloned().zip(asked));
    }
    answers
}

/// What every probe did over the rounds so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds {
    states: BTreeMap<Probe, ProbeState>,
}

impl Rounds {
    /// The newest state of every probe.
    pub(crate) fn states(&self) -> &BTreeMap<Probe, ProbeState> {
        &self.states
    }

    /// Notes one answer of a round that ended at `at`. Only an unbroken silence grows.
    pub(crate) fn note(&mut self, probe: &Probe, answer: Answer, at: Time) {
        let before = self.states.get(probe).and_then(|state| Some((state.silent_since?, state.silent_rounds)));
        let (silent_since, silent_rounds) = match (&answer, before) {
            (Answer::Silent, Some((since, rounds))) => (Some(since), rounds + 1),
            (Answer::Silent, None) => (Some(at), 1),
            (Answer::Accepted | Answer::Refused | Answer::Unreadable(_), _) => (None, 0),
        };
        self.states.insert(probe.clone(), ProbeState { last: answer, at, silent_since, silent_rounds });
    }

    /// Forgets probes that are not wanted any more.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&Probe) -> bool) {
        self.states.retain(|probe, _| wanted(probe));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe() -> Probe {
        Probe { address: "10.1.0.1".to_owned(), port: 22 }
    }

    #[test]
    fn only_an_unbroken_silence_grows() {
        let mut rounds = Rounds::default();
        let mut states = Vec::new();
        let unreadable = Answer::Unreadable("no route".to_owned());
        for (at, answer) in
            [Answer::Silent, Answer::Silent, unreadable, Answer::Silent, Answer::Refused].into_iter().enumerate()
        {
            rounds.note(&probe(), answer, Time(at as u64 * 5000));
            let state = &rounds.states()[&probe()];
            states.push((state.silent_since, state.silent_rounds));
        }
        let expected = [(Some(Time(0)), 1), (Some(Time(0)), 2), (None, 0), (Some(Time(15000)), 1), (None, 0)];
        assert_eq!(states, expected, "an unreadable round breaks the silence: it is no evidence");
    }

    #[tokio::test]
    async fn a_listening_port_accepts_a_closed_one_refuses_and_a_name_without_address_says_nothing() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = Probe { address: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
        assert_eq!(TcpProber.probe(&open).await, Answer::Accepted);
        drop(listener);
        assert_eq!(TcpProber.probe(&open).await, Answer::Refused);
        let nowhere = Probe { address: "nowhere.invalid".to_owned(), port: 22 };
        assert!(matches!(TcpProber.probe(&nowhere).await, Answer::Unreadable(_)));
    }
}
