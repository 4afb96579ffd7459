//! Appends to a journal as fast as it can until it is killed, and says each time what was acknowledged: for the test that kills it.

#![expect(clippy::print_stdout, reason = "that is how the test hears of it")]

use std::path::Path;

use dr_core::{Entry, Time};
use dr_daemon::{Journal, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    let path = std::env::args().nth(1).ok_or("usage: appender DATABASE")?;
    let store = Store::open(Path::new(&path)).await.map_err(|error| error.to_string())?;
    loop {
        let entries = (0..3).map(|nth| (Time(1), Entry::SiteSeen { site: format!("site {nth}") }));
        let numbers = store.append("erp", entries.collect()).await.map_err(|error| error.to_string())?;
        // Standard output is written at each line's end.
        println!("{}", numbers.last().copied().unwrap_or_default());
    }
}
