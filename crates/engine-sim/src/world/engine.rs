//! The engine as a process: what a stop forgets and a start finds.

use super::SimTime;
use super::World;
use super::ids::{DataCenterId, HostId};
use super::queue::Due;
use super::timers::{FENCE_QUIET_AT_STARTUP, POLL, POOL_TICK};
use super::words::{DataCenterStatus, HostStatus, JobStatus};

/// The engine process: running or not, and since when.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) running: bool,
    /// How old it was when the world began; 0 after a restart.
    pub(crate) age_at_start: u64,
    pub(crate) started: SimTime,
    /// Makes older looks of the HA runner void.
    pub(crate) ha_turn: u32,
}

impl World {
    /// Whether the engine runs.
    pub fn engine_running(&self) -> bool {
        self.engine.running
    }

    /// Stops the engine: nothing is polled, nothing scheduled; hosts and guests go on. Locks, marks and blocked requests are gone.
    pub fn stop_engine(&mut self) {
        if !self.engine.running {
            return;
        }
        self.engine.running = false;
        self.queue.keep_outside();
        self.tickets.retain(|_, state| match state {
            super::TicketState::Waiting(_) => false,
            super::TicketState::Ready(_) => true,
        });
        let jobs: Vec<_> = self.jobs.keys().copied().collect();
        for job in jobs {
            self.end_job(Some(job), JobStatus::Unknown);
        }
    }

    /// Starts the engine again from its database: hosts it could not talk to are `unassigned`, and whatever it only remembered is gone.
    pub fn start_engine(&mut self) {
        if self.engine.running {
            return;
        }
        self.engine.running = true;
        self.engine.age_at_start = 0;
        self.engine.started = self.now;
        let hosts: Vec<HostId> = self.hosts.keys().copied().collect();
        for host in hosts {
            let Some(row) = self.hosts.get_mut(&host) else { continue };
            row.monitor = super::monitor::Monitor {
                turn: row.monitor.turn + 1,
                token: row.monitor.token + 1,
                power_token: row.monitor.power_token + 1,
                ..super::monitor::Monitor::default()
            };
            match row.status {
                HostStatus::NonResponsive | HostStatus::Connecting | HostStatus::Reboot | HostStatus::Installing => {
                    self.set_status(host, HostStatus::Unassigned);
                }
                HostStatus::Unassigned
                | HostStatus::Down
                | HostStatus::Maintenance
                | HostStatus::Up
                | HostStatus::Error
                | HostStatus::InstallFailed
                | HostStatus::PreparingForMaintenance
                | HostStatus::NonOperational
                | HostStatus::PendingApproval
                | HostStatus::Initializing
                | HostStatus::InstallingOs
                | HostStatus::Kdumping => {}
            }
        }
        let data_centers: Vec<DataCenterId> = self.data_centers.keys().copied().collect();
        for id in data_centers {
            let Some(row) = self.data_centers.get_mut(&id) else { continue };
            let lease = row.pool.lease.take();
            row.pool = super::pool::Pool {
                turn: row.pool.turn,
                token: row.pool.token + 1,
                lease,
                ..super::pool::Pool::default()
            };
            if row.status == DataCenterStatus::Contend {
                row.status = DataCenterStatus::Problematic;
            }
            // A working SPM is found again without an election.
            let works = row
                .spm_host
                .and_then(|host| self.hosts.get(&host))
                .is_some_and(|host| host.outside.is_spm && host.status == HostStatus::Up);
            row.pool.connected = works || row.spm_host.is_some();
        }
        for vm in self.vms.values_mut() {
            vm.run.token += 1;
            vm.run.held_until = SimTime(0);
        }
        self.resume();
        self.requeue_ha();
        self.queue.push(self.now.plus(FENCE_QUIET_AT_STARTUP), Due::StartupFencing);
    }

    /// Stop and start in one instant. A real restart takes about 20 s; whoever plays the door holds it shut meanwhile.
    pub fn restart_engine(&mut self) {
        self.stop_engine();
        self.start_engine();
    }

    /// The engine is another one from now on: a restored backup, or a twin on the other site.
    pub fn change_identity(&mut self) {
        self.instance_id = DataCenterId(self.rng.id()).to_string();
    }

    /// The audit log ends at `id` again, as in an engine restored from an older backup.
    pub fn rewind_events(&mut self, id: u64) {
        self.events.retain(|event| event.id <= id);
        self.next_event_id = id;
    }

    /// Begins everything that runs by itself.
    pub(crate) fn resume(&mut self) {
        let hosts: Vec<HostId> = self.hosts.keys().copied().collect();
        for host in hosts {
            let delay = self.rng.between(0, POLL - 1);
            self.poll_in(host, delay);
        }
        let data_centers: Vec<DataCenterId> = self.data_centers.keys().copied().collect();
        for id in data_centers {
            let delay = self.rng.between(POOL_TICK / 2, POOL_TICK);
            self.pool_tick_in(id, delay);
        }
        let vms: Vec<_> =
            self.vms.values().filter(|vm| !vm.status.is_not_running()).map(|vm| (vm.id, vm.run.token)).collect();
        for (vm, token) in vms {
            self.queue.push(self.now.plus(1_000), Due::VmStep { vm, token });
        }
        self.plan_auto_recovery();
    }
}
