//! A plan for a simulated world, written as an administrator would.

use std::fmt::Write as _;

use engine_sim::world::{DomainSpec, SiteSpec, StorageType, Target, WorldSpec};

/// What a plan for a world says beside the world itself.
#[derive(Clone, Copy, Debug)]
pub struct PlanOptions<'a> {
    /// The engine's API.
    pub url: &'a str,
    /// PEM file of its CA, relative to the plan.
    pub ca_file: Option<&'a str>,
    /// Where the password is found: the inside of the braces, `file: engine.password`.
    pub password: &'a str,
    /// The active site.
    pub active: &'a str,
    /// Whether each site is promoted by a hook `hooks/promote-SITE`.
    pub hooks: bool,
    /// Whether each site's gateway must be silent too.
    pub gateways: bool,
    /// Further lines at the end: witnesses, virtual machines, policy.
    pub extra: &'a str,
}

/// Two sites as [`WorldSpec::two_sites`] has them, and a name server outside both that can be a witness.
pub fn two_sites_and_a_witness(sites: [&str; 2], hosts_per_site: usize, vms: usize, seed: u64) -> WorldSpec {
    let mut spec = WorldSpec::two_sites(sites, hosts_per_site, vms, seed);
    let witnesses = vec!["192.0.2.53".to_owned()];
    spec.sites.push(SiteSpec { name: "elsewhere".to_owned(), active: false, hosts: Vec::new(), witnesses });
    spec
}

/// YAML of a plan that covers the whole world: every site with hosts, every storage domain that the active site needs.
///
/// One copy at another site only is written as `same`: all sites reach it. Storage that a plan cannot describe is left out.
pub fn plan_for(spec: &WorldSpec, options: PlanOptions<'_>) -> String {
    let PlanOptions { url, ca_file, password, active, hooks, gateways, extra } = options;
    let mut plan = String::new();
    let _ = writeln!(plan, "version: 1\nactive_site: {active}                 # the one line an operator edits\n");
    let _ = writeln!(plan, "engine:\n  url: {url}\n  username: admin@internal\n  password: {{ {password} }}");
    if let Some(ca_file) = ca_file {
        let _ = writeln!(plan, "  ca_file: {ca_file}");
    }
    plan.push_str("\nsites:\n");
    for site in spec.sites.iter().filter(|site| !site.hosts.is_empty()) {
        let hosts: Vec<&str> = site.hosts.iter().map(|host| host.name.as_str()).collect();
        let _ = writeln!(plan, "  {}:\n    hosts: [{}]", site.name, hosts.join(", "));
        if let Some(gateway) = site.witnesses.first().filter(|_| gateways) {
            let _ = writeln!(plan, "    evidence:\n      also: [ {{ tcp: \"{gateway}:443\" }} ]");
        }
        if hooks {
            let _ = writeln!(plan, "    promote:\n      hook: hooks/promote-{}", site.name);
        }
    }
    let outside = spec.sites.iter().filter(|site| site.hosts.is_empty()).flat_map(|site| &site.witnesses);
    let witnesses: Vec<String> = outside.map(|witness| format!("{{ tcp: \"{witness}:53\" }}")).collect();
    if !witnesses.is_empty() {
        let _ = writeln!(
            plan,
            "\n# Outside every site: they must answer, or the silence is our own.\nwitnesses: [ {} ]",
            witnesses.join(", ")
        );
    }
    plan.push_str("\nstorage:\n");
    let planned = |domain: &&DomainSpec| match domain.storage {
        StorageType::Nfs | StorageType::Iscsi | StorageType::Posixfs | StorageType::Fcp => true,
        StorageType::Glusterfs | StorageType::Localfs => false,
    };
    for domain in spec.domains.iter().filter(planned) {
        let _ = writeln!(plan, "  {}:", domain.name);
        if domain.storage == StorageType::Fcp {
            let _ = writeln!(plan, "    type: fcp\n    domain: {}", domain.name);
            continue;
        }
        let _ = writeln!(plan, "    type: {}", domain.storage);
        let first = domain.copies.values().next();
        let one = domain.copies.values().all(|copy| Some(copy) == first);
        let same = one && (domain.copies.len() > 1 || !domain.copies.contains_key(active));
        for (site, targets) in &domain.copies {
            let name = if same { "same" } else { site.as_str() };
            let _ = writeln!(plan, "    {name}: {{ {} }}", values(targets));
            if same {
                break;
            }
        }
    }
    plan.push_str(extra);
    plan
}

fn values(targets: &[Target]) -> String {
    let mut portals = Vec::new();
    for one in targets {
        match one {
            Target::Mount { address, path } if address.is_empty() => return format!("path: {path}"),
            Target::Mount { address, path } => return format!("address: {address}, path: {path}"),
            Target::Portal { address, port, target } => {
                let portal = if *port == 3260 { address.clone() } else { format!("{address}:{port}") };
                portals.push((portal, target.clone()));
            }
        }
    }
    let target = portals.first().map_or_else(String::new, |(_, target)| target.clone());
    let portals: Vec<String> = portals.into_iter().map(|(portal, _)| portal).collect();
    format!("target: \"{target}\", portals: [{}]", portals.join(", "))
}
