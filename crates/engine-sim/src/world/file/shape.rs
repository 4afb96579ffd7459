//! What may be written in a world file, as it is written.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Placed;
use crate::world::{Bmc, DomainType, SshManner, StorageType, Unpromoted};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileShape {
    /// Decides all durations and ids.
    #[serde(default)]
    pub(super) seed: u64,
    /// The first site without it.
    pub(super) active_site: Option<Placed<String>>,
    #[serde(default)]
    pub(super) options: OptionsShape,
    #[serde(default)]
    pub(super) data_centers: InOrder<DataCenterShape>,
    pub(super) sites: InOrder<SiteShape>,
    /// Addresses outside of every site that always answer.
    #[serde(default)]
    pub(super) witnesses: Vec<String>,
    #[serde(default)]
    pub(super) storage: InOrder<StorageShape>,
    #[serde(default)]
    pub(super) vms: Vec<Placed<VmShape>>,
}

/// Timing; each as in [`crate::world::Options`].
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OptionsShape {
    pub(super) dead_lease: Option<Time>,
    pub(super) dead_vm_lease: Option<Time>,
    pub(super) storage_connect: Option<Time>,
    pub(super) storage_refused: Option<Time>,
    pub(super) storage_silent: Option<Time>,
    pub(super) guest_boot: Option<Time>,
    pub(super) guest_shutdown: Option<Time>,
    pub(super) host_boot: Option<Time>,
    pub(super) disconnect: Option<Time>,
    pub(super) migration: Option<Time>,
    pub(super) bmc_timeout: Option<Time>,
    pub(super) engine_age: Option<Time>,
    pub(super) unpromoted: Option<Unpromoted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataCenterShape {
    pub(super) clusters: Vec<Placed<NameOr<ClusterShape>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterShape {
    pub(super) name: String,
    /// Whether the engine may fence hosts of it by itself.
    #[serde(default)]
    pub(super) fencing: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteShape {
    pub(super) hosts: Hosts,
    /// The last address of the site's network without it.
    pub(super) gateways: Option<Vec<String>>,
}

/// `3`, or a list.
#[derive(Debug)]
pub(super) enum Hosts {
    Count(usize),
    List(Vec<Placed<NameOr<HostShape>>>),
}

impl Hosts {
    /// Whether the site has none.
    pub(super) fn are_none(&self) -> bool {
        match self {
            Self::Count(count) => *count == 0,
            Self::List(list) => list.is_empty(),
        }
    }
}

/// One host, or `count` of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostShape {
    /// The host's name; with a count, what stands before the number.
    pub(super) name: String,
    #[serde(default)]
    pub(super) count: Option<usize>,
    #[serde(default)]
    pub(super) address: Option<String>,
    #[serde(default)]
    pub(super) cluster: Option<Placed<String>>,
    #[serde(default)]
    pub(super) power_management: Option<bool>,
    #[serde(default)]
    pub(super) ssh: SshManner,
    #[serde(default)]
    pub(super) bmc: Bmc,
    #[serde(default)]
    pub(super) spm_priority: Option<i32>,
    #[serde(default)]
    pub(super) storage_delay: Option<Time>,
    /// As its site without it.
    #[serde(default)]
    pub(super) active: Option<bool>,
    /// Whether a plan for this world names it.
    #[serde(default)]
    pub(super) planned: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StorageShape {
    #[serde(rename = "type")]
    pub(super) storage: StorageType,
    #[serde(default)]
    pub(super) kind: Option<DomainType>,
    #[serde(default)]
    pub(super) master: bool,
    #[serde(default)]
    pub(super) data_center: Option<Placed<String>>,
    /// Every site with hosts without it.
    #[serde(default)]
    pub(super) copies: Option<Copies>,
}

/// `[madrid, seville]`, or a map from site to place.
#[derive(Debug)]
pub(super) enum Copies {
    At(Vec<Placed<String>>),
    Written(InOrder<PlaceShape>),
}

/// Where one copy is served.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceShape {
    #[serde(default)]
    pub(super) address: Option<String>,
    #[serde(default)]
    pub(super) path: Option<String>,
    #[serde(default)]
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) portals: Option<Vec<Placed<String>>>,
}

/// One virtual machine, or `count` of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VmShape {
    pub(super) name: String,
    #[serde(default)]
    pub(super) count: Option<usize>,
    #[serde(default)]
    pub(super) cluster: Option<Placed<String>>,
    #[serde(default)]
    pub(super) host: Option<Placed<String>>,
    #[serde(default)]
    pub(super) down: bool,
    #[serde(default)]
    pub(super) disks: Vec<Placed<String>>,
    #[serde(default)]
    pub(super) direct_lun: Option<Placed<PlaceShape>>,
    #[serde(default)]
    pub(super) ha: bool,
    #[serde(default)]
    pub(super) priority: Option<u32>,
    #[serde(default)]
    pub(super) lease: Option<Placed<String>>,
    #[serde(default)]
    pub(super) pinned: Vec<Placed<String>>,
    #[serde(default)]
    pub(super) memory_mib: Option<u64>,
    #[serde(default)]
    pub(super) ignores_shutdown: bool,
}

/// A duration with its unit, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) u64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read: Duration = humantime::parse_duration(&text)
            .map_err(|error| D::Error::custom(format!("`{text}` is no duration ({error}); write `90s` or `2m 20s`")))?;
        u64::try_from(read.as_millis()).map(Time).map_err(|_| D::Error::custom(format!("`{text}` is too long")))
    }
}

/// A map whose order counts.
#[derive(Debug)]
pub(super) struct InOrder<T>(pub(super) Vec<(Placed<String>, T)>);

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> InOrder<T> {
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.value.as_str())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for InOrder<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = InOrder<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with what belongs to each, `name: ...`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<InOrder<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(InOrder(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// A name alone, or a map that says more.
#[derive(Debug)]
pub(super) enum NameOr<T> {
    Name(String),
    More(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for NameOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = NameOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or `{ name: ..., ... }`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<NameOr<T>, E> {
                Ok(NameOr::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NameOr<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(NameOr::More)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountOrList;
        impl<'de> Visitor<'de> for CountOrList {
            type Value = Hosts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of hosts, or a list of them")
            }

            fn visit_u64<E: Error>(self, count: u64) -> Result<Hosts, E> {
                usize::try_from(count).map(Hosts::Count).map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<Hosts, E> {
                usize::try_from(count).map(Hosts::Count).map_err(|_| E::custom("fewer than no hosts"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Hosts, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Hosts::List(list))
            }
        }
        deserializer.deserialize_any(CountOrList)
    }
}

impl<'de> Deserialize<'de> for Copies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrMap;
        impl<'de> Visitor<'de> for ListOrMap {
            type Value = Copies;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of sites, or sites with the place of each copy")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Copies, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Copies::At(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Copies, A::Error> {
                InOrder::deserialize(MapAccessDeserializer::new(map)).map(Copies::Written)
            }
        }
        deserializer.deserialize_any(ListOrMap)
    }
}
