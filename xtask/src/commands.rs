//! Commands that the pages show: each has to exist.

use std::collections::BTreeSet;

use clap::CommandFactory;

use crate::files::{File, Finding, Tree};
use crate::markdown::{code_blocks, code_spans};

/// How a page starts this program, and the program of `crates/ovirt-dr`.
const XTASK: &str = "cargo xtask";
const OVIRT_DR: [&str; 3] = ["cargo run --release --", "cargo run --", "ovirt-dr"];

/// The commands of a program, as its own parser knows them.
pub(crate) fn names<P: CommandFactory>() -> BTreeSet<String> {
    P::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// Commands in Markdown pages that neither program has.
pub(crate) fn findings(tree: &Tree, xtask: &BTreeSet<String>) -> Vec<Finding> {
    let ovirt_dr: BTreeSet<String> = tree
        .files
        .iter()
        .filter(|file| file.path.starts_with("crates/ovirt-dr/src/") && file.is(&["rs"]))
        .flat_map(subcommands)
        .collect();
    tree.files.iter().filter(|file| file.is(&["md"])).flat_map(|page| unknown(page, xtask, &ovirt_dr)).collect()
}

fn unknown(page: &File, xtask: &BTreeSet<String>, ovirt_dr: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in code_blocks(page).chain(code_spans(page)) {
        let text = text.trim().trim_start_matches("$ ").trim_start_matches("sudo ");
        let called = OVIRT_DR.map(|program| (program, ovirt_dr)).into_iter().chain([(XTASK, xtask)]);
        for (program, known) in called {
            let Some(arguments) = text.strip_prefix(program).and_then(|rest| rest.strip_prefix(' ')) else { continue };
            let command = arguments.split_whitespace().next().unwrap_or_default();
            let is_word = command.starts_with(|c: char| c.is_ascii_lowercase());
            if is_word && !known.contains(command) {
                findings.push(Finding::new(&page.path, line, format!("`{program} {command}` does not exist")));
            }
            break;
        }
    }
    findings
}

/// The variants of a source file's enums that derive `Subcommand`, as clap names them. Read from the text, so that
/// tidy needs no build of the program.
fn subcommands(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = file.lines().map(|(_, text)| text);
    while let Some(text) = lines.next() {
        if !(text.contains("derive(") && text.contains("Subcommand")) {
            continue;
        }
        let body = lines.by_ref().skip_while(|text| !text.contains("enum ")).skip(1);
        for text in body.take_while(|text| *text != "}") {
            let Some(variant) = text.strip_prefix("    ").filter(|text| text.starts_with(char::is_uppercase)) else {
                continue;
            };
            let end = variant.find(|c: char| !c.is_alphanumeric()).unwrap_or(variant.len());
            found.push(kebab(&variant[..end]));
        }
    }
    found
}

fn kebab(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLI: &str = "
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The daemon.
    Daemon(Daemon),
    AcceptWorld {
        Plan: String,
    },
    Demo,
}

enum Other {
    NotACommand,
}
";

    fn found(page: &str) -> Vec<String> {
        let tree = Tree::of(&[("README.md", page), ("crates/ovirt-dr/src/cli.rs", CLI)]);
        let xtask = BTreeSet::from(["test".to_owned()]);
        findings(&tree, &xtask).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn commands_that_exist_pass() {
        let page = "```sh\n$ cargo run --release -- demo\novirt-dr accept-world erp\n```\nand `cargo xtask test`.\n";
        assert_eq!(found(page), [""; 0]);
    }

    #[test]
    fn a_command_that_does_not_exist_is_found_in_blocks_and_in_sentences() {
        assert_eq!(found("```sh\nsudo ovirt-dr rescue erp\n```\n"), ["README.md:2: `ovirt-dr rescue` does not exist"]);
        assert_eq!(found("Call `cargo xtask tset`.\n"), ["README.md:1: `cargo xtask tset` does not exist"]);
        let page = "```sh\ncargo run --release -- not-a-command\n```\n";
        assert_eq!(found(page), ["README.md:2: `cargo run --release -- not-a-command` does not exist"]);
    }

    #[test]
    fn options_and_placeholders_are_no_commands() {
        assert_eq!(found("`ovirt-dr --version`, `ovirt-dr COMMAND`, `ovirt-dr`\n"), [""; 0]);
    }
}
