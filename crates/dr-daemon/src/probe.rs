//! Evidence probes: a TCP connection attempt tells whether something is alive at an address.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use dr_core::{Answer, ProbeState, Time};
use dr_plan::Probe;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::ports::Prober;

/// How long an address may take to answer before it counts as silent in this round.
pub const PROBE_PATIENCE: Duration = Duration::from_secs(2);
/// How long a name may take to be resolved. A resolver that does not answer is no silence of the address.
const RESOLVE_PATIENCE: Duration = Duration::from_secs(2);
/// Probes of one round in flight.
const PROBES_AT_ONCE: usize = 128;

/// Probes by opening a TCP connection, which is closed at once.
///
/// Of a name with several addresses one that answers is enough for a sign of life; it is silent only if all of them are.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpProber;

impl Prober for TcpProber {
    fn probe<'a>(&'a self, probe: &'a Probe) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            match resolve(probe).await {
                Ok(addresses) => ask(&addresses).await,
                Err(why) => Answer::Unreadable(why),
            }
        })
    }
}

/// Every address behind a probe; why there is none otherwise.
async fn resolve(probe: &Probe) -> Result<Vec<SocketAddr>, String> {
    let name = &probe.address;
    let found = match timeout(RESOLVE_PATIENCE, lookup_host((name.as_str(), probe.port))).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => return Err(format!("{name} cannot be resolved ({error})")),
        Err(_) => {
            return Err(format!("the name servers do not say within {} s what {name} is", RESOLVE_PATIENCE.as_secs()));
        }
    };
    if found.is_empty() { Err(format!("{name} has no address")) } else { Ok(found) }
}

/// Asks all addresses side by side: the first sign of life decides, then whatever was unreadable, then silence.
async fn ask(addresses: &[SocketAddr]) -> Answer {
    let mut answers: FuturesUnordered<_> = addresses.iter().map(connect).collect();
    let mut so_far = Answer::Silent;
    while let Some(answer) = answers.next().await {
        match answer {
            Answer::Accepted | Answer::Refused => return answer,
            Answer::Unreadable(_) => so_far = answer,
            Answer::Silent => {}
        }
    }
    so_far
}

async fn connect(address: &SocketAddr) -> Answer {
    match timeout(PROBE_PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Answer::Accepted,
        Ok(Err(error)) => judge(&error),
        Err(_) => Answer::Silent,
    }
}

/// A refusal is a sign of life, a timeout is silence, anything else says something about us and nothing about the address.
fn judge(error: &io::Error) -> Answer {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut};

    let kind = error.kind();
    if matches!(kind, ConnectionRefused | ConnectionReset) {
        Answer::Refused
    } else if kind == TimedOut {
        Answer::Silent
    } else if matches!(kind, HostUnreachable | NetworkUnreachable) {
        // Seen from the same network a dead host is no silence either: this machine itself finds that nobody owns the address.
        Answer::Unreadable(format!(
            "no route to it ({error}), which may be this machine's own trouble; whoever knows that the site is down says so with \
             `ovirt-dr confirm PLAN site-down`"
        ))
    } else {
        Answer::Unreadable(error.to_string())
    }
}

/// One round: every probe side by side, within a bound. Each answer comes with the time at which it was there.
pub(crate) async fn round(prober: &dyn Prober, probes: &[Probe], clock: &Clock) -> Vec<(Probe, Answer, Time)> {
    let asked = futures::stream::iter(probes.to_vec()).map(|probe| async move {
        let answer = prober.probe(&probe).await;
        (probe, answer, clock.now())
    });
    asked.buffer_unordered(PROBES_AT_ONCE).collect().await
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

    /// Notes one answer that was there at `at`. Only an unbroken silence grows. Whether there is life where there was none before, or none where
    /// there was.
    pub(crate) fn note(&mut self, probe: Probe, answer: Answer, at: Time) -> bool {
        let (silent_since, silent_rounds) = match answer {
            Answer::Silent => (Some(at), 1),
            Answer::Accepted | Answer::Refused | Answer::Unreadable(_) => (None, 0),
        };
        let mut now = ProbeState { last: answer, at, silent_since, silent_rounds };
        match self.states.entry(probe) {
            Entry::Vacant(new) => {
                new.insert(now);
                false
            }
            Entry::Occupied(mut known) => {
                let before = known.get();
                if let (Some(_), Some(since)) = (now.silent_since, before.silent_since) {
                    now.silent_since = Some(since);
                    now.silent_rounds = before.silent_rounds.saturating_add(1);
                }
                let alive = now.last.is_alive();
                known.insert(now).last.is_alive() != alive
            }
        }
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
            rounds.note(probe(), answer, Time(at as u64 * 5000));
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
        let answer = TcpProber.probe(&nowhere).await;
        assert!(matches!(&answer, Answer::Unreadable(why) if why.contains("nowhere.invalid")), "{answer:?}");
    }

    #[tokio::test]
    async fn one_address_of_a_name_that_answers_is_a_sign_of_life() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        // Nobody can connect to everybody: the system says so at once.
        let impossible = SocketAddr::from(([255, 255, 255, 255], 22));
        assert!(matches!(ask(&[impossible]).await, Answer::Unreadable(_)));
        assert_eq!(ask(&[impossible, open]).await, Answer::Accepted);
    }

    #[test]
    fn what_the_system_says_is_judged_by_whom_it_is_about() {
        let judged = |code: rustix::io::Errno| judge(&io::Error::from(code));
        assert_eq!(judged(rustix::io::Errno::CONNREFUSED), Answer::Refused);
        assert_eq!(judged(rustix::io::Errno::CONNRESET), Answer::Refused);
        assert_eq!(judged(rustix::io::Errno::TIMEDOUT), Answer::Silent);
        for no_route in [rustix::io::Errno::HOSTUNREACH, rustix::io::Errno::NETUNREACH] {
            let answer = judged(no_route);
            assert!(matches!(&answer, Answer::Unreadable(why) if why.contains("site-down")), "{answer:?}");
        }
        for ours in [rustix::io::Errno::PERM, rustix::io::Errno::MFILE, rustix::io::Errno::ADDRNOTAVAIL] {
            assert!(matches!(judged(ours), Answer::Unreadable(_)), "{ours} is our own trouble and no silence");
        }
    }

    /// Answers after two seconds, like an address that is gone.
    struct Slow;

    impl Prober for Slow {
        fn probe<'a>(&'a self, _: &'a Probe) -> BoxFuture<'a, Answer> {
            Box::pin(async {
                tokio::time::sleep(PROBE_PATIENCE).await;
                Answer::Silent
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_round_runs_side_by_side_and_each_answer_has_its_own_time() {
        let probes: Vec<Probe> = (1..=300).map(|port| Probe { port, ..probe() }).collect();
        let clock = Clock::starting_at(Time(0), 1.0);
        let answers = round(&Slow, &probes, &clock).await;
        let at = |time: u64| answers.iter().filter(|(_, _, at)| *at == Time(time)).count();
        assert_eq!((at(2000), at(4000), at(6000)), (128, 128, 44));
    }
}
