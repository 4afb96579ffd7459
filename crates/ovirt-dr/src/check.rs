//! `ovirt-dr check`: plan files judged without a daemon, and with `--online` against their engines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dr_daemon::Door;
use dr_plan::{Finding, Level, Plan, SiteName};
use serde_json::json;

use crate::cli;
use crate::exit::{Exit, Failure};
use crate::out::Out;

/// Reads, checks, writes the findings.
pub(crate) async fn run(asked: cli::Check, out: Out) -> Result<Exit, Failure> {
    let mut findings = Vec::new();
    let mut plans: Vec<(PathBuf, Plan)> = Vec::new();
    let files = files(&asked.paths)?;
    for file in &files {
        let (plan, found) = offline(file)?;
        findings.extend(found);
        plans.extend(plan.map(|plan| (file.clone(), plan)));
    }
    findings.extend(rivals(&plans));
    if asked.online {
        for (file, plan) in &plans {
            if !out.json {
                out.remark(format_args!("asking {} for {}", plan.engine.url, plan.name));
            }
            findings.extend(crate::online::ask(plan, folder(file), &Door::Https).await);
        }
    }
    let exit = verdict(&findings, asked.strict);
    if out.json {
        out.json(&json!({ "plans": files.len(), "findings": findings }))?;
        return Ok(exit);
    }
    for finding in &findings {
        let text = finding.to_string();
        let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let head = if finding.is_error() { out.paint.bad(head) } else { out.paint.look(head) };
        out.line(format_args!("{head}\n{rest}\n"))?;
    }
    out.line(summary(&findings, files.len()))?;
    Ok(exit)
}

/// `ovirt-dr preview --offline`: what the file alone says.
pub(crate) fn preview(file: &Path, site: Option<String>, out: Out) -> Result<Exit, Failure> {
    let (plan, findings) = offline(file)?;
    let Some(plan) = plan else {
        let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
        return Err(Failure::said(format!("the plan is not valid:\n{}", texts.join("\n"))));
    };
    let other = || plan.sites.keys().find(|site| **site != plan.active_site).cloned();
    let Some(to) = site.map(SiteName).or_else(other) else {
        return Err(Failure::said("the plan has one site only"));
    };
    if !plan.sites.contains_key(&to) {
        let known: Vec<&str> = plan.sites.keys().map(|site| site.0.as_str()).collect();
        return Err(Failure::said(format!("the plan has no site {to}; it has {}", known.join(", "))));
    }
    if to == plan.active_site {
        out.line(format_args!("{}: nothing to do: {to} is the active site", plan.name))?;
        return Ok(Exit::Done);
    }
    out.raw(crate::preview::offline(&plan, &to, out.paint))?;
    Ok(Exit::Some)
}

/// Every plan file that the arguments mean: a folder stands for its `*.yaml`.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed =
            |error: std::io::Error| Failure::said(format!("the folder {} cannot be read: {error}", path.display()));
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?.path();
            if entry.extension().is_some_and(|ending| ending == "yaml") {
                found.push(entry);
            }
        }
        if found.is_empty() {
            return Err(Failure::said(format!(
                "there is no plan in {}: a plan is a file that ends in .yaml",
                path.display()
            )));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// The plan of a file, and everything that its text and the files it refers to have wrong.
pub(crate) fn offline(file: &Path) -> Result<(Option<Plan>, Vec<Finding>), Failure> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| Failure::said(format!("the plan {} cannot be read: {error}", file.display())))?;
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut parsed = dr_plan::parse(&name, &text);
    let mut findings = std::mem::take(&mut parsed.findings);
    findings.extend(dr_daemon::check_files(&parsed, folder(file)));
    Ok((parsed.plan, findings))
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Two plans for one engine: neither would act.
fn rivals(plans: &[(PathBuf, Plan)]) -> Vec<Finding> {
    let mut by_engine: BTreeMap<&str, Vec<&Plan>> = BTreeMap::new();
    for (_, plan) in plans {
        by_engine.entry(&plan.engine.url).or_default().push(plan);
    }
    let mut findings = Vec::new();
    for (url, of_engine) in by_engine {
        if let [first, others @ ..] = of_engine.as_slice() {
            findings.extend(others.iter().map(|other| {
                let message = format!("the plan {} speaks of the same engine, {url}", first.name);
                let remedy = "one engine has one plan: put both into one file, or remove one";
                Finding::without_place(&format!("{}.yaml", other.name), Level::Error, message, remedy)
            }));
        }
    }
    findings
}

fn verdict(findings: &[Finding], strict: bool) -> Exit {
    match (findings.iter().any(Finding::is_error), findings.is_empty()) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Done,
        (false, false) if strict => Exit::Failed,
        (false, false) => Exit::Some,
    }
}

fn summary(findings: &[Finding], plans: usize) -> String {
    let count = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let warnings = findings.len() - errors;
    let plans = count(plans, "plan");
    if findings.is_empty() {
        return format!("{plans} checked, nothing found");
    }
    format!("{plans} checked: {}, {}", count(errors, "error"), count(warnings, "warning"))
}

#[cfg(test)]
mod tests;
