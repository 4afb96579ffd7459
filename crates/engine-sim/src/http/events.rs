//! `/events`: newest first; `max` keeps the newest ones, also together with `from`.

use http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::body::{integer_at, read, text_at};
use super::command::{Reply, Style, run};
use super::links::Frame;
use super::list::searched;
use super::render_event::{Author, Look, Names, event};
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::schema::EVENT;
use super::search::{Field, Row};
use crate::state::State;
use crate::world::{Command, Event, Outcome, Severity};

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    let get = call.method == Method::GET || call.method == Method::HEAD;
    match below {
        [] if get => list(state, call).into(),
        [] if call.method == Method::POST => add(state, call),
        [] => wrong_method().into(),
        [id] if get => {
            let found = state.world.events.iter().find(|each| each.id.to_string() == *id);
            let frame = state.frame(call.api);
            found.map_or_else(Answer::not_found, |each| Answer::ok("event", tree_of(state, &frame, each))).into()
        }
        _ => no_resource(call).into(),
    }
}

fn list(state: &State, call: &Call) -> Answer {
    let frame = state.frame(call.api);
    let from = call.integer("from").and_then(|from| u64::try_from(from).ok()).unwrap_or(0);
    let searching = call.parameter("search").is_some_and(|text| !text.is_empty());
    // Without a search only so many rows can be shown: rendering a long log for nothing would be slow.
    let max =
        call.integer("max").filter(|_| !searching).and_then(|max| usize::try_from(max).ok()).unwrap_or(usize::MAX);
    let wanted = state.world.events.iter().rev().filter(|each| each.id > from).take(max);
    let rows = wanted.map(|each| Row { tree: tree_of(state, &frame, each), fields: fields(each) });
    searched("events", "event", call, rows.collect())
}

fn fields(each: &Event) -> Vec<Field> {
    let severities = Severity::ALL.iter().map(|severity| severity.as_str()).collect();
    vec![
        Field::text("message", &each.description),
        Field::word("severity", each.severity.as_str(), severities),
        Field::text("type", each.code.to_string()),
        Field::text("time", each.at.0.to_string()),
        Field::text("correlation_id", each.correlation_id.clone().unwrap_or_default()),
        Field::text("origin", &each.origin),
        Field::text("id", each.id.to_string()),
    ]
}

fn tree_of(state: &State, frame: &Frame, each: &Event) -> Value {
    let world = &state.world;
    let each = &as_shown(state, each);
    let about = &each.about;
    let names = Names {
        cluster: about.cluster.and_then(|id| world.clusters.get(&id)).map(|found| found.name.as_str()),
        data_center: about.data_center.and_then(|id| world.data_centers.get(&id)).map(|found| found.name.as_str()),
        host: about.host.and_then(|id| world.hosts.get(&id)).map(|found| found.name.as_str()),
        address: about.host.and_then(|id| world.hosts.get(&id)).map(|found| found.address.as_str()),
        storage_domain: about.domain.and_then(|id| world.domains.get(&id)).map(|found| found.name.as_str()),
        vm: about.vm.and_then(|id| world.vms.get(&id)).map(|found| found.name.as_str()),
    };
    event(frame, each, &names)
}

/// The event with the objects that its kind names: all that follow from its host or VM, or fewer.
fn as_shown(state: &State, each: &Event) -> Event {
    let world = &state.world;
    let mut shown = each.clone();
    let Some(look) = Look::of(each.code) else { return shown };
    let about = &mut shown.about;
    let of_host = about.host.and_then(|id| world.hosts.get(&id)).map(|host| host.cluster);
    let of_vm = about.vm.and_then(|id| world.vms.get(&id)).map(|vm| vm.cluster);
    about.cluster = about.cluster.or(of_host).or(of_vm);
    let of_cluster = about.cluster.and_then(|id| world.clusters.get(&id)).map(|cluster| cluster.data_center);
    about.data_center = about.data_center.or(of_cluster);
    about.cluster = about.cluster.filter(|_| look.cluster);
    about.data_center = about.data_center.filter(|_| look.data_center);
    match look.author {
        Author::Nobody => shown.correlation_id = None,
        // What the engine does by itself has a correlation id too.
        Author::System if shown.correlation_id.is_none() => {
            shown.correlation_id = Some(format!("{:08x}", each.id.wrapping_mul(0x9E37_79B9) & 0xFFFF_FFFF));
        }
        Author::System | Author::User => {}
    }
    shown
}

fn add(state: &mut State, call: &Call) -> Reply {
    let body = match read(call, &EVENT, "events/methods/add") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    let missing: Vec<&str> = ["origin", "severity", "custom_id", "description"]
        .into_iter()
        .filter(|member| body.get(*member).is_none())
        .collect();
    if !missing.is_empty() {
        let detail = format!("Event [{}] required for add", missing.join(", "));
        return Answer::fault(400, "Incomplete parameters", Some(&detail)).into();
    }
    let severity = text_at(&body, "/severity").and_then(|word| word.parse().ok()).unwrap_or(Severity::Normal);
    let custom_id = integer_at(&body, "/custom_id").unwrap_or(0);
    let command = Command::AddEvent {
        severity,
        description: text_at(&body, "/description").unwrap_or_default(),
        origin: text_at(&body, "/origin").unwrap_or_default(),
        custom_id: u64::try_from(custom_id).unwrap_or(0),
    };
    let base = call.base.clone();
    run(state, call, command, Style::Bare, move |state, frame, done| {
        let made = match done.outcome {
            Outcome::Event(id) => state.world.events.iter().rev().find(|each| each.id == id),
            Outcome::Done
            | Outcome::Connection(_)
            | Outcome::Tag(_)
            | Outcome::Agent(_)
            | Outcome::Power(_)
            | Outcome::PowerUnreadable(_) => None,
        };
        made.map_or_else(Answer::not_found, |each| {
            let mut tree = tree_of(state, frame, each);
            tree["custom_id"] = Value::from(custom_id.to_string());
            tree["flood_rate"] = Value::from("30");
            Answer::created("event", tree, &base)
        })
    })
}
