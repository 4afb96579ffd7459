use proptest::prelude::*;

use super::GOOD;
use crate::{MAX_BYTES, SiteName, parse, set_active_site};

/// What every answer holds, whatever the text was.
pub(super) fn check(text: &str) {
    let parsed = parse("fuzz", text);
    assert_eq!(parsed.plan.is_none(), parsed.findings.iter().any(crate::Finding::is_error), "{text:?}");
    for finding in &parsed.findings {
        assert!(finding.line >= 1 && finding.column >= 1, "{finding:?}");
        assert!(!finding.message.is_empty() && !finding.remedy.is_empty(), "{finding:?}");
        let shown = finding.to_string();
        assert!(shown.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{shown:?}");
        assert!(shown.len() < 4000, "{shown}");
    }
    drop(set_active_site(text, &SiteName("seville".to_owned())));
}

fn passage() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "",
        " ",
        "\n",
        "\r\n",
        "\t",
        ":",
        ": ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!x ",
        "!!int ",
        "\"",
        "'",
        "|\n",
        ">\n",
        "---\n",
        "...\n",
        "#",
        "%",
        "@",
        "`",
        "~",
        "null",
        "true",
        "yes",
        "-1",
        "1_0",
        "0x1f",
        ".nan",
        "1e999",
        "é",
        "\u{feff}",
        "\0",
        "\u{1b}[31m",
        "? ",
        "<<: ",
        "same: ",
        "type: iscsi\n",
        "type: fcp\n",
        "hosts: ",
        "madrid",
        "99999999999999999999999",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn no_heap_of_yaml_pieces_makes_the_parser_panic(pieces in prop::collection::vec(passage(), 0..40)) {
        check(&pieces.concat());
    }

    /// A good plan with passages cut out, put in or replaced reaches the code behind the first key.
    #[test]
    fn no_damaged_plan_makes_the_parser_panic(
        damage in prop::collection::vec((0..GOOD.len(), 0..12_usize, passage()), 1..4),
    ) {
        let mut text: Vec<char> = GOOD.chars().collect();
        for (at, cut, put) in damage {
            let at = at.min(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, put.chars());
        }
        check(&text.into_iter().collect::<String>());
    }
}

#[test]
fn hostile_files_are_refused_quickly() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let deep_flow = "[".repeat(100_000);
    let deep_block: String = (0..500).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    let wide = format!("a: [{}]", "x,".repeat(400_000));
    let large = "#".repeat(MAX_BYTES + 1);
    let long_line = format!("{}: {}", "k".repeat(200_000), "v".repeat(200_000));
    let secrets = format!("password: [{}]", "[1,2],".repeat(6_000));
    let sites: String = (0..3_000).map(|number| format!("  s{number}: {{}}\n")).collect();
    let entries: String = (0..2_000).map(|number| format!("  e{number}: {{ type: nfs, x{number}: {{}} }}\n")).collect();
    let crossed = format!("sites:\n{sites}storage:\n{entries}");
    for text in [&secrets, &crossed, &bomb, &deep_flow, &deep_block, &wide, &large, &long_line] {
        check(text);
        let parsed = parse("hostile", text);
        assert!(parsed.plan.is_none());
        assert!(parsed.findings.len() < 300, "{} findings", parsed.findings.len());
    }
}
