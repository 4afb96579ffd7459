//! `ovirt-dr history --verify`: every entry looked at, and what was looked at said with numbers.

use std::fmt::Write;

use dr_daemon::{Finding, Verified, VerifiedPlan};
use serde_json::{Value, json};

use crate::cli::StateFile;
use crate::exit::{Exit, Failure};
use crate::out::Out;
use crate::state;

/// Checks the journal of all plans, or of one. What concerns the whole file is told in both cases.
pub(crate) async fn run(plan: Option<&str>, asked: &StateFile, out: Out) -> Result<Exit, Failure> {
    let path = state::path(asked)?;
    let store = state::open(asked).await?;
    let mut verified = store.verify().await.map_err(|error| Failure::said(error.to_string()))?;
    store.close().await;
    if let Some(plan) = plan {
        verified.plans.retain(|one| one.plan == plan);
        verified.findings.retain(|one| one.plan.as_deref().is_none_or(|of| of == plan));
        if verified.plans.is_empty() && verified.findings.is_empty() {
            return Err(Failure::said(format!("the journal in {} has no entry of a plan {plan}", path.display())));
        }
    }
    if out.json {
        out.json(&json(&verified))?;
    } else {
        out.raw(text(&verified, &path.display().to_string()))?;
    }
    Ok(if verified.findings.is_empty() { Exit::Done } else { Exit::Failed })
}

pub(crate) fn text(verified: &Verified, path: &str) -> String {
    let mut text = String::new();
    for plan in &verified.plans {
        let VerifiedPlan { plan, entries, failovers, steps, debts, findings } = plan;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{plan}: {}, of them {}, {}, {}; {}",
            many(*entries, "entry", "entries"),
            many(*failovers, "failover", "failovers"),
            many(*steps, "step", "steps"),
            many(*debts, "debt", "debts"),
            found(*findings),
        );
    }
    for Finding { text: wrong, .. } in &verified.findings {
        let _ = writeln!(text, "! {wrong}");
    }
    let plans = many(verified.plans.len(), "plan", "plans");
    let entries = many(verified.entries(), "entry", "entries");
    let found = found(verified.findings.len());
    let _ = writeln!(text, "{path}: {plans}, {entries} checked: readable, numbers, hashes, order of events; {found}");
    text
}

fn json(verified: &Verified) -> Value {
    let plans: Vec<Value> = verified
        .plans
        .iter()
        .map(|one| {
            let VerifiedPlan { plan, entries, failovers, steps, debts, findings } = one;
            json!({
                "plan": plan, "entries": entries, "failovers": failovers, "steps": steps, "debts": debts, "findings": findings
            })
        })
        .collect();
    let findings: Vec<Value> = verified
        .findings
        .iter()
        .map(|one| json!({ "plan": one.plan, "seq": one.seq, "at": one.at, "text": one.text }))
        .collect();
    json!({ "plans": plans, "findings": findings })
}

fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

fn found(count: usize) -> String {
    if count == 0 { "nothing found".to_owned() } else { many(count, "finding", "findings") }
}
