//! An administrator who changes things in the engine by hand, with the engine's own commands.

use engine_sim::world::{Begun, ClusterChange, Command, FenceType, HostChange, HostStatus, Link, VmStatus, World};

use super::dice::Dice;
use super::scene::Scene;

/// One thing done by hand.
#[derive(Clone, Debug)]
pub(super) enum Hand {
    /// A host is put into maintenance.
    Park(String),
    /// A host is activated.
    Activate(String),
    /// "Confirm host has been rebooted", of a host that really is off.
    ConfirmDead(String),
    /// Power management of a host is switched on again.
    PowerManagement(String),
    /// The fencing of all clusters is switched on again.
    Fencing,
    StartVm(String),
    StopVm(String),
    ShutDownVm(String),
    MigrateVm(String),
    SelectSpm(String),
    /// Tags that nobody knows are tidied away.
    TakeTagsAway,
}

impl Hand {
    pub(super) fn draw(dice: &mut Dice, scene: &Scene) -> Hand {
        let hosts: Vec<&str> =
            scene.spec.sites.iter().flat_map(|site| &site.hosts).map(|host| host.name.as_str()).collect();
        let host = dice.pick(&hosts).to_owned();
        let vm = format!("vm{}", dice.roll(1, 10));
        match dice.roll(1, 14) {
            1 | 2 => Hand::Park(host),
            3 | 4 => Hand::Activate(host),
            5 => Hand::ConfirmDead(host),
            6 => Hand::PowerManagement(host),
            7 | 8 => Hand::Fencing,
            9 => Hand::StartVm(vm),
            10 => Hand::StopVm(vm),
            11 => Hand::ShutDownVm(vm),
            12 => Hand::MigrateVm(vm),
            13 => Hand::SelectSpm(host),
            _ => Hand::TakeTagsAway,
        }
    }

    /// Does it. What is not there, or is refused by the engine, is left.
    pub(super) fn acts(&self, world: &mut World) {
        if matches!(self, Hand::TakeTagsAway) {
            world.tags.retain(|_, tag| !tag.name.starts_with("ovirt-dr"));
            return;
        }
        for command in self.commands(world) {
            // What the engine answers is not looked at: an administrator who tried.
            match world.begin(command, "by-hand") {
                Begun::Answered(_) | Begun::Pending(_) => {}
            }
        }
    }

    fn commands(&self, world: &World) -> Vec<Command> {
        let host = |name: &String| world.host_named(name);
        let vm = |name: &String| world.vm_named(name).map(|vm| vm.id);
        let one = match self {
            Hand::Park(name) => {
                host(name).map(|host| Command::DeactivateHost { host: host.id, reason: Some("patching".to_owned()) })
            }
            // Beside a site that lives and is silent this makes a second SPM, without anybody else.
            Hand::Activate(_) if lives_in_silence(world) => None,
            Hand::Activate(name) => host(name).map(|host| Command::ActivateHost { host: host.id }),
            Hand::ConfirmDead(name) => {
                let dead = host(name).filter(|host| {
                    !host.outside.powered && matches!(host.status, HostStatus::NonResponsive | HostStatus::Down)
                });
                let fence_type = FenceType::Manual;
                dead.map(|host| Command::Fence { host: host.id, fence_type, maintenance_after_restart: false })
            }
            Hand::PowerManagement(name) => host(name).filter(|host| !host.fence_agents.is_empty()).map(|host| {
                let change = HostChange { pm_enabled: Some(true), port: Some(host.port), ..HostChange::default() };
                Command::UpdateHost { host: host.id, change }
            }),
            // Who starts by hand has seen that it does not run.
            Hand::StartVm(name) => {
                let down = world.vm_named(name).filter(|vm| vm.status == VmStatus::Down);
                down.map(|vm| Command::StartVm { vm: vm.id })
            }
            Hand::StopVm(name) => vm(name).map(|vm| Command::StopVm { vm, reason: None }),
            Hand::ShutDownVm(name) => vm(name).map(|vm| Command::ShutdownVm { vm, reason: None }),
            Hand::MigrateVm(name) => vm(name).map(|vm| Command::MigrateVm { vm, host: None }),
            Hand::SelectSpm(name) => host(name).map(|host| Command::ForceSelectSpm { host: host.id }),
            Hand::Fencing => {
                let on = world.clusters.values().map(|cluster| {
                    let mut policy = cluster.fencing_policy;
                    policy.enabled = true;
                    let change = ClusterChange { fencing_policy: Some(policy), ..ClusterChange::default() };
                    Command::UpdateCluster { cluster: cluster.id, change }
                });
                return on.collect();
            }
            Hand::TakeTagsAway => None,
        };
        one.into_iter().collect()
    }
}

fn lives_in_silence(world: &World) -> bool {
    let silent = |site: &str| world.sites.get(site).is_some_and(|site| site.network != Link::Answering);
    world.hosts.values().any(|host| host.outside.powered && silent(&host.site))
}
