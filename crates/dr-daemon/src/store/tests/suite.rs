//! What every journal promises, asked of both.

use futures::poll;

use super::*;

/// Everything that was acknowledged, as it must be read again.
type Kept = Vec<(&'static str, Stamped)>;

/// Runs a journal through its promises. `crash` is `kill -9` and the next start.
async fn keeps_its_promises<J: Journal>(mut journal: J, mut crash: impl AsyncFnMut(J) -> J) {
    let mut kept: Kept = Vec::new();
    for round in 0..12_u64 {
        let plan = if round % 3 == 0 { "crm" } else { "erp" };
        let entries = batch(round, 1 + round % 4);
        let numbers = journal.append(plan, entries.clone()).await.unwrap();
        let stamped = numbers.iter().zip(entries).map(|(seq, (at, entry))| (plan, Stamped { seq: *seq, at, entry }));
        kept.extend(stamped);
        if round % 5 == 4 {
            journal = crash(journal).await;
        }
        is_kept(&journal, &kept).await;
    }
    assert!(kept.is_sorted_by(|a, b| a.1.seq < b.1.seq), "numbers rise over all plans");
    assert_eq!(journal.append("erp", Vec::new()).await.unwrap(), Vec::<u64>::new(), "nothing is nothing");

    // An append that is interrupted somewhere is there as a whole or not at all; one that was acknowledged is there.
    for patience in [0, 1, 2, 3, 10, 100, 10_000] {
        let before = journal.read("erp").await.unwrap().len();
        let mut append = journal.append("erp", batch(patience, 3));
        let mut acknowledged = false;
        for _ in 0..patience {
            if let Poll::Ready(written) = poll!(append.as_mut()) {
                acknowledged = written.unwrap().len() == 3;
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(append);
        journal = crash(journal).await;
        let after = journal.read("erp").await.unwrap().len();
        assert!(after == before + 3 || (after == before && !acknowledged), "{patience}: {before}, then {after}");
    }
    let all: Vec<u64> = journal.read("erp").await.unwrap().iter().map(|one| one.seq).collect();
    assert!(all.is_sorted_by(|a, b| a < b), "no number is given twice, whatever was interrupted");
}

fn batch(round: u64, count: u64) -> Vec<(Time, Entry)> {
    (0..count).map(|nth| (Time(round), seen(&format!("{round}.{nth}")))).collect()
}

/// Each way of reading yields just what was acknowledged, in order.
async fn is_kept<J: Journal>(journal: &J, kept: &Kept) {
    let mut plans: Vec<&str> = kept.iter().map(|(plan, _)| *plan).collect();
    plans.sort_unstable();
    plans.dedup();
    assert_eq!(journal.plans().await.unwrap(), plans);
    for plan in plans {
        let of_plan: Vec<Stamped> = kept.iter().filter(|(of, _)| *of == plan).map(|(_, one)| one.clone()).collect();
        assert_eq!(journal.read(plan).await.unwrap(), of_plan);
        let of_plan: Vec<Told> = of_plan.iter().map(Told::of).collect();
        for limit in [1, 2, 100] {
            let newest = journal.history(plan, None, limit).await.unwrap();
            assert_eq!(newest, of_plan[of_plan.len().saturating_sub(limit)..]);
            let mut paged = Vec::new();
            loop {
                let after = paged.last().map_or(0, |one: &Told| one.seq);
                let page = journal.history(plan, Some(after), limit).await.unwrap();
                assert!(page.len() <= limit);
                if page.is_empty() {
                    break;
                }
                paged.extend(page);
            }
            assert_eq!(paged, of_plan);
        }
    }
}

#[tokio::test]
async fn the_journal_in_memory_keeps_its_promises() {
    keeps_its_promises(MemoryJournal::default(), async |journal: MemoryJournal| {
        journal.crash();
        journal
    })
    .await;
}

#[tokio::test]
async fn the_journal_on_disk_keeps_its_promises() {
    let (dir, path) = place();
    let mut lives = 0;
    keeps_its_promises(Store::open(&path).await.unwrap(), async |store: Store| {
        // What the kernel has of the files at this moment is what a killed daemon leaves; nothing is closed before.
        lives += 1;
        let next = dir.path().join(format!("life-{lives}.sqlite3"));
        as_left(&store.path, &next);
        let opened = Store::open(&next).await.unwrap();
        assert_eq!(opened.verify().await.unwrap().findings, []);
        opened
    })
    .await;
}
