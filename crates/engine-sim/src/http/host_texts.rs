//! The plain list of hosts as JSON text, kept host by host like that of the VMs: a host is a large document of which little ever changes.

use std::collections::HashMap;

use bytes::Bytes;

use super::answer::written;
use super::links::Frame;
use super::render_host::host;
use crate::world::{Host, HostId, SpmStatus, World};

/// The newest text of each host.
#[derive(Debug, Default)]
pub(crate) struct HostTexts {
    texts: HashMap<HostId, Text>,
    /// The newest list, and whose texts are in it.
    list: (Vec<HostId>, Bytes),
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
    pub(crate) fn list(&mut self, frame: &Frame, world: &World) -> Bytes {
        let mut all: Vec<&Host> = world.hosts.values().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let mut changed = false;
        for each in &all {
            changed |= self.brought_up_to_date(frame, each, world.spm_status(each.id));
        }
        let ids = || all.iter().map(|host| host.id);
        if changed || all.is_empty() || !self.list.0.iter().copied().eq(ids()) {
            let mut list = String::new();
            for text in ids().filter_map(|id| self.texts.get(&id)) {
                list.push_str(if list.is_empty() { r#"{"host":["# } else { "," });
                list.push_str(&text.json);
            }
            list.push_str(if list.is_empty() { "{}" } else { "]}" });
            self.list = (ids().collect(), Bytes::from(list));
        }
        self.list.1.clone()
    }

    /// Writes the text of one anew if it shows something else than it did; whether it does.
    fn brought_up_to_date(&mut self, frame: &Frame, each: &Host, spm: SpmStatus) -> bool {
        let known = self.texts.get(&each.id);
        if let Some(text) =
            known.filter(|text| text.api == frame.api && text.spm == spm && looks_alike(&text.host, each))
        {
            debug_assert_eq!(text.json, host(frame, each, spm).to_string(), "a host looks different unnoticed");
            return false;
        }
        let json = written(&host(frame, each, spm));
        self.texts.insert(each.id, Text { api: frame.api, host: each.clone(), spm, json });
        true
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
