//! Plans without a file that left something open or owed: named until they have their file again, or another plan has given it back.

use std::path::Path;

use dr_core::{Entry, Memory, OwedKey, Stamped, Time};

/// A plan whose journal ends with a transition open or something owed.
#[derive(Debug)]
pub(crate) struct Debtor {
    name: String,
    memory: Memory,
    /// When its journal ends.
    newest: Time,
}

impl Debtor {
    /// The plan of this journal, if it is one.
    pub(crate) fn of(name: &str, journal: &[Stamped]) -> Option<Debtor> {
        let memory = Memory::fold(journal.iter().map(|one| (one.at, &one.entry)));
        let newest = journal.last()?.at;
        let owes = memory.transition.is_some() || !memory.owed.is_empty();
        owes.then(|| Debtor { name: name.to_owned(), memory, newest })
    }

    /// Whether the plan of another journal is for the same engine.
    pub(crate) fn shares_engine(&self, other: &[Stamped]) -> bool {
        let of = |memory: &Memory| memory.engine.as_ref().map(|(instance, _)| instance.clone());
        let other = Memory::fold(other.iter().map(|one| (one.at, &one.entry)));
        of(&self.memory).is_some_and(|instance| of(&other) == Some(instance))
    }

    /// Whether that plan has since repaired the engine that both are for: then no debt of ours is left there. A repair takes every tag of ours,
    /// and what has no tag was never switched off.
    pub(crate) fn was_settled_by(&self, other: &[Stamped]) -> bool {
        let (mut repairing, mut given, mut repaired) = (None, false, false);
        for one in other.iter().filter(|one| one.at > self.newest) {
            if let Entry::Opened(opening) = &one.entry {
                repairing = (opening.from == opening.to).then_some(opening.epoch);
            }
            given |= matches!(&one.entry, Entry::GivenBack { what } if self.memory.owed.contains_key(what));
            repaired |= matches!(&one.entry, Entry::Closed { epoch, .. } if repairing == Some(*epoch)) && given;
        }
        repaired && self.shares_engine(other)
    }

    /// What its journal is ended with once the plan `by` has given everything back.
    pub(crate) fn settled(&self, by: &str) -> Vec<Entry> {
        let given = self.memory.owed.keys().map(|what| Entry::GivenBack { what: what.clone() });
        let closed = self.memory.transition.iter().map(|transition| Entry::Closed {
            epoch: transition.epoch,
            exceptions: vec![format!("its plan's file was gone, and plan {by} gave back what it owed")],
        });
        given.chain(closed).collect()
    }

    /// What an administrator is to know. `twins` are the plans with a file that are for the same engine.
    pub(crate) fn alarm(&self, folder: &Path, twins: &[String]) -> String {
        let mut left: Vec<String> = Vec::new();
        left.extend(
            self.memory
                .transition
                .as_ref()
                .map(|open| format!("its failover {} from {} to {} is open", open.epoch, open.from, open.to)),
        );
        if !self.memory.owed.is_empty() {
            let owed: Vec<String> = self.memory.owed.iter().map(|(what, owed)| said(what, &owed.name)).collect();
            left.push(format!("it owes {}", owed.join(", ")));
        }
        let name = &self.name;
        let mut text = format!(
            "{name}: its plan file is gone or renamed, but {}. Put {name}.yaml back into {}, and it goes on where it was",
            left.join(" and "),
            folder.display()
        );
        for twin in twins {
            text.push_str(&format!(
                "; or, if {twin} is that plan under a new name, let that one give back what is owed: ovirt-dr repair {twin}"
            ));
        }
        text
    }
}

fn said(what: &OwedKey, name: &str) -> String {
    match what {
        OwedKey::Fencing(_) => format!("fencing of cluster {name}"),
        OwedKey::PowerManagement(_) => format!("power management of {name}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dr_core::{HostId, Opening};

    use super::*;

    fn pm(host: &str) -> OwedKey {
        OwedKey::PowerManagement(HostId::from(host))
    }

    fn engine(instance: &str) -> Entry {
        Entry::Engine { instance_id: instance.to_owned(), event_id: 1 }
    }

    fn opened(epoch: u64, from: &str, to: &str) -> Entry {
        let word = str::to_owned;
        Entry::Opened(Box::new(Opening {
            epoch,
            from: word(from),
            to: word(to),
            by: word("ana"),
            why: word("test"),
            plan: String::new(),
            rows: BTreeMap::new(),
            hosts: BTreeMap::new(),
            vms: Vec::new(),
        }))
    }

    fn owed(host: &str) -> Entry {
        Entry::Owed { what: pm(host), name: host.to_owned(), original: "true".to_owned(), port: 54321, anew: false }
    }

    /// A journal whose entries begin at `at`, one a millisecond.
    fn journal(at: u64, entries: Vec<Entry>) -> Vec<Stamped> {
        entries.into_iter().zip(at..).map(|(entry, at)| Stamped { seq: at, at: Time(at), entry }).collect()
    }

    fn erp() -> Debtor {
        let left = journal(0, vec![engine("one"), opened(1, "madrid", "seville"), owed("h1"), owed("h2")]);
        Debtor::of("erp", &left).expect("it owes")
    }

    fn repair(engine_of: &str, what: &str) -> Vec<Entry> {
        vec![
            engine(engine_of),
            owed(what),
            opened(2, "seville", "seville"),
            Entry::GivenBack { what: pm(what) },
            Entry::Closed { epoch: 2, exceptions: Vec::new() },
        ]
    }

    #[test]
    fn a_plan_that_left_nothing_is_no_debtor() {
        let closed = Entry::Closed { epoch: 1, exceptions: Vec::new() };
        assert!(Debtor::of("erp", &journal(0, vec![opened(1, "a", "b"), closed])).is_none());
        assert!(Debtor::of("erp", &[]).is_none());
    }

    #[test]
    fn the_alarm_says_what_is_left_and_both_ways_out() {
        let said = erp().alarm(Path::new("/etc/ovirt-dr"), &["erp2".to_owned()]);
        for part in [
            "its failover 1 from madrid to seville is open and it owes power management of h1, power management of h2",
            "Put erp.yaml back into /etc/ovirt-dr",
            "ovirt-dr repair erp2",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn a_repair_under_the_new_name_settles_it_and_nothing_less_does() {
        let entries = repair("one", "h1");
        assert!(erp().was_settled_by(&journal(100, entries.clone())));
        for missing in 0..entries.len() {
            // That the debt was adopted there is not asked: that it was given back says more.
            let mut without = entries.clone();
            if !matches!(without.remove(missing), Entry::Owed { .. }) {
                assert!(!erp().was_settled_by(&journal(100, without)), "without {:?}", entries[missing]);
            }
        }
        assert!(!erp().was_settled_by(&journal(0, entries)), "that was before");
        assert!(!erp().was_settled_by(&journal(100, repair("two", "h1"))), "that is another engine");
        assert!(!erp().was_settled_by(&journal(100, repair("one", "h3"))), "that was somebody else's debt");
    }

    #[test]
    fn a_settled_journal_owes_nothing_and_says_who_gave_it_back() {
        let mut left = journal(0, vec![engine("one"), opened(1, "madrid", "seville"), owed("h1")]);
        let settled = Debtor::of("erp", &left).expect("it owes").settled("erp2");
        let said =
            matches!(settled.last(), Some(Entry::Closed { epoch: 1, exceptions }) if exceptions[0].contains("erp2"));
        assert!(said, "{settled:?}");
        left.extend(journal(10, settled));
        assert!(Debtor::of("erp", &left).is_none());
    }
}
