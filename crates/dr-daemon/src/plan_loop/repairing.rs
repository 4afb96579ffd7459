//! Debts of an earlier daemon, adopted from the engine's tags when a person says so.

use dr_core::{Fate, Found, OwedKey, found_debts, repair};

use crate::report::{Answered, Level};

use super::PlanLoop;

impl PlanLoop {
    /// Shows what the engine's tags owe beside the journal, or journals it so that it is given back.
    pub(super) async fn repair(&mut self, apply: bool, by: &str, why: &str) -> Answered {
        let Some(plan) = self.source.in_force().cloned() else {
            return Err("there is no valid plan yet; ovirt-dr check says why".to_owned());
        };
        let Some(observed) = &self.observed else { return Err("the engine has not been read yet".to_owned()) };
        let found = found_debts(&plan, observed, &self.memory)?;
        if found.is_empty() {
            return Ok(
                "the engine carries no debt that the journal does not know: there is nothing to repair".to_owned()
            );
        }
        let text = self.source.in_force_text().unwrap_or_default().to_owned();
        let file = self.source.candidate().unwrap_or(&plan).active_site.clone();
        let entries = repair(&plan, (&text, &file), &found, &self.memory, by, why)?;
        let list: Vec<String> = found.iter().map(said).collect();
        let list = list.join("; ");
        if !apply {
            return Ok(format!(
                "would be done: {list}. To do it: ovirt-dr repair {} --apply --reason \"...\"",
                self.name
            ));
        }
        if !self.write(entries).await {
            return Err(self.journal_trouble.clone().unwrap_or_default());
        }
        let text = format!("repair by {by} ({why}): {list}");
        self.tell(vec![self.story.say(self.now(), Level::Notice, text.clone())]);
        Ok(text)
    }
}

fn said(debt: &Found) -> String {
    let Found { name, plan, epoch, .. } = debt;
    let what = match &debt.what {
        OwedKey::Fencing(_) => format!("fencing of cluster {name}"),
        OwedKey::PowerManagement(_) => format!("power management of {name}"),
    };
    let fate = match debt.fate {
        Fate::GivenBack => "back on",
        Fate::OnAlready => "on already, its tag removed",
        Fate::Gone => "not in the engine any more, its tag removed",
    };
    format!("{what} {fate} (left by failover {epoch} of plan {plan})")
}
