//! What differs between two plans, in words.

use std::collections::BTreeMap;
use std::fmt;

use crate::plan::{
    Engine, Evidence, IscsiTarget, Limits, Mode, Placement, Plan, Policy, Portal, Probe, Promote, Require, Secret,
    Site, SiteName, StorageEntry, StorageKind, Vms,
};

/// What differs besides `active_site`, one line a difference; empty exactly if nothing does. No secret is in it.
pub fn diff(before: &Plan, after: &Plan) -> Vec<String> {
    // Asked in each round, and nearly always so.
    if before == after {
        return Vec::new();
    }
    let mut lines = Lines::default();
    let Plan { name, active_site, preferred_site, engine, sites, witnesses, storage, vms, policy } = before;
    lines.changed("name", name, &after.name);
    lines.changed("preferred site", &optional(preferred_site), &optional(&after.preferred_site));
    lines.engine(engine, &after.engine);
    lines.sites(sites, &after.sites);
    lines.set("witness", witnesses, &after.witnesses);
    lines.storage(storage, &after.storage);
    lines.vms(vms, &after.vms);
    lines.policy(policy, &after.policy);
    if lines.0.is_empty() && *before != (Plan { active_site: active_site.clone(), ..after.clone() }) {
        lines.0.push("the order of hosts, ports, witnesses or storage entries".to_owned());
    }
    lines.0
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn changed<T: fmt::Display + PartialEq + ?Sized>(&mut self, what: &str, before: &T, after: &T) {
        if before != after {
            self.0.push(format!("{what}: {before} -> {after}"));
        }
    }

    fn added(&mut self, what: impl fmt::Display) {
        self.0.push(format!("{what} added"));
    }

    fn removed(&mut self, what: impl fmt::Display) {
        self.0.push(format!("{what} removed"));
    }

    /// Members that came or went; their order is not looked at.
    fn set<T: fmt::Display + PartialEq>(&mut self, what: &str, before: &[T], after: &[T]) {
        for gone in before.iter().filter(|item| !after.contains(item)) {
            self.removed(format_args!("{what} {gone}"));
        }
        for new in after.iter().filter(|item| !before.contains(item)) {
            self.added(format_args!("{what} {new}"));
        }
    }

    fn engine(&mut self, before: &Engine, after: &Engine) {
        let Engine { url, username, password, ca_file } = before;
        self.changed("engine url", url, &after.url);
        self.changed("engine username", username, &after.username);
        self.changed("engine password", &secret(password), &secret(&after.password));
        let path = |file: &Option<std::path::PathBuf>| optional(&file.as_ref().map(|path| path.display().to_string()));
        self.changed("engine ca_file", &path(ca_file), &path(&after.ca_file));
    }

    fn sites(&mut self, before: &BTreeMap<SiteName, Site>, after: &BTreeMap<SiteName, Site>) {
        for (name, site) in before {
            match after.get(name) {
                None => self.removed(format_args!("site {name}")),
                Some(now) => self.site(name, site, now),
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(name)) {
            self.added(format_args!("site {name}"));
        }
    }

    fn site(&mut self, name: &SiteName, before: &Site, after: &Site) {
        let Site { hosts, evidence: Evidence { host_ports, also, require }, promote } = before;
        self.set(&format!("site {name}: host"), hosts, &after.hosts);
        self.set(&format!("site {name}: probed port"), host_ports, &after.evidence.host_ports);
        self.set(&format!("site {name}: evidence"), also, &after.evidence.also);
        let word = |require: &Require| match require {
            Require::Silence => "silence",
            Require::Attestation => "attestation",
        };
        self.changed(&format!("site {name}: require"), word(require), word(&after.evidence.require));
        self.changed(&format!("site {name}: promote"), &self::promote(promote), &self::promote(&after.promote));
    }

    fn storage(&mut self, before: &[StorageEntry], after: &[StorageEntry]) {
        for entry in before {
            let StorageEntry { name, kind, id } = entry;
            match after.iter().find(|now| now.name == *name) {
                None => self.removed(format_args!("storage {name}")),
                Some(now) => {
                    let what = format!("storage {name}");
                    self.changed(&format!("{what}: type"), kind.storage_type(), now.kind.storage_type());
                    self.changed(&format!("{what}: id"), &optional(id), &optional(&now.id));
                    self.values(&what, &values(kind), &values(&now.kind));
                }
            }
        }
        for new in after.iter().filter(|new| !before.iter().any(|entry| entry.name == new.name)) {
            self.added(format_args!("storage {}", new.name));
        }
    }

    fn values(&mut self, what: &str, before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
        for (site, value) in before {
            match after.get(site) {
                None => self.removed(format_args!("{what}: {site} {value}")),
                Some(now) => self.changed(&format!("{what}: {site}"), value, now),
            }
        }
        for (site, value) in after.iter().filter(|(site, _)| !before.contains_key(*site)) {
            self.added(format_args!("{what}: {site} {value}"));
        }
    }

    fn vms(&mut self, before: &Vms, after: &Vms) {
        let Vms { was_running, parallel, timeout } = before;
        self.changed("vms: start what was running", was_running, &after.was_running);
        self.changed("vms: parallel", parallel, &after.parallel);
        let time = humantime::format_duration;
        self.changed("vms: timeout", &time(*timeout).to_string(), &time(after.timeout).to_string());
    }

    fn policy(&mut self, before: &Policy, after: &Policy) {
        let Policy { suspend_fencing, flap_guard, mode, interval, parallel, limits } = before;
        let Limits { hosts, connections, vms } = limits;
        let time = humantime::format_duration;
        let word = |mode: &Mode| match mode {
            Mode::Act => "act",
            Mode::Observe => "observe",
        };
        self.changed("policy: suspend_fencing", suspend_fencing, &after.suspend_fencing);
        self.changed("policy: flap_guard", &time(*flap_guard).to_string(), &time(after.flap_guard).to_string());
        self.changed("policy: mode", word(mode), word(&after.mode));
        self.changed("policy: interval", &time(*interval).to_string(), &time(after.interval).to_string());
        self.changed("policy: parallel", parallel, &after.parallel);
        self.changed("policy: limit of hosts", &optional(hosts), &optional(&after.limits.hosts));
        self.changed("policy: limit of connections", &optional(connections), &optional(&after.limits.connections));
        self.changed("policy: limit of vms", &optional(vms), &optional(&after.limits.vms));
    }
}

fn optional(value: &Option<impl fmt::Display>) -> String {
    value.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
}

fn secret(secret: &Secret) -> String {
    match secret {
        Secret::File(path) => format!("file {}", path.display()),
        Secret::Credential(name) => format!("credential {name}"),
        Secret::Env(name) => format!("environment variable {name}"),
    }
}

fn promote(promote: &Promote) -> String {
    match promote {
        Promote::Nothing => "nothing".to_owned(),
        Promote::Confirm => "confirm".to_owned(),
        Promote::Hook { path, timeout } => {
            format!("hook {} within {}", path.display(), humantime::format_duration(*timeout))
        }
    }
}

/// Where an entry points, by site or `same` or `domain`.
fn values(kind: &StorageKind) -> BTreeMap<String, String> {
    match kind {
        StorageKind::File { at, .. } => placed(at, ToString::to_string),
        StorageKind::Iscsi { at } => placed(at, |IscsiTarget { target, portals }| {
            let portal =
                |Portal { address, port }: &Portal| Probe { address: address.clone(), port: *port }.to_string();
            format!("{target} by {}", portals.iter().map(portal).collect::<Vec<_>>().join(", "))
        }),
        StorageKind::Fcp { domain } => BTreeMap::from([("domain".to_owned(), domain.clone())]),
    }
}

fn placed<T>(at: &Placement<T>, show: impl Fn(&T) -> String) -> BTreeMap<String, String> {
    let site = |site: Option<&SiteName>| site.map_or_else(|| "same".to_owned(), ToString::to_string);
    at.values().into_iter().map(|(name, value)| (site(name), show(value))).collect()
}
