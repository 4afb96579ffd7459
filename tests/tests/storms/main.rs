//! A bounded share of the storms: `cargo xtask sim` runs others, and more.

use tests::storms;

/// Seeds run here.
const SEEDS: u64 = 200;

#[test]
fn seeds_break_nothing_and_arrive() {
    let tally = storms::storms(1, SEEDS, |_, _| {});
    assert!(tally.failures.is_empty(), "run `cargo xtask sim --seed N` to see one: {:#?}", tally.failures);
}

#[test]
fn the_same_seed_gives_the_same_night_byte_for_byte() {
    for seed in [3, 19] {
        let (once, again) = (storms::storm(seed), storms::storm(seed));
        assert_eq!(once.trace, again.trace, "seed {seed}");
    }
}

/// Somebody had pointed a connection elsewhere in calm times, and the report said `converged` with the drift beside it.
#[test]
fn seed_19_is_not_called_converged_while_there_is_drift() {
    let night = storms::storm(19);
    assert!(night.end.is_ok(), "{:?}", night.end);
}
