//! Markdown pages: links that resolve, and the pieces other rules read (code, sections, tables).

use crate::files::{File, Finding, Tree};

/// Links that lead nowhere: a missing file, or a heading that a page does not have. Other sites are not asked.
pub(crate) fn findings(tree: &Tree) -> Vec<Finding> {
    let pages = tree.files.iter().filter(|file| file.is(&["md"]));
    pages.flat_map(|page| links(page).into_iter().filter_map(|(line, link)| broken(tree, page, line, link))).collect()
}

/// Lines of fenced code, with their numbers.
pub(crate) fn code_blocks(page: &File) -> impl Iterator<Item = (usize, &str)> {
    fenced(page).filter(|(_, _, code)| *code).map(|(line, text, _)| (line, text))
}

/// Code inside of sentences, between backticks.
pub(crate) fn code_spans(page: &File) -> impl Iterator<Item = (usize, &str)> {
    prose(page).flat_map(|(line, text)| text.split('`').skip(1).step_by(2).map(move |span| (line, span)))
}

/// The cells of the table rows below a heading of this name, up to the next heading, without the table's own head.
pub(crate) fn table<'a>(page: &'a File, heading: &str) -> Vec<(usize, Vec<&'a str>)> {
    prose(page)
        .skip_while(|(_, text)| heading_of(text) != Some(heading))
        .skip(1)
        .take_while(|(_, text)| heading_of(text).is_none())
        .filter_map(|(line, text)| Some((line, text.trim().strip_prefix('|')?.strip_suffix('|')?)))
        .map(|(line, row)| (line, row.split('|').map(str::trim).collect()))
        .skip(2)
        .collect()
}

fn broken(tree: &Tree, page: &File, line: usize, link: &str) -> Option<Finding> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() { page.path.clone() } else { resolved(&page.path, path) };
    if !tree.has(&target) {
        return Some(Finding::new(&page.path, line, format!("the link `{link}` leads to no file")));
    }
    let (anchor, target) = (anchor?, tree.file(&target).filter(|file| file.is(&["md"]))?);
    let known = prose(target).filter_map(|(_, text)| heading_of(text)).any(|heading| slug(heading) == anchor);
    (!known).then(|| Finding::new(&page.path, line, format!("the link `{link}` leads to no heading")))
}

fn links(page: &File) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    for (line, text) in prose(page) {
        for (at, _) in text.match_indices("](") {
            let quoted = text[..at].matches('`').count() % 2 == 1;
            if let Some((link, _)) = text[at + 2..].split_once(')')
                && !quoted
            {
                links.push((line, link));
            }
        }
        // A reference below the text: `[name]: target`.
        if let Some((_, link)) = text.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            links.push((line, link.trim()));
        }
    }
    links
}

/// A path as seen from the page's folder, without `.` and `..`.
fn resolved(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The anchor that code hosts give a heading.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}

fn heading_of(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches('#');
    (rest.len() < text.len()).then_some(rest)?.strip_prefix(' ').map(str::trim)
}

fn prose(page: &File) -> impl Iterator<Item = (usize, &str)> {
    fenced(page).filter(|(_, _, code)| !code).map(|(line, text, _)| (line, text))
}

/// Every line but the fences themselves, and whether it is inside of one.
fn fenced(page: &File) -> impl Iterator<Item = (usize, &str, bool)> {
    let mut inside = false;
    page.lines().filter_map(move |(line, text)| {
        let fence = text.trim_start().starts_with("```");
        inside ^= fence;
        (!fence).then_some((line, text, inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> Vec<String> {
        let map = ("crates/README.md", "# The map\n## Allowed arrows, and why\n");
        let tree = Tree::of(&[("docs/page.md", page), map, ("LICENSE", "text")]);
        findings(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_that_resolve_pass() {
        let page = "# A b\n[file](../LICENSE), [folder](../crates/), [heading](../crates/README.md#allowed-arrows-and-why)\n\
                    [here](#a-b), [elsewhere](https://example.com/x)\n[below]: ../LICENSE\n";
        assert_eq!(found(page), [""; 0]);
    }

    #[test]
    fn a_link_to_a_missing_file_is_found() {
        assert_eq!(found("\n[gone](../NOTICE)\n"), ["docs/page.md:2: the link `../NOTICE` leads to no file"]);
        assert_eq!(found("[gone]: LICENSE\n"), ["docs/page.md:1: the link `LICENSE` leads to no file"]);
    }

    #[test]
    fn a_link_to_a_missing_heading_is_found() {
        let page = "[map](../crates/README.md#arrows)\n[here](#nowhere)\n";
        let expected = [
            "docs/page.md:1: the link `../crates/README.md#arrows` leads to no heading",
            "docs/page.md:2: the link `#nowhere` leads to no heading",
        ];
        assert_eq!(found(page), expected);
    }

    #[test]
    fn code_is_not_searched_for_links() {
        assert_eq!(found("```\n[a](b)\n```\nand `x[0](y)`\n"), [""; 0]);
    }

    #[test]
    fn a_table_is_read_below_its_heading_only() {
        let page = "| x | y |\n|---|---|\n| 0 | 0 |\n## Arrows\nText.\n\n| from | to |\n|---|---|\n| a | b, c |\n\n## Next\n| d | e |\n";
        let file = File { path: "x.md".to_owned(), text: page.to_owned() };
        assert_eq!(table(&file, "Arrows"), [(9, vec!["a", "b, c"])]);
    }
}
