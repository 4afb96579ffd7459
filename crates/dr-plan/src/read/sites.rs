//! The `sites` and `witnesses` sections: hosts, evidence of loss, promotion.

use std::collections::BTreeMap;
use std::time::Duration;

use super::addresses::probe;
use super::fields::{Entry, Fields, printable};
use super::report::Report;
use super::scalars::{choice, duration, file_path, list, text, whole};
use super::words::nearest;
use crate::node::{Node, Place, Value};
use crate::plan::{Evidence, Probe, Promote, Require, Site, SiteName, VDSM_PORT};

/// Words that stand beside sites in a storage entry and so cannot name one.
pub(crate) const RESERVED: [&str; 5] = ["type", "same", "id", "domain", "via"];
/// Port of SSH, probed by default beside VDSM's.
const SSH_PORT: u16 = 22;
/// How long a promotion hook may run unless the plan says otherwise.
const HOOK_TIMEOUT: Duration = Duration::from_secs(600);
/// Longest name of a site, in characters.
const LONGEST_SITE: usize = 63;

/// What was declared about sites, usable for checking references even where a site itself is wrong.
pub(crate) struct Sites {
    declared: Vec<Declared>,
    /// Every site, if all of them are right.
    pub(crate) values: Option<BTreeMap<SiteName, Site>>,
}

struct Declared {
    name: SiteName,
    at: Place,
    without_hosts: bool,
}

impl Sites {
    /// The names in the order of the file.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.declared.iter().map(|site| site.name.0.as_str()).collect()
    }

    /// The site that a scalar names.
    pub(crate) fn reference(&self, node: &Node, what: &str, report: &mut Report<'_>) -> Option<SiteName> {
        let written = text(node, what, report)?;
        if let Some(site) = self.declared.iter().find(|site| site.name.0 == written) {
            return Some(site.name.clone());
        }
        let names = self.names();
        // With no site declared at all that is the finding, and this would only repeat it.
        if !names.is_empty() {
            let message = match nearest(written, &names) {
                Some(near) => format!("{what} is not a site: `{}`, did you mean `{near}`?", printable(written)),
                None => format!("{what} is not a site: `{}`", printable(written)),
            };
            report.error(node.at, message, format!("sites of this plan: {}", super::words::quoted(&names)));
        }
        None
    }

    /// An active site without hosts could carry nothing.
    pub(crate) fn check_hosts(&self, active: Option<&SiteName>, at: Place, report: &mut Report<'_>) {
        for site in self.declared.iter().filter(|site| site.without_hosts) {
            let name = &site.name;
            let remedy = format!("name its hosts: `hosts: [{name}-1, {name}-2]`");
            if active == Some(name) {
                report.error(at, format!("the active site `{name}` has no hosts"), remedy);
            } else {
                report.warning(site.at, format!("site `{name}` has no hosts: it can never become active"), remedy);
            }
        }
    }
}

pub(crate) fn sites(node: &Node, report: &mut Report<'_>) -> Sites {
    let mut sites = Sites { declared: vec![], values: None };
    let Some(mut fields) = Fields::open(node, "`sites`", report) else { return sites };
    let mut hosts = BTreeMap::new();
    let mut values = BTreeMap::new();
    let entries = fields.rest();
    if entries.is_empty() {
        report.error(node.at, "`sites` names no site", "name at least two sites with their hosts");
    }
    let mut complete = !entries.is_empty();
    for entry in &entries {
        let name = site_name(entry, report);
        let site = site(entry, &mut hosts, report);
        match (name, site) {
            (Some(name), site) => {
                let without_hosts = matches!(&site, Some(site) if site.hosts.is_empty());
                sites.declared.push(Declared { name: name.clone(), at: entry.key_at, without_hosts });
                match site {
                    Some(site) => drop(values.insert(name, site)),
                    None => complete = false,
                }
            }
            (None, _) => complete = false,
        }
    }
    if entries.len() == 1 {
        report.warning(node.at, "there is only one site: nothing can fail over", "name the other site with its hosts");
    }
    sites.values = complete.then_some(values);
    sites
}

fn site_name(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<SiteName> {
    let Entry { key, key_at, .. } = *entry;
    let first = key.starts_with(|c: char| c.is_ascii_lowercase());
    let word = key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    if RESERVED.contains(&key) {
        report.error(
            key_at,
            format!("`{key}` cannot be the name of a site: it has a meaning of its own in a storage entry"),
            "choose another name, as `madrid`",
        );
    } else if !(first && word && key.len() <= LONGEST_SITE) {
        report.error(
            key_at,
            format!("the name of a site must be a lower-case word, not `{}`", printable(key)),
            "use small letters, digits, `-` and `_`, beginning with a letter",
        );
    } else {
        return Some(SiteName(key.to_owned()));
    }
    None
}

/// Reads one site; `hosts` holds where each host of the plan was named first.
fn site<'n>(entry: &Entry<'n>, hosts: &mut BTreeMap<&'n str, (&'n str, u32)>, report: &mut Report<'_>) -> Option<Site> {
    let what = format!("site `{}`", printable(entry.key));
    let mut fields = Fields::open(entry.node, what, report)?;
    let named = fields.need("hosts", "[host-1, host-2]");
    let evidence = fields.take("evidence");
    let promote = fields.take("promote");
    fields.close(report);

    let named = named.and_then(|node| site_hosts(node, entry.key, hosts, report));
    let evidence = match evidence {
        Some(node) => self::evidence(node, report),
        None => Some(Evidence { host_ports: default_ports(), also: vec![], require: Require::Silence }),
    };
    let promote = match promote {
        Some(node) => self::promote(node, report),
        None => Some(Promote::Nothing),
    };
    Some(Site { hosts: named?, evidence: evidence?, promote: promote? })
}

fn site_hosts<'n>(
    node: &'n Node,
    site: &'n str,
    hosts: &mut BTreeMap<&'n str, (&'n str, u32)>,
    report: &mut Report<'_>,
) -> Option<Vec<String>> {
    let mut names = vec![];
    let listed = list(node, "`hosts`", report)?;
    for node in listed {
        let Some(host) = text(node, "a host", report) else { continue };
        match hosts.get(host) {
            None => drop(hosts.insert(host, (site, node.at.line))),
            Some((other, line)) if *other == site => {
                report.error(
                    node.at,
                    format!("host `{}` is named twice", printable(host)),
                    format!("keep the one in line {line}"),
                );
            }
            Some((other, line)) => report.error(
                node.at,
                format!("host `{}` is in two sites", printable(host)),
                format!("it is in site `{}`, line {line}; a host stands in one place only", printable(other)),
            ),
        }
        names.push(host.to_owned());
    }
    (names.len() == listed.len()).then_some(names)
}

fn default_ports() -> Vec<u16> {
    vec![VDSM_PORT, SSH_PORT]
}

fn evidence(node: &Node, report: &mut Report<'_>) -> Option<Evidence> {
    let mut fields = Fields::open(node, "`evidence`", report)?;
    let hosts = fields.take("hosts");
    let also = fields.take("also");
    let require = fields.take("require");
    fields.close(report);

    let host_ports = match hosts {
        Some(node) => self::host_ports(node, report),
        None => Some(default_ports()),
    };
    let also = match also {
        Some(node) => probes(node, "`also`", report),
        None => Some(vec![]),
    };
    let require = match require {
        Some(node) => self::require(node, report),
        None => Some(Require::Silence),
    };
    Some(Evidence { host_ports: host_ports?, also: also?, require: require? })
}

fn host_ports(node: &Node, report: &mut Report<'_>) -> Option<Vec<u16>> {
    let mut fields = Fields::open(node, "`evidence.hosts`", report)?;
    let tcp = fields.need("tcp", "[54321, 22]");
    fields.close(report);
    let tcp = tcp?;
    let listed = list(tcp, "`tcp`", report)?;
    if listed.is_empty() {
        report.error(
            tcp.at,
            "`tcp` lists no port: no silence could ever be heard",
            "list at least VDSM's: `[54321, 22]`",
        );
        return None;
    }
    let mut ports = vec![];
    for node in listed {
        let Some(port) = whole(node, "a port", 1..=65535, report).and_then(|port| u16::try_from(port).ok()) else {
            continue;
        };
        if ports.contains(&port) {
            report.error(node.at, format!("port {port} is listed twice"), "keep one of them");
        }
        ports.push(port);
    }
    (ports.len() == listed.len()).then_some(ports)
}

fn require(node: &Node, report: &mut Report<'_>) -> Option<Require> {
    match choice(node, "`require`", &["silence", "attestation", "isolate"], report)? {
        "silence" => Some(Require::Silence),
        "attestation" => Some(Require::Attestation),
        _ => {
            report.unsupported(
                node.at,
                "`require: isolate`",
                "write `require: attestation`: a person cuts the hosts off and vouches for it, once per epoch",
            );
            None
        }
    }
}

fn promote(node: &Node, report: &mut Report<'_>) -> Option<Promote> {
    if let Value::Text(word) = &node.value {
        if word == "confirm" {
            return Some(Promote::Confirm);
        }
        report.error(
            node.at,
            format!("`promote` cannot be `{}`", printable(word)),
            "write `confirm`, or `{ hook: hooks/promote }`; leave `promote` out if nothing is to be done",
        );
        return None;
    }
    let mut fields = Fields::open(node, "`promote`", report)?;
    let hook = fields.need("hook", "hooks/promote");
    let timeout = fields.take("timeout");
    fields.close(report);
    let path = hook.and_then(|node| file_path(node, "`hook`", report));
    let timeout = match timeout {
        Some(node) => duration(node, "`timeout`", Duration::from_secs(1), report),
        None => Some(HOOK_TIMEOUT),
    };
    Some(Promote::Hook { path: path?, timeout: timeout? })
}

/// The `witnesses` section.
pub(crate) fn witnesses(node: &Node, sites: &Sites, report: &mut Report<'_>) -> Option<Vec<Probe>> {
    let witnesses = probes(node, "`witnesses`", report)?;
    for (site, value) in sites.values.iter().flatten() {
        for probe in witnesses.iter().filter(|probe| value.evidence.also.contains(probe)) {
            report.error(
                node.at,
                format!("the witness `{probe}` is also evidence of site `{site}`: the site's loss would silence it"),
                "take a witness outside of every site",
            );
        }
    }
    Some(witnesses)
}

fn probes(node: &Node, what: &str, report: &mut Report<'_>) -> Option<Vec<Probe>> {
    let mut probes: Vec<Probe> = vec![];
    let listed = list(node, what, report)?;
    for node in listed {
        let Some(probe) = probe(node, &format!("an item of {what}"), report) else { continue };
        if probes.contains(&probe) {
            report.error(node.at, format!("`{probe}` is listed twice"), "keep one of them");
        }
        probes.push(probe);
    }
    (probes.len() == listed.len()).then_some(probes)
}
