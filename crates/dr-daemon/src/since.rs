//! Since when each object has been in the status it shows.

use rustc_hash::{FxBuildHasher, FxHashMap};

use dr_core::Time;

/// Remembers when a status was first seen, across passes. Objects that a pass did not show are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Since {
    seen: FxHashMap<String, (String, Time)>,
}

impl Since {
    /// Takes one complete list of (id, status) as read at `now`; yields since when each has been so, in the list's order.
    pub(crate) fn update<'a>(&mut self, list: impl Iterator<Item = (&'a str, &'a str)>, now: Time) -> Vec<Time> {
        let mut next = FxHashMap::with_capacity_and_hasher(self.seen.len(), FxBuildHasher);
        let mut times = Vec::with_capacity(self.seen.len());
        for (id, status) in list {
            let (id, (status, since)) = match self.seen.remove_entry(id) {
                Some((id, (known, since))) if known == status => (id, (known, since)),
                Some((id, _)) => (id, (status.to_owned(), now)),
                None => (id.to_owned(), (status.to_owned(), now)),
            };
            times.push(since);
            next.insert(id, (status, since));
        }
        self.seen = next;
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_keeps_its_time_until_it_changes_or_its_object_goes() {
        let mut since = Since::default();
        assert_eq!(since.update([("a", "up"), ("b", "up")].into_iter(), Time(1)), [Time(1), Time(1)]);
        assert_eq!(since.update([("b", "down"), ("a", "up")].into_iter(), Time(2)), [Time(2), Time(1)]);
        assert_eq!(since.update([("a", "up")].into_iter(), Time(3)), [Time(1)]);
        assert_eq!(since.update([("b", "down"), ("a", "up")].into_iter(), Time(4)), [Time(4), Time(1)], "b was gone");
    }
}
