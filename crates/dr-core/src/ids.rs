//! Ids of engine objects: a type for each, so that a host's id never stands where a virtual machine's is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }
    )* };
}

id! {
    /// Id of a host: lower-case UUID text.
    HostId,
    /// Id of a cluster.
    ClusterId,
    /// Id of a data center.
    DataCenterId,
    /// Id of a storage domain.
    DomainId,
    /// Id of a storage connection.
    ConnectionId,
    /// Id of a virtual machine.
    VmId,
}
