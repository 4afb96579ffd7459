//! `ovirt-dr export`: the journal as JSON lines, for other programs.
//!
//! A line is `{"plan": NAME, "seq": NUMBER, "at": MILLISECONDS, "hash": HEX, "entry": {"entry": KIND, ...}}`, oldest first over all plans. An
//! entry that is no JSON any more is `"entry": null` with its text as `"unreadable"`. Members may be added, never renamed or removed.

use dr_daemon::Exported;
use serde_json::{Value, json};

use crate::cli;
use crate::exit::{Exit, Failure};
use crate::out::Out;
use crate::state;

/// Entries that are read and written at a time.
const AT_A_TIME: u32 = 1000;

/// Writes every entry that is there, those that come meanwhile included.
pub(crate) async fn run(asked: cli::Export, out: Out) -> Result<Exit, Failure> {
    let store = state::open(&asked.state).await?;
    let (mut after, mut exit) = (0, Exit::Done);
    loop {
        let entries = store.export(asked.plan.as_deref(), after, AT_A_TIME).await;
        let entries = entries.map_err(|error| Failure::said(error.to_string()))?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        let mut text = String::new();
        for entry in &entries {
            let line = line(entry);
            if line["entry"].is_null() {
                exit = Exit::Failed;
                out.remark(format_args!(
                    "row {} of the journal (plan {}) is no JSON any more; `ovirt-dr history --verify` says what to do",
                    entry.seq, entry.plan
                ));
            }
            text.push_str(&line.to_string());
            text.push('\n');
        }
        out.raw(text)?;
    }
    store.close().await;
    if after == 0 && asked.plan.is_some() {
        return Err(Failure::said(format!("the journal has no entry of a plan {}", asked.plan.unwrap_or_default())));
    }
    Ok(exit)
}

/// One entry. Members stand in the order in which they were written, so that the entry's text and with it its hash can be had again.
fn line(exported: &Exported) -> Value {
    let Exported { plan, seq, at, entry, hash } = exported;
    match serde_json::from_str::<Value>(entry) {
        Ok(entry) => json!({ "plan": plan, "seq": seq, "at": at, "hash": hash, "entry": entry }),
        Err(_) => json!({ "plan": plan, "seq": seq, "at": at, "hash": hash, "entry": null, "unreadable": entry }),
    }
}

#[cfg(test)]
mod tests {
    use dr_core::Time;

    use super::*;

    fn exported(entry: &str) -> Exported {
        Exported { plan: "erp".to_owned(), seq: 7, at: Time(1500), entry: entry.to_owned(), hash: "ab".to_owned() }
    }

    #[test]
    fn the_shape_of_a_line_is_what_other_programs_rely_on() {
        let entry = r#"{"entry":"site_seen","site":"madrid"}"#;
        let expected = format!(r#"{{"plan":"erp","seq":7,"at":1500,"hash":"ab","entry":{entry}}}"#);
        assert_eq!(line(&exported(entry)).to_string(), expected);
    }

    #[test]
    fn what_is_no_json_any_more_is_passed_on_as_the_text_that_it_is_in_one_line() {
        let expected = r#"{"plan":"erp","seq":7,"at":1500,"hash":"ab","entry":null,"unreadable":"{\"entry\":\n"}"#;
        assert_eq!(line(&exported("{\"entry\":\n")).to_string(), expected);
    }
}
