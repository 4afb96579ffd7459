//! Every difference that a replay finds has a reason in this table, and the table is `docs/conformance.md`.

use crate::compare::{Difference, Kind};

/// One reason, and which differences it explains.
pub(crate) struct Reason {
    /// What differs.
    pub(crate) what: &'static str,
    pub(crate) why: &'static str,
    explains: fn(&Difference) -> bool,
}

impl Reason {
    /// The first reason that explains a difference, by its place in [`REASONS`].
    pub(crate) fn of(difference: &Difference) -> Option<usize> {
        REASONS.iter().position(|reason| (reason.explains)(difference))
    }
}

/// Events that the simulation writes nowhere: of logins that fail, of internal commands, of the making of VMs and disks, of its own polling.
const UNWRITTEN: &[&str] = &[
    "19:", "31:", "34:", "53:", "65:", "78:", "97:", "114:", "253:", "440:", "496:", "497:", "835:", "981:", "9010:",
    "9011:", "9017:", "9018:", "9019:", "9020:", "9021:", "10780:", "10802:", "10812:", "14001:",
];

/// All reasons, special ones before general ones.
pub(crate) const REASONS: &[Reason] = &[
    Reason {
        what: "The `Default` data center and cluster are missing",
        why: "Every installation has them, empty and without hosts; a simulated world has what its description names.",
        explains: |d| d.kind == Kind::Missing && d.recorded.starts_with("Default:"),
    },
    Reason {
        what: "VMs of a storage domain are an empty list",
        why: "`/storagedomains/{id}/vms` is known for its unregistered VMs, of which a simulated domain has none; nothing here reads the others there.",
        explains: |d| d.kind == Kind::Missing && d.at == "GET storagedomains/ID/vms /vm",
    },
    Reason {
        what: "Jobs from before the scene are missing",
        why: "The recorded engine had just been filled with hosts and VMs; a simulated world is made without jobs.",
        explains: |d| d.kind == Kind::Missing && d.at.starts_with("GET jobs /job"),
    },
    Reason {
        what: "Event codes that the simulation never writes",
        why: "Logins and log-outs, internal commands, the making of VMs and disks, verifications of power management, failed polls: told for people, and no client here reads them. Codes of what befalls hosts, VMs, domains and data centers are written.",
        explains: |d| {
            d.kind == Kind::Missing
                && d.at.ends_with("/event[]")
                && UNWRITTEN.iter().any(|code| d.recorded.starts_with(code))
        },
    },
    Reason {
        what: "`unpromoted`: a host fails at another step",
        why: "Simulated hosts that find no promoted copy fail when they connect to the server; the recorded ones got further and failed when they connected to the pool (995) or looked for another master (985).",
        explains: |d| {
            let step = d.recorded.starts_with("995:") || d.recorded.starts_with("985:");
            d.kind == Kind::Missing && d.exchange.starts_with("unpromoted ") && step
        },
    },
    Reason {
        what: "`pm_fencing`: what the engine's own fencing writes",
        why: "Stop and start by the engine itself (20, 21) are logged in the simulation when a client asked for them; a first try to start a VM that failed (9603) is chance.",
        explains: |d| {
            let code = ["20:", "21:", "9603:"].iter().any(|code| d.recorded.starts_with(code));
            d.exchange.starts_with("pm_fencing ") && code
        },
    },
    Reason {
        what: "`failover`: a host is given up a second time",
        why: "The recorded engine's last attempt to reach alpha-h3 ended while that host was being parked, when fencing was off (9015).",
        explains: |d| d.exchange.starts_with("failover ") && d.recorded.starts_with("9015:"),
    },
    Reason {
        what: "Events of earlier or other recordings",
        why: "The log goes back to the first start of the recorded engine, and several recordings ran side by side; a scene begins with an empty log.",
        explains: |d| d.kind == Kind::Missing && d.at.contains("/event[]") && d.at.ends_with("/event[]"),
    },
    Reason {
        what: "An event names fewer objects",
        why: "Two kinds, in some of their lines only: 980 names a host and its cluster (by address alone, once), 143 the cluster and template of a VM.",
        explains: |d| d.kind == Kind::Missing && d.at.contains("/event[]/") && !d.at.ends_with("/correlation_id"),
    },
    Reason {
        what: "A correlation id happens to be all digits",
        why: "Eight hexadecimal digits that chance made a number.",
        explains: |d| d.kind == Kind::Scalar && d.at.ends_with("/correlation_id"),
    },
    Reason {
        what: "Draining a host works",
        why: "The recorded hosts could not migrate to each other (they shared one machine), so the drain was refused; simulated ones can. What follows, a host that is not `up`, follows from that.",
        explains: |d| {
            let label = d.exchange.as_str();
            d.kind == Kind::Status
                && ["deactivate.drain", "deactivate.again_preparing", "activate.third_up", "forceselectspm.other"]
                    .iter()
                    .any(|part| label.starts_with("refusals ") && label.contains(part))
        },
    },
    Reason {
        what: "Domains and VMs cannot be detached, removed or destroyed",
        why: "Nothing that this project does or tests removes one; the paths answer like unknown ones.",
        explains: |d| {
            [
                "DELETE datacenters/ID/storagedomains",
                "DELETE storagedomains/ID",
                "DELETE vms/ID",
                "PUT storagedomains/ID",
            ]
            .iter()
            .any(|root| d.at.starts_with(root))
        },
    },
    Reason {
        what: "The destroyed domain `data-nfs` and its VMs are still there",
        why: "Follows from the last one: on the recorded engine their names became `external-vm1`, `external-vm4`, `external-vm8`, without lease, availability and times.",
        explains: |d| {
            let after = d.exchange.starts_with("refusals ") || d.exchange.starts_with("pm_fencing pm_fencing.end");
            after && (d.at.starts_with("GET vms /vm[]") || d.simulated.contains("data-nfs"))
        },
    },
    Reason {
        what: "A host cannot be added through the API",
        why: "`POST /hosts` installs a machine over SSH; in the simulation the world adds hosts, in maintenance. Such a host has told nothing of itself, on the recorded engine too, and is deactivated at once.",
        explains: |d| d.exchange.starts_with("restart_wayout ") && !d.at.contains("event"),
    },
    Reason {
        what: "Texts of errors while the database is away",
        why: "They quote the statement that failed, each place its own. Status, class and shape are the same; no client reads the SQL.",
        explains: |d| d.kind == Kind::Text && d.exchange.starts_with("database_down "),
    },
    Reason {
        what: "The text of a 401 to basic authentication",
        why: "The simulation knows bearer tokens only: what comes with another scheme is not logged in.",
        explains: |d| d.kind == Kind::Text && d.exchange.contains("hosts.basic_"),
    },
    Reason {
        what: "The certificate of the CA",
        why: "Another one.",
        explains: |d| d.kind == Kind::Text && d.at.starts_with("GET ovirt-engine/services/pki-resource"),
    },
    Reason {
        what: "Assigning a tag to a VM again shows no empty description",
        why: "Seen once, of a VM only; of hosts the second answer is like the first, which the simulation does for both.",
        explains: |d| d.exchange == "vm_unknown vm_unknown.tag" && d.at.ends_with("/description"),
    },
    Reason {
        what: "Tags of hosts from other recordings",
        why: "`puts` had left a tag on two hosts.",
        explains: |d| d.kind == Kind::Missing && d.at.ends_with("/host[]/tags/tag"),
    },
    Reason {
        what: "A comment `x` on a VM, and a changed configuration that waits for its next run",
        why: "`vm_unknown` was recorded while `restart` was, on the same VM.",
        explains: |d| {
            let changed = d.at.ends_with("/comment") || d.at.ends_with("/next_run_configuration_exists");
            d.kind == Kind::Word && d.exchange.starts_with("restart ") && changed
        },
    },
    Reason {
        what: "`unpromoted`: a host that was stopped meanwhile, another SPM, a host that is `up` again",
        why: "`agents` was recorded while this file was and stopped beta-h3 by its power management. Which of two hosts wins an election, and when a host without storage is seen so, is chance.",
        explains: |d| d.exchange.starts_with("unpromoted ") && (d.at.starts_with("GET hosts")),
    },
    Reason {
        what: "Confirmations that are refused or taken at another moment",
        why: "A host is given up at the end of the attempt to connect (20 s) during which its grace ends, so within a span of 22 s: one host of `ssh_blackhole` falls into another attempt, and its lock is taken and given back 20 s sooner. In `failover` and `pm_fencing` one confirmation each, asked for every 2 to 5 s, falls on the other side of the change.",
        explains: |d| d.kind == Kind::Status && d.at == "POST hosts/ID/fence" && !d.exchange.starts_with("tags "),
    },
    Reason {
        what: "A status a moment before or after its change",
        why: "The request was recorded within half a second of the change; members that only running VMs have go with it.",
        explains: |d| {
            let near = [
                "failover failover.activated",
                "leased leased.fenced",
                "pm_fencing pm_fencing.end",
                "false_fence false_fence.",
            ];
            near.iter().any(|label| d.exchange.starts_with(label))
                && ["GET vms", "GET hosts"].iter().any(|root| d.at.starts_with(root))
        },
    },
];
