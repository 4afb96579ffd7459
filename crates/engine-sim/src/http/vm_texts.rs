//! The plain list of VMs as JSON text, kept VM by VM and written anew only where one has changed: thousands of VMs are read over and over while
//! a few of them start.

use std::collections::HashMap;

use bytes::Bytes;

use super::answer::written;
use super::links::Frame;
use super::render_vm::vm;
use crate::world::{Host, Vm, VmId, World};

/// The newest text of each VM.
#[derive(Debug, Default)]
pub(crate) struct VmTexts {
    texts: HashMap<VmId, Text>,
    /// The newest list, and whose texts are in it.
    list: (Vec<VmId>, Bytes),
}

/// A text, and all that it was written from.
#[derive(Debug)]
struct Text {
    api: &'static str,
    vm: Vm,
    address: Option<String>,
    json: String,
}

impl VmTexts {
    /// The whole list in the collection's default order.
    pub(crate) fn list(&mut self, frame: &Frame, world: &World) -> Bytes {
        let mut all: Vec<&Vm> = world.vms.values().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let mut changed = false;
        for each in &all {
            changed |= self.brought_up_to_date(frame, each, each.host.and_then(|host| world.hosts.get(&host)));
        }
        let ids = || all.iter().map(|vm| vm.id);
        if changed || all.is_empty() || !self.list.0.iter().copied().eq(ids()) {
            let mut list = String::new();
            for text in ids().filter_map(|id| self.texts.get(&id)) {
                list.push_str(if list.is_empty() { r#"{"vm":["# } else { "," });
                list.push_str(&text.json);
            }
            list.push_str(if list.is_empty() { "{}" } else { "]}" });
            self.list = (ids().collect(), Bytes::from(list));
        }
        self.list.1.clone()
    }

    /// Writes the text of one anew if it shows something else than it did; whether it does.
    fn brought_up_to_date(&mut self, frame: &Frame, each: &Vm, host: Option<&Host>) -> bool {
        let address = host.map(|host| host.address.as_str());
        let known = self
            .texts
            .get(&each.id)
            .filter(|text| text.api == frame.api && text.address.as_deref() == address && looks_alike(&text.vm, each));
        if let Some(text) = known {
            debug_assert_eq!(text.json, vm(frame, each, host).to_string(), "a VM looks different unnoticed");
            return false;
        }
        let (address, json) = (address.map(str::to_owned), written(&vm(frame, each, host)));
        self.texts.insert(each.id, Text { api: frame.api, vm: each.clone(), address, json });
        true
    }
}

/// Whether all that a VM's document shows is the same. How its run came about and what its lease is worth is not shown.
fn looks_alike(a: &Vm, b: &Vm) -> bool {
    a.status == b.status
        && a.host == b.host
        && a.start_time == b.start_time
        && a.stop_time == b.stop_time
        && a.stop_reason == b.stop_reason
        && a.high_availability == b.high_availability
        && a.next_run_configuration_exists == b.next_run_configuration_exists
        && a.lease == b.lease
        && a.placement == b.placement
        && a.cluster == b.cluster
        && a.memory == b.memory
        && a.name == b.name
        && a.description == b.description
        && a.comment == b.comment
}
