//! Identifiers: 128-bit values of the world's own seeded numbers, written as lower-case UUIDs.

use std::fmt;
use std::str::FromStr;

/// A text that is no UUID; the engine answers 404 with an empty body for such an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                read_uuid(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A host.
    HostId;
    /// A cluster.
    ClusterId;
    /// A data center.
    DataCenterId;
    /// A storage domain.
    DomainId;
    /// A storage connection.
    ConnectionId;
    /// A virtual machine.
    VmId;
    /// A disk.
    DiskId;
    /// A tag.
    TagId;
    /// A job.
    JobId;
    /// A fence agent; not stable: every PUT of its host gives it a new one.
    AgentId;
}

fn write_uuid(value: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let hex = format!("{value:032x}");
    write!(f, "{}-{}-{}-{}-{}", &hex[0..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

fn read_uuid(text: &str) -> Result<u128, NotAnId> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return Err(NotAnId);
    }
    let mut value: u128 = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let dash = matches!(at, 8 | 13 | 18 | 23);
        if dash {
            if *byte != b'-' {
                return Err(NotAnId);
            }
            continue;
        }
        let digit = char::from(*byte).to_digit(16).ok_or(NotAnId)?;
        value = (value << 4) | u128::from(digit);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let id = HostId(0x0031_fe56_77c8_4511_97f0_5679_65cd_9691);
        assert_eq!(id.to_string(), "0031fe56-77c8-4511-97f0-567965cd9691");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("not-a-uuid".parse::<HostId>(), Err(NotAnId));
    }
}
