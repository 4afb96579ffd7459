//! The plain list of hosts as JSON text, kept host by host like that of the VMs: a host is a large document of which little ever changes.

use std::collections::HashMap;

use super::links::Frame;
use super::render_host::host;
use crate::world::{Host, HostId, SpmStatus, World};

/// The newest text of each host.
#[derive(Debug, Default)]
pub(crate) struct HostTexts {
    texts: HashMap<HostId, Text>,
}

/// A text, and the host that it was written from.
#[derive(Debug)]
struct Text {
    api: &'static str,
    host: Host,
    spm: SpmStatus,
    json: String,
}

impl HostTexts {
    /// The whole list in the collection's default order.
    pub(crate) fn list(&mut self, frame: &Frame, world: &World) -> String {
        let mut all: Vec<&Host> = world.hosts.values().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let mut list = String::new();
        for each in all {
            list.push_str(if list.is_empty() { r#"{"host":["# } else { "," });
            list.push_str(self.text(frame, each, world.spm_status(each.id)));
        }
        list.push_str(if list.is_empty() { "{}" } else { "]}" });
        list
    }

    fn text(&mut self, frame: &Frame, each: &Host, spm: SpmStatus) -> &str {
        let write = || Text { api: frame.api, host: each.clone(), spm, json: host(frame, each, spm).to_string() };
        let text = self.texts.entry(each.id).or_insert_with(write);
        if text.api != frame.api || text.spm != spm || !looks_alike(&text.host, each) {
            *text = write();
        }
        debug_assert_eq!(text.json, host(frame, each, spm).to_string(), "a host looks different unnoticed");
        &text.json
    }
}

/// Whether all that a host's document shows is the same. What it really is and does, outside, is not shown.
fn looks_alike(a: &Host, b: &Host) -> bool {
    a.status == b.status
        && a.summary == b.summary
        && a.status_detail == b.status_detail
        && a.power_management == b.power_management
        && a.external_status == b.external_status
        && a.reinstallation_required == b.reinstallation_required
        && a.spm_priority == b.spm_priority
        && a.name == b.name
        && a.comment == b.comment
        && a.address == b.address
        && a.port == b.port
        && a.cluster == b.cluster
}
