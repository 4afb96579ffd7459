use proptest::prelude::*;

use super::{GOOD, good_but, plan};
use crate::{Plan, SiteName, set_active_site};

fn seville() -> SiteName {
    SiteName("seville".to_owned())
}

#[test]
fn only_the_one_word_changes() {
    let text = set_active_site(GOOD, &seville()).unwrap();
    assert_eq!(text, good_but("active_site: madrid", "active_site: seville"));
}

#[test]
fn quotes_comments_and_line_ends_are_kept() {
    let windows = good_but("active_site: madrid  ", "active_site:   'madrid'  # here\t").replace('\n', "\r\n");
    let text = set_active_site(&windows, &seville()).unwrap();
    assert_eq!(text, windows.replacen("'madrid'", "'seville'", 1));
}

#[test]
fn a_comment_or_another_key_that_looks_alike_is_left_alone() {
    let text = format!("# active_site: madrid\n{GOOD}");
    let rewritten = set_active_site(&text, &seville()).unwrap();
    assert!(rewritten.starts_with("# active_site: madrid\n"));
    assert!(rewritten.contains("preferred_site: madrid"));
    assert_eq!(plan(&rewritten).active_site, seville());
}

#[test]
fn a_site_that_the_plan_does_not_have_is_refused() {
    let finding = set_active_site(GOOD, &SiteName("sevila".to_owned())).unwrap_err();
    assert_eq!(finding.message, "`active_site` is not a site: `sevila`, did you mean `seville`?");
}

#[test]
fn a_site_where_the_storage_has_no_value_is_refused() {
    let text = good_but("    seville: { address: nas.seville.example.com, path: /exports/data1 }\n", "");
    let finding = set_active_site(&text, &seville()).unwrap_err();
    assert_eq!(finding.message, "storage entry `data1` has no value for the active site `seville`");
}

#[test]
fn a_text_with_errors_is_not_touched() {
    let finding = set_active_site(&good_but("version: 1", "version: 2"), &seville()).unwrap_err();
    assert_eq!(finding.message, "`version` cannot be `2`");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands around the line, the plan is the same with the other site active, and every other byte stays.
    #[test]
    fn the_plan_is_the_same_but_for_its_active_site(
        comment in "( #[ -~é]{0,20})?",
        blanks in " {1,5}",
        quote in prop::sample::select(vec!["", "'", "\""]),
        bom in any::<bool>(),
        windows in any::<bool>(),
        last in any::<bool>(),
    ) {
        let line = format!("active_site:{blanks}{quote}madrid{quote}{comment}\n");
        let rest = GOOD.lines().filter(|line| !line.starts_with("active_site")).collect::<Vec<_>>().join("\n");
        let mut text = if last { format!("{rest}\n{line}") } else { format!("{line}{rest}") };
        if windows {
            text = text.replace('\n', "\r\n");
        }
        if bom {
            text.insert(0, '\u{feff}');
        }
        let rewritten = set_active_site(&text, &seville()).unwrap();
        prop_assert_eq!(plan(&rewritten), Plan { active_site: seville(), ..plan(&text) });
        let there = set_active_site(&rewritten, &SiteName("madrid".to_owned())).unwrap();
        prop_assert_eq!(there, text.clone());
        prop_assert_eq!(rewritten.len(), text.len() + "seville".len() - "madrid".len());
    }
}
