//! The plain lists of hosts and VMs as JSON text, kept object by object and written anew only where one has changed: each is a large document of
//! which little ever changes, and thousands of them are read over and over.

use std::collections::HashMap;
use std::hash::Hash;

use bytes::Bytes;
use serde_json::Value;

use super::answer::written;
use super::links::{Addresses, Frame};
use super::render_host::{self, host_with};
use super::render_vm::{self, vm_with};
use crate::world::{Host, HostId, SpmStatus, Vm, VmId, World};

/// An object whose document is kept as text.
pub(crate) trait Shown: Clone + 'static {
    /// Its id.
    type Id: Copy + Eq + Hash;
    /// What its document shows of other objects.
    type With: PartialEq;
    /// How a list of such begins that is not empty.
    const OPENING: &'static str;

    fn all(world: &World) -> impl Iterator<Item = &Self>;
    fn id(&self) -> Self::Id;
    fn name(&self) -> &str;
    fn with(&self, world: &World) -> Self::With;
    /// Whether all that the document shows of the object itself is the same.
    fn looks_like(&self, other: &Self) -> bool;
    fn addresses(&self, frame: &Frame) -> Addresses;
    fn tree(&self, frame: &Frame, world: &World, addresses: Addresses) -> Value;
}

/// The newest text of each object of a kind.
pub(crate) struct Texts<T: Shown> {
    texts: HashMap<T::Id, Text<T>>,
    /// The newest list, and whose texts are in it.
    list: (Vec<T::Id>, Bytes),
}

/// A text, and all that it was written from.
struct Text<T: Shown> {
    api: &'static str,
    object: T,
    with: T::With,
    /// Its `actions` and its `link`, most of the text: they never change.
    addresses: [String; 2],
    json: String,
}

impl<T: Shown> Default for Texts<T> {
    fn default() -> Self {
        Texts { texts: HashMap::new(), list: (Vec::new(), Bytes::new()) }
    }
}

impl<T: Shown> Texts<T> {
    /// The whole list in the collection's default order.
    pub(crate) fn list(&mut self, frame: &Frame, world: &World) -> Bytes {
        let mut all: Vec<&T> = T::all(world).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        let mut changed = false;
        for each in &all {
            changed |= self.brought_up_to_date(frame, each, world);
        }
        let ids = || all.iter().map(|each| each.id());
        if changed || all.is_empty() || !self.list.0.iter().copied().eq(ids()) {
            let texts: Vec<&str> = ids().filter_map(|id| Some(self.texts.get(&id)?.json.as_str())).collect();
            let length: usize = texts.iter().map(|text| text.len() + 1).sum();
            let mut list = String::with_capacity(T::OPENING.len() + length + 1);
            for text in texts {
                list.push_str(if list.is_empty() { T::OPENING } else { "," });
                list.push_str(text);
            }
            list.push_str(if list.is_empty() { "{}" } else { "]}" });
            self.list = (ids().collect(), Bytes::from(list));
        }
        self.list.1.clone()
    }

    /// Writes the text of one anew if it shows something else than it did; whether it does.
    fn brought_up_to_date(&mut self, frame: &Frame, each: &T, world: &World) -> bool {
        let whole = || each.tree(frame, world, each.addresses(frame)).to_string();
        let with = each.with(world);
        let known = self.texts.get(&each.id()).filter(|text| text.api == frame.api);
        if let Some(text) = known.filter(|text| text.with == with && text.object.looks_like(each)) {
            debug_assert_eq!(text.json, whole(), "one looks different unnoticed");
            return false;
        }
        let addresses = known.map_or_else(|| each.addresses(frame).texts(), |text| text.addresses.clone());
        let json = Addresses::put(&addresses, &written(&each.tree(frame, world, Addresses::left_out())));
        debug_assert_eq!(json, whole(), "the addresses are not in their places");
        self.texts.insert(each.id(), Text { api: frame.api, object: each.clone(), with, addresses, json });
        true
    }
}

impl Shown for Host {
    type Id = HostId;
    type With = SpmStatus;
    const OPENING: &'static str = r#"{"host":["#;

    fn all(world: &World) -> impl Iterator<Item = &Self> {
        world.hosts.values()
    }

    fn id(&self) -> HostId {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn with(&self, world: &World) -> SpmStatus {
        world.spm_status(self.id)
    }

    /// What a host really is and does, outside, is not shown.
    fn looks_like(&self, other: &Self) -> bool {
        self.status == other.status
            && self.summary == other.summary
            && self.status_detail == other.status_detail
            && self.power_management == other.power_management
            && self.external_status == other.external_status
            && self.reinstallation_required == other.reinstallation_required
            && self.spm_priority == other.spm_priority
            && self.name == other.name
            && self.comment == other.comment
            && self.address == other.address
            && self.port == other.port
            && self.cluster == other.cluster
    }

    fn addresses(&self, frame: &Frame) -> Addresses {
        render_host::addresses(frame, self.id)
    }

    fn tree(&self, frame: &Frame, world: &World, addresses: Addresses) -> Value {
        host_with(frame, self, world.spm_status(self.id), addresses)
    }
}

impl Shown for Vm {
    type Id = VmId;
    /// The address of its host.
    type With = Option<String>;
    const OPENING: &'static str = r#"{"vm":["#;

    fn all(world: &World) -> impl Iterator<Item = &Self> {
        world.vms.values()
    }

    fn id(&self) -> VmId {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn with(&self, world: &World) -> Option<String> {
        self.host.and_then(|host| world.hosts.get(&host)).map(|host| host.address.clone())
    }

    /// How a VM's run came about and what its lease is worth is not shown.
    fn looks_like(&self, other: &Self) -> bool {
        self.status == other.status
            && self.host == other.host
            && self.start_time == other.start_time
            && self.stop_time == other.stop_time
            && self.stop_reason == other.stop_reason
            && self.high_availability == other.high_availability
            && self.next_run_configuration_exists == other.next_run_configuration_exists
            && self.lease == other.lease
            && self.placement == other.placement
            && self.cluster == other.cluster
            && self.memory == other.memory
            && self.name == other.name
            && self.description == other.description
            && self.comment == other.comment
    }

    fn addresses(&self, frame: &Frame) -> Addresses {
        render_vm::addresses(frame, self.id)
    }

    fn tree(&self, frame: &Frame, world: &World, addresses: Addresses) -> Value {
        vm_with(frame, self, self.host.and_then(|host| world.hosts.get(&host)), addresses)
    }
}
