//! The engine's own timers, as its configuration has them by default, and what a running engine was seen to add. Milliseconds.

/// `VdsRefreshRate`: from one poll of a host to the next.
pub const POLL: u64 = 3_000;
/// Polls between two reports of counters and storage health (15 s).
pub const POLLS_PER_REPORT: u32 = 5;
/// `vdsConnectionTimeout`: one attempt to connect to a host that swallows packets; the monitor of the host is held meanwhile.
pub const CONNECT_ATTEMPT: u64 = 20_000;
/// From a failed attempt to the next one, seen.
pub const ATTEMPT_GAP: (u64, u64) = (2_000, 2_800);
/// Until the silence of a connection that was alive is noticed, beside the poll in progress.
pub const HEARTBEAT: (u64, u64) = (14_000, 16_500);
/// `TimeoutToResetVdsInSeconds`: grace of a host since the last good poll.
pub const GRACE: u64 = 60_000;
/// `DelayResetForSpmInSeconds`: more of it for the SPM.
pub const GRACE_SPM: u64 = 20_000;
/// `DelayResetPerVmInSeconds`: more of it for each VM.
pub const GRACE_VM: u64 = 500;
/// `VDSAttemptsToResetCount`: failures within which a host stays in grace anyway.
pub const GRACE_ATTEMPTS: u32 = 2;

/// `StoragePoolRefreshTimeInSeconds`: the pool job.
pub const POOL_TICK: u64 = 10_000;
/// An SPM start on storage that is free.
pub const SPM_START: (u64, u64) = (900, 1_400);
/// `StoragePoolNonOperationalResetTimeoutInMin`: one shot out of `not_operational`.
pub const NOT_OPERATIONAL_RESET: u64 = 180_000;
/// `StorageDomainFailureTimeoutInMinutes`: until a domain that hosts report bad has consequences.
pub const DOMAIN_FAILURE: u64 = 300_000;
/// How long a master role that moved in vain is shown elsewhere.
pub const RECONSTRUCT_SHOWN: u64 = 250;

/// `DisableFenceAtStartupInSec`: no automatic fencing and no power actions so soon after the engine's start.
pub const FENCE_QUIET_AT_STARTUP: u64 = 300_000;
/// `FenceQuietTimeBetweenOperationsInSec`: between a user's stop and start of a host.
pub const FENCE_QUIET: u64 = 180_000;
/// Lock of the treatment when SSH is refused.
pub const SSH_REFUSED: u64 = 300;
/// Lock of the treatment when SSH packets are dropped.
pub const SSH_DROPPED: u64 = 60_000;
/// Lock of the treatment when SSH is accepted and nothing is said.
pub const SSH_MUTE: u64 = 121_000;
/// A soft fence that works.
pub const SSH_WORKS: u64 = 6_000;
/// One power action, verified.
pub const POWER_ACTION: u64 = 5_200;
/// A power action against a BMC that does not answer.
pub const POWER_ACTION_DEAD: u64 = 20_000;
/// `ServerRebootSleepTime`: from the start of a host to the first probe, and between probes.
pub const REBOOT_PROBE: u64 = 30_000;
/// `ServerRebootTimeout`: the last probe.
pub const REBOOT_TIMEOUT: u64 = 600_000;

/// `AutoRecoverySchedule`: on the clock.
pub const AUTO_RECOVERY: u64 = 300_000;

/// `AutoStartVmsRunnerIntervalInSeconds`.
pub const HA_TICK: u64 = 1_000;
/// `RetryToRunAutoStartVmShortIntervalInSeconds`.
pub const HA_SHORT: u64 = 30_000;
/// `NumOfTriesToRunFailedAutoStartVmInShortIntervals`.
pub const HA_SHORT_TRIES: u32 = 10;
/// `RetryToRunAutoStartVmLongIntervalInSeconds`.
pub const HA_LONG: u64 = 1_800_000;
/// `MaxTimeAutoStartBlockedOnPriority`.
pub const HA_BLOCKED_MAX: u64 = 600_000;
/// `MaxRerunVmOnVdsCount`: hosts tried in one start.
pub const RERUN_HOSTS: usize = 3;
/// From a start that a host refuses to the next host.
pub const RERUN: u64 = 500;
/// From `wait_for_launch` to `powering_up`.
pub const LAUNCH: u64 = 700;
/// First try of a leased VM of a dead host, after `non_responsive`.
pub const LEASE_RESTART_FIRST: u64 = 25_000;
/// Later ones.
pub const LEASE_RESTART_AGAIN: u64 = 303_000;
/// `VmGracefulShutdownTimeout`: a guest that ignores the shutdown is `up` again then.
pub const SHUTDOWN_IGNORED: u64 = 30_000;
/// Migrations that do not end are tried again.
pub const PREPARING_RETRY: u64 = 300_000;
