//! The page's tables as rows.

/// One fact.
pub(crate) struct Row {
    /// The heading that it stands below.
    pub(crate) group: String,
    pub(crate) fact: String,
    pub(crate) places: Vec<Place>,
    pub(crate) known: Known,
}

/// A file of the workspace and items in it.
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) items: Vec<String>,
}

/// How a fact is known, and what stands behind it.
pub(crate) enum Known {
    /// Labels of exchanges, or names of recordings.
    Recorded(Vec<String>),
    /// Files of the engine's source.
    Source,
    /// Assumed, behind constants of these names.
    Constants(Vec<String>),
    /// Assumed, and the code is right either way; tests of these names hold it.
    BothWays(Vec<String>),
}

impl Known {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Known::Recorded(_) => "recorded",
            Known::Source => "source",
            Known::Constants(_) => "assumed, behind a constant",
            Known::BothWays(_) => "assumed, right both ways",
        }
    }
}

/// Every row of the page; what is wrong with the first that does not keep to the form.
pub(crate) fn rows(page: &str) -> Result<Vec<Row>, String> {
    let mut group = String::new();
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut group);
        }
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else { continue };
        let cells: Vec<&str> = cells.split(" | ").collect();
        let &[fact, places, known, behind] = cells.as_slice() else {
            return Err(format!("{} cells instead of four: {line}", cells.len()));
        };
        if fact == "fact" {
            continue;
        }
        let row = || {
            let places = places.split("; ").map(place).collect::<Result<_, _>>()?;
            Ok(Row { group: group.clone(), fact: fact.to_owned(), places, known: how(known, behind)? })
        };
        rows.push(row().map_err(|problem: String| format!("{fact}: {problem}"))?);
    }
    Ok(rows)
}

fn place(text: &str) -> Result<Place, String> {
    let mut spans = spans(text).into_iter();
    let path = spans.next().ok_or("a place without a path")?;
    let items: Vec<String> = spans.collect();
    if items.is_empty() {
        return Err(format!("{path} without an item in it"));
    }
    Ok(Place { path, items })
}

fn how(known: &str, behind: &str) -> Result<Known, String> {
    let names = |text: &str| match spans(text) {
        names if names.is_empty() => Err(format!("nothing stands behind `{known}`")),
        names => Ok(names),
    };
    match known {
        "recorded" => Ok(Known::Recorded(names(behind)?)),
        "source" => {
            let strange = names(behind)?
                .into_iter()
                .find(|file| ![".java", ".sql", ".properties"].iter().any(|end| file.ends_with(end)));
            strange.map_or(Ok(Known::Source), |file| Err(format!("{file} is no file of the engine's source")))
        }
        "assumed" => {
            if behind.starts_with("constant") {
                return Ok(Known::Constants(names(behind)?));
            }
            let how =
                behind.strip_prefix("both ways: ").ok_or("it is neither behind a constant nor handled both ways")?;
            let (_, tests) = how.split_once("; held by ").ok_or("no test is said to hold it")?;
            Ok(Known::BothWays(names(tests)?))
        }
        other => Err(format!("`{other}` is no way to know something")),
    }
}

/// What stands between backticks.
fn spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
