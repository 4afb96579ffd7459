//! What one may do to an engine and its world by name: the words of the control door and of scenario scripts.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::fault::FaultRule;
use crate::world::{Bmc, HostId, HostSpec, HostStatus, Link, OtherCopies, SshManner, World};

/// One order, as JSON `{"lose_site": "alpha"}`, or a bare word: `"restart_engine"`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Power cut of a site; its addresses fall silent.
    LoseSite(String),
    /// Power cut of a site whose network still refuses connections.
    RefuseSite(String),
    /// The management network of a site is cut; hosts and guests live on.
    PartitionSite(String),
    /// The array of a site stops serving.
    LoseStorage(String),
    /// All works again at a site; hosts boot.
    RestoreSite(String),
    /// The array makes the copies at this site writable.
    Promote {
        /// Site.
        site: String,
        /// Whether the other copies stay writable, instead of turning read-only.
        #[serde(default)]
        others_stay_writable: bool,
    },
    /// The array copies from this site to all others again, whose copies turn read-only.
    ResyncFrom(String),
    /// One copy of one domain.
    SetCopyWritable {
        /// Domain name.
        domain: String,
        /// Site.
        site: String,
        /// Writable or read-only.
        writable: bool,
    },
    /// Cuts the power of one host, by name.
    PowerOff(String),
    /// Gives one host power.
    PowerOn(String),
    /// What the network of one host does.
    SetHostLink {
        /// Host name.
        host: String,
        /// `answering`, `refusing`, `silent`.
        link: Link,
    },
    /// What the SSH port of one host does.
    SetHostSsh {
        /// Host name.
        host: String,
        /// Manner.
        ssh: SshManner,
    },
    /// What the BMC of one host does.
    SetHostBmc {
        /// Host name.
        host: String,
        /// Manner.
        bmc: Bmc,
    },
    /// Each storage connection of a host takes this much longer.
    SetStorageDelay {
        /// Host name.
        host: String,
        /// Milliseconds of engine time.
        ms: u64,
    },
    /// One host reaches no storage, or does again.
    SetStorageCut {
        /// Host name.
        host: String,
        /// Whether it is cut off.
        cut: bool,
    },
    /// The SPM of a host cannot be stopped.
    SetSpmStuck {
        /// Host name.
        host: String,
        /// Whether it is stuck.
        stuck: bool,
    },
    /// Something holds the fence lock of a host.
    HoldFenceLock {
        /// Host name.
        host: String,
        /// Milliseconds of engine time.
        ms: u64,
    },
    /// The network of one host goes silent and comes back, again and again.
    FlapHost {
        /// Host name.
        host: String,
        /// Milliseconds of engine time that it answers between two silences.
        up_ms: u64,
        /// Milliseconds of engine time that it is silent.
        down_ms: u64,
        /// How often it goes silent.
        times: u32,
    },
    /// Writes a status into a host's row.
    SetHostStatus {
        /// Host name.
        host: String,
        /// Status.
        status: HostStatus,
    },
    /// Renames a host.
    RenameHost {
        /// Host name.
        host: String,
        /// New name.
        name: String,
    },
    /// Removes a host behind all guards.
    RemoveHost(String),
    /// Adds a host in maintenance.
    AddHost {
        /// Site.
        site: String,
        /// Description.
        host: HostSpec,
    },
    /// A guest dies with an error, by VM name.
    KillGuest(String),
    /// Stops and starts the engine.
    RestartEngine,
    /// Stops the engine.
    StopEngine,
    /// Starts a stopped engine.
    StartEngine,
    /// Another engine stands in its place from now on: its `instance_id` is a new one.
    ChangeIdentity,
    /// The audit log ends at this event again, as in an engine restored from an older backup.
    RewindEvents(u64),
    /// Starts or stops the engine's database.
    Database {
        /// Whether it runs.
        up: bool,
    },
    /// Ends all login sessions.
    ForgetSessions,
    /// Adds a fault rule.
    Fault(FaultRule),
    /// Removes a fault rule by name.
    RemoveFault(String),
    /// Removes all fault rules.
    ClearFaults,
    /// How fast engine time passes.
    Speed(f64),
}

impl FromStr for Order {
    type Err = String;

    /// Reads a line of a script: a word, a word and its value, or a word and `name=value` pairs. JSON is read too.
    ///
    /// `restart_engine`, `lose_site alpha`, `hold_fence_lock host=alpha-h1 ms=60000`,
    /// `fault name=x path=*/fence count=1 kind=lock_held`.
    fn from_str(line: &str) -> Result<Order, String> {
        let wrong = |error: serde_json::Error| format!("`{line}` is not an order: {error}");
        if line.starts_with('{') {
            return serde_json::from_str(line).map_err(wrong);
        }
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let rest = rest.trim();
        let tree = if rest.is_empty() {
            Value::from(word)
        } else if rest.contains('=') {
            let pairs = rest.split_whitespace().map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            json!({word: pairs.map(|(name, value)| (name.to_owned(), bare(value))).collect::<Value>()})
        } else {
            json!({word: bare(rest)})
        };
        serde_json::from_value(tree).map_err(wrong)
    }
}

/// A number, boolean or object if it reads as one, else text.
fn bare(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))
}

impl Engine {
    /// Carries out an order at the present instant. The error says which name is unknown.
    pub fn order(&self, order: Order) -> Result<(), String> {
        match order {
            Order::LoseSite(site) => self.world(|world| world.lose_site(&site)),
            Order::RefuseSite(site) => self.world(|world| world.refuse_site(&site)),
            Order::PartitionSite(site) => self.world(|world| world.partition_site(&site)),
            Order::LoseStorage(site) => self.world(|world| world.lose_storage(&site)),
            Order::RestoreSite(site) => self.world(|world| world.restore_site(&site)),
            Order::Promote { site, others_stay_writable } => {
                let others = if others_stay_writable { OtherCopies::StayWritable } else { OtherCopies::ReadOnly };
                self.world(|world| world.promote(&site, others))
            }
            Order::ResyncFrom(site) => self.world(|world| world.resync_from(&site)),
            Order::SetCopyWritable { domain, site, writable } => {
                self.world(|world| world.set_copy_writable(&domain, &site, writable))
            }
            Order::PowerOff(host) => self.on_host(&host, World::power_off),
            Order::PowerOn(host) => self.on_host(&host, World::power_on),
            Order::SetHostLink { host, link } => self.on_host(&host, |world, id| world.set_host_link(id, link)),
            Order::SetHostSsh { host, ssh } => self.on_host(&host, |world, id| world.set_host_ssh(id, ssh)),
            Order::SetHostBmc { host, bmc } => self.on_host(&host, |world, id| world.set_host_bmc(id, bmc)),
            Order::SetStorageDelay { host, ms } => self.on_host(&host, |world, id| world.set_storage_delay(id, ms)),
            Order::SetStorageCut { host, cut } => self.on_host(&host, |world, id| world.set_storage_cut(id, cut)),
            Order::SetSpmStuck { host, stuck } => self.on_host(&host, |world, id| world.set_spm_stuck(id, stuck)),
            Order::HoldFenceLock { host, ms } => self.on_host(&host, |world, id| world.hold_fence_lock(id, ms)),
            Order::FlapHost { host, up_ms, down_ms, times } => self.flap(&host, up_ms, down_ms, times),
            Order::SetHostStatus { host, status } => self.on_host(&host, |world, id| world.set_host_status(id, status)),
            Order::RenameHost { host, name } => self.world(|world| {
                let id =
                    world.host_named(&host).map(|host| host.id).ok_or_else(|| format!("there is no host `{host}`"))?;
                world.rename_host(id, &name)
            }),
            Order::RemoveHost(host) => self.on_host(&host, World::remove_host),
            Order::AddHost { site, host } => self.world(|world| world.add_host(&site, &host)).map(|_| ()),
            Order::KillGuest(name) => self.world(|world| {
                let id = world.vm_named(&name).map(|vm| vm.id).ok_or_else(|| format!("there is no VM `{name}`"))?;
                world.kill_guest(id);
                Ok(())
            }),
            Order::RestartEngine => {
                self.restart();
                Ok(())
            }
            Order::StopEngine => {
                self.stop();
                Ok(())
            }
            Order::StartEngine => {
                self.start();
                Ok(())
            }
            Order::ChangeIdentity => {
                self.world(World::change_identity);
                Ok(())
            }
            Order::RewindEvents(id) => {
                self.world(|world| world.rewind_events(id));
                Ok(())
            }
            Order::Database { up } => {
                self.set_database(up);
                Ok(())
            }
            Order::ForgetSessions => {
                self.forget_sessions();
                Ok(())
            }
            Order::Fault(rule) => {
                self.add_fault(rule);
                Ok(())
            }
            Order::RemoveFault(name) => {
                self.remove_fault(&name);
                Ok(())
            }
            Order::ClearFaults => {
                self.clear_faults();
                Ok(())
            }
            Order::Speed(speed) => {
                self.set_speed(speed);
                Ok(())
            }
        }
    }

    /// Goes on by itself after the order; a host that is removed meanwhile ends it.
    fn flap(&self, name: &str, up_ms: u64, down_ms: u64, times: u32) -> Result<(), String> {
        self.on_host(name, |_, _| {})?;
        let (engine, name) = (self.clone(), name.to_owned());
        tokio::spawn(async move {
            for _ in 0..times {
                for (link, pause) in [(Link::Silent, down_ms), (Link::Answering, up_ms)] {
                    if engine.on_host(&name, |world, id| world.set_host_link(id, link)).is_err() {
                        return;
                    }
                    engine.sleep_for(pause).await;
                }
            }
        });
        Ok(())
    }

    fn on_host(&self, name: &str, act: impl FnOnce(&mut World, HostId)) -> Result<(), String> {
        self.world(|world| {
            let id = world.host_named(name).map(|host| host.id).ok_or_else(|| format!("there is no host `{name}`"))?;
            act(world, id);
            Ok(())
        })
    }

    /// The world in a few lines of JSON: time, data centers, hosts, domains, connections, VMs, violations. Names, no ids.
    pub fn dump(&self) -> Value {
        let state = self.now();
        let world = &state.world;
        let host_name = |id: Option<HostId>| id.and_then(|id| world.hosts.get(&id)).map(|host| host.name.clone());
        let data_centers: Vec<Value> = world
            .data_centers
            .values()
            .map(|each| json!({"name": each.name, "status": each.status, "spm": host_name(each.spm_host)}))
            .collect();
        let hosts: Vec<Value> = world
            .hosts
            .values()
            .map(|each| {
                json!({
                    "name": each.name,
                    "site": each.site,
                    "status": each.status,
                    "spm": world.spm_status(each.id),
                    "power_management": each.power_management.enabled,
                    "powered": each.outside.powered,
                    "guests": each.outside.guests.len(),
                })
            })
            .collect();
        let domains: Vec<Value> = world
            .domains
            .values()
            .map(|each| {
                let copies: Value =
                    each.copies.iter().map(|(site, copy)| (site.clone(), json!(copy.writable))).collect();
                json!({"name": each.name, "status": each.attached.map(|place| place.status), "writable": copies})
            })
            .collect();
        let connections: Vec<Value> = world.connections.values().map(|each| json!(each.target)).collect();
        let vms: Vec<Value> = world
            .vms
            .values()
            .map(|each| json!({"name": each.name, "status": each.status, "host": host_name(each.host)}))
            .collect();
        let violations: Vec<Value> = world
            .violations()
            .iter()
            .map(|each| json!({"at": each.at.0, "kind": format!("{:?}", each.kind), "text": each.text}))
            .collect();
        json!({
            "time": world.now.0,
            "data_centers": data_centers,
            "hosts": hosts,
            "domains": domains,
            "connections": connections,
            "vms": vms,
            "violations": violations,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    #[test]
    fn orders_are_read_from_lines_of_a_script() {
        assert!(matches!("restart_engine".parse(), Ok(Order::RestartEngine)));
        assert!(matches!("lose_site alpha".parse(), Ok(Order::LoseSite(site)) if site == "alpha"));
        assert!(matches!("speed 10".parse(), Ok(Order::Speed(speed)) if speed > 9.9));
        assert!(matches!(
            "promote site=beta".parse(),
            Ok(Order::Promote { site, others_stay_writable: false }) if site == "beta"
        ));
        assert!(matches!(
            "hold_fence_lock host=alpha-h1 ms=60000".parse(),
            Ok(Order::HoldFenceLock { host, ms: 60_000 }) if host == "alpha-h1"
        ));
        assert!(matches!(
            r#"fault name=x path=*/fence count=1 kind={"status_after":500}"#.parse(),
            Ok(Order::Fault(FaultRule { kind: FaultKind::StatusAfter(500), count: Some(1), .. }))
        ));
        assert!(matches!(r#"{"power_off":"beta-h1"}"#.parse(), Ok(Order::PowerOff(host)) if host == "beta-h1"));
        assert!("frobnicate".parse::<Order>().unwrap_err().contains("frobnicate"));
    }
}
