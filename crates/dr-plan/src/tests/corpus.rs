//! The folder `corpus`: small plan files with the mistakes that people, editors and disks make, as they are and damaged further.
//!
//! A file whose first line is `# finds: WORDS` has a finding with these words; one whose name begins with `good` is a plan without findings;
//! of all others it only counts that they are survived and are no plan.

use std::path::PathBuf;

use super::fuzz::check;
use crate::{Plan, diff, parse, set_active_site};

/// Damaged files in one run: about two seconds of a debug build.
const MUTANTS: u64 = 4_000;

/// What stands between the values of a plan, and what breaks them.
const PIECES: [&str; 24] = [
    "\n",
    "  ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "#",
    "&a ",
    "*a",
    "!x ",
    "---\n",
    "<<: ",
    "~",
    "\t",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "1e999",
    "99999999999999999999",
    "madrid",
];

/// Every file: name without ending, and bytes, in the order of the names.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/corpus"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The text that the parser is given; bytes that are no text never reach it.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_file_of_the_corpus_is_judged_as_it_says_itself() {
    let files = corpus();
    assert!(files.len() >= 40, "only {} files", files.len());
    for (name, bytes) in files {
        let text = text(&bytes);
        check(&text);
        let parsed = parse(&name, &text);
        let found: Vec<&str> = parsed.findings.iter().map(|finding| finding.message.as_str()).collect();
        match text.lines().next().and_then(|line| line.strip_prefix("# finds: ")) {
            Some(words) => assert!(found.iter().any(|message| message.contains(words)), "{name}: {found:?}"),
            None if name.starts_with("good") => {
                assert_eq!(found, [""; 0], "{name}");
                can_be_flipped(&parsed.plan.unwrap(), &text);
            }
            None if std::str::from_utf8(&bytes).is_ok() => assert_eq!(parsed.plan, None, "{name}"),
            // Whoever reads the file refuses bytes that are no text.
            None => {}
        }
        assert!(
            !parsed.findings.iter().any(|finding| finding.to_string().contains("hunter2")),
            "{name} shows a password"
        );
    }
}

#[test]
fn damaged_files_are_survived_and_whatever_is_still_a_plan_can_be_flipped() {
    let (good, bad): (Vec<_>, Vec<_>) = corpus().into_iter().partition(|(name, _)| name.starts_with("good"));
    let [good, bad] = [good, bad].map(|files| files.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>());
    let mut plans = 0;
    for seed in 0..MUTANTS {
        // Every other one was a plan: in a file with a mistake, a second one often hides behind the first.
        let text = text(&if seed % 2 == 0 { damaged(&good, &bad, seed) } else { damaged(&bad, &good, seed) });
        check(&text);
        if let Some(plan) = parse("mutant", &text).plan {
            can_be_flipped(&plan, &text);
            plans += 1;
        }
    }
    assert!(
        plans > MUTANTS / 50,
        "only {plans} damaged files are still plans: the damage reaches nothing behind the first error"
    );
}

/// Whichever site is made active: nothing else changes, or it is refused with a reason.
fn can_be_flipped(plan: &Plan, text: &str) {
    assert_eq!(diff(plan, plan), [""; 0], "{text:?}");
    for site in plan.sites.keys() {
        match set_active_site(text, site) {
            Ok(flipped) => {
                let flipped = parse(&plan.name, &flipped).plan.unwrap_or_else(|| panic!("{text:?}"));
                assert_eq!((&flipped.active_site, diff(plan, &flipped)), (site, vec![]), "{text:?}");
            }
            Err(finding) => assert!(!finding.message.is_empty() && !finding.remedy.is_empty(), "{text:?}"),
        }
    }
}

/// A file with one to three wounds, and pieces of the `others` in them. The same seed always makes the same bytes.
fn damaged(files: &[Vec<u8>], others: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut bytes = dice.one_of(files).clone();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(24)).min(bytes.len());
        match dice.below(6) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                let place = dice.below(bytes.len() + 1);
                bytes.splice(place..place, again);
            }
            3 => {
                let other = dice.one_of(others);
                let from = dice.below(other.len() + 1);
                bytes.splice(at..end, other[from..].iter().copied().take(200));
            }
            4 => bytes.truncate(at),
            _ => {
                let piece = dice.one_of(&PIECES);
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
    bytes
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    /// A number below `limit`, which is not zero.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let limit = u64::try_from(limit).unwrap();
        usize::try_from((mixed ^ (mixed >> 31)) % limit).unwrap()
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
