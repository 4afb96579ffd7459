//! Why a change of a recorded timeline is missing, extra or at another time in the simulation.

use crate::timelines::Off;

/// One reason, and which changes it explains.
pub(crate) struct TimingReason {
    pub(crate) what: &'static str,
    pub(crate) why: &'static str,
    explains: fn(&Off) -> bool,
}

impl TimingReason {
    /// The first reason that explains a change, by its place in [`TIMING_REASONS`].
    pub(crate) fn of(off: &Off) -> Option<usize> {
        TIMING_REASONS.iter().position(|reason| (reason.explains)(off))
    }
}

fn is(off: &Off, timeline: &str, what: &str) -> bool {
    off.timeline == timeline && off.what.starts_with(what)
}

/// Only the simulation shows it.
fn extra(off: &Off) -> bool {
    off.recorded.is_none()
}

/// Only the recording shows it.
fn missing(off: &Off) -> bool {
    off.simulated.is_none()
}

/// All reasons.
pub(crate) const TIMING_REASONS: &[TimingReason] = &[
    TimingReason {
        what: "A host is given up within another attempt to connect",
        why: "Grace ends during an attempt that lasts 20 s, and counts when it ends: 45 or 68 s after `connecting`, by chance.",
        explains: |off| off.what.starts_with("host") && off.word == "non_responsive" && !missing(off) && !extra(off),
    },
    TimingReason {
        what: "States that the sampler missed",
        why: "They lasted less than its step: `unassigned` before `up`, `unknown` just before a confirmation, what a last change brought along after the sampler had stopped.",
        explains: |off| {
            let short = off.word == "unassigned"
                || off.word == "unknown"
                || (off.timeline == "unpromoted" && off.what.starts_with("sd"));
            extra(off) && short
        },
    },
    TimingReason {
        what: "`leased`: VMs that were still starting",
        why: "The scene begins with the first recorded request, at second 20; the sampler saw vm6, vm7 and vm8 start in the 20 s before.",
        explains: |off| is(off, "leased", "vm") && missing(off),
    },
    TimingReason {
        what: "`leased`: a refusing host is noticed after 3 s, not after 12",
        why: "With the next poll, as in the other recordings of refusing hosts (1 to 6 s); what kept this one engine is not known.",
        explains: |off| is(off, "leased", "host alpha-h2") && off.word == "connecting",
    },
    TimingReason {
        what: "`false_fence`: the data center is `up` again up to 8 s sooner or later",
        why: "The pool job runs every 10 s, here at another moment of its period.",
        explains: |off| is(off, "false_fence", "sd") && off.word == "active",
    },
    TimingReason {
        what: "`false_fence`: a VM in vain on a second host",
        why: "The recorded engine went on to the next host in its second round of tries; the simulated one tried the same.",
        explains: |off| is(off, "false_fence", "vm vm8"),
    },
    TimingReason {
        what: "`pm_fencing`: two VMs start at once",
        why: "The first try to start vm3 failed on the recorded engine, and vm4 had lost its domain (`external-vm4`). VMs of the other host start before the sampler stopped.",
        explains: |off| is(off, "pm_fencing", "vm"),
    },
    TimingReason {
        what: "`restart_wayout`: a new host is deactivated at once",
        why: "The recorded host, just added, was not connected to its storage yet and ended `non_operational`; the simulated one was and is parked.",
        explains: |off| is(off, "restart_wayout", "host beta-h1"),
    },
    TimingReason {
        what: "`unpromoted`: hosts that somebody else stops and starts",
        why: "`agents` was recorded at the same time.",
        explains: |off| {
            let stopped = is(off, "unpromoted", "host alpha-h1") || is(off, "unpromoted", "host beta-h3");
            stopped && missing(off)
        },
    },
    TimingReason {
        what: "`unpromoted`: the master domain `inactive` for moments",
        why: "A host that was connected to half of its storage reported it; simulated hosts report only once they are settled.",
        explains: |off| is(off, "unpromoted", "sd data-master"),
    },
    TimingReason {
        what: "`unpromoted`: tries to start vm8",
        why: "The recorded engine tried it as often (every 30 s, the tenth failed at second 227), but no try lasted as long as the sampler's step.",
        explains: |off| is(off, "unpromoted", "vm vm8") && extra(off),
    },
    TimingReason {
        what: "`timeline-parallel`: activated hosts are `up` after 1 to 3 s, not after 14",
        why: "The sampler got no answers between second 89 and 103; in the serial timeline it is 2 s.",
        explains: |off| is(off, "timeline-parallel", "host beta") && off.word == "up",
    },
];
