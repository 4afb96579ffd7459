//! What an operator asks of a plan, and how long one waits for it.

use std::time::Duration;

use dr_core::Confirmation;
use dr_daemon::Command;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::cli;
use crate::client::{Client, HistoryRow};
use crate::exit::{Exit, Failure};
use crate::out::{self, Out};
use crate::preview::Preview;
use crate::status::{self, Look};
use crate::waiting::Waiting;
use crate::watch::{self, Board};
use crate::{history, plans};

/// Sends a command and writes its answer.
pub(crate) async fn ask(client: &Client, plan: &str, command: &Command, out: Out) -> Result<Exit, Failure> {
    let answer = client.command(plan, command).await?;
    if out.json {
        out.json(&json!({ "answer": answer }))?;
    } else {
        out.line(format_args!("{plan}: {}", answer.as_str().unwrap_or_default()))?;
    }
    Ok(Exit::Done)
}

/// Who asks, where the user that the daemon sees is not the person: behind sudo.
pub(crate) fn by() -> String {
    std::env::var("SUDO_USER").unwrap_or_default()
}

/// `ovirt-dr status`.
pub(crate) async fn status(client: &Client, plan: Option<String>, out: Out) -> Result<Exit, Failure> {
    let reports = match plan {
        Some(plan) => {
            let report = client.plan(&plan).await?;
            if out.json {
                out.json(&report)?;
                return Ok(Exit::Done);
            }
            vec![report]
        }
        None => client.plans().await?,
    };
    if out.json {
        out.json(&json!({ "plans": reports }))?;
        return Ok(Exit::Done);
    }
    if reports.is_empty() {
        out.line("the daemon runs and has no plan: put one into its folder, /etc/ovirt-dr by default")?;
    }
    let look = look(out);
    for report in &reports {
        out.raw(status::block(report, &look))?;
    }
    Ok(Exit::Done)
}

/// `ovirt-dr preview` through the daemon.
pub(crate) async fn preview(client: &Client, plan: &str, site: Option<String>, out: Out) -> Result<Exit, Failure> {
    if let Some(site) = &site {
        let report = client.plan(plan).await?;
        if report.transition.is_none() && report.accepted_site.as_ref() == Some(site) {
            if out.json {
                out.json(&json!({ "to": site, "steps": [], "phases": [], "up_ms": 0, "total_ms": 0, "stuck": [], "persons": [] }))?;
            } else {
                out.line(format_args!("{plan}: nothing to do: {site} is active"))?;
            }
            return Ok(Exit::Done);
        }
    }
    let answer = client.command(plan, &Command::Preview { site }).await?;
    let preview: Preview = serde_json::from_value(answer.clone()).map_err(|error| {
        Failure::said(format!("the daemon's preview is not understood ({error}): is it of another version?"))
    })?;
    if out.json {
        out.json(&answer)?;
    } else {
        out.raw(preview.text(plan, out.paint))?;
    }
    Ok(preview.exit())
}

/// `ovirt-dr failover`.
pub(crate) async fn failover(client: &Client, asked: cli::Failover, out: Out) -> Result<Exit, Failure> {
    let cli::Failover { plan, site, reason, wait, patience } = asked;
    let plan = plans::meant(client, plan).await?;
    let command = Command::Failover { site: site.clone(), by: by(), reason };
    if !wait {
        let exit = ask(client, &plan, &command, out).await?;
        if out.terminal && !out.json {
            out.line(format_args!("follow it: ovirt-dr watch {plan}"))?;
        }
        return Ok(exit);
    }
    let mut waiting = Waiting::new(&site, &client.plan(&plan).await?, patience);
    // Followed from before the request, so that no line of its story is missed.
    let mut events = watch::follow(client, std::slice::from_ref(&plan));
    let mut board = Board::new(Out { json: false, ..out });
    if let Some(event) = events.recv().await {
        board.take(event)?;
    }
    let answer = match client.command(&plan, &command).await {
        Ok(answer) => answer,
        Err(Failure::Said(text)) if text.starts_with("held: ") => return end(Exit::Person, &text, &plan, None, out),
        Err(failure) => return Err(failure),
    };
    if !out.json {
        board.answer(&plan, answer.as_str().unwrap_or_default())?;
    }
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => board.take(event)?,
                None => return Err(Failure::said("the daemon cannot be followed any more")),
            },
            _ = tick.tick() => {}
        }
        if !out.json {
            board.draw()?;
        }
        let Some(report) = board.report(&plan) else { continue };
        if let Some((exit, said)) = waiting.see(report, board.now()) {
            return end(exit, &said, &plan, Some(report), out);
        }
    }
}

fn end(exit: Exit, said: &str, plan: &str, report: Option<&dr_daemon::Report>, out: Out) -> Result<Exit, Failure> {
    if out.json {
        let outcome = match exit {
            Exit::Done => "converged",
            Exit::Person => "person_needed",
            Exit::Exceptions => "converged_with_exceptions",
            Exit::Failed | Exit::Some | Exit::Usage => "failed",
        };
        out.json(&json!({ "outcome": outcome, "said": said, "report": report }))?;
    } else {
        out.line(format_args!("{plan}: {said}"))?;
    }
    Ok(exit)
}

/// What `ovirt-dr confirm` confirms.
pub(crate) fn confirmation(what: &str, ignore: Option<String>) -> Result<Confirmation, Failure> {
    if let Some(probe) = ignore {
        return Ok(Confirmation::IgnoreProbe { host: what.to_owned(), probe });
    }
    match what {
        "flip" => Ok(Confirmation::Flip),
        "site-down" => Ok(Confirmation::SiteDown),
        "promoted" => Ok(Confirmation::Promoted),
        // Which engine that is, the daemon knows best.
        "engine" => Ok(Confirmation::Engine { instance_id: String::new(), event_id: 0 }),
        _ => match what.strip_prefix("connection:") {
            Some(name) if !name.is_empty() => Ok(Confirmation::Connection { name: name.to_owned() }),
            Some(_) | None => Err(Failure::Usage(format!(
                "`{what}` is nothing that can be confirmed: flip, site-down, promoted, engine, connection:NAME, or a HOST with --ignore PROBE"
            ))),
        },
    }
}

/// `ovirt-dr history`.
pub(crate) async fn history(client: &Client, asked: cli::History, out: Out) -> Result<Exit, Failure> {
    let cli::History { plan, after, limit, all, verify: _, state } = asked;
    if state.state.is_some() || state.config.is_some() {
        return Err(Failure::Usage("--state and --config go with --verify; without it the daemon is asked".to_owned()));
    }
    let plan = plans::meant(client, plan).await?;
    let entries = client.history(&plan, after, limit).await?;
    if out.json {
        out.json(&json!({ "entries": entries }))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<HistoryRow> = entries.into_iter().map(HistoryRow::of).collect();
    out.raw(history::lines(&rows, all, &look(out)))?;
    Ok(Exit::Done)
}

fn look(out: Out) -> Look {
    let width = if out.terminal { out::width() } else { None };
    Look { now: dr_daemon::Clock::real().now(), zone: TimeZone::system(), paint: out.paint, width }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_confirmed_is_named_in_one_word() {
        assert_eq!(confirmation("flip", None), Ok(Confirmation::Flip));
        assert_eq!(confirmation("site-down", None), Ok(Confirmation::SiteDown));
        assert_eq!(confirmation("promoted", None), Ok(Confirmation::Promoted));
        assert!(matches!(confirmation("engine", None), Ok(Confirmation::Engine { .. })));
        let name = "san1 portal 2".to_owned();
        assert_eq!(confirmation("connection:san1 portal 2", None), Ok(Confirmation::Connection { name }));
    }

    #[test]
    fn an_answer_of_a_probe_is_ignored_for_a_host_whatever_its_name() {
        let ignored = |host: &str| Confirmation::IgnoreProbe { host: host.to_owned(), probe: "tcp:22".to_owned() };
        assert_eq!(confirmation("mad-2", Some("tcp:22".to_owned())), Ok(ignored("mad-2")));
        assert_eq!(confirmation("flip", Some("tcp:22".to_owned())), Ok(ignored("flip")));
    }

    #[test]
    fn a_host_alone_confirms_nothing() {
        assert!(matches!(confirmation("mad-2", None), Err(Failure::Usage(_))));
        assert!(matches!(confirmation("connection:", None), Err(Failure::Usage(_))));
    }
}
