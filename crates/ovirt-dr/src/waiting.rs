//! What a failover that somebody waits for has come to.

use std::time::Duration;

use dr_core::Time;
use dr_daemon::Report;

use crate::exit::Exit;

/// Judges report after report until there is an end.
#[derive(Debug)]
pub(crate) struct Waiting {
    site: String,
    /// The newest transition that was closed before ours.
    before: u64,
    patience: Duration,
    /// Since when something is refused without a break.
    refused: Option<Time>,
}

impl Waiting {
    /// Waits for `site` to be active. `before` is the report from before the request. Something refused for `patience` needs a person.
    pub(crate) fn new(site: &str, before: &Report, patience: Duration) -> Waiting {
        let closed = before.last_closed.as_ref().map_or(0, |closed| closed.epoch);
        Waiting { site: site.to_owned(), before: closed, patience, refused: None }
    }

    /// The end, and what to say about it; none while it goes on.
    pub(crate) fn see(&mut self, report: &Report, now: Time) -> Option<(Exit, String)> {
        if let Some(held) = &report.held {
            return Some((Exit::Person, format!("held: {held}")));
        }
        if let Some(paused) = &report.paused {
            return Some((Exit::Person, format!("paused {paused}; `ovirt-dr resume {}` goes on", report.plan)));
        }
        if let Some(transition) = &report.transition {
            if transition.to != self.site && !transition.cancelled {
                let text = format!("failover {} to {} is open instead", transition.epoch, transition.to);
                return Some((Exit::Failed, text));
            }
        } else if let Some(closed) = report.last_closed.as_ref().filter(|closed| closed.epoch > self.before) {
            return Some(match (closed.cancelled, closed.exceptions.as_slice()) {
                (true, _) => (Exit::Failed, format!("failover {} was turned back", closed.epoch)),
                (false, []) => (Exit::Done, format!("converged at {}", self.site)),
                (false, some) => {
                    (Exit::Exceptions, format!("converged at {} with exceptions: {}", self.site, some.join("; ")))
                }
            });
        } else if report.accepted_site.as_deref() == Some(self.site.as_str()) {
            return Some((Exit::Done, format!("{} is active", self.site)));
        }
        if report.refusals.is_empty() {
            self.refused = None;
            return None;
        }
        let since = *self.refused.get_or_insert(now);
        let lasting = now.since(since) >= self.patience;
        lasting.then(|| (Exit::Person, format!("a person is needed: {}", report.refusals.join("; "))))
    }
}

#[cfg(test)]
mod tests {
    use dr_daemon::{ClosedReport, TransitionReport};

    use super::*;

    fn waiting() -> Waiting {
        let before = Report { last_closed: Some(ClosedReport { epoch: 6, ..Default::default() }), ..Report::default() };
        Waiting::new("seville", &before, Duration::from_secs(120))
    }

    fn open() -> Report {
        let transition = TransitionReport { epoch: 7, to: "seville".to_owned(), ..Default::default() };
        Report { plan: "erp".to_owned(), transition: Some(transition), ..Report::default() }
    }

    fn closed(exceptions: &[&str], cancelled: bool) -> Report {
        let exceptions = exceptions.iter().map(|text| (*text).to_owned()).collect();
        let closed = ClosedReport { epoch: 7, at: 1, exceptions, cancelled };
        Report { accepted_site: Some("seville".to_owned()), last_closed: Some(closed), ..Report::default() }
    }

    fn exit(report: &Report) -> Option<Exit> {
        waiting().see(report, Time(0)).map(|(exit, _)| exit)
    }

    #[test]
    fn the_exit_code_tells_how_it_ended() {
        assert_eq!(exit(&open()), None);
        assert_eq!(exit(&closed(&[], false)), Some(Exit::Done));
        assert_eq!(exit(&closed(&["vm3 did not start"], false)), Some(Exit::Exceptions));
        assert_eq!(exit(&closed(&[], true)), Some(Exit::Failed));
    }

    #[test]
    fn the_end_of_an_earlier_failover_is_not_ours() {
        let mut report = closed(&[], false);
        report.accepted_site = Some("madrid".to_owned());
        report.last_closed = Some(ClosedReport { epoch: 6, ..Default::default() });
        assert_eq!(exit(&report), None);
    }

    #[test]
    fn a_hold_and_a_pause_need_a_person_at_once() {
        assert_eq!(exit(&Report { held: Some("flap guard".to_owned()), ..open() }), Some(Exit::Person));
        assert_eq!(exit(&Report { paused: Some("by ana: drill".to_owned()), ..open() }), Some(Exit::Person));
    }

    #[test]
    fn a_refusal_needs_a_person_only_if_it_lasts() {
        let refused = Report { refusals: vec!["mad-2 answers on port 22".to_owned()], ..open() };
        let mut waiting = waiting();
        assert_eq!(waiting.see(&refused, Time(0)), None);
        assert_eq!(waiting.see(&refused, Time(119_000)), None);
        assert_eq!(waiting.see(&open(), Time(119_500)), None);
        // It has begun anew.
        assert_eq!(waiting.see(&refused, Time(121_000)), None);
        let (exit, text) = waiting.see(&refused, Time(241_000)).unwrap();
        assert_eq!((exit, text.as_str()), (Exit::Person, "a person is needed: mad-2 answers on port 22"));
    }

    #[test]
    fn another_failover_is_not_waited_for() {
        let mut other = open();
        if let Some(transition) = &mut other.transition {
            "bilbao".clone_into(&mut transition.to);
        }
        assert_eq!(exit(&other), Some(Exit::Failed));
    }
}
