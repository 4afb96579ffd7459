//! Ids as types, so that a host's id is never sent where a VM's belongs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as the engine wrote it; nothing is checked or changed.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The text as the engine wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::read::required_text(deserializer).map(Self)
            }
        }
    )*};
}

ids! {
    /// Id of a host, lower-case UUID text; a host that is removed and added again gets another.
    HostId;
    /// Id of a cluster.
    ClusterId;
    /// Id of a data center.
    DataCenterId;
    /// Id of a storage domain; it is written in the domain's own metadata and so survives replication.
    StorageDomainId;
    /// Id of a storage connection, the engine's own row.
    StorageConnectionId;
    /// Id of a virtual machine.
    VmId;
    /// Id of a disk; its disk attachment carries the same id.
    DiskId;
    /// Id of a tag.
    TagId;
    /// Id of a fence agent. Every PUT on the host gives its agents new ids.
    FenceAgentId;
    /// Id of a job.
    JobId;
    /// Id of a user.
    UserId;
}
