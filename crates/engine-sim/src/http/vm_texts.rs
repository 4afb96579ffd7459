//! The plain list of VMs as JSON text, kept VM by VM and written anew only where one has changed: thousands of VMs are read over and over while
//! a few of them start.

use std::collections::HashMap;

use super::links::Frame;
use super::render_vm::vm;
use crate::world::{Host, Vm, VmId, World};

/// The newest text of each VM.
#[derive(Debug, Default)]
pub(crate) struct VmTexts {
    texts: HashMap<VmId, Text>,
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
    pub(crate) fn list(&mut self, frame: &Frame, world: &World) -> String {
        let mut all: Vec<&Vm> = world.vms.values().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let mut list = String::new();
        for each in all {
            list.push_str(if list.is_empty() { r#"{"vm":["# } else { "," });
            list.push_str(self.text(frame, each, each.host.and_then(|host| world.hosts.get(&host))));
        }
        list.push_str(if list.is_empty() { "{}" } else { "]}" });
        list
    }

    fn text(&mut self, frame: &Frame, each: &Vm, host: Option<&Host>) -> &str {
        let address = host.map(|host| host.address.as_str());
        let write = || Text {
            api: frame.api,
            vm: each.clone(),
            address: address.map(str::to_owned),
            json: vm(frame, each, host).to_string(),
        };
        let text = self.texts.entry(each.id).or_insert_with(write);
        if text.api != frame.api || text.vm != *each || text.address.as_deref() != address {
            *text = write();
        }
        &text.json
    }
}
