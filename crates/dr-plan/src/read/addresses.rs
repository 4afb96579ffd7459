//! Addresses: probes, iSCSI portals, and those of file storage.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::fields::{Fields, printable};
use super::report::Report;
use super::scalars::text;
use crate::node::{Node, Value};
use crate::plan::{ISCSI_PORT, Portal, Probe};

/// `{ tcp: host:port }`.
pub(crate) fn probe(node: &Node, what: &str, report: &mut Report<'_>) -> Option<Probe> {
    if let Value::Text(written) = &node.value {
        report.error(
            node.at,
            format!("{what} does not say how to probe"),
            format!("write `{{ tcp: {} }}`", printable(written)),
        );
        return None;
    }
    let mut fields = Fields::open(node, what, report)?;
    let tcp = fields.need("tcp", "gateway.example.com:443");
    fields.close(report);
    let tcp = tcp?;
    let written = text(tcp, "`tcp`", report)?;
    match split(written) {
        Ok((address, Some(port))) => return Some(Probe { address, port }),
        Ok((_, None)) => report.error(
            tcp.at,
            format!("`{}` has no port", printable(written)),
            "write `host:port`, or `[address]:port` for IPv6",
        ),
        Err((message, remedy)) => report.error(tcp.at, message, remedy),
    }
    None
}

/// `address` or `address:port` of an iSCSI portal.
pub(crate) fn portal(node: &Node, what: &str, report: &mut Report<'_>) -> Option<Portal> {
    let written = text(node, what, report)?;
    match split(written) {
        Ok((address, port)) => Some(Portal { address, port: port.unwrap_or(ISCSI_PORT) }),
        Err((message, remedy)) => {
            report.error(node.at, message, remedy);
            None
        }
    }
}

/// The address of file storage as the engine keeps it: a name, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn file_address(node: &Node, what: &str, report: &mut Report<'_>) -> Option<String> {
    let written = text(node, what, report)?;
    let remedy = "write the server alone, as in `nas.example.com`, `10.1.0.5` or `[fd00::5]`";
    let wrong = match split(written) {
        Ok((_, None)) => return Some(written.to_owned()),
        Ok((_, Some(_))) => "has a port, which a file storage connection cannot have".to_owned(),
        Err(_) if written.contains('/') => "has a path in it".to_owned(),
        Err((message, _)) => {
            report.error(node.at, message, remedy);
            return None;
        }
    };
    report.error(node.at, format!("{what} {wrong}"), remedy);
    None
}

/// Splits `host`, `host:port`, `[v6]` and `[v6]:port`; the address comes without brackets. Errors: what is wrong, and what
/// would be right.
fn split(written: &str) -> Result<(String, Option<u16>), (String, &'static str)> {
    let shown = printable(written);
    if written.parse::<Ipv6Addr>().is_ok() {
        return Err((
            format!("the IPv6 address `{shown}` has no brackets"),
            "write it as in `[fd00::5]` or `[fd00::5]:443`",
        ));
    }
    let (address, port) = match written.strip_prefix('[') {
        Some(inner) => {
            let bad = || {
                (
                    format!("`{shown}` is not an IPv6 address in brackets"),
                    "write it as in `[fd00::5]` or `[fd00::5]:443`",
                )
            };
            let (address, rest) = inner.split_once(']').ok_or_else(bad)?;
            address.parse::<Ipv6Addr>().map_err(|_| bad())?;
            let port = match rest.strip_prefix(':') {
                None if rest.is_empty() => None,
                None => return Err(bad()),
                Some(port) => Some(port),
            };
            (address, port)
        }
        None => {
            let (address, port) = match written.split_once(':') {
                Some((address, port)) => (address, Some(port)),
                None => (written, None),
            };
            if !is_host(address) {
                return Err((
                    format!("`{shown}` is not a host name or an IP address"),
                    "write a name like `gateway.example.com` or an address like `10.1.0.1`",
                ));
            }
            (address, port)
        }
    };
    let port = match port {
        None => None,
        Some(digits) => match digits.parse::<u16>() {
            Ok(port) if port > 0 && digits.chars().all(|c| c.is_ascii_digit()) => Some(port),
            Ok(_) | Err(_) => {
                return Err((
                    format!("`{}` is not a TCP port", printable(digits)),
                    "write a port from 1 to 65535 behind the colon",
                ));
            }
        },
    };
    Ok((address.to_owned(), port))
}

/// A host name or an IPv4 address. What looks like an IPv4 address must be one.
fn is_host(address: &str) -> bool {
    if address.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return address.parse::<Ipv4Addr>().is_ok();
    }
    address.len() <= 253
        && address.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
}
