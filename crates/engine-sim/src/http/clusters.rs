//! `/clusters`. A PUT of a fencing policy replaces it whole: what is missing becomes the default.

use http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::body::{bool_at, integer_at, read, text_at};
use super::command::{Reply, Style, run};
use super::hosts::immutable_id;
use super::list::{follow_failed, searched};
use super::render_cluster::cluster;
use super::request::Call;
use super::router::{no_resource, wrong_method};
use super::schema::CLUSTER;
use super::search::{Field, Row};
use crate::state::State;
use crate::world::{Cluster, ClusterChange, ClusterId, Command, FencingPolicy};

/// The id of the one network that each cluster has.
const MANAGEMENT_NETWORK: &str = "00000000-0000-0000-0000-000000000009";

pub(crate) fn handle(state: &mut State, call: &Call, below: &[&str]) -> Reply {
    let get = call.method == Method::GET || call.method == Method::HEAD;
    let Some((id, below)) = below.split_first() else {
        return if get { list(state, call).into() } else { wrong_method().into() };
    };
    let Ok(id) = id.parse::<ClusterId>() else { return Answer::not_found().into() };
    match below {
        [] if get => match state.world.clusters.get(&id) {
            Some(found) => Answer::ok("cluster", cluster(&state.frame(call.api), found)).into(),
            None => Answer::not_found().into(),
        },
        [] if call.method == Method::PUT => update(state, call, id),
        [name @ ("affinitygroups" | "networks" | "permissions" | "cpuprofiles" | "enabledfeatures")] if get => {
            super::empty::collection(name).into()
        }
        _ => no_resource(call).into(),
    }
}

fn list(state: &State, call: &Call) -> Answer {
    if let Some(link) = call.follow().into_iter().next() {
        return follow_failed(call, &link, "Clusters");
    }
    let frame = state.frame(call.api);
    let mut clusters: Vec<&Cluster> = state.world.clusters.values().collect();
    clusters.sort_by(|a, b| a.name.cmp(&b.name));
    let rows = clusters.into_iter().map(|each| {
        let data_center = state.world.data_centers.get(&each.data_center);
        let fields = vec![
            Field::text("name", &each.name),
            Field::text("description", &each.description),
            Field::text("comment", &each.comment),
            Field::text("datacenter", data_center.map_or("", |data_center| &data_center.name)),
            Field::text("id", each.id.to_string()),
        ];
        // A list shows fewer links than its elements alone.
        let mut tree = cluster(&frame, each);
        if let Some(links) = tree["link"].as_array_mut() {
            links.retain(|link| !matches!(link["rel"].as_str(), Some("glusterhooks" | "glustervolumes")));
        }
        Row { tree, fields }
    });
    searched("clusters", "cluster", call, rows.collect())
}

/// The trees of the clusters of one data center.
pub(crate) fn trees_of(state: &State, call: &Call, data_center: crate::world::DataCenterId) -> Vec<Value> {
    let frame = state.frame(call.api);
    let clusters = state.world.clusters.values().filter(|each| each.data_center == data_center);
    clusters.map(|each| cluster(&frame, each)).collect()
}

fn update(state: &mut State, call: &Call, id: ClusterId) -> Reply {
    let body = match read(call, &CLUSTER, "cluster/methods/update") {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    if !state.world.clusters.contains_key(&id) {
        return Answer::not_found().into();
    }
    if let Some(answer) = immutable_id(&body, &id.to_string()) {
        return answer.into();
    }
    let policy = body.get("fencing_policy");
    let change = ClusterChange {
        name: text_at(&body, "/name"),
        description: text_at(&body, "/description"),
        comment: text_at(&body, "/comment"),
        fencing_policy: policy.map(policy_of),
        skip_without_enabled: policy.is_some_and(|policy| {
            ["skip_if_sd_active", "skip_if_connectivity_broken"]
                .iter()
                .filter_map(|member| policy.get(member))
                .any(|skip| skip.get("enabled").is_none())
        }),
    };
    run(state, call, Command::UpdateCluster { cluster: id, change }, Style::Bare, move |state, frame, _| {
        match state.world.clusters.get(&id) {
            Some(each) => {
                let mut tree = cluster(frame, each);
                // Only the answer to a PUT names it.
                let data_center = format!("datacenters/{}/clusters/{}/networks", each.data_center, each.id);
                tree["management_network"] = frame.reference(&data_center, MANAGEMENT_NETWORK);
                Answer::ok("cluster", tree)
            }
            None => Answer::not_found(),
        }
    })
}

fn policy_of(policy: &Value) -> FencingPolicy {
    let default = FencingPolicy::default();
    let threshold = integer_at(policy, "/skip_if_connectivity_broken/threshold");
    FencingPolicy {
        enabled: bool_at(policy, "/enabled").unwrap_or(default.enabled),
        skip_if_sd_active: bool_at(policy, "/skip_if_sd_active/enabled").unwrap_or(default.skip_if_sd_active),
        skip_if_connectivity_broken: bool_at(policy, "/skip_if_connectivity_broken/enabled")
            .unwrap_or(default.skip_if_connectivity_broken),
        connectivity_threshold: threshold
            .and_then(|threshold| u32::try_from(threshold).ok())
            .unwrap_or(default.connectivity_threshold),
        skip_if_gluster_bricks_up: bool_at(policy, "/skip_if_gluster_bricks_up")
            .unwrap_or(default.skip_if_gluster_bricks_up),
        skip_if_gluster_quorum_not_met: bool_at(policy, "/skip_if_gluster_quorum_not_met")
            .unwrap_or(default.skip_if_gluster_quorum_not_met),
    }
}
