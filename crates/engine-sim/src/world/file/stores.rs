//! Storage domains and where their copies are.

use std::collections::BTreeMap;

use super::make::Known;
use super::shape::{Copies, FileShape, PlaceShape, StorageShape};
use super::{Placed, Wrong};
use crate::world::{DomainSpec, DomainType, StorageType, Target};

/// The iSCSI port.
const ISCSI: u16 = 3260;

pub(super) fn domains(file: &FileShape, known: &Known) -> Result<Vec<DomainSpec>, Wrong> {
    let mut made: Vec<DomainSpec> = Vec::new();
    for (name, shape) in &file.storage.0 {
        let domain = domain(name, shape, file, known)?;
        let second = |other: &&DomainSpec| other.master && other.data_center == domain.data_center;
        if let Some(other) = made.iter().find(second).filter(|_| domain.master) {
            let message = format!("`{}` and `{}` are both master of one data center", other.name, domain.name);
            return Err(Wrong::new(name.at, message, "a data center has one master domain: remove `master` from one"));
        }
        made.push(domain);
    }
    Ok(made)
}

fn domain(name: &Placed<String>, shape: &StorageShape, file: &FileShape, known: &Known) -> Result<DomainSpec, Wrong> {
    let kind = shape.kind.unwrap_or(DomainType::Data);
    if shape.master && kind != DomainType::Data {
        return Err(Wrong::new(name.at, "only a data domain can be master", "remove `master` or `kind`"));
    }
    if let Some(data_center) = &shape.data_center
        && data_center.value != "-"
        && !known.data_centers.contains(&data_center.value)
    {
        let names = known.data_centers.iter().map(String::as_str);
        return Err(Wrong::unknown(data_center, "data center", names));
    }
    let mut copies = BTreeMap::new();
    match &shape.copies {
        None => {
            // Every site with hosts has one.
            for site in file
                .sites
                .names()
                .filter(|site| file.sites.0.iter().any(|(name, shape)| name.value == *site && !shape.hosts.are_none()))
            {
                copies.insert(site.to_owned(), usual(&name.value, site, shape.storage, known));
            }
        }
        Some(Copies::At(sites)) => {
            for site in sites {
                known.check_site(site)?;
                copies.insert(site.value.clone(), usual(&name.value, &site.value, shape.storage, known));
            }
        }
        Some(Copies::Written(places)) => {
            for (site, place) in &places.0 {
                known.check_site(site)?;
                copies.insert(site.value.clone(), written(site, place, shape.storage)?);
            }
        }
    }
    if copies.is_empty() {
        return Err(Wrong::new(name.at, format!("`{}` has no copy anywhere", name.value), "name a site in `copies`"));
    }
    let mut domain = DomainSpec::new(name.value.clone(), shape.storage, copies);
    domain.kind = kind;
    domain.master = shape.master;
    domain.data_center = shape.data_center.as_ref().map(|data_center| data_center.value.clone());
    Ok(domain)
}

/// Where a copy is if the file does not say.
fn usual(domain: &str, site: &str, storage: StorageType, known: &Known) -> Vec<Target> {
    let network = known.network(site);
    match storage {
        StorageType::Fcp => Vec::new(),
        StorageType::Iscsi => [251, 252]
            .map(|last| Target::Portal {
                address: format!("{network}.0.{last}"),
                port: ISCSI,
                target: format!("iqn.2016-01.example.{site}:{domain}"),
            })
            .into(),
        StorageType::Nfs | StorageType::Posixfs | StorageType::Glusterfs => {
            vec![Target::Mount { address: format!("{network}.0.250"), path: format!("/exports/{domain}") }]
        }
        StorageType::Localfs => vec![Target::Mount { address: String::new(), path: format!("/exports/{domain}") }],
    }
}

fn written(site: &Placed<String>, place: &PlaceShape, storage: StorageType) -> Result<Vec<Target>, Wrong> {
    match storage {
        StorageType::Fcp => {
            let nothing = place.address.is_none() && place.path.is_none() && portals_of(place).is_none();
            if nothing {
                return Ok(Vec::new());
            }
            Err(Wrong::new(site.at, "a copy on Fibre Channel has no address", "write `copies: [madrid, seville]`"))
        }
        StorageType::Iscsi => portals(site, place),
        StorageType::Nfs | StorageType::Posixfs | StorageType::Glusterfs | StorageType::Localfs => {
            match (&place.path, portals_of(place)) {
                (Some(path), None) => {
                    let address = place.address.clone().unwrap_or_default();
                    Ok(vec![Target::Mount { address, path: path.clone() }])
                }
                (Some(_) | None, Some(_)) | (None, None) => {
                    let remedy = "write `{ address: 10.1.0.250, path: /exports/data }`";
                    Err(Wrong::new(site.at, format!("a copy on {storage} has an address and a path"), remedy))
                }
            }
        }
    }
}

fn portals_of(place: &PlaceShape) -> Option<()> {
    (place.target.is_some() || place.portals.is_some()).then_some(())
}

/// The portals of one iSCSI target.
pub(super) fn portals(at: &Placed<String>, place: &PlaceShape) -> Result<Vec<Target>, Wrong> {
    let (Some(target), Some(portals), None, None) = (&place.target, &place.portals, &place.address, &place.path) else {
        let remedy = "write `{ target: \"iqn...\", portals: [10.1.0.251, \"10.1.0.252:3261\"] }`";
        return Err(Wrong::new(at.at, "iSCSI storage has a target and portals", remedy));
    };
    if portals.is_empty() {
        return Err(Wrong::new(at.at, "there is no portal", "name at least one address in `portals`"));
    }
    let target_of = |portal: &Placed<String>| {
        let (address, port) = match portal.value.rsplit_once(':') {
            Some((address, port)) if !address.contains(':') || address.ends_with(']') => {
                let port = port.parse().map_err(|_| {
                    Wrong::new(portal.at, format!("`{port}` is no port"), "write `address` or `address:port`")
                })?;
                (address.trim_matches(['[', ']']), port)
            }
            Some(_) | None => (portal.value.trim_matches(['[', ']']), ISCSI),
        };
        Ok(Target::Portal { address: address.to_owned(), port, target: target.clone() })
    };
    portals.iter().map(target_of).collect()
}
