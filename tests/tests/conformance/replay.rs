//! A recorded file replayed: the same requests at the same seconds, side by side where they were side by side.

use tokio::task::JoinHandle;

use engine_sim::Served;

use crate::compare::{Difference, compare};
use crate::recording::Exchange;
use crate::stage::{Stage, got};
use crate::watch::Change;

/// What a replay came to.
#[derive(Default)]
pub(crate) struct Replayed {
    pub(crate) exchanges: usize,
    /// Exchanges without any difference.
    pub(crate) alike: usize,
    pub(crate) differences: Vec<Difference>,
    /// Seconds of the scene at which something befell the world.
    pub(crate) marks: Vec<f64>,
    /// Status words that the recording's sampler saw change.
    pub(crate) recorded: Vec<Change>,
    /// Those that changed in the simulation.
    pub(crate) seen: Vec<Change>,
}

/// A request that is under way.
struct Flight {
    exchange: Exchange,
    served: JoinHandle<Served>,
}

/// Requests under way, and what became of those that ended.
pub(crate) struct Replay<'a> {
    stage: &'a Stage,
    flights: Vec<Flight>,
    pub(crate) replayed: Replayed,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        Replay { stage, flights: Vec::new(), replayed: Replayed::default() }
    }

    /// Waits for the second of the exchange and for all that was answered before it, then sends it.
    pub(crate) async fn send(&mut self, exchange: &Exchange) {
        self.finish(exchange.at).await;
        self.stage.clock().until(exchange.at).await;
        let request = self.stage.request(exchange);
        let engine = self.stage.engine.clone();
        let served = tokio::spawn(async move { engine.handle(request).await });
        self.flights.push(Flight { exchange: exchange.clone(), served });
    }

    /// Waits for the answers that came before this second of the recording.
    pub(crate) async fn finish(&mut self, second: f64) {
        let (over, flying): (Vec<Flight>, Vec<Flight>) =
            self.flights.drain(..).partition(|flight| flight.exchange.at + flight.exchange.seconds <= second + 0.002);
        self.flights = flying;
        for flight in over {
            let ours = got(flight.served.await.expect("an answer"));
            self.replayed.exchanges += 1;
            let differences = compare(self.stage, &flight.exchange, &ours);
            self.replayed.alike += usize::from(differences.is_empty());
            self.replayed.differences.extend(differences);
        }
    }
}
