//! From a recorded request to the client's own way of making it.

use http::Method;
use ovirt_client::clusters::FencingPolicy;
use ovirt_client::hosts::Host;
use ovirt_client::storage::{ConnectionPlace, StorageConnection};
use ovirt_client::vms::Vm;
use ovirt_client::{
    FenceType, Request, Severity, clusters, data_centers, disks, events, hosts, jobs, root, storage, tags, vms,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::{Outcome, ask};
use crate::recording::Exchange;

/// How a request was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// By a function of the client's.
    Built,
    /// Through the raw door, read as the type that belongs there: the client has no function for this request on purpose.
    Raw,
}

/// Makes the request as the client makes it, sends it, and reads the recorded answer.
pub(crate) async fn follow(exchange: &Exchange) -> Outcome {
    let segments = exchange.segments().expect("a request to the API");
    match exchange.method.as_str() {
        "GET" => read(exchange, &segments).await,
        "POST" => post(exchange, &segments).await,
        "PUT" => put(exchange, &segments).await,
        "DELETE" => delete(exchange, &segments).await,
        _ => raw::<Value>(exchange).await,
    }
}

async fn read(exchange: &Exchange, segments: &[&str]) -> Outcome {
    // Doubled and trailing slashes are not the client's.
    if exchange.bare_path().contains("//") || exchange.bare_path().ends_with('/') {
        return raw::<Value>(exchange).await;
    }
    let follow = exchange.query().into_iter().find(|(name, _)| name == "follow").map(|(_, value)| value);
    let max = number(exchange, "max");
    match segments {
        [] => built(exchange, root::get()).await,
        ["hosts"] if follow.as_deref() == Some("tags") => built(exchange, hosts::list_with_tags()).await,
        ["hosts"] => built(exchange, hosts::list()).await,
        ["hosts", id] => built(exchange, hosts::get(&(*id).into())).await,
        ["hosts", id, "fenceagents"] => built(exchange, hosts::fence_agents(&(*id).into())).await,
        ["hosts", id, "storage"] => built(exchange, hosts::storage(&(*id).into())).await,
        ["hosts", id, "tags"] => built(exchange, tags::of_host(&(*id).into())).await,
        ["clusters"] => built(exchange, clusters::list()).await,
        ["clusters", id] => built(exchange, clusters::get(&(*id).into())).await,
        ["datacenters"] => built(exchange, data_centers::list()).await,
        ["datacenters", id] => built(exchange, data_centers::get(&(*id).into())).await,
        ["datacenters", id, "storagedomains"] => built(exchange, data_centers::storage_domains(&(*id).into())).await,
        ["storagedomains"] => built(exchange, storage::list_domains()).await,
        ["storagedomains", id] => built(exchange, storage::get_domain(&(*id).into())).await,
        ["storagedomains", id, "storageconnections"] => {
            built(exchange, storage::connections_of_domain(&(*id).into())).await
        }
        ["storageconnections"] => built(exchange, storage::list_connections()).await,
        ["storageconnections", id] => built(exchange, storage::get_connection(&(*id).into())).await,
        ["vms"] if follow.as_deref() == Some("tags") => built(exchange, vms::list_with_tags()).await,
        ["vms"] if follow.is_some() => built(exchange, vms::list_with_disks_and_tags()).await,
        ["vms"] => built(exchange, vms::list()).await,
        ["vms", id] => built(exchange, vms::get(&(*id).into())).await,
        ["vms", id, "diskattachments"] => built(exchange, vms::disk_attachments(&(*id).into())).await,
        ["vms", id, "tags"] => built(exchange, tags::of_vm(&(*id).into())).await,
        ["disks"] => built(exchange, disks::list()).await,
        ["tags"] => built(exchange, tags::list()).await,
        ["jobs"] => match searched_correlation(exchange) {
            Some(id) => built(exchange, jobs::with_correlation_id(&id)).await,
            None => built(exchange, jobs::list()).await,
        },
        ["jobs", id] => built(exchange, jobs::get(&(*id).into())).await,
        ["events"] => match (number(exchange, "from"), max) {
            (Some(from), _) => built(exchange, events::after(from)).await,
            (None, Some(max)) => built(exchange, events::newest(u32::try_from(max).expect("a small number"))).await,
            (None, None) => raw::<Value>(exchange).await,
        },
        _ => raw::<Value>(exchange).await,
    }
}

async fn post(exchange: &Exchange, segments: &[&str]) -> Outcome {
    let body = &exchange.request;
    let reason = body["reason"].as_str();
    match segments {
        ["hosts", id, "activate"] => built(exchange, hosts::activate(&(*id).into())).await,
        ["hosts", id, "deactivate"] => built(exchange, hosts::deactivate(&(*id).into(), reason)).await,
        ["hosts", id, "fence"] if body["fence_type"].is_string() => {
            let fence_type = FenceType::from(body["fence_type"].as_str().unwrap_or_default());
            built(exchange, hosts::fence(&(*id).into(), &fence_type)).await
        }
        ["hosts", id, "forceselectspm"] => built(exchange, hosts::force_select_spm(&(*id).into())).await,
        ["hosts", id, "tags"] => {
            let name = body["name"].as_str().unwrap_or_default();
            built(exchange, tags::assign_to_host(&(*id).into(), name)).await
        }
        ["hosts", _, "fenceagents"] => raw::<hosts::FenceAgent>(exchange).await,
        ["hosts"] => raw::<Host>(exchange).await,
        ["datacenters", id, "storagedomains", domain, "activate"] => {
            built(exchange, data_centers::activate_storage_domain(&(*id).into(), &(*domain).into())).await
        }
        ["datacenters", id, "storagedomains", domain, "deactivate"] => {
            built(exchange, data_centers::deactivate_storage_domain(&(*id).into(), &(*domain).into())).await
        }
        ["vms", id, "start"] => built(exchange, vms::start(&(*id).into())).await,
        ["vms", id, "stop"] => built(exchange, vms::stop(&(*id).into(), reason)).await,
        ["vms", id, "shutdown"] => built(exchange, vms::shut_down(&(*id).into(), reason)).await,
        ["vms", _, "tags"] => raw::<tags::Tag>(exchange).await,
        ["tags"] => match (body["name"].as_str(), body["description"].as_str()) {
            (Some(name), Some(description)) => built(exchange, tags::create(name, description)).await,
            (Some(_) | None, Some(_) | None) => raw::<tags::Tag>(exchange).await,
        },
        ["events"] => {
            let text = |name: &str| body[name].as_str().unwrap_or_default();
            let custom_id = text("custom_id").parse().expect("a number");
            let severity = Severity::from(text("severity"));
            built(exchange, events::add(text("origin"), &severity, custom_id, text("description"))).await
        }
        ["storageconnections"] => raw::<StorageConnection>(exchange).await,
        [_, _, _] => raw::<ovirt_client::Action>(exchange).await,
        _ => raw::<Value>(exchange).await,
    }
}

async fn put(exchange: &Exchange, segments: &[&str]) -> Outcome {
    let body = &exchange.request;
    match segments {
        ["hosts", id] => match body.pointer("/power_management/enabled").and_then(Value::as_str) {
            Some(enabled @ ("true" | "false"))
                if body["power_management"].as_object().map(|pm| pm.len()) == Some(1) =>
            {
                let port = body["port"].as_str().and_then(|port| port.parse().ok());
                built(exchange, hosts::set_power_management(&(*id).into(), enabled == "true", port)).await
            }
            Some(_) | None => raw::<Host>(exchange).await,
        },
        ["clusters", id] => match FencingPolicy::from_value(body["fencing_policy"].clone()) {
            Ok(policy) => built(exchange, clusters::set_fencing_policy(&(*id).into(), &policy)).await,
            Err(_) => raw::<clusters::Cluster>(exchange).await,
        },
        ["storageconnections", id] => match place(exchange) {
            Some(to) => built(exchange, storage::repoint_connection(&(*id).into(), &to)).await,
            None => raw::<StorageConnection>(exchange).await,
        },
        ["vms", id] => match body.pointer("/high_availability/enabled").and_then(Value::as_str) {
            Some(enabled) if body.as_object().map(|members| members.len()) == Some(1) => {
                let priority = body.pointer("/high_availability/priority").and_then(Value::as_str);
                let priority = priority.map(|priority| priority.parse().expect("a number"));
                built(exchange, vms::set_high_availability(&(*id).into(), enabled == "true", priority)).await
            }
            Some(_) | None => raw::<Vm>(exchange).await,
        },
        ["tags", id] => match body["description"].as_str() {
            Some(description) => built(exchange, tags::set_description(&(*id).into(), description)).await,
            None => raw::<tags::Tag>(exchange).await,
        },
        _ => raw::<Value>(exchange).await,
    }
}

async fn delete(exchange: &Exchange, segments: &[&str]) -> Outcome {
    match segments {
        ["storageconnections", id] => built(exchange, storage::delete_connection(&(*id).into())).await,
        ["tags", id] => built(exchange, tags::delete(&(*id).into())).await,
        ["hosts", host, "tags", tag] => built(exchange, tags::remove_from_host(&(*host).into(), &(*tag).into())).await,
        _ => ask(exchange, Way::Raw, Request::delete(below_api(exchange))).await,
    }
}

/// The place that a repointing names, if it is one that the client would send: forced, complete and nothing else.
fn place(exchange: &Exchange) -> Option<ConnectionPlace> {
    let body = exchange.request.as_object()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    if exchange.query() != [("force".to_owned(), "true".to_owned())] {
        return None;
    }
    match (body.len(), text("path"), text("target")) {
        (1 | 2, Some(path), None) if body.len() == 1 + usize::from(text("address").is_some()) => {
            Some(ConnectionPlace::File { address: text("address"), path })
        }
        (3, None, Some(target)) => {
            Some(ConnectionPlace::Iscsi { address: text("address")?, port: text("port")?.parse().ok()?, target })
        }
        (_, Some(_) | None, Some(_) | None) => None,
    }
}

/// Sends what the client built, with the query that the recording has beyond it.
async fn built<T: crate::client_values::Reads + std::fmt::Debug>(exchange: &Exchange, request: Request<T>) -> Outcome {
    let given = crate::recording::query(&request.path_and_query());
    let mut request = request;
    for (name, value) in exchange.query() {
        if !given.iter().any(|(known, _)| *known == name) {
            request = request.with_query(&name, value);
        }
    }
    ask(exchange, Way::Built, request).await
}

/// Sends the recorded request as it is; the answer is read as a `T`.
async fn raw<T: crate::client_values::Reads + DeserializeOwned + std::fmt::Debug>(exchange: &Exchange) -> Outcome {
    let method: Method = exchange.method.parse().expect("a method");
    let parse = |value: Value| serde_json::from_value::<T>(value).map_err(|problem| problem.to_string());
    let request = Request::new(method, below_api(exchange), parse);
    let request = if exchange.request.is_null() { request } else { request.with_body(exchange.request.clone()) };
    ask(exchange, Way::Raw, request).await
}

fn below_api(exchange: &Exchange) -> String {
    let below = exchange.path.strip_prefix("/ovirt-engine/api").unwrap_or_default();
    below.strip_prefix('/').unwrap_or(below).to_owned()
}

fn number(exchange: &Exchange, name: &str) -> Option<u64> {
    exchange.query().into_iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok())
}

fn searched_correlation(exchange: &Exchange) -> Option<String> {
    let (_, search) = exchange.query().into_iter().find(|(name, _)| name == "search")?;
    search.strip_prefix("correlation_id=").map(str::to_owned)
}
