//! Work that is spread over all cores.

use std::sync::{Mutex, PoisonError};

/// Does `work` once for each of them, on all cores.
pub(crate) fn on_all_cores<T>(all: impl Iterator<Item = T> + Send, work: impl Fn(T) + Sync) {
    let left = Mutex::new(all);
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        while let Some(one) = next() {
            work(one);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
}
