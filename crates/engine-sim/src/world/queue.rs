//! What is due when: a heap ordered by instant, then by the order of asking.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::SimTime;
use super::ids::{DataCenterId, HostId};

/// Something that happens at an instant.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    Poll(HostId),
    PoolTick(DataCenterId),
}

#[derive(Debug)]
struct Entry {
    at: SimTime,
    order: u64,
    due: Due,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// The heap.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    order: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, at: SimTime, due: Due) {
        self.order += 1;
        self.heap.push(Reverse(Entry { at, order: self.order, due }));
    }

    pub(crate) fn next_at(&self) -> Option<SimTime> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    pub(crate) fn pop_until(&mut self, to: SimTime) -> Option<(SimTime, Due)> {
        if self.next_at()? > to {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.due))
    }
}
