//! The plain lists of hosts and VMs as JSON text, kept section by section and written anew only where one has changed: each object is a large
//! document of which little ever changes, and thousands of them are read over and over.

use std::collections::HashMap;
use std::hash::Hash;

use bytes::Bytes;
use serde_json::Value;

use super::answer::written;
use super::links::Frame;
use super::{render_host, render_vm};
use crate::world::{Host, HostId, SpmStatus, Vm, VmId, World};

/// An object whose document is kept as text.
pub(crate) trait Shown: Clone + 'static {
    /// Its id.
    type Id: Copy + Eq + Hash;
    /// What its document shows of other objects.
    type With: PartialEq;
    /// How a list of such begins that is not empty.
    const OPENING: &'static str;
    /// Its document, in this order.
    const SECTIONS: &'static [Section<Self>];

    fn all(world: &World) -> impl Iterator<Item = &Self>;
    fn id(&self) -> Self::Id;
    fn name(&self) -> &str;
    fn with(&self, world: &World) -> Self::With;
    /// The whole document, to compare with.
    #[cfg(debug_assertions)]
    fn tree(&self, frame: &Frame, with: &Self::With) -> Value;
}

/// Some members of a document.
pub(crate) struct Section<T: Shown> {
    tree: fn(&Frame, &T, &T::With) -> Value,
    /// Whether all that it shows is the same.
    alike: fn(As<'_, T>, As<'_, T>) -> bool,
}

/// An object as its document shows it.
type As<'a, T> = (&'a T, &'a <T as Shown>::With);

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
    /// The members of each section, without braces.
    sections: Vec<String>,
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
            changed |= self.brought_up_to_date(frame, each, each.with(world));
        }
        let ids = || all.iter().map(|each| each.id());
        if changed || all.is_empty() || !self.list.0.iter().copied().eq(ids()) {
            let mut list = String::with_capacity(self.list.1.len() + 1024);
            for text in ids().filter_map(|id| self.texts.get(&id)) {
                list.push_str(if list.is_empty() { T::OPENING } else { "," });
                text.put_onto(&mut list);
            }
            list.push_str(if list.is_empty() { "{}" } else { "]}" });
            self.list = (ids().collect(), Bytes::from(list));
        }
        self.list.1.clone()
    }

    /// The document of this one.
    pub(crate) fn one(&mut self, frame: &Frame, world: &World, each: &T) -> Bytes {
        if self.brought_up_to_date(frame, each, each.with(world)) {
            // The list does not show that yet.
            self.list.0.clear();
        }
        let mut json = String::with_capacity(8 * 1024);
        if let Some(text) = self.texts.get(&each.id()) {
            text.put_onto(&mut json);
        }
        Bytes::from(json)
    }

    /// Writes anew of one what shows something else than it did; whether something does.
    fn brought_up_to_date(&mut self, frame: &Frame, each: &T, with: T::With) -> bool {
        let members = |section: &Section<T>| {
            let text = written(&(section.tree)(frame, each, &with));
            let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
            inside.unwrap_or_default().to_owned()
        };
        let known = self.texts.get_mut(&each.id()).filter(|text| text.api == frame.api);
        let mut changed = known.is_none();
        match known {
            None => {
                let sections = T::SECTIONS.iter().map(members).collect();
                self.texts.insert(each.id(), Text { api: frame.api, object: each.clone(), with, sections });
            }
            Some(text) => {
                for (section, kept) in T::SECTIONS.iter().zip(&mut text.sections) {
                    if !(section.alike)((&text.object, &text.with), (each, &with)) {
                        *kept = members(section);
                        changed = true;
                    }
                }
                if changed {
                    text.object = each.clone();
                    text.with = with;
                }
            }
        }
        #[cfg(debug_assertions)]
        if let Some(text) = self.texts.get(&each.id()) {
            let mut json = String::new();
            text.put_onto(&mut json);
            assert_eq!(json, each.tree(frame, &text.with).to_string(), "one looks different unnoticed");
        }
        changed
    }
}

impl<T: Shown> Text<T> {
    fn put_onto(&self, list: &mut String) {
        for (number, section) in self.sections.iter().enumerate() {
            list.push(if number == 0 { '{' } else { ',' });
            list.push_str(section);
        }
        list.push('}');
    }
}

/// What a host really is and does, outside, is not shown.
impl Shown for Host {
    type Id = HostId;
    type With = SpmStatus;
    const OPENING: &'static str = r#"{"host":["#;
    const SECTIONS: &'static [Section<Host>] = &[
        Section {
            tree: |_, host, _| render_host::machine(host),
            alike: |(a, _), (b, _)| {
                a.address == b.address && a.external_status == b.external_status && a.name == b.name
            },
        },
        Section {
            tree: |frame, host, spm| render_host::state(frame, host, *spm),
            alike: |(a, a_spm), (b, b_spm)| {
                a_spm == b_spm
                    && a.status == b.status
                    && a.summary == b.summary
                    && a.status_detail == b.status_detail
                    && a.power_management == b.power_management
                    && a.reinstallation_required == b.reinstallation_required
                    && a.spm_priority == b.spm_priority
                    && a.port == b.port
                    && a.cluster == b.cluster
            },
        },
        Section {
            tree: |frame, host, _| render_host::names(frame, host),
            alike: |(a, _), (b, _)| a.name == b.name && a.comment == b.comment,
        },
    ];

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

    #[cfg(debug_assertions)]
    fn tree(&self, frame: &Frame, spm: &SpmStatus) -> Value {
        render_host::host(frame, self, *spm)
    }
}

/// How a VM's run came about and what its lease is worth is not shown.
impl Shown for Vm {
    type Id = VmId;
    /// The address of its host.
    type With = Option<String>;
    const OPENING: &'static str = r#"{"vm":["#;
    const SECTIONS: &'static [Section<Vm>] = &[
        Section {
            tree: |frame, vm, _| render_vm::run(frame, vm),
            alike: |(a, _), (b, _)| {
                a.status == b.status
                    && a.host == b.host
                    && a.start_time == b.start_time
                    && a.stop_time == b.stop_time
                    && a.stop_reason == b.stop_reason
                    && a.next_run_configuration_exists == b.next_run_configuration_exists
            },
        },
        Section {
            tree: |frame, vm, _| render_vm::names(frame, vm),
            alike: |(a, _), (b, _)| a.name == b.name && a.description == b.description && a.comment == b.comment,
        },
        Section {
            tree: |_, vm, address| render_vm::display(vm, address.as_deref()),
            alike: |(a, a_address), (b, b_address)| {
                a_address == b_address && a.status.is_not_running() == b.status.is_not_running()
            },
        },
        Section {
            tree: |frame, vm, _| render_vm::rest(frame, vm),
            alike: |(a, _), (b, _)| {
                a.high_availability == b.high_availability
                    && a.lease == b.lease
                    && a.placement == b.placement
                    && a.cluster == b.cluster
                    && a.memory == b.memory
            },
        },
    ];

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

    #[cfg(debug_assertions)]
    fn tree(&self, frame: &Frame, address: &Option<String>) -> Value {
        render_vm::vm(frame, self, address.as_deref())
    }
}
