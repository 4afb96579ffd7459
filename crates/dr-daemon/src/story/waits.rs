//! When a wait or a refusal is worth a line: as it begins, and again when it lasts.

use std::collections::{BTreeMap, HashMap};
use std::mem::discriminant;
use std::time::Duration;

use dr_core::{Refusal, Said, Time, Wait};

use crate::report::Level;

/// A wait that is over before this is never said.
const WAIT_IS_NEWS_AFTER: Duration = Duration::from_secs(5);
/// When something that lasts is said again.
const AGAIN_AFTER: [Duration; 3] = [Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(900)];

/// Refusals of one kind that are said each when they come together; a site of forty hosts that lives would fill a page. Status has them all.
const REFUSALS_EACH: usize = 3;

/// What is waited for, since when, and how often it was said.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    since: Time,
    said: usize,
    /// It is not said before it has lasted this long.
    first: Duration,
}

impl Waits {
    /// The lines that are due now.
    pub(super) fn due(&mut self, at: Time, waits: &[Wait], refusals: &[Refusal], plan: &str) -> Vec<(Level, String)> {
        let mut present: BTreeMap<String, (Option<&Refusal>, String)> = BTreeMap::new();
        for wait in waits {
            present.insert(wait.topic(), (None, wait.to_string()));
        }
        for refusal in refusals {
            present.insert(refusal.topic(), (Some(refusal), refusal.said(plan)));
        }
        self.known.retain(|topic, _| present.contains_key(topic));
        let mut due: BTreeMap<String, Due> = BTreeMap::new();
        let mut said_each: HashMap<_, Vec<String>> = HashMap::new();
        for (topic, (refusal, text)) in present {
            let kind = topic.split(' ').next().unwrap_or_default().to_owned();
            let first = if is_no_news(&kind, &topic, &text) { AGAIN_AFTER[0] } else { WAIT_IS_NEWS_AFTER };
            let first = if refusal.is_some() { Duration::ZERO } else { first };
            let known = self.known.entry(topic.clone()).or_insert(Known { since: at, said: 0, first });
            let lasted = at.since(known.since);
            let reached = known.reached(lasted);
            if reached <= known.said {
                continue;
            }
            known.said = reached;
            // Refusals are said each, up to a point; waits of one kind together.
            let line = match refusal {
                None => kind,
                Some(refusal) => {
                    let each = said_each.entry(discriminant(refusal)).or_default();
                    if each.len() < REFUSALS_EACH {
                        each.push(topic);
                    }
                    each.last().cloned().unwrap_or_default()
                }
            };
            let aged = reached > 1 || known.first >= AGAIN_AFTER[0];
            let new = Due { refusal: refusal.is_some(), text, lasted, aged, more: 0 };
            due.entry(line).and_modify(|due| due.more += 1).or_insert(new);
        }
        due.into_values().map(Due::worded).collect()
    }
}

/// A line that is due, and how many more of its kind are.
struct Due {
    refusal: bool,
    text: String,
    lasted: Duration,
    /// Whether its age is said.
    aged: bool,
    more: usize,
}

impl Due {
    fn worded(self) -> (Level, String) {
        let age = if self.aged {
            format!(" (for {})", Said(Duration::from_secs(self.lasted.as_secs())))
        } else {
            String::new()
        };
        let more = if self.more == 0 { String::new() } else { format!(" (and {} more of the kind)", self.more) };
        let (level, word) = if self.refusal { (Level::Error, "refused") } else { (Level::Info, "waiting") };
        (level, format!("{word}: {}{more}{age}", self.text))
    }
}

/// What was said in another way as it began, and what is waited for in every transition: told only when it lasts.
fn is_no_news(kind: &str, topic: &str, text: &str) -> bool {
    match kind {
        // That a step did not work was said as it ended.
        "owed" | "retry" | "settling" => true,
        // That the engine cannot be read, and that the plan was paused.
        "engine" => true,
        "paused" => text.starts_with("paused by"),
        // The host's new status was said.
        "host" => topic.contains(" non_operational"),
        "unsettled" => topic.ends_with(" connecting"),
        _ => false,
    }
}

impl Known {
    /// How often it should have been said by now.
    fn reached(&self, lasted: Duration) -> usize {
        if lasted < self.first {
            return 0;
        }
        let again = AGAIN_AFTER.iter().filter(|after| **after > self.first && lasted >= **after).count();
        // After the last of them, every further quarter of an hour.
        let quarter = AGAIN_AFTER[2].as_secs();
        let more = usize::try_from(lasted.as_secs() / quarter).unwrap_or(usize::MAX).saturating_sub(1);
        1 + again + more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time(1_000_000 + seconds * 1000)
    }

    fn silent(host: &str, so_far: u64) -> Wait {
        Wait::Silence { what: host.to_owned(), so_far: Duration::from_secs(so_far) }
    }

    #[test]
    fn a_short_wait_is_never_said_and_a_long_one_again_after_1_5_and_15_minutes() {
        let mut waits = Waits::default();
        let mut lines = Vec::new();
        for second in 0..1000 {
            for (_, text) in waits.due(at(second), &[silent("mad-1", second)], &[], "erp") {
                lines.push(format!("{second}: {text}"));
            }
        }
        assert_eq!(
            lines,
            [
                "5: waiting: mad-1 silent for 5.0 s, counts after 1 min",
                "60: waiting: mad-1 silent for 1 min, counts after 1 min (for 1 min)",
                "300: waiting: mad-1 silent for 5 min, counts after 1 min (for 5 min)",
                "900: waiting: mad-1 silent for 15 min, counts after 1 min (for 15 min)",
            ]
        );
        assert!(waits.due(at(1001), &[], &[], "erp").is_empty());
        assert!(waits.due(at(1002), &[silent("mad-1", 0)], &[], "erp").is_empty(), "a new wait begins anew");
    }

    #[test]
    fn many_refusals_of_one_kind_do_not_fill_a_page() {
        let alive = |n: usize| Refusal::SiteAlive {
            host: format!("mad-{n}"),
            site: "madrid".to_owned(),
            status: "up".to_owned(),
        };
        let refusals: Vec<Refusal> = (1..=9).map(alive).collect();
        let mut waits = Waits::default();
        let lines: Vec<String> = waits.due(at(0), &[], &refusals, "erp").into_iter().map(|(_, text)| text).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[2].contains("mad-3") && lines[2].ends_with("(and 6 more of the kind)"), "{lines:?}");
        assert!(waits.due(at(1), &[], &refusals, "erp").is_empty(), "none of them is said later by itself");
    }

    #[test]
    fn a_refusal_is_said_at_once_with_the_plan_in_its_command() {
        let refusal = Refusal::PromotionConfirmation { site: "seville".to_owned() };
        let lines = Waits::default().due(at(0), &[], &[refusal], "erp");
        let expected =
            "refused: make the replica at seville writable, then: ovirt-dr confirm erp promoted --reason \"...\"";
        assert_eq!(lines, [(Level::Error, expected.to_owned())]);
    }
}
